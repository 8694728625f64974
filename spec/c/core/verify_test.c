/* Each vector is accepted as a server receives it; with any byte of it changed it is refused, and
 * for the reason that the service gives. */
#include "support/guard.h"
#include "support/scarce.h"
#include "support/slices.h"
#include "support/vectors.h"

#include <ctype.h>
#include <stdio.h>

enum { NOW = 1767323045 }; /* 2026-01-02T03:04:05Z */

static cs_signer *signer; /* of the secret testsecret */

static int set_up(void **state)
{
    (void)state;
    return cs_signer_new(&signer, CS_LITERAL("testsecret"), NULL);
}

static int tear_down(void **state)
{
    (void)state;
    cs_signer_free(signer);
    return 0;
}

/* ---- requests that can be spoiled ---- */

/* A request whose every byte is its own. */
struct request {
    char method[16], target[4096], body[4096];
    char names[CS_HEADERS_MAX + 1][64], values[CS_HEADERS_MAX + 1][512];
    size_t method_n, target_n, body_n, headers_n;
    size_t names_n[CS_HEADERS_MAX + 1], values_n[CS_HEADERS_MAX + 1];
};

static void put(char *out, size_t room, size_t *n, cs_slice s)
{
    assert_true(s.n <= room);
    memcpy(out, s.n ? s.p : "", s.n);
    *n = s.n;
}

static void add_header(struct request *r, cs_slice name, cs_slice value)
{
    size_t i = r->headers_n++;
    put(r->names[i], sizeof r->names[i], &r->names_n[i], name);
    put(r->values[i], sizeof r->values[i], &r->values_n[i], value);
}

static void set_value(struct request *r, const char *name, const char *value)
{
    for (size_t i = 0; i < r->headers_n; i++) {
        if (cs_slice_equal((cs_slice){r->names[i], r->names_n[i]}, cs_slice_of(name))) {
            put(r->values[i], sizeof r->values[i], &r->values_n[i], cs_slice_of(value));
            return;
        }
    }
    fail_msg("no field %s", name);
}

static void remove_header(struct request *r, const char *name)
{
    for (size_t i = 0; i < r->headers_n; i++) {
        if (cs_slice_equal((cs_slice){r->names[i], r->names_n[i]}, cs_slice_of(name))) {
            r->headers_n--;
            memmove(r->names[i], r->names[i + 1], (r->headers_n - i) * sizeof r->names[i]);
            memmove(r->values[i], r->values[i + 1], (r->headers_n - i) * sizeof r->values[i]);
            memmove(&r->names_n[i], &r->names_n[i + 1], (r->headers_n - i) * sizeof r->names_n[i]);
            memmove(&r->values_n[i], &r->values_n[i + 1],
                    (r->headers_n - i) * sizeof r->values_n[i]);
            return;
        }
    }
    fail_msg("no field %s", name);
}

static void sign_v3(struct request *r, const cs_v3_call *call, cs_signer *by)
{
    static char memory[64 * 1024];
    static cs_v3_signed out;
    cs_buffer work;
    cs_buffer_init(&work, memory, sizeof memory);
    assert_int_equal(cs_v3_sign(by, call, &work, &out, NULL), 0);
    memset(r, 0, sizeof *r);
    put(r->method, sizeof r->method, &r->method_n, call->method);
    put(r->target, sizeof r->target, &r->target_n, out.target);
    put(r->body, sizeof r->body, &r->body_n, call->body);
    for (size_t i = 0; i < out.headers_n; i++) {
        add_header(r, out.headers[i].name, out.headers[i].value);
    }
}

static cs_v3_call plain_call(void)
{
    static const cs_pair query[] = {{SLICE("CurrentPage"), SLICE("1")},
                                    {SLICE("Identifier"), SLICE("a b")}};
    static const cs_pair headers[] = {{SLICE("x-acs-tag"), SLICE("b")},
                                      {SLICE("accept"), SLICE("application/json")}};
    return (cs_v3_call){.method = CS_LITERAL("POST"),
                        .path = CS_LITERAL("/"),
                        .query = query,
                        .query_n = COUNT(query),
                        .headers = headers,
                        .headers_n = COUNT(headers),
                        .body = CS_LITERAL("{\"body\": 1}"),
                        .host = CS_LITERAL("cas.aliyuncs.com"),
                        .action = CS_LITERAL("ListClientCertificate"),
                        .version = CS_LITERAL("2020-06-30"),
                        .date = CS_LITERAL("2026-01-02T03:04:05Z"),
                        .nonce = CS_LITERAL("0123456789abcdef0123456789abcdef"),
                        .access_key_id = CS_LITERAL("testid"),
                        .security_token = CS_LITERAL("token")};
}

static void plain_v3(struct request *r)
{
    cs_v3_call call = plain_call();
    sign_v3(r, &call, signer);
}

/* Signs parameters as the scheme wants it and puts the first `in_query` of them into the target,
 * the rest into a form. */
