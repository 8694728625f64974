/* request.c - checks a request, and makes libcurl's handle of it: what may leave this program, and
 * where to.
 *
 * Rules of the wire: https, or http to a literal loopback address, to the metadata address or where
 * it was allowed; no user info, redirects, netrc, cookies or content decoding; TLS 1.2 or newer,
 * peer and host verified; a proxy of the environment for https only, and never to loopback or the
 * metadata address. */
#include "net/internal.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

/* Alibaba Cloud ECS: "instance metadata" is served at this address alone. */
#define METADATA_ADDRESS "100.100.100.200"

enum { METHOD_MAX = 31 };

static int out_of_memory(cs_error *error)
{
    return cs_fail(error, CS_LIMIT, 0, "out of memory for the request", NULL);
}

static int refuse(cs_error *error, const char *why)
{
    return cs_fail(error, CS_ARGUMENT, 0, why, NULL);
}

static int is_token(cs_slice text)
{
    static const char others[] = "!#$%&'*+-.^_`|~"; /* RFC 9110 5.6.2 */
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        int alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alphanumeric && (c == '\0' || !strchr(others, c))) {
            return 0;
        }
    }
    return text.n > 0;
}

/* ---- method and body ---- */

/* Methods whose empty body is not announced; the others send Content-Length: 0 (RFC 9110 8.6). */
static int is_bodiless(cs_slice method)
{
    static const char *const names[] = {"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (cs_slice_equal(method, cs_slice_of(names[i]))) {
            return 1;
        }
    }
    return 0;
}

static int set_method(struct net_transfer *t, const cs_net_request *request, cs_error *error)
{
    CURL *easy = t->easy;
    char method[METHOD_MAX + 1];
    if (!is_token(request->method) || request->method.n > METHOD_MAX) {
        return refuse(error, "method: expected a word of 1 to 31 characters, such as POST");
    }
    memcpy(method, request->method.p, request->method.n);
    method[request->method.n] = '\0';
    int failed = 0;
    if (strcmp(method, "HEAD") == 0) {
        if (request->body.n) {
            return refuse(error, "body: a HEAD request has none");
        }
        failed = curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) != CURLE_OK;
    } else {
        if (request->body.n || !is_bodiless(request->method)) {
            cs_slice body = request->body.n ? request->body : CS_LITERAL("");
            failed |= curl_easy_setopt(easy, CURLOPT_POST, 1L) != CURLE_OK;
            failed |=
                curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n) != CURLE_OK;
            failed |= curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body.p) != CURLE_OK;
        }
        failed |= curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method) != CURLE_OK;
        /* a body announced to be larger is not read at all; HEAD announces one and has none */
        size_t limit = t->reply.body_limit;
        failed |= curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE,
                                   limit < INT64_MAX ? (curl_off_t)limit : INT64_MAX) != CURLE_OK;
    }
    return failed ? out_of_memory(error) : 0;
}

/* ---- headers ---- */

/* What libcurl writes itself: a second one would let two servers disagree on where the request
 * ends. */
static int is_framing(cs_slice name)
{
    return cs_slice_equal_nocase(name, CS_LITERAL("content-length")) ||
           cs_slice_equal_nocase(name, CS_LITERAL("transfer-encoding"));
}

static int has_control(cs_slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < 0x20 || c == 0x7f) {
            return 1;
        }
    }
    return 0;
}

static int append_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (!longer) {
        return 1;
    }
    *list = longer;
    return 0;
}

/* One field in libcurl's notation: "name: value", or "name;" where the value is empty. */
static int append_field(struct curl_slist **list, const cs_pair *field)
{
    cs_slice value = field->value;
    while (value.n && value.p[value.n - 1] == ' ') {
        value.n--; /* a value of blanks alone is an empty one (RFC 9110 5.5) */
    }
    if (value.n > SIZE_MAX - 4 - field->name.n) {
        return 1;
    }
    size_t size = field->name.n + value.n + 4;
    char *line = (char *)malloc(size);
    if (!line) {
        return 1;
    }
    cs_buffer text;
    cs_buffer_init(&text, line, size - 1);
    cs_buffer_put(&text, field->name);
    cs_buffer_text(&text, value.n ? ": " : ";");
    cs_buffer_put(&text, value);
    line[text.n] = '\0';
    int failed = append_line(list, line);
    free(line);
    return failed;
}

static int set_headers(struct net_transfer *t, const cs_net_request *request, cs_error *error)
{
    /* without these, libcurl adds fields of its own; a field given below is sent all the same */
    static const char *const defaults_off[] = {"Accept:", "Content-Type:", "Expect:"};
    int failed = 0;
    for (size_t i = 0; i < sizeof defaults_off / sizeof *defaults_off; i++) {
        failed |= append_line(&t->headers, defaults_off[i]);
    }
    for (size_t i = 0; i < request->headers_n; i++) {
        const cs_pair *field = &request->headers[i];
        if (!is_token(field->name)) {
            return refuse(error,
                          "header: the name is empty or has a character that names don't have");
        }
        if (is_framing(field->name)) {
            return refuse(error,
                          "header: Content-Length and Transfer-Encoding follow from the body");
        }
        if (has_control(field->value)) {
            return refuse(error, "header: the value has a control character");
        }
        failed |= append_field(&t->headers, field);
    }
    failed |= curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers) != CURLE_OK;
    return failed ? out_of_memory(error) : 0;
}

/* ---- where to ---- */

/* Checks what curl_url would let pass, or change. Messages never quote a URL: a query can hold a
 * signature. */
