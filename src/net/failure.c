/* failure.c - why there is no reply: with whom, what was being done, and what went wrong. */
#include "net/internal.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* What the proxy has answered; 0: nothing yet, or there is none. */
static int proxy_status(const struct net_transfer *t)
{
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return (int)status;
}

/* Before its answer to CONNECT, all that is said is said with it, TLS too. */
static int is_with_proxy(const struct net_transfer *t)
{
    return t->proxied && !proxy_status(t);
}

static const char *way(const struct net_transfer *t)
{
    return t->proxied ? t->proxy : t->net->at;
}

static void fail(struct net_transfer *t, enum cs_class class, const char *what, const char *why)
{
    cs_fail(&t->error, class, 0, t->host, way(t), ": ", what, why, NULL);
}

void net_failure_resend(struct net_transfer *t)
{
    fail(t, CS_NETWORK,
         t->new_connection ? "the server refused the request before the reply"
                           : "the kept-alive connection closed before the reply",
         "");
}

void net_failure_late(struct net_transfer *t)
{
    t->too_late = 1;
    fail(t, CS_DEADLINE, "not sent, its time to leave had passed", "");
}

/* ---- time ---- */

static const char *name_phase(const struct net_transfer *t)
{
    if (t->state == NET_QUEUED) {
        return "waiting to be started";
    }
    curl_off_t lookup_us = 0;
    long connections = 0;
    curl_easy_getinfo(t->easy, CURLINFO_NAMELOOKUP_TIME_T, &lookup_us);
    curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connections);
    if (!t->sent_ns && !lookup_us) {
        return "looking up the name or waiting for a connection";
    }
    if (!t->sent_ns && connections && is_with_proxy(t)) {
        return "waiting for the proxy";
    }
    if (!t->sent_ns) {
        return connections ? "in the TLS handshake" : "connecting";
    }
    if (!t->first_byte_ns) {
        return "waiting for the reply";
    }
    return t->reply.at == NET_HEAD_DONE ? "reading the reply's body" : "reading the reply's header";
}

void net_failure_timeout(struct net_transfer *t, int64_t limit_ns, const char *which)
{
    char text[64] = "";
    cs_buffer b;
    cs_buffer_init(&b, text, sizeof text - 1);
    cs_buffer_text(&b, "timed out after ");
    cs_buffer_decimal(&b, limit_ns / CS_MS);
    cs_buffer_text(&b, " ms");
    cs_buffer_text(&b, which);
    cs_buffer_text(&b, ", ");
    fail(t, CS_NETWORK, text, name_phase(t));
}

/* ---- what libcurl says ---- */

static void refuse_tls(struct net_transfer *t, const char *what, const char *why)
{
    t->refused = CS_NET_REFUSED_TLS;
    fail(t, CS_NETWORK, what, why);
}

/* The check that failed, as OpenSSL numbers and names them. libcurl asks for the number only where
 * the chain was refused; else it was the name, and libcurl's text says which one was looked for. */
static void explain_certificate(struct net_transfer *t, const char *detail)
{
    long number = X509_V_ERR_UNSPECIFIED;
    curl_easy_getinfo(
        t->easy, is_with_proxy(t) ? CURLINFO_PROXY_SSL_VERIFYRESULT : CURLINFO_SSL_VERIFYRESULT,
        &number);
    const char *check = X509_verify_cert_error_string(number);
    switch (number) {
    case X509_V_OK:
    case X509_V_ERR_UNSPECIFIED:
        refuse_tls(t, "TLS: the certificate is for another name: ", detail);
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        refuse_tls(t, "TLS: the certificate is from an unknown CA: ", check);
        break;
    default:
        refuse_tls(t, "TLS: the certificate was refused: ", check);
    }
}

/* OpenSSL's own number of what went wrong, which libcurl shows in its text alone: it is behind the
 * last "error:" of "TLS connect error: error:0A00042E:SSL routines::...". */
static unsigned long find_number(const char *detail)
{
    const char *number = NULL;
    while ((detail = strstr(detail, "error:"))) {
        number = detail += strlen("error:");
    }
    return number ? strtoul(number, NULL, 16) : 0;
}

static void explain_handshake(struct net_transfer *t, const char *detail)
{
    unsigned long code = find_number(detail);
    switch (ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0) {
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
        refuse_tls(t, "TLS: expected version 1.2 or 1.3, found an older one: ",
                   ERR_reason_error_string(code));
        break;
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        refuse_tls(t, "TLS: the handshake was refused: ", ERR_reason_error_string(code));
        break;
    case SSL_R_WRONG_VERSION_NUMBER:
        refuse_tls(t, "TLS: found another protocol: ", ERR_reason_error_string(code));
        break;
    default:
        fail(t, CS_NETWORK, "in the TLS handshake: ", detail);
    }
}

