/* A request is not sent after its time; every limit of time holds, and its message says what was
 * going on. */
#include "support/certificates.h"
#include "support/exchange.h"
#include "support/loopback.h"

#include <sys/syscall.h>
#include <time.h>

#include "net/internal.h"

/* The clocks, for libcurl too, which the tests can put forward. */
static int64_t skipped_s;

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *t)
{
    int result = (int)syscall(SYS_clock_gettime, clock, t);
    t->tv_sec += __atomic_load_n(&skipped_s, __ATOMIC_RELAXED);
    return result;
}

enum { HOUR = 3600 };

static void pass_hours(int n)
{
    __atomic_fetch_add(&skipped_s, n * HOUR, __ATOMIC_RELAXED);
}

static struct certificate ca, leaf;
static SSL_CTX *tls;
static const char *ca_file;

static int make_certificates(void **state)
{
    static int fd;
    (void)state;
    ca = certificate_make("test CA", NULL, NULL, -1, 1);
    leaf = certificate_make("127.0.0.1", "IP:127.0.0.1", &ca, -1, 1);
    tls = certificate_context(&leaf, NULL);
    ca_file = certificate_file(&ca, &fd);
    return 0;
}

static int free_certificates(void **state)
{
    (void)state;
    SSL_CTX_free(tls);
    certificate_free(&leaf);
    certificate_free(&ca);
    return 0;
}

static void reply(struct loopback_connection *c, void *argument)
{
    (void)argument;
    while (loopback_request(c)) {
        loopback_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
}

struct limits {
    int connect, idle, total; /* hours; 0: a hundred */
    int64_t not_after_ns;
};

static int64_t hours(int n)
{
    return (n ? n : 100) * HOUR * CS_SEC;
}

static cs_net *start_one(const char *scheme, int port, struct limits limits)
{
    char url[64];
    cs_error error;
    cs_net *net = exchange_net(ca_file);
    cs_net_request request = exchange_request(url, sizeof url, scheme, port, "/");
    request.connect_ns = hours(limits.connect);
    request.idle_ns = hours(limits.idle);
    request.total_ns = hours(limits.total);
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

/* ---- not after its time ---- */

static void what_is_late_is_not_sent(void **state)
{
    struct loopback server;
    (void)state;
    loopback_open(&server, NULL, reply, NULL);
    struct limits limits = {.not_after_ns = cs_clock_now_ns() + hours(1)};
    cs_net *net = start_one("http", server.port, limits);
    pass_hours(2);
    struct exchange x = finish_one(net);
    exchange_failed(&x, CS_DEADLINE, server.port, "not sent, its time to leave had passed");
    assert_int_equal(x.last.too_late, 1);
    assert_int_equal(x.last.sent_ns, 0);
    assert_int_equal(x.sent_events, 0);
    assert_int_equal(x.last.new_connection, 0);
    assert_int_equal(loopback_connections(&server), 0);

    limits.not_after_ns = cs_clock_now_ns() + hours(1);
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
            loopback_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
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
    struct limits limits = {.not_after_ns = cs_clock_now_ns() + hours(1)};
    cs_net *net = start_one("https", server.port, limits);
    await_handshake(net);
    pass_hours(2);
    open_gate(&gate);
    struct exchange x = {.kind = CS_NET_NONE};
    exchange_finish(net, &x, 1);
    exchange_failed(&x, CS_DEADLINE, server.port, "not sent, its time to leave had passed");
    assert_int_equal(x.last.too_late, 1);
    assert_int_equal(x.last.sent_ns, 0);
    assert_int_equal(x.last.new_connection, 1);
    assert_int_equal(loopback_requests(&server), 0);
    x = exchange_get(net, "https", server.port); /* its connection is there for the next */
    assert_int_equal(x.kind, CS_NET_REPLY);
    assert_int_equal(x.last.new_connection, 0);
    cs_net_close(net);
    loopback_close(&server);
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
        {"", 0, 0, "timed out after 10800000 ms without a byte, waiting for the reply",
         "timed out after 7200000 ms in all, waiting for the reply"},
        {"HTTP/1.1 200 OK\r\nX-Half: ", 17, 0,
         "timed out after 10800000 ms without a byte, reading the reply's header",
         "timed out after 7200000 ms in all, reading the reply's header"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", 38, 4,
         "timed out after 10800000 ms without a byte, reading the reply's body",
         "timed out after 7200000 ms in all, reading the reply's body"},
    };
    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        struct loopback server;
        char said[128];
        struct limits limits = {.idle = 3, .total = i % 2 ? 2 : 0};
        snprintf(said, sizeof said, "%s", cases[i / 2].said);
        loopback_open(&server, NULL, say_and_wait, said);
        cs_net *net = start_one("http", server.port, limits);
        await_bytes(net, cases[i / 2].header, cases[i / 2].body);
        pass_hours(3);
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
    struct limits limits = {.idle = 4, .total = 10};
    (void)state;
    loopback_open(&server, NULL, dribble, NULL);
    cs_net *net = start_one("http", server.port, limits);
    for (size_t body = 0, i = 0; i < 4; i++) {
        body = await_bytes(net, 0, body + 1)->reply.body.n;
        pass_hours(3);
    }
    struct exchange x = finish_one(net);
    exchange_failed(&x, CS_NETWORK, server.port,
                    "timed out after 36000000 ms in all, reading the reply's body");
    loopback_close(&server);
}

static void a_handshake_has_its_limit(void **state)
{
    struct loopback server;
    struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    struct limits limits = {.connect = 1};
    (void)state;
    loopback_open(&server, NULL, serve_behind_gate, &gate);
    cs_net *net = start_one("https", server.port, limits);
    /* libcurl keeps it too, but not for a request that waits for another one's connection */
    curl_easy_setopt(net->queued.first->easy, CURLOPT_CONNECTTIMEOUT_MS, 0x7fffffffL);
    await_handshake(net);
    pass_hours(1);
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
    cs_net *net = start_one("http", port, (struct limits){.connect = 1});
    assert_int_equal(cs_net_step(net, 0, &error), 0);
    pass_hours(1);
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
    cs_net *net = start_one("https", server.port, (struct limits){.connect = 1});
    await_handshake(net);
    net->running.first->handed_ns += hours(10);
    pass_hours(1);
    struct exchange x = finish_one(net);
    exchange_failed(&x, CS_NETWORK, server.port,
                    "timed out after 3600000 ms, in the TLS handshake");
    open_gate(&gate);
    loopback_close(&server);
}

static void what_waits_to_be_started_has_its_limit_too(void **state)
{
    struct loopback server;
    (void)state;
    loopback_open(&server, NULL, reply, NULL);
    cs_net *net = start_one("http", server.port, (struct limits){.total = 1});
    pass_hours(1);
    struct exchange x = finish_one(net);
    exchange_failed(&x, CS_NETWORK, server.port,
                    "timed out after 3600000 ms in all, waiting to be started");
    assert_int_equal(loopback_connections(&server), 0);
    loopback_close(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_late_is_not_sent),
        cmocka_unit_test(what_became_late_in_the_handshake_is_not_sent),
        cmocka_unit_test(a_silent_server_is_left),
        cmocka_unit_test(a_dribbling_server_is_left),
        cmocka_unit_test(a_handshake_has_its_limit),
        cmocka_unit_test(a_connection_has_its_limit),
        cmocka_unit_test(libcurl_may_be_the_first_to_see_it),
        cmocka_unit_test(what_waits_to_be_started_has_its_limit_too),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
