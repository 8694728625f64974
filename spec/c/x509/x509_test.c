/* Certificates made here come back field by field; damage is an error that says where, and never a
 * certificate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>

#include "certstat.h"

/* What a test makes a certificate of; fields that are empty get these. */
typedef struct recipe {
    cs_slice serial;                    /* DER content octets of the INTEGER; 01 */
    const char *before, *after;         /* as in the certificate; 2026 and 2036 */
    int name_type;                      /* of every value in the name; V_ASN1_UTF8STRING */
    cs_slice common_name, organization; /* "leaf" and none */
    int nameless;                       /* 1: the name is empty */
} recipe;

typedef struct made {
    char bytes[8192];
    size_t n;
} made;

static cs_slice slice_of(const made *m)
{
    return (cs_slice){m->bytes, m->n};
}

static ASN1_TIME *make_time(const char *text)
{
    ASN1_TIME *time =
        ASN1_STRING_type_new(strlen(text) < 15 ? V_ASN1_UTCTIME : V_ASN1_GENERALIZEDTIME);
    assert_int_equal(ASN1_STRING_set(time, text, -1), 1);
    return time;
}

static void add_entry(X509_NAME *name, int nid, int type, cs_slice value)
{
    assert_int_equal(X509_NAME_add_entry_by_NID(name, nid, type, (const unsigned char *)value.p,
                                                (int)value.n, -1, 0),
                     1);
}

/* Ed25519 with a fixed key: the same bytes at every run. */
static X509 *make_x509(const recipe *r)
{
    const unsigned char seed[32] = {1};
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
    X509 *x509 = X509_new();
    assert_non_null(key);
    assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);

    unsigned char der[100] = {V_ASN1_INTEGER, 1, 1};
    const unsigned char *p = der;
    if (r->serial.n) {
        der[1] = (unsigned char)r->serial.n;
        memcpy(der + 2, r->serial.p, r->serial.n);
    }
    ASN1_INTEGER *serial = d2i_ASN1_INTEGER(NULL, &p, der[1] + 2);
    assert_non_null(serial);
    X509_set_serialNumber(x509, serial);
    ASN1_INTEGER_free(serial);

    ASN1_TIME *before = make_time(r->before ? r->before : "260101000000Z");
    ASN1_TIME *after = make_time(r->after ? r->after : "360101000000Z");
    X509_set1_notBefore(x509, before);
    X509_set1_notAfter(x509, after);
    ASN1_STRING_free(before);
    ASN1_STRING_free(after);

    X509_NAME *name = X509_NAME_new();
    int type = r->name_type ? r->name_type : V_ASN1_UTF8STRING;
    if (r->organization.n) {
        add_entry(name, NID_organizationName, type, r->organization);
    }
    if (!r->nameless) {
        add_entry(name, NID_commonName, type,
                  r->common_name.n ? r->common_name : CS_LITERAL("leaf"));
    }
    assert_int_equal(X509_set_subject_name(x509, name), 1);
    X509_NAME_free(name);
    name = X509_NAME_new();
    add_entry(name, NID_commonName, V_ASN1_UTF8STRING, CS_LITERAL("sub-CA"));
    assert_int_equal(X509_set_issuer_name(x509, name), 1);
    X509_NAME_free(name);

    X509_set_pubkey(x509, key);
    assert_true(X509_sign(x509, key, NULL) > 0);
    EVP_PKEY_free(key);
    return x509;
}

static made make_der(const recipe *r)
{
    made m = {.n = 0};
    X509 *x509 = make_x509(r);
    unsigned char *p = (unsigned char *)m.bytes;
    int n = i2d_X509(x509, NULL);
    assert_true(n > 0 && n < (int)sizeof m.bytes);
    m.n = (size_t)i2d_X509(x509, &p);
    X509_free(x509);
    return m;
}

static void append(made *m, cs_slice bytes)
{
    assert_true(m->n + bytes.n <= sizeof m->bytes);
    memcpy(m->bytes + m->n, bytes.p, bytes.n);
    m->n += bytes.n;
}

/* The bytes in a PEM block of this label. */
static made make_block(const char *label, made content)
{
    made m;
    BIO *bio = BIO_new(BIO_s_mem());
    assert_true(PEM_write_bio(bio, label, "", (unsigned char *)content.bytes, (long)content.n) > 0);
    m.n = (size_t)BIO_read(bio, m.bytes, sizeof m.bytes);
    BIO_free(bio);
    return m;
}

static made make_pem(const recipe *r)
{
    return make_block("CERTIFICATE", make_der(r));
}

