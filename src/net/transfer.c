/* transfer.c - one request from the hand-over to libcurl to its end.
 *
 * libcurl sends a request again by itself when a kept connection dies before the first byte of the
 * reply (Curl_retry_request), when an HTTP/2 server refuses the stream or asks for HTTP/1.1. A
 * second sending has the same nonce and no permit, so it is stopped here: before each sending
 * libcurl calls allow_sending, and before it opens a connection for one, open_socket. */
#include "net/internal.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

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

static void tell(struct net_transfer *t)
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

static void watch_deadline(struct net_transfer *t)
{
    int64_t limit_ns;
    const char *which;
    int64_t deadline_ns = find_deadline(t, &limit_ns, &which);
    if (deadline_ns < t->net->deadline_ns) {
        t->net->deadline_ns = deadline_ns;
    }
}

/* ---- the callbacks of libcurl ---- */

static int speaks_http2(CURL *easy)
{
    struct curl_tlssessioninfo *tls = NULL;
    const unsigned char *protocol = NULL;
    unsigned int n = 0;
    if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &tls) == CURLE_OK && tls->internals) {
        SSL_get0_alpn_selected((SSL *)tls->internals, &protocol, &n);
    }
    return n == 2 && memcmp(protocol, "h2", 2) == 0; /* RFC 9113 3.1 */
}

/* CURLOPT_PREREQFUNCTION: the connection is ready, and the request leaves in the same call of
 * libcurl. */
static int allow_sending(void *data, char *ip, char *local_ip, int port, int local_port)
{
    struct net_transfer *t = (struct net_transfer *)data;
    int64_t now_ns = cs_clock_now_ns();
    (void)ip, (void)local_ip, (void)port, (void)local_port;
    if (t->sent_ns) {
        net_failure_resend(t);
        return CURL_PREREQFUNC_ABORT;
    }
    long connections = 0;
    curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connections);
    t->new_connection = connections > 0;
    if (t->https && t->new_connection) {
        t->net->http2 = speaks_http2(t->easy);
    }
    t->net->probe = t->net->probe == t ? NULL : t->net->probe;
    if (t->not_after_ns && now_ns > t->not_after_ns) {
        net_failure_late(t);
        return CURL_PREREQFUNC_ABORT;
    }
    t->sent_ns = now_ns;
    t->tell_sent = 1;
    tell(t);
    watch_deadline(t);
    return CURL_PREREQFUNC_OK;
}

/* CURLOPT_OPENSOCKETFUNCTION: what a second sending would need is refused before it costs a
 * handshake. libcurl itself would leave the descriptor open in the children of the host program. */
static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct net_transfer *t = (struct net_transfer *)data;
    (void)purpose;
    if (t->sent_ns) {
        net_failure_resend(t);
        return CURL_SOCKET_BAD;
    }
    int s = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    t->socket_errno = s < 0 ? errno : 0;
    return s;
}

static void note_byte(struct net_transfer *t)
{
    t->last_byte_ns = cs_clock_now_ns();
    t->first_byte_ns = t->first_byte_ns ? t->first_byte_ns : t->last_byte_ns;
}

/* What libcurl is told of n bytes: that they were taken, or that the transfer has failed. */
static size_t answer(struct net_transfer *t, int result, const cs_error *why, size_t n)
{
    if (result) {
        cs_fail(&t->error, (enum cs_class)CS_CLASS(result), 0, t->host, ": ", why->message, NULL);
    }
    return result ? 0 : n;
}

static size_t take_line(char *p, size_t size, size_t n, void *data)
{
    struct net_transfer *t = (struct net_transfer *)data;
    long status = 0;
    cs_error why;
    (void)size; /* is 1 */
    note_byte(t);
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    int result = net_reply_line(&t->reply, (cs_slice){p, n}, (int)status, &why);
    return answer(t, result, &why, n);
}

static size_t take_body(char *p, size_t size, size_t n, void *data)
{
    struct net_transfer *t = (struct net_transfer *)data;
    cs_error why;
    (void)size; /* is 1 */
    note_byte(t);
    int result = net_reply_body(&t->reply, (cs_slice){p, n}, &why);
    return answer(t, result, &why, n);
}

int net_transfer_attach(struct net_transfer *t, cs_error *error)
{
    CURL *easy = t->easy;
    int failed = curl_easy_setopt(easy, CURLOPT_PRIVATE, t) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->curl_error) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, allow_sending) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_PREREQDATA, t) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_line) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, t) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, t) != CURLE_OK;
    return failed ? cs_fail(error, CS_LIMIT, 0, "libcurl lacks a callback that is needed", NULL)
                  : 0;
}

/* ---- begin and end ---- */

static void release_handle(struct net_transfer *t)
{
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    t->easy = NULL;
    t->headers = NULL;
}

void net_transfer_detach(struct net_transfer *t)
{
    if (t->state == NET_RUNNING) {
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
    net_transfer_detach(t);
    release_handle(t);
    t->done_ns = now_ns;
    tell(t);
}

void net_transfer_free(struct net_transfer *t)
{
    if (t) {
        release_handle(t);
        net_reply_free(&t->reply);
        free(t);
    }
}

void net_transfer_queue(struct net_transfer *t, int64_t now_ns)
{
    t->state = NET_QUEUED;
    t->start_ns = now_ns;
    net_list_append(&t->net->queued, t);
    watch_deadline(t);
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
    net_list_remove(&net->queued, t);
    net_list_append(&net->running, t);
    t->state = NET_RUNNING;
    t->handed_ns = now_ns;
    watch_deadline(t);
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
        if (t->reply.at == NET_HEAD_DONE) {
            t->http_status = (int)status;
            t->http_version = version == CURL_HTTP_VERSION_1_0   ? 10
                              : version == CURL_HTTP_VERSION_1_1 ? 11
                                                                 : 20;
        }
        if (!t->error.code && (code != CURLE_OK || t->reply.at != NET_HEAD_DONE)) {
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
            watch_deadline(t);
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
