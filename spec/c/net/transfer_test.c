/* A request is sent once at most, whatever happens to its connection, and not after its time; every
 * limit of time holds, and its message says what was going on. */
#include "support/certificates.h"
#include "support/exchange.h"
#include "support/http2.h"
#include "support/loopback.h"

#include <dirent.h>
#include <fcntl.h>
#include <time.h>

#include "net/internal.h"

/* The clock of src/ipc/clock.c, which the tests can put forward. */
static int64_t skipped_ns;

int64_t cs_clock_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * CS_SEC + t.tv_nsec + skipped_ns;
}

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

/* ---- not after its time ---- */

static cs_net *start_one(const char *scheme, int port, cs_net_request limits)
{
    char url[64];
    cs_error error;
    cs_net *net = exchange_net(ca_file);
    cs_net_request request = exchange_request(url, sizeof url, scheme, port, "/");
    request.connect_ns = limits.connect_ns;
    request.idle_ns = limits.idle_ns;
    request.total_ns = limits.total_ns;
    request.not_after_ns = limits.not_after_ns;
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    return net;
}

static struct exchange finish_one(cs_net *net)
{
    struct exchange x = {.kind = CS_NET_NONE};
    exchange_finish(net, &x, 1);
    cs_net_close(net);
    return x;
}

static void what_is_late_is_not_sent(void **state)
{
    struct loopback server;
    int most = 9;
    (void)state;
    loopback_open(&server, NULL, serve_some, &most);
    cs_net_request limits = {.not_after_ns = cs_clock_now_ns() + CS_SEC};
    cs_net *net = start_one("http", server.port, limits);
    skipped_ns += 2 * CS_SEC;
    struct exchange x = finish_one(net);
    exchange_failed(&x, CS_DEADLINE, server.port, "not sent, its time to leave had passed");
    assert_int_equal(x.last.too_late, 1);
    assert_int_equal(x.last.sent_ns, 0);
    assert_int_equal(x.sent_events, 0);
    assert_int_equal(x.last.new_connection, 0);
    assert_int_equal(loopback_connections(&server), 0);

    limits.not_after_ns = cs_clock_now_ns() + 3600 * CS_SEC;
    x = finish_one(start_one("http", server.port, limits));
    assert_int_equal(x.kind, CS_NET_REPLY);
    assert_int_equal(x.last.too_late, 0);
    loopback_close(&server);
}

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    int open;
};

static void open_gate(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->open = 1;
    pthread_cond_broadcast(&gate->opened);
    pthread_mutex_unlock(&gate->lock);
}

/* Its handshake begins when the gate is open. */
static void serve_behind_gate(struct loopback_connection *c, void *argument)
{
    struct gate *gate = (struct gate *)argument;
    pthread_mutex_lock(&gate->lock);
    while (!gate->open) {
        pthread_cond_wait(&gate->opened, &gate->lock);
    }
    pthread_mutex_unlock(&gate->lock);
    c->ssl = SSL_new(tls);
    SSL_set_fd(c->ssl, c->fd);
    if (SSL_accept(c->ssl) == 1) {
        while (loopback_request(c)) {
            reply_with_number(c, 0);
        }
    }
}

/* Steps until the only request is in the TLS handshake. */
static void await_handshake(cs_net *net)
{
    long connections = 0;
    cs_error error;
    while (!connections) {
        assert_int_equal(cs_net_step(net, CS_SEC, &error), 0);
        curl_easy_getinfo(net->running.first->easy, CURLINFO_NUM_CONNECTS, &connections);
    }
}

static void what_became_late_in_the_handshake_is_not_sent(void **state)
{
    struct loopback server;
    struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    (void)state;
    loopback_open(&server, NULL, serve_behind_gate, &gate);
    cs_net_request limits = {.not_after_ns = cs_clock_now_ns() + CS_SEC};
    cs_net *net = start_one("https", server.port, limits);
    await_handshake(net);
    skipped_ns += 2 * CS_SEC;
    open_gate(&gate);
    struct exchange x = finish_one(net);
    exchange_failed(&x, CS_DEADLINE, server.port, "not sent, its time to leave had passed");
    assert_int_equal(x.last.too_late, 1);
    assert_int_equal(x.last.sent_ns, 0);
    assert_int_equal(x.last.new_connection, 1);
    loopback_close(&server);
    assert_int_equal(server.requests_n, 0);
}

/* ---- limits of time ---- */

static void say_and_wait(struct loopback_connection *c, void *argument)
{
    if (loopback_request(c)) {
        loopback_say(c, (const char *)argument);
        loopback_await_end(c);
    }
}

/* Steps until the only request has got so many bytes of the header, and of the body. */
static const struct net_transfer *await_bytes(cs_net *net, size_t header, size_t body)
{
    const struct net_transfer *t = NULL;
    cs_net_event event;
    cs_error error;
    while (!t || !t->sent_ns || t->reply.header_n < header || t->reply.body.n < body) {
        assert_int_equal(cs_net_step(net, CS_SEC, &error), 0);
        while (cs_net_collect(net, &event)) {
            assert_int_equal(event.kind, CS_NET_SENT);
        }
        t = net->running.first;
    }
    return t;
}

