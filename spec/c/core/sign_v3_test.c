/* ACS3-HMAC-SHA256 stage by stage, byte for byte, against spec/vectors/; with every buffer too
 * small and every input at the edge of memory; and what may not be signed. */
#include "support/guard.h"
#include "support/scarce.h"
#include "support/slices.h"
#include "support/vectors.h"

#include <stdio.h>

static const char algorithm[] = "ACS3-HMAC-SHA256";
static const char empty_hash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static cs_signer *new_signer(cs_slice secret)
{
    cs_signer *signer;
    assert_int_equal(cs_signer_new(&signer, secret, NULL), 0);
    return signer;
}

static cs_v3_call call_of(const struct vector *v)
{
    return (cs_v3_call){
        .method = guard_copy(0, v->method),
        .path = guard_copy(1, v->path),
        .body = guard_copy(2, v->body),
        .query = v->query,
        .query_n = v->query_n,
        .headers = v->headers,
        .headers_n = v->headers_n,
        .host = guard_copy(3, v->host),
        .action = guard_copy(4, v->action),
        .version = guard_copy(5, v->version),
        .date = guard_copy(6, v->date),
        .nonce = guard_copy(7, v->nonce),
        .access_key_id = guard_copy(8, v->access_key_id),
        .security_token = guard_copy(9, v->security_token),
    };
}

/* A call that may be signed, for tests that spoil one thing. */
static cs_v3_call plain_call(void)
{
    return (cs_v3_call){
        .method = CS_LITERAL("POST"),
        .path = CS_LITERAL("/"),
        .host = CS_LITERAL("cas.aliyuncs.com"),
        .action = CS_LITERAL("ListClientCertificate"),
        .version = CS_LITERAL("2020-06-30"),
        .date = CS_LITERAL("2026-01-02T03:04:05Z"),
        .nonce = CS_LITERAL("0123456789abcdef0123456789abcdef"),
        .access_key_id = CS_LITERAL("testid"),
    };
}

static int sign(const cs_v3_call *call, cs_v3_signed *out, cs_error *error)
{
    cs_buffer work = guard_buffer(15, cs_v3_work_size(call));
    cs_signer *signer = new_signer(CS_LITERAL("testsecret"));
    int rc = cs_v3_sign(signer, call, &work, out, error);
    cs_signer_free(signer);
    assert_true(rc != 0 || !work.failed);
    return rc;
}

/* ---- vectors ---- */

/* What is not known only as a payload's hash can be signed whole. */
static int is_whole(const struct vector *v)
{
    return v->authorization.n > 0;
}

static void check_whole(struct vector *v)
{
    cs_v3_signed out;
    cs_error error;
    if (!is_whole(v)) {
        return;
    }
    cs_v3_call call = call_of(v);
    cs_signer *signer = new_signer(guard_copy(10, v->secret));
    cs_buffer work = guard_buffer(11, cs_v3_work_size(&call));
    assert_int_equal(cs_v3_sign(signer, &call, &work, &out, &error), 0);
    assert_slice(out.canonical_request, v->canonical_request);
    assert_slice(out.string_to_sign, v->string_to_sign);
    assert_slice(out.signature, v->signature);
    assert_slice(out.authorization, v->authorization);
    assert_slice(out.target, v->target);
    assert_slice_text(out.headers[out.headers_n - 1].name, "authorization");
    assert_slice(out.headers[out.headers_n - 1].value, v->authorization);
    assert_int_equal(out.headers_n, v->headers_n + 7 + (v->security_token.n ? 2 : 0));

    size_t needed = work.n;
    for (size_t size = 0; size < needed; size++) {
        work = guard_buffer(11, size);
        assert_refused(cs_v3_sign(signer, &call, &work, &out, &error), error, CS_LIMIT,
                       "request too long to sign");
        assert_true(work.failed);
    }
    work = guard_buffer(11, needed);
    assert_int_equal(cs_v3_sign(signer, &call, &work, &out, NULL), 0);
    assert_slice(out.signature, v->signature);
    cs_signer_free(signer);
}

static void signs_each_whole_vector(void **state)
{
    (void)state;
    assert_int_equal(vector_each(algorithm, check_whole), 17);
}

/* The three stages by themselves, each from the vector's own file of the stage before, each into
 * every size of buffer. */