static int check_url_text(cs_slice url, int *https, cs_error *error)
{
    cs_slice http = CS_LITERAL("http://"), secure = CS_LITERAL("https://");
    *https = url.n >= secure.n && cs_slice_equal_nocase((cs_slice){url.p, secure.n}, secure);
    if (!*https && (url.n < http.n || !cs_slice_equal_nocase((cs_slice){url.p, http.n}, http))) {
        return refuse(error, "url: expected https:// or http://");
    }
    for (size_t i = 0; i < url.n; i++) {
        unsigned char c = (unsigned char)url.p[i];
        if (c <= 0x20 || c >= 0x7f) {
            return refuse(error, "url: a blank, a control character or one that is not ASCII");
        }
        if (c == '#') {
            return refuse(error, "url: a fragment (#) is never sent");
        }
    }
    size_t host = *https ? secure.n : http.n;
    if (host < url.n && url.p[host] == '/') {
        return refuse(error, "url: no host"); /* libcurl takes what follows for one */
    }
    for (size_t i = host; i < url.n && !strchr("/?", url.p[i]); i++) {
        if (url.p[i] == '@') {
            return refuse(error, "url: user name and password are not accepted");
        }
        if (url.p[i] == '\\') {
            return refuse(error, "url: a backslash in the host");
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
    int local = is_loopback(host) || strcmp(host, METADATA_ADDRESS) == 0;
    if (!t->https && !local && !t->net->allow_http) {
        result = cs_fail(error, CS_ARGUMENT, 0, "url: plain http to ", t->host,
                         " is not allowed, only to 127.0.0.0/8, [::1] and " METADATA_ADDRESS, NULL);
        goto done;
    }
    failed |= curl_easy_setopt(t->easy, CURLOPT_URL, url) != CURLE_OK;
    if (local || !t->https) {
        failed |= curl_easy_setopt(t->easy, CURLOPT_PROXY, "") != CURLE_OK;
    }
    result = failed ? out_of_memory(error) : 0;
done:
    curl_free(port);
    curl_free(host);
    curl_url_cleanup(parts);
    return result;
}

/* ---- how ---- */

static CURLcode use_store(CURL *easy, void *ctx, void *store)
{
    (void)easy;
    SSL_CTX_set1_cert_store((SSL_CTX *)ctx, (X509_STORE *)store);
    return CURLE_OK;
}

static int set_tls(struct net_transfer *t, cs_error *error)
{
    X509_STORE *store;
    int result = net_trust_store((cs_slice){t->net->ca_file, t->net->ca_file_n}, &store, error);
    if (result) {
        return result;
    }
    int failed = 0;
    static const CURLoption no_files[] = {CURLOPT_CAINFO, CURLOPT_CAPATH, CURLOPT_PROXY_CAINFO,
                                          CURLOPT_PROXY_CAPATH};
    for (size_t i = 0; i < sizeof no_files / sizeof *no_files; i++) {
        failed |= curl_easy_setopt(t->easy, no_files[i], (char *)NULL) != CURLE_OK;
    }
    failed |= curl_easy_setopt(t->easy, CURLOPT_SSL_CTX_FUNCTION, use_store) != CURLE_OK;
    failed |= curl_easy_setopt(t->easy, CURLOPT_SSL_CTX_DATA, store) != CURLE_OK;
    return failed
               ? cs_fail(error, CS_LIMIT, 0, "libcurl lacks an option for TLS that is needed", NULL)
               : 0;
}

static int set_options(struct net_transfer *t, cs_error *error)
{
    static const struct {
        CURLoption option;
        long value;
    } options[] = {
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_QUICK_EXIT, 1}, /* else the end of a transfer joins its name lookup: up to 9 s */
        {CURLOPT_PATH_AS_IS, 1},
        {CURLOPT_FOLLOWLOCATION, 0},
        {CURLOPT_NETRC, CURL_NETRC_IGNORED},
        {CURLOPT_HTTP_CONTENT_DECODING, 0},
        {CURLOPT_HTTP09_ALLOWED, 0},
        {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1}, /* a proxy's reply is not the server's */
        {CURLOPT_SSL_VERIFYPEER, 1},
        {CURLOPT_SSL_VERIFYHOST, 2},
        {CURLOPT_PROXY_SSL_VERIFYPEER, 1},
        {CURLOPT_PROXY_SSL_VERIFYHOST, 2},
        {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
        {CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    };
    int64_t connect_ms = t->connect_ns / CS_MS + (t->connect_ns % CS_MS > 0);
    int failed = curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        failed |= curl_easy_setopt(t->easy, options[i].option, options[i].value) != CURLE_OK;
    }
    failed |=
        curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION,
                         t->https ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1) != CURLE_OK;
    /* net_transfer_expire has the last word; this divides the time among the addresses of a name */
    failed |= curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS,
                               (long)(connect_ms < INT_MAX ? connect_ms : INT_MAX)) != CURLE_OK;
    return failed ? cs_fail(error, CS_LIMIT, 0, "libcurl lacks an option that is needed", NULL) : 0;
}

int net_request_prepare(struct net_transfer *t, const cs_net_request *request, cs_error *error)
{
    int result = check_url_text(request->url, &t->https, error);
    if (result) {
        return result;
    }
    char *url = strndup(request->url.p, request->url.n);
    t->easy = curl_easy_init();
    if (!url || !t->easy) {
        result = out_of_memory(error);
    }
    result = result ? result : set_url(t, url, error);
    result = result ? result : set_method(t, request, error);
    result = result ? result : set_headers(t, request, error);
    result = result ? result : set_options(t, error);
    if (!result && t->https) {
        result = set_tls(t, error);
    }
    free(url);
    return result;
}
