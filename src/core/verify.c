/* verify.c - what a server does with a signed request: take it apart as received, sign it anew,
 * compare. Sources: the two pages named in sign_v3.c and sign_v1.c; the error codes are the
 * service's public ones (https://www.alibabacloud.com/help/en/ecs/developer-reference/error-codes).
 */
#include "certstat.h"
#include "signer.h"

#include <openssl/crypto.h>
#include <string.h>

#define DATE_TOLERANCE_S (15 * 60)

static int refuse(cs_verdict *out, const char *code, cs_error *error, const char *message)
{
    out->code = code;
    return cs_fail(error, CS_DENIED, 0, code, ": ", message, NULL);
}

static const cs_pair *find_pair(const cs_pair *pairs, size_t n, cs_slice name)
{
    for (size_t i = 0; i < n; i++) {
        if (cs_slice_equal_nocase(pairs[i].name, name)) {
            return &pairs[i];
        }
    }
    return NULL;
}

/* Parameter names, unlike header fields, have a case. */
static const cs_pair *find_parameter(const cs_pair *pairs, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (cs_slice_equal(pairs[i].name, cs_slice_of(name))) {
            return &pairs[i];
        }
    }
    return NULL;
}

static cs_slice split_target(cs_slice target, cs_slice *query)
{
    const char *mark = target.n ? (const char *)memchr(target.p, '?', target.n) : NULL;
    size_t path_n = mark ? (size_t)(mark - target.p) : target.n;
    *query = mark ? (cs_slice){mark + 1, target.n - path_n - 1} : (cs_slice){NULL, 0};
    return (cs_slice){target.p, path_n};
}

static int check_date(cs_slice date, int64_t now_s, cs_verdict *out, cs_error *error)
{
    int64_t date_s;
    if (cs_date_parse(date, &date_s) != 0) {
        return refuse(out, "InvalidTimeStamp.Format", error,
                      "expected a date like 2026-01-02T03:04:05Z");
    }
    if (now_s >= 0 &&
        (date_s < 0 || date_s - now_s > DATE_TOLERANCE_S || now_s - date_s > DATE_TOLERANCE_S)) {
        return refuse(out, "InvalidTimeStamp.Expired", error,
                      "Specified time stamp or date value is expired.");
    }
    return 0;
}

/* Compares with what `work` has from `from` on: no signature where there was no room for one, and
 * then maybe as empty as the one received. */
static int compare_signature(cs_slice received, const cs_buffer *work, size_t from, cs_verdict *out,
                             cs_error *error)
{
    cs_slice computed = cs_buffer_slice(work, from);
    if (work->failed) {
        return cs_fail(error, CS_LIMIT, 0, "request too long to verify", NULL);
    }
    if (received.n != computed.n || CRYPTO_memcmp(received.p, computed.p, computed.n) != 0) {
        return refuse(out, "SignatureDoesNotMatch", error,
                      "Specified signature does not match our calculation.");
    }
    return 0;
}

/* ---- V3 ---- */

struct authorization {
    cs_slice signed_headers, signature;
    cs_slice names[CS_HEADERS_MAX];
    size_t names_n;
};

/* Takes `label` and what follows it up to `end`, or to the end of all where `end` is 0. */
static int take_part(cs_slice *s, cs_slice label, char end, cs_slice *value)
{
    if (s->n <= label.n || memcmp(s->p, label.p, label.n) != 0) {
        return 0;
    }
    s->p += label.n;
    s->n -= label.n;
    const char *at = end ? (const char *)memchr(s->p, end, s->n) : s->p + s->n;
    if (!at || at == s->p) {
        return 0;
    }
    *value = (cs_slice){s->p, (size_t)(at - s->p)};
    size_t used = value->n + (end != 0);
    s->p += used;
    s->n -= used;
    return 1;
}

