/* printable_fuzz.c - whatever goes in, what comes out has no control byte, is valid UTF-8 and never turns the writing
 * direction; plain ASCII without a backslash comes out as it is. */
#include "fuzz.h"

/* The code point at s[*i] of valid UTF-8, and *i behind it. */
static unsigned next_point(cs_slice s, size_t *i)
{
    unsigned char c = (unsigned char)s.p[(*i)++];
    unsigned more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    unsigned point = more == 0 ? c : c & (0x3fU >> more);
    HOLDS(more == 0 || (c >= 0xc2 && c <= 0xf4));
    for (; more; more--) {
        HOLDS(*i < s.n && ((unsigned char)s.p[*i] & 0xc0) == 0x80);
        point = point << 6 | ((unsigned char)s.p[(*i)++] & 0x3f);
    }
    return point;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    cs_slice input = {(const char *)data, size};
    cs_buffer out = fuzz_buffer(8 * size + 16);
    int plain = 1;
    cs_printable(input, 0, &out);
    HOLDS(!out.failed);
    cs_slice text = cs_buffer_slice(&out, 0);
    for (size_t i = 0; i < text.n;) {
        unsigned point = next_point(text, &i);
        HOLDS(point >= 0x20 && (point < 0x7f || point > 0x9f));
        HOLDS(point < 0xd800 || point > 0xdfff);
        HOLDS(!(point >= 0x202a && point <= 0x202e) && !(point >= 0x2066 && point <= 0x2069));
        HOLDS(point != 0x2028 && point != 0x2029 && point != 0x200e && point != 0x200f);
    }
    for (size_t i = 0; i < size; i++) {
        plain = plain && data[i] >= 0x20 && data[i] < 0x7f && data[i] != '\\';
    }
    HOLDS(!plain || cs_slice_equal(text, input));

    /* a limit, from the input's first byte */
    if (size) {
        out.n = 0;
        cs_printable(input, data[0] + 1U, &out);
        HOLDS(!out.failed && out.n <= data[0] + 1U + 16);
    }
    free(out.p);
    return 0;
}