/* What `openssl x509 -text` prints above the PEM block. */
static made make_dump(const recipe *r)
{
    made m;
    X509 *x509 = make_x509(r);
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(X509_print(bio, x509), 1);
    m.n = (size_t)BIO_read(bio, m.bytes, sizeof m.bytes);
    BIO_free(bio);
    X509_free(x509);
    return m;
}

static cs_certificate read_one(cs_slice bytes)
{
    cs_certificate certificate;
    cs_error error = {.code = 0};
    size_t offset = 0;
    int rc = cs_certificate_next(bytes, &offset, &certificate, &error);
    if (rc) {
        fail_msg("%s", error.message);
    }
    return certificate;
}

/* What a walk over the bytes meets: a serial in hex, or an error between brackets, for each entry.
 * The bytes lie in a block of their own, so that a read beyond them is seen by the sanitizers and
 * valgrind. */
static void walk(cs_slice bytes, char *out, size_t size)
{
    char *copy = malloc(bytes.n ? bytes.n : 1);
    assert_non_null(copy);
    if (bytes.n) {
        memcpy(copy, bytes.p, bytes.n);
    }
    cs_buffer b;
    cs_buffer_init(&b, out, size - 1);
    size_t offset = 0;
    for (;;) {
        cs_certificate certificate;
        cs_error error;
        size_t before = offset;
        int rc = cs_certificate_next((cs_slice){copy, bytes.n}, &offset, &certificate, &error);
        if (CS_CLASS(rc) == CS_CLOSED) {
            break;
        }
        assert_true(offset > before);
        if (b.n) {
            cs_buffer_byte(&b, ' ');
        }
        if (rc) {
            assert_int_equal(CS_CLASS(rc), CS_PROTOCOL);
            assert_int_equal(error.code, rc);
            cs_buffer_byte(&b, '[');
            cs_buffer_text(&b, error.message);
            cs_buffer_byte(&b, ']');
        } else {
            cs_buffer_hex(&b, certificate.serial, certificate.serial_n);
        }
    }
    free(copy);
    assert_false(b.failed);
    out[b.n] = '\0';
}

static void assert_walk(const made *m, const char *expected)
{
    char met[1024];
    walk(slice_of(m), met, sizeof met);
    assert_string_equal(met, expected);
}

static void reads_serials_as_magnitudes(void **state)
{
    static const struct {
        cs_slice octets;
        const char *magnitude;
        int negative;
    } rows[] = {
        {{"\x08\x4B\xDE", 3}, "084bde", 0},
        {{"\x00\xB6\x7E\x53", 4}, "b67e53", 0}, /* the sign byte goes */
        {{"\x12\x34", 2}, "1234", 0},
        {{"\x00", 1}, "", 0},
        {{"\x80", 1}, "80", 1},
        {{"\xFF\x7F", 2}, "81", 1},
        {{"\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE", 20},
         "7ffffffffffffffffffffffffffffffffffffffe",
         0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        made m = make_pem(&(recipe){.serial = rows[i].octets});
        cs_certificate read = read_one(slice_of(&m));
        char hex[129];
        cs_buffer b;
        cs_buffer_init(&b, hex, sizeof hex - 1);
        cs_buffer_hex(&b, read.serial, read.serial_n);
        hex[b.n] = '\0';
        assert_string_equal(hex, rows[i].magnitude);
        assert_int_equal(read.serial_negative, rows[i].negative);
    }
}

static void bounds_the_length_of_serials(void **state)
{
    (void)state;
    char octets[65];
    memset(octets, 0x11, sizeof octets);
    made m = make_pem(&(recipe){.serial = {octets, 64}});
    assert_int_equal(read_one(slice_of(&m)).serial_n, 64);
    m = make_pem(&(recipe){.serial = {octets, 65}});
    assert_walk(&m,
                "[expected a certificate, found a serial number of more than 64 bytes at byte 0]");
}

static void reads_dates_before_1970_and_beyond_2038(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        {"500101000000Z", INT64_C(-631152000)},
        {"19500101000000Z", INT64_C(-631152000)},
        {"691231235959Z", -1},
        {"700101000000Z", 0},
        {"000229120000Z", INT64_C(951825600)},
        {"260102030405Z", INT64_C(1767323045)},
        {"380119031407Z", INT64_C(2147483647)},
        {"380119031408Z", INT64_C(2147483648)},
        {"491231235959Z", INT64_C(2524607999)},
        {"20500101000000Z", INT64_C(2524608000)},
        {"21000228235959Z", INT64_C(4107542399)},
        {"21000301000000Z", INT64_C(4107542400)},
        {"99991231235959Z", INT64_C(253402300799)},
        {"00010101000000Z", INT64_C(-62135596800)},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const size_t j = sizeof rows / sizeof *rows - 1 - i;
        made m = make_der(&(recipe){.before = rows[i].text, .after = rows[j].text});
        cs_certificate read = read_one(slice_of(&m));
        assert_int_equal(read.not_before, rows[i].seconds);
        assert_int_equal(read.not_after, rows[j].seconds);
    }
}

