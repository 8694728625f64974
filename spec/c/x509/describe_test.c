/* What a certificate made here says comes back part by part; more than fits is an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "certstat.h"
#include "support/certificates.h"

typedef struct described {
    cs_certificate certificate;
    cs_description d;
    cs_error error;
    char *pem, *memory;
    int rc;
} described;

/* Signs what `add` has done to a certificate anew, and describes its PEM. */
static described describe_changed(void (*add)(X509 *x509))
{
    described r = {.rc = -1};
    struct certificate made = certificate_make("leaf", NULL, NULL, 0, 1);
    X509_EXTENSION_free(X509_delete_ext(made.x509, 0));
    add(made.x509);
    assert_true(X509_sign(made.x509, made.key, EVP_sha256()) > 0);
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, made.x509), 1);
    char *p;
    size_t n = (size_t)BIO_get_mem_data(bio, &p);
    r.pem = (char *)malloc(n + 1);
    memcpy(r.pem, p, n);
    r.pem[n] = '\0';
    BIO_free(bio);
    certificate_free(&made);
    size_t size = cs_certificate_work_size(cs_slice_of(r.pem));
    r.memory = (char *)malloc(size);
    cs_buffer work;
    cs_buffer_init(&work, r.memory, size);
    r.rc = cs_certificate_describe(cs_slice_of(r.pem), &r.certificate, &r.d, &work, &r.error);
    return r;
}

static void end(described *r)
{
    free(r->pem);
    free(r->memory);
}

static void assert_slice(cs_slice found, const char *expected)
{
    if (!cs_slice_equal(found, cs_slice_of(expected))) {
        fail_msg("expected %s, found %.*s", expected, (int)found.n, found.p);
    }
}

static void add_part(X509 *x509, const char *name, int type, const char *value)
{
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), name, type,
                                                (const unsigned char *)value, -1, -1, 0),
                     1);
}

static void add_nothing(X509 *x509)
{
    (void)x509;
}

static void add_parts(X509 *x509)
{
    add_part(x509, "O", V_ASN1_T61STRING, "Caf\xe9");
    add_part(x509, "OU", V_ASN1_UTF8STRING, "證書");
    add_part(x509, "1.2.3.4.5", V_ASN1_UTF8STRING, "x");
}

static void names_the_parts_of_a_subject_in_their_order(void **state)
{
    (void)state;
    described r = describe_changed(add_parts);
    assert_int_equal(r.rc, CS_OK);
    assert_int_equal(r.d.subject_n, 4);
    assert_slice(r.d.subject[0].name, "2.5.4.3");
    assert_slice(r.d.subject[0].value, "leaf");
    assert_slice(r.d.subject[1].name, "2.5.4.10");
    assert_slice(r.d.subject[1].value, "Café");
    assert_slice(r.d.subject[2].value, "證書");
    assert_slice(r.d.subject[3].name, "1.2.3.4.5");
    assert_string_equal(r.certificate.issuer, "CN=leaf");
    end(&r);
}

static void tells_key_and_signature(void **state)
{
    (void)state;
    described r = describe_changed(add_nothing);
    assert_int_equal(r.rc, CS_OK);
    assert_slice(r.d.key_algorithm, "1.2.840.10045.2.1");
    assert_slice(r.d.key_curve, "1.2.840.10045.3.1.7");
    assert_int_equal(r.d.key_bits, 256);
    assert_slice(r.d.signature_algorithm, "1.2.840.10045.4.3.2");
    end(&r);
}

static void use_ed25519(X509 *x509)
{
    const unsigned char seed[32] = {1};
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
    assert_int_equal(X509_set_pubkey(x509, key), 1);
    EVP_PKEY_free(key);
}

static void a_key_without_a_curve_has_none(void **state)
{
    (void)state;
    described r = describe_changed(use_ed25519);
    assert_int_equal(r.rc, CS_OK);
    assert_slice(r.d.key_algorithm, "1.3.101.112");
    assert_int_equal(r.d.key_curve.n, 0);
    end(&r);
}

static void add_extensions(X509 *x509)
{
    certificate_extend(x509, NID_subject_alt_name,
                       "email:a@b.example,DNS:host.example,RID:1.2.3,URI:spiffe://b/x,"
                       "IP:127.0.0.1,IP:2001:db8::1");
    certificate_extend(x509, NID_ext_key_usage, "clientAuth,serverAuth");
    certificate_extend(x509, NID_basic_constraints, "critical,CA:FALSE");
}

