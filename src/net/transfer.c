/* transfer.c - one request from the queue to its end, and its limits of time. */
#include "net/internal.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* ---- lists ---- */

void net_list_append(struct net_list *list, struct net_transfer *t)
{
    enum net_link by = list->link;
    t->link[by].next = NULL;
    t->link[by].previous = list->last;
    *(list->last ? &list->last->link[by].next : &list->first) = t;
    list->last = t;
}

void net_list_remove(struct net_list *list, struct net_transfer *t)
{
    enum net_link by = list->link;
    struct net_transfer *next = t->link[by].next, *previous = t->link[by].previous;
    *(next ? &next->link[by].previous : &list->last) = previous;
    *(previous ? &previous->link[by].next : &list->first) = next;
}

void net_transfer_tell(struct net_transfer *t)
{
    if (!t->told) {
        t->told = 1;
        net_list_append(&t->net->told, t);
    }
}

/* ---- limits of time ---- */

static int64_t after(int64_t from_ns, int64_t span_ns)
{
    return span_ns < INT64_MAX - from_ns ? from_ns + span_ns : INT64_MAX;
}

/* When its time is over, and which limit that is. */
static int64_t find_deadline(const struct net_transfer *t, int64_t *limit_ns, const char **which)
{
    int64_t total = after(t->start_ns, t->total_ns), part = INT64_MAX;
    if (t->sent_ns) {
        part = after(t->last_byte_ns ? t->last_byte_ns : t->sent_ns, t->idle_ns);
    } else if (t->handed_ns) {
        part = after(t->handed_ns, t->connect_ns);
    }
    int in_all = total <= part;
    *limit_ns = in_all ? t->total_ns : t->sent_ns ? t->idle_ns : t->connect_ns;
    *which = in_all ? " in all" : t->sent_ns ? " without a byte" : "";
    return in_all ? total : part;
}

void net_transfer_watch(struct net_transfer *t)
{
    int64_t limit_ns;
    const char *which;
    int64_t deadline_ns = find_deadline(t, &limit_ns, &which);
    if (deadline_ns < t->net->deadline_ns) {
        t->net->deadline_ns = deadline_ns;
    }
}

/* ---- begin and end ---- */

static void release_handle(struct net_transfer *t)
{
    curl_easy_cleanup(t->easy);
    for (struct curl_slist *line = t->headers; line; line = line->next) {
        OPENSSL_cleanse(line->data, strlen(line->data));
    }
    curl_slist_free_all(t->headers);
    OPENSSL_clear_free(t->body, t->body_n);
    t->easy = NULL;
    t->headers = NULL;
    t->body = NULL;
}

void net_transfer_detach(struct net_transfer *t)
{
    if (t->state == NET_RUNNING) {
        /* else libcurl would close what it has kept for who set it */
        curl_easy_setopt(t->easy, CURLOPT_CONNECT_ONLY, 0L);
        curl_multi_remove_handle(t->net->multi, t->easy);
        t->net->probe = t->net->probe == t ? NULL : t->net->probe;
    }
    if (t->state != NET_ENDED) {
        net_list_remove(t->state == NET_QUEUED ? &t->net->queued : &t->net->running, t);
    }
    t->state = NET_ENDED;
}

static void end(struct net_transfer *t, int64_t now_ns)
{
    net_facts_note(t, now_ns);
    net_transfer_detach(t);
    release_handle(t);
    t->done_ns = now_ns;
    net_transfer_tell(t);
}

void net_transfer_free(struct net_transfer *t)
{
    if (t) {
        release_handle(t);
        net_reply_free(&t->reply);
        free(t->chain.p);
        free(t);
    }
}

void net_transfer_queue(struct net_transfer *t, int64_t now_ns)
{
    t->state = NET_QUEUED;
    t->start_ns = now_ns;
    net_list_append(&t->net->queued, t);
    net_transfer_watch(t);
}

/* Ends it if a limit of its time has passed: 1, or 0. */
static int expire(struct net_transfer *t, int64_t now_ns)
{
    int64_t limit_ns;
    const char *which;
    if (find_deadline(t, &limit_ns, &which) > now_ns) {
        return 0;
    }
    net_failure_timeout(t, limit_ns, which);
    end(t, now_ns);
    return 1;
}

/* Ends it if it may not be sent any more: 1, or 0. */
static int refuse_late(struct net_transfer *t, int64_t now_ns)
{
    if (!t->not_after_ns || now_ns <= t->not_after_ns) {
        return 0;
    }
    net_failure_late(t);
    end(t, now_ns);
    return 1;
}

/* Whether a TLS server speaks HTTP/2 shows when the first connection to it is open. With
 * CURLOPT_PIPEWAIT alone, libcurl would let each further connection of HTTP/1.1 wait for the one
 * before, and start all that waited in one go. */
int net_transfer_is_due(const cs_net *net)
{
    return net->queued.first && !(net->probe && net->queued.first->https);
}

void net_transfer_hand_over(cs_net *net, int64_t now_ns)
{
    struct net_transfer *t;
    while ((t = net->queued.first) && (refuse_late(t, now_ns) || expire(t, now_ns))) {
    }
    if (!net_transfer_is_due(net)) {
        return;
    }
    if (t->https && !net->probed) {
        net->probed = 1;
        net->probe = t;
    }
    curl_easy_setopt(t->easy, CURLOPT_PIPEWAIT, (long)(t->https && net->http2));
    curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, (long)t->connect_only);
    net_list_remove(&net->queued, t);
    net_list_append(&net->running, t);
    t->state = NET_RUNNING;
    t->handed_ns = now_ns;
    net_transfer_watch(t);
    CURLMcode code = curl_multi_add_handle(net->multi, t->easy);
    if (code != CURLM_OK) {
        cs_fail(&t->error, CS_LIMIT, (int)code, "libcurl: ", curl_multi_strerror(code), NULL);
        end(t, now_ns);
    }
}

void net_transfer_gather(cs_net *net, int64_t now_ns)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(net->multi, &left))) {
        CURLcode code = message->data.result;
        struct net_transfer *t = NULL;
        long status = 0, version = 0;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
        net_connections_note(t);
        if (t->reply.at == NET_HEAD_DONE) {
            t->http_status = (int)status;
            t->http_version = version == CURL_HTTP_VERSION_1_0   ? 10
                              : version == CURL_HTTP_VERSION_1_1 ? 11
                                                                 : 20;
        }
        int whole = t->connect_only || t->reply.at == NET_HEAD_DONE;
        if (!t->error.code && (code != CURLE_OK || !whole)) {
            net_failure_explain(t, code);
        }
        end(t, now_ns);
    }
}

static void expire_list(const struct net_list *list, int64_t now_ns)
{
    for (struct net_transfer *t = list->first, *next; t; t = next) {
        next = t->link[NET_BY_STATE].next;
        if (!expire(t, now_ns)) {
            net_transfer_watch(t);
        }
    }
}

void net_transfer_expire(cs_net *net, int64_t now_ns)
{
    if (now_ns >= net->deadline_ns) {
        net->deadline_ns = INT64_MAX;
        expire_list(&net->queued, now_ns);
        expire_list(&net->running, now_ns);
    }
}
