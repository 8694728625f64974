/* signer.c - a secret made ready for signing, through OpenSSL: algorithms are fetched and keys set
 * once, contexts are reused, because implicit fetching is what costs in OpenSSL 3. */
#include "signer.h"
#include "certstat.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#define SECRET_MAX 1024

struct cs_signer {
    EVP_MD *sha256;
    EVP_MD_CTX *digest;
    EVP_MAC_CTX *hmac[2]; /* by enum signer_key */
};

static EVP_MAC_CTX *keyed(EVP_MAC *hmac, const char *digest, const char *key, size_t n)
{
    char name[16];
    strcpy(name, digest);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(hmac);
    if (context && EVP_MAC_init(context, (const unsigned char *)key, n, parameters) != 1) {
        EVP_MAC_CTX_free(context);
        return NULL;
    }
    return context;
}

int cs_signer_new(cs_signer **out, cs_slice secret, cs_error *error)
{
    char key[SECRET_MAX + 1];
    EVP_MAC *hmac = NULL;
    int rc = 0;
    *out = NULL;
    if (!secret.n || secret.n > SECRET_MAX) {
        return cs_fail(error, CS_ARGUMENT, 0, "access key secret: expected 1 to 1024 bytes, found ",
                       secret.n ? "more" : "none", NULL);
    }
    cs_signer *signer = (cs_signer *)OPENSSL_zalloc(sizeof *signer);
    if (!signer) {
        return cs_fail(error, CS_LIMIT, 0, "out of memory", NULL);
    }
    memcpy(key, secret.p, secret.n);
    key[secret.n] = '&';
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    signer->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    signer->digest = EVP_MD_CTX_new();
    if (hmac) {
        signer->hmac[SIGNER_V3] = keyed(hmac, "SHA256", key, secret.n);
        signer->hmac[SIGNER_V1] = keyed(hmac, "SHA1", key, secret.n + 1);
    }
    if (!signer->sha256 || !signer->digest || !signer->hmac[SIGNER_V3] ||
        !signer->hmac[SIGNER_V1]) {
        cs_signer_free(signer);
        signer = NULL;
        rc = cs_fail(error, CS_LIMIT, 0, "OpenSSL has no HMAC, SHA-256 or SHA-1", NULL);
    }
    EVP_MAC_free(hmac);
    OPENSSL_cleanse(key, sizeof key);
    *out = signer;
    return rc;
}

void cs_signer_free(cs_signer *signer)
{
    if (signer) {
        EVP_MAC_CTX_free(signer->hmac[SIGNER_V3]); /* wipes its copy of the key */
        EVP_MAC_CTX_free(signer->hmac[SIGNER_V1]);
        EVP_MD_CTX_free(signer->digest);
        EVP_MD_free(signer->sha256);
        OPENSSL_free(signer);
    }
}

int cs_signer_sha256(cs_signer *signer, cs_slice bytes, unsigned char out[32], cs_error *error)
{
    if (EVP_DigestInit_ex2(signer->digest, signer->sha256, NULL) != 1 ||
        EVP_DigestUpdate(signer->digest, bytes.p, bytes.n) != 1 ||
        EVP_DigestFinal_ex(signer->digest, out, NULL) != 1) {
        return cs_fail(error, CS_LIMIT, 0, "OpenSSL could not hash", NULL);
    }
    return 0;
}

int cs_signer_hmac(cs_signer *signer, enum signer_key key, cs_slice bytes, unsigned char *out,
                   cs_error *error)
{
    EVP_MAC_CTX *context = signer->hmac[key];
    size_t n = key == SIGNER_V3 ? 32 : 20;
    if (EVP_MAC_init(context, NULL, 0, NULL) != 1 ||
        EVP_MAC_update(context, (const unsigned char *)bytes.p, bytes.n) != 1 ||
        EVP_MAC_final(context, out, &n, n) != 1) {
        return cs_fail(error, CS_LIMIT, 0, "OpenSSL could not sign", NULL);
    }
    return 0;
}
