/* How far a connection came, and to whom, is told where it was asked for, also where it failed. */
#include "support/certificates.h"
#include "support/exchange.h"
#include "support/loopback.h"

static struct certificate ca, leaf, stranger;
static const char *ca_file;

static int make_certificates(void **state)
{
    static int fd;
    (void)state;
    ca = certificate_make("test CA", NULL, NULL, -1, 1);
    leaf = certificate_make("127.0.0.1", "IP:127.0.0.1", &ca, -1, 1);
    stranger = certificate_make("127.0.0.1", "IP:127.0.0.1", NULL, -1, 1);
    ca_file = certificate_file(&ca, &fd);
    return 0;
}

static int free_certificates(void **state)
{
    (void)state;
    certificate_free(&stranger);
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

/* The last event of a request; its slices are valid until the net is closed. */
static cs_net_event ask(cs_net *net, const char *scheme, int port, int connect_only, int describe)
{
    char url[64];
    cs_error error;
    cs_net_event event = {.kind = CS_NET_NONE};
    cs_net_request request = exchange_request(url, sizeof url, scheme, port, "/");
    request.connect_only = connect_only;
    request.describe = describe;
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    while (event.kind == CS_NET_NONE || event.kind == CS_NET_SENT) {
        assert_int_equal(cs_net_step(net, CS_SEC, &error), 0);
        cs_net_collect(net, &event);
    }
    return event;
}

static void assert_nothing(const cs_net_facts *facts)
{
    assert_int_equal(facts->resolved_ns, 0);
    assert_int_equal(facts->connected_ns, 0);
    assert_int_equal(facts->secured_ns, 0);
    assert_int_equal(facts->address.n, 0);
    assert_int_equal(facts->tls_version.n, 0);
    assert_int_equal(facts->chain.n, 0);
}

static void a_tls_connection_is_described(void **state)
{
    struct loopback server;
    cs_certificate shown;
    cs_error error;
    size_t offset = 0;
    (void)state;
    SSL_CTX *tls = certificate_context(&leaf, NULL);
    SSL_CTX_set_max_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_add1_chain_cert(tls, ca.x509);
    loopback_open(&server, tls, reply, NULL);
    cs_net *net = exchange_net(ca_file);
    int64_t before_ns = cs_clock_now_ns();
    cs_net_event event = ask(net, "https", server.port, 1, 1);
    assert_int_equal(event.kind, CS_NET_CONNECTED);
    assert_true(event.facts.resolved_ns >= before_ns);
    assert_true(event.facts.connected_ns >= event.facts.resolved_ns);
    assert_true(event.facts.secured_ns > event.facts.connected_ns);
    assert_true(cs_slice_equal(event.facts.address, CS_LITERAL("127.0.0.1")));
    assert_true(cs_slice_equal(event.facts.tls_version, CS_LITERAL("TLSv1.2")));
    assert_int_equal(cs_certificate_next(event.facts.chain, &offset, &shown, &error), 0);
    assert_string_equal(shown.subject, "CN=127.0.0.1");
    assert_int_equal(cs_certificate_next(event.facts.chain, &offset, &shown, &error), 0);
    assert_string_equal(shown.subject, "CN=test CA");
    assert_int_equal(CS_CLASS(cs_certificate_next(event.facts.chain, &offset, &shown, &error)),
                     CS_CLOSED);

    /* over the same connection: nothing was opened for it */
    event = ask(net, "https", server.port, 0, 1);
    assert_int_equal(event.kind, CS_NET_REPLY);
    assert_int_equal(event.facts.secured_ns, 0);
    assert_int_equal(event.facts.chain.n, 0);
    cs_net_close(net);
    loopback_close(&server);
    SSL_CTX_free(tls);
}

static void nothing_is_told_where_nobody_asked(void **state)
{
    struct loopback server;
    (void)state;
    SSL_CTX *tls = certificate_context(&leaf, NULL);
    loopback_open(&server, tls, reply, NULL);
    cs_net *net = exchange_net(ca_file);
    cs_net_event event = ask(net, "https", server.port, 0, 0);
    assert_int_equal(event.kind, CS_NET_REPLY);
    assert_nothing(&event.facts);
    cs_net_close(net);
    loopback_close(&server);
    SSL_CTX_free(tls);
}

static void a_plain_connection_has_no_tls(void **state)
{
    struct loopback server;
    (void)state;
    loopback_open(&server, NULL, reply, NULL);
    cs_net *net = exchange_net(NULL);
    cs_net_event event = ask(net, "http", server.port, 1, 1);
    assert_int_equal(event.kind, CS_NET_CONNECTED);
    assert_true(event.facts.connected_ns > 0);
    assert_int_equal(event.facts.secured_ns, 0);
    assert_int_equal(event.facts.tls_version.n, 0);
    cs_net_close(net);
    loopback_close(&server);
}

static void it_shows_how_far_a_failure_came(void **state)
{
    struct loopback server;
    (void)state;
    SSL_CTX *tls = certificate_context(&stranger, NULL);
    loopback_open(&server, tls, reply, NULL);
    cs_net *net = exchange_net(ca_file);
    cs_net_event event = ask(net, "https", server.port, 1, 1);
    assert_int_equal(event.kind, CS_NET_FAILED);
    assert_true(event.facts.connected_ns > 0);
    assert_int_equal(event.facts.secured_ns, 0);
    assert_int_equal(event.facts.chain.n, 0);
    loopback_close(&server);
    SSL_CTX_free(tls);

    event = ask(net, "https", server.port, 1, 1); /* where nobody listens any more */
    assert_int_equal(event.kind, CS_NET_FAILED);
    assert_true(event.facts.resolved_ns > 0);
    assert_int_equal(event.facts.connected_ns, 0);
    cs_net_close(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tls_connection_is_described),
        cmocka_unit_test(nothing_is_told_where_nobody_asked),
        cmocka_unit_test(a_plain_connection_has_no_tls),
        cmocka_unit_test(it_shows_how_far_a_failure_came),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
