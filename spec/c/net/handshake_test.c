/* A step whose time is up reads no more of a handshake, and the next one goes on. */
#include "support/certificates.h"
#include "support/exchange.h"
#include "support/loopback.h"
#include "support/ticks.h"

#include <dlfcn.h>

/* ---- what the client reads of its sockets, counted; its peers' read(2) is another ---- */

static int reads;

/* By another name here, as the headers of glibc define recv as well. */
__attribute__((visibility("default"))) ssize_t counted_recv(int, void *, size_t,
                                                            int) __asm__("recv");

ssize_t counted_recv(int fd, void *out, size_t n, int flags)
{
    ssize_t (*real)(int, void *, size_t, int);
    *(void **)&real = dlsym(RTLD_NEXT, "recv");
    ssize_t got = real(fd, out, n, flags);
    reads += got > 0;
    return got;
}

static struct certificate ca, leaf;
static const char *ca_file;

static const struct {
    int version;
    const char *protocol;
} kinds[] = {{TLS1_2_VERSION, NULL}, {TLS1_3_VERSION, "\10http/1.1"}};

static SSL_CTX *context_of(size_t kind, const struct certificate *certificate)
{
    SSL_CTX *tls = certificate_context(certificate, kinds[kind].protocol);
    SSL_CTX_set_min_proto_version(tls, kinds[kind].version);
    SSL_CTX_set_max_proto_version(tls, kinds[kind].version);
    SSL_CTX_set_num_tickets(tls, 0);
    return tls;
}

static int make_certificates(void **state)
{
    static int fd;
    (void)state;
    ca = certificate_make("test CA", NULL, NULL, -1, 1);
    leaf = certificate_make("127.0.0.1", "IP:127.0.0.1", &ca, -1, 1);
    ca_file = certificate_file(&ca, &fd);
    return 0;
}

static int free_certificates(void **state)
{
    (void)state;
    certificate_free(&leaf);
    certificate_free(&ca);
    return 0;
}

static int set_clocks_right(void **state)
{
    (void)state;
    tick_ns = standing = 0;
    return 0;
}

/* When the test has counted another request. */
static void reply(struct loopback_connection *c, void *argument)
{
    (void)argument;
    if (loopback_request(c)) {
        loopback_await_requests(c->server, 2);
        loopback_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
}

static void start(cs_net *net, int port)
{
    char url[64];
    cs_error error;
    cs_net_request request = exchange_request(url, sizeof url, "https", port, "/");
    request.connect_ns = request.idle_ns = request.total_ns = 86400 * CS_SEC; /* of these clocks */
    assert_int_equal(cs_net_start(net, &request, &error), 0);
}

/* How often a step reads at most, until there is an event. */
static int most_reads(cs_net *net, cs_net_event *event)
{
    cs_error error;
    int most = 0;
    while (!cs_net_collect(net, event)) {
        reads = 0;
        assert_int_equal(cs_net_step(net, CS_SEC, &error), 0);
        most = reads > most ? reads : most;
    }
    return most;
}

static void a_step_reads_until_its_time_is_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        for (int slow = 0; slow <= 1; slow++) {
            struct loopback server;
            SSL_CTX *tls = context_of(i, &leaf);
            cs_net_event event;
            loopback_open(&server, tls, reply, NULL);
            tick_ns = slow ? CS_MS : 0;
            standing = !slow;
            cs_net *net = exchange_net(ca_file);
            start(net, server.port);
            int most = most_reads(net, &event);
            assert_int_equal(event.kind, CS_NET_SENT);
            assert_true(slow ? most == 1 : most > 1);
            /* what comes after the handshake is read in one go: a record's head and its rest */
            loopback_count(&server);
            assert_true(most_reads(net, &event) >= 2);
            assert_int_equal(event.kind, CS_NET_REPLY);
            cs_net_close(net);
            tick_ns = standing = 0;
            loopback_close(&server);
            SSL_CTX_free(tls);
        }
    }
}

static void a_certificate_is_refused_as_ever(void **state)
{
    struct certificate other = certificate_make("127.0.0.1", "IP:127.0.0.1", NULL, -1, 1);
    (void)state;
    tick_ns = CS_MS;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct loopback server;
        SSL_CTX *tls = context_of(i, &other);
        cs_net *net = exchange_net(ca_file);
        struct exchange x = {.kind = CS_NET_NONE};
        loopback_open(&server, tls, reply, NULL);
        start(net, server.port);
        exchange_finish(net, &x, 1);
        exchange_failed(&x, CS_NETWORK, server.port,
                        "TLS: the certificate was refused: self-signed certificate");
        cs_net_close(net);
        loopback_close(&server);
        SSL_CTX_free(tls);
    }
    certificate_free(&other);
}

/* Closed after any number of steps, with and without its request. */
static void a_handshake_may_be_dropped_anywhere(void **state)
{
    (void)state;
    tick_ns = CS_MS;
    for (int steps = 0, sent = 0; !sent; steps++) {
        struct loopback server;
        SSL_CTX *tls = context_of(1, &leaf);
        cs_net *net = exchange_net(ca_file);
        cs_net_event event;
        cs_error error;
        loopback_open(&server, tls, reply, NULL);
        start(net, server.port);
        for (int i = 0; i < steps; i++) {
            assert_int_equal(cs_net_step(net, CS_SEC, &error), 0);
        }
        sent = cs_net_collect(net, &event);
        if (steps % 2) {
            cs_net_drop(net, 0);
            assert_int_equal(cs_net_step(net, 0, &error), 0);
        }
        cs_net_close(net);
        loopback_close(&server);
        SSL_CTX_free(tls);
        assert_true(steps < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_step_reads_until_its_time_is_up, set_clocks_right),
        cmocka_unit_test_teardown(a_certificate_is_refused_as_ever, set_clocks_right),
        cmocka_unit_test_teardown(a_handshake_may_be_dropped_anywhere, set_clocks_right),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