static void lists_alternative_names_and_uses(void **state)
{
    (void)state;
    static const struct {
        int kind;
        const char *value;
    } expected[] = {{1, "a@b.example"},
                    {2, "host.example"},
                    {6, "spiffe://b/x"},
                    {7, "\x7f\0\0\1"},
                    {7, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"}};
    described r = describe_changed(add_extensions);
    assert_int_equal(r.rc, CS_OK);
    assert_int_equal(r.d.names_n, 5);
    for (size_t i = 0; i < 5; i++) {
        size_t n = i == 3 ? 4 : i == 4 ? 16 : strlen(expected[i].value);
        assert_int_equal(r.d.names[i].kind, expected[i].kind);
        assert_int_equal(r.d.names[i].value.n, n);
        assert_memory_equal(r.d.names[i].value.p, expected[i].value, n);
    }
    assert_int_equal(r.d.uses_n, 2);
    assert_slice(r.d.uses[0], "1.3.6.1.5.5.7.3.2");
    assert_slice(r.d.uses[1], "1.3.6.1.5.5.7.3.1");
    assert_int_equal(r.d.is_authority, 0);
    end(&r);
}

static void add_authority(X509 *x509)
{
    certificate_extend(x509, NID_basic_constraints, "critical,CA:TRUE");
}

static void tells_authorities(void **state)
{
    (void)state;
    described r = describe_changed(add_authority);
    assert_int_equal(r.d.is_authority, 1);
    end(&r);
    r = describe_changed(add_nothing);
    assert_int_equal(r.d.is_authority, 0);
    end(&r);
}

static void gives_the_certificate_alone_and_its_fingerprints(void **state)
{
    (void)state;
    described r = describe_changed(add_nothing);
    unsigned char md[EVP_MAX_MD_SIZE];
    BIO *bio = BIO_new_mem_buf(r.pem, -1);
    X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_int_equal(X509_digest(x509, EVP_sha256(), md, NULL), 1);
    assert_memory_equal(r.d.sha256, md, sizeof r.d.sha256);
    assert_int_equal(X509_digest(x509, EVP_md5(), md, NULL), 1);
    assert_memory_equal(r.d.md5, md, sizeof r.d.md5);
    assert_slice(r.d.pem, r.pem);
    X509_free(x509);
    BIO_free(bio);
    end(&r);
}

static void add_names(X509 *x509, int n)
{
    char text[257 * 8];
    int used = 0;
    for (int i = 0; i < n; i++) {
        used +=
            snprintf(text + used, sizeof text - (size_t)used, "%sDNS:a%d", i ? "," : "", i % 10);
    }
    certificate_extend(x509, NID_subject_alt_name, text);
}

static void add_256_names(X509 *x509)
{
    add_names(x509, 256);
}

static void add_257_names(X509 *x509)
{
    add_names(x509, 257);
}

static void add_32_parts(X509 *x509)
{
    for (int i = 0; i < 32; i++) {
        add_part(x509, "OU", V_ASN1_UTF8STRING, "x");
    }
}

static void add_33_uses(X509 *x509)
{
    char text[33 * 12];
    int used = 0;
    for (int i = 0; i < 33; i++) {
        used += snprintf(text + used, sizeof text - (size_t)used, "%s1.2.3.%d", i ? "," : "", i);
    }
    certificate_extend(x509, NID_ext_key_usage, text);
}

static void refuses_more_than_fits(void **state)
{
    (void)state;
    described r = describe_changed(add_256_names);
    assert_int_equal(r.rc, CS_OK);
    assert_int_equal(r.d.names_n, 256);
    end(&r);
    void (*const too_many[])(X509 *) = {add_257_names, add_32_parts, add_33_uses};
    for (size_t i = 0; i < 3; i++) {
        r = describe_changed(too_many[i]);
        assert_int_equal(CS_CLASS(r.rc), CS_LIMIT);
        assert_string_equal(r.error.message, "expected fewer or shorter names in a certificate");
        end(&r);
    }
}

static void any_smaller_memory_is_an_error(void **state)
{
    (void)state;
    described r = describe_changed(add_extensions);
    cs_buffer work;
    size_t needed = 0;
    for (size_t size = 0; needed == 0; size += 7) {
        cs_buffer_init(&work, r.memory, size);
        int rc = cs_certificate_describe(cs_slice_of(r.pem), &r.certificate, &r.d, &work, NULL);
        needed = rc == 0 ? size : 0;
        assert_true(rc == 0 || CS_CLASS(rc) == CS_LIMIT);
    }
    assert_true(needed > strlen(r.pem));
    end(&r);
}

static void says_what_is_no_certificate(void **state)
{
    (void)state;
    cs_certificate certificate;
    cs_description d;
    cs_error error;
    char memory[64];
    cs_buffer work;
    cs_buffer_init(&work, memory, sizeof memory);
    int rc = cs_certificate_describe(CS_LITERAL("none"), &certificate, &d, &work, &error);
    assert_int_equal(CS_CLASS(rc), CS_PROTOCOL);
    assert_string_equal(error.message, "expected a certificate, found none in 4 bytes");
}

static void leaves_the_error_queue_as_it_was(void **state)
{
    (void)state;
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 42);
    described r = describe_changed(add_parts);
    end(&r);
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 42);
    assert_int_equal(ERR_get_error(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_the_parts_of_a_subject_in_their_order),
        cmocka_unit_test(tells_key_and_signature),
        cmocka_unit_test(a_key_without_a_curve_has_none),
        cmocka_unit_test(lists_alternative_names_and_uses),
        cmocka_unit_test(tells_authorities),
        cmocka_unit_test(gives_the_certificate_alone_and_its_fingerprints),
        cmocka_unit_test(refuses_more_than_fits),
        cmocka_unit_test(any_smaller_memory_is_an_error),
        cmocka_unit_test(says_what_is_no_certificate),
        cmocka_unit_test(leaves_the_error_queue_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
