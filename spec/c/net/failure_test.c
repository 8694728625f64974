/* Whatever keeps a reply away, the message says with whom, what was being done, and what went
 * wrong. */
#include "support/certificates.h"
#include "support/exchange.h"
#include "support/loopback.h"

#include "net/internal.h"

#include <sys/resource.h>
#include <sys/wait.h>

static struct certificate ca, other_ca;
static const char *ca_file;

static int make_certificates(void **state)
{
    static int fd;
    (void)state;
    ca = certificate_make("test CA", NULL, NULL, -1, 1);
    other_ca = certificate_make("other CA", NULL, NULL, -1, 1);
    ca_file = certificate_file(&ca, &fd);
    return 0;
}

static int free_certificates(void **state)
{
    (void)state;
    certificate_free(&ca);
    certificate_free(&other_ca);
    return 0;
}

static void reply(struct loopback_connection *c, void *argument)
{
    (void)argument;
    if (loopback_request(c)) {
        loopback_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
}

/* Asks a server that shows `leaf` (freed here); nothing may arrive. */
static void assert_refused(struct certificate leaf, SSL_CTX *ctx, const char *message)
{
    struct loopback server;
    cs_net *net = exchange_net(ca_file);
    loopback_open(&server, ctx, reply, NULL);
    struct exchange x = exchange_get(net, "https", server.port);
    exchange_failed(&x, CS_NETWORK, server.port, message);
    assert_int_equal(x.last.refused, CS_NET_REFUSED_TLS);
    assert_int_equal(x.last.sent_ns, 0);
    assert_int_equal(x.sent_events, 0);
    cs_net_close(net);
    loopback_close(&server);
    assert_int_equal(server.requests_n, 0);
    SSL_CTX_free(ctx);
    certificate_free(&leaf);
}

static void certificates_are_verified(void **state)
{
    static const struct {
        const char *name;
        int issuer; /* 0: itself, 1: ca, 2: other_ca */
        int from, to;
        const char *message;
    } cases[] = {
        {"IP:127.0.0.1", 2, -1, 1,
         "TLS: the certificate is from an unknown CA: unable to get local issuer certificate"},
        {"IP:127.0.0.1", 0, -1, 1, "TLS: the certificate was refused: self-signed certificate"},
        {"IP:127.0.0.1", 1, -2, -1, "TLS: the certificate was refused: certificate has expired"},
        {"IP:127.0.0.1", 1, 1, 2, "TLS: the certificate was refused: certificate is not yet valid"},
        {"IP:127.0.0.2", 1, -1, 1,
         "TLS: the certificate is for another name: SSL: no alternative certificate subject name "
         "matches target host name '127.0.0.1'"},
        {"DNS:127.0.0.1", 1, -1, 1,
         "TLS: the certificate is for another name: SSL: no alternative certificate subject name "
         "matches target host name '127.0.0.1'"},
    };
    const struct certificate *issuers[] = {NULL, &ca, &other_ca};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct certificate leaf = certificate_make(
            "127.0.0.1", cases[i].name, issuers[cases[i].issuer], cases[i].from, cases[i].to);
        assert_refused(leaf, certificate_context(&leaf, NULL), cases[i].message);
    }
}

static void old_tls_is_refused(void **state)
{
    struct certificate leaf = certificate_make("127.0.0.1", "IP:127.0.0.1", &ca, -1, 1);
    SSL_CTX *ctx = certificate_context(&leaf, NULL);
    (void)state;
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
    assert_refused(
        leaf, ctx,
        "TLS: expected version 1.2 or 1.3, found an older one: tlsv1 alert protocol version");
}

static void a_handshake_may_be_refused(void **state)
{
    struct certificate leaf = certificate_make("127.0.0.1", "IP:127.0.0.1", &ca, -1, 1);
    SSL_CTX *ctx = certificate_context(&leaf, NULL);
    (void)state;
    SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(ctx, "ECDHE-RSA-AES128-GCM-SHA256"); /* the certificate is not RSA's */
    assert_refused(leaf, ctx, "TLS: the handshake was refused: sslv3 alert handshake failure");
}

