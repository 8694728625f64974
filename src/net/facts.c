/* facts.c - how far the connection of a request came, and to whom: for the person who wants to know
 * why there is none. Each costs a little, so they are noted where they were asked for. */
#include "net/internal.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

static void copy(char *to, size_t size, const char *from)
{
    cs_buffer text;
    cs_buffer_init(&text, to, size - 1);
    cs_printable(cs_slice_of(from), size - 1, &text);
    to[text.n] = '\0';
}

static int64_t time_of(const struct net_transfer *t, CURLINFO info)
{
    curl_off_t us = 0; /* since libcurl has had it */
    return curl_easy_getinfo(t->easy, info, &us) == CURLE_OK && us > 0
               ? t->handed_ns + (int64_t)us * 1000
               : 0;
}

void net_facts_note(struct net_transfer *t, int64_t now_ns)
{
    long connections = 0;
    const char *address = NULL;
    if (!t->describe || !t->handed_ns) {
        return;
    }
    curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connections);
    t->resolved_ns = time_of(t, CURLINFO_NAMELOOKUP_TIME_T);
    if (connections > 0) {
        t->connected_ns = time_of(t, CURLINFO_CONNECT_TIME_T);
        t->connected_ns = t->connected_ns ? t->connected_ns : now_ns; /* where TLS has failed */
        t->secured_ns = time_of(t, CURLINFO_APPCONNECT_TIME_T);
    }
    if (curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &address) == CURLE_OK && address) {
        copy(t->address, sizeof t->address, address);
    }
}

/* The chain as it was sent; nothing where memory lacks. */
static void copy_chain(struct net_transfer *t, SSL *ssl)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    BIO *text = BIO_new(BIO_s_mem());
    char *p = NULL;
    for (int i = 0; text && i < sk_X509_num(chain); i++) {
        PEM_write_bio_X509(text, sk_X509_value(chain, i));
    }
    long n = text ? BIO_get_mem_data(text, &p) : 0;
    t->chain.p = n > 0 ? (char *)malloc((size_t)n) : NULL;
    if (t->chain.p) {
        memcpy(t->chain.p, p, (size_t)n);
        t->chain.n = t->chain.size = (size_t)n;
    }
    BIO_free(text);
}

void net_facts_note_tls(struct net_transfer *t)
{
    struct curl_tlssessioninfo *tls = NULL;
    if (t->describe && curl_easy_getinfo(t->easy, CURLINFO_TLS_SSL_PTR, &tls) == CURLE_OK &&
        tls->internals) {
        copy(t->tls_version, sizeof t->tls_version, SSL_get_version((SSL *)tls->internals));
        copy_chain(t, (SSL *)tls->internals);
    }
}

cs_net_facts net_facts_of(const struct net_transfer *t)
{
    return (cs_net_facts){
        .resolved_ns = t->resolved_ns,
        .connected_ns = t->connected_ns,
        .secured_ns = t->secured_ns,
        .address = cs_slice_of(t->address),
        .tls_version = cs_slice_of(t->tls_version),
        .chain = {t->chain.p, t->chain.n},
    };
}
