/* verify_fuzz.c - a request that the secret's owner did not sign is never accepted, whatever it looks like; a call that
 * was signed is; and the memory that is promised to be enough is enough.
 *
 * The input: a line with method and target, header fields, an empty line, the body. */
#include "fuzz.h"

static cs_signer *signer;

static void parse_headers(cs_slice *rest, cs_pair *headers, size_t *n)
{
    for (cs_slice line = fuzz_line(rest); line.n && *n < CS_HEADERS_MAX; line = fuzz_line(rest)) {
        const char *colon = (const char *)memchr(line.p, ':', line.n);
        size_t name_n = colon ? (size_t)(colon - line.p) : line.n;
        cs_slice value = {line.p + name_n + (colon != NULL), line.n - name_n - (colon != NULL)};
        headers[(*n)++] = (cs_pair){{line.p, name_n}, value};
    }
}

static int verify(const cs_received *request)
{
    cs_buffer work = fuzz_buffer(cs_verify_work_size(request));
    cs_verdict verdict;
    cs_error error;
    int rc = cs_verify(signer, request, -1, &work, &verdict, &error);
    HOLDS(!work.failed);
    HOLDS((CS_CLASS(rc) == CS_DENIED) == (verdict.code != NULL));
    HOLDS(rc == 0 || (rc == error.code && error.message[0]));
    free(work.p);
    return rc;
}

/* Signs a call with this method, this body and a parameter named by the target: accepted. */
static void check_signed(const cs_received *r)
{
    cs_pair query[1] = {{r->target, r->body}};
    cs_v3_call call = {
        .method = r->method,
        .path = CS_LITERAL("/"),
        .body = r->body,
        .query = query,
        .query_n = 1,
        .host = CS_LITERAL("127.0.0.1"),
        .action = CS_LITERAL("ListClientCertificate"),
        .version = CS_LITERAL("2020-06-30"),
        .date = CS_LITERAL("2026-01-02T03:04:05Z"),
        .nonce = CS_LITERAL("nonce"),
        .access_key_id = CS_LITERAL("id"),
    };
    cs_buffer work = fuzz_buffer(cs_v3_work_size(&call));
    static cs_v3_signed sent;
    cs_error error;
    int rc = cs_v3_sign(signer, &call, &work, &sent, &error);
    HOLDS(!work.failed);
    if (rc == 0) {
        cs_received received = {call.method, sent.target, sent.headers, sent.headers_n, call.body};
        HOLDS(verify(&received) == 0);
    }
    free(work.p);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    cs_slice rest = {(const char *)data, size};
    cs_pair headers[CS_HEADERS_MAX];
    cs_received request = {.headers = headers};
    if (!signer) {
        HOLDS(cs_signer_new(&signer, CS_LITERAL("a secret that no input knows"), NULL) == 0);
    }
    cs_slice line = fuzz_line(&rest);
    const char *space = line.n ? (const char *)memchr(line.p, ' ', line.n) : NULL;
    request.method = (cs_slice){line.p, space ? (size_t)(space - line.p) : line.n};
    if (space) {
        request.target = (cs_slice){space + 1, line.n - request.method.n - 1};
    }
    parse_headers(&rest, headers, &request.headers_n);
    request.body = rest;
    HOLDS(verify(&request) != 0);
    check_signed(&request);
    return 0;
}
