/* Percent-encoding as RFC 3986 has it, for every byte and back; queries sorted as the signature
 * wants them; queries taken apart as a server must; dates of every day of ten thousand years. */
#include "core/encode.h"
#include "support/guard.h"
#include "support/slices.h"

#include <stdio.h>

static const char unreserved[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"; /* RFC 3986 2.3 */

static void encodes_every_byte(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char text = (char)byte, expected[4] = {text, '\0', '\0', '\0'};
        if (!byte || !strchr(unreserved, byte)) {
            snprintf(expected, sizeof expected, "%%%02X", (unsigned)byte);
        }
        cs_buffer out = guard_buffer(1, strlen(expected));
        cs_percent_encode(guard_copy(0, (cs_slice){&text, 1}), &out);
        assert_false(out.failed);
        assert_buffer(&out, expected);
    }
}

/* Many letters are copied at once: none of the other bytes may be taken for one of them. */
static void encodes_every_byte_among_letters(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char text[] = "0123456789abcdefghijklmnopqrstuv", expected[sizeof text + 2], escaped[4];
        for (size_t at = 0; at < sizeof text - 1; at++) {
            char before = text[at];
            text[at] = (char)byte;
            cs_buffer one = {escaped, 0, sizeof escaped, 0}, out = guard_buffer(1, sizeof expected);
            cs_percent_encode((cs_slice){text + at, 1}, &one);
            snprintf(expected, sizeof expected, "%.*s%.*s%s", (int)at, text, (int)one.n, escaped,
                     text + at + 1);
            cs_percent_encode(guard_copy(0, (cs_slice){text, sizeof text - 1}), &out);
            assert_buffer(&out, expected);
            text[at] = before;
        }
    }
}

static void encodes_texts(void **state)
{
    static const struct {
        const char *text, *encoded;
    } rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"a b", "a%20b"},
        {"*~+%", "%2A~%2B%25"},
        {"%41", "%2541"},
        {"Größe", "Gr%C3%B6%C3%9Fe"},
        {"证书", "%E8%AF%81%E4%B9%A6"},
        {"!'(),", "%21%27%28%29%2C"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t n = strlen(rows[i].encoded);
        cs_slice text = guard_copy(0, cs_slice_of(rows[i].text));
        for (size_t size = 0; size <= n; size++) {
            cs_buffer out = guard_buffer(1, size);
            cs_percent_encode(text, &out);
            assert_int_equal(out.failed, size < n);
            assert_memory_equal(out.p, rows[i].encoded, out.n);
        }
    }
}

/* "p may be NULL where n is 0" holds for every input. */
static void takes_empty_slices_without_memory(void **state)
{
    cs_pair pair = {{NULL, 0}, {NULL, 0}};
    cs_buffer out = guard_buffer(0, 8);
    size_t n = 0;
    (void)state;
    cs_percent_encode((cs_slice){NULL, 0}, &out);
    assert_int_equal(cs_percent_decode((cs_slice){NULL, 0}, 0, &out, NULL), 0);
    assert_int_equal(cs_query_parse((cs_slice){NULL, 0}, &pair, &n, &out, NULL), 0);
    assert_int_equal(n, 0);
    assert_int_equal(cs_query_canonical(&pair, 1, &out, NULL), 0);
    assert_int_equal(cs_query_canonical(NULL, 0, &out, NULL), 0);
    assert_buffer(&out, "=");
    assert_int_not_equal(cs_date_parse((cs_slice){NULL, 0}, &(int64_t){0}), 0);
}

static void decodes_what_it_encodes(void **state)
{
    char all[256], encoded[3 * 256], decoded[256];
    cs_buffer a, b;
    (void)state;
    for (int i = 0; i < 256; i++) {
        all[i] = (char)i;
    }
    cs_buffer_init(&a, encoded, sizeof encoded);
    cs_buffer_init(&b, decoded, sizeof decoded);
    cs_percent_encode((cs_slice){all, sizeof all}, &a);
    assert_int_equal(cs_percent_decode(cs_buffer_slice(&a, 0), 1, &b, NULL), 0);
    assert_false(b.failed);
    assert_slice(cs_buffer_slice(&b, 0), ((cs_slice){all, sizeof all}));
}