static void sign_v1(struct request *r, cs_slice method, const cs_pair *pairs, size_t n,
                    size_t in_query, cs_signer *by)
{
    static char memory[64 * 1024];
    cs_pair all[VECTOR_PAIRS];
    cs_slice string;
    cs_buffer work, signature, target, body;
    char base64[28];
    cs_buffer_init(&work, memory, sizeof memory);
    cs_buffer_init(&signature, base64, sizeof base64);
    assert_int_equal(cs_v1_string_to_sign(method, pairs, n, &work, &string, NULL), 0);
    assert_int_equal(cs_v1_signature(by, string, &signature, NULL), 0);
    memset(r, 0, sizeof *r);
    memcpy(all, pairs, n * sizeof *pairs);
    cs_pair with = {CS_LITERAL("Signature"), cs_buffer_slice(&signature, 0)};
    put(r->method, sizeof r->method, &r->method_n, method);
    cs_buffer_init(&target, r->target, sizeof r->target);
    cs_buffer_text(&target, "/?");
    cs_query_canonical(all, in_query, &target, NULL);
    cs_buffer_init(&body, r->body, sizeof r->body);
    cs_query_canonical(all + in_query, n - in_query, &body, NULL);
    cs_buffer_byte(in_query ? &target : &body, '&');
    cs_query_canonical(&with, 1, in_query ? &target : &body, NULL);
    r->target_n = target.n;
    if (in_query < n) {
        r->body_n = body.n;
        add_header(r, CS_LITERAL("Content-Type"), CS_LITERAL("application/x-www-form-urlencoded"));
    }
    add_header(r, CS_LITERAL("host"), CS_LITERAL("cas.aliyuncs.com"));
}

static const cs_pair v1_pairs[] = {{SLICE("AccessKeyId"), SLICE("testid")},
                                   {SLICE("SignatureMethod"), SLICE("HMAC-SHA1")},
                                   {SLICE("SignatureVersion"), SLICE("1.0")},
                                   {SLICE("SignatureNonce"), SLICE("n1")},
                                   {SLICE("Timestamp"), SLICE("2026-01-02T03:04:05Z")},
                                   {SLICE("Action"), SLICE("ListClientCertificate")},
                                   {SLICE("Identifier"), SLICE("a b+c")}};

/* ---- verifying them ---- */

static cs_verdict verdict;
static cs_error error;

static cs_received received_of(const struct request *r, cs_pair *headers)
{
    for (size_t i = 0; i < r->headers_n; i++) {
        headers[i] = (cs_pair){{r->names[i], r->names_n[i]}, {r->values[i], r->values_n[i]}};
    }
    return (cs_received){{r->method, r->method_n},
                         guard_copy(1, (cs_slice){r->target, r->target_n}),
                         headers,
                         r->headers_n,
                         guard_copy(2, (cs_slice){r->body, r->body_n})};
}

static int verify_by(cs_signer *by, const struct request *r, int64_t now_s)
{
    cs_pair headers[CS_HEADERS_MAX + 1];
    cs_received received = received_of(r, headers);
    cs_buffer work = guard_buffer(3, cs_verify_work_size(&received));
    int rc = cs_verify(by, &received, now_s, &work, &verdict, &error);
    assert_false(work.failed);
    assert_int_equal(verdict.code != NULL, CS_CLASS(rc) == CS_DENIED);
    assert_true(rc == 0 || error.code == rc);
    return rc;
}

static int verify(const struct request *r)
{
    return verify_by(signer, r, NOW);
}

static void denied_check(int rc, const char *code, const char *message, int line)
{
    char text[256];
    snprintf(text, sizeof text, "%s: %s", code, message);
    if (rc != CS_ERROR(CS_DENIED, 0) || strcmp(verdict.code, code) != 0 ||
        strcmp(error.message, text) != 0) {
        print_error("expected %s\nfound %s\n", text, rc ? error.message : "acceptance");
        _fail(__FILE__, line);
    }
}

#define assert_denied(rc, code, message) denied_check((rc), (code), (message), __LINE__)

static const char no_match[] = "Specified signature does not match our calculation.";
static const char other_body[] = "x-acs-content-sha256 is not the SHA-256 of the body";
static const char bad_authorization[] =
    "expected ACS3-HMAC-SHA256 Credential=…,SignedHeaders=…,Signature=…";
static const char bad_names[] =
    "SignedHeaders must name host and the x-acs- fields action, version, date, signature-nonce, "
    "content-sha256, and security-token if sent";
static const char no_such_field[] = "SignedHeaders names a field that the request does not have";
static const char expired[] = "Specified time stamp or date value is expired.";
static const char no_date[] = "expected a date like 2026-01-02T03:04:05Z";

/* ---- vectors ---- */

static void check_v3(struct vector *v)
{
    struct request r;
    cs_signer *by;
    if (!v->authorization.n) {
        return;
    }
    cs_v3_call call = {.method = v->method,
                       .path = v->path,
                       .body = v->body,
                       .query = v->query,
                       .query_n = v->query_n,
                       .headers = v->headers,
                       .headers_n = v->headers_n,
                       .host = v->host,
                       .action = v->action,
                       .version = v->version,
                       .date = v->date,
                       .nonce = v->nonce,
                       .access_key_id = v->access_key_id,
                       .security_token = v->security_token};
    assert_int_equal(cs_signer_new(&by, v->secret, NULL), 0);
    sign_v3(&r, &call, by);
    assert_int_equal(verify_by(by, &r, -1), 0);
    assert_slice(verdict.canonical_request, v->canonical_request);
    assert_slice(verdict.string_to_sign, v->string_to_sign);
    int other = verify(&r);
    assert_true(CS_CLASS(other) ==
                (cs_slice_equal_nocase(v->secret, CS_LITERAL("testsecret")) ? CS_OK : CS_DENIED));
    cs_signer_free(by);
}

