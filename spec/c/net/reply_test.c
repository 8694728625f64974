/* The header that a reply is known by is the final one, whole, within its limits, in one form; the
 * body is what was sent, and never more than its limit is kept. */
#include "support/loopback.h"

#include "support/exchange.h"
#include "support/freed.h"

#include "net/internal.h"

static struct net_reply new_reply(void)
{
    return (struct net_reply){.header_limit = 1024};
}

static void give(struct net_reply *reply, int status, const char *line)
{
    cs_error error;
    assert_int_equal(net_reply_line(reply, cs_slice_of(line), status, &error), 0);
}

static void assert_head(const struct net_reply *reply, const char *expected)
{
    assert_int_equal(reply->head.n, strlen(expected));
    assert_memory_equal(reply->head.p, expected, reply->head.n);
}

static void it_brings_fields_into_one_form(void **state)
{
    struct net_reply reply = new_reply();
    (void)state;
    give(&reply, 200, "HTTP/1.1 200 OK\r\n");
    give(&reply, 200, "Content-Type:text/plain\r\n");
    give(&reply, 200, "X-Empty:\r\n");
    give(&reply, 200, "x-blank \t:  a: b \t\r\n");
    give(&reply, 200, "X-Bare: line feed\n");
    give(&reply, 200, "X-Odd: a\rb\r\n");
    give(&reply, 200, "HTTP/1.1: not a status line\r\n");
    assert_int_equal(reply.at, NET_HEAD_OPEN);
    give(&reply, 200, "\r\n");
    assert_int_equal(reply.at, NET_HEAD_DONE);
    assert_head(&reply, "content-type: text/plain\r\nx-empty: \r\nx-blank: a: b\r\n"
                        "x-bare: line feed\r\nx-odd: a b\r\nhttp/1.1: not a status line\r\n");
    assert_int_equal(net_reply_field(&reply, "x-bare").n, strlen("line feed"));
    assert_int_equal(net_reply_field(&reply, "x-none").n, 0);
    net_reply_free(&reply);
}

static void it_joins_folded_lines(void **state)
{
    struct net_reply reply = new_reply();
    (void)state;
    give(&reply, 200, "HTTP/1.1 200 OK\r\n");
    give(&reply, 200, "X-Folded: one\r\n");
    give(&reply, 200, " \t two: 2\r\n");
    give(&reply, 200, "\tthree\r\n");
    give(&reply, 200, " \r\n");
    assert_int_equal(reply.at, NET_HEAD_OPEN);
    give(&reply, 200, "\r\n");
    assert_head(&reply, "x-folded: one two: 2 three \r\n");
    net_reply_free(&reply);
}

static void it_forgets_interim_replies_and_trailers(void **state)
{
    struct net_reply reply = new_reply();
    (void)state;
    give(&reply, 100, "HTTP/1.1 100 Continue\r\n");
    give(&reply, 100, "X-Of: 100\r\n");
    give(&reply, 100, "\r\n");
    assert_int_equal(reply.at, NET_HEAD_AWAITED);
    give(&reply, 103, "HTTP/1.1 103 Early Hints\r\n");
    give(&reply, 103, "Link: </style.css>\r\n");
    give(&reply, 103, "\r\n");
    give(&reply, 200, "HTTP/1.1 200 OK\r\n");
    give(&reply, 200, "X-Of: 200\r\n");
    give(&reply, 200, "\r\n");
    give(&reply, 200, "X-Trailer: late\r\n");
    give(&reply, 200, "HTTP/1.1 500 Not a status line\r\n");
    give(&reply, 200, "\r\n");
    assert_int_equal(reply.at, NET_HEAD_DONE);
    assert_head(&reply, "x-of: 200\r\n");
    net_reply_free(&reply);
}

