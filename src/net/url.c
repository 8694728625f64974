/* url.c - where a request may go: https, or http to a literal loopback address, to the metadata
 * address or where it was allowed; never with user info. The environment's proxy is for https
 * alone, and never for loopback or the metadata address, nor where connect_to says what to connect
 * to: libcurl would have the proxy connect to that, and might have to look up the proxy's name. */
#include "net/internal.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* Alibaba Cloud ECS: "instance metadata" is served at this address alone. */
#define METADATA_ADDRESS "100.100.100.200"

static int out_of_memory(cs_error *error)
{
    return cs_fail(error, CS_LIMIT, 0, "out of memory for the URL", NULL);
}

static int refuse(cs_error *error, const char *why)
{
    return cs_fail(error, CS_ARGUMENT, 0, "url: ", why, NULL);
}

/* Checks what curl_url would let pass, or change. Messages never quote a URL: a query can hold a
 * signature. */
static int check_text(cs_slice url, int *https, cs_error *error)
{
    cs_slice http = CS_LITERAL("http://"), secure = CS_LITERAL("https://");
    *https = url.n >= secure.n && cs_slice_equal_nocase((cs_slice){url.p, secure.n}, secure);
    if (!*https && (url.n < http.n || !cs_slice_equal_nocase((cs_slice){url.p, http.n}, http))) {
        return refuse(error, "expected https:// or http://");
    }
    for (size_t i = 0; i < url.n; i++) {
        unsigned char c = (unsigned char)url.p[i];
        if (c <= 0x20 || c >= 0x7f) {
            return refuse(error, "a blank, a control character or one that is not ASCII");
        }
        if (c == '#') {
            return refuse(error, "a fragment (#) is never sent");
        }
    }
    size_t host = *https ? secure.n : http.n;
    if (host < url.n && url.p[host] == '/') {
        return refuse(error, "no host"); /* libcurl takes what follows for one */
    }
    for (size_t i = host; i < url.n && !strchr("/?", url.p[i]); i++) {
        if (url.p[i] == '@') {
            return refuse(error, "user name and password are not accepted");
        }
        if (url.p[i] == '\\') {
            return refuse(error, "a backslash in the host");
        }
    }
    return 0;
}

/* A loopback address in digits, as libcurl's parser shows it: names are not looked at, they can be
 * made to lie. */
static int is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    char bare[INET6_ADDRSTRLEN + 1];
    size_t n = strlen(host);
    if (inet_pton(AF_INET, host, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == 127;
    }
    if (n < 3 || n - 2 >= sizeof bare || host[0] != '[') {
        return 0;
    }
    memcpy(bare, host + 1, n - 2);
    bare[n - 2] = '\0';
    return inet_pton(AF_INET6, bare, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

int net_url_is_local(const char *host)
{
    return is_loopback(host) || strcmp(host, METADATA_ADDRESS) == 0;
}

static void remember_host(struct net_transfer *t, const char *host, const char *port)
{
    cs_buffer text;
    cs_buffer_init(&text, t->host, sizeof t->host - 1);
    cs_printable(cs_slice_of(host), sizeof t->host - 16, &text);
    if (port) {
        cs_buffer_byte(&text, ':');
        cs_buffer_text(&text, port);
    }
    t->host[text.n] = '\0';
}

static int set_url(struct net_transfer *t, const char *url, cs_error *error)
{
    int result = 0, failed = 0;
    char *host = NULL, *port = NULL;
    CURLU *parts = curl_url();
    CURLUcode code = parts ? curl_url_set(parts, CURLUPART_URL, url, 0) : CURLUE_OUT_OF_MEMORY;
    if (!code) {
        code = curl_url_get(parts, CURLUPART_HOST, &host, 0);
    }
    if (code) {
        result = cs_fail(error, code == CURLUE_OUT_OF_MEMORY ? CS_LIMIT : CS_ARGUMENT, (int)code,
                         "url: ", curl_url_strerror(code), NULL);
        goto done;
    }
    curl_url_get(parts, CURLUPART_PORT, &port, 0); /* NULL where it is the scheme's own */
    remember_host(t, host, port);
    int local = net_url_is_local(host), is_plain = !t->https && !t->net->allow_http;
    if (is_plain && (!local || t->net->away)) {
        result = cs_fail(error, CS_ARGUMENT, 0, "url: plain http to ", t->host, t->net->at,
                         " is not allowed, only to 127.0.0.0/8, [::1] and " METADATA_ADDRESS, NULL);
        goto done;
    }
    t->port = port ? (int)strtol(port, NULL, 10) : t->https ? 443 : 80;
    failed |= curl_easy_setopt(t->easy, CURLOPT_URL, url) != CURLE_OK;
    failed |= curl_easy_setopt(t->easy, CURLOPT_PROXY, "") != CURLE_OK;
    failed |= curl_easy_setopt(t->easy, CURLOPT_CONNECT_TO, t->net->connect_to) != CURLE_OK;
    int direct = local || !t->https || t->net->connect_to;
    result = failed ? out_of_memory(error) : direct ? 0 : net_proxy_set(t, error);
done:
    curl_free(port);
    curl_free(host);
    curl_url_cleanup(parts);
    return result;
}

int net_url_set(struct net_transfer *t, cs_slice url, cs_error *error)
{
    int result = check_text(url, &t->https, error);
    if (result) {
        return result;
    }
    char *text = OPENSSL_strndup(url.p, url.n);
    result = text ? set_url(t, text, error) : out_of_memory(error);
    OPENSSL_clear_free(text, url.n);
    return result;
}