/* Lower case, sorted, none twice: else two lists would name one set. */
static int split_names(struct authorization *a)
{
    cs_slice rest = a->signed_headers;
    a->names_n = 0;
    while (rest.n) {
        const char *end = (const char *)memchr(rest.p, ';', rest.n);
        cs_slice name = {rest.p, end ? (size_t)(end - rest.p) : rest.n};
        size_t used = name.n + (end != NULL);
        if (!name.n || a->names_n == CS_HEADERS_MAX || (end && used == rest.n) ||
            (a->names_n && cs_slice_compare(a->names[a->names_n - 1], name) >= 0)) {
            return 0;
        }
        for (size_t i = 0; i < name.n; i++) {
            if (name.p[i] >= 'A' && name.p[i] <= 'Z') {
                return 0;
            }
        }
        a->names[a->names_n++] = name;
        rest.p += used;
        rest.n -= used;
    }
    return a->names_n > 0;
}

static int parse_authorization(cs_slice field, struct authorization *out)
{
    cs_slice id;
    return take_part(&field, CS_LITERAL("ACS3-HMAC-SHA256 Credential="), ',', &id) &&
           take_part(&field, CS_LITERAL("SignedHeaders="), ',', &out->signed_headers) &&
           take_part(&field, CS_LITERAL("Signature="), 0, &out->signature) && split_names(out);
}

static int is_named(const struct authorization *a, cs_slice name)
{
    for (size_t i = 0; i < a->names_n; i++) {
        if (cs_slice_equal(a->names[i], name)) {
            return 1;
        }
    }
    return 0;
}

/* The fields that give a request its meaning must be signed; so must a token that was sent. */
static int check_required(const cs_received *r, const struct authorization *a)
{
    static const char *const required[] = {
        "host",       "x-acs-action",          "x-acs-version",
        "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"};
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        if (!is_named(a, cs_slice_of(required[i]))) {
            return 0;
        }
    }
    return !find_pair(r->headers, r->headers_n, CS_LITERAL("x-acs-security-token")) ||
           is_named(a, CS_LITERAL("x-acs-security-token"));
}

static int verify_v3(cs_signer *signer, const cs_received *r, cs_slice field, int64_t now_s,
                     cs_buffer *work, cs_verdict *out, cs_error *error)
{
    struct authorization a;
    cs_pair query[CS_QUERY_MAX];
    size_t query_n = 0, from;
    cs_slice raw_query, path = split_target(r->target, &raw_query);
    if (!parse_authorization(field, &a)) {
        return refuse(out, "IncompleteSignature", error,
                      "expected ACS3-HMAC-SHA256 Credential=…,SignedHeaders=…,Signature=…");
    }
    if (!check_required(r, &a)) {
        return refuse(out, "IncompleteSignature", error,
                      "SignedHeaders must name host and the x-acs- fields action, version, date, "
                      "signature-nonce, content-sha256, and security-token if sent");
    }
    const cs_pair *date = find_pair(r->headers, r->headers_n, CS_LITERAL("x-acs-date"));
    int rc = check_date(date ? date->value : (cs_slice){NULL, 0}, now_s, out, error);
    if (rc || (rc = cs_query_parse(raw_query, query, &query_n, work, error))) {
        return rc;
    }
    cs_v3_request request = {
        .method = r->method,
        .path = path,
        .query = query,
        .query_n = query_n,
        .headers = r->headers,
        .headers_n = r->headers_n,
        .signed_names = a.names,
        .signed_names_n = a.names_n,
    };
    from = work->n;
    if ((rc = cs_v3_payload_hash(signer, r->body, work, error))) {
        return rc;
    }
    request.payload_hash = cs_buffer_slice(work, from);
    from = work->n;
    if ((rc = cs_v3_canonical_request(&request, work, NULL, NULL, error))) {
        return CS_CLASS(rc) == CS_ARGUMENT
                   ? refuse(out, "IncompleteSignature", error,
                            "SignedHeaders names a field that the request does not have")
                   : rc;
    }
    out->canonical_request = cs_buffer_slice(work, from);
    from = work->n;
    if ((rc = cs_v3_string_to_sign(signer, out->canonical_request, work, error))) {
        return rc;
    }
    out->string_to_sign = cs_buffer_slice(work, from);
    const cs_pair *sent = find_pair(r->headers, r->headers_n, CS_LITERAL("x-acs-content-sha256"));
    if (!cs_slice_equal(sent->value, request.payload_hash)) {
        return refuse(out, "SignatureDoesNotMatch", error,
                      "x-acs-content-sha256 is not the SHA-256 of the body");
    }
    from = work->n;
    if ((rc = cs_v3_signature(signer, out->string_to_sign, work, error))) {
        return rc;
    }
    return compare_signature(a.signature, work, from, out, error);
}

