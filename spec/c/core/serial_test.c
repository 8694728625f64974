/* Every form in which tools print a serial number gives one key (RFC 5280 4.1.2.2: positive, at
 * most 20 octets), and whatever else there is gives none. */
#include "support/guard.h"
#include "support/slices.h"

#include <stdio.h>

#define TWENTY "0102030405060708090a0b0c0d0e0f1011121314"

/* The key as lower-case hex. */
static const char *hex_of(const cs_serial *serial)
{
    static char hex[2 * CS_SERIAL_MAX + 1];
    cs_buffer b;
    cs_buffer_init(&b, hex, sizeof hex - 1);
    cs_buffer_hex(&b, serial->key, serial->n);
    hex[b.n] = '\0';
    return hex;
}

static void assert_key(cs_slice text, const char *key)
{
    cs_serial serial;
    cs_error error;
    memset(&serial, 0xA5, sizeof serial);
    if (cs_serial_parse(guard_copy(0, text), &serial, &error) != 0) {
        fail_msg("'%.*s': %s", (int)text.n, text.p, error.message);
    }
    assert_string_equal(hex_of(&serial), key);
}

static void assert_no_key(cs_slice text, const char *message)
{
    cs_serial serial;
    cs_error error;
    memset(&serial, 0xA5, sizeof serial);
    int rc = cs_serial_parse(guard_copy(0, text), &serial, &error);
    assert_refused(rc, error, CS_ARGUMENT, message);
    assert_int_equal(serial.n, 0);
    assert_int_equal(cs_serial_parse(text, &serial, NULL), rc);
}