static void it_walks_any_bytes(void **state)
{
    cs_pair field;
    size_t offset = 0;
    (void)state;
    cs_slice head = CS_LITERAL("a: 1\r\nno colon\r\nb:\r\nc: cut");
    static const char *const expected[][2] = {
        {"a", "1"}, {"no colon", ""}, {"b", ""}, {"c", "cut"}};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(cs_net_field_next(head, &offset, &field), 1);
        assert_true(cs_slice_equal(field.name, cs_slice_of(expected[i][0])));
        assert_true(cs_slice_equal(field.value, cs_slice_of(expected[i][1])));
    }
    assert_int_equal(cs_net_field_next(head, &offset, &field), 0);
    for (size_t n = 0; n <= head.n; n++) { /* each truncation, in a block of its own */
        char *copy = (char *)malloc(n ? n : 1);
        memcpy(copy, head.p, n);
        for (offset = 0; cs_net_field_next((cs_slice){copy, n}, &offset, &field);) {
            assert_true(field.value.n + field.name.n <= n);
        }
        free(copy);
    }
}

static void it_limits_the_header(void **state)
{
    char line[1024];
    cs_error error;
    (void)state;
    memset(line, 'x', sizeof line);
    struct net_reply reply = new_reply();
    give(&reply, 200, "HTTP/1.1 200 OK\r\n");
    cs_slice rest = {line, 1024 - 17};
    assert_int_equal(net_reply_line(&reply, rest, 200, &error), 0);
    assert_int_equal(CS_CLASS(net_reply_line(&reply, CS_LITERAL("\n"), 200, &error)), CS_LIMIT);
    assert_string_equal(error.message,
                        "expected a reply's header of at most 1024 bytes, found more");
    net_reply_free(&reply);

    reply = (struct net_reply){.header_limit = SIZE_MAX};
    for (int i = 0; i < 256; i++) {
        give(&reply, 200, "a:\n");
    }
    assert_int_equal(CS_CLASS(net_reply_line(&reply, CS_LITERAL("a:\n"), 200, &error)), CS_LIMIT);
    assert_string_equal(error.message,
                        "expected a reply's header of at most 256 lines, found more");
    net_reply_free(&reply);
}

static void it_limits_the_body(void **state)
{
    char bytes[1000] = "";
    cs_error error;
    struct net_reply reply = {.body_limit = 5000};
    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(net_reply_body(&reply, (cs_slice){bytes, sizeof bytes}, &error), 0);
    }
    assert_int_equal(net_reply_body(&reply, (cs_slice){bytes, 0}, &error), 0);
    assert_int_equal(CS_CLASS(net_reply_body(&reply, (cs_slice){bytes, 1}, &error)), CS_LIMIT);
    assert_string_equal(error.message, "expected a reply's body of at most 5000 bytes, found more");
    assert_int_equal(reply.body.n, 5000);
    assert_int_equal(reply.body.size, 5000);
    net_reply_free(&reply);
}

static void it_refuses_sizes_that_overflow(void **state)
{
    cs_error error;
    struct net_reply reply = {.body_limit = SIZE_MAX};
    (void)state;
    /* such a slice can't exist; what must not happen is that its size is computed modulo 2^64 */
    assert_int_equal(CS_CLASS(net_reply_body(&reply, (cs_slice){"", SIZE_MAX}, &error)), CS_LIMIT);
    assert_string_equal(error.message, "out of memory for the reply");
    assert_null(reply.body.p);
}

/* ---- through libcurl ---- */

/* Says `argument` to each request and ends the connection. */
static void say_and_close(struct loopback_connection *c, void *argument)
{
    if (loopback_request(c)) {
        loopback_say(c, (const char *)argument);
    }
}

static struct exchange ask(const char *reply, const char *method, int *port)
{
    char url[64];
    char text[4096];
    struct loopback server;
    struct exchange x = {.kind = CS_NET_NONE};
    cs_error error;
    cs_net *net = exchange_net(NULL);
    snprintf(text, sizeof text, "%s", reply);
    loopback_open(&server, NULL, say_and_close, text);
    *port = server.port;
    cs_net_request request = exchange_request(url, sizeof url, "http", server.port, "/");
    request.method = cs_slice_of(method);
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    exchange_finish(net, &x, 1);
    cs_net_close(net);
    loopback_close(&server);
    return x;
}

