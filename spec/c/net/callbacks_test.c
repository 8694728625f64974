/* A request is sent once at most, whatever happens to its connection. */
#include "support/certificates.h"
#include "support/exchange.h"
#include "support/http2.h"
#include "support/loopback.h"

#include <dirent.h>
#include <fcntl.h>

static struct certificate ca, leaf;
static SSL_CTX *tls, *tls_http2;
static const char *ca_file;

static int make_certificates(void **state)
{
    static int fd;
    (void)state;
    ca = certificate_make("test CA", NULL, NULL, -1, 1);
    leaf = certificate_make("127.0.0.1", "IP:127.0.0.1", &ca, -1, 1);
    tls = certificate_context(&leaf, "\10http/1.1");
    tls_http2 = certificate_context(&leaf, "\2h2");
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

/* The kinds of connection that most tests are run on. */
static const struct {
    const char *scheme;
    SSL_CTX **tls;
    int version;
} kinds[] = {{"http", NULL, 11}, {"https", &tls, 11}, {"https", &tls_http2, 20}};

enum { KINDS = sizeof kinds / sizeof *kinds };

static SSL_CTX *context(size_t kind)
{
    return kinds[kind].tls ? *kinds[kind].tls : NULL;
}

/* One request more on either kind of connection: its stream (HTTP/1.1: 1), or 0 at the end. */
static unsigned next_request(struct loopback_connection *c)
{
    return c->server->tls == tls_http2 ? http2_request(c) : (unsigned)loopback_request(c);
}

static void reply_with_number(struct loopback_connection *c, unsigned stream)
{
    char text[128];
    if (c->server->tls == tls_http2) {
        snprintf(text, sizeof text, "%d", c->number);
        http2_reply(c, stream, text);
    } else {
        snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 1\r\n\r\n%d",
                 c->number);
        loopback_say(c, text);
    }
}

/* Answers with the number of the connection; *argument requests a connection, then it reads one
 * more and closes without a word. */
static void serve_some(struct loopback_connection *c, void *argument)
{
    const int *most = (const int *)argument;
    unsigned stream;
    if (c->server->tls == tls_http2 && !http2_begin(c)) {
        return;
    }
    for (int i = 0; (stream = next_request(c)) && i < *most; i++) {
        reply_with_number(c, stream);
    }
}

static void serve_some_and_reset(struct loopback_connection *c, void *argument)
{
    serve_some(c, argument);
    loopback_reset(c);
}

static void it_keeps_connections(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct loopback server;
        int most = 10;
        cs_net *net = exchange_net(ca_file);
        loopback_open(&server, context(kind), serve_some, &most);
        for (int i = 0; i < 3; i++) {
            struct exchange x = exchange_get(net, kinds[kind].scheme, server.port);
            assert_int_equal(x.kind, CS_NET_REPLY);
            assert_int_equal(x.last.http_version, kinds[kind].version);
            assert_string_equal(x.body, "0");
            assert_memory_equal(x.head, "x-a: b\r\n", 8);
            assert_int_equal(x.last.new_connection, i == 0);
        }
        assert_int_equal(loopback_connections(&server), 1);
        cs_net_close(net);
        loopback_close(&server);
    }
}

static void start_all(cs_net *net, const char *scheme, int port, size_t n)
{
    char url[64];
    cs_error error;
    for (size_t i = 0; i < n; i++) {
        cs_net_request request = exchange_request(url, sizeof url, scheme, port, "/");
        request.id = i;
        assert_int_equal(cs_net_start(net, &request, &error), 0);
    }
}

/* All of n requests at once, on one new connection. */
static void assert_shared(cs_net *net, int port, size_t n)
{
    struct exchange x[20] = {{.kind = CS_NET_NONE}};
    int new_connections = 0;
    start_all(net, "https", port, n);
    exchange_finish(net, x, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(x[i].kind, CS_NET_REPLY);
        assert_string_equal(x[i].head, "x-a: b\r\n");
        new_connections += x[i].last.new_connection;
    }
    assert_int_equal(new_connections, 1);
}

static void http2_shares_one_connection(void **state)
{
    struct loopback server;
    int most = 20;
    cs_net *net = exchange_net(ca_file);
    (void)state;
    loopback_open(&server, tls_http2, serve_some, &most);
    assert_shared(net, server.port, 20);
    assert_int_equal(loopback_connections(&server), 1);
    assert_int_equal(exchange_get(net, "https", server.port).kind, CS_NET_FAILED); /* it closes */
    assert_shared(net, server.port, 20);
    assert_int_equal(loopback_connections(&server), 2);
    cs_net_close(net);
    loopback_close(&server);
}

/* libcurl 7.88 sends the second request again on a new connection, with the same nonce, and reports
 * nothing: two arrivals for one start. */