static void say_hello(struct loopback_connection *c, void *argument)
{
    (void)argument;
    if (loopback_say(c, "220 smtp.example ready\r\n")) {
        loopback_await_end(c);
    }
}

static void close_at_once(struct loopback_connection *c, void *argument)
{
    char byte;
    (void)argument;
    loopback_read(c, &byte, 1);
    loopback_reset(c);
}

/* What libcurl 8.14 says around it. */
static void a_refusal_is_found_in_more_words(void **state)
{
    struct net_transfer t = {
        .host = "cas.test", .net = exchange_net(NULL), .easy = curl_easy_init()};
    (void)state;
    strcpy(t.curl_error,
           "TLS connect error: error:0A00042E:SSL routines::tlsv1 alert protocol version");
    net_failure_explain(&t, CURLE_SSL_CONNECT_ERROR);
    assert_string_equal(t.error.message,
                        "cas.test: TLS: expected version 1.2 or 1.3, found an older "
                        "one: tlsv1 alert protocol version");
    assert_int_equal(t.refused, CS_NET_REFUSED_TLS);
    curl_easy_cleanup(t.easy);
    cs_net_close(t.net);
}

static void what_is_no_tls_is_refused(void **state)
{
    struct loopback server;
    cs_net *net = exchange_net(ca_file);
    (void)state;
    loopback_open(&server, NULL, say_hello, NULL);
    struct exchange x = exchange_get(net, "https", server.port);
    exchange_failed(&x, CS_NETWORK, server.port,
                    "TLS: found another protocol: wrong version number");
    assert_int_equal(x.last.refused, CS_NET_REFUSED_TLS);
    assert_int_equal(x.last.sent_ns, 0);
    cs_net_close(net);
    loopback_close(&server);
}

static void a_reset_in_the_handshake_is_called_that(void **state)
{
    struct loopback server;
    char expected[200];
    cs_net *net = exchange_net(ca_file);
    (void)state;
    loopback_open(&server, NULL, close_at_once, NULL);
    struct exchange x = exchange_get(net, "https", server.port);
    assert_int_equal(x.kind, CS_NET_FAILED);
    assert_int_equal(CS_CLASS(x.last.error.code), CS_NETWORK);
    snprintf(expected, sizeof expected, "127.0.0.1:%d: in the TLS handshake: ", server.port);
    assert_memory_equal(x.last.error.message, expected, strlen(expected));
    assert_int_equal(x.last.refused, CS_NET_NOT_REFUSED);
    /* the rest is libcurl's in one of two forms, as the kernel tells it at the read or after it */
    assert_non_null(strstr(x.last.error.message, "Connection reset by peer"));
    cs_net_close(net);
    loopback_close(&server);
}

static void a_refused_connection_is_called_that(void **state)
{
    struct loopback server;
    cs_net *net = exchange_net(NULL);
    (void)state;
    loopback_open(&server, NULL, reply, NULL);
    loopback_close(&server);
    struct exchange x = exchange_get(net, "http", server.port);
    exchange_failed(&x, CS_NETWORK, server.port, "can't connect: Connection refused");
    assert_int_equal(x.last.new_connection, 0);

    char url[64];
    cs_error error;
    cs_net_request request = exchange_request(url, sizeof url, "http", server.port, "/");
    request.connect_only = 1;
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    exchange_finish(net, &x, 1);
    exchange_failed(&x, CS_NETWORK, server.port, "can't connect: Connection refused");
    cs_net_close(net);
}

