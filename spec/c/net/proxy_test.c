/* What is asked over https, and is not on this machine, goes through the environment's proxy, which
 * learns the host alone; whatever goes wrong on the way, the message says where, and no password. */
#include "support/certificates.h"
#include "support/exchange.h"
#include "support/loopback.h"
#include "support/ticks.h"

/* "user:canary", as RFC 7617 has it */
#define PASSWORD "user:canary@"
#define BASIC    "dXNlcjpjYW5hcnk="

static const char *const variables[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                        "http_proxy",  "no_proxy",    "NO_PROXY"};

static struct certificate ca, leaf;
static const char *ca_file;

static int make_certificates(void **state)
{
    static int fd;
    (void)state;
    ca = certificate_make("test CA", NULL, NULL, -1, 1);
    leaf = certificate_make("cas.test", "DNS:cas.test,IP:127.0.0.1", &ca, -1, 1);
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

static int unset_variables(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        unsetenv(variables[i]);
    }
    return 0;
}

/* ---- a proxy ---- */

struct proxied {
    const char *answer; /* to CONNECT; NULL: the connection is closed */
    SSL_CTX *behind;    /* of the server that is behind it after its answer; NULL: none */
    char seen[LOOPBACK_REQUEST + 1];
};

static void serve_as_proxy(struct loopback_connection *c, void *argument)
{
    struct proxied *p = (struct proxied *)argument;
    if (!loopback_request(c)) {
        return;
    }
    memcpy(p->seen, c->request, c->taken + 1);
    if (!p->answer || !loopback_say(c, p->answer) || !p->behind) {
        return;
    }
    SSL *inner = SSL_new(p->behind), *outer = c->ssl;
    if (outer) {
        BIO *bio = BIO_new(BIO_f_ssl());
        BIO_set_ssl(bio, outer, BIO_NOCLOSE);
        SSL_set_bio(inner, bio, bio);
    } else {
        SSL_set_fd(inner, c->fd);
    }
    c->ssl = inner;
    if (SSL_accept(inner) == 1 && loopback_request(c)) {
        loopback_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        loopback_await_end(c);
    }
    SSL_free(inner);
    c->ssl = outer;
}

/* Asks cas.test as the environment says. */
static struct exchange ask(void)
{
    struct exchange x = {.kind = CS_NET_NONE};
    cs_error error;
    const cs_pair headers[] = {{CS_LITERAL("Host"), CS_LITERAL("cas.test")},
                               {CS_LITERAL("Authorization"), CS_LITERAL("ACS3 canary")}};
    cs_net *net = exchange_net(ca_file);
    cs_net_request request = {.method = CS_LITERAL("GET"),
                              .url = CS_LITERAL("https://cas.test/?q"),
                              .headers = headers,
                              .headers_n = 2};
    exchange_give_time(&request);
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    exchange_finish(net, &x, 1);
    cs_net_close(net);
    assert_null(strstr(x.last.error.message, "canary"));
    return x;
}

/* The same through a proxy that `variable` names, which speaks TLS itself or not. */
static struct exchange ask_through(struct proxied *p, const char *variable, SSL_CTX *tls, int *port)
{
    struct loopback proxy;
    char url[64];
    loopback_open(&proxy, tls, serve_as_proxy, p);
    snprintf(url, sizeof url, "%s://" PASSWORD "127.0.0.1:%d", tls ? "https" : "http", proxy.port);
    setenv(variable, url, 1);
    struct exchange x = ask();
    unsetenv(variable);
    loopback_close(&proxy);
    *port = proxy.port;
    return x;
}

static void assert_failed(const struct exchange *x, enum cs_class class, int port, const char *why)
{
    char message[256];
    snprintf(message, sizeof message, "cas.test through the proxy 127.0.0.1:%d: %s", port, why);
    assert_int_equal(x->kind, CS_NET_FAILED);
    assert_string_equal(x->last.error.message, message);
    assert_int_equal(CS_CLASS(x->last.error.code), class);
    assert_int_equal(x->last.http_status, 0);
    assert_int_equal(x->last.sent_ns, 0);
    assert_int_equal(x->last.first_byte_ns, 0);
}

