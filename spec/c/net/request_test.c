/* What leaves is what was given, byte for byte, and what may not leave is refused before anything
 * is opened. */
#include "support/exchange.h"
#include "support/freed.h"
#include "support/loopback.h"

static const cs_slice GET = {"GET", 3};

/* ---- libcurl, with a call that can be made to fail ---- */

static int calls, failing_call;

static int fails(void)
{
    return ++calls == failing_call;
}

CURL *curl_easy_init(void)
{
    CURL *(*real)(void);
    *(void **)&real = dlsym(RTLD_NEXT, "curl_easy_init");
    return fails() ? NULL : real();
}

CURLU *curl_url(void)
{
    CURLU *(*real)(void);
    *(void **)&real = dlsym(RTLD_NEXT, "curl_url");
    return fails() ? NULL : real();
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *line)
{
    struct curl_slist *(*real)(struct curl_slist *, const char *);
    *(void **)&real = dlsym(RTLD_NEXT, "curl_slist_append");
    return fails() ? NULL : real(list, line);
}

/* Its third argument is a pointer, a long or a curl_off_t: 64 bits each. */
CURLcode(curl_easy_setopt)(CURL *easy, CURLoption option, ...)
{
    CURLcode (*real)(CURL *, CURLoption, ...);
    va_list arguments;
    va_start(arguments, option);
    void *value = va_arg(arguments, void *);
    va_end(arguments);
    *(void **)&real = dlsym(RTLD_NEXT, "curl_easy_setopt");
    return fails() ? CURLE_OUT_OF_MEMORY : real(easy, option, value);
}

/* ---- refused ---- */

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

static void methods_are_checked(void **state)
{
    static const char message[] = "method: expected a word of 1 to 31 characters, such as POST";
    const cs_slice methods[] = {
        {"", 0},
        {"GET /", 5},
        {"GET\r\nX:", 7},
        {"G\0T", 3},
        {"(GET)", 5},
        {"G\x80T", 3},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF", 32},
    };
    cs_net_request request = {.url = CS_LITERAL("https://cas.test/")};
    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        request.method = methods[i];
        assert_refused(request, 0, message);
    }
    request.method = CS_LITERAL("HEAD");
    request.body = CS_LITERAL("x");
    assert_refused(request, 0, "body: a HEAD request has none");
}

static void headers_are_checked(void **state)
{
    static const char name[] = "header: the name is empty or has a character that names don't have";
    static const char value[] = "header: the value has a control character";
    static const char framing[] =
        "header: Content-Length and Transfer-Encoding follow from the body";
    const struct {
        cs_pair field;
        const char *message;
    } cases[] = {
        {{CS_LITERAL(""), CS_LITERAL("x")}, name},
        {{CS_LITERAL("a b"), CS_LITERAL("x")}, name},
        {{CS_LITERAL("a:"), CS_LITERAL("x")}, name},
        {{CS_LITERAL("a;"), CS_LITERAL("x")}, name},
        {{CS_LITERAL("a\r\nb"), CS_LITERAL("x")}, name},
        {{CS_LITERAL("a\0"), CS_LITERAL("x")}, name},
        {{CS_LITERAL("a\xc3\xa4"), CS_LITERAL("x")}, name},
        {{CS_LITERAL("a"), CS_LITERAL("x\r\nb: c")}, value},
        {{CS_LITERAL("a"), CS_LITERAL("x\n")}, value},
        {{CS_LITERAL("a"), CS_LITERAL("x\0y")}, value},
        {{CS_LITERAL("a"), CS_LITERAL("x\ty")}, value},
        {{CS_LITERAL("a"), CS_LITERAL("x\x7f")}, value},
        {{CS_LITERAL("content-LENGTH"), CS_LITERAL("9")}, framing},
        {{CS_LITERAL("Transfer-Encoding"), CS_LITERAL("chunked")}, framing},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cs_net_request request = {.method = GET,
                                  .url = CS_LITERAL("https://cas.test/"),
                                  .headers = &cases[i].field,
                                  .headers_n = 1};
        assert_refused(request, 0, cases[i].message);
    }
}