static void check_v1(struct vector *v)
{
    struct request r;
    cs_signer *by;
    cs_pair pairs[2 * VECTOR_PAIRS];
    memcpy(pairs, v->query, v->query_n * sizeof *pairs);
    memcpy(pairs + v->query_n, v->form, v->form_n * sizeof *pairs);
    if (v->query_n + v->form_n < 5) {
        return; /* only a piece of a request */
    }
    assert_int_equal(cs_signer_new(&by, v->secret, NULL), 0);
    sign_v1(&r, v->method, pairs, v->query_n + v->form_n, v->query_n, by);
    assert_int_equal(verify_by(by, &r, -1), 0);
    assert_slice(verdict.string_to_sign, v->string_to_sign);
    assert_int_equal(verdict.canonical_request.n, 0);
    cs_signer_free(by);
}

static void accepts_each_vector(void **state)
{
    (void)state;
    assert_int_equal(vector_each("ACS3-HMAC-SHA256", check_v3), 17);
    assert_int_equal(vector_each("HMAC-SHA1", check_v1), 10);
}

/* ---- V3: any byte changed ---- */

static void any_byte_changed_is_refused(void **state)
{
    struct request r;
    (void)state;
    plain_v3(&r);
    assert_int_equal(verify(&r), 0);
    for (int flip = 1; flip < 256; flip = flip * 2 + 1) {
        for (size_t i = 0; i < r.method_n; i++) {
            r.method[i] = (char)(r.method[i] ^ flip);
            assert_denied(verify(&r), "SignatureDoesNotMatch", no_match);
            r.method[i] = (char)(r.method[i] ^ flip);
        }
        for (size_t i = 0; i < r.body_n; i++) {
            r.body[i] = (char)(r.body[i] ^ flip);
            assert_denied(verify(&r), "SignatureDoesNotMatch", other_body);
            r.body[i] = (char)(r.body[i] ^ flip);
        }
        for (size_t i = 0; i < r.target_n; i++) {
            r.target[i] = (char)(r.target[i] ^ flip);
            assert_int_not_equal(verify(&r), 0);
            r.target[i] = (char)(r.target[i] ^ flip);
        }
        for (size_t h = 0; h < r.headers_n; h++) {
            int is_signed = strncmp(r.names[h], "accept", 6) != 0;
            int id = strcmp(r.names[h], "authorization") == 0;
            for (size_t i = 0; i < r.values_n[h]; i++) {
                /* whose key it is, the caller has looked up before: the credential is no secret and
                 * not signed */
                int free_text = id && i >= 28 && i < 34;
                r.values[h][i] = (char)(r.values[h][i] ^ flip);
                int rc = verify(&r);
                assert_true(rc != 0 || !is_signed || free_text);
                assert_true(rc == 0 || is_signed);
                r.values[h][i] = (char)(r.values[h][i] ^ flip);
            }
            for (size_t i = 0; i < r.names_n[h] && is_signed; i++) {
                char was = r.names[h][i];
                r.names[h][i] = (char)(was ^ flip);
                assert_true(verify(&r) != 0 ||
                            tolower((unsigned char)was) == tolower((unsigned char)r.names[h][i]));
                r.names[h][i] = was;
            }
        }
    }
    assert_int_equal(verify(&r), 0);
}

static void any_byte_dropped_or_added_is_refused(void **state)
{
    struct request r, whole;
    (void)state;
    plain_v3(&whole);
    for (size_t h = 0; h < whole.headers_n; h++) {
        if (strncmp(whole.names[h], "accept", 6) == 0) {
            continue;
        }
        for (size_t n = 0; n < whole.values_n[h]; n++) {
            r = whole;
            r.values_n[h] = n;
            assert_int_not_equal(verify(&r), 0);
        }
        for (int byte = 1; byte < 256; byte++) {
            r = whole;
            r.values[h][r.values_n[h]++] = (char)byte;
            /* blanks at the end of a field are no part of it */
            int blank = (byte == ' ' || byte == '\t') && strcmp(r.names[h], "authorization") != 0 &&
                        strcmp(r.names[h], "x-acs-date") != 0 &&
                        strcmp(r.names[h], "x-acs-content-sha256") != 0;
            assert_int_equal(verify(&r) == 0, blank);
        }
    }
    for (size_t n = 0; n < whole.target_n; n++) {
        r = whole;
        r.target_n = n;
        assert_int_not_equal(verify(&r), 0);
    }
    for (size_t n = 0; n < whole.body_n; n++) {
        r = whole;
        r.body_n = n;
        assert_denied(verify(&r), "SignatureDoesNotMatch", other_body);
    }
    r = whole;
    r.body[r.body_n++] = ' ';
    assert_denied(verify(&r), "SignatureDoesNotMatch", other_body);
    r = whole;
    r.method_n--;
    assert_denied(verify(&r), "SignatureDoesNotMatch", no_match);
}

