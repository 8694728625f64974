/* Connections are opened ahead of the requests that will use them, and it is known how many there
 * are. */
#include "support/certificates.h"
#include "support/exchange.h"
#include "support/http2.h"
#include "support/loopback.h"

#include <poll.h>
#include <stdatomic.h>

#include "net/internal.h"

static struct certificate ca, leaf;
static SSL_CTX *tls, *tls_http2; /* whose servers send no session tickets */
static const char *ca_file;

static int make_certificates(void **state)
{
    static int fd;
    (void)state;
    ca = certificate_make("test CA", NULL, NULL, -1, 1);
    leaf = certificate_make("127.0.0.1", "IP:127.0.0.1", &ca, -1, 1);
    tls = certificate_context(&leaf, "\10http/1.1");
    tls_http2 = certificate_context(&leaf, "\2h2");
    SSL_CTX_set_num_tickets(tls, 0);
    SSL_CTX_set_num_tickets(tls_http2, 0);
    ca_file = certificate_file(&ca, &fd);
    return 0;
}

static int free_certificates(void **state)
{
    (void)state;
    SSL_CTX_free(tls);
    SSL_CTX_free(tls_http2);
    certificate_free(&leaf);
    certificate_free(&ca);
    return 0;
}

static const struct kind {
    const char *scheme;
    SSL_CTX **tls;
    size_t connections, ready; /* that are opened, and what they are good for */
} kinds[] = {{"http", NULL, 3, 3}, {"https", &tls, 3, 3}, {"https", &tls_http2, 1, CS_NET_MANY}};

enum { KINDS = sizeof kinds / sizeof *kinds };

static int speaks_http2(const struct loopback_connection *c)
{
    const unsigned char *protocol;
    unsigned n = 0;
    if (c->ssl) {
        SSL_get0_alpn_selected(c->ssl, &protocol, &n);
    }
    return n == 2;
}

static void reply(struct loopback_connection *c, void *argument)
{
    (void)argument;
    if (speaks_http2(c)) {
        unsigned stream;
        if (!http2_begin(c)) {
            return;
        }
        while ((stream = http2_request(c))) {
            http2_reply(c, stream, "ok");
        }
    } else {
        while (loopback_request(c)) {
            loopback_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    }
}

static void reply_once(struct loopback_connection *c, void *argument)
{
    (void)argument;
    if (loopback_request(c)) {
        loopback_say(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    }
}

static void reply_once_and_close_in_silence(struct loopback_connection *c, void *argument)
{
    (void)argument;
    if (loopback_request(c)) {
        loopback_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
}

static void start(cs_net *net, const char *scheme, int port, uint64_t id, int connect_only)
{
    char url[64];
    cs_error error;
    cs_net_request request = exchange_request(url, sizeof url, scheme, port, "/");
    request.id = id;
    request.connect_only = connect_only;
    assert_int_equal(cs_net_start(net, &request, &error), 0);
}

static void connect_all(cs_net *net, const char *scheme, int port, size_t n)
{
    struct exchange x[3] = {{.kind = CS_NET_NONE}};
    for (size_t i = 0; i < n; i++) {
        start(net, scheme, port, i, 1);
    }
    exchange_finish(net, x, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(x[i].kind, CS_NET_CONNECTED);
        assert_int_equal(x[i].sent_events, 0);
        assert_int_equal(x[i].last.new_connection, 1);
    }
}

static void assert_ready(const cs_net *net, size_t expected_ready, size_t expected_opening)
{
    size_t ready, opening;
    cs_net_ready(net, &ready, &opening);
    assert_int_equal(ready, expected_ready);
    assert_int_equal(opening, expected_opening);
}

/* Or their end. */
static void await_bytes(const cs_net *net)
{
    struct pollfd bytes = {.fd = net->kept[0].socket, .events = POLLIN};
    assert_int_equal(poll(&bytes, 1, 60000), 1);
}

/* Nothing is sent over them until requests come, which open none then. */
static void they_wait_for_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        const struct kind *kind = &kinds[i];
        struct loopback server;
        struct exchange x[3] = {{.kind = CS_NET_NONE}};
        cs_net *net = exchange_net(ca_file);
        loopback_open(&server, kind->tls ? *kind->tls : NULL, reply, NULL);
        assert_ready(net, 0, 0);
        connect_all(net, kind->scheme, server.port, kind->connections);
        assert_int_equal(loopback_requests(&server), 0);
        assert_ready(net, kind->ready, 0);
        for (uint64_t id = 0; id < kind->connections; id++) {
            start(net, kind->scheme, server.port, id, 0);
        }
        assert_ready(net, 0, 0); /* they are for these */
        exchange_finish(net, x, kind->connections);
        for (size_t k = 0; k < kind->connections; k++) {
            assert_int_equal(x[k].kind, CS_NET_REPLY);
            assert_int_equal(x[k].last.new_connection, 0);
        }
        assert_ready(net, kind->ready, 0); /* and were kept */
        assert_int_equal(loopback_connections(&server), kind->connections);
        cs_net_close(net);
        loopback_close(&server);
    }
}

/* A connection that a request has opened for itself is kept for others too. */
static void those_of_requests_count_once_they_are_free(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        const struct kind *kind = &kinds[i];
        struct loopback server;
        cs_net *net = exchange_net(ca_file);
        loopback_open(&server, kind->tls ? *kind->tls : NULL, reply, NULL);
        for (int again = 0; again < 3; again++) {
            assert_int_equal(exchange_get(net, kind->scheme, server.port).kind, CS_NET_REPLY);
            assert_ready(net, kind->ready == 3 ? 1 : CS_NET_MANY, 0);
        }
        cs_net_close(net);
        loopback_close(&server);
    }
}