static void reads_every_form(void **state)
{
    static const struct {
        const char *text, *key;
    } rows[] = {
        {"084bde9cd233f0dd", "084bde9cd233f0dd"},          /* the service */
        {"84bde9cd233f0dd", "084bde9cd233f0dd"},           /* Java, Go: no leading zero */
        {"084BDE9CD233F0DD", "084bde9cd233f0dd"},          /* nginx, HAProxy's hex */
        {"serial=084BDE9CD233F0DD\n", "084bde9cd233f0dd"}, /* openssl x509 -serial */
        {"SERIAL= 084bde9cd233f0dd", "084bde9cd233f0dd"},  /* letters without case */
        {"0x84bde9cd233f0dd", "084bde9cd233f0dd"},
        {"0X84BDE9CD233F0DD", "084bde9cd233f0dd"},
        {"08:4b:de:9c:d2:33:f0:dd", "084bde9cd233f0dd"}, /* openssl x509 -text */
        {"        Serial Number:\n            08:4b:de:9c:d2:33:f0:dd\n", "084bde9cd233f0dd"},
        {"Serial Number: 4660 (0x1234)", "1234"},
        {"serial number:4660 (0x1234)", "1234"},
        {"4660 (0x1234)", "1234"},
        {"1 (0x1)", "01"},
        {"9223372036854775807 (0x7fffffffffffffff)", "7fffffffffffffff"},
        {"08-4b-de", "084bde"},
        {"08 4b de", "084bde"}, /* Windows */
        {"3a3ee3c3-597d-675e", "3a3ee3c3597d675e"},
        {"AB\\\nCD", "abcd"}, /* OpenSSL's i2a_ASN1_INTEGER */
        {"dec:4660", "1234"},
        {"DEC: 4660", "1234"},
        {"dec:0004660", "1234"},
        {"serial=dec:10", "0a"},
        {"1234", "1234"}, /* digits are hexadecimal */
        {"10", "10"},
        {"1", "01"},
        {"f", "0f"},
        {"00000001", "01"},
        {"0001", "01"},
        {"00b67e", "b67e"}, /* DER's sign byte */
        {"ff", "ff"},
        {"80", "80"},
        {TWENTY, TWENTY},
        {"00" TWENTY, TWENTY},
        {"000000000000000000000000000000000000000000000000000000000000" TWENTY, TWENTY},
        {"ffffffffffffffffffffffffffffffffffffffff", "ffffffffffffffffffffffffffffffffffffffff"},
        {"dec:1461501637330902918203684832716283019655932542975",
         "ffffffffffffffffffffffffffffffffffffffff"},
        {"\t ab \r\n", "ab"},
        {"\v\fab", "ab"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_key(cs_slice_of(rows[i].text), rows[i].key);
    }
}

static void refuses_what_is_no_serial_number(void **state)
{
    static const char more[] = "serial number: expected at most 20 octets, found more";
    static const char zero[] = "serial number: expected a positive number, found zero";
    static const char negative[] =
        "serial number: expected a positive number, found a negative one";
    static const char nothing[] = "serial number: expected digits, found nothing";
    static const char no_hex[] = "serial number: expected hexadecimal digits, found none";
    static const char no_decimal[] = "serial number: expected decimal digits, found none";
    static const char differ[] = "serial number: the decimal and the hexadecimal number differ";
    static const struct {
        cs_slice text;
        const char *message;
    } rows[] = {
        {{NULL, 0}, nothing},
        {SLICE(""), nothing},
        {SLICE(" \t\r\n"), nothing},
        {SLICE("0"), zero},
        {SLICE("00:00"), zero},
        {SLICE("dec:0"), zero},
        {SLICE("0 (0x0)"), zero},
        {SLICE("-1"), negative},
        {SLICE("-0"), negative},
        {SLICE("serial=-084BDE"), negative},
        {SLICE("Serial Number: -1 (-0x1)"), negative},
        {SLICE("(Negative)08:4b"), negative},
        {SLICE("Serial Number:\n    (Negative)08:4b"), negative},
        {SLICE("0x"), no_hex},
        {SLICE("serial="), no_hex},
        {SLICE("Serial Number:"), no_hex},
        {SLICE("dec:"), no_decimal},
        {SLICE("(0x12)"), no_decimal},
        {SLICE("01" TWENTY), more},
        {SLICE("1" TWENTY), "serial number: expected at most 20 octets, found more"},
        {SLICE("dec:1461501637330902918203684832716283019655932542976"), more},
        {SLICE("dec:99999999999999999999999999999999999999999999999999999999999999"), more},
        {SLICE("4660 (0x1235)"), differ},
        {SLICE("1 (0x100)"), differ},
        {SLICE("a,b"), "serial number: expected one serial number, found ',' at character 2"},
        {SLICE(" ,"), "serial number: expected one serial number, found ',' at character 2"},
        {SLICE("xyz"), "serial number: expected a hexadecimal digit, found 'x' at character 1"},
        {SLICE("abg"), "serial number: expected a hexadecimal digit, found 'g' at character 3"},
        {SLICE(":ab"), "serial number: expected a hexadecimal digit, found ':' at character 1"},
        {SLICE("0x-12"), "serial number: expected a hexadecimal digit, found '-' at character 3"},
        {SLICE("0x0x12"), "serial number: expected a hexadecimal digit, found 'x' at character 4"},
        {SLICE("12.5"), "serial number: expected a hexadecimal digit, found '.' at character 3"},
        {SLICE("ab\\cd"),
         "serial number: expected a hexadecimal digit, found '\\\\' at character 3"},
        {SLICE("ab\\"), "serial number: expected a hexadecimal digit, found '\\\\' at character 3"},
        {SLICE("ab\0cd"),
         "serial number: expected a hexadecimal digit, found '\\x00' at character 3"},
        {SLICE("ab\x1B[31m"),
         "serial number: expected a hexadecimal digit, found '\\x1B' at character 3"},
        {SLICE("\xC3\xA9"),
         "serial number: expected a hexadecimal digit, found '\\xC3' at character 1"},
        {SLICE("dec:12a"), "serial number: expected a decimal digit, found 'a' at character 7"},
        {SLICE("dec:-12"), "serial number: expected a decimal digit, found '-' at character 5"},
        {SLICE("dec:0x12"), "serial number: expected a decimal digit, found 'x' at character 6"},
        {SLICE("12 (0xzz)"),
         "serial number: expected a hexadecimal digit, found 'z' at character 7"},
        {SLICE("1a (0x1a)"), "serial number: expected a decimal digit, found 'a' at character 2"},
        {SLICE("12 (12)"), "serial number: expected a hexadecimal digit, found '(' at character 4"},
        {SLICE("12 (0x12"),
         "serial number: expected a hexadecimal digit, found '(' at character 4"},
        {SLICE("()"), "serial number: expected a hexadecimal digit, found '(' at character 1"},
        {SLICE(")"), "serial number: expected a hexadecimal digit, found ')' at character 1"},
        {SLICE("("), "serial number: expected a hexadecimal digit, found '(' at character 1"},
        {SLICE(")("), "serial number: expected a hexadecimal digit, found ')' at character 1"},
        {SLICE("serial=serial=12"),
         "serial number: expected a hexadecimal digit, found 's' at character 8"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_no_key(rows[i].text, rows[i].message);
    }
}

static void reads_bytes(void **state)
{
    static const struct {
        cs_slice bytes;
        const char *key;
    } rows[] = {
        {SLICE("\x01"), "01"},
        {SLICE("\xB6\x7E"), "b67e"},
        {SLICE("\x00\xB6\x7E"), "b67e"}, /* DER's sign byte */
        {SLICE("\x00\x00\x00\x01"), "01"},
        {SLICE("\x0A\x0D\x00"), "0a0d00"},
        {SLICE("1234"), "31323334"}, /* bytes, though they look like text */
        {SLICE("12345678901234567890"), "3132333435363738393031323334353637383930"},
        {SLICE("\0"
               "12345678901234567890"),
         "3132333435363738393031323334353637383930"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        cs_serial serial;
        assert_int_equal(cs_serial_bytes(guard_copy(0, rows[i].bytes), &serial, NULL), 0);
        assert_string_equal(hex_of(&serial), rows[i].key);
    }
}

static void refuses_bytes(void **state)
{
    static const struct {
        cs_slice bytes;
        const char *message;
    } rows[] = {
        {{NULL, 0}, "serial number: expected octets, found none"},
        {SLICE(""), "serial number: expected octets, found none"},
        {SLICE("\0"), "serial number: expected a positive number, found zero"},
        {SLICE("\0\0\0"), "serial number: expected a positive number, found zero"},
        {SLICE("123456789012345678901"), "serial number: expected at most 20 octets, found more"},
        {SLICE("\0"
               "123456789012345678901"),
         "serial number: expected at most 20 octets, found more"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        cs_serial serial = {.n = 7};
        cs_error error;
        int rc = cs_serial_bytes(guard_copy(0, rows[i].bytes), &serial, &error);
        assert_refused(rc, error, CS_ARGUMENT, rows[i].message);
        assert_int_equal(serial.n, 0);
    }
}

/* All lengths of key, in all forms, give the same key: leading zero nibble or not. */
static void all_forms_of_a_number_meet_in_one_key(void **state)
{
    static const unsigned char first[] = {0x01, 0x0F, 0x10, 0x7F, 0x80, 0xFF};
    (void)state;
    for (size_t i = 0; i < COUNT(first) * CS_SERIAL_MAX; i++) {
        unsigned char bytes[CS_SERIAL_MAX + 1] = {0};
        char plain[64], upper[64], odd[64], colons[80];
        size_t n = i / COUNT(first) + 1;
        cs_serial serial;
        bytes[1] = first[i % COUNT(first)];
        for (size_t k = 1; k < n; k++) {
            bytes[k + 1] = (unsigned char)(k * 37);
        }
        for (size_t k = 0; k < n; k++) {
            sprintf(plain + 2 * k, "%02x", (unsigned)bytes[k + 1]);
            sprintf(upper + 2 * k, "%02X", (unsigned)bytes[k + 1]);
            sprintf(colons + 3 * k, "%02x:", (unsigned)bytes[k + 1]);
        }
        strcpy(odd, plain[0] == '0' ? plain + 1 : plain);
        colons[3 * n - 1] = '\0';
        assert_key(cs_slice_of(plain), plain);
        assert_key(cs_slice_of(upper), plain);
        assert_key(cs_slice_of(odd), plain);
        assert_key(cs_slice_of(colons), plain);
        assert_int_equal(cs_serial_bytes((cs_slice){(char *)bytes + 1, n}, &serial, NULL), 0);
        assert_string_equal(hex_of(&serial), plain);
        assert_int_equal(cs_serial_bytes((cs_slice){(char *)bytes, n + 1}, &serial, NULL), 0);
        assert_string_equal(hex_of(&serial), plain);
    }
}

/* Beginnings of every form, each against the unreadable page: read or refused, nothing beyond. */
static void every_truncation_is_read_or_refused(void **state)
{
    static const char *const forms[] = {
        "Serial Number: 4660 (0x1234)",
        "Serial Number:\n   (Negative)08:4b",
        "serial=dec:4660 ",
        "0x84bde\\\n9cd233f0dd",
        "08:4b-de 9c",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        for (size_t n = 0; n <= strlen(forms[i]); n++) {
            cs_serial serial;
            cs_error error;
            int rc = cs_serial_parse(guard_copy(0, (cs_slice){forms[i], n}), &serial, &error);
            assert_int_equal(rc, rc ? CS_ERROR(CS_ARGUMENT, 0) : 0);
            assert_int_equal(serial.n == 0, rc != 0);
            assert_true(rc == 0 || error.code == rc);
        }
    }
}

/* No byte but hexadecimal digits changes what is read; no byte but separators is passed over. */
static void every_byte_is_a_digit_a_separator_or_refused(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char text[] = "1?2";
        cs_serial serial;
        text[1] = (char)byte;
        int rc = cs_serial_parse((cs_slice){text, 3}, &serial, NULL);
        if (byte && strchr(":- \t\n\v\f\r", byte)) {
            assert_int_equal(rc, 0);
            assert_string_equal(hex_of(&serial), "12");
        } else if (byte && strchr("0123456789abcdefABCDEF", byte)) {
            assert_int_equal(rc, 0);
            assert_int_equal(serial.n, 2);
        } else {
            assert_int_equal(rc, CS_ERROR(CS_ARGUMENT, 0));
        }
    }
}

static void very_long_inputs_are_bounded(void **state)
{
    static char zeros[100000];
    (void)state;
    memset(zeros, '0', sizeof zeros);
    assert_no_key((cs_slice){zeros, sizeof zeros},
                  "serial number: expected a positive number, found zero");
    zeros[sizeof zeros - 1] = '7';
    cs_serial serial;
    assert_int_equal(cs_serial_parse((cs_slice){zeros, sizeof zeros}, &serial, NULL), 0);
    assert_string_equal(hex_of(&serial), "07");
    memset(zeros, '1', sizeof zeros);
    memcpy(zeros, "dec:", 4);
    assert_int_equal(cs_serial_parse((cs_slice){zeros, sizeof zeros}, &serial, NULL),
                     CS_ERROR(CS_ARGUMENT, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_form),
        cmocka_unit_test(refuses_what_is_no_serial_number),
        cmocka_unit_test(reads_bytes),
        cmocka_unit_test(refuses_bytes),
        cmocka_unit_test(all_forms_of_a_number_meet_in_one_key),
        cmocka_unit_test(every_truncation_is_read_or_refused),
        cmocka_unit_test(every_byte_is_a_digit_a_separator_or_refused),
        cmocka_unit_test(very_long_inputs_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
