/* sign_v3.c - ACS3-HMAC-SHA256 in its three stages, and a call signed whole.
 * https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature */
#include "certstat.h"
#include "encode.h"
#include "signer.h"

#include <string.h>

static const char algorithm[] = "ACS3-HMAC-SHA256";
static const char empty_hash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* Eight bytes worked on at once, by the CPU's vector instructions where it has them; a comparison
 * gives all bits of a byte, or none: https://gcc.gnu.org/onlinedocs/gcc/Vector-Extensions.html */
typedef unsigned char bytes8 __attribute__((vector_size(8)));

/* ---- stage 1 ---- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static int compare_nocase(cs_slice a, cs_slice b)
{
    size_t shared = a.n < b.n ? a.n : b.n;
    for (size_t i = 0; i < shared; i++) {
        if (a.p[i] != b.p[i]) {
            unsigned char x = (unsigned char)lower(a.p[i]), y = (unsigned char)lower(b.p[i]);
            if (x != y) {
                return x < y ? -1 : 1;
            }
        }
    }
    return a.n < b.n ? -1 : a.n > b.n;
}

static cs_slice trim(cs_slice s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s.p++;
        s.n--;
    }
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) {
        s.n--;
    }
    return s;
}

static int signed_by_default(cs_slice name)
{
    return (name.n >= 6 && cs_slice_equal_nocase((cs_slice){name.p, 6}, CS_LITERAL("x-acs-"))) ||
           cs_slice_equal_nocase(name, CS_LITERAL("host")) ||
           cs_slice_equal_nocase(name, CS_LITERAL("content-type"));
}

static int is_signed(const cs_v3_request *r, cs_slice name)
{
    if (!r->signed_names) {
        return signed_by_default(name);
    }
    for (size_t i = 0; i < r->signed_names_n; i++) {
        if (cs_slice_equal_nocase(name, r->signed_names[i])) {
            return 1;
        }
    }
    return 0;
}

static int header_compare(const cs_pair *a, const cs_pair *b)
{
    int order = compare_nocase(a->name, b->name);
    return order ? order : cs_slice_compare(trim(a->value), trim(b->value));
}

/* The fields to sign, sorted by lower-case name and then value. Returns how many. */
static size_t sort_headers(const cs_v3_request *r, const cs_pair *sorted[CS_HEADERS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < r->headers_n; i++) {
        if (is_signed(r, r->headers[i].name)) {
            size_t j = n++;
            for (; j > 0 && header_compare(sorted[j - 1], &r->headers[i]) > 0; j--) {
                sorted[j] = sorted[j - 1];
            }
            sorted[j] = &r->headers[i];
        }
    }
    return n;
}

static void lower_eight(char *p)
{
    bytes8 c;
    memcpy(&c, p, sizeof c);
    c |= (bytes8)(c - 'A' < 26) & 0x20;
    memcpy(p, &c, sizeof c);
}

/* Appends `text` in lower case; returns it there. */
static cs_slice put_lower(cs_buffer *out, cs_slice text)
{
    size_t from = out->n;
    cs_buffer_put(out, text);
    char *p = out->p + from, *end = out->p + out->n;
    if (end - p >= 8) {
        for (; end - p > 8; p += 8) {
            lower_eight(p);
        }
        lower_eight(end - 8);
    } else {
        for (; p < end; p++) {
            *p = lower(*p);
        }
    }
    return cs_buffer_slice(out, from);
}

static int starts_name(const cs_pair *const sorted[], size_t i)
{
    return i == 0 || !cs_slice_equal_nocase(sorted[i - 1]->name, sorted[i]->name);
}

static size_t count_names(const cs_pair *const sorted[], size_t n)
{
    size_t names = 0;
    for (size_t i = 0; i < n; i++) {
        names += (size_t)starts_name(sorted, i);
    }
    return names;
}

/* The path as signed: as it goes over the wire, but for three bytes that the official clients spell
 * their own way. */
