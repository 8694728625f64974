/* describe.c - what else a certificate says: the parts of its subject, its key, alternative names,
 * uses (RFC 5280 4.1.2.6, 4.1.2.7, 4.2.1), and its fingerprints.
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "internal.h"

/* An object identifier in digits and dots. */
static cs_slice put_oid(const ASN1_OBJECT *object, cs_buffer *work)
{
    char text[128];
    size_t from = work->n;
    int n = OBJ_obj2txt(text, sizeof text, object, 1);
    if (n < 0 || n >= (int)sizeof text) {
        work->failed = 1;
    } else {
        cs_buffer_put(work, (cs_slice){text, (size_t)n});
    }
    return cs_buffer_slice(work, from);
}

static cs_slice put_octets(const ASN1_STRING *string, cs_buffer *work)
{
    size_t from = work->n;
    cs_buffer_put(work, (cs_slice){(const char *)ASN1_STRING_get0_data(string),
                                   (size_t)ASN1_STRING_length(string)});
    return cs_buffer_slice(work, from);
}

static cs_slice put_utf8(const ASN1_STRING *string, cs_buffer *work)
{
    unsigned char *text = NULL;
    size_t from = work->n;
    int n = ASN1_STRING_to_UTF8(&text, string);
    if (n < 0) {
        return put_octets(string, work);
    }
    cs_buffer_put(work, (cs_slice){(const char *)text, (size_t)n});
    OPENSSL_free(text);
    return cs_buffer_slice(work, from);
}

static void describe_subject(const X509 *x509, cs_description *out, cs_buffer *work)
{
    const X509_NAME *name = X509_get_subject_name(x509);
    int n = X509_NAME_entry_count(name);
    for (int i = 0; i < n && !work->failed; i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        if (out->subject_n == CS_SUBJECT_MAX) {
            work->failed = 1;
            break;
        }
        cs_pair *part = &out->subject[out->subject_n++];
        part->name = put_oid(X509_NAME_ENTRY_get_object(entry), work);
        part->value = put_utf8(X509_NAME_ENTRY_get_data(entry), work);
    }
}

static void describe_key(const X509 *x509, cs_description *out, cs_buffer *work)
{
    ASN1_OBJECT *algorithm = NULL;
    X509_ALGOR *identifier = NULL;
    const ASN1_OBJECT *signature = NULL;
    const X509_ALGOR *signed_with = NULL;
    const void *parameter = NULL;
    int parameter_type = V_ASN1_UNDEF;
    X509_PUBKEY_get0_param(&algorithm, NULL, NULL, &identifier, X509_get_X509_PUBKEY(x509));
    out->key_algorithm = put_oid(algorithm, work);
    X509_ALGOR_get0(NULL, &parameter_type, &parameter, identifier);
    if (parameter_type == V_ASN1_OBJECT) {
        out->key_curve = put_oid((const ASN1_OBJECT *)parameter, work);
    }
    const EVP_PKEY *key = X509_get0_pubkey(x509);
    out->key_bits = key ? EVP_PKEY_get_bits(key) : 0;
    X509_get0_signature(NULL, &signed_with, x509);
    X509_ALGOR_get0(&signature, NULL, NULL, signed_with);
    out->signature_algorithm = put_oid(signature, work);
}

static void describe_names(const X509 *x509, cs_description *out, cs_buffer *work)
{
    GENERAL_NAMES *names =
        (GENERAL_NAMES *)X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    int n = names ? sk_GENERAL_NAME_num(names) : 0;
    for (int i = 0; i < n && !work->failed; i++) {
        int kind;
        const void *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &kind);
        if (kind != GEN_EMAIL && kind != GEN_DNS && kind != GEN_URI && kind != GEN_IPADD) {
            continue;
        }
        if (out->names_n == CS_NAMES_MAX) {
            work->failed = 1;
            break;
        }
        cs_general_name *name = &out->names[out->names_n++];
        name->kind = kind;
        name->value = put_octets((const ASN1_STRING *)value, work);
    }
    GENERAL_NAMES_free(names);
}

static void describe_uses(const X509 *x509, cs_description *out, cs_buffer *work)
{
    EXTENDED_KEY_USAGE *uses =
        (EXTENDED_KEY_USAGE *)X509_get_ext_d2i(x509, NID_ext_key_usage, NULL, NULL);
    int n = uses ? sk_ASN1_OBJECT_num(uses) : 0;
    for (int i = 0; i < n && !work->failed; i++) {
        if (out->uses_n == CS_USES_MAX) {
            work->failed = 1;
            break;
        }
        out->uses[out->uses_n++] = put_oid(sk_ASN1_OBJECT_value(uses, i), work);
    }
    EXTENDED_KEY_USAGE_free(uses);
    BASIC_CONSTRAINTS *constraints =
        (BASIC_CONSTRAINTS *)X509_get_ext_d2i(x509, NID_basic_constraints, NULL, NULL);
    out->is_authority = constraints && constraints->ca;
    BASIC_CONSTRAINTS_free(constraints);
}

static int describe_bytes(X509 *x509, cs_description *out, cs_buffer *work)
{
    BIO *text = BIO_new(BIO_s_mem());
    int ok = text && PEM_write_bio_X509(text, x509) == 1 &&
             X509_digest(x509, EVP_md5(), out->md5, NULL) == 1 &&
             X509_digest(x509, EVP_sha256(), out->sha256, NULL) == 1;
    if (ok) {
        char *p;
        long n = BIO_get_mem_data(text, &p);
        size_t from = work->n;
        cs_buffer_put(work, (cs_slice){p, (size_t)n});
        out->pem = cs_buffer_slice(work, from);
    }
    BIO_free(text);
    return ok;
}

size_t cs_certificate_work_size(cs_slice bytes)
{
    /* an identifier in digits takes 4 bytes of one, a name in UTF-8 2, PEM 4/3 and line ends */
    return 4096 + 8 * (bytes.n < CERTIFICATE_MAX ? bytes.n : CERTIFICATE_MAX);
}

int cs_certificate_describe(cs_slice bytes, cs_certificate *certificate, cs_description *out,
                            cs_buffer *work, cs_error *error)
{
    X509 *x509 = NULL;
    size_t offset = 0;
    int rc = x509_next(bytes, &offset, certificate, &x509, error);
    if (rc) {
        return rc;
    }
    *out = (cs_description){.subject_n = 0};
    ERR_set_mark();
    describe_subject(x509, out, work);
    describe_key(x509, out, work);
    describe_names(x509, out, work);
    describe_uses(x509, out, work);
    if (!describe_bytes(x509, out, work)) {
        rc = cs_fail(error, CS_LIMIT, 0, "a certificate can't be written", NULL);
    } else if (work->failed) {
        rc = cs_fail(error, CS_LIMIT, 0, "expected fewer or shorter names in a certificate", NULL);
    }
    ERR_pop_to_mark();
    X509_free(x509);
    return rc;
}
