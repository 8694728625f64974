/* certificates.h - CAs and server certificates made in memory, for TLS servers of the tests' own.
 */
#ifndef CERTSTAT_SPEC_CERTIFICATES_H
#define CERTSTAT_SPEC_CERTIFICATES_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct certificate {
    X509 *x509;
    EVP_PKEY *key;
};

enum { CERTIFICATE_DAY = 24 * 60 * 60 };

static inline void certificate_check(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "certificates.h: %s\n", what);
        abort();
    }
}

static inline void certificate_extend(X509 *x509, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    certificate_check(extension && X509_add_ext(x509, extension, -1), value);
    X509_EXTENSION_free(extension);
}

/* A certificate for `name` with an EC key, valid from `from` to `to` days from now. `issuer` NULL:
 * it signs itself. `alternative` is a subjectAltName in OpenSSL's notation ("IP:127.0.0.1"), or
 * NULL: then it is a CA. */
static inline struct certificate certificate_make(const char *name, const char *alternative,
                                                  const struct certificate *issuer, int from,
                                                  int to)
{
    struct certificate made = {X509_new(), EVP_EC_gen("P-256")};
    X509_NAME *subject = X509_get_subject_name(made.x509);
    unsigned char serial[16];
    certificate_check(made.x509 && made.key, "can't make a key");
    certificate_check(RAND_bytes(serial, sizeof serial) == 1, "no random bytes");
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(made.x509));
    BN_free(number);
    X509_set_version(made.x509, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(made.x509), (long)from * CERTIFICATE_DAY);
    X509_gmtime_adj(X509_getm_notAfter(made.x509), (long)to * CERTIFICATE_DAY);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1,
                               0);
    X509_set_issuer_name(made.x509, issuer ? X509_get_subject_name(issuer->x509) : subject);
    X509_set_pubkey(made.x509, made.key);
    certificate_extend(made.x509, NID_basic_constraints,
                       alternative ? "critical,CA:FALSE" : "critical,CA:TRUE");
    if (alternative) {
        certificate_extend(made.x509, NID_subject_alt_name, alternative);
    }
    certificate_check(X509_sign(made.x509, issuer ? issuer->key : made.key, EVP_sha256()) > 0,
                      "can't sign");
    return made;
}

static inline void certificate_free(struct certificate *c)
{
    X509_free(c->x509);
    EVP_PKEY_free(c->key);
    *c = (struct certificate){NULL, NULL};
}

/* The path of a file in memory that holds the certificate in PEM form; it lives as long as *fd. */
static inline const char *certificate_file(const struct certificate *c, int *fd)
{
    static char paths[8][32];
    static int n;
    char *path = paths[n++ % 8];
    *fd = memfd_create("ca", MFD_CLOEXEC);
    FILE *file = fdopen(dup(*fd), "w");
    certificate_check(file && PEM_write_X509(file, c->x509), "can't write PEM");
    fclose(file);
    snprintf(path, sizeof paths[0], "/proc/self/fd/%d", *fd);
    return path;
}

static inline int certificate_choose(SSL *ssl, const unsigned char **out, unsigned char *n,
                                     const unsigned char *in, unsigned int in_n, void *wanted)
{
    const unsigned char *ours = (const unsigned char *)wanted;
    (void)ssl;
    return SSL_select_next_proto((unsigned char **)out, n, ours, ours[0] + 1U, in, in_n) ==
                   OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_NOACK;
}

/* A server's context that shows this certificate. `protocol` is the ALPN protocol it speaks, with
 * its length before it ("\2h2"), or NULL. */
static inline SSL_CTX *certificate_context(const struct certificate *c, const char *protocol)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    certificate_check(ctx && SSL_CTX_use_certificate(ctx, c->x509) == 1 &&
                          SSL_CTX_use_PrivateKey(ctx, c->key) == 1,
                      "can't make a TLS context");
    if (protocol) {
        SSL_CTX_set_alpn_select_cb(ctx, certificate_choose, (void *)(uintptr_t)protocol);
    }
    return ctx;
}

#endif
