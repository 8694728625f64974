/* sign_bench.c - V3 signatures a second against the floor: the same SHA-256 and HMAC work through
 * OpenSSL, contexts reused, and nothing else. */
#include "bench.h"
#include "certstat.h"
#include "support/vectors.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

enum { ROUNDS = 11, SIGNS = 20000 /* a round */, SERIALS = 50 };

struct floor {
    EVP_MD *sha256;
    EVP_MD_CTX *digest;
    EVP_MAC_CTX *hmac;
};

static void open_floor(struct floor *f, cs_slice secret)
{
    char name[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    f->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    f->digest = EVP_MD_CTX_new();
    f->hmac = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
    bench_check(EVP_MAC_init(f->hmac, (const unsigned char *)secret.p, secret.n, parameters) == 1,
                "OpenSSL has no HMAC");
}

static void close_floor(struct floor *f)
{
    EVP_MAC_CTX_free(f->hmac);
    EVP_MD_CTX_free(f->digest);
    EVP_MD_free(f->sha256);
}

static double time_floor(const struct floor *f, cs_slice canonical_request, cs_slice string_to_sign)
{
    unsigned char out[32];
    size_t n;
    double start = bench_seconds();
    for (int i = 0; i < SIGNS; i++) {
        bench_check(EVP_DigestInit_ex2(f->digest, f->sha256, NULL) == 1 &&
                        EVP_DigestUpdate(f->digest, canonical_request.p, canonical_request.n) ==
                            1 &&
                        EVP_DigestFinal_ex(f->digest, out, NULL) == 1 &&
                        EVP_MAC_init(f->hmac, NULL, 0, NULL) == 1 &&
                        EVP_MAC_update(f->hmac, (const unsigned char *)string_to_sign.p,
                                       string_to_sign.n) == 1 &&
                        EVP_MAC_final(f->hmac, out, &n, sizeof out) == 1,
                    "OpenSSL could not hash");
    }
    return bench_seconds() - start;
}

static double time_signing(cs_signer *signer, const cs_v3_call *call, cs_v3_signed *out)
{
    static char memory[65536];
    double start = bench_seconds();
    for (int i = 0; i < SIGNS; i++) {
        cs_buffer work;
        cs_buffer_init(&work, memory, sizeof memory);
        bench_check(cs_v3_sign(signer, call, &work, out, NULL) == 0, "a call could not be signed");
    }
    return bench_seconds() - start;
}

static void measure(const char *what, const struct vector *v, cs_slice serials)
{
    const cs_pair query[] = {{v->query[0].name, serials}};
    const cs_v3_call call = {
        .method = v->method,
        .path = v->path,
        .query = query,
        .query_n = 1,
        .host = v->host,
        .action = v->action,
        .version = v->version,
        .date = v->date,
        .nonce = v->nonce,
        .access_key_id = v->access_key_id,
    };
    double signing[ROUNDS], hashing[ROUNDS];
    cs_v3_signed out;
    cs_signer *signer;
    struct floor f;
    open_floor(&f, v->secret);
    bench_check(cs_signer_new(&signer, v->secret, NULL) == 0, "no signer");
    time_signing(signer, &call, &out); /* warms up */
    for (int i = 0; i < ROUNDS; i++) {
        signing[i] = time_signing(signer, &call, &out);
        hashing[i] = time_floor(&f, out.canonical_request, out.string_to_sign);
    }
    bench_line(what, SIGNS / bench_median(signing, ROUNDS), "hashing alone",
               SIGNS / bench_median(hashing, ROUNDS), 0, "/s");
    cs_signer_free(signer);
    close_floor(&f);
}

int main(void)
{
    static struct vector v;
    static char list[SERIALS * 37];
    cs_buffer serials;
    vector_load(&v, "d1_two_serials");
    cs_buffer_init(&serials, list, sizeof list);
    for (int i = 0; i < SERIALS; i++) {
        cs_buffer_text(&serials, i ? ",b67e53ebcea9b77d65b0c3236646d7151234"
                                   : "b67e53ebcea9b77d65b0c3236646d7151234");
    }
    measure("V3 signatures, vector D1 (aim 0.60)", &v, v.query[0].value);
    measure("V3 signatures, 50 serials (aim 0.70)", &v, cs_buffer_slice(&serials, 0));
    return 0;
}