static void refuses_dates_that_are_none(void **state)
{
    (void)state;
    made m = make_pem(&(recipe){.before = "261301000000Z"});
    assert_walk(&m, "[expected a certificate, found a notBefore that is no date at byte 0]");
    m = make_pem(&(recipe){.after = "20260230000000Z"});
    assert_walk(&m, "[expected a certificate, found a notAfter that is no date at byte 0]");
}

static void assert_subject(recipe r, const char *expected)
{
    made m = make_der(&r);
    cs_certificate read = read_one(slice_of(&m));
    assert_string_equal(read.subject, expected);
    assert_string_equal(read.issuer, "CN=sub-CA");
}

static void writes_names_as_rfc_2253_in_utf8(void **state)
{
    (void)state;
    assert_subject((recipe){.organization = CS_LITERAL("Acme, \"Inc\"")},
                   "CN=leaf,O=Acme\\, \\\"Inc\\\"");
    assert_subject((recipe){.common_name = CS_LITERAL("证书 ä")}, "CN=证书 ä");
    assert_subject(
        (recipe){.name_type = V_ASN1_BMPSTRING, .common_name = CS_LITERAL("\0\xE4\x8B\xC1")},
        "CN=ä证");
    assert_subject((recipe){.common_name = CS_LITERAL("a\nb\0c\x7F")}, "CN=a\\0Ab\\00c\\7F");
    assert_subject((recipe){.nameless = 1}, "");
}

/* OpenSSL neither makes nor reads such a certificate, and so no TLS server built on it does. */
static void refuses_names_that_are_no_utf8(void **state)
{
    (void)state;
    made m = make_der(&(recipe){.common_name = CS_LITERAL("a~")});
    char *value = memmem(m.bytes, m.n, "a~", 2);
    assert_non_null(value);
    value[1] = '\xFF';
    assert_walk(&m, "[expected a certificate, found damaged DER at byte 0]");
}

/* The longest name that fits has 1023 bytes, a longer one keeps 1020. What stands at the cut, a
 * character or an escape, is there whole or not at all. */
static void cuts_names_between_characters(void **state)
{
    static const struct {
        const char *text;
        size_t shown; /* its length as RFC 2253 writes it */
    } rows[] = {{"z", 1}, {"\xC3\xA4", 2}, {"\xF0\x9F\x98\x80", 4}, {",", 2}, {"\n", 3}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t n = 990; n <= 1030; n++) {
            char name[1050];
            memset(name, 'x', sizeof name);
            memcpy(name + n, rows[i].text, strlen(rows[i].text));
            name[n + strlen(rows[i].text) + 10] = '\0';
            made m = make_der(&(recipe){.common_name = cs_slice_of(name)});
            cs_certificate read = read_one(slice_of(&m));
            size_t before = 3 + n, behind = before + rows[i].shown; /* 3: CN= */
            size_t kept = before > 1020 || behind <= 1020 ? 1020 : before;
            if (behind + 10 <= 1023) {
                assert_int_equal(strlen(read.subject), behind + 10);
            } else {
                assert_int_equal(strlen(read.subject), kept + 3);
                assert_string_equal(read.subject + kept, "...");
            }
        }
    }
}

/* As `openssl x509 -text` and `openssl req -newkey` leave them, with dumps and keys between. */
static void walks_bundles_with_text_and_other_blocks(void **state)
{
    static const cs_slice key = {"-----BEGIN EC PRIVATE KEY-----\nProc-Type: "
                                 "4,ENCRYPTED\n\n!c2VjcmV0\n-----END EC PRIVATE KEY-----\n",
                                 95};
    (void)state;
    made first = make_pem(&(recipe){.serial = {"\x11", 1}});
    made second = make_pem(&(recipe){.serial = {"\x22", 1}});
    made all = make_dump(&(recipe){.serial = {"\x11", 1}});
    append(&all, slice_of(&first));
    append(&all, key);
    append(&all, CS_LITERAL("subject=CN = leaf\n\n"));
    append(&all, slice_of(&second));
    append(&all, key);
    assert_walk(&all, "11 22");
}

