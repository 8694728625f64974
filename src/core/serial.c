/* serial.c - one canonical key for every form in which tools print a serial number. */
#include "certstat.h"
#include "encode.h"

#include <string.h>

static int is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static cs_slice trim(cs_slice s)
{
    while (s.n && is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && is_space(s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}

/* Takes `prefix` off the front, letters without case: 1, or 0 where it is not there. */
static int take_prefix(cs_slice *s, const char *prefix)
{
    size_t n = strlen(prefix);
    if (s->n < n || !cs_slice_equal_nocase((cs_slice){s->p, n}, (cs_slice){prefix, n})) {
        return 0;
    }
    *s = trim((cs_slice){s->p + n, s->n - n});
    return 1;
}

static int fail_character(cs_error *error, const char *expected, cs_slice text, const char *at)
{
    char shown[16], place[24];
    cs_buffer b;
    cs_buffer_init(&b, shown, sizeof shown - 1);
    cs_printable((cs_slice){at, 1}, 0, &b);
    shown[b.n] = '\0';
    cs_buffer_init(&b, place, sizeof place - 1);
    cs_buffer_decimal(&b, at - text.p + 1);
    place[b.n] = '\0';
    return cs_fail(error, CS_ARGUMENT, 0, "serial number: expected ", expected, ", found '", shown,
                   "' at character ", place, NULL);
}

static int fail_length(cs_error *error)
{
    return cs_fail(error, CS_ARGUMENT, 0, "serial number: expected at most 20 octets, found more",
                   NULL);
}

static int finish(cs_serial *out, cs_error *error)
{
    return out->n ? 0
                  : cs_fail(error, CS_ARGUMENT, 0,
                            "serial number: expected a positive number, found zero", NULL);
}

int cs_serial_bytes(cs_slice bytes, cs_serial *out, cs_error *error)
{
    out->n = 0;
    if (!bytes.n) {
        return cs_fail(error, CS_ARGUMENT, 0, "serial number: expected octets, found none", NULL);
    }
    while (bytes.n && bytes.p[0] == 0) {
        bytes.p++;
        bytes.n--;
    }
    if (bytes.n > CS_SERIAL_MAX) {
        return fail_length(error);
    }
    if (bytes.n) {
        memcpy(out->key, bytes.p, bytes.n);
    }
    out->n = bytes.n;
    return finish(out, error);
}

/* The length of what may stand between two digits at s[i]: a separator, or the backslash and
 * newline that OpenSSL's i2a_ASN1_INTEGER puts after each 35 octets. 0: none. */
static size_t separator(cs_slice s, size_t i)
{
    if (s.p[i] == ':' || s.p[i] == '-' || is_space(s.p[i])) {
        return 1;
    }
    return s.p[i] == '\\' && i + 1 < s.n && s.p[i + 1] == '\n' ? 2 : 0;
}

/* Hexadecimal digits and separators. `text` is the whole, for the place in an error. */
static int parse_hex(cs_slice digits, cs_slice text, cs_serial *out, cs_error *error)
{
    char nibbles[2 * CS_SERIAL_MAX];
    size_t n = 0, seen = 0, skip;
    for (size_t i = 0; i < digits.n; i++) {
        int nibble = cs_hex_digit(digits.p[i]);
        if (nibble >= 0) {
            seen++;
            if (n || nibble) { /* leading zeros do not count */
                if (n == sizeof nibbles) {
                    return fail_length(error);
                }
                nibbles[n++] = (char)nibble;
            }
        } else if (i > 0 && (skip = separator(digits, i)) > 0) {
            i += skip - 1;
        } else {
            return fail_character(error, "a hexadecimal digit", text, digits.p + i);
        }
    }
    if (!seen) {
        return cs_fail(error, CS_ARGUMENT, 0,
                       "serial number: expected hexadecimal digits, found none", NULL);
    }
    out->n = (n + 1) / 2;
    memset(out->key, 0, sizeof out->key);
    for (size_t i = 0, at = n % 2; i < n;
         i++, at++) { /* an odd number has a zero nibble in front */
        out->key[at / 2] = (unsigned char)(out->key[at / 2] << 4 | nibbles[i]);
    }
    return finish(out, error);
}

static int parse_decimal(cs_slice digits, cs_slice text, cs_serial *out, cs_error *error)
{
    unsigned char number[CS_SERIAL_MAX] = {0}; /* big endian, right-aligned */
    if (!digits.n) {
        return cs_fail(error, CS_ARGUMENT, 0, "serial number: expected decimal digits, found none",
                       NULL);
    }
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9') {
            return fail_character(error, "a decimal digit", text, digits.p + i);
        }
        unsigned carry = (unsigned)(digits.p[i] - '0');
        for (size_t k = CS_SERIAL_MAX; k-- > 0;) {
            carry += number[k] * 10U;
            number[k] = (unsigned char)carry;
            carry >>= 8;
        }
        if (carry) {
            return fail_length(error);
        }
    }
    return cs_serial_bytes((cs_slice){(const char *)number, sizeof number}, out, error);
}

/* `4660 (0x1234)`, as `openssl x509 -text` prints a small serial number: both must say the same. 1
 * if it is this form, with the result in *rc. */
static int parse_openssl_text(cs_slice s, cs_slice text, cs_serial *out, cs_error *error, int *rc)
{
    const char *open = s.n ? (const char *)memchr(s.p, '(', s.n) : NULL;
    if (!open || s.p[s.n - 1] != ')') {
        return 0;
    }
    cs_slice decimal = trim((cs_slice){s.p, (size_t)(open - s.p)});
    cs_slice hex = {open + 1, (size_t)(s.p + s.n - 1 - (open + 1))};
    cs_serial second;
    if (!take_prefix(&hex, "0x")) {
        return 0;
    }
    if ((*rc = parse_decimal(decimal, text, out, error)) == 0 &&
        (*rc = parse_hex(hex, text, &second, error)) == 0 &&
        (out->n != second.n || memcmp(out->key, second.key, out->n) != 0)) {
        *rc = cs_fail(error, CS_ARGUMENT, 0,
                      "serial number: the decimal and the hexadecimal number differ", NULL);
    }
    return 1;
}

static int parse_text(cs_slice text, cs_serial *out, cs_error *error)
{
    cs_slice s = trim(text);
    int rc;
    if (!s.n) {
        return cs_fail(error, CS_ARGUMENT, 0, "serial number: expected digits, found nothing",
                       NULL);
    }
    if (memchr(s.p, ',', s.n)) {
        return fail_character(error, "one serial number", text,
                              (const char *)memchr(s.p, ',', s.n));
    }
    if (!take_prefix(&s, "serial=")) {
        take_prefix(&s, "serial number:");
    }
    if (take_prefix(&s, "(negative)") || (s.n && s.p[0] == '-')) {
        return cs_fail(error, CS_ARGUMENT, 0,
                       "serial number: expected a positive number, found a negative one", NULL);
    }
    if (take_prefix(&s, "dec:")) {
        return parse_decimal(s, text, out, error);
    }
    if (parse_openssl_text(s, text, out, error, &rc)) {
        return rc;
    }
    take_prefix(&s, "0x");
    return parse_hex(s, text, out, error);
}

int cs_serial_parse(cs_slice text, cs_serial *out, cs_error *error)
{
    int rc = parse_text(text, out, error);
    if (rc) {
        out->n = 0;
    }
    return rc;
}