/* ---- V1 ---- */

static int is_form(const cs_received *r)
{
    static const char form[] = "application/x-www-form-urlencoded";
    const size_t n = sizeof form - 1;
    const cs_pair *type = find_pair(r->headers, r->headers_n, CS_LITERAL("content-type"));
    if (!type || type->value.n < n ||
        !cs_slice_equal_nocase((cs_slice){type->value.p, n}, CS_LITERAL(form))) {
        return 0;
    }
    return type->value.n == n || type->value.p[n] == ';' || type->value.p[n] == ' ';
}

static int check_v1_parameters(const cs_pair *p, size_t n, cs_verdict *out, cs_error *error)
{
    static const struct {
        const char *name, *value;
    } required[] = {{"SignatureMethod", "HMAC-SHA1"},
                    {"SignatureVersion", "1.0"},
                    {"SignatureNonce", NULL},
                    {"AccessKeyId", NULL},
                    {"Timestamp", NULL}};
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        const cs_pair *found = find_parameter(p, n, required[i].name);
        if (!found || !found->value.n ||
            (required[i].value && !cs_slice_equal(found->value, cs_slice_of(required[i].value)))) {
            return refuse(out, "IncompleteSignature", error,
                          "expected SignatureMethod=HMAC-SHA1, SignatureVersion=1.0, "
                          "SignatureNonce, AccessKeyId and Timestamp");
        }
    }
    return 0;
}

static int verify_v1(cs_signer *signer, const cs_received *r, int64_t now_s, cs_buffer *work,
                     cs_verdict *out, cs_error *error)
{
    cs_pair parameters[CS_QUERY_MAX];
    size_t n = 0, from;
    cs_slice raw_query, path = split_target(r->target, &raw_query);
    int rc = cs_query_parse(raw_query, parameters, &n, work, error);
    if (rc == 0 && is_form(r)) {
        rc = cs_query_parse(r->body, parameters, &n, work, error);
    }
    if (rc) {
        return rc;
    }
    const cs_pair *signature = find_parameter(parameters, n, "Signature");
    if (!signature) {
        return refuse(out, "MissingAccessKeyId", error,
                      "expected an Authorization field or a Signature parameter");
    }
    if ((rc = check_v1_parameters(parameters, n, out, error)) ||
        (rc = check_date(find_parameter(parameters, n, "Timestamp")->value, now_s, out, error)) ||
        (rc = cs_v1_string_to_sign(r->method, parameters, n, work, &out->string_to_sign, error))) {
        return rc;
    }
    if (path.n && !cs_slice_equal(path, CS_LITERAL("/"))) { /* which the string to sign names */
        return refuse(out, "SignatureDoesNotMatch", error, "expected the path /");
    }
    from = work->n;
    if ((rc = cs_v1_signature(signer, out->string_to_sign, work, error))) {
        return rc;
    }
    return compare_signature(signature->value, work, from, out, error);
}

size_t cs_verify_work_size(const cs_received *r)
{
    /* V1 is the larger: decoded, escaped to 3 bytes a byte, and escaped again to 5 */
    size_t n = 1024 + r->method.n + 10 * (r->target.n + r->body.n);
    for (size_t i = 0; i < r->headers_n; i++) {
        n += 2 * r->headers[i].name.n + r->headers[i].value.n + 4;
    }
    return n;
}

int cs_verify(cs_signer *signer, const cs_received *request, int64_t now_s, cs_buffer *work,
              cs_verdict *out, cs_error *error)
{
    *out = (cs_verdict){NULL, {NULL, 0}, {NULL, 0}};
    if (request->headers_n > CS_HEADERS_MAX) {
        return cs_fail(error, CS_LIMIT, 0, "expected at most 64 header fields", NULL);
    }
    const cs_pair *field =
        find_pair(request->headers, request->headers_n, CS_LITERAL("authorization"));
    return field ? verify_v3(signer, request, field->value, now_s, work, out, error)
                 : verify_v1(signer, request, now_s, work, out, error);
}