static void decodes_texts(void **state)
{
    static const struct {
        cs_slice text;
        int plus_is_space;
        cs_slice decoded; /* p NULL: refused */
    } rows[] = {
        {SLICE(""), 0, SLICE("")},
        {SLICE("a+b%2B%2b"), 1, SLICE("a b++")},
        {SLICE("a+b%2B"), 0, SLICE("a+b+")},
        {SLICE("%00%fF"), 0, SLICE("\0\xFF")},
        {SLICE("\xC3\xA9\0"), 0, SLICE("\xC3\xA9\0")},
        {SLICE("%25%32%35"), 0, SLICE("%25")}, /* once only */
        {SLICE("%"), 0, {NULL, 0}},
        {SLICE("ab%"), 0, {NULL, 0}},
        {SLICE("%4"), 0, {NULL, 0}},
        {SLICE("%zz"), 0, {NULL, 0}},
        {SLICE("%4g"), 0, {NULL, 0}},
        {SLICE("%g4"), 0, {NULL, 0}},
        {SLICE("%%41"), 0, {NULL, 0}},
        {SLICE("% 4"), 0, {NULL, 0}},
        {SLICE("%+4"), 1, {NULL, 0}},
        {SLICE("%\xC1\xC1"), 0, {NULL, 0}},
        {SLICE("%u0041"), 0, {NULL, 0}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        cs_error error;
        cs_buffer out = guard_buffer(1, rows[i].text.n);
        cs_slice text = guard_copy(0, rows[i].text);
        int rc = cs_percent_decode(text, rows[i].plus_is_space, &out, &error);
        if (rows[i].decoded.p) {
            assert_int_equal(rc, 0);
            assert_slice(cs_buffer_slice(&out, 0), rows[i].decoded);
        } else {
            assert_refused(rc, error, CS_ARGUMENT,
                           "expected two hexadecimal digits after '%' in a query");
            assert_int_equal(cs_percent_decode(text, rows[i].plus_is_space, &out, NULL), rc);
        }
    }
}

static void knows_hexadecimal_digits(void **state)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        const char *at = byte ? strchr(digits, byte) : NULL;
        assert_int_equal(cs_hex_digit((char)byte), at ? (at - digits) % 16 : -1);
    }
}

/* ---- queries ---- */

static void sorts_by_raw_name_and_then_raw_value(void **state)
{
    /* each of them would stand elsewhere if the encoded forms, or name=value, were compared */
    static const cs_pair pairs[] = {
        {SLICE("b"), SLICE("")},        {SLICE("a="), SLICE("1")}, {SLICE("a-b"), SLICE("1")},
        {SLICE("a"), SLICE("{")},       {SLICE("a"), SLICE("z")},  {SLICE("{"), SLICE("1")},
        {SLICE("a"), SLICE("")},        {SLICE("B"), SLICE("1")},  {SLICE("\xC3"), SLICE("hi")},
        {SLICE(""), SLICE("nameless")}, {SLICE("a"), SLICE("zz")},
    };
    static const char expected[] = "=nameless&B=1&a=&a=z&a=zz&a=%7B&a-b=1&a%3D=1&b=&%7B=1&%C3=hi";
    (void)state;
    for (size_t size = 0; size <= sizeof expected - 1; size++) {
        cs_buffer out = guard_buffer(0, size);
        assert_int_equal(cs_query_canonical(pairs, COUNT(pairs), &out, NULL), 0);
        assert_int_equal(out.failed, size < sizeof expected - 1);
        assert_memory_equal(out.p, expected, out.n);
    }
}

static void takes_256_parameters_and_no_more(void **state)
{
    cs_pair pairs[CS_QUERY_MAX + 1], parsed[CS_QUERY_MAX];
    char names[CS_QUERY_MAX + 1][4], text[2048];
    cs_error error;
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) { /* in the order that costs the sort most */
        snprintf(names[i], sizeof names[i], "%03u", (unsigned)(COUNT(pairs) - i));
        pairs[i] = (cs_pair){{names[i], 3}, {NULL, 0}};
    }
    cs_buffer out = guard_buffer(0, 5 * CS_QUERY_MAX - 1);
    assert_int_equal(cs_query_canonical(pairs + 1, CS_QUERY_MAX, &out, &error), 0);
    assert_false(out.failed);
    assert_memory_equal(out.p, "001=&002=&", 10);
    cs_slice whole = guard_copy(1, cs_buffer_slice(&out, 0));
    cs_buffer_init(&out, text, sizeof text);
    assert_refused(cs_query_canonical(pairs, COUNT(pairs), &out, &error), error, CS_LIMIT,
                   "expected at most 256 query parameters");

    size_t n = 0;
    assert_int_equal(cs_query_parse(whole, parsed, &n, &out, &error), 0);
    assert_int_equal(n, CS_QUERY_MAX);
    assert_slice_text(parsed[255].name, "256");
    assert_refused(cs_query_parse(CS_LITERAL("x"), parsed, &n, &out, &error), error, CS_LIMIT,
                   "expected at most 256 query parameters");
    assert_int_equal(cs_query_parse(CS_LITERAL("&&&"), parsed, &n, &out, &error), 0);
    assert_int_equal(n, CS_QUERY_MAX);
}