static void reads_the_older_labels(void **state)
{
    (void)state;
    made old = make_block("X509 CERTIFICATE", make_der(&(recipe){.serial = {"\x11", 1}}));
    assert_walk(&old, "11");
    made der = make_der(&(recipe){.serial = {"\x22", 1}});
    append(&der, CS_LITERAL("\x30\x00")); /* `openssl x509 -trustout`: what it is trusted for */
    made trusted = make_block("TRUSTED CERTIFICATE", der);
    assert_walk(&trusted, "22");
}

static void reads_any_line_end(void **state)
{
    static const char *const ends[] = {"\r\n", "\r", " ", " \t\r\n", ""};
    (void)state;
    made pem = make_pem(&(recipe){.serial = {"\x11", 1}});
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        made other = {.n = 0};
        for (size_t at = 0; at < pem.n; at++) {
            append(&other,
                   pem.bytes[at] == '\n' ? cs_slice_of(ends[i]) : (cs_slice){pem.bytes + at, 1});
        }
        append(&other, slice_of(&pem));
        assert_walk(&other, "11 11");
    }
}

static void reads_one_der_certificate_and_nothing_behind_it(void **state)
{
    (void)state;
    made der = make_der(&(recipe){.serial = {"\x11", 1}});
    assert_walk(&der, "11");
    assert_int_equal(der.n, 206);
    append(&der, CS_LITERAL("\n"));
    assert_walk(&der, "[expected a certificate, found further bytes behind it at byte 206]");
    made block = make_block("CERTIFICATE", der);
    assert_walk(&block, "[expected a certificate, found further bytes behind it at byte 0]");
}

