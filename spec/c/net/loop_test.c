/* A step waits only where it is told to, hands one request at most to libcurl, is cut between two
 * sockets, and starves none. */
#include "support/certificates.h"
#include "support/exchange.h"
#include "support/loopback.h"
#include "support/ticks.h"

#include <dlfcn.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include <curl/curl.h>

/* ---- what src/net/ asks of the kernel and of libcurl, watched ---- */

static int longest_wait_ms, handed_over, no_memory;

int epoll_wait(int epoll, struct epoll_event *events, int n, int wait_ms)
{
    longest_wait_ms = wait_ms > longest_wait_ms ? wait_ms : longest_wait_ms;
    return (int)syscall(SYS_epoll_pwait, epoll, events, n, wait_ms, NULL, 8);
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy)
{
    CURLMcode (*real)(CURLM *, CURL *);
    *(void **)&real = dlsym(RTLD_NEXT, "curl_multi_add_handle");
    handed_over++;
    return no_memory ? CURLM_OUT_OF_MEMORY : real(multi, easy);
}

CURLM *curl_multi_init(void)
{
    CURLM *(*real)(void);
    *(void **)&real = dlsym(RTLD_NEXT, "curl_multi_init");
    return no_memory ? NULL : real();
}

/* A name server that does not answer until it is let, and the threads that ask it. */
static pthread_mutex_t lookup_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t lookup_changed = PTHREAD_COND_INITIALIZER;
static pthread_key_t lookup_thread;
static int lookups, lookups_let, lookups_over;

/* Runs when a thread ends that has asked: libcurl has cleaned up behind it by then. */
static void count_end(void *value)
{
    (void)value;
    pthread_mutex_lock(&lookup_lock);
    lookups_over++;
    pthread_cond_broadcast(&lookup_changed);
    pthread_mutex_unlock(&lookup_lock);
}