static void takes_queries_apart(void **state)
{
    static const struct {
        const char *raw, *pairs; /* name>value, one after the other, each ended by a space */
    } rows[] = {
        {"", ""},
        {"&", ""},
        {"&&a=1&&", "a>1 "},
        {"a", "a> "},
        {"a=", "a> "},
        {"=", "> "},
        {"=1", ">1 "},
        {"a=b=c&d==", "a>b=c d>= "},
        {"a=1&a=1&a=0", "a>1 a>1 a>0 "},
        {"a%3Db=%26&c%26=d%3D", "a=b>& c&>d= "},
        {"x+y=%2B+", "x_y>+_ "},
        {"SerialNumber=01%2c02", "SerialNumber>01,02 "},
        {"a;b=1;c=2", "a;b>1;c=2 "},
        {"?a=1", "?a>1 "},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        cs_pair pairs[CS_QUERY_MAX];
        size_t n = 0, raw_n = strlen(rows[i].raw);
        cs_buffer text = guard_buffer(1, raw_n);
        cs_slice raw = guard_copy(0, cs_slice_of(rows[i].raw));
        assert_int_equal(cs_query_parse(raw, pairs, &n, &text, NULL), 0);
        cs_buffer shown = guard_buffer(2, 64);
        for (size_t k = 0; k < n; k++) {
            cs_buffer_put(&shown, pairs[k].name);
            cs_buffer_byte(&shown, '>');
            cs_buffer_put(&shown, pairs[k].value);
            cs_buffer_byte(&shown, ' ');
        }
        for (size_t k = 0; k < shown.n; k++) { /* a decoded space, unlike the one at a pair's end */
            int end = k + 1 == shown.n || rows[i].pairs[k] == ' ';
            shown.p[k] = shown.p[k] == ' ' && !end ? '_' : shown.p[k];
        }
        assert_buffer(&shown, rows[i].pairs);
    }
}

static void refuses_queries_it_cannot_read(void **state)
{
    static const struct {
        const char *raw;
        size_t n; /* pairs read before */
    } rows[] = {{"%", 0}, {"a=1&b=%", 1}, {"a=1&%zz=2", 1}, {"a=%4", 0}, {"a=%4&1=2", 0}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        cs_pair pairs[CS_QUERY_MAX];
        cs_error error;
        size_t n = 0;
        cs_slice raw = guard_copy(0, cs_slice_of(rows[i].raw));
        cs_buffer text = guard_buffer(1, raw.n);
        assert_refused(cs_query_parse(raw, pairs, &n, &text, &error), error, CS_ARGUMENT,
                       "expected two hexadecimal digits after '%' in a query");
        assert_int_equal(n, rows[i].n);
    }
}

/* Every prefix of a query is a query or is refused; the text never needs more room than the query
 * has, and with less the call fails. */
static void reads_every_truncation_of_a_query(void **state)
{
    static const char query[] = "a=1&%C3%A9=%41+b&&c&=d&e%3D=%20";
    (void)state;
    for (size_t length = 0; length < sizeof query; length++) {
        cs_slice raw = guard_copy(0, (cs_slice){query, length});
        size_t needed = 0;
        for (size_t size = 0; size <= length; size++) {
            cs_pair pairs[CS_QUERY_MAX];
            cs_error error;
            size_t n = 0;
            cs_buffer text = guard_buffer(1, length - size);
            int rc = cs_query_parse(raw, pairs, &n, &text, &error);
            int cut = (length > 0 && query[length - 1] == '%') ||
                      (length > 1 && query[length - 2] == '%');
            assert_true(rc == 0 || error.code == rc);
            if (cut) {
                assert_int_equal(CS_CLASS(rc), CS_ARGUMENT);
            } else if (size == 0) {
                assert_int_equal(rc, 0);
                needed = text.n;
            } else if (length - size < needed) {
                assert_refused(rc, error, CS_LIMIT, "query too long");
                assert_true(text.failed);
            } else {
                assert_int_equal(rc, 0);
            }
        }
    }
}

/* ---- dates ---- */

static int is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static void put_digits(char *out, int digits, int number)
{
    while (digits--) {
        out[digits] = (char)('0' + number % 10);
        number /= 10;
    }
}