static void it_takes_replies_in_every_framing(void **state)
{
    static const struct {
        const char *method, *reply, *head, *body;
        int status, version;
    } cases[] = {
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "content-length: 2\r\n", "hi",
         200, 11},
        {"GET", "HTTP/1.0 404 Not Found\r\nA: b\r\n\r\nuntil the end", "a: b\r\n", "until the end",
         404, 10},
        {"GET",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
         "chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n",
         "transfer-encoding: chunked\r\n", "abcdefg", 200, 11},
        {"GET",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n1\r\na\r\n0\r\nX: "
         "t\r\n\r\n",
         "transfer-encoding: chunked\r\ntrailer: X\r\n", "a", 200, 11},
        {"POST",
         "HTTP/1.1 100 Continue\r\nI: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nI: 2\r\n\r\n"
         "HTTP/1.1 201 Created\r\nI: 3\r\nContent-Length: 0\r\n\r\n",
         "i: 3\r\ncontent-length: 0\r\n", "", 201, 11},
        {"GET", "HTTP/1.1 204 No Content\r\n\r\n", "", "", 204, 11},
        {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
         "content-length: 99999999999\r\n", "", 200, 11},
        {"GET", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
         "location: http://127.0.0.1:1/\r\ncontent-length: 0\r\n", "", 302, 11},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nraw",
         "content-encoding: gzip\r\ncontent-length: 3\r\n", "raw", 200, 11},
        {"GET", "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
         "www-authenticate: Basic\r\ncontent-length: 0\r\n", "", 401, 11},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int port;
        struct exchange x = ask(cases[i].reply, cases[i].method, &port);
        assert_int_equal(x.kind, CS_NET_REPLY);
        assert_int_equal(x.sent_events, 1);
        assert_string_equal(x.head, cases[i].head);
        assert_string_equal(x.body, cases[i].body);
        assert_int_equal(x.body_n, strlen(cases[i].body));
        assert_int_equal(x.last.http_status, cases[i].status);
        assert_int_equal(x.last.http_version, cases[i].version);
        assert_true(x.last.sent_ns > 0 && x.last.sent_ns <= x.last.first_byte_ns);
        assert_true(x.last.first_byte_ns <= x.last.done_ns);
    }
}

/* ... also of what was too small for it, as it grew. */
static void it_leaves_no_secret_behind(void **state)
{
    struct net_reply reply = {.header_limit = 65536, .body_limit = 65536};
    cs_error error;
    (void)state;
    freed_blocks = freed_found = 0;
    give(&reply, 200, "HTTP/1.1 200 OK\r\n");
    give(&reply, 200, "X-Token: " FREED_CANARY "\r\n");
    assert_int_equal(net_reply_body(&reply, CS_LITERAL(FREED_CANARY), &error), 0);
    for (int i = 0; i < 100; i++) {
        give(&reply, 200,
             "X: a value that makes the header longer than one block has room for\r\n");
        assert_int_equal(
            net_reply_body(&reply, CS_LITERAL("the same for the body, as long as that"), &error),
            0);
    }
    net_reply_free(&reply);
    assert_true(freed_blocks > 2 * 2);
    assert_int_equal(freed_found, 0);
}

