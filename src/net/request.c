/* request.c - checks a request, and makes libcurl's handle of it. What is sent is what was given:
 * no redirects, netrc, cookies, content decoding or fields of libcurl's own; TLS 1.2 or newer, peer
 * and host verified. */
#include "net/internal.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <string.h>

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

static int set_body(struct net_transfer *t, cs_slice body)
{
    if (body.n) {
        t->body = (char *)OPENSSL_memdup(body.p, body.n);
        t->body_n = body.n;
    }
    return (body.n && !t->body) ||
           curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n) != CURLE_OK ||
           curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, body.n ? t->body : "") != CURLE_OK;
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
            failed |= curl_easy_setopt(easy, CURLOPT_POST, 1L) != CURLE_OK;
            failed |= set_body(t, request->body);
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
    char *line = (char *)OPENSSL_malloc(size);
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
    OPENSSL_clear_free(line, size);
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

/* ---- how ---- */

/* CURLOPT_SSL_CTX_FUNCTION. Through a proxy there may be TLS within TLS, whose records are not in the
 * kernel any more when the inner handshake is asked to read them. */
static CURLcode prepare_context(CURL *easy, void *ctx, void *data)
{
    const struct net_transfer *t = (const struct net_transfer *)data;
    (void)easy;
    SSL_CTX_set1_cert_store((SSL_CTX *)ctx, t->trusted);
    if (!t->proxy[0]) {
        net_handshake_divide((SSL_CTX *)ctx, t->net);
    }
    return CURLE_OK;
}

static int set_tls(struct net_transfer *t, cs_error *error)
{
    int result =
        net_trust_store((cs_slice){t->net->ca_file, t->net->ca_file_n}, &t->trusted, error);
    if (result) {
        return result;
    }
    int failed = 0;
    static const CURLoption no_files[] = {CURLOPT_CAINFO, CURLOPT_CAPATH, CURLOPT_PROXY_CAINFO,
                                          CURLOPT_PROXY_CAPATH};
    for (size_t i = 0; i < sizeof no_files / sizeof *no_files; i++) {
        failed |= curl_easy_setopt(t->easy, no_files[i], (char *)NULL) != CURLE_OK;
    }
    failed |= curl_easy_setopt(t->easy, CURLOPT_SSL_CTX_FUNCTION, prepare_context) != CURLE_OK;
    failed |= curl_easy_setopt(t->easy, CURLOPT_SSL_CTX_DATA, t) != CURLE_OK;
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
    t->easy = curl_easy_init();
    int result = t->easy ? net_url_set(t, request->url, error) : out_of_memory(error);
    result = result ? result : set_method(t, request, error);
    result = result ? result : set_headers(t, request, error);
    result = result ? result : set_options(t, error);
    if (!result && t->https) {
        result = set_tls(t, error);
    }
    return result;
}
