/* net.c - HTTP requests that never block: started, stepped, and collected as events. */
#include "net/internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const size_t BODY_LIMIT = (size_t)16 << 20, HEADER_LIMIT = (size_t)64 << 10;

/* Where the caller gives no limit of time. */
static const int64_t CONNECT_NS = 5 * CS_SEC, IDLE_NS = 10 * CS_SEC, TOTAL_NS = 30 * CS_SEC;

int cs_net_new(cs_net **out, const cs_net_options *options, cs_error *error)
{
    cs_slice ca_file = options->ca_file;
    X509_STORE *store;
    *out = NULL;
    int result = net_trust_initialise(error);
    if (!result && ca_file.n) {
        result = net_trust_store(ca_file, &store, error);
    }
    if (result) {
        return result;
    }
    cs_net *net = (cs_net *)malloc(sizeof *net + ca_file.n);
    if (!net) {
        return cs_fail(error, CS_LIMIT, 0, "out of memory for a transport", NULL);
    }
    *net = (cs_net){
        .body_limit = options->body_limit ? options->body_limit : BODY_LIMIT,
        .header_limit = options->header_limit ? options->header_limit : HEADER_LIMIT,
        .allow_http = options->allow_http,
        .epoll = -1,
        .timer_ns = INT64_MAX,
        .deadline_ns = INT64_MAX,
        .told = {.link = NET_TOLD},
        .ca_file_n = ca_file.n,
    };
    if (ca_file.n) {
        memcpy(net->ca_file, ca_file.p, ca_file.n);
    }
    result = net_connect_to_set(net, options->connect_to, error);
    if (result) {
        free(net);
        return result;
    }
    *out = net;
    return 0;
}

/* The connections are shared with the process that forked this one: libcurl, made to close them
 * here, would end them there too. */
static int was_forked(const cs_net *net)
{
    return net->pid && net->pid != getpid();
}

static int begin_use(cs_net *net, cs_error *error)
{
    if (was_forked(net)) {
        return cs_fail(error, CS_CLOSED, 0,
                       "this transport was in use before fork(); the child needs one of its own",
                       NULL);
    }
    net->pid = net->pid ? net->pid : getpid();
    return 0;
}

static void release_given(cs_net *net)
{
    net_transfer_free(net->given);
    net->given = NULL;
}

/* Drops those of a list whose id is *id; all where id is NULL. */
static void drop_from(cs_net *net, const struct net_list *list, const uint64_t *id)
{
    for (struct net_transfer *t = list->first, *next; t; t = next) {
        next = t->link[list->link].next;
        if (!id || t->id == *id) {
            net_transfer_detach(t);
            if (t->told) {
                net_list_remove(&net->told, t);
            }
            net_transfer_free(t);
            net->live--;
        }
    }
}

void cs_net_drop(cs_net *net, uint64_t id)
{
    if (!was_forked(net)) {
        drop_from(net, &net->queued, &id);
        drop_from(net, &net->running, &id);
        drop_from(net, &net->told, &id);
    }
}

void cs_net_close(cs_net *net)
{
    if (!net) {
        return;
    }
    if (was_forked(net)) {
        if (net->epoll >= 0) {
            close(net->epoll);
        }
    } else {
        drop_from(net, &net->queued, NULL);
        drop_from(net, &net->running, NULL);
        drop_from(net, &net->told, NULL);
        release_given(net);
        net_loop_close(net);
    }
    curl_slist_free_all(net->connect_to);
    free(net);
}

static int check_times(const cs_net_request *request, cs_error *error)
{
    if (request->connect_ns < 0 || request->idle_ns < 0 || request->total_ns < 0 ||
        request->not_after_ns < 0) {
        return cs_fail(error, CS_ARGUMENT, 0, "a limit of time is negative", NULL);
    }
    return 0;
}