static void a_field_added_to_a_signed_one_is_refused(void **state)
{
    static const char *const names[] = {"x-acs-action", "X-Acs-Action", "host", "x-acs-tag",
                                        "x-acs-date"};
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct request r;
        plain_v3(&r);
        add_header(&r, cs_slice_of(names[i]), CS_LITERAL("DescribeCACertificate"));
        assert_denied(verify(&r), "SignatureDoesNotMatch", no_match);
    }
    struct request r;
    plain_v3(&r);
    add_header(&r, CS_LITERAL("via"), CS_LITERAL("1.1 proxy")); /* what is not signed may come */
    assert_int_equal(verify(&r), 0);
}

static void a_wrong_secret_is_refused_and_shows_the_servers_view(void **state)
{
    struct request r;
    cs_signer *other;
    (void)state;
    assert_int_equal(cs_signer_new(&other, CS_LITERAL("testsecre"), NULL), 0);
    plain_v3(&r);
    assert_denied(verify_by(other, &r, NOW), "SignatureDoesNotMatch", no_match);
    assert_memory_equal(verdict.canonical_request.p, "POST\n/\nCurrentPage=1&Identifier=a%20b\n",
                        38);
    assert_int_equal(verdict.string_to_sign.n, 17 + 64);
    assert_memory_equal(verdict.string_to_sign.p, "ACS3-HMAC-SHA256\n", 17);
    cs_signer_free(other);
}

/* ---- V3: the query as other clients write it ---- */