/* ---- the tests ---- */

#define ESTABLISHED "HTTP/1.1 200 Connection established\r\nX-Proxy: 1\r\n\r\n"

static void https_goes_through_a_proxy(void **state)
{
    struct proxied *p = calloc(1, sizeof *p);
    (void)state;
    assert_non_null(p);
    p->answer = ESTABLISHED;
    p->behind = certificate_context(&leaf, NULL);
    for (int i = 0; i < 8; i++) {
        int port;
        SSL_CTX *tls = i >= 4 ? certificate_context(&leaf, NULL) : NULL;
        tick_ns = i % 2 * CS_MS; /* a slow machine has no time for whole handshakes */
        struct exchange x = ask_through(p, variables[i % 4], tls, &port);
        tick_ns = 0;
        assert_string_equal(x.last.error.message, "");
        assert_int_equal(x.kind, CS_NET_REPLY);
        assert_true(x.last.first_byte_ns >= x.last.sent_ns);
        assert_null(strstr(x.head, "x-proxy"));
        assert_string_equal(x.body, "hi");
        /* the proxy learns the host and nothing else */
        assert_string_equal(p->seen, "CONNECT cas.test:443 HTTP/1.1\r\nHost: cas.test:443\r\n"
                                     "Proxy-Authorization: Basic " BASIC "\r\n"
                                     "Proxy-Connection: Keep-Alive\r\n\r\n");
        SSL_CTX_free(tls);
    }
    SSL_CTX_free(p->behind);
    free(p);
}

static void the_first_variable_counts(void **state)
{
    struct loopback nobody;
    int port;
    char url[64];
    struct proxied *p = calloc(1, sizeof *p);
    (void)state;
    assert_non_null(p);
    p->answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    loopback_open(&nobody, NULL, serve_as_proxy, p);
    loopback_close(&nobody);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", nobody.port);
    for (int i = 3; i >= 0; i--) { /* each goes before those that have been tried */
        struct exchange x = ask_through(p, variables[i], NULL, &port);
        assert_failed(&x, CS_DENIED, port, "the proxy answered HTTP 403");
        setenv(variables[i], url, 1);
    }
    free(p);
}

static void a_proxy_may_refuse(void **state)
{
    static const struct {
        int status;
        enum cs_class class;
        enum cs_net_refusal refused;
        const char *more;
    } cases[] = {
        {401, CS_DENIED, CS_NET_REFUSED_PROXY, ""},
        {403, CS_DENIED, CS_NET_REFUSED_PROXY, ""},
        {407, CS_DENIED, CS_NET_REFUSED_PROXY, ": it wants another user name and password"},
        {404, CS_NETWORK, CS_NET_REFUSED_PROXY, ""},
        {302, CS_NETWORK, CS_NET_REFUSED_PROXY, ""},
        {408, CS_NETWORK, CS_NET_NOT_REFUSED, ""},
        {429, CS_NETWORK, CS_NET_NOT_REFUSED, ""},
        {502, CS_NETWORK, CS_NET_NOT_REFUSED, ""},
    };
    struct proxied *p = calloc(1, sizeof *p);
    (void)state;
    assert_non_null(p);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char answer[128], why[128];
        int port;
        snprintf(answer, sizeof answer,
                 "HTTP/1.1 %d No\r\nContent-Length: 0\r\nLocation: http://127.0.0.1:1/\r\n\r\n",
                 cases[i].status);
        p->answer = answer;
        struct exchange x = ask_through(p, "https_proxy", NULL, &port);
        snprintf(why, sizeof why, "the proxy answered HTTP %d%s", cases[i].status, cases[i].more);
        assert_failed(&x, cases[i].class, port, why);
        assert_int_equal(x.last.refused, cases[i].refused);
    }
    free(p);
}