static void it_refuses_what_is_no_whole_reply(void **state)
{
    static const struct {
        enum cs_class class;
        const char *reply, *message;
        int status;
    } cases[] = {
        {CS_NETWORK, "", "the connection closed, waiting for the reply", 0},
        {CS_NETWORK, "HTTP/1.1 20", "the connection closed, waiting for the reply", 0},
        {CS_NETWORK, "HTTP/1.1 200 OK\r\n", "the connection closed, reading the reply's header", 0},
        {CS_NETWORK, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: y",
         "the connection closed, reading the reply's header", 0},
        {CS_NETWORK, "HTTP/1.1 100 Continue\r\n\r\n",
         "the connection closed, reading the reply's header", 0},
        {CS_NETWORK, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nbytes",
         "the connection closed, reading the reply's header", 0},
        {CS_NETWORK, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
         "reading the reply's body: transfer closed with 6 bytes remaining to read", 200},
        {CS_NETWORK, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
         "reading the reply's body: transfer closed with outstanding read data remaining", 200},
        {CS_NETWORK, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
         "reading the reply's body: Illegal or missing hexadecimal sequence in chunked-encoding",
         200},
        {CS_PROTOCOL, "220 smtp.example ready\r\n",
         "the reply is not HTTP: Received HTTP/0.9 when not allowed", 0},
        {CS_PROTOCOL, "<html>\r\n</html>\r\n",
         "the reply is not HTTP: Received HTTP/0.9 when not allowed", 0},
        {CS_PROTOCOL, "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
         "the reply is not HTTP: Header without colon", 0},
        {CS_PROTOCOL, "HTTP/7.3 200 OK\r\n\r\n",
         "the reply is not HTTP: Unsupported HTTP version (7.3) in response", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int port;
        struct exchange x = ask(cases[i].reply, "GET", &port);
        exchange_failed(&x, cases[i].class, port, cases[i].message);
        assert_true(x.last.sent_ns > 0);
        assert_int_equal(x.last.http_status, cases[i].status);
    }
}

enum { PIECE = 1 << 16 };

/* Sends a reply that never ends: `argument`, and pieces of it until the client goes. */
static void flood(struct loopback_connection *c, void *argument)
{
    char piece[PIECE];
    const char *begin = (const char *)argument;
    int header = strstr(begin, "\r\n\r\n") == NULL;
    memset(piece, 'x', sizeof piece);
    if (header) {
        memcpy(piece, "X: ", 3);
        memcpy(piece + 998, "\r\n", 2);
    } else if (strstr(begin, "chunked")) {
        memcpy(piece, "fff0\r\n", 6);
        memcpy(piece + 6 + 0xfff0, "\r\n", 2);
    }
    if (loopback_request(c) && loopback_say(c, begin)) {
        size_t n = header ? 1000 : strstr(begin, "chunked") ? 6 + 0xfff0 + 2 : sizeof piece;
        while (loopback_write(c, piece, n)) {
        }
    }
}

static void it_never_takes_more_than_the_limits(void **state)
{
    static const struct {
        const char *begin, *message;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n",
         "expected a reply's body of at most 100000 bytes, found 10000000000 announced"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
         "expected a reply's body of at most 100000 bytes, found more announced"},
        {"HTTP/1.1 200 OK\r\n\r\n", "expected a reply's body of at most 100000 bytes, found more"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
         "expected a reply's body of at most 100000 bytes, found more"},
        {"HTTP/1.1 200 OK\r\n", "expected a reply's header of at most 65536 bytes, found more"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct loopback server;
        cs_net *net;
        cs_net_options options = {.body_limit = 100000};
        char begin[128];
        snprintf(begin, sizeof begin, "%s", cases[i].begin);
        assert_int_equal(cs_net_new(&net, &options, NULL), 0);
        loopback_open(&server, NULL, flood, begin);
        struct exchange x = exchange_get(net, "http", server.port);
        exchange_failed(&x, CS_LIMIT, server.port, cases[i].message);
        cs_net_close(net);
        loopback_close(&server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_brings_fields_into_one_form),
        cmocka_unit_test(it_joins_folded_lines),
        cmocka_unit_test(it_forgets_interim_replies_and_trailers),
        cmocka_unit_test(it_walks_any_bytes),
        cmocka_unit_test(it_limits_the_header),
        cmocka_unit_test(it_limits_the_body),
        cmocka_unit_test(it_refuses_sizes_that_overflow),
        cmocka_unit_test(it_takes_replies_in_every_framing),
        cmocka_unit_test(it_leaves_no_secret_behind),
        cmocka_unit_test(it_refuses_what_is_no_whole_reply),
        cmocka_unit_test(it_never_takes_more_than_the_limits),
    };
    freed_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