static void limits_of_time_are_checked(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        cs_net_request request = {.method = GET, .url = CS_LITERAL("https://cas.test/")};
        request.connect_ns = -(i == 0);
        request.idle_ns = -(i == 1);
        request.total_ns = -(i == 2);
        request.not_after_ns = -(i == 3);
        assert_refused(request, 0, "a limit of time is negative");
    }
}

/* Each call that libcurl can fail, failed in turn: always an error, and nothing left behind. */
static void a_lack_of_memory_is_an_error(void **state)
{
    cs_net *net = exchange_net(NULL);
    cs_error error;
    const cs_pair header = {CS_LITERAL("a"), CS_LITERAL("b")};
    const cs_net_request requests[] = {
        {.method = GET,
         .url = CS_LITERAL("https://127.0.0.1/"),
         .headers = &header,
         .headers_n = 1},
        {.method = CS_LITERAL("POST"), .url = CS_LITERAL("http://127.0.0.1/")},
        {.method = CS_LITERAL("HEAD"), .url = CS_LITERAL("http://127.0.0.1/")},
    };
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        int result, n = 0;
        do {
            calls = 0;
            failing_call = ++n;
            result = cs_net_start(net, &requests[i], &error);
            assert_true(result == 0 || CS_CLASS(result) == CS_LIMIT);
            assert_true((result == 0) == (calls < failing_call));
        } while (result);
        failing_call = 0;
        assert_true(n > 30);
        assert_int_equal(cs_net_live(net), i + 1);
    }
    cs_net_close(net);
}

/* ---- sent ---- */

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

static void assert_sent(const char *method, const char *target, const cs_pair *headers, size_t n,
                        const char *body, const char *expected)
{
    struct loopback server;
    struct exchange x = {.kind = CS_NET_NONE};
    char url[128], bytes[16];
    cs_error error;
    cs_net *net = exchange_net(NULL);
    loopback_open(&server, NULL, echo, NULL);
    snprintf(bytes, sizeof bytes, "%s", body);
    cs_net_request request = exchange_request(url, sizeof url, "http", server.port, target);
    request.method = cs_slice_of(method);
    request.headers = headers;
    request.headers_n = n;
    request.body = cs_slice_of(bytes);
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    memset(url, 'x', sizeof url); /* both were copied */
    memset(bytes, 'x', sizeof bytes);
    exchange_finish(net, &x, 1);
    assert_int_equal(x.kind, CS_NET_REPLY);
    assert_string_equal(x.body, expected);
    cs_net_close(net);
    loopback_close(&server);
}

static void only_what_was_given_is_sent(void **state)
{
    const cs_pair host = {CS_LITERAL("host"), CS_LITERAL("cas.test:1")};
    const cs_pair many[] = {
        {CS_LITERAL("x-acs-b"), CS_LITERAL("2")},
        {CS_LITERAL("x-acs-a"), CS_LITERAL("")},
        {CS_LITERAL("x-acs-blank"), CS_LITERAL("   ")},
        {CS_LITERAL("Accept"), CS_LITERAL("application/json")},
        {CS_LITERAL("content-type"), CS_LITERAL("text/plain; a=\"\xc3\xa4\"")},
        {CS_LITERAL("Authorization"), CS_LITERAL("ACS3-HMAC-SHA256 Credential=a,Signature=b")},
        {CS_LITERAL("host"), CS_LITERAL("cas.test:1")},
    };
    (void)state;
    assert_sent("GET", "/", &host, 1, "", "GET / HTTP/1.1\r\nHost: cas.test:1\r\n\r\n");
    assert_sent("POST", "/?A=b", &host, 1, "",
                "POST /?A=b HTTP/1.1\r\nHost: cas.test:1\r\nContent-Length: 0\r\n\r\n");
    assert_sent("PUT", "/t", &host, 1, "",
                "PUT /t HTTP/1.1\r\nHost: cas.test:1\r\nContent-Length: 0\r\n\r\n");
    assert_sent("DELETE", "/t", &host, 1, "", "DELETE /t HTTP/1.1\r\nHost: cas.test:1\r\n\r\n");
    assert_sent("GET", "/t", &host, 1, "odd",
                "GET /t HTTP/1.1\r\nHost: cas.test:1\r\nContent-Length: 3\r\n\r\nodd");
    assert_sent("POST", "/", many, 7, "a=b",
                "POST / HTTP/1.1\r\nHost: cas.test:1\r\nx-acs-b: 2\r\nx-acs-a:\r\nx-acs-blank:\r\n"
                "Accept: application/json\r\ncontent-type: text/plain; a=\"\xc3\xa4\"\r\n"
                "Authorization: ACS3-HMAC-SHA256 Credential=a,Signature=b\r\n"
                "Content-Length: 3\r\n\r\na=b");
}