static void check_stages(struct vector *v)
{
    cs_signer *signer = new_signer(v->secret);
    cs_v3_signed whole;
    cs_error error;
    cs_v3_request request = {
        .method = guard_copy(0, v->method),
        .path = guard_copy(1, v->path),
        .query = v->query,
        .query_n = v->query_n,
        .headers = v->headers,
        .headers_n = v->headers_n,
        .payload_hash = guard_copy(2, v->payload_hash),
    };
    if (is_whole(v)) {
        cs_v3_call call = call_of(v);
        cs_buffer work = guard_buffer(11, cs_v3_work_size(&call));
        assert_int_equal(cs_v3_sign(signer, &call, &work, &whole, NULL), 0);
        request.headers = whole.headers;
        request.headers_n = whole.headers_n; /* authorization, which is not signed, among them */
        request.payload_hash = (cs_slice){v->canonical_request.p + v->canonical_request.n - 64, 64};
    }
    for (size_t size = 0; size <= v->canonical_request.n; size++) {
        cs_buffer out = guard_buffer(12, size);
        cs_slice query, names;
        int rc = cs_v3_canonical_request(&request, &out, &query, &names, &error);
        if (size < v->canonical_request.n) {
            assert_refused(rc, error, CS_LIMIT, "request too long to sign");
            continue;
        }
        assert_int_equal(rc, 0);
        assert_slice(cs_buffer_slice(&out, 0), v->canonical_request);
        assert_true(query.p >= out.p && query.p + query.n <= out.p + out.n);
        assert_true(query.n == 0 || (query.p[-1] == '\n' && query.p[query.n] == '\n'));
        assert_memory_equal(names.p + names.n, "\n", 1);
    }
    for (size_t size = 0; size <= v->string_to_sign.n; size++) {
        cs_buffer out = guard_buffer(12, size);
        cs_slice text = guard_copy(13, v->canonical_request);
        assert_int_equal(cs_v3_string_to_sign(signer, text, &out, NULL), 0);
        assert_int_equal(out.failed, size < v->string_to_sign.n);
        assert_memory_equal(out.p, v->string_to_sign.p, out.n);
    }
    for (size_t size = 0; size <= v->signature.n; size++) {
        cs_buffer out = guard_buffer(12, size);
        cs_slice text = guard_copy(13, v->string_to_sign);
        assert_int_equal(cs_v3_signature(signer, text, &out, NULL), 0);
        assert_int_equal(out.n, size < 64 ? 0 : 64);
        assert_memory_equal(out.p, v->signature.p, out.n);
    }
    cs_signer_free(signer);
}

static void makes_each_stage_of_each_vector(void **state)
{
    (void)state;
    assert_int_equal(vector_each(algorithm, check_stages), 17);
}

static void hashes_bodies(void **state)
{
    cs_signer *signer = new_signer(CS_LITERAL("x"));
    (void)state;
    for (size_t size = 0; size <= 64; size++) {
        cs_buffer out = guard_buffer(0, size);
        assert_int_equal(cs_v3_payload_hash(signer, (cs_slice){NULL, 0}, &out, NULL), 0);
        assert_int_equal(out.failed, size < 64);
        assert_memory_equal(out.p, empty_hash, out.n);
    }
    cs_signer_free(signer);
}

/* ---- stage 1 in detail ---- */

static void assert_canonical(const cs_v3_request *request, const char *expected)
{
    cs_buffer out = guard_buffer(12, 4096);
    assert_int_equal(cs_v3_canonical_request(request, &out, NULL, NULL, NULL), 0);
    assert_buffer(&out, expected);
}

