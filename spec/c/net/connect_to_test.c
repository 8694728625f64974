/* With connect_to everything goes to that address, whatever host the URL names: no name is looked up,
 * no proxy is asked, and the server is held to the URL's name all the same. */
#include "support/certificates.h"
#include "support/exchange.h"
#include "support/loopback.h"

static struct certificate ca, leaf;
static const char *ca_file;

static int make_certificates(void **state)
{
    static int fd;
    (void)state;
    ca = certificate_make("test CA", NULL, NULL, -1, 1);
    leaf = certificate_make("cas.test", "DNS:cas.test", &ca, -1, 1);
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

static cs_net *make(const char *connect_to, int allow_http)
{
    cs_net *net;
    cs_error error;
    cs_net_options options = {.ca_file = cs_slice_of(ca_file),
                              .allow_http = allow_http,
                              .connect_to = cs_slice_of(connect_to)};
    assert_int_equal(cs_net_new(&net, &options, &error), 0);
    return net;
}

/* What a server that was connected to has seen. */
struct seen {
    char name[64]; /* SNI */
    char request[LOOPBACK_REQUEST + 1];
};

static void serve(struct loopback_connection *c, void *argument)
{
    struct seen *seen = (struct seen *)argument;
    const char *name = c->ssl ? SSL_get_servername(c->ssl, TLSEXT_NAMETYPE_host_name) : NULL;
    snprintf(seen->name, sizeof seen->name, "%s", name ? name : "");
    while (loopback_request(c)) {
        memcpy(seen->request, c->request, c->taken + 1);
        loopback_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
}

/* GET url to its end. */
static struct exchange ask(cs_net *net, const char *url)
{
    struct exchange x = {.kind = CS_NET_NONE};
    cs_error error;
    cs_net_request request = {.method = CS_LITERAL("GET"), .url = cs_slice_of(url)};
    exchange_give_time(&request);
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    exchange_finish(net, &x, 1);
    return x;
}

static void the_name_is_not_looked_up(void **state)
{
    struct loopback server;
    struct seen seen = {.name = ""};
    char where[32];
    SSL_CTX *ctx = certificate_context(&leaf, NULL);
    (void)state;
    loopback_open(&server, ctx, serve, &seen);
    snprintf(where, sizeof where, "127.0.0.1:%d", server.port);
    cs_net *net = make(where, 0);
    setenv("https_proxy", "http://no-such-proxy.invalid:1", 1);
    struct exchange x = ask(net, "https://cas.test/?q"); /* RFC 6761 6.2: test. has no names */
    assert_int_equal(x.kind, CS_NET_REPLY);
    assert_string_equal(x.body, "ok");
    assert_string_equal(seen.name, "cas.test");
    assert_non_null(strstr(seen.request, "\r\nHost: cas.test\r\n"));

    x = ask(net, "https://other.test:444/"); /* its certificate is for cas.test */
    assert_int_equal(x.kind, CS_NET_FAILED);
    assert_int_equal(x.last.refused, CS_NET_REFUSED_TLS);
    char expected[200];
    snprintf(expected, sizeof expected,
             "other.test:444 at %s: TLS: the certificate is for another name: SSL: no alternative "
             "certificate subject name matches target host name 'other.test'",
             where);
    assert_string_equal(x.last.error.message, expected);
    unsetenv("https_proxy");
    cs_net_close(net);
    loopback_close(&server);
    assert_int_equal(server.requests_n, 1);
    SSL_CTX_free(ctx);
}

static void connections_are_opened_there_too(void **state)
{
    struct loopback server;
    struct seen seen = {.name = ""};
    char url[64];
    cs_error error;
    cs_net_event event;
    (void)state;
    loopback_open(&server, NULL, serve, &seen);
    cs_net *net = make("127.0.0.1", 1); /* on the URL's port */
    snprintf(url, sizeof url, "http://cas.test:%d/", server.port);
    cs_net_request request = {
        .url = cs_slice_of(url), .method = CS_LITERAL("GET"), .connect_only = 1};
    exchange_give_time(&request);
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    while (!cs_net_collect(net, &event)) {
        assert_int_equal(cs_net_step(net, CS_SEC, &error), 0);
    }
    assert_int_equal(event.kind, CS_NET_CONNECTED);
    struct exchange x = ask(net, url);
    assert_int_equal(x.kind, CS_NET_REPLY);
    assert_int_equal(x.last.new_connection, 0);
    cs_net_close(net);
    loopback_close(&server);
    assert_int_equal(server.connections_n, 1);
}

static void ipv6_addresses_are_in_brackets(void **state)
{
    static const char expected[] = "cas.test at [::1]:1: can't connect: "; /* why: is there IPv6? */
    (void)state;
    cs_net *net = make("[::1]:1", 0);
    struct exchange x = ask(net, "https://cas.test/");
    assert_int_equal(x.kind, CS_NET_FAILED);
    assert_memory_equal(x.last.error.message, expected, sizeof expected - 1);
    cs_net_close(net);
}

static void plain_http_stays_here(void **state)
{
    static const struct {
        const char *connect_to, *message;
    } cases[] = {
        {"10.0.0.1", "url: plain http to 127.0.0.1 at 10.0.0.1 is not allowed, only to "
                     "127.0.0.0/8, [::1] and 100.100.100.200"},
        {"127.0.0.1", NULL},
        {"[::1]:8080", NULL},
        {"100.100.100.200", NULL},
    };
    cs_net_request request = {.url = CS_LITERAL("http://127.0.0.1/"), .method = CS_LITERAL("GET")};
    cs_error error;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cs_net *net = make(cases[i].connect_to, 0);
        int result = cs_net_start(net, &request, &error);
        assert_int_equal(CS_CLASS(result), cases[i].message ? CS_ARGUMENT : CS_OK);
        if (cases[i].message) {
            assert_string_equal(error.message, cases[i].message);
        }
        cs_net_close(net);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    static const char longest[] = "[2001:0db8:1111:2222:3333:4444:5555:6666]:65535";
    const cs_slice cases[] = {
        CS_LITERAL(""),
        CS_LITERAL("cas.aliyuncs.com"),
        CS_LITERAL("localhost"),
        CS_LITERAL("10.0.0"),
        CS_LITERAL("10.0.0.256"),
        CS_LITERAL("10.0.0.1:"),
        CS_LITERAL(":443"),
        CS_LITERAL("10.0.0.1:0"),
        CS_LITERAL("10.0.0.1:65536"),
        CS_LITERAL("10.0.0.1:x"),
        CS_LITERAL("10.0.0.1:443:"),
        CS_LITERAL("10.0.0.1:+443"),
        CS_LITERAL("::1"),
        CS_LITERAL("["),
        CS_LITERAL("[]"),
        CS_LITERAL("[::1"),
        CS_LITERAL("[::1]443"),
        CS_LITERAL("[::1]:"),
        CS_LITERAL("[10.0.0.1]"),
        CS_LITERAL("[fe80::1%eth0]"),
        CS_LITERAL("https://10.0.0.1"),
        CS_LITERAL(" 10.0.0.1"),
        CS_LITERAL("10.0.0.1\n"),
    };
    cs_net *net;
    cs_error error;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[248];
        cs_net_options options = {.connect_to = cases[i]};
        assert_int_equal(CS_CLASS(cs_net_new(&net, &options, &error)), CS_ARGUMENT);
        assert_null(net);
        snprintf(expected, sizeof expected,
                 "connect_to: expected ADDRESS or ADDRESS:PORT, an IPv6 address in brackets, found "
                 "'%s'",
                 cases[i].n && cases[i].p[cases[i].n - 1] == '\n' ? "10.0.0.1\\x0A" : cases[i].p);
        assert_string_equal(error.message, expected);
    }
    cs_net_options options = {.connect_to = CS_LITERAL("10.0.0.1\0")};
    assert_int_equal(CS_CLASS(cs_net_new(&net, &options, &error)), CS_ARGUMENT);
    char endless[200];
    memset(endless, '1', sizeof endless);
    options.connect_to = (cs_slice){endless, sizeof endless};
    assert_int_equal(CS_CLASS(cs_net_new(&net, &options, &error)), CS_ARGUMENT);
    cs_net_close(make(longest, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_name_is_not_looked_up),
        cmocka_unit_test(connections_are_opened_there_too),
        cmocka_unit_test(ipv6_addresses_are_in_brackets),
        cmocka_unit_test(plain_http_stays_here),
        cmocka_unit_test(what_is_no_address_is_refused),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