int cs_net_start(cs_net *net, const cs_net_request *request, cs_error *error)
{
    int result = begin_use(net, error);
    result = result ? result : check_times(request, error);
    if (result) {
        return result;
    }
    struct net_transfer *t = (struct net_transfer *)malloc(sizeof *t);
    if (!t) {
        return cs_fail(error, CS_LIMIT, 0, "out of memory for the request", NULL);
    }
    *t = (struct net_transfer){
        .net = net,
        .id = request->id,
        .connect_ns = request->connect_ns ? request->connect_ns : CONNECT_NS,
        .idle_ns = request->idle_ns ? request->idle_ns : IDLE_NS,
        .total_ns = request->total_ns ? request->total_ns : TOTAL_NS,
        .not_after_ns = request->not_after_ns,
        .connect_only = request->connect_only,
        .describe = request->describe,
        .reply = {.header_limit = net->header_limit, .body_limit = net->body_limit},
    };
    result = net_request_prepare(t, request, error);
    result = result ? result : net_callbacks_attach(t, error);
    if (result) {
        net_transfer_free(t);
        return result;
    }
    net_transfer_queue(t, cs_clock_now_ns());
    net->live++;
    return 0;
}

int cs_net_step(cs_net *net, int64_t wait_ns, cs_error *error)
{
    int result = begin_use(net, error);
    result = result ? result : net_loop_open(net, error);
    if (result) {
        return result;
    }
    net_transfer_hand_over(net, cs_clock_now_ns());
    int64_t idle_ns = cs_net_idle_ns(net);
    result = net_loop_turn(net, wait_ns < idle_ns ? wait_ns : idle_ns, error);
    net_transfer_gather(net, cs_clock_now_ns());
    net->over_ns = cs_clock_now_ns();
    net_transfer_expire(net, net->over_ns);
    return result;
}

int cs_net_collect(cs_net *net, cs_net_event *out)
{
    *out = (cs_net_event){.kind = CS_NET_NONE};
    release_given(net);
    struct net_transfer *t = net->told.first;
    if (!t || was_forked(net)) {
        return 0;
    }
    t->left_ns = t->tell_sent ? net->over_ns : t->left_ns;
    out->id = t->id;
    out->sent_ns = t->sent_ns;
    out->left_ns = t->left_ns;
    out->new_connection = t->new_connection;
    int sent = t->tell_sent;
    t->tell_sent = 0;
    if (!sent || t->state != NET_ENDED) {
        net_list_remove(&net->told, t);
        t->told = 0;
    }
    if (sent) {
        out->kind = CS_NET_SENT;
        return 1;
    }
    net->given = t;
    net->live--;
    out->kind = t->error.code ? CS_NET_FAILED : t->connect_only ? CS_NET_CONNECTED : CS_NET_REPLY;
    out->first_byte_ns = t->first_byte_ns;
    out->done_ns = t->done_ns;
    out->http_status = t->http_status;
    out->http_version = t->http_version;
    out->refused = t->refused;
    out->too_late = t->too_late;
    out->described = t->describe;
    out->facts = net_facts_of(t);
    out->error = t->error;
    if (out->kind == CS_NET_REPLY) {
        out->head = (cs_slice){t->reply.head.p, t->reply.head.n};
        out->body = (cs_slice){t->reply.body.p, t->reply.body.n};
    }
    return 1;
}

size_t cs_net_live(const cs_net *net)
{
    return net->live;
}

int64_t cs_net_idle_ns(const cs_net *net)
{
    if (net_transfer_is_due(net) || net->told.first) {
        return 0;
    }
    int64_t until_ns = net->timer_ns < net->deadline_ns ? net->timer_ns : net->deadline_ns;
    if (until_ns == INT64_MAX) {
        return INT64_MAX;
    }
    int64_t now_ns = cs_clock_now_ns();
    return until_ns > now_ns ? until_ns - now_ns : 0;
}

int cs_net_fd(cs_net *net, cs_error *error)
{
    if (begin_use(net, error) || net_loop_open(net, error)) {
        return -1;
    }
    return net->epoll;
}