/* The proxy has answered CONNECT (RFC 9110 9.3.6) with another status than 2xx. Whether a server
 * behind it can be reached may change, and so may the proxy's load. */
static void explain_proxy(struct net_transfer *t, int status)
{
    char text[64] = "";
    cs_buffer b;
    int is_denied = status == 401 || status == 403 || status == 407;
    cs_buffer_init(&b, text, sizeof text - 1);
    cs_buffer_text(&b, "the proxy answered HTTP ");
    cs_buffer_decimal(&b, status);
    if (is_denied || (status < 500 && status != 408 && status != 429)) {
        t->refused = CS_NET_REFUSED_PROXY;
    }
    fail(t, is_denied ? CS_DENIED : CS_NETWORK, text,
         status == 407 ? ": it wants another user name and password" : "");
}

/* libcurl looks names up in threads, and has words alone for one that can't be started (lib/asyn-thread.c
 * of 7.88, lib/asyn-thrdd.c of 8.x). Under a limit of 0 none ever can; else others may end. */
static void explain_lookup(struct net_transfer *t, const char *detail)
{
    struct rlimit processes;
    if (!strstr(detail, "thread failed to start")) {
        fail(t, CS_NETWORK, "", detail);
        return;
    }
    int is_final = getrlimit(RLIMIT_NPROC, &processes) == 0 && processes.rlim_cur == 0;
    t->refused = is_final ? CS_NET_REFUSED_THREAD : CS_NET_NOT_REFUSED;
    fail(t, is_final ? CS_LIMIT : CS_NETWORK,
         "can't start a thread to look up the name: " CS_NO_PROCESS
         "; with connect_to no name is looked up",
         "");
}

static void explain_size(struct net_transfer *t)
{
    char text[160] = "";
    cs_buffer b;
    cs_slice announced = net_reply_field(&t->reply, "content-length");
    cs_buffer_init(&b, text, sizeof text - 1);
    cs_buffer_text(&b, "expected a reply's body of at most ");
    cs_buffer_decimal(&b, (int64_t)t->reply.body_limit);
    cs_buffer_text(&b, " bytes, found ");
    cs_printable(announced.n ? announced : CS_LITERAL("more"), 40, &b);
    cs_buffer_text(&b, " announced");
    fail(t, CS_LIMIT, text, "");
}

void net_failure_explain(struct net_transfer *t, CURLcode code)
{
    char detail[200] = "";
    long system = 0;
    cs_buffer text;
    cs_buffer_init(&text, detail, sizeof detail - 1);
    cs_printable(cs_slice_of(*t->curl_error ? t->curl_error : curl_easy_strerror(code)),
                 sizeof detail - 8, &text);
    int status = t->sent_ns ? 0 : proxy_status(t);
    if (status >= 300) {
        explain_proxy(t, status);
        return;
    }
    switch (code) {
    case CURLE_OK: /* a header cut short by the end of the connection is a whole one to libcurl */
    case CURLE_GOT_NOTHING:
        fail(t, CS_NETWORK, "the connection closed, ", name_phase(t));
        break;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        explain_lookup(t, detail);
        break;
    case CURLE_COULDNT_CONNECT:
        curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &system);
        system = system ? system : t->socket_errno;
        fail(t, CS_NETWORK, "can't connect: ", system ? strerror((int)system) : detail);
        break;
    case CURLE_OPERATION_TIMEDOUT:
        net_failure_timeout(t, t->connect_ns, "");
        break;
    case CURLE_PEER_FAILED_VERIFICATION:
        explain_certificate(t, detail);
        break;
    case CURLE_SSL_CONNECT_ERROR:
        explain_handshake(t, detail);
        break;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
        fail(t, CS_PROTOCOL, "the reply is not HTTP: ", detail);
        break;
    case CURLE_FILESIZE_EXCEEDED:
        explain_size(t);
        break;
    case CURLE_OUT_OF_MEMORY: /* also for a header line of more than 100 KiB */
        fail(t, CS_LIMIT, "out of memory, or a header line too long for libcurl, ", name_phase(t));
        break;
    default:
        cs_fail(&t->error, CS_NETWORK, 0, t->host, way(t), ": ", name_phase(t), ": ", detail, NULL);
    }
}
