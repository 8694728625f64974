/* Every request that was started ends in one event, unless it is dropped; what is dropped or closed
 * leaves nothing behind; and a fork shares no connection. */
#include "support/certificates.h"
#include "support/exchange.h"
#include "support/loopback.h"

#include <sys/wait.h>

static void reply(struct loopback_connection *c, void *argument)
{
    (void)argument;
    while (loopback_request(c)) {
        loopback_say(c, "HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\nContent-Length: 2\r\n\r\nok");
    }
}

/* Reads requests and never answers. */
static void swallow(struct loopback_connection *c, void *argument)
{
    (void)argument;
    while (loopback_request(c)) {
    }
}

static void start(cs_net *net, int port, uint64_t id)
{
    char url[64];
    cs_error error;
    cs_net_request request = exchange_request(url, sizeof url, "http", port, "/");
    request.id = id;
    assert_int_equal(cs_net_start(net, &request, &error), 0);
}

static void step(cs_net *net)
{
    cs_error error;
    assert_int_equal(cs_net_step(net, 10 * CS_MS, &error), 0);
}

static void sent_comes_before_the_reply(void **state)
{
    struct loopback server;
    cs_net *net = exchange_net(NULL);
    cs_net_event event = {.kind = CS_NET_NONE};
    cs_pair field;
    size_t offset = 0;
    (void)state;
    loopback_open(&server, NULL, reply, NULL);
    start(net, server.port, UINT64_MAX);
    assert_int_equal(cs_net_live(net), 1);
    while (!cs_net_collect(net, &event)) {
        step(net);
    }
    assert_int_equal(event.kind, CS_NET_SENT);
    assert_true(event.id == UINT64_MAX);
    assert_int_equal(event.new_connection, 1);
    assert_int_equal(event.first_byte_ns, 0);
    int64_t sent_ns = event.sent_ns, left_ns = event.left_ns;
    assert_true(sent_ns > 0);
    assert_true(left_ns >= sent_ns && left_ns <= cs_clock_now_ns());
    assert_int_equal(cs_net_live(net), 1);
    while (!cs_net_collect(net, &event)) {
        step(net);
    }
    assert_int_equal(event.kind, CS_NET_REPLY);
    assert_true(event.id == UINT64_MAX);
    assert_int_equal(event.sent_ns, sent_ns);
    assert_int_equal(event.left_ns, left_ns);
    assert_int_equal(event.http_status, 200);
    assert_true(cs_slice_equal(event.body, CS_LITERAL("ok")));
    assert_int_equal(cs_net_field_next(event.head, &offset, &field), 1);
    assert_int_equal(cs_net_field_next(event.head, &offset, &field), 1);
    assert_true(cs_slice_equal(field.name, CS_LITERAL("b")));
    assert_true(cs_slice_equal(field.value, CS_LITERAL("2")));
    assert_int_equal(event.error.code, 0);
    assert_int_equal(cs_net_live(net), 0);
    assert_int_equal(cs_net_collect(net, &event), 0);
    assert_int_equal(event.kind, CS_NET_NONE);
    cs_net_close(net);
    loopback_close(&server);
}

/* Nothing of it is collected, wherever it was. */
static void assert_dropped(cs_net *net, uint64_t id)
{
    cs_net_event event;
    cs_net_drop(net, id);
    for (int i = 0; i < 3; i++) {
        step(net);
        assert_int_equal(cs_net_collect(net, &event), 0);
    }
    assert_int_equal(cs_net_live(net), 0);
}

static void what_is_dropped_has_no_event(void **state)
{
    struct loopback silent, server;
    cs_net *net = exchange_net(NULL);
    cs_net_event event;
    (void)state;
    loopback_open(&silent, NULL, swallow, NULL);
    loopback_open(&server, NULL, reply, NULL);

    start(net, silent.port, 1); /* in the queue */
    cs_net_drop(net, 2);
    assert_int_equal(cs_net_live(net), 1);
    assert_dropped(net, 1);
    assert_int_equal(loopback_connections(&silent), 0);

    start(net, silent.port, 1); /* sent, not told */
    while (loopback_requests(&silent) == 0) {
        step(net);
    }
    assert_dropped(net, 1);

    start(net, silent.port, 1); /* in flight */
    while (!cs_net_collect(net, &event)) {
        step(net);
    }
    assert_dropped(net, 1);

    start(net, server.port, 1); /* the reply is there */
    while (!cs_net_collect(net, &event)) {
        step(net);
    }
    while (cs_net_idle_ns(net) > 0 || loopback_requests(&server) == 0) {
        step(net);
    }
    assert_dropped(net, 1);

    start(net, server.port, 7); /* several with one id, and one with another */
    start(net, server.port, 8);
    start(net, silent.port, 7);
    cs_net_drop(net, 7);
    assert_int_equal(cs_net_live(net), 1);
    do {
        step(net);
        while (cs_net_collect(net, &event)) {
            assert_int_equal(event.id, 8);
        }
    } while (cs_net_live(net));
    cs_net_close(net);
    loopback_close(&silent);
    loopback_close(&server);
}

