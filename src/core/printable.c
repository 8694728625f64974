/* printable.c - text from outside, made safe to show. */
#include "certstat.h"

/* How many bytes the UTF-8 character at s[0] has, and its code point into *code; 0 if there is none
 * (Unicode Standard, table 3-7: no overlong forms, no surrogates, at most U+10FFFF). */
static size_t decode_utf8(const unsigned char *s, size_t n, uint32_t *code)
{
    size_t more = s[0] < 0x80 ? 0 : s[0] < 0xC2 ? 4 : s[0] < 0xE0 ? 1 : s[0] < 0xF0 ? 2 : 3;
    if (more >= n || more > 3 || s[0] > 0xF4) {
        return 0;
    }
    uint32_t c = more ? s[0] & (0x3Fu >> more) : s[0];
    for (size_t i = 1; i <= more; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return 0;
        }
        c = c << 6 | (s[i] & 0x3Fu);
    }
    if ((more == 2 && c < 0x800) || (more == 3 && c < 0x10000) || c > 0x10FFFF ||
        (c >= 0xD800 && c <= 0xDFFF)) {
        return 0;
    }
    *code = c;
    return more + 1;
}

/* Characters that move the cursor, break a line or reorder what is around them. */
static int is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || /* C0, DEL, C1 */
           c == 0x2028 || c == 0x2029 ||          /* line and paragraph separator */
           c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069); /* Bidi_Control (Unicode Standard Annex 9) */
}

static void put_code_point(uint32_t c, cs_buffer *out)
{
    static const char digits[] = "0123456789ABCDEF";
    cs_buffer_text(out, "\\u{");
    int shift = 20;
    while (shift > 0 && c >> shift == 0) {
        shift -= 4;
    }
    for (; shift >= 0; shift -= 4) {
        cs_buffer_byte(out, digits[c >> shift & 15]);
    }
    cs_buffer_byte(out, '}');
}

/* Writes what shows the next character or stray byte of text; returns how many bytes of text that
 * were. */
static size_t put_next(cs_slice text, cs_buffer *out)
{
    const unsigned char *s = (const unsigned char *)text.p;
    uint32_t c;
    size_t n = decode_utf8(s, text.n, &c);
    if (n == 0 || (n == 1 && is_unsafe(c))) {
        static const char digits[] = "0123456789ABCDEF";
        const char escape[4] = {'\\', 'x', digits[s[0] >> 4], digits[s[0] & 15]};
        cs_buffer_put(out, (cs_slice){escape, sizeof escape});
        return 1;
    }
    if (is_unsafe(c)) {
        put_code_point(c, out);
    } else if (c == '\\') {
        cs_buffer_text(out, "\\\\");
    } else {
        cs_buffer_put(out, (cs_slice){text.p, n});
    }
    return n;
}

void cs_printable(cs_slice text, size_t most, cs_buffer *out)
{
    size_t written = 0;
    for (size_t i = 0; i < text.n;) {
        char memory[12]; /* the longest is \u{10FFFF} */
        cs_buffer shown;
        cs_buffer_init(&shown, memory, sizeof memory);
        i += put_next((cs_slice){text.p + i, text.n - i}, &shown);
        if (most && shown.n > most - written) {
            cs_buffer_text(out, "...");
            return;
        }
        cs_buffer_put(out, cs_buffer_slice(&shown, 0));
        written += shown.n;
    }
}