static void put_path(cs_buffer *out, cs_slice path)
{
    if (!path.n) {
        cs_buffer_byte(out, '/');
    }
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] == '+') {
            cs_buffer_text(out, "%20");
        } else if (path.p[i] == '*') {
            cs_buffer_text(out, "%2A");
        } else if (path.n - i >= 3 && memcmp(path.p + i, "%7E", 3) == 0) {
            cs_buffer_byte(out, '~');
            i += 2;
        } else {
            cs_buffer_byte(out, path.p[i]);
        }
    }
}

int cs_v3_canonical_request(const cs_v3_request *r, cs_buffer *out, cs_slice *query,
                            cs_slice *signed_headers, cs_error *error)
{
    const cs_pair *sorted[CS_HEADERS_MAX];
    cs_slice names[CS_HEADERS_MAX]; /* in lower case, in `out`, each once */
    size_t names_n = 0;
    if (r->headers_n > CS_HEADERS_MAX) {
        return cs_fail(error, CS_LIMIT, 0, "expected at most 64 header fields", NULL);
    }
    size_t n = sort_headers(r, sorted);
    if (r->signed_names && count_names(sorted, n) != r->signed_names_n) {
        return cs_fail(error, CS_ARGUMENT, 0,
                       "SignedHeaders names a field that the request does not have, or one twice",
                       NULL);
    }
    cs_buffer_put(out, r->method);
    cs_buffer_byte(out, '\n');
    put_path(out, r->path);
    cs_buffer_byte(out, '\n');
    size_t from = out->n;
    int rc = cs_query_canonical(r->query, r->query_n, out, error);
    if (rc) {
        return rc;
    }
    size_t query_n = out->n - from;
    for (size_t i = 0; i < n; i++) {
        if (starts_name(sorted, i)) {
            cs_buffer_byte(out, '\n');
            names[names_n++] = put_lower(out, sorted[i]->name);
            cs_buffer_byte(out, ':');
        } else {
            cs_buffer_byte(out, ',');
        }
        cs_buffer_put(out, trim(sorted[i]->value));
    }
    cs_buffer_put(out, CS_LITERAL("\n\n"));
    size_t names_from = out->n;
    for (size_t i = 0; i < names_n; i++) {
        if (i) {
            cs_buffer_byte(out, ';');
        }
        cs_buffer_put(out, names[i]);
    }
    size_t names_end = out->n;
    cs_buffer_byte(out, '\n');
    cs_buffer_put(out, r->payload_hash);
    if (out->failed) {
        return cs_fail(error, CS_LIMIT, 0, "request too long to sign", NULL);
    }
    if (query) {
        *query = (cs_slice){out->p + from, query_n};
    }
    if (signed_headers) {
        *signed_headers = (cs_slice){out->p + names_from, names_end - names_from};
    }
    return 0;
}

/* ---- stages 2 and 3 ---- */

int cs_v3_payload_hash(cs_signer *signer, cs_slice body, cs_buffer *out, cs_error *error)
{
    unsigned char hash[32];
    int rc = cs_signer_sha256(signer, body, hash, error);
    if (rc == 0) {
        cs_buffer_hex(out, hash, sizeof hash);
    }
    return rc;
}

int cs_v3_string_to_sign(cs_signer *signer, cs_slice canonical_request, cs_buffer *out,
                         cs_error *error)
{
    cs_buffer_put(out, CS_LITERAL("ACS3-HMAC-SHA256\n"));
    return cs_v3_payload_hash(signer, canonical_request, out, error);
}

int cs_v3_signature(cs_signer *signer, cs_slice string_to_sign, cs_buffer *out, cs_error *error)
{
    unsigned char mac[32];
    int rc = cs_signer_hmac(signer, SIGNER_V3, string_to_sign, mac, error);
    if (rc == 0) {
        cs_buffer_hex(out, mac, sizeof mac);
    }
    return rc;
}

/* ---- a call signed whole ---- */

/* A method or a field's name (RFC 9110 5.6.2). */
static int is_token(cs_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i], letter = c | 0x20;
        if ((letter < 'a' || letter > 'z') && c != '-' &&
            (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))) {
            return 0;
        }
    }
    return s.n > 0;
}

