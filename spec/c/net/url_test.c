/* A request goes where it may go and nowhere else, and asks for what it was told to. */
#include "support/exchange.h"
#include "support/loopback.h"

static const cs_slice GET = {"GET", 3};

static void assert_refused(cs_net_request request, int allow_http, const char *message)
{
    cs_net *net;
    cs_error error = {0, ""};
    cs_net_options options = {.allow_http = allow_http};
    assert_int_equal(cs_net_new(&net, &options, &error), 0);
    assert_int_equal(CS_CLASS(cs_net_start(net, &request, &error)), CS_ARGUMENT);
    assert_string_equal(error.message, message);
    assert_int_equal(error.code, CS_ERROR(CS_ARGUMENT, error.code & 0xFFFFFF));
    assert_int_equal(cs_net_live(net), 0);
    cs_net_close(net);
}

static void urls_are_checked(void **state)
{
    static const char plain[] = " is not allowed, only to 127.0.0.0/8, [::1] and 100.100.100.200";
    static const char scheme[] = "url: expected https:// or http://";
    static const char user[] = "url: user name and password are not accepted";
    static const char bytes[] = "url: a blank, a control character or one that is not ASCII";
    const struct {
        cs_slice url;
        const char *message, *end;
    } cases[] = {
        {CS_LITERAL(""), scheme, ""},
        {CS_LITERAL("127.0.0.1/"), scheme, ""},
        {CS_LITERAL("http:/127.0.0.1/"), scheme, ""},
        {CS_LITERAL("https:"), scheme, ""},
        {CS_LITERAL("ftp://127.0.0.1/"), scheme, ""},
        {CS_LITERAL("file:///etc/passwd"), scheme, ""},
        {CS_LITERAL("https://user@cas.test/"), user, ""},
        {CS_LITERAL("https://user:secret@cas.test/"), user, ""},
        {CS_LITERAL("https://@cas.test/"), user, ""},
        {CS_LITERAL("https://cas.test\\@127.0.0.1/"), "url: a backslash in the host", ""},
        {CS_LITERAL("https://cas.test/#x"), "url: a fragment (#) is never sent", ""},
        {CS_LITERAL("https://cas.test/a b"), bytes, ""},
        {CS_LITERAL("https://cas.test/\r\nX: y"), bytes, ""},
        {CS_LITERAL("https://cas.test/\0"), bytes, ""},
        {CS_LITERAL("https://cas.test/\x7f"), bytes, ""},
        {CS_LITERAL("https://c\xc3\xa4s.test/"), bytes, ""},
        {CS_LITERAL("https://"), "url: No host part in the URL", ""},
        {CS_LITERAL("https:///path"), "url: no host", ""},
        {CS_LITERAL("https://cas.test:65536/"),
         "url: Port number was not a decimal number between 0 and 65535", ""},
        {CS_LITERAL("http://cas.test/"), "url: plain http to cas.test", plain},
        {CS_LITERAL("http://localhost:80/"), "url: plain http to localhost:80", plain},
        {CS_LITERAL("http://127.0.0.1.test/"), "url: plain http to 127.0.0.1.test", plain},
        {CS_LITERAL("http://128.0.0.1/"), "url: plain http to 128.0.0.1", plain},
        {CS_LITERAL("http://100.100.100.201/"), "url: plain http to 100.100.100.201", plain},
        {CS_LITERAL("http://[::2]/"), "url: plain http to [::2]", plain},
        {CS_LITERAL("http://[::ffff:127.0.0.1]/"), "url: plain http to [::ffff:127.0.0.1]", plain},
        {CS_LITERAL("http://100.100.100.200@cas.test/"), user, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char message[200];
        cs_net_request request = {.method = GET, .url = cases[i].url};
        snprintf(message, sizeof message, "%s%s", cases[i].message, cases[i].end);
        assert_refused(request, 0, message);
    }
}

static void plain_http_has_its_places(void **state)
{
    static const char *const urls[] = {
        "http://127.0.0.1/",    "http://127.255.0.9:1/", "HTTP://[::1]:8080/x?y",
        "http://[0:0::0:1]/",   "http://0x7f000001/",    "http://100.100.100.200/latest/",
        "https://127.0.0.1:1/",
    };
    cs_net *net = exchange_net(NULL);
    cs_error error;
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        cs_net_request request = {.method = GET, .url = cs_slice_of(urls[i])};
        assert_int_equal(cs_net_start(net, &request, &error), 0);
    }
    cs_net_close(net);

    cs_net_options options = {.allow_http = 1};
    cs_net_request request = {.method = GET, .url = CS_LITERAL("http://cas.test:80/")};
    assert_int_equal(cs_net_new(&net, &options, &error), 0);
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    cs_net_close(net);
    request.url = CS_LITERAL("http://user@cas.test/");
    assert_refused(request, 1, "url: user name and password are not accepted");
}

/* Answers with the bytes that arrived. */
static void echo(struct loopback_connection *c, void *argument)
{
    char head[64];
    (void)argument;
    while (loopback_request(c)) {
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", c->taken);
        if (!loopback_say(c, head) || !loopback_write(c, c->request, c->taken)) {
            return;
        }
    }
}

static void targets_are_sent_as_they_are(void **state)
{
    static const char *const targets[] = {
        "/a/../b/./c//d",
        "/%2e%2E/%2f%41?x=%7e&y=~",
        "/?a=*'()!;:@&=+$,/?[]|{}^`\"<>",
        "/?SerialNumber=08%3A4B&x=",
        "//double",
        "/..",
    };
    const cs_pair host = {CS_LITERAL("Host"), CS_LITERAL("h")};
    struct loopback server;
    struct exchange x = {.kind = CS_NET_NONE};
    char url[128];
    cs_error error;
    cs_net *net = exchange_net(NULL);
    (void)state;
    loopback_open(&server, NULL, echo, NULL);
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        char expected[256];
        snprintf(expected, sizeof expected, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", targets[i]);
        cs_net_request request = exchange_request(url, sizeof url, "http", server.port, targets[i]);
        request.headers = &host;
        request.headers_n = 1;
        assert_int_equal(cs_net_start(net, &request, &error), 0);
        exchange_finish(net, &x, 1);
        assert_int_equal(x.kind, CS_NET_REPLY);
        assert_string_equal(x.body, expected);
    }
    cs_net_close(net);
    loopback_close(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_checked),
        cmocka_unit_test(plain_http_has_its_places),
        cmocka_unit_test(targets_are_sent_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