static void signs_host_content_type_and_what_begins_with_x_acs(void **state)
{
    const cs_pair headers[] = {
        {CS_LITERAL("User-Agent"), CS_LITERAL("u")},
        {CS_LITERAL("x-acs"), CS_LITERAL("no")},
        {CS_LITERAL("X-ACS-"), CS_LITERAL("empty")},
        {CS_LITERAL("HOST"), CS_LITERAL("h")},
        {CS_LITERAL("hosts"), CS_LITERAL("no")},
        {CS_LITERAL("content-typ"), CS_LITERAL("no")},
        {CS_LITERAL("Content-Type"), CS_LITERAL("t")},
        {CS_LITERAL("x-acsy"), CS_LITERAL("no")},
        {CS_LITERAL("X-Acs-A_B"), CS_LITERAL("B")},
        {CS_LITERAL("x-acs-a-b"), CS_LITERAL("-")},
        {CS_LITERAL(""), CS_LITERAL("no name")},
    };
    cs_v3_request request = {.method = CS_LITERAL("GET"),
                             .headers = headers,
                             .headers_n = COUNT(headers),
                             .payload_hash = CS_LITERAL("hash")};
    (void)state;
    assert_canonical(&request, "GET\n/\n\ncontent-type:t\nhost:h\nx-acs-:empty\nx-acs-a-b:-\n"
                               "x-acs-a_b:B\n\ncontent-type;host;x-acs-;x-acs-a-b;x-acs-a_b\nhash");
    request.headers_n = 0;
    assert_canonical(&request, "GET\n/\n\n\n\nhash");
}

static void trims_and_merges_values(void **state)
{
    const cs_pair headers[] = {
        {CS_LITERAL("x-acs-b"), CS_LITERAL("\t two words \t ")},
        {CS_LITERAL("x-acs-a"), CS_LITERAL(" z")},
        {CS_LITERAL("X-ACS-A"), CS_LITERAL("\ta\t")},
        {CS_LITERAL("x-acs-a"), CS_LITERAL(" \t ")},
        {CS_LITERAL("x-acs-A"), CS_LITERAL("a")},
        {CS_LITERAL("x-acs-c"), {NULL, 0}},
    };
    const cs_v3_request request = {.method = CS_LITERAL("GET"),
                                   .headers = headers,
                                   .headers_n = COUNT(headers),
                                   .payload_hash = CS_LITERAL("hash")};
    (void)state;
    assert_canonical(&request, "GET\n/\n\nx-acs-a:,a,a,z\nx-acs-b:two words\nx-acs-c:\n\n"
                               "x-acs-a;x-acs-b;x-acs-c\nhash");
}

