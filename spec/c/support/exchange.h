/* exchange.h - requests through a cs_net, stepped until they have ended. */
#ifndef CERTSTAT_SPEC_EXCHANGE_H
#define CERTSTAT_SPEC_EXCHANGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "certstat.h"

enum { EXCHANGE_KEPT = 1024 };

/* What the events of one request said. */
struct exchange {
    enum cs_net_kind kind; /* of the last one */
    int sent_events;
    cs_net_event last; /* its slices are empty: see head and body */
    size_t body_n;
    char head[EXCHANGE_KEPT], body[EXCHANGE_KEPT]; /* their beginning, terminated */
};

static inline cs_net *exchange_net(const char *ca_file)
{
    cs_net *net;
    cs_error error;
    cs_net_options options = {.ca_file = cs_slice_of(ca_file)};
    assert_int_equal(cs_net_new(&net, &options, &error), 0);
    return net;
}

static inline void exchange_keep(char *out, cs_slice bytes)
{
    size_t n = bytes.n < EXCHANGE_KEPT - 1 ? bytes.n : EXCHANGE_KEPT - 1;
    memcpy(out, n ? bytes.p : "", n);
    out[n] = '\0';
}

/* Takes an event that is there. */
static inline void exchange_take(struct exchange *x, const cs_net_event *event)
{
    x->kind = event->kind;
    x->last = *event;
    x->last.head = x->last.body = (cs_slice){NULL, 0};
    x->sent_events += event->kind == CS_NET_SENT;
    x->body_n = event->body.n;
    exchange_keep(x->head, event->head);
    exchange_keep(x->body, event->body);
}

/* Steps until the requests with the ids 0 to n - 1 have ended. */
static inline void exchange_finish(cs_net *net, struct exchange *x, size_t n)
{
    cs_net_event event;
    cs_error error;
    for (size_t left = n; left;) {
        assert_int_equal(cs_net_step(net, CS_SEC, &error), 0);
        while (cs_net_collect(net, &event)) {
            assert_true(event.id < n);
            exchange_take(&x[event.id], &event);
            left -= event.kind != CS_NET_SENT;
        }
    }
}

/* Limits of time that a busy machine under valgrind keeps, and that end a test that hangs. */
static inline void exchange_give_time(cs_net_request *request)
{
    request->connect_ns = request->idle_ns = request->total_ns = 60 * CS_SEC;
}

static inline cs_net_request exchange_request(char *url, size_t size, const char *scheme, int port,
                                              const char *rest)
{
    snprintf(url, size, "%s://127.0.0.1:%d%s", scheme, port, rest);
    cs_net_request request = {.method = CS_LITERAL("GET"), .url = cs_slice_of(url)};
    exchange_give_time(&request);
    return request;
}

/* GET scheme://127.0.0.1:port/ to its end. */
static inline struct exchange exchange_get(cs_net *net, const char *scheme, int port)
{
    char url[64];
    cs_error error;
    struct exchange x = {.kind = CS_NET_NONE};
    cs_net_request request = exchange_request(url, sizeof url, scheme, port, "/");
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    exchange_finish(net, &x, 1);
    return x;
}

/* It failed with this class, and this text behind the server's address. */
static inline void exchange_failed(const struct exchange *x, enum cs_class class, int port,
                                   const char *message)
{
    char whole[512];
    snprintf(whole, sizeof whole, "127.0.0.1:%d: %s", port, message);
    assert_int_equal(x->kind, CS_NET_FAILED);
    assert_string_equal(x->last.error.message, whole);
    assert_int_equal(CS_CLASS(x->last.error.code), class);
}

#endif