static void a_proxy_may_die(void **state)
{
    int port;
    struct proxied *p = calloc(1, sizeof *p);
    (void)state;
    assert_non_null(p);
    struct exchange x = ask_through(p, "https_proxy", NULL, &port);
    assert_failed(&x, CS_NETWORK, port, "waiting for the proxy: Proxy CONNECT aborted");
    assert_int_equal(x.last.refused, CS_NET_NOT_REFUSED);

    p->answer = ESTABLISHED; /* and then nothing */
    x = ask_through(p, "https_proxy", NULL, &port);
    char begin[128];
    snprintf(begin, sizeof begin,
             "cas.test through the proxy 127.0.0.1:%d: in the TLS handshake: ", port);
    assert_memory_equal(x.last.error.message, begin, strlen(begin));
    assert_int_equal(x.last.refused, CS_NET_NOT_REFUSED);
    free(p);
}

static void a_proxy_may_not_be_there(void **state)
{
    struct loopback nobody;
    char url[64];
    (void)state;
    loopback_open(&nobody, NULL, serve_as_proxy, NULL);
    loopback_close(&nobody);
    snprintf(url, sizeof url, PASSWORD "127.0.0.1:%d", nobody.port); /* http is taken for granted */
    setenv("https_proxy", url, 1);
    struct exchange x = ask();
    assert_failed(&x, CS_NETWORK, nobody.port, "can't connect: Connection refused");

    /* a label of more than 63 bytes is no name (RFC 1035 2.3.4): nobody is asked for it */
    setenv("https_proxy",
           "http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test:3128", 1);
    x = ask();
    assert_string_equal(x.last.error.message,
                        "cas.test: Could not resolve proxy: "
                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test");
}

static void say_nothing(struct loopback_connection *c, void *argument)
{
    (void)argument;
    loopback_await_end(c);
}

static void a_silent_proxy_is_left(void **state)
{
    struct loopback proxy;
    struct exchange x = {.kind = CS_NET_NONE};
    char url[64];
    cs_error error;
    cs_net *net = exchange_net(ca_file);
    cs_net_request request = {.method = CS_LITERAL("GET"), .url = CS_LITERAL("https://cas.test/")};
    (void)state;
    exchange_give_time(&request);
    request.connect_ns = 200 * CS_MS;
    loopback_open(&proxy, NULL, say_nothing, NULL);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", proxy.port);
    setenv("https_proxy", url, 1);
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    exchange_finish(net, &x, 1);
    assert_failed(&x, CS_NETWORK, proxy.port, "timed out after 200 ms, waiting for the proxy");
    cs_net_close(net);
    loopback_close(&proxy);
}

static void a_proxy_that_speaks_tls_is_verified(void **state)
{
    int port;
    struct certificate other = certificate_make("127.0.0.1", "IP:127.0.0.1", NULL, -1, 1);
    SSL_CTX *tls = certificate_context(&other, NULL);
    struct proxied *p = calloc(1, sizeof *p);
    (void)state;
    assert_non_null(p);
    struct exchange x = ask_through(p, "https_proxy", tls, &port);
    assert_failed(&x, CS_NETWORK, port,
                  "TLS: the certificate was refused: self-signed certificate");
    assert_int_equal(x.last.refused, CS_NET_REFUSED_TLS);
    assert_string_equal(p->seen, "");
    free(p);
    SSL_CTX_free(tls);
    certificate_free(&other);
}

static void bad_proxies_are_not_quoted(void **state)
{
    static const char *const urls[] = {
        "ftp://" PASSWORD "127.0.0.1",
        "http://" PASSWORD "127.0.0.1:99999",
        "http://" PASSWORD,
        "http://" PASSWORD "a b",
        "://" PASSWORD,
    };
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        cs_error error;
        cs_net *net = exchange_net(NULL);
        cs_net_request request = {.method = CS_LITERAL("GET"),
                                  .url = CS_LITERAL("https://cas.test/")};
        setenv("HTTPS_PROXY", urls[i], 1);
        assert_int_equal(CS_CLASS(cs_net_start(net, &request, &error)), CS_ARGUMENT);
        assert_string_equal(error.message,
                            "HTTPS_PROXY: expected the URL of a proxy, such as http://HOST:PORT");
        cs_net_close(net);
    }
}