static bytes8 controls_of_eight(const char *p)
{
    bytes8 c;
    memcpy(&c, p, sizeof c);
    return (bytes8)((c < ' ') | (c == 0x7f));
}

static int has_control(cs_slice s)
{
    bytes8 found = {0};
    uint64_t any;
    if (s.n < 8) {
        for (size_t i = 0; i < s.n; i++) {
            found[0] |= s.p[i] == 0x7f || (unsigned char)s.p[i] < ' ';
        }
    } else {
        for (size_t i = 0; i < s.n - 8; i += 8) {
            found |= controls_of_eight(s.p + i);
        }
        found |= controls_of_eight(s.p + s.n - 8);
    }
    memcpy(&any, &found, sizeof any);
    return any != 0;
}

/* What would say something else on the wire than it does in the signature, where lines end at a
 * newline and lists are split at commas. */
static int check_call(const cs_v3_call *c, cs_error *error)
{
    const cs_slice values[] = {c->path, c->host,  c->action,        c->version,
                               c->date, c->nonce, c->access_key_id, c->security_token};
    if (!is_token(c->method)) {
        return cs_fail(error, CS_ARGUMENT, 0, "method: expected a token (RFC 9110 5.6.2)", NULL);
    }
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (has_control(values[i])) {
            return cs_fail(
                error, CS_ARGUMENT, 0, "a control byte in the path, the host, the action, ",
                "the version, the date, the nonce, the access key id or the token", NULL);
        }
    }
    for (size_t i = 0; i < c->path.n; i++) {
        if (c->path.p[i] == ' ' || c->path.p[i] == '?' || c->path.p[i] == '#') {
            return cs_fail(error, CS_ARGUMENT, 0, "path: a blank, a '?' or a '#'", NULL);
        }
    }
    if (c->access_key_id.n && memchr(c->access_key_id.p, ',', c->access_key_id.n)) {
        return cs_fail(error, CS_ARGUMENT, 0, "access key id: a comma", NULL);
    }
    for (size_t i = 0; i < c->headers_n; i++) {
        if (!is_token(c->headers[i].name)) {
            return cs_fail(error, CS_ARGUMENT, 0,
                           "header: expected a token (RFC 9110 5.6.2) for a name", NULL);
        }
        if (has_control(c->headers[i].value)) {
            return cs_fail(error, CS_ARGUMENT, 0, "header: a control byte in a value", NULL);
        }
    }
    return 0;
}

static void add_header(cs_v3_signed *out, cs_slice name, cs_slice value)
{
    if (value.n) {
        out->headers[out->headers_n++] = (cs_pair){name, value};
    }
}

/* Which of our own fields a header given is: they may not be given twice. */
static int own_field(cs_slice name, const cs_v3_signed *own, size_t own_n)
{
    for (size_t i = 0; i < own_n; i++) {
        if (cs_slice_equal_nocase(name, own->headers[i].name)) {
            return 1;
        }
    }
    return cs_slice_equal_nocase(name, CS_LITERAL("authorization"));
}

static int collect_headers(const cs_v3_call *call, cs_slice payload_hash, cs_v3_signed *out,
                           cs_error *error)
{
    out->headers_n = 0;
    /* in the order in which they are signed, so that sorting finds nothing to do */
    add_header(out, CS_LITERAL("host"), call->host);
    if (call->security_token.n) { /* the official clients send the id only beside a token */
        add_header(out, CS_LITERAL("x-acs-accesskey-id"), call->access_key_id);
    }
    add_header(out, CS_LITERAL("x-acs-action"), call->action);
    add_header(out, CS_LITERAL("x-acs-content-sha256"), payload_hash);
    add_header(out, CS_LITERAL("x-acs-date"), call->date);
    add_header(out, CS_LITERAL("x-acs-security-token"), call->security_token);
    add_header(out, CS_LITERAL("x-acs-signature-nonce"), call->nonce);
    add_header(out, CS_LITERAL("x-acs-version"), call->version);
    size_t own_n = out->headers_n;
    if (call->headers_n > CS_HEADERS_MAX - own_n - 1) {
        return cs_fail(error, CS_LIMIT, 0, "expected at most 64 header fields", NULL);
    }
    for (size_t i = 0; i < call->headers_n; i++) {
        if (own_field(call->headers[i].name, out, own_n)) {
            return cs_fail(error, CS_ARGUMENT, 0,
                           "a header field is given twice: host, authorization or x-acs-…", NULL);
        }
        out->headers[out->headers_n++] = call->headers[i];
    }
    return 0;
}