static void one_that_closes_is_not_ready(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct loopback server;
        cs_net *net = exchange_net(ca_file);
        loopback_open(&server, kinds[i].tls ? *kinds[i].tls : NULL, reply_once, NULL);
        connect_all(net, kinds[i].scheme, server.port, 3);
        for (size_t left = 3; left--;) {
            struct exchange x = exchange_get(net, kinds[i].scheme, server.port);
            assert_int_equal(x.kind, CS_NET_REPLY);
            assert_int_equal(x.last.new_connection, 0);
            assert_ready(net, left, 0);
        }
        cs_net_close(net);
        loopback_close(&server);
    }
}

/* libcurl sees that the server has left when it looks for a connection, and opens another. */
static void one_that_the_server_has_left_is_replaced(void **state)
{
    struct loopback server;
    cs_net *net = exchange_net(ca_file);
    (void)state;
    loopback_open(&server, NULL, reply_once_and_close_in_silence, NULL);
    for (int i = 0; i < 3; i++) {
        struct exchange x = exchange_get(net, "http", server.port);
        assert_int_equal(x.kind, CS_NET_REPLY);
        assert_int_equal(x.last.new_connection, 1);
        assert_ready(net, 1, 0);
        await_bytes(net);
    }
    cs_net_close(net);
    loopback_close(&server);
}

static void tickets_alone(struct loopback_connection *c, void *argument)
{
    (void)argument;
    loopback_await_requests(c->server, 1); /* that is: the test goes on */
    reply(c, NULL);
}

static void reply_once_unless_told(struct loopback_connection *c, void *closes)
{
    if (!atomic_load((atomic_int *)closes)) {
        reply_once(c, NULL);
    }
}

/* One is opened ahead, and of no use when a request comes. */
static void lose_one(cs_net *net, int port, atomic_int *closes)
{
    atomic_store(closes, 1);
    connect_all(net, "http", port, 1);
    await_bytes(net);
    atomic_store(closes, 0);
    assert_int_equal(exchange_get(net, "http", port).last.new_connection, 1);
}

static void where_all_are_lost_there_is_no_sense_in_more(void **state)
{
    struct loopback server;
    atomic_int closes = 0;
    cs_net *net = exchange_net(ca_file);
    (void)state;
    loopback_open(&server, NULL, reply_once_unless_told, &closes);
    for (int in_a_row = 0; in_a_row < 10; in_a_row++) {
        lose_one(net, server.port, &closes);
        assert_ready(net, 0, 0);
    }
    connect_all(net, "http", server.port, 1);
    assert_int_equal(exchange_get(net, "http", server.port).last.new_connection, 0);
    for (int in_a_row = 0; in_a_row < 16; in_a_row++) {
        assert_ready(net, 0, 0);
        lose_one(net, server.port, &closes);
    }
    assert_ready(net, CS_NET_MANY, 0);
    cs_net_close(net);
    loopback_close(&server);
}

/* Over an idle connection session tickets come, and nothing else. Then it is dead to libcurl 7.88 if
 * it is one of HTTP/2 (http2_connisdead in lib/http2.c), to 8.0 and later if it is one of HTTP/1.1.
 * Whichever is used, the request is sent once. */
static void tickets_may_cost_a_connection_and_no_more(void **state)
{
    static const char *const protocols[] = {"\10http/1.1", "\2h2"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct loopback server;
        struct exchange x = {.kind = CS_NET_NONE};
        cs_error error;
        cs_net *net = exchange_net(ca_file);
        SSL_CTX *sends_tickets = certificate_context(&leaf, protocols[i]);
        loopback_open(&server, sends_tickets, tickets_alone, NULL);
        connect_all(net, "https", server.port, 1);
        await_bytes(net);
        start(net, "https", server.port, 0, 0);
        assert_int_equal(cs_net_step(net, 0, &error), 0); /* libcurl chooses the connection */
        loopback_count(&server);
        exchange_finish(net, &x, 1);
        assert_int_equal(x.kind, CS_NET_REPLY);
        assert_int_equal(loopback_requests(&server), 2);
        assert_ready(net, i ? CS_NET_MANY : 1, 0);
        cs_net_close(net);
        loopback_close(&server);
        SSL_CTX_free(sends_tickets);
    }
}

/* Until the first connection to a TLS server is open, it may be one for all. */
static void what_is_being_opened_is_known(void **state)
{
    static const struct {
        const char *scheme;
        size_t opening;
    } rows[] = {{"http", 1}, {"https", CS_NET_MANY}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct loopback server;
        cs_error error;
        cs_net *net = exchange_net(ca_file);
        loopback_open(&server, NULL, reply_once, NULL); /* it waits for a request in plain text */
        start(net, rows[i].scheme, server.port, 0, 1);
        assert_ready(net, 0, rows[i].opening);
        if (i) { /* in plain text it may be open at once */
            assert_int_equal(cs_net_step(net, 0, &error), 0);
            assert_ready(net, 0, rows[i].opening);
        }
        cs_net_drop(net, 0);
        assert_ready(net, 0, 0);
        cs_net_close(net);
        loopback_close(&server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_wait_for_requests),
        cmocka_unit_test(those_of_requests_count_once_they_are_free),
        cmocka_unit_test(one_that_closes_is_not_ready),
        cmocka_unit_test(one_that_the_server_has_left_is_replaced),
        cmocka_unit_test(where_all_are_lost_there_is_no_sense_in_more),
        cmocka_unit_test(tickets_may_cost_a_connection_and_no_more),
        cmocka_unit_test(what_is_being_opened_is_known),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