static void says_what_is_there_instead_of_a_certificate(void **state)
{
    static const struct {
        const char *text;
        const char *met;
    } rows[] = {
        {"", "[expected a certificate, found none in 0 bytes]"},
        {"0", "[expected a certificate, found none in 1 bytes]"},
        {"0\xC3\xA4 text\n", "[expected a certificate, found none in 9 bytes]"},
        {"{\"Code\": \"NoPermission\"}", "[expected a certificate, found none in 24 bytes]"},
        {"\n-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
         "[expected a certificate, found -----BEGIN PRIVATE KEY----- at byte 1]"},
        {"-----BEGIN CERTIFICATE REQUEST-----\nc2Vj",
         "[expected a certificate, found -----BEGIN CERTIFICATE REQUEST----- at byte 0]"},
        {"-----BEGIN \x1B[31m-----\n", "[expected a certificate, found none in 22 bytes]"},
        {"-----BEGIN CERTIFICATE----\n",
         "[expected a certificate, found a damaged BEGIN line at byte 0]"},
        {"-----BEGIN CERTIFICATE-----\n",
         "[expected a certificate, found the end of the text before an END line at byte 28]"},
        {"-----BEGIN CERTIFICATE-----\nAA?A\n-----END CERTIFICATE-----\n",
         "[expected a certificate, found damaged base64 at byte 30]"},
        {"-----BEGIN CERTIFICATE-----\nAAA\n-----END CERTIFICATE-----\n",
         "[expected a certificate, found damaged base64 at byte 32]"},
        {"x\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
         "[expected a certificate, found damaged DER at byte 2]"},
        {"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
         "[expected a certificate, found damaged DER at byte 0]"},
        {"0\x82\x01", "[expected a certificate, found damaged DER at byte 0]"},
        {"0\x82\x01\x01", "[expected a certificate, found DER that is cut short at byte 0]"},
        {"0\x80\x01\x01", "[expected a certificate, found damaged DER at byte 0]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char met[256];
        walk(cs_slice_of(rows[i].text), met, sizeof met);
        assert_string_equal(met, rows[i].met);
    }
}

static void goes_on_behind_damage(void **state)
{
    (void)state;
    made good = make_pem(&(recipe){.serial = {"\x11", 1}});
    made all = good;
    append(&all, CS_LITERAL("-----BEGIN CERTIFICATE-----\nMII?\n-----END CERTIFICATE-----\n"));
    append(&all, slice_of(&good));
    append(&all, (cs_slice){good.bytes, 100});
    append(&all, CS_LITERAL("\n"));
    append(&all, slice_of(&good));
    assert_walk(&all,
                "11 [expected a certificate, found damaged base64 at byte 366] 11 "
                "[expected a certificate, found a BEGIN line before an END line at byte 830] 11");
}

static void refuses_more_than_a_mebibyte(void **state)
{
    static const cs_slice begin = {"-----BEGIN CERTIFICATE-----\n", 28};
    static const cs_slice end = {"-----END CERTIFICATE-----", 25};
    const size_t mebibyte = (size_t)1 << 20, n = mebibyte + mebibyte / 2;
    char met[128];
    (void)state;
    char *big = malloc(n);
    assert_non_null(big);
    memset(big, 'A', n);
    memcpy(big, "0\x83\x0F\xFF\xFB", 5);
    walk((cs_slice){big, mebibyte}, met, sizeof met);
    assert_string_equal(met, "[expected a certificate, found damaged DER at byte 0]");
    walk((cs_slice){big, mebibyte + 1}, met, sizeof met);
    assert_string_equal(met, "[expected a certificate, found more than 1 MiB at byte 0]");
    memcpy(big, begin.p, begin.n);
    memcpy(big + n - end.n, end.p, end.n);
    walk((cs_slice){big, n}, met, sizeof met);
    assert_string_equal(met, "[expected a certificate, found more than 1 MiB at byte 0]");
    free(big);
}

static void no_truncated_der_is_a_certificate(void **state)
{
    (void)state;
    made der = make_der(&(recipe){.serial = {"\x11", 1}});
    for (size_t n = 0; n < der.n; n++) {
        char met[128];
        walk((cs_slice){der.bytes, n}, met, sizeof met);
        assert_memory_equal(met, "[expected a certificate, found ", 31);
        if (n > 2) {
            assert_string_equal(met + 31, "DER that is cut short at byte 0]");
        }
    }
}

static void no_truncated_pem_is_a_certificate(void **state)
{
    (void)state;
    made pem = make_pem(&(recipe){.serial = {"\x11", 1}});
    for (size_t n = 0; n < pem.n - 1; n++) { /* the last byte is a line end, which may be missing */
        char met[128];
        walk((cs_slice){pem.bytes, n}, met, sizeof met);
        assert_memory_equal(met, "[expected a certificate, found ", 31);
    }
}

/* One wrong byte costs that certificate at most: never another serial, never its neighbour. */
static void a_damaged_byte_never_makes_another_certificate(void **state)
{
    (void)state;
    made good = make_pem(&(recipe){.serial = {"\x11", 1}});
    for (size_t at = 0; at < good.n; at++) {
        made both = good;
        both.bytes[at] = '?';
        append(&both, slice_of(&good));
        char met[256];
        walk(slice_of(&both), met, sizeof met);
        size_t n = strlen(met);
        assert_true(n >= 2 && strcmp(met + n - 2, "11") == 0);
        assert_true(n == 2 || n == 5 || met[0] == '[');
    }
}

/* OpenSSL's error queue is the thread's and so the host's: nginx logs what is left there. */
static void leaves_the_error_queue_as_it_was(void **state)
{
    (void)state;
    ERR_clear_error();
    ERR_put_error(ERR_LIB_USER, 0, 7, "host.c", 1);
    unsigned long before = ERR_peek_last_error();
    made m = make_block("CERTIFICATE", (made){.bytes = "0\x03\x02\x01\x01", .n = 5});
    assert_walk(&m, "[expected a certificate, found damaged DER at byte 0]");
    assert_int_equal(ERR_peek_last_error(), before);
    assert_int_equal(ERR_get_error(), before);
    assert_int_equal(ERR_get_error(), 0);
}

static void *read_many(void *made_pem)
{
    for (int i = 0; i < 50; i++) {
        assert_walk(made_pem, "11");
    }
    return NULL;
}

static void is_safe_in_several_threads(void **state)
{
    (void)state;
    made pem = make_pem(&(recipe){.serial = {"\x11", 1}});
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, &pem), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_serials_as_magnitudes),
        cmocka_unit_test(bounds_the_length_of_serials),
        cmocka_unit_test(reads_dates_before_1970_and_beyond_2038),
        cmocka_unit_test(refuses_dates_that_are_none),
        cmocka_unit_test(writes_names_as_rfc_2253_in_utf8),
        cmocka_unit_test(refuses_names_that_are_no_utf8),
        cmocka_unit_test(cuts_names_between_characters),
        cmocka_unit_test(walks_bundles_with_text_and_other_blocks),
        cmocka_unit_test(reads_the_older_labels),
        cmocka_unit_test(reads_any_line_end),
        cmocka_unit_test(reads_one_der_certificate_and_nothing_behind_it),
        cmocka_unit_test(says_what_is_there_instead_of_a_certificate),
        cmocka_unit_test(goes_on_behind_damage),
        cmocka_unit_test(refuses_more_than_a_mebibyte),
        cmocka_unit_test(no_truncated_der_is_a_certificate),
        cmocka_unit_test(no_truncated_pem_is_a_certificate),
        cmocka_unit_test(a_damaged_byte_never_makes_another_certificate),
        cmocka_unit_test(leaves_the_error_queue_as_it_was),
        cmocka_unit_test(is_safe_in_several_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
