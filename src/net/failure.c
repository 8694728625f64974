/* failure.c - why there is no reply: with whom, what was being done, and what went wrong. */
#include "net/internal.h"

#include <string.h>

static void fail(struct net_transfer *t, enum cs_class class, const char *what, const char *why)
{
    cs_fail(&t->error, class, 0, t->host, ": ", what, why, NULL);
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

/* The check that failed, as OpenSSL numbers and names them. libcurl asks for the number only where
 * the chain was refused; else it was the name, and libcurl's text says which one was looked for. */
static void explain_certificate(struct net_transfer *t, const char *detail)
{
    long number = X509_V_ERR_UNSPECIFIED;
    curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &number);
    const char *check = X509_verify_cert_error_string(number);
    switch (number) {
    case X509_V_OK:
    case X509_V_ERR_UNSPECIFIED:
        fail(t, CS_NETWORK, "TLS: the certificate is for another name: ", detail);
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        fail(t, CS_NETWORK, "TLS: the certificate is from an unknown CA: ", check);
        break;
    default:
        fail(t, CS_NETWORK, "TLS: the certificate was refused: ", check);
    }
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
    switch (code) {
    case CURLE_OK: /* a header cut short by the end of the connection is a whole one to libcurl */
    case CURLE_GOT_NOTHING:
        fail(t, CS_NETWORK, "the connection closed, ", name_phase(t));
        break;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        fail(t, CS_NETWORK, "", detail);
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
        cs_fail(&t->error, CS_NETWORK, 0, t->host, ": ", name_phase(t), ": ", detail, NULL);
    }
}