static void writes_paths_as_the_official_clients_do(void **state)
{
    static const struct {
        const char *path, *canonical;
    } rows[] = {
        {"", "/"},
        {"/", "/"},
        {"/a+b", "/a%20b"},
        {"/*", "/%2A"},
        {"/%7E", "/~"},
        {"/%7e", "/%7e"},
        {"/%7", "/%7"},
        {"/%", "/%"},
        {"/~%2B", "/~%2B"},
        {"%7E%7E", "~~"},
        {"/a//b/../c", "/a//b/../c"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char expected[64];
        const cs_v3_request request = {.method = CS_LITERAL("GET"),
                                       .path = guard_copy(0, cs_slice_of(rows[i].path)),
                                       .payload_hash = CS_LITERAL("hash")};
        snprintf(expected, sizeof expected, "GET\n%s\n\n\n\nhash", rows[i].canonical);
        assert_canonical(&request, expected);
    }
}

static void signs_the_fields_that_are_named(void **state)
{
    const cs_pair headers[] = {
        {CS_LITERAL("Accept"), CS_LITERAL("a")},  {CS_LITERAL("host"), CS_LITERAL("h")},
        {CS_LITERAL("x-acs-b"), CS_LITERAL("2")}, {CS_LITERAL("x-acs-a"), CS_LITERAL("1")},
        {CS_LITERAL("X-Acs-B"), CS_LITERAL("0")}, {CS_LITERAL("user-agent"), CS_LITERAL("u")},
    };
    static const struct {
        cs_slice names[3];
        size_t n;
        const char *canonical; /* NULL: refused */
    } rows[] = {
        {{{NULL, 0}}, 0, "\n\n\nhash"},
        {{SLICE("accept")}, 1, "\naccept:a\n\naccept\nhash"},
        {{SLICE("host"), SLICE("x-acs-b")}, 2, "\nhost:h\nx-acs-b:0,2\n\nhost;x-acs-b\nhash"},
        {{SLICE("user-agent"), SLICE("host")},
         2,
         "\nhost:h\nuser-agent:u\n\nhost;user-agent\nhash"},
        {{SLICE("host"), SLICE("nowhere")}, 2, NULL},
        {{SLICE("nowhere")}, 1, NULL},
        {{SLICE("")}, 1, NULL},
        {{SLICE("host"), SLICE("host")}, 2, NULL},
        {{SLICE("x-acs-b"), SLICE("x-acs-b")}, 2, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const cs_v3_request request = {.method = CS_LITERAL("GET"),
                                       .headers = headers,
                                       .headers_n = COUNT(headers),
                                       .signed_names = rows[i].names,
                                       .signed_names_n = rows[i].n,
                                       .payload_hash = CS_LITERAL("hash")};
        cs_buffer out = guard_buffer(12, 4096);
        cs_error error;
        int rc = cs_v3_canonical_request(&request, &out, NULL, NULL, &error);
        if (rows[i].canonical) {
            assert_int_equal(rc, 0);
            assert_memory_equal(out.p, "GET\n/\n", 6);
            assert_slice_text(cs_buffer_slice(&out, 6), rows[i].canonical);
        } else {
            assert_refused(
                rc, error, CS_ARGUMENT,
                "SignedHeaders names a field that the request does not have, or one twice");
        }
    }
}

/* ---- limits ---- */

static void takes_64_header_fields_and_256_parameters(void **state)
{
    cs_pair headers[CS_HEADERS_MAX + 1], query[CS_QUERY_MAX + 1];
    char names[CS_QUERY_MAX + 1][12];
    cs_v3_call call = plain_call();
    cs_v3_signed out;
    cs_error error;
    (void)state;
    for (size_t i = 0; i <= CS_QUERY_MAX; i++) {
        snprintf(names[i], sizeof names[i], "x-acs-%04zu", CS_QUERY_MAX - i);
        query[i] = (cs_pair){{names[i], 10}, CS_LITERAL("*")};
        if (i <= CS_HEADERS_MAX) {
            headers[i] = (cs_pair){{names[i], 10}, {NULL, 0}};
        }
    }
    call.headers = headers;
    call.query = query;
    call.query_n = CS_QUERY_MAX;
    call.headers_n = CS_HEADERS_MAX - 7; /* six of ours, and authorization */
    assert_int_equal(sign(&call, &out, &error), 0);
    assert_int_equal(out.headers_n, CS_HEADERS_MAX);
    call.headers_n++;
    assert_refused(sign(&call, &out, &error), error, CS_LIMIT, "expected at most 64 header fields");
    call.headers_n = CS_HEADERS_MAX + 1;
    assert_refused(sign(&call, &out, &error), error, CS_LIMIT, "expected at most 64 header fields");
    call.headers_n = CS_HEADERS_MAX - 9;
    call.security_token = CS_LITERAL("token"); /* two more of ours */
    assert_int_equal(sign(&call, &out, &error), 0);
    call.headers_n++;
    assert_refused(sign(&call, &out, &error), error, CS_LIMIT, "expected at most 64 header fields");
    call.headers_n = 0;
    call.query_n = CS_QUERY_MAX + 1;
    assert_refused(sign(&call, &out, &error), error, CS_LIMIT,
                   "expected at most 256 query parameters");

    cs_v3_request request = {.headers = headers, .headers_n = CS_HEADERS_MAX};
    cs_buffer work = guard_buffer(12, 8192);
    assert_int_equal(cs_v3_canonical_request(&request, &work, NULL, NULL, NULL), 0);
    request.headers_n++;
    assert_refused(cs_v3_canonical_request(&request, &work, NULL, NULL, &error), error, CS_LIMIT,
                   "expected at most 64 header fields");
}

/* What grows most: every byte of path and query, every name that is written three times. */
static void the_size_promised_is_enough_for_the_worst(void **state)
{
    static char stars[2048];
    const cs_slice all = {stars, sizeof stars};
    const cs_pair query[] = {
        {all, all}, {all, {NULL, 0}}, {{NULL, 0}, all}, {{NULL, 0}, {NULL, 0}}};
    cs_pair headers[CS_HEADERS_MAX - 9];
    cs_v3_call call = plain_call();
    cs_v3_signed out;
    (void)state;
    memset(stars, '*', sizeof stars);
    for (size_t i = 0; i < COUNT(headers); i++) {
        headers[i] = (cs_pair){CS_LITERAL("x-acs-zz"), {NULL, 0}};
    }
    for (size_t n = 0; n <= COUNT(query); n++) {
        for (size_t k = 0; k <= COUNT(headers); k += 5) {
            for (size_t length = 0; length <= all.n; length += 512) {
                cs_slice some = {stars, length};
                call.path = call.host = call.action = call.version = some;
                call.date = call.nonce = call.access_key_id = call.security_token = some;
                call.body = some;
                call.query = query;
                call.query_n = n;
                call.headers = headers;
                call.headers_n = k;
                assert_int_equal(sign(&call, &out, NULL), 0);
            }
        }
    }
}

/* Where OpenSSL can't hash or sign, there is an error and no signature. */
static void every_allocation_may_fail(void **state)
{
    cs_v3_call call = plain_call();
    cs_v3_signed out;
    cs_error error;
    size_t failures = 0;
    (void)state;
    call.body = CS_LITERAL("body");
    assert_int_equal(sign(&call, &out, NULL), 0);
    for (long n = 1, failed = 1; failed; n++) {
        cs_buffer work = guard_buffer(15, cs_v3_work_size(&call));
        cs_signer *signer = new_signer(CS_LITERAL("testsecret"));
        scarce_fail_at(n);
        int rc = cs_v3_sign(signer, &call, &work, &out, &error);
        failed = scarce_end();
        cs_signer_free(signer);
        assert_int_equal(rc != 0, failed);
        if (failed) {
            failures++;
            assert_int_equal(CS_CLASS(rc), CS_LIMIT);
            assert_memory_equal(error.message, "OpenSSL could not ", 18);
        }
    }
    assert_true(failures > 1);
}

/* ---- what is sent, and what is refused ---- */

static void gives_every_field_to_send(void **state)
{
    const cs_pair headers[] = {{CS_LITERAL("Accept"), CS_LITERAL("application/json")},
                               {CS_LITERAL("X-Acs-Tag"), {NULL, 0}}};
    static const char *const expected[][2] = {
        {"host", "cas.aliyuncs.com"},
        {"x-acs-accesskey-id", "testid"},
        {"x-acs-action", "ListClientCertificate"},
        {"x-acs-content-sha256", empty_hash},
        {"x-acs-date", "2026-01-02T03:04:05Z"},
        {"x-acs-security-token", "token"},
        {"x-acs-signature-nonce", "0123456789abcdef0123456789abcdef"},
        {"x-acs-version", "2020-06-30"},
        {"Accept", "application/json"},
        {"X-Acs-Tag", ""},
    };
    cs_v3_call call = plain_call();
    cs_v3_signed out;
    (void)state;
    call.security_token = CS_LITERAL("token");
    call.headers = headers;
    call.headers_n = COUNT(headers);
    assert_int_equal(sign(&call, &out, NULL), 0);
    assert_int_equal(out.headers_n, COUNT(expected) + 1);
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_slice_text(out.headers[i].name, expected[i][0]);
        assert_slice_text(out.headers[i].value, expected[i][1]);
    }
}

static void an_empty_field_of_ours_is_not_sent(void **state)
{
    cs_v3_call call = {.method = CS_LITERAL("GET")};
    const cs_pair host = {CS_LITERAL("Host"), CS_LITERAL("given")};
    cs_v3_signed out;
    (void)state;
    call.headers = &host; /* nor is then a field of the caller's one too many */
    call.headers_n = 1;
    assert_int_equal(sign(&call, &out, NULL), 0);
    assert_int_equal(out.headers_n, 3);
    assert_slice_text(out.headers[0].name, "x-acs-content-sha256");
    assert_slice_text(out.headers[1].name, "Host");
    assert_slice_text(out.target, "/");
    assert_memory_equal(out.authorization.p, "ACS3-HMAC-SHA256 Credential=,SignedHeaders=host;",
                        47);
}

static void refuses_a_field_given_twice(void **state)
{
    static const char *const names[] = {
        "host",         "Host",          "x-acs-action",          "x-acs-version",
        "X-ACS-DATE",   "authorization", "x-acs-signature-nonce", "X-Acs-Content-Sha256",
        "AUTHORIZATION"};
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        const cs_pair header = {cs_slice_of(names[i]), CS_LITERAL("x")};
        cs_v3_call call = plain_call();
        cs_v3_signed out;
        cs_error error;
        call.headers = &header;
        call.headers_n = 1;
        assert_refused(sign(&call, &out, &error), error, CS_ARGUMENT,
                       "a header field is given twice: host, authorization or x-acs-…");
    }
}

