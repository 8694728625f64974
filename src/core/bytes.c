/* bytes.c - slices, buffers and errors: what everything else here is written with. */
#include "certstat.h"

#include <stdarg.h>
#include <string.h>

cs_slice cs_slice_of(const char *text)
{
    return (cs_slice){text, text ? strlen(text) : 0};
}

int cs_slice_equal(cs_slice a, cs_slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

int cs_slice_equal_nocase(cs_slice a, cs_slice b)
{
    if (a.n != b.n) {
        return 0;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (a.p[i] != b.p[i] && lower(a.p[i]) != lower(b.p[i])) {
            return 0;
        }
    }
    return 1;
}

int cs_slice_compare(cs_slice a, cs_slice b)
{
    size_t shared = a.n < b.n ? a.n : b.n;
    int order = shared ? memcmp(a.p, b.p, shared) : 0;
    if (order) {
        return order;
    }
    return a.n < b.n ? -1 : a.n > b.n;
}

void cs_buffer_init(cs_buffer *b, void *memory, size_t size)
{
    *b = (cs_buffer){.p = (char *)memory, .n = 0, .size = size, .failed = 0};
}

void cs_buffer_put(cs_buffer *b, cs_slice bytes)
{
    if (b->failed || bytes.n > b->size - b->n) {
        b->failed = 1;
        return;
    }
    if (bytes.n) {
        memcpy(b->p + b->n, bytes.p, bytes.n);
        b->n += bytes.n;
    }
}

void cs_buffer_text(cs_buffer *b, const char *text)
{
    cs_buffer_put(b, cs_slice_of(text));
}

void cs_buffer_decimal(cs_buffer *b, int64_t number)
{
    char digits[20];
    size_t i = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[--i] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (number < 0) {
        cs_buffer_byte(b, '-');
    }
    cs_buffer_put(b, (cs_slice){digits + i, sizeof digits - i});
}

/* "000102…ff" */
#define ROW(d)                                                                                     \
    d "0" d "1" d "2" d "3" d "4" d "5" d "6" d "7" d "8" d "9" d "a" d "b" d "c" d "d" d "e" d "f"
static const char hex_pairs[] = ROW("0") ROW("1") ROW("2") ROW("3") ROW("4") ROW("5") ROW("6")
    ROW("7") ROW("8") ROW("9") ROW("a") ROW("b") ROW("c") ROW("d") ROW("e") ROW("f");

void cs_buffer_hex(cs_buffer *b, const void *bytes, size_t n)
{
    const unsigned char *from = (const unsigned char *)bytes;
    if (b->failed || n > (b->size - b->n) / 2) {
        b->failed = 1;
        return;
    }
    char *to = b->p + b->n;
    for (size_t i = 0; i < n; i++) {
        memcpy(to + 2 * i, hex_pairs + 2 * (size_t)from[i], 2);
    }
    b->n += 2 * n;
}

cs_slice cs_buffer_slice(const cs_buffer *b, size_t from)
{
    return (cs_slice){b->p + from, b->n - from};
}

int cs_fail(cs_error *error, enum cs_class class, int detail, ...)
{
    int code = CS_ERROR(class, detail);
    if (error) {
        cs_buffer text;
        cs_buffer_init(&text, error->message, sizeof error->message - 1);
        va_list parts;
        va_start(parts, detail);
        for (const char *part; (part = va_arg(parts, const char *));) {
            cs_slice s = cs_slice_of(part);
            size_t room = text.size - text.n;
            cs_buffer_put(&text, (cs_slice){s.p, s.n < room ? s.n : room});
        }
        va_end(parts);
        error->message[text.n] = '\0';
        error->code = code;
    }
    return code;
}