static void decodes_the_query_and_encodes_it_anew(void **state)
{
    static const struct {
        const char *target;
        int same;
    } rows[] = {
        {"/?CurrentPage=1&Identifier=a%20b", 1},
        {"/?CurrentPage=1&Identifier=a+b", 1}, /* Go */
        {"/?Identifier=a+b&CurrentPage=1", 1},
        {"/?&Identifier=a+b&&CurrentPage=1&", 1},
        {"/?%43urrent%50age=%31&Identifier=a%20b", 1},
        {"/?CurrentPage=1&Identifier=a%2520b", 0},
        {"/?CurrentPage=1&Identifier=a%2Bb", 0},
        {"/?CurrentPage=1&Identifier=a%20b&Identifier=a%20b", 0},
        {"/?CurrentPage=1&identifier=a%20b", 0},
        {"/?CurrentPage=1", 0},
        {"/?CurrentPage=1&Identifier=a%20b&x", 0},
        {"//?CurrentPage=1&Identifier=a%20b", 0},
        {"?CurrentPage=1&Identifier=a%20b", 1}, /* an empty path is the root */
        {"/?CurrentPage=1&Identifier=a%20b#x", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request r;
        plain_v3(&r);
        put(r.target, sizeof r.target, &r.target_n, cs_slice_of(rows[i].target));
        int rc = verify(&r);
        assert_int_equal(rc, rows[i].same ? 0 : CS_ERROR(CS_DENIED, 0));
    }
}

static void a_query_that_cannot_be_read_is_no_denial(void **state)
{
    struct request r;
    (void)state;
    plain_v3(&r);
    put(r.target, sizeof r.target, &r.target_n, CS_LITERAL("/?a=%zz"));
    assert_refused(verify(&r), error, CS_ARGUMENT,
                   "expected two hexadecimal digits after '%' in a query");
    for (size_t i = 0; i < 257; i++) {
        memcpy(r.target + 2 + 2 * i, "a&", 2);
    }
    r.target_n = 2 + 2 * 256;
    assert_denied(verify(&r), "SignatureDoesNotMatch", no_match);
    r.target_n = 2 + 2 * 257;
    assert_refused(verify(&r), error, CS_LIMIT, "expected at most 256 query parameters");
}

static void takes_64_header_fields(void **state)
{
    struct request r;
    (void)state;
    plain_v3(&r);
    while (r.headers_n < CS_HEADERS_MAX) {
        add_header(&r, CS_LITERAL("accept"), CS_LITERAL("*"));
    }
    assert_int_equal(verify(&r), 0);
    add_header(&r, CS_LITERAL("accept"), CS_LITERAL("*"));
    assert_refused(verify(&r), error, CS_LIMIT, "expected at most 64 header fields");
    sign_v1(&r, CS_LITERAL("POST"), v1_pairs, COUNT(v1_pairs), 3, signer);
    while (r.headers_n <= CS_HEADERS_MAX) {
        assert_int_equal(verify(&r), 0);
        add_header(&r, CS_LITERAL("accept"), CS_LITERAL("*"));
    }
    assert_refused(verify(&r), error, CS_LIMIT, "expected at most 64 header fields");
}

/* ---- V3: Authorization ---- */

#define NAMES                                                                                      \
    "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-security-token;"                      \
    "x-acs-signature-nonce;x-acs-version"
#define REST  "x-acs-content-sha256;x-acs-date;x-acs-signature-nonce"
#define BEGIN "ACS3-HMAC-SHA256 Credential=testid,SignedHeaders="

static void reads_one_form_of_authorization(void **state)
{
    static const char *const rows[] = {
        "",
        "ACS3-HMAC-SHA256",
        "ACS3-HMAC-SHA256 ",
        "ACS3-HMAC-SHA256 Credential=testid",
        "ACS3-HMAC-SHA256 Credential=testid,",
        BEGIN NAMES,
        BEGIN NAMES ",",
        BEGIN NAMES ",Signature=",
        "ACS3-HMAC-SHA256 Credential=,SignedHeaders=" NAMES ",Signature=00",
        BEGIN ",Signature=00",
        "ACS3-HMAC-SHA256 Credential=testid, SignedHeaders=" NAMES ", Signature=00",
        "ACS3-HMAC-SHA256  Credential=testid,SignedHeaders=" NAMES ",Signature=00",
        "ACS3-HMAC-SM3 Credential=testid,SignedHeaders=" NAMES ",Signature=00",
        "acs3-hmac-sha256 Credential=testid,SignedHeaders=" NAMES ",Signature=00",
        "ACS3-HMAC-SHA256 SignedHeaders=" NAMES ",Credential=testid,Signature=00",
        " " BEGIN NAMES ",Signature=00",
        "Bearer token",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request r;
        plain_v3(&r);
        set_value(&r, "authorization", rows[i]);
        assert_denied(verify(&r), "IncompleteSignature", bad_authorization);
    }
}

static void signed_headers_are_sorted_once_and_in_lower_case(void **state)
{
    static const char *const rows[] = {
        (";" NAMES),
        (NAMES ";"),
        "host;;x-acs-action",
        ";",
        ("x-acs-action;host;" REST ";x-acs-version"),
        ("host;host;x-acs-action;" REST ";x-acs-version"),
        ("Host;x-acs-action;" REST ";x-acs-version"),
        ("host;x-acs-Action;" REST ";x-acs-version"),
        ("host;x-acs-version;x-acs-action;" REST),
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request r;
        char value[512];
        plain_v3(&r);
        snprintf(value, sizeof value, BEGIN "%s,Signature=00", rows[i]);
        set_value(&r, "authorization", value);
        assert_denied(verify(&r), "IncompleteSignature", bad_authorization);
    }
}

static void signed_headers_holds_64_names_and_no_more(void **state)
{
    (void)state;
    for (size_t names = CS_HEADERS_MAX; names <= CS_HEADERS_MAX + 1; names++) {
        struct request r;
        char value[512] = BEGIN;
        plain_v3(&r);
        for (size_t i = 0; i < names; i++) {
            sprintf(value + strlen(value), "%s%02zu", i ? ";" : "", i);
        }
        strcat(value, ",Signature=00");
        set_value(&r, "authorization", value);
        assert_denied(verify(&r), "IncompleteSignature",
                      names > CS_HEADERS_MAX ? bad_authorization : bad_names);
    }
}

static void required_fields_must_be_named(void **state)
{
    static const char *const names[] = {
        "host",         "x-acs-action",         "x-acs-content-sha256",
        "x-acs-date",   "x-acs-security-token", "x-acs-signature-nonce",
        "x-acs-version"};
    (void)state;
    for (size_t skip = 0; skip < COUNT(names); skip++) {
        struct request r;
        char value[512] = BEGIN;
        plain_v3(&r);
        for (size_t i = 0; i < COUNT(names); i++) {
            if (i != skip) {
                strcat(value, value[sizeof BEGIN - 1] ? ";" : "");
                strcat(value, names[i]);
            }
        }
        strcat(value, ",Signature=00");
        set_value(&r, "authorization", value);
        assert_denied(verify(&r), "IncompleteSignature", bad_names);
    }
}

static void named_fields_must_be_there(void **state)
{
    static const char *const names[] = {
        "host",          "x-acs-action", "x-acs-content-sha256", "x-acs-signature-nonce",
        "x-acs-version", "x-acs-tag"};
    struct request r;
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        plain_v3(&r);
        remove_header(&r, names[i]);
        assert_denied(verify(&r), "IncompleteSignature", no_such_field);
    }
    plain_v3(&r);
    remove_header(&r, "x-acs-date");
    assert_denied(verify(&r), "InvalidTimeStamp.Format", no_date);
    plain_v3(&r);
    remove_header(&r, "x-acs-security-token"); /* named, though it need not be */
    assert_denied(verify(&r), "IncompleteSignature", no_such_field);
}

/* A signer that signs more than it must: the Python client signs every field. */
static void follows_signed_headers(void **state)
{
    struct request r;
    char memory[4096], value[512];
    cs_pair headers[CS_HEADERS_MAX + 1];
    static const cs_slice names[] = {SLICE("accept"),
                                     SLICE("host"),
                                     SLICE("x-acs-action"),
                                     SLICE("x-acs-content-sha256"),
                                     SLICE("x-acs-date"),
                                     SLICE("x-acs-security-token"),
                                     SLICE("x-acs-signature-nonce"),
                                     SLICE("x-acs-version")};
    cs_buffer work;
    cs_slice canonical, string;
    (void)state;
    plain_v3(&r);
    cs_received received = received_of(&r, headers);
    cs_v3_call call = plain_call();
    cs_buffer_init(&work, memory, sizeof memory);
    assert_int_equal(cs_v3_payload_hash(signer, received.body, &work, NULL), 0);
    const cs_v3_request request = {.method = received.method,
                                   .path = CS_LITERAL("/"),
                                   .query = call.query,
                                   .query_n = call.query_n,
                                   .headers = headers,
                                   .headers_n = r.headers_n,
                                   .signed_names = names,
                                   .signed_names_n = COUNT(names),
                                   .payload_hash = cs_buffer_slice(&work, 0)};
    assert_int_equal(cs_v3_canonical_request(&request, &work, NULL, NULL, NULL), 0);
    canonical = cs_buffer_slice(&work, 64);
    size_t from = work.n;
    assert_int_equal(cs_v3_string_to_sign(signer, canonical, &work, NULL), 0);
    string = cs_buffer_slice(&work, from);
    from = work.n;
    assert_int_equal(cs_v3_signature(signer, string, &work, NULL), 0);
    snprintf(value, sizeof value, BEGIN "accept;" NAMES ",Signature=%.64s", work.p + from);
    set_value(&r, "authorization", value);
    assert_int_equal(verify(&r), 0); /* and x-acs-tag is not among them */
    set_value(&r, "accept", "text/html");
    assert_denied(verify(&r), "SignatureDoesNotMatch", no_match);
}