static void refuses_methods_and_names_that_are_no_tokens(void **state)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        int letter = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                     (byte >= 'a' && byte <= 'z');
        char text[] = "X?";
        cs_pair header = {{text, 2}, CS_LITERAL("value")};
        cs_v3_call call = plain_call();
        cs_v3_signed out;
        cs_error error;
        text[1] = (char)byte;
        call.method = (cs_slice){text, 2};
        int rc = sign(&call, &out, &error);
        call.method = CS_LITERAL("POST");
        call.headers = &header;
        call.headers_n = 1;
        if (letter || (byte && strchr(others, byte))) {
            assert_int_equal(rc, 0);
            assert_int_equal(sign(&call, &out, NULL), 0);
        } else {
            assert_refused(rc, error, CS_ARGUMENT, "method: expected a token (RFC 9110 5.6.2)");
            assert_refused(sign(&call, &out, &error), error, CS_ARGUMENT,
                           "header: expected a token (RFC 9110 5.6.2) for a name");
        }
    }
}

/* Every control byte at every place of an eight-byte word, in everything that becomes a line. */
static void refuses_control_bytes(void **state)
{
    static const char in_call[] = "a control byte in the path, the host, the action, the version, "
                                  "the date, the nonce, the access key id or the token";
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        int control = byte < 0x20 || byte == 0x7f;
        for (size_t at = 0; at < 17; at++) {
            char text[] = "/0123456789abcdef";
            cs_v3_call call = plain_call();
            cs_slice *const fields[] = {&call.path,          &call.host,          &call.action,
                                        &call.version,       &call.date,          &call.nonce,
                                        &call.access_key_id, &call.security_token};
            cs_pair header = {CS_LITERAL("x-acs-tag"), {text, sizeof text - 1}};
            cs_v3_signed out;
            cs_error error;
            text[at] = (char)byte;
            cs_slice *field = fields[((size_t)byte + at) % COUNT(fields)];
            *field = guard_copy(0, header.value);
            int rc = sign(&call, &out, &error);
            if (control) {
                assert_refused(rc, error, CS_ARGUMENT, in_call);
            } else if (rc != 0) { /* for another cause: see the next test */
                assert_true(strchr(" ?#", byte) || byte == ',');
            }
            call = plain_call();
            call.headers = &header;
            call.headers_n = 1;
            rc = sign(&call, &out, &error);
            if (control) {
                assert_refused(rc, error, CS_ARGUMENT, "header: a control byte in a value");
            } else {
                assert_int_equal(rc, 0);
            }
        }
    }
}