static void it_closes_with_requests_everywhere(void **state)
{
    struct loopback silent, server;
    cs_net *net = exchange_net(NULL);
    cs_net_event event;
    (void)state;
    cs_net_close(NULL);
    cs_net_close(exchange_net(NULL));
    loopback_open(&silent, NULL, swallow, NULL);
    loopback_open(&server, NULL, reply, NULL);
    for (uint64_t i = 0; i < 10; i++) {
        start(net, i % 2 ? silent.port : server.port, i);
    }
    while (loopback_requests(&silent) < 3) {
        step(net);
    }
    while (!cs_net_collect(net, &event) || event.kind != CS_NET_REPLY) {
        step(net);
    }
    start(net, silent.port, 10);
    assert_true(event.body.n > 0); /* shown, and freed with the rest */
    cs_net_close(net);
    loopback_close(&silent);
    loopback_close(&server);
}

static void idle_says_when_to_step(void **state)
{
    struct loopback server;
    cs_net *net = exchange_net(NULL);
    cs_net_event event;
    cs_error error;
    char url[64];
    (void)state;
    loopback_open(&server, NULL, swallow, NULL);
    assert_true(cs_net_idle_ns(net) == INT64_MAX);
    cs_net_request request = exchange_request(url, sizeof url, "http", server.port, "/");
    request.idle_ns = 3600 * CS_SEC;
    request.connect_ns = request.total_ns = 7200 * CS_SEC;
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    assert_int_equal(cs_net_idle_ns(net), 0); /* to be handed over */
    while (loopback_requests(&server) == 0) {
        step(net);
    }
    assert_int_equal(cs_net_idle_ns(net), 0); /* there is an event */
    while (!cs_net_collect(net, &event)) {
        step(net);
    }
    do { /* timers of libcurl's that run out */
        step(net);
    } while (cs_net_idle_ns(net) <= 60 * CS_SEC);
    assert_true(cs_net_idle_ns(net) <= 3600 * CS_SEC);
    int fd = cs_net_fd(net, &error);
    assert_true(fd >= 0);
    assert_int_equal(cs_net_fd(net, &error), fd);
    cs_net_close(net);
    loopback_close(&server);
}

static void limits_that_are_huge_do_not_overflow(void **state)
{
    struct loopback server;
    struct exchange x = {.kind = CS_NET_NONE};
    char url[64];
    cs_error error;
    cs_net *net = exchange_net(NULL);
    (void)state;
    loopback_open(&server, NULL, reply, NULL);
    cs_net_request request = exchange_request(url, sizeof url, "http", server.port, "/");
    request.connect_ns = request.idle_ns = request.total_ns = request.not_after_ns = INT64_MAX;
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    exchange_finish(net, &x, 1);
    assert_int_equal(x.kind, CS_NET_REPLY);
    cs_net_close(net);
    loopback_close(&server);
}

/* What the child finds: 0, or the number of the check that failed. */
static int check_in_child(cs_net *net, int port)
{
    static const char message[] =
        "this transport was in use before fork(); the child needs one of its own";
    char url[64];
    cs_error error;
    cs_net_event event;
    cs_net_request request = exchange_request(url, sizeof url, "http", port, "/");
    if (CS_CLASS(cs_net_step(net, 0, &error)) != CS_CLOSED || strcmp(error.message, message) != 0) {
        return 1;
    }
    if (CS_CLASS(cs_net_start(net, &request, NULL)) != CS_CLOSED) {
        return 2;
    }
    if (cs_net_fd(net, &error) != -1 || CS_CLASS(error.code) != CS_CLOSED) {
        return 3;
    }
    if (cs_net_collect(net, &event)) {
        return 4;
    }
    cs_net_drop(net, 0);
    cs_net_close(net);
    cs_net_options options = {.allow_http = 0};
    if (cs_net_new(&net, &options, NULL) || cs_net_start(net, &request, NULL)) {
        return 5;
    }
    do {
        if (cs_net_step(net, CS_SEC, NULL)) {
            return 6;
        }
    } while (!cs_net_collect(net, &event) || event.kind == CS_NET_SENT);
    int good = event.kind == CS_NET_REPLY && event.new_connection;
    cs_net_close(net);
    return good ? 0 : 7;
}

static void a_fork_shares_no_connection(void **state)
{
    struct loopback server;
    cs_net *net = exchange_net(NULL);
    int results[2];
    char result = -1;
    (void)state;
    assert_int_equal(pipe(results), 0);
    loopback_open(&server, NULL, reply, NULL);
    struct exchange x = exchange_get(net, "http", server.port);
    assert_int_equal(x.kind, CS_NET_REPLY);
    pid_t child = fork();
    if (child == 0) {
        result = (char)check_in_child(net, server.port);
        (void)!write(results[1], &result, 1);
        execlp("true", "true", NULL); /* its copy of the connections is lost: no leak to be found */
    }
    close(results[1]);
    assert_int_equal(read(results[0], &result, 1), 1);
    close(results[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(result, 0);
    x = exchange_get(net, "http", server.port); /* the child has not closed it */
    assert_int_equal(x.kind, CS_NET_REPLY);
    assert_int_equal(x.last.new_connection, 0);
    cs_net_close(net);
    loopback_close(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sent_comes_before_the_reply),
        cmocka_unit_test(what_is_dropped_has_no_event),
        cmocka_unit_test(it_closes_with_requests_everywhere),
        cmocka_unit_test(idle_says_when_to_step),
        cmocka_unit_test(limits_that_are_huge_do_not_overflow),
        cmocka_unit_test(a_fork_shares_no_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