size_t cs_v3_work_size(const cs_v3_call *c)
{
    /* worst case: each byte of a query is escaped, and the target repeats path and query */
    size_t n = 1024 + c->method.n + 4 * c->path.n + 2 * c->access_key_id.n;
    for (size_t i = 0; i < c->query_n; i++) {
        n += 2 * (3 * (c->query[i].name.n + c->query[i].value.n) + 2);
    }
    for (size_t i = 0; i < c->headers_n; i++) {
        n += 3 * c->headers[i].name.n + c->headers[i].value.n + 8;
    }
    return n + c->host.n + c->action.n + c->version.n + c->date.n + c->nonce.n +
           c->security_token.n;
}

static void put_target(cs_buffer *work, cs_slice path, cs_slice query, cs_slice *out)
{
    size_t from = work->n;
    cs_buffer_put(work, path.n ? path : CS_LITERAL("/"));
    if (query.n) {
        cs_buffer_byte(work, '?');
        cs_buffer_put(work, query);
    }
    *out = cs_buffer_slice(work, from);
}

static void put_authorization(cs_buffer *work, cs_slice access_key_id, cs_slice signed_headers,
                              cs_v3_signed *out)
{
    size_t from = work->n;
    cs_buffer_put(work, (cs_slice){algorithm, sizeof algorithm - 1});
    cs_buffer_put(work, CS_LITERAL(" Credential="));
    cs_buffer_put(work, access_key_id);
    cs_buffer_put(work, CS_LITERAL(",SignedHeaders="));
    cs_buffer_put(work, signed_headers);
    cs_buffer_put(work, CS_LITERAL(",Signature="));
    cs_buffer_put(work, out->signature);
    out->authorization = cs_buffer_slice(work, from);
}

int cs_v3_sign(cs_signer *signer, const cs_v3_call *call, cs_buffer *work, cs_v3_signed *out,
               cs_error *error)
{
    cs_slice payload_hash = {empty_hash, sizeof empty_hash - 1}, query, signed_headers;
    size_t from = work->n;
    int rc = check_call(call, error);
    if (rc == 0 && call->body.n) {
        rc = cs_v3_payload_hash(signer, call->body, work, error);
        payload_hash = cs_buffer_slice(work, from);
    }
    if (rc || (rc = collect_headers(call, payload_hash, out, error))) {
        return rc;
    }
    cs_v3_request request = {
        .method = call->method,
        .path = call->path,
        .query = call->query,
        .query_n = call->query_n,
        .headers = out->headers,
        .headers_n = out->headers_n,
        .payload_hash = payload_hash,
    };
    from = work->n;
    rc = cs_v3_canonical_request(&request, work, &query, &signed_headers, error);
    if (rc) {
        return rc;
    }
    out->canonical_request = cs_buffer_slice(work, from);
    from = work->n;
    rc = cs_v3_string_to_sign(signer, out->canonical_request, work, error);
    out->string_to_sign = cs_buffer_slice(work, from);
    from = work->n;
    if (rc || (rc = cs_v3_signature(signer, out->string_to_sign, work, error))) {
        return rc;
    }
    out->signature = cs_buffer_slice(work, from);
    put_target(work, call->path, query, &out->target);
    put_authorization(work, call->access_key_id, signed_headers, out);
    if (work->failed) {
        return cs_fail(error, CS_LIMIT, 0, "request too long to sign", NULL);
    }
    add_header(out, CS_LITERAL("authorization"), out->authorization);
    return 0;
}