enum { LARGE = 2 << 20 };

/* Reads a header and LARGE bytes of a body, and answers with the header. */
static void echo_header(struct loopback_connection *c, void *argument)
{
    char reply[64];
    size_t n = 0;
    (void)argument;
    char *end = NULL;
    while (!end) {
        size_t got = loopback_read(c, c->request + n, LOOPBACK_REQUEST - n);
        if (!got) {
            return;
        }
        n += got;
        c->request[n] = '\0';
        end = strstr(c->request, "\r\n\r\n");
    }
    *end = '\0';
    for (n -= (size_t)(end + 4 - c->request); n < LARGE;) {
        char bytes[16384];
        size_t got = loopback_read(c, bytes, sizeof bytes);
        if (!got) {
            return;
        }
        n += got;
    }
    snprintf(reply, sizeof reply, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
             (size_t)(end - c->request));
    if (loopback_say(c, reply)) {
        loopback_say(c, c->request);
    }
}

/* libcurl asks with "Expect: 100-continue" before it sends more than 1 MiB. */
static void a_large_body_is_sent_unasked(void **state)
{
    static char body[LARGE];
    const cs_pair host = {CS_LITERAL("Host"), CS_LITERAL("h")};
    struct loopback server;
    struct exchange x = {.kind = CS_NET_NONE};
    char url[64];
    cs_error error;
    cs_net *net = exchange_net(NULL);
    (void)state;
    loopback_open(&server, NULL, echo_header, NULL);
    cs_net_request request = exchange_request(url, sizeof url, "http", server.port, "/");
    request.method = CS_LITERAL("POST");
    request.headers = &host;
    request.headers_n = 1;
    request.body = (cs_slice){body, sizeof body};
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    exchange_finish(net, &x, 1);
    assert_string_equal(x.body, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2097152");
    cs_net_close(net);
    loopback_close(&server);
}

/* Whether it was sent, or refused for its last header. */
static void nothing_secret_is_left(void **state)
{
    const cs_pair headers[] = {{CS_LITERAL("Host"), CS_LITERAL("h")},
                               {CS_LITERAL("x-acs-security-token"), CS_LITERAL(FREED_CANARY)},
                               {CS_LITERAL("bad"), CS_LITERAL("\r")}};
    struct loopback server;
    struct exchange x = {.kind = CS_NET_NONE};
    char url[128];
    cs_error error;
    cs_net *net = exchange_net(NULL);
    (void)state;
    loopback_open(&server, NULL, echo, NULL);
    cs_net_request request =
        exchange_request(url, sizeof url, "http", server.port, "/?token=" FREED_CANARY);
    request.method = CS_LITERAL("POST");
    request.headers = headers;
    request.body = CS_LITERAL("Action=AssumeRole&SecurityToken=" FREED_CANARY);
    freed_blocks = freed_found = 0;
    request.headers_n = 3;
    assert_int_equal(CS_CLASS(cs_net_start(net, &request, &error)), CS_ARGUMENT);
    request.headers_n = 2;
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    exchange_finish(net, &x, 1);
    assert_int_equal(x.kind, CS_NET_REPLY);
    cs_net_close(net);
    /* of both a URL, a body, two lines and the list of them, and of the reply two blocks */
    assert_true(freed_blocks > 2 * 5 + 2);
    assert_int_equal(freed_found, 0);
    loopback_close(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_are_checked),
        cmocka_unit_test(headers_are_checked),
        cmocka_unit_test(limits_of_time_are_checked),
        cmocka_unit_test(a_lack_of_memory_is_an_error),
        cmocka_unit_test(only_what_was_given_is_sent),
        cmocka_unit_test(a_large_body_is_sent_unasked),
        cmocka_unit_test(nothing_secret_is_left),
    };
    freed_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
