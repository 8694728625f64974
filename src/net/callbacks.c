/* callbacks.c - what libcurl asks and tells of one request while it runs.
 *
 * libcurl sends a request again by itself when a kept connection dies before the first byte of the
 * reply (Curl_retry_request), when an HTTP/2 server refuses the stream or asks for HTTP/1.1. A
 * second sending has the same nonce and no permit, so it is stopped here: before each sending
 * libcurl calls allow_sending, and before it opens a connection for one, open_socket. */
#include "net/internal.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>

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

/* Ends the transfer here, with the connection kept for another. libcurl looks at this option when
 * the callback returns, whereas a connection is for CURLOPT_CONNECT_ONLY alone, and shared with
 * nobody, if the option was set when the connection was made (lib/multi.c, lib/url.c of 7.88 to
 * 8.x). */
static int keep_connection(struct net_transfer *t)
{
    return curl_easy_setopt(t->easy, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK ? CURL_PREREQFUNC_OK
                                                                           : CURL_PREREQFUNC_ABORT;
}

/* CURLOPT_PREREQFUNCTION: the connection is ready, and the request leaves in the same call of
 * libcurl. */
static int allow_sending(void *data, char *ip, char *local_ip, int port, int local_port)
{
    struct net_transfer *t = (struct net_transfer *)data;
    int64_t now_ns = cs_clock_now_ns();
    (void)ip, (void)local_ip, (void)port;
    if (t->sent_ns) {
        net_failure_resend(t);
        return CURL_PREREQFUNC_ABORT;
    }
    long connections = 0;
    curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connections);
    t->new_connection = connections > 0;
    if (t->https && t->new_connection) {
        t->net->http2 = speaks_http2(t->easy);
        net_facts_note_tls(t);
    }
    t->net->probe = t->net->probe == t ? NULL : t->net->probe;
    if (t->connect_only) {
        return keep_connection(t);
    }
    if (t->not_after_ns && now_ns > t->not_after_ns) {
        net_failure_late(t);
        return keep_connection(t);
    }
    net_connections_use(t->net, local_port);
    t->sent_ns = now_ns;
    t->tell_sent = 1;
    net_transfer_tell(t);
    net_transfer_watch(t);
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
    net_proxy_note(t, address);
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

int net_callbacks_attach(struct net_transfer *t, cs_error *error)
{
    CURL *easy = t->easy;
    int failed = curl_easy_setopt(easy, CURLOPT_PRIVATE, t) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->curl_error) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, allow_sending) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_PREREQDATA, t) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t) != CURLE_OK;
    failed |=
        curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, net_connections_close) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, t->net) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_line) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, t) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, t) != CURLE_OK;
    return failed ? cs_fail(error, CS_LIMIT, 0, "libcurl lacks a callback that is needed", NULL)
                  : 0;
}