static void a_silent_server_is_left(void **state)
{
    static const struct {
        const char *said;
        size_t header, body;
        const char *idle_message, *total_message;
    } cases[] = {
        {"", 0, 0, "timed out after 10000 ms without a byte, waiting for the reply",
         "timed out after 9000 ms in all, waiting for the reply"},
        {"HTTP/1.1 200 OK\r\nX-Half: ", 17, 0,
         "timed out after 10000 ms without a byte, reading the reply's header",
         "timed out after 9000 ms in all, reading the reply's header"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", 38, 4,
         "timed out after 10000 ms without a byte, reading the reply's body",
         "timed out after 9000 ms in all, reading the reply's body"},
    };
    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        struct loopback server;
        char said[128];
        cs_net_request limits = {.total_ns = i % 2 ? 9 * CS_SEC : 0};
        snprintf(said, sizeof said, "%s", cases[i / 2].said);
        loopback_open(&server, NULL, say_and_wait, said);
        cs_net *net = start_one("http", server.port, limits);
        await_bytes(net, cases[i / 2].header, cases[i / 2].body);
        skipped_ns += 10 * CS_SEC;
        struct exchange x = finish_one(net);
        exchange_failed(&x, CS_NETWORK, server.port,
                        i % 2 ? cases[i / 2].total_message : cases[i / 2].idle_message);
        loopback_close(&server);
    }
}

/* A byte of the body again and again: never idle, never done. */
static void dribble(struct loopback_connection *c, void *argument)
{
    (void)argument;
    if (loopback_request(c) && loopback_say(c, "HTTP/1.1 200 OK\r\n\r\n")) {
        while (loopback_say(c, "x")) {
        }
    }
}

static void a_dribbling_server_is_left(void **state)
{
    struct loopback server;
    cs_net_request limits = {.idle_ns = 10 * CS_SEC, .total_ns = 30 * CS_SEC};
    (void)state;
    loopback_open(&server, NULL, dribble, NULL);
    cs_net *net = start_one("http", server.port, limits);
    for (size_t body = 0, i = 0; i < 4; i++) {
        body = await_bytes(net, 0, body + 1)->reply.body.n;
        skipped_ns += 9 * CS_SEC;
    }
    struct exchange x = finish_one(net);
    exchange_failed(&x, CS_NETWORK, server.port,
                    "timed out after 30000 ms in all, reading the reply's body");
    loopback_close(&server);
}

static void a_handshake_has_its_limit(void **state)
{
    struct loopback server;
    struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    /* libcurl keeps the limit too, by its own clock: an hour, that it is not the one to act */
    cs_net_request limits = {.connect_ns = 3600 * CS_SEC, .total_ns = 7200 * CS_SEC};
    (void)state;
    loopback_open(&server, NULL, serve_behind_gate, &gate);
    cs_net *net = start_one("https", server.port, limits);
    await_handshake(net);
    skipped_ns += 3600 * CS_SEC;
    struct exchange x = finish_one(net);
    exchange_failed(&x, CS_NETWORK, server.port,
                    "timed out after 3600000 ms, in the TLS handshake");
    assert_int_equal(x.last.sent_ns, 0);
    open_gate(&gate);
    loopback_close(&server);
}

/* A listener whose queue of connections is full: the kernel drops what comes next. */
static void a_connection_has_its_limit(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t n = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fillers[4];
    cs_error error;
    (void)state;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, n), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &n), 0);
    for (size_t i = 0; i < 4; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fillers[i], (struct sockaddr *)&address, n);
    }
    int port = ntohs(address.sin_port);
    cs_net *net = start_one(
        "http", port, (cs_net_request){.connect_ns = 3600 * CS_SEC, .total_ns = 7200 * CS_SEC});
    assert_int_equal(cs_net_step(net, 0, &error), 0);
    skipped_ns += 3600 * CS_SEC;
    struct exchange x = finish_one(net);
    exchange_failed(&x, CS_NETWORK, port, "timed out after 3600000 ms, connecting");
    for (size_t i = 0; i < 4; i++) {
        close(fillers[i]);
    }
    close(listener);
}

/* libcurl keeps the same limit, to divide it among addresses; which of the two fires makes no
 * difference. */
static void libcurl_may_be_the_first_to_see_it(void **state)
{
    struct loopback server;
    struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    (void)state;
    loopback_open(&server, NULL, serve_behind_gate, &gate);
    cs_net *net = start_one("https", server.port, (cs_net_request){.connect_ns = 50 * CS_MS});
    await_handshake(net);
    net->running.first->handed_ns += 3600 * CS_SEC;
    struct exchange x = finish_one(net);
    exchange_failed(&x, CS_NETWORK, server.port, "timed out after 50 ms, in the TLS handshake");
    open_gate(&gate);
    loopback_close(&server);
}

static void what_waits_to_be_started_has_its_limit_too(void **state)
{
    struct loopback server;
    int most = 1;
    (void)state;
    loopback_open(&server, NULL, serve_some, &most);
    cs_net *net = start_one("http", server.port, (cs_net_request){.total_ns = CS_SEC});
    skipped_ns += CS_SEC;
    struct exchange x = finish_one(net);
    exchange_failed(&x, CS_NETWORK, server.port,
                    "timed out after 1000 ms in all, waiting to be started");
    assert_int_equal(loopback_connections(&server), 0);
    loopback_close(&server);
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
        cmocka_unit_test(what_is_late_is_not_sent),
        cmocka_unit_test(what_became_late_in_the_handshake_is_not_sent),
        cmocka_unit_test(a_silent_server_is_left),
        cmocka_unit_test(a_dribbling_server_is_left),
        cmocka_unit_test(a_handshake_has_its_limit),
        cmocka_unit_test(a_connection_has_its_limit),
        cmocka_unit_test(libcurl_may_be_the_first_to_see_it),
        cmocka_unit_test(what_waits_to_be_started_has_its_limit_too),
        cmocka_unit_test(no_socket_is_inherited),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
