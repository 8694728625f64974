/* encode.c - percent-encoding, the canonical query, and the one date form that signatures use. */
#include "encode.h"
#include "certstat.h"

#include <string.h>

/* RFC 3986 2.3: ALPHA DIGIT - . _ ~ */
#define ROW_CTL 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
static const unsigned char unreserved[256] = {
    ROW_CTL, ROW_CTL,                                           /* 00 */
    0,       0,       0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, /* 20: - . */
    1,       1,       1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, /* 30: 0-9 */
    0,       1,       1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* 40: A-O */
    1,       1,       1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, /* 50: P-Z _ */
    0,       1,       1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* 60: a-o */
    1,       1,       1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 0, /* 70: p-z ~ */
};

/* Sixteen bytes worked on at once, by the CPU's vector instructions where it has them:
 * https://gcc.gnu.org/onlinedocs/gcc/Vector-Extensions.html */
typedef unsigned char bytes16 __attribute__((vector_size(16)));

static int are_alphanumeric(const unsigned char *p)
{
    bytes16 c;
    uint64_t half[2];
    memcpy(&c, p, sizeof c);
    c = (bytes16)((c - '0' < 10) | ((c | 0x20) - 'a' < 26)); /* all bits of a byte, or none */
    memcpy(half, &c, sizeof half);
    return (half[0] & half[1]) == UINT64_MAX;
}

void cs_percent_encode(cs_slice text, cs_buffer *out)
{
    static const char digits[] = "0123456789ABCDEF";
    if (out->failed || !text.n) {
        return;
    }
    const unsigned char *p = (const unsigned char *)text.p, *end = p + text.n;
    char *to = out->p + out->n, *limit = out->p + out->size;
    while (p < end) {
        /* nearly all of a request is digits */
        while (end - p >= 16 && limit - to >= 16 && are_alphanumeric(p)) {
            memcpy(to, p, 16);
            p += 16;
            to += 16;
        }
        while (p < end && to < limit && unreserved[*p]) {
            *to++ = (char)*p++;
        }
        if (p < end) {
            if (limit - to < 3) {
                out->failed = 1;
                return;
            }
            *to++ = '%';
            *to++ = digits[*p >> 4];
            *to++ = digits[*p++ & 15];
        }
    }
    out->n = (size_t)(to - out->p);
}

int cs_percent_decode(cs_slice text, int plus_is_space, cs_buffer *out, cs_error *error)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '+' && plus_is_space) {
            c = ' ';
        } else if (c == '%') {
            int high = i + 1 < text.n ? cs_hex_digit(text.p[i + 1]) : -1;
            int low = i + 2 < text.n ? cs_hex_digit(text.p[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return cs_fail(error, CS_ARGUMENT, 0,
                               "expected two hexadecimal digits after '%' in a query", NULL);
            }
            c = (char)(high << 4 | low);
            i += 2;
        }
        cs_buffer_byte(out, c);
    }
    return 0;
}

static int pair_compare(const cs_pair *a, const cs_pair *b)
{
    int order = cs_slice_compare(a->name, b->name);
    return order ? order : cs_slice_compare(a->value, b->value);
}

int cs_query_canonical(const cs_pair *pairs, size_t n, cs_buffer *out, cs_error *error)
{
    uint16_t order[CS_QUERY_MAX];
    if (n > CS_QUERY_MAX) {
        return cs_fail(error, CS_LIMIT, 0, "expected at most 256 query parameters", NULL);
    }
    /* insertion sort: a request has a handful, mostly sorted already */
    for (size_t i = 0; i < n; i++) {
        size_t j = i;
        for (; j > 0 && pair_compare(&pairs[order[j - 1]], &pairs[i]) > 0; j--) {
            order[j] = order[j - 1];
        }
        order[j] = (uint16_t)i;
    }
    for (size_t i = 0; i < n; i++) {
        if (i) {
            cs_buffer_byte(out, '&');
        }
        cs_percent_encode(pairs[order[i]].name, out);
        cs_buffer_byte(out, '=');
        cs_percent_encode(pairs[order[i]].value, out);
    }
    return 0;
}

static int parse_piece(cs_slice piece, cs_pair *pair, cs_buffer *text, cs_error *error)
{
    const char *equals = (const char *)memchr(piece.p, '=', piece.n);
    size_t name_n = equals ? (size_t)(equals - piece.p) : piece.n;
    size_t value_at = equals ? name_n + 1 : name_n;
    size_t start = text->n;
    int rc = cs_percent_decode((cs_slice){piece.p, name_n}, 1, text, error);
    if (rc) {
        return rc;
    }
    pair->name = cs_buffer_slice(text, start);
    start = text->n;
    rc = cs_percent_decode((cs_slice){piece.p + value_at, piece.n - value_at}, 1, text, error);
    pair->value = cs_buffer_slice(text, start);
    return rc;
}

int cs_query_parse(cs_slice raw, cs_pair *pairs, size_t *n, cs_buffer *text, cs_error *error)
{
    size_t from = 0;
    while (from < raw.n) {
        const char *end = (const char *)memchr(raw.p + from, '&', raw.n - from);
        size_t to = end ? (size_t)(end - raw.p) : raw.n;
        if (to > from) {
            if (*n == CS_QUERY_MAX) {
                return cs_fail(error, CS_LIMIT, 0, "expected at most 256 query parameters", NULL);
            }
            int rc = parse_piece((cs_slice){raw.p + from, to - from}, &pairs[*n], text, error);
            if (rc) {
                return rc;
            }
            ++*n;
        }
        from = to + 1;
    }
    return text->failed ? cs_fail(error, CS_LIMIT, 0, "query too long", NULL) : 0;
}

/* Days from 1970-01-01 in the proleptic Gregorian calendar; years begin in March so that the leap
 * day is last. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year < 0 ? year - 399 : year) / 400, year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

int cs_date_parse(cs_slice text, int64_t *seconds)
{
    static const char form[] = "0000-00-00T00:00:00Z";
    static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t part[6] = {0};
    size_t at = 0;
    if (text.n != sizeof form - 1) {
        return CS_ERROR(CS_ARGUMENT, 0);
    }
    for (size_t i = 0; i < text.n; i++) {
        if (form[i] != '0') {
            if (text.p[i] != form[i]) {
                return CS_ERROR(CS_ARGUMENT, 0);
            }
            at++;
        } else if (text.p[i] < '0' || text.p[i] > '9') {
            return CS_ERROR(CS_ARGUMENT, 0);
        } else {
            part[at] = part[at] * 10 + (text.p[i] - '0');
        }
    }
    int leap = part[0] % 4 == 0 && (part[0] % 100 != 0 || part[0] % 400 == 0);
    if (part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > month_days[part[1] - 1] ||
        (part[1] == 2 && part[2] == 29 && !leap) || part[3] > 23 || part[4] > 59 || part[5] > 59) {
        return CS_ERROR(CS_ARGUMENT, 0);
    }
    *seconds = ((days_of(part[0], part[1], part[2]) * 24 + part[3]) * 60 + part[4]) * 60 + part[5];
    return 0;
}
