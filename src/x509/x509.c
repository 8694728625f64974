/* x509.c - what certstat reads of a certificate: serial number, names, validity (RFC 5280 4.1.2).
 */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

#include "internal.h"
#include "pem.h"

static cs_slice decimal(size_t number, char text[24])
{
    cs_buffer out;
    cs_buffer_init(&out, text, 23);
    cs_buffer_decimal(&out, (int64_t)number);
    text[out.n] = '\0';
    return cs_buffer_slice(&out, 0);
}

static int fail_at(cs_error *error, const char *found, size_t at)
{
    char number[24];
    decimal(at, number);
    return cs_fail(error, CS_PROTOCOL, 0, "expected a certificate, found ", found, " at byte ",
                   number, NULL);
}

static int read_serial(const X509 *x509, cs_certificate *out)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
    const unsigned char *bytes = ASN1_STRING_get0_data(serial);
    size_t n = (size_t)ASN1_STRING_length(serial);
    while (n && *bytes == 0) {
        bytes++;
        n--;
    }
    if (n > sizeof out->serial) {
        return 0;
    }
    if (n) {
        memcpy(out->serial, bytes, n);
    }
    out->serial_n = n;
    out->serial_negative = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
    return 1;
}

/* Seconds since 1970 without the C library's calendar, whose time zones take a lock. */
static int read_time(const ASN1_TIME *time, int64_t *seconds)
{
    const struct tm epoch = {.tm_year = 70, .tm_mday = 1};
    struct tm tm;
    int days, rest;
    if (!ASN1_TIME_to_tm(time, &tm) || !OPENSSL_gmtime_diff(&days, &rest, &epoch, &tm)) {
        return 0;
    }
    *seconds = (int64_t)days * 86400 + rest;
    return 1;
}

static int is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/* How many bytes at p belong together: a UTF-8 character or an escape of RFC 2253 (\, or \0A). */
static size_t measure_unit(const char *p, size_t n)
{
    size_t unit = 1;
    if (p[0] == '\\') {
        unit = n > 2 && is_hex(p[1]) && is_hex(p[2]) ? 3 : 2;
    } else {
        while (unit < n && (p[unit] & 0xC0) == 0x80) {
            unit++;
        }
    }
    return unit < n ? unit : n;
}

/* Copies a name into out, terminated. A longer one is cut between characters and ends in "...". */
static void copy_name(const char *p, size_t n, char *out, size_t size)
{
    const char *end = "";
    size_t kept = n;
    if (n >= size) {
        end = "...";
        size_t room = size - sizeof "...";
        size_t unit = measure_unit(p, n);
        for (kept = 0; kept + unit <= room; unit = measure_unit(p + kept, n - kept)) {
            kept += unit;
        }
    }
    if (kept) {
        memcpy(out, p, kept);
    }
    strcpy(out + kept, end);
}

/* Writes a name as RFC 2253 has it, in UTF-8. */
static int read_name(const X509_NAME *name, char *out, size_t size)
{
    static const unsigned long flags = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
    BIO *text = BIO_new(BIO_s_mem());
    int ok = text && X509_NAME_print_ex(text, name, 0, flags) >= 0;
    if (ok) {
        char *p;
        long n = BIO_get_mem_data(text, &p);
        copy_name(p, (size_t)n, out, size);
    }
    BIO_free(text);
    return ok;
}

/* What is missing in a certificate that parses, or NULL; everything else is in *out. */
static const char *read_fields(const X509 *x509, cs_certificate *out)
{
    memset(out, 0, sizeof *out);
    if (!read_serial(x509, out)) {
        return "a serial number of more than 64 bytes";
    }
    if (!read_time(X509_get0_notBefore(x509), &out->not_before)) {
        return "a notBefore that is no date";
    }
    if (!read_time(X509_get0_notAfter(x509), &out->not_after)) {
        return "a notAfter that is no date";
    }
    if (!read_name(X509_get_subject_name(x509), out->subject, sizeof out->subject) ||
        !read_name(X509_get_issuer_name(x509), out->issuer, sizeof out->issuer)) {
        return "a name that can't be written";
    }
    return NULL;
}

/* How long the DER element at p is by its own header (X.690 8.1.3), or 0 where the header does not
 * say. */
static size_t measure_der(const unsigned char *p, size_t n)
{
    size_t octets = n > 1 && p[1] > 0x80 ? p[1] & 0x7Fu : 0;
    if (octets == 0 || octets > 4 || octets + 2 > n) {
        return 0;
    }
    size_t length = 0;
    for (size_t i = 0; i < octets; i++) {
        length = length << 8 | p[2 + i];
    }
    return length + 2 + octets;
}

/* Parses n bytes of DER whose certificate ends where they end, unless `trusted` data follow it, and
 * reads its fields. NULL: it is in *x509, for the caller to free. Else the result says what is found
 * instead, and *after is the length of what is a certificate, or 0. */