static void a_kept_connection_that_closes_is_no_second_sending(void **state)
{
    loopback_function *const ends[] = {serve_some, serve_some_and_reset};
    (void)state;
    for (size_t i = 0; i < KINDS * 2; i++) {
        struct loopback server;
        size_t kind = i / 2;
        int most = 1;
        cs_net *net = exchange_net(ca_file);
        loopback_open(&server, context(kind), ends[i % 2], &most);
        for (int round = 0; round < 2; round++) {
            struct exchange x = exchange_get(net, kinds[kind].scheme, server.port);
            assert_int_equal(x.kind, CS_NET_REPLY);
            assert_int_equal(x.last.new_connection, 1);
            x = exchange_get(net, kinds[kind].scheme, server.port);
            exchange_failed(&x, CS_NETWORK, server.port,
                            kinds[kind].version == 20 && i % 2 == 0
                                ? "waiting for the reply: HTTP/2 stream 3 was not closed cleanly "
                                  "before end of the underlying stream"
                                : "the kept-alive connection closed before the reply");
            assert_int_equal(x.sent_events, 1);
            assert_true(x.last.sent_ns > 0);
            assert_int_equal(x.last.new_connection, 0);
            assert_int_equal(loopback_requests(&server), 2 * (round + 1));
            assert_int_equal(loopback_connections(&server), round + 1);
        }
        cs_net_close(net);
        loopback_close(&server);
    }
}

/* Answers once on each of two connections, when both are in use. */
static void serve_two(struct loopback_connection *c, void *argument)
{
    (void)argument;
    if (loopback_request(c)) {
        loopback_await_requests(c->server, 2);
        reply_with_number(c, 1);
        loopback_request(c);
    }
}

static void nor_is_it_one_on_another_kept_connection(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < 2; kind++) {
        struct loopback server;
        struct exchange x[2] = {{.kind = CS_NET_NONE}};
        cs_net *net = exchange_net(ca_file);
        loopback_open(&server, context(kind), serve_two, NULL);
        start_all(net, kinds[kind].scheme, server.port, 2);
        exchange_finish(net, x, 2);
        assert_int_equal(loopback_connections(&server), 2);
        struct exchange last = exchange_get(net, kinds[kind].scheme, server.port);
        exchange_failed(&last, CS_NETWORK, server.port,
                        "the kept-alive connection closed before the reply");
        assert_int_equal(loopback_requests(&server), 3);
        assert_int_equal(loopback_connections(&server), 2);
        cs_net_close(net);
        loopback_close(&server);
    }
}

static void refuse_stream(struct loopback_connection *c, void *argument)
{
    unsigned stream;
    if (http2_begin(c)) {
        while ((stream = http2_request(c))) {
            http2_reset(c, stream, *(const unsigned char *)argument);
        }
    }
}

static void nor_is_a_refused_stream(void **state)
{
    static const unsigned char codes[] = {HTTP2_REFUSED_STREAM, HTTP2_HTTP_1_1_REQUIRED};
    (void)state;
    for (size_t i = 0; i < sizeof codes; i++) {
        struct loopback server;
        unsigned char code = codes[i];
        cs_net *net = exchange_net(ca_file);
        loopback_open(&server, tls_http2, refuse_stream, &code);
        struct exchange x = exchange_get(net, "https", server.port);
        exchange_failed(&x, CS_NETWORK, server.port,
                        "the server refused the request before the reply");
        assert_int_equal(loopback_requests(&server), 1);
        assert_int_equal(loopback_connections(&server), 1);
        cs_net_close(net);
        loopback_close(&server);
    }
}

static void no_socket_is_inherited(void **state)
{
    struct loopback server;
    int most = 1, sockets = 0;
    struct dirent *entry;
    cs_net *net = exchange_net(ca_file);
    (void)state;
    loopback_open(&server, NULL, serve_some, &most);
    exchange_get(net, "http", server.port);
    DIR *fds = opendir("/proc/self/fd");
    while ((entry = readdir(fds))) {
        int fd = atoi(entry->d_name), domain = 0;
        socklen_t n = sizeof domain;
        if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) == 0 && domain == AF_INET) {
            sockets++;
            assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        }
    }
    closedir(fds);
    assert_int_equal(sockets, 3); /* the listener, and both ends of the kept connection */
    cs_net_close(net);
    loopback_close(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_keeps_connections),
        cmocka_unit_test(http2_shares_one_connection),
        cmocka_unit_test(a_kept_connection_that_closes_is_no_second_sending),
        cmocka_unit_test(nor_is_it_one_on_another_kept_connection),
        cmocka_unit_test(nor_is_a_refused_stream),
        cmocka_unit_test(no_socket_is_inherited),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