static void greet(struct loopback_connection *c, void *argument)
{
    (void)argument;
    if (loopback_request(c)) {
        loopback_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        loopback_await_end(c);
    }
}

/* "This network" (RFC 1122 3.2.1.3) is not loopback, but Linux connects it to this host. */
static struct exchange ask_this_network(cs_net *net, const char *scheme, int port)
{
    struct exchange x = {.kind = CS_NET_NONE};
    char url[64];
    cs_error error;
    cs_net_request request = {.method = CS_LITERAL("GET")};
    exchange_give_time(&request);
    snprintf(url, sizeof url, "%s://0.0.0.0:%d/", scheme, port);
    request.url = cs_slice_of(url);
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    exchange_finish(net, &x, 1);
    return x;
}

/* All of them name a proxy that is not there. */
static void nothing_else_goes_through_a_proxy(void **state)
{
    struct loopback plain, secure;
    cs_error error;
    cs_net *net;
    cs_net_options options = {.allow_http = 1, .ca_file = cs_slice_of(ca_file)};
    SSL_CTX *tls = certificate_context(&leaf, NULL);
    (void)state;
    for (int i = 0; i < 5; i++) {
        setenv(variables[i], "http://127.0.0.1:1", 1);
    }
    loopback_open(&plain, NULL, greet, NULL);
    loopback_open(&secure, tls, greet, NULL);
    assert_int_equal(cs_net_new(&net, &options, &error), 0);
    struct exchange x = exchange_get(net, "http", plain.port);
    assert_int_equal(x.kind, CS_NET_REPLY);
    x = exchange_get(net, "https", secure.port);
    assert_int_equal(x.kind, CS_NET_REPLY);
    x = ask_this_network(net, "http", plain.port);
    assert_int_equal(x.kind, CS_NET_REPLY);

    static const char *const excepted[] = {"0.0.0.0", "*", "cas.test, 0.0.0.0"};
    for (size_t i = 0; i < sizeof excepted / sizeof *excepted; i++) {
        setenv(i % 2 ? "no_proxy" : "NO_PROXY", excepted[i], 1);
        x = ask_this_network(net, "https", secure.port);
        char message[200];
        snprintf(message, sizeof message,
                 "0.0.0.0:%d: TLS: the certificate is for another name: SSL: no alternative "
                 "certificate subject name matches target host name '0.0.0.0'",
                 secure.port);
        assert_string_equal(x.last.error.message, message);
        unsetenv(i % 2 ? "no_proxy" : "NO_PROXY");
    }
    x = ask_this_network(net, "https", secure.port);
    char message[200];
    snprintf(message, sizeof message,
             "0.0.0.0:%d through the proxy 127.0.0.1:1: can't connect: Connection refused",
             secure.port);
    assert_string_equal(x.last.error.message, message);
    cs_net_close(net);
    loopback_close(&plain);
    loopback_close(&secure);
    SSL_CTX_free(tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(https_goes_through_a_proxy, unset_variables),
        cmocka_unit_test_teardown(the_first_variable_counts, unset_variables),
        cmocka_unit_test_teardown(a_proxy_may_refuse, unset_variables),
        cmocka_unit_test_teardown(a_proxy_may_die, unset_variables),
        cmocka_unit_test_teardown(a_proxy_may_not_be_there, unset_variables),
        cmocka_unit_test_teardown(a_silent_proxy_is_left, unset_variables),
        cmocka_unit_test_teardown(a_proxy_that_speaks_tls_is_verified, unset_variables),
        cmocka_unit_test_teardown(bad_proxies_are_not_quoted, unset_variables),
        cmocka_unit_test_teardown(nothing_else_goes_through_a_proxy, unset_variables),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