static void refuses_what_the_wire_would_cut_elsewhere(void **state)
{
    static const char *const paths[] = {"/a b", "/a?b=c", "/a#b", " ", "?", "#"};
    cs_v3_signed out;
    cs_error error;
    cs_v3_call call = plain_call();
    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        call.path = cs_slice_of(paths[i]);
        assert_refused(sign(&call, &out, &error), error, CS_ARGUMENT,
                       "path: a blank, a '?' or a '#'");
    }
    call = plain_call();
    call.access_key_id = CS_LITERAL("id,SignedHeaders=host");
    assert_refused(sign(&call, &out, &error), error, CS_ARGUMENT, "access key id: a comma");
    call = plain_call();
    call.method = (cs_slice){NULL, 0};
    assert_refused(sign(&call, &out, &error), error, CS_ARGUMENT,
                   "method: expected a token (RFC 9110 5.6.2)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_each_whole_vector),
        cmocka_unit_test(makes_each_stage_of_each_vector),
        cmocka_unit_test(hashes_bodies),
        cmocka_unit_test(signs_host_content_type_and_what_begins_with_x_acs),
        cmocka_unit_test(trims_and_merges_values),
        cmocka_unit_test(writes_paths_as_the_official_clients_do),
        cmocka_unit_test(signs_the_fields_that_are_named),
        cmocka_unit_test(takes_64_header_fields_and_256_parameters),
        cmocka_unit_test(the_size_promised_is_enough_for_the_worst),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(gives_every_field_to_send),
        cmocka_unit_test(an_empty_field_of_ours_is_not_sent),
        cmocka_unit_test(refuses_a_field_given_twice),
        cmocka_unit_test(refuses_methods_and_names_that_are_no_tokens),
        cmocka_unit_test(refuses_control_bytes),
        cmocka_unit_test(refuses_what_the_wire_would_cut_elsewhere),
    };
    scarce_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