static const char *parse_der(const unsigned char *der, size_t n, int trusted, cs_certificate *out,
                             X509 **x509, size_t *after)
{
    *after = 0;
    const unsigned char *p = der;
    ERR_set_mark(); /* the error queue is the host's too */
    *x509 = d2i_X509(NULL, &p, (long)n);
    const char *found;
    if (!*x509) {
        found = measure_der(der, n) > n ? "DER that is cut short" : "damaged DER";
    } else if (p != der + n && !trusted) {
        *after = (size_t)(p - der);
        found = "further bytes behind it";
    } else {
        found = read_fields(*x509, out);
    }
    if (found) {
        X509_free(*x509);
        *x509 = NULL;
    }
    ERR_pop_to_mark();
    return found;
}

/* A SEQUENCE too long for a length of one octet. No text begins so: these second bytes are neither
 * ASCII nor UTF-8. */
static int is_der(cs_slice bytes)
{
    return bytes.n > 1 && bytes.p[0] == 0x30 && (unsigned char)bytes.p[1] >= 0x80 &&
           (unsigned char)bytes.p[1] <= 0x84;
}

static int read_der(cs_slice bytes, cs_certificate *out, X509 **x509, cs_error *error)
{
    if (bytes.n > CERTIFICATE_MAX) {
        return fail_at(error, "more than 1 MiB", 0);
    }
    size_t after;
    const char *found = parse_der((const unsigned char *)bytes.p, bytes.n, 0, out, x509, &after);
    return found ? fail_at(error, found, after) : 0;
}

static int read_block(cs_slice bytes, const pem_block *block, int trusted, cs_certificate *out,
                      X509 **x509, cs_error *error)
{
    if (block->damage) {
        return fail_at(error, block->damage, block->damage_at);
    }
    if (pem_decoded_most(block) > CERTIFICATE_MAX) {
        return fail_at(error, "more than 1 MiB", block->begin);
    }
    unsigned char *der = OPENSSL_malloc(pem_decoded_most(block));
    if (!der) {
        return cs_fail(error, CS_LIMIT, 0, "no memory for a certificate", NULL);
    }
    size_t n, at, after;
    int rc = 0;
    if (pem_decode(bytes, block, der, &n, &at)) {
        rc = fail_at(error, "damaged base64", at);
    } else {
        const char *found = parse_der(der, n, trusted, out, x509, &after);
        rc = found ? fail_at(error, found, block->begin) : 0;
    }
    OPENSSL_free(der);
    return rc;
}

/* "-----BEGIN CERTIFICATE REQUEST-----", where the label is one that may be shown. */
static int describe_label(cs_slice label, char text[80])
{
    if (label.n == 0 || label.n > 40) {
        return 0;
    }
    for (size_t i = 0; i < label.n; i++) {
        char c = label.p[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ')) {
            return 0;
        }
    }
    cs_buffer out;
    cs_buffer_init(&out, text, 79);
    cs_buffer_text(&out, "-----BEGIN ");
    cs_buffer_put(&out, label);
    cs_buffer_text(&out, "-----");
    text[out.n] = '\0';
    return 1;
}

static int fail_without_certificate(cs_slice bytes, cs_error *error)
{
    pem_block other;
    char text[80];
    if (pem_find(bytes, 0, &other) && describe_label(other.label, text)) {
        return fail_at(error, text, other.begin);
    }
    return cs_fail(error, CS_PROTOCOL, 0, "expected a certificate, found none in ",
                   decimal(bytes.n, text).p, " bytes", NULL);
}

int x509_next(cs_slice bytes, size_t *offset, cs_certificate *out, X509 **x509, cs_error *error)
{
    size_t from = *offset;
    if (from == 0 && is_der(bytes)) {
        *offset = bytes.n;
        return read_der(bytes, out, x509, error);
    }
    pem_block block;
    for (size_t at = from; pem_find(bytes, at, &block); at = block.end) {
        int trusted = cs_slice_equal(block.label, CS_LITERAL("TRUSTED CERTIFICATE"));
        if (trusted || (block.label.n == 0 && block.damage) ||
            cs_slice_equal(block.label, CS_LITERAL("CERTIFICATE")) ||
            cs_slice_equal(block.label, CS_LITERAL("X509 CERTIFICATE"))) {
            *offset = block.end;
            return read_block(bytes, &block, trusted, out, x509, error);
        }
    }
    *offset = bytes.n ? bytes.n : 1; /* not 0, which means the first call */
    return from == 0 ? fail_without_certificate(bytes, error)
                     : cs_fail(error, CS_CLOSED, 0, "the end", NULL);
}

int cs_certificate_next(cs_slice bytes, size_t *offset, cs_certificate *out, cs_error *error)
{
    X509 *x509 = NULL;
    int rc = x509_next(bytes, offset, out, &x509, error);
    X509_free(x509);
    return rc;
}