static void a_signature_in_upper_case_is_none(void **state)
{
    struct request r;
    (void)state;
    plain_v3(&r);
    size_t last = r.headers_n - 1;
    for (size_t i = r.values_n[last] - 64; i < r.values_n[last]; i++) {
        r.values[last][i] = (char)toupper((unsigned char)r.values[last][i]);
    }
    assert_denied(verify(&r), "SignatureDoesNotMatch", no_match);
}

/* ---- dates ---- */

static void dates_are_good_for_fifteen_minutes(void **state)
{
    static const struct {
        int64_t now_s;
        int good;
    } rows[] = {
        {NOW, 1},       {NOW + 900, 1}, {NOW - 900, 1},           {NOW + 901, 0},
        {NOW - 901, 0}, {0, 0},         {INT64_MAX, 0},           {-1, 1}, /* not checked */
        {INT64_MIN, 1}, {NOW + 899, 1}, {NOW * INT64_C(1000), 0},
    };
    struct request v3, v1;
    (void)state;
    plain_v3(&v3);
    sign_v1(&v1, CS_LITERAL("GET"), v1_pairs, COUNT(v1_pairs), COUNT(v1_pairs), signer);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct request *both[] = {&v3, &v1};
        for (size_t k = 0; k < COUNT(both); k++) {
            int rc = verify_by(signer, both[k], rows[i].now_s);
            if (rows[i].good) {
                assert_int_equal(rc, 0);
            } else {
                assert_denied(rc, "InvalidTimeStamp.Expired", expired);
            }
        }
    }
}

static void dates_are_judged_before_signatures(void **state)
{
    static const struct {
        const char *date, *code, *message;
    } rows[] = {
        {"2026-01-02T03:04:05", "InvalidTimeStamp.Format", no_date},
        {"", "InvalidTimeStamp.Format", no_date},
        {"Fri, 02 Jan 2026 03:04:05 GMT", "InvalidTimeStamp.Format", no_date},
        {"2026-02-29T03:04:05Z", "InvalidTimeStamp.Format", no_date},
        {"2026-01-02T03:04:06Z", "SignatureDoesNotMatch", no_match},
        {"2026-01-02T03:19:05Z", "SignatureDoesNotMatch", no_match},
        {"2026-01-02T03:19:06Z", "InvalidTimeStamp.Expired", expired},
        {"0000-01-01T00:00:00Z", "InvalidTimeStamp.Expired", expired},
        {"1969-12-31T23:59:59Z", "InvalidTimeStamp.Expired", expired},
        {"9999-12-31T23:59:59Z", "InvalidTimeStamp.Expired", expired},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request r;
        plain_v3(&r);
        set_value(&r, "x-acs-date", rows[i].date);
        assert_denied(verify(&r), rows[i].code, rows[i].message);
        assert_int_equal(CS_CLASS(verify_by(signer, &r, INT64_MAX)), CS_DENIED);
        assert_int_equal(CS_CLASS(verify_by(signer, &r, 0)), CS_DENIED);
    }
}

/* ---- V1 ---- */

static void any_byte_of_an_rpc_request_changed_is_refused(void **state)
{
    (void)state;
    for (size_t in_query = 0; in_query <= COUNT(v1_pairs); in_query++) {
        struct request r;
        sign_v1(&r, CS_LITERAL("POST"), v1_pairs, COUNT(v1_pairs), in_query, signer);
        assert_int_equal(verify(&r), 0);
        for (int flip = 1; flip < 256; flip = flip * 2 + 1) {
            for (size_t i = 0; i < r.target_n + r.body_n + r.method_n; i++) {
                char *at = i < r.target_n              ? &r.target[i]
                           : i < r.target_n + r.body_n ? &r.body[i - r.target_n]
                                                       : &r.method[i - r.target_n - r.body_n];
                char was = *at;
                *at = (char)(was ^ flip);
                assert_true(verify(&r) != 0 || (was == '?' && r.target_n == 2));
                *at = was;
            }
        }
    }
}