/* Counts the days of the years 0000 to 9999 one by one. */
static void reads_every_day(void **state)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    char text[] = "0000-00-00T23:59:59Z";
    int64_t day = -719528; /* 0000-01-01 */
    (void)state;
    for (int i = 0; i < 12 * 10000; i++) {
        int year = i / 12, month = i % 12 + 1;
        int last = days[month - 1] + (month == 2 && is_leap(year));
        put_digits(text, 4, year);
        put_digits(text + 5, 2, month);
        for (int of_month = 0; of_month <= last + 1; of_month++) {
            int64_t seconds = 1;
            put_digits(text + 8, 2, of_month);
            int rc = cs_date_parse((cs_slice){text, 20}, &seconds);
            int there = of_month >= 1 && of_month <= last;
            if ((rc == 0) != there || (there && seconds != day++ * 86400 + 86399)) {
                fail_msg("%s: %d, %lld", text, rc, (long long)seconds);
            }
        }
    }
    assert_int_equal(day, 2932897); /* 10000-01-01 */
}

static void reads_one_form_of_date_alone(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds; /* -1: refused */
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:01Z", 1},
        {"2026-01-02T03:04:05Z", 1767323045},
        {"2000-02-29T23:59:59Z", 951868799},
        {"2038-01-19T03:14:08Z", INT64_C(2147483648)},
        {"9999-12-31T23:59:59Z", INT64_C(253402300799)},
        {"", -1},
        {"2026-01-02T03:04:05", -1},
        {"2026-01-02T03:04:05z", -1},
        {"2026-01-02t03:04:05Z", -1},
        {"2026-01-02 03:04:05Z", -1},
        {"2026-01-02T03:04:05+", -1},
        {"2026-01-02T03:04:05Z ", -1},
        {" 2026-01-02T03:04:05Z", -1},
        {"2026-01-02T03:04:05.0Z", -1},
        {"2026-01-02T03:04:5ZZ", -1},
        {"2026/01/02T03:04:05Z", -1},
        {"2026-1-002T03:04:05Z", -1},
        {"-026-01-02T03:04:05Z", -1},
        {"2026-00-02T03:04:05Z", -1},
        {"2026-13-02T03:04:05Z", -1},
        {"2026-01-02T24:00:00Z", -1},
        {"2026-01-02T03:60:00Z", -1},
        {"2026-01-02T03:04:60Z", -1}, /* a leap second has no number */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t seconds = -1;
        int rc = cs_date_parse(guard_copy(0, cs_slice_of(rows[i].text)), &seconds);
        assert_int_equal(rc, rows[i].seconds < 0 ? CS_ERROR(CS_ARGUMENT, 0) : 0);
        assert_int_equal(seconds, rows[i].seconds);
    }
}

/* No other byte is taken at any place: digits stay digits, marks stay marks. */
static void refuses_every_other_byte_in_a_date(void **state)
{
    (void)state;
    for (size_t at = 0; at < 20; at++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[] = "2026-01-02T03:04:05Z";
            int was_digit = text[at] >= '0' && text[at] <= '9';
            int same = (char)byte == text[at];
            int64_t seconds;
            text[at] = (char)byte;
            int rc = cs_date_parse((cs_slice){text, 20}, &seconds);
            if (same || (was_digit && byte >= '0' && byte <= '9')) {
                continue; /* may be a date */
            }
            assert_int_equal(rc, CS_ERROR(CS_ARGUMENT, 0));
        }
    }
    for (size_t n = 0; n < 20; n++) {
        int64_t seconds;
        cs_slice cut = guard_copy(0, (cs_slice){"2026-01-02T03:04:05Z", n});
        assert_int_equal(cs_date_parse(cut, &seconds), CS_ERROR(CS_ARGUMENT, 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_every_byte),
        cmocka_unit_test(encodes_every_byte_among_letters),
        cmocka_unit_test(encodes_texts),
        cmocka_unit_test(takes_empty_slices_without_memory),
        cmocka_unit_test(decodes_what_it_encodes),
        cmocka_unit_test(decodes_texts),
        cmocka_unit_test(knows_hexadecimal_digits),
        cmocka_unit_test(sorts_by_raw_name_and_then_raw_value),
        cmocka_unit_test(takes_256_parameters_and_no_more),
        cmocka_unit_test(takes_queries_apart),
        cmocka_unit_test(refuses_queries_it_cannot_read),
        cmocka_unit_test(reads_every_truncation_of_a_query),
        cmocka_unit_test(reads_every_day),
        cmocka_unit_test(reads_one_form_of_date_alone),
        cmocka_unit_test(refuses_every_other_byte_in_a_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
