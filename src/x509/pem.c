/* pem.c - finds PEM blocks and decodes their base64 (RFC 7468, RFC 4648 4). */
#include "pem.h"

#include <string.h>

#define DASHES     CS_LITERAL("-----")
#define BEGIN_MARK CS_LITERAL("-----BEGIN ")
#define END_MARK   CS_LITERAL("-----END ")

static int has_at(cs_slice text, size_t at, cs_slice what)
{
    return text.n - at >= what.n && memcmp(text.p + at, what.p, what.n) == 0;
}

/* Where `what` is next, at or after `from`; text.n where it is not. */
static size_t seek(cs_slice text, size_t from, cs_slice what)
{
    const char *p = from < text.n ? memmem(text.p + from, text.n - from, what.p, what.n) : NULL;
    return p ? (size_t)(p - text.p) : text.n;
}

static size_t seek_line_end(cs_slice text, size_t at)
{
    while (at < text.n && text.p[at] != '\n' && text.p[at] != '\r') {
        at++;
    }
    return at;
}

static int follows(cs_slice text, size_t at, cs_slice what)
{
    return at >= what.n && has_at(text, at - what.n, what);
}

/* Blanks and byte order marks may stand before it (marks stay in the middle when files are joined),
 * and another block's END line, where a file without a last line end was joined to the next one or
 * all stands in one line. */
static int is_line_start(cs_slice text, size_t at)
{
    for (;;) {
        if (at && (text.p[at - 1] == ' ' || text.p[at - 1] == '\t')) {
            at--;
        } else if (follows(text, at, CS_LITERAL("\xEF\xBB\xBF"))) {
            at -= 3;
        } else {
            return at == 0 || text.p[at - 1] == '\n' || text.p[at - 1] == '\r' ||
                   follows(text, at, DASHES);
        }
    }
}

/* Reads the label that follows `mark` at `at`, up to the next five dashes; *end is behind them: 1.
 * Or 0 where the line ends before; *end is there. */
static int read_label(cs_slice text, size_t at, cs_slice mark, cs_slice *label, size_t *end)
{
    size_t from = at + mark.n;
    size_t to = seek((cs_slice){text.p, seek_line_end(text, from)}, from, DASHES);
    *label = (cs_slice){text.p + from, to - from};
    *end = to;
    if (!has_at(text, to, DASHES)) {
        return 0;
    }
    *end += DASHES.n;
    return 1;
}

static void set_damage(pem_block *block, const char *found, size_t at)
{
    block->damage = found;
    block->damage_at = at;
}

/* Finds where the block ends. Base64 has no dashes: the next five end the body, come what may. */
static void close_block(cs_slice text, pem_block *block)
{
    size_t at = seek(text, block->body, DASHES);
    block->body_n = at - block->body;
    block->end = at;
    if (at == text.n) {
        set_damage(block, "the end of the text before an END line", at);
        return;
    }
    if (has_at(text, at, BEGIN_MARK)) {
        set_damage(block, "a BEGIN line before an END line", at);
        return;
    }
    cs_slice label;
    if (!has_at(text, at, END_MARK)) {
        block->end = seek_line_end(text, at);
        set_damage(block, "a damaged END line", at);
    } else if (!read_label(text, at, END_MARK, &label, &block->end)) {
        set_damage(block, "a damaged END line", at);
    } else if (!cs_slice_equal(label, block->label)) {
        set_damage(block, "the END line of another block", at);
    }
}

int pem_find(cs_slice text, size_t from, pem_block *block)
{
    size_t at = seek(text, from, BEGIN_MARK);
    while (at < text.n && !is_line_start(text, at)) {
        at = seek(text, at + BEGIN_MARK.n, BEGIN_MARK);
    }
    if (at == text.n) {
        return 0;
    }
    *block = (pem_block){.begin = at};
    if (read_label(text, at, BEGIN_MARK, &block->label, &block->body)) {
        close_block(text, block);
    } else {
        block->label.n = 0;
        block->end = block->body;
        set_damage(block, "a damaged BEGIN line", at);
    }
    return 1;
}

static int decode_digit(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static int is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

size_t pem_decoded_most(const pem_block *block)
{
    return block->body_n / 4 * 3 + 3;
}

int pem_decode(cs_slice text, const pem_block *block, unsigned char *out, size_t *n,
               size_t *damage_at)
{
    uint32_t bits = 0;
    unsigned digits = 0, padding = 0; /* of the group of four being read */
    *n = 0;
    for (size_t i = 0; i < block->body_n; i++) {
        char c = text.p[block->body + i];
        if (is_space(c)) {
            continue;
        }
        int digit = decode_digit(c);
        *damage_at = block->body + i;
        if (c == '=' && digits + padding >= 2 && digits + padding < 4) {
            padding++;
        } else if (digit < 0 || padding) {
            return CS_ERROR(CS_PROTOCOL, 0);
        } else {
            bits = bits << 6 | (uint32_t)digit;
            if (++digits == 4) {
                out[(*n)++] = (unsigned char)(bits >> 16);
                out[(*n)++] = (unsigned char)(bits >> 8);
                out[(*n)++] = (unsigned char)bits;
                bits = 0;
                digits = 0;
            }
        }
    }
    *damage_at = block->body + block->body_n;
    if (digits && digits + padding != 4) {
        return CS_ERROR(CS_PROTOCOL, 0);
    }
    if (digits >= 2) {
        out[(*n)++] = (unsigned char)(bits >> (digits == 3 ? 10 : 4));
    }
    if (digits == 3) {
        out[(*n)++] = (unsigned char)(bits >> 2);
    }
    return 0;
}