static void query_and_form_are_merged(void **state)
{
    struct request r;
    (void)state;
    sign_v1(&r, CS_LITERAL("POST"), v1_pairs, COUNT(v1_pairs), 3, signer);
    assert_int_equal(verify(&r), 0);
    static const struct {
        const char *type;
        int form;
    } rows[] = {
        {"application/x-www-form-urlencoded", 1},
        {"APPLICATION/X-WWW-Form-Urlencoded; charset=UTF-8", 1},
        {"application/x-www-form-urlencoded ;charset=UTF-8", 1},
        {"application/x-www-form-urlencoded2", 0},
        {"application/x-www-form-urlencode", 0},
        {"application/json", 0},
        {"", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        set_value(&r, "Content-Type", rows[i].type);
        assert_int_equal(verify(&r) == 0, rows[i].form);
    }
    remove_header(&r, "Content-Type");
    assert_denied(verify(&r), "IncompleteSignature",
                  "expected SignatureMethod=HMAC-SHA1, SignatureVersion=1.0, SignatureNonce, "
                  "AccessKeyId and Timestamp");
}

static void rpc_parameters_must_be_there_and_right(void **state)
{
    static const char incomplete[] =
        "expected SignatureMethod=HMAC-SHA1, SignatureVersion=1.0, SignatureNonce, AccessKeyId and "
        "Timestamp";
    static const struct {
        size_t parameter;
        cs_slice value; /* p NULL: left out */
        const char *code, *message;
    } rows[] = {
        {0, {NULL, 0}, "IncompleteSignature", incomplete},
        {0, SLICE(""), "IncompleteSignature", incomplete},
        {1, {NULL, 0}, "IncompleteSignature", incomplete},
        {1, SLICE("HMAC-SHA256"), "IncompleteSignature", incomplete},
        {1, SLICE("hmac-sha1"), "IncompleteSignature", incomplete},
        {2, {NULL, 0}, "IncompleteSignature", incomplete},
        {2, SLICE("2.0"), "IncompleteSignature", incomplete},
        {2, SLICE("1.00"), "IncompleteSignature", incomplete},
        {3, {NULL, 0}, "IncompleteSignature", incomplete},
        {3, SLICE(""), "IncompleteSignature", incomplete},
        {4, {NULL, 0}, "IncompleteSignature", incomplete},
        {4, SLICE("2026-01-02 03:04:05"), "InvalidTimeStamp.Format", no_date},
        {4, SLICE("2026-01-02T03:19:06Z"), "InvalidTimeStamp.Expired", expired},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        cs_pair pairs[COUNT(v1_pairs)];
        size_t n = 0;
        struct request r;
        for (size_t k = 0; k < COUNT(v1_pairs); k++) {
            if (k != rows[i].parameter || rows[i].value.p) {
                pairs[n] = v1_pairs[k];
                pairs[n++].value = k == rows[i].parameter ? rows[i].value : v1_pairs[k].value;
            }
        }
        sign_v1(&r, CS_LITERAL("GET"), pairs, n, n, signer); /* well signed, all of them */
        assert_denied(verify(&r), rows[i].code, rows[i].message);
    }
}

static void without_a_signature_nothing_is_accepted(void **state)
{
    static const char *const targets[] = {
        "", "/", "/?", "/?Signature", "/?signature=x", "/?AccessKeyId=testid"};
    (void)state;
    for (size_t i = 0; i < COUNT(targets); i++) {
        struct request r;
        memset(&r, 0, sizeof r);
        put(r.method, sizeof r.method, &r.method_n, CS_LITERAL("GET"));
        put(r.target, sizeof r.target, &r.target_n, cs_slice_of(targets[i]));
        int rc = verify(&r);
        if (i == 3) {
            assert_int_equal(CS_CLASS(rc), CS_DENIED);
        } else {
            assert_denied(rc, "MissingAccessKeyId",
                          "expected an Authorization field or a Signature parameter");
        }
    }
}

static void an_rpc_signature_covers_the_root_alone(void **state)
{
    struct request r;
    (void)state;
    sign_v1(&r, CS_LITERAL("POST"), v1_pairs, COUNT(v1_pairs), 3, signer);
    memmove(r.target + 4, r.target, r.target_n);
    memcpy(r.target, "/dir", 4);
    r.target_n += 4;
    assert_denied(verify(&r), "SignatureDoesNotMatch", "expected the path /");
    memmove(r.target, r.target + 5, r.target_n - 5);
    r.target_n -= 5;
    assert_int_equal(r.target[0], '?');
    assert_int_equal(verify(&r), 0);
}

static void rpc_queries_that_cannot_be_read_are_no_denial(void **state)
{
    struct request r;
    (void)state;
    sign_v1(&r, CS_LITERAL("POST"), v1_pairs, COUNT(v1_pairs), 3, signer);
    r.body[r.body_n++] = '%';
    assert_refused(verify(&r), error, CS_ARGUMENT,
                   "expected two hexadecimal digits after '%' in a query");
    for (size_t i = 0; i < 254; i++) {
        memcpy(r.body + 2 * i, "a&", 2);
    }
    r.body_n = 2 * 254; /* and four in the target */
    assert_refused(verify(&r), error, CS_LIMIT, "expected at most 256 query parameters");
}

/* ---- memory ---- */

/* With `work` too small the request is refused as too long, whatever its signature: an empty one
 * must not be equal to a signature for which there was no room. */
static void memory_that_is_too_small_never_accepts(void **state)
{
    struct request requests[4];
    (void)state;
    plain_v3(&requests[0]);
    sign_v1(&requests[1], CS_LITERAL("POST"), v1_pairs, COUNT(v1_pairs), 3, signer);
    sign_v1(&requests[2], CS_LITERAL("GET"), v1_pairs, COUNT(v1_pairs), COUNT(v1_pairs), signer);
    requests[3] = requests[2];
    requests[3].target_n =
        (size_t)(strstr(requests[3].target, "&Signature=") - requests[3].target) +
        strlen("&Signature=");
    for (size_t i = 0; i < COUNT(requests); i++) {
        cs_pair headers[CS_HEADERS_MAX];
        cs_received received = received_of(&requests[i], headers);
        size_t size = 0;
        for (int rc = -1; CS_CLASS(rc) != (i == 3 ? CS_DENIED : CS_OK); size++) {
            cs_buffer work = guard_buffer(3, size);
            assert_true(size <= cs_verify_work_size(&received));
            rc = cs_verify(signer, &received, NOW, &work, &verdict, &error);
            assert_int_equal(work.failed, CS_CLASS(rc) == CS_LIMIT);
        }
        assert_int_equal(verify(&requests[i]) == 0, i != 3);
    }
}

/* Where OpenSSL can't hash or sign, nothing is accepted, and nobody is blamed for it. */
static void every_allocation_may_fail(void **state)
{
    struct request requests[2];
    (void)state;
    plain_v3(&requests[0]);
    sign_v1(&requests[1], CS_LITERAL("POST"), v1_pairs, COUNT(v1_pairs), 3, signer);
    for (size_t i = 0; i < COUNT(requests); i++) {
        size_t failures = 0;
        for (long n = 1, failed = 1; failed; n++) {
            cs_signer *fresh; /* whose contexts have not been used: they allocate more */
            assert_int_equal(cs_signer_new(&fresh, CS_LITERAL("testsecret"), NULL), 0);
            scarce_fail_at(n);
            int rc = verify_by(fresh, &requests[i], NOW);
            failed = scarce_end();
            cs_signer_free(fresh);
            assert_int_equal(CS_CLASS(rc), failed ? CS_LIMIT : CS_OK);
            failures += (size_t)failed;
        }
        assert_true(failures > 0);
    }
}

static void the_size_promised_is_enough_for_the_worst(void **state)
{
    static const char *const pieces[] = {"\x80", "\x80&", "\x80=", "&", "=&", "%80", "+"};
    (void)state;
    for (size_t i = 0; i < COUNT(pieces) * 2 * 40; i++) {
        struct request r;
        const char *piece = pieces[i % COUNT(pieces)];
        size_t count = i / COUNT(pieces) / 2 * (strchr(piece, '&') ? 6 : 30);
        int with_form = i / COUNT(pieces) % 2;
        plain_v3(&r);
        r.target_n = 0;
        for (size_t k = 0; k < count; k++) {
            memcpy(r.target + r.target_n, piece, strlen(piece));
            r.target_n += strlen(piece);
        }
        memmove(r.target + 2, r.target, r.target_n);
        memcpy(r.target, "/?", 2);
        r.target_n += 2;
        assert_int_not_equal(verify(&r), 0);
        sign_v1(&r, CS_LITERAL("POST"), v1_pairs, COUNT(v1_pairs), with_form ? 3 : 7, signer);
        char *out = with_form ? r.body : r.target;
        size_t *n = with_form ? &r.body_n : &r.target_n;
        out[(*n)++] = '&';
        for (size_t k = 0; k < count; k++) {
            memcpy(out + *n, piece, strlen(piece));
            *n += strlen(piece);
        }
        verify(&r); /* which sees to it that the memory was enough */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_each_vector),
        cmocka_unit_test(any_byte_changed_is_refused),
        cmocka_unit_test(any_byte_dropped_or_added_is_refused),
        cmocka_unit_test(a_field_added_to_a_signed_one_is_refused),
        cmocka_unit_test(a_wrong_secret_is_refused_and_shows_the_servers_view),
        cmocka_unit_test(decodes_the_query_and_encodes_it_anew),
        cmocka_unit_test(a_query_that_cannot_be_read_is_no_denial),
        cmocka_unit_test(takes_64_header_fields),
        cmocka_unit_test(reads_one_form_of_authorization),
        cmocka_unit_test(signed_headers_are_sorted_once_and_in_lower_case),
        cmocka_unit_test(signed_headers_holds_64_names_and_no_more),
        cmocka_unit_test(required_fields_must_be_named),
        cmocka_unit_test(named_fields_must_be_there),
        cmocka_unit_test(follows_signed_headers),
        cmocka_unit_test(a_signature_in_upper_case_is_none),
        cmocka_unit_test(dates_are_good_for_fifteen_minutes),
        cmocka_unit_test(dates_are_judged_before_signatures),
        cmocka_unit_test(any_byte_of_an_rpc_request_changed_is_refused),
        cmocka_unit_test(query_and_form_are_merged),
        cmocka_unit_test(rpc_parameters_must_be_there_and_right),
        cmocka_unit_test(without_a_signature_nothing_is_accepted),
        cmocka_unit_test(an_rpc_signature_covers_the_root_alone),
        cmocka_unit_test(rpc_queries_that_cannot_be_read_are_no_denial),
        cmocka_unit_test(memory_that_is_too_small_never_accepts),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(the_size_promised_is_enough_for_the_worst),
    };
    scarce_install();
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