__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **out)
{
    (void)node, (void)service, (void)hints, (void)out;
    pthread_setspecific(lookup_thread, &lookup_thread);
    pthread_mutex_lock(&lookup_lock);
    lookups++;
    pthread_cond_broadcast(&lookup_changed);
    while (!lookups_let) {
        pthread_cond_wait(&lookup_changed, &lookup_lock);
    }
    pthread_mutex_unlock(&lookup_lock);
    return EAI_NONAME;
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
    tls = certificate_context(&leaf, "\10http/1.1");
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

/* Its handshakes begin when a first request has been counted, its replies when six have. */
static void reply_together(struct loopback_connection *c, void *argument)
{
    (void)argument;
    loopback_await_requests(c->server, 1);
    c->ssl = SSL_new(tls);
    SSL_set_fd(c->ssl, c->fd);
    if (SSL_accept(c->ssl) == 1 && loopback_request(c)) {
        loopback_await_requests(c->server, 6);
        loopback_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
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

static void it_never_waits_unasked(void **state)
{
    struct loopback server;
    cs_net *net = exchange_net(ca_file);
    cs_net_event event;
    cs_error error;
    (void)state;
    loopback_open(&server, tls, reply, NULL);
    start_all(net, "https", server.port, 5);
    longest_wait_ms = 0;
    for (size_t left = 5; left;) {
        struct pollfd ready = {.fd = cs_net_fd(net, &error), .events = POLLIN};
        poll(&ready, 1, cs_net_idle_ns(net) > CS_MS); /* so a host waits, between steps */
        assert_int_equal(cs_net_step(net, 0, &error), 0);
        while (cs_net_collect(net, &event)) {
            left -= event.kind == CS_NET_REPLY;
        }
    }
    assert_int_equal(longest_wait_ms, 0);
    cs_net_close(net);
    loopback_close(&server);
}

static void it_waits_no_longer_than_told(void **state)
{
    static const struct {
        int64_t wait_ns;
        int wait_ms;
    } cases[] = {{INT64_MIN, 0}, {-1, 0},        {0, 0},        {1, 1},
                 {CS_MS, 1},     {CS_MS + 1, 2}, {7 * CS_MS, 7}};
    cs_net *net = exchange_net(NULL);
    cs_error error;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        longest_wait_ms = INT_MIN;
        assert_int_equal(cs_net_step(net, cases[i].wait_ns, &error), 0);
        assert_int_equal(longest_wait_ms, cases[i].wait_ms);
    }
    cs_net_close(net);
}

static void it_does_not_wait_with_an_event_at_hand(void **state)
{
    struct loopback server;
    cs_net *net = exchange_net(NULL);
    cs_error error;
    (void)state;
    loopback_open(&server, NULL, reply, NULL);
    start_all(net, "http", server.port, 1);
    while (loopback_requests(&server) == 0) {
        assert_int_equal(cs_net_step(net, CS_SEC, &error), 0);
    }
    longest_wait_ms = 0;
    assert_int_equal(cs_net_step(net, INT64_MAX, &error), 0);
    assert_int_equal(longest_wait_ms, 0);
    cs_net_close(net);
    loopback_close(&server);
}

static void a_step_starts_one_request(void **state)
{
    struct loopback server;
    cs_net *net = exchange_net(NULL);
    cs_error error;
    (void)state;
    loopback_open(&server, NULL, reply, NULL);
    start_all(net, "http", server.port, 10);
    handed_over = 0;
    for (int i = 1; i <= 10; i++) {
        assert_int_equal(cs_net_step(net, CS_SEC, &error), 0);
        assert_int_equal(handed_over, i);
    }
    assert_int_equal(cs_net_step(net, 0, &error), 0);
    assert_int_equal(handed_over, 10);
    cs_net_close(net);
    loopback_close(&server);
}

/* Whether a server speaks HTTP/2 is known when the first connection is open. */
static void the_first_tls_connection_is_awaited(void **state)
{
    struct loopback server;
    struct exchange x[5] = {{.kind = CS_NET_NONE}};
    cs_net *net = exchange_net(ca_file);
    cs_error error;
    (void)state;
    loopback_open(&server, NULL, reply_together, NULL);
    start_all(net, "https", server.port, 5);
    handed_over = 0;
    while (loopback_connections(&server) == 0 || cs_net_idle_ns(net) == 0) {
        assert_int_equal(cs_net_step(net, 10 * CS_MS, &error), 0);
    }
    assert_int_equal(handed_over, 1);
    /* but not its reply: each request gets a connection, and all replies come together */
    loopback_count(&server);
    exchange_finish(net, x, 5);
    assert_int_equal(loopback_connections(&server), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(x[i].kind, CS_NET_REPLY);
        assert_int_equal(x[i].last.new_connection, 1);
    }
    cs_net_close(net);
    loopback_close(&server);
}

static void nobody_waits_for_a_connection_that_failed(void **state)
{
    struct loopback server;
    struct exchange x[5] = {{.kind = CS_NET_NONE}};
    cs_net *net = exchange_net(ca_file);
    (void)state;
    loopback_open(&server, NULL, reply, NULL);
    loopback_close(&server);
    start_all(net, "https", server.port, 5);
    exchange_finish(net, x, 5);
    for (size_t i = 0; i < 5; i++) {
        exchange_failed(&x[i], CS_NETWORK, server.port, "can't connect: Connection refused");
    }
    cs_net_close(net);

    net = exchange_net(ca_file); /* the one that is waited for is dropped */
    cs_error error;
    start_all(net, "https", server.port, 2);
    assert_int_equal(cs_net_step(net, 0, &error), 0);
    cs_net_drop(net, 0);
    cs_net_event event = {.kind = CS_NET_NONE};
    while (!cs_net_collect(net, &event)) {
        assert_int_equal(cs_net_step(net, CS_SEC, &error), 0);
    }
    assert_int_equal(event.id, 1);
    assert_int_equal(event.kind, CS_NET_FAILED);
    cs_net_close(net);
}

/* libcurl would wait in the step, and in the close, until the lookup is over: 5 s and more. */
static void no_lookup_is_waited_for(void **state)
{
    cs_net *net;
    cs_error error;
    struct exchange x[2] = {{.kind = CS_NET_NONE}};
    cs_net_options options = {.allow_http = 1};
    cs_net_request request = {.method = CS_LITERAL("GET"), .url = CS_LITERAL("http://cas.test/")};
    exchange_give_time(&request);
    (void)state;
    assert_int_equal(pthread_key_create(&lookup_thread, count_end), 0);
    assert_int_equal(cs_net_new(&net, &options, &error), 0);
    for (request.id = 0; request.id < 2; request.id++) {
        request.connect_ns = request.id ? 60 * CS_SEC : 20 * CS_MS;
        assert_int_equal(cs_net_start(net, &request, &error), 0);
        assert_int_equal(cs_net_step(net, 0, &error), 0);
    }
    exchange_finish(net, x, 1);
    assert_string_equal(x[0].last.error.message, "cas.test: timed out after 20 ms, looking up the "
                                                 "name or waiting for a connection");
    cs_net_close(net);
    /* both are still at it; they end before the test does, so that nothing of theirs is a leak */
    pthread_mutex_lock(&lookup_lock);
    assert_int_equal(lookups_over, 0);
    lookups_let = 1;
    pthread_cond_broadcast(&lookup_changed);
    while (lookups_over < 2) {
        pthread_cond_wait(&lookup_changed, &lookup_lock);
    }
    pthread_mutex_unlock(&lookup_lock);
    assert_int_equal(lookups, 2);
}

static void a_lack_of_memory_is_an_event_or_an_error(void **state)
{
    cs_net *net = exchange_net(NULL);
    cs_error error;
    struct exchange x = {.kind = CS_NET_NONE};
    (void)state;
    no_memory = 1;
    int result = cs_net_step(net, 0, &error);
    no_memory = 0;
    assert_int_equal(CS_CLASS(result), CS_LIMIT);
    assert_string_equal(error.message, "libcurl can't make a multi handle");
    assert_int_equal(cs_net_step(net, 0, &error), 0);
    start_all(net, "http", 1, 1);
    no_memory = 1;
    exchange_finish(net, &x, 1);
    no_memory = 0;
    assert_int_equal(x.kind, CS_NET_FAILED);
    assert_int_equal(CS_CLASS(x.last.error.code), CS_LIMIT);
    assert_string_equal(x.last.error.message, "libcurl: Out of memory");
    cs_net_close(net);
}

/* A body without an end on every connection but the last. */
static void flood(struct loopback_connection *c, void *argument)
{
    static const char piece[65536];
    (void)argument;
    if (!loopback_request(c)) {
        return;
    }
    if (c->number == 8) {
        loopback_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        return;
    }
    loopback_say(c, "HTTP/1.1 200 OK\r\n\r\n");
    while (loopback_write(c, piece, sizeof piece)) {
    }
}

/* Once a step had fetched an event when its time was over, and dropped it: with nine descriptors
 * ready and three fetched a step, each third was served never. */
static void floods_starve_nobody(void **state)
{
    static const int ticks_us[] = {0, 60, 80, 110, 150, 220, 400, 700};
    (void)state;
    for (size_t i = 0; i < sizeof ticks_us / sizeof *ticks_us; i++) {
        struct loopback server;
        cs_net *net;
        cs_net_event event = {.kind = CS_NET_NONE};
        cs_error error;
        cs_net_options options = {.body_limit = SIZE_MAX};
        assert_int_equal(cs_net_new(&net, &options, &error), 0);
        loopback_open(&server, NULL, flood, NULL);
        start_all(net, "http", server.port, 9);
        tick_ns = ticks_us[i] * CS_MS / 1000;
        while (event.kind != CS_NET_REPLY) {
            assert_int_equal(cs_net_step(net, CS_SEC, &error), 0);
            while (cs_net_collect(net, &event) && event.kind != CS_NET_REPLY) {
                assert_int_equal(event.kind, CS_NET_SENT);
            }
        }
        tick_ns = 0;
        assert_int_equal(event.id, 8);
        assert_int_equal(cs_net_live(net), 8);
        cs_net_close(net);
        loopback_close(&server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_never_waits_unasked),
        cmocka_unit_test(it_waits_no_longer_than_told),
        cmocka_unit_test(it_does_not_wait_with_an_event_at_hand),
        cmocka_unit_test(a_step_starts_one_request),
        cmocka_unit_test(the_first_tls_connection_is_awaited),
        cmocka_unit_test(nobody_waits_for_a_connection_that_failed),
        cmocka_unit_test(no_lookup_is_waited_for),
        cmocka_unit_test(a_lack_of_memory_is_an_event_or_an_error),
        cmocka_unit_test(floods_starve_nobody),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