static void a_lack_of_descriptors_is_called_that(void **state)
{
    cs_net *net = exchange_net(NULL);
    cs_error error;
    struct rlimit before, none;
    (void)state;
    assert_int_equal(cs_net_step(net, 0, &error), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct exchange x = exchange_get(net, "http", 1);
    cs_net *other = exchange_net(NULL);
    int result = cs_net_step(other, 0, &error);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    exchange_failed(&x, CS_NETWORK, 1, "can't connect: Too many open files");
    assert_int_equal(CS_CLASS(result), CS_LIMIT);
    assert_string_equal(error.message, "epoll_create1: Too many open files");
    cs_net_close(net);
    cs_net_close(other);
}

/* A label of 64 bytes is more than DNS has room for (RFC 1035 2.3.4), so no name server is asked.
 */
#define LONG_LABEL "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void an_unknown_name_is_called_that(void **state)
{
    cs_net *net;
    cs_error error;
    struct exchange x = {.kind = CS_NET_NONE};
    cs_net_options options = {.allow_http = 1};
    cs_net_request request = {.method = CS_LITERAL("GET"),
                              .url = CS_LITERAL("http://" LONG_LABEL ".test/")};
    (void)state;
    assert_int_equal(cs_net_new(&net, &options, &error), 0);
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    exchange_finish(net, &x, 1);
    assert_string_equal(x.last.error.message,
                        LONG_LABEL ".test: Could not resolve host: " LONG_LABEL ".test");
    assert_int_equal(CS_CLASS(x.last.error.code), CS_NETWORK);
    cs_net_close(net);
}

#define NO_THREAD                                                                                  \
    "cas.test: can't start a thread to look up the name: a limit of processes forbids it (ulimit " \
    "-u; in HAProxy set insecure-fork-wanted); with connect_to no name is looked up"

/* What a request says that needs a name, in a process that may not start a thread: `limit` processes
 * of a user who has one. */
static cs_net_event ask_without_threads(rlim_t limit)
{
    const struct rlimit processes = {limit, limit};
    int results[2];
    cs_net_event event;
    assert_int_equal(pipe(results), 0);
    pid_t child = fork();
    if (child == 0) {
        cs_net *net;
        cs_net_options options = {.allow_http = 1};
        cs_net_request request = {.method = CS_LITERAL("GET"),
                                  .url = CS_LITERAL("http://cas.test/")};
        struct exchange x = {.kind = CS_NET_NONE};
        if ((geteuid() == 0 && setuid(65534) != 0) || setrlimit(RLIMIT_NPROC, &processes) != 0 ||
            cs_net_new(&net, &options, NULL) || cs_net_start(net, &request, NULL)) {
            _exit(1);
        }
        exchange_finish(net, &x, 1);
        (void)!write(results[1], &x.last, sizeof x.last);
        cs_net_close(net);
        _exit(0);
    }
    close(results[1]);
    assert_int_equal(read(results[0], &event, sizeof event), sizeof event);
    close(results[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return event;
}

static void a_lack_of_threads_is_called_that(void **state)
{
    (void)state;
    cs_net_event event = ask_without_threads(0);
    assert_string_equal(event.error.message, NO_THREAD);
    assert_int_equal(CS_CLASS(event.error.code), CS_LIMIT);
    assert_int_equal(event.refused, CS_NET_REFUSED_THREAD);

    event = ask_without_threads(1); /* another process may end */
    assert_string_equal(event.error.message, NO_THREAD);
    assert_int_equal(CS_CLASS(event.error.code), CS_NETWORK);
    assert_int_equal(event.refused, CS_NET_NOT_REFUSED);
}

static void a_reset_is_called_that(void **state)
{
    struct loopback server;
    cs_net *net = exchange_net(NULL);
    (void)state;
    loopback_open(&server, NULL, close_at_once, NULL);
    struct exchange x = exchange_get(net, "http", server.port);
    exchange_failed(&x, CS_NETWORK, server.port,
                    "waiting for the reply: Recv failure: Connection reset by peer");
    assert_true(x.last.sent_ns > 0);
    cs_net_close(net);
    loopback_close(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_are_verified),
        cmocka_unit_test(old_tls_is_refused),
        cmocka_unit_test(a_handshake_may_be_refused),
        cmocka_unit_test(a_refusal_is_found_in_more_words),
        cmocka_unit_test(what_is_no_tls_is_refused),
        cmocka_unit_test(a_reset_in_the_handshake_is_called_that),
        cmocka_unit_test(a_refused_connection_is_called_that),
        cmocka_unit_test(a_lack_of_descriptors_is_called_that),
        cmocka_unit_test(an_unknown_name_is_called_that),
        cmocka_unit_test(a_lack_of_threads_is_called_that),
        cmocka_unit_test(a_reset_is_called_that),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
