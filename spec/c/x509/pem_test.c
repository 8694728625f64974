/* Blocks are found at line starts alone, end where their END line says, and damage is told by its
 * offset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "x509/pem.h"

/* "A 5 12 40" for a whole block: label, begin, body and end; with "damage at N" behind it for
 * another; "none". */
static void describe(const char *text, size_t from, char *out, size_t size)
{
    pem_block block;
    cs_buffer b;
    cs_buffer_init(&b, out, size - 1);
    if (pem_find(cs_slice_of(text), from, &block)) {
        cs_buffer_put(&b, block.label);
        const size_t numbers[] = {block.begin, block.body, block.body_n, block.end};
        for (size_t i = 0; i < 4; i++) {
            cs_buffer_byte(&b, ' ');
            cs_buffer_decimal(&b, (int64_t)numbers[i]);
        }
        if (block.damage) {
            cs_buffer_text(&b, " ");
            cs_buffer_text(&b, block.damage);
            cs_buffer_text(&b, " at ");
            cs_buffer_decimal(&b, (int64_t)block.damage_at);
        }
    } else {
        cs_buffer_text(&b, "none");
    }
    assert_false(b.failed);
    out[b.n] = '\0';
}

static void finds_blocks_and_says_what_is_wrong_with_them(void **state)
{
    static const struct {
        const char *text;
        size_t from;
        const char *found;
    } rows[] = {
        {"", 0, "none"},
        {"no block -----BEGIN A-----\n-----END A-----\n", 0, "none"},
        {"-----BEGIN A-----\nAAAA\n-----END A-----\n", 0, "A 0 17 6 38"},
        {"-----BEGIN A-----\nAAAA\n-----END A-----\n", 1, "none"},
        {"-----BEGIN A-----\nAAAA\n-----END A-----", 0, "A 0 17 6 38"},
        {"-----BEGIN A-----\r\nAAAA\r\n-----END A-----\r\n", 0, "A 0 17 8 40"},
        {"-----BEGIN A-----\rAAAA\r-----END A-----\r", 0, "A 0 17 6 38"},
        {"x\r-----BEGIN A-----\rAAAA\r-----END A-----\r", 0, "A 2 19 6 40"},
        {"\xEF\xBB\xBF-----BEGIN A-----\nAAAA\n-----END A-----\n", 0, "A 3 20 6 41"},
        {"x\n\xEF\xBB\xBF  \t-----BEGIN A B-----\n  AAAA\n  -----END A B-----\n", 0,
         "A B 8 27 10 54"},
        /* all in one line, as in an environment variable; and joined without a line end */
        {"-----BEGIN A----- AAAA -----END A----- -----BEGIN B----- -----END B-----", 0,
         "A 0 17 6 38"},
        {"-----BEGIN A----- AAAA -----END A----- -----BEGIN B----- -----END B-----", 38,
         "B 39 56 1 72"},
        {"-----BEGIN A-----\nAAAA\n-----END A----------BEGIN B-----\nAAAA\n-----END B-----\n", 38,
         "B 38 55 6 76"},
        {"-----BEGIN A----\nAAAA\n-----END A-----\n", 0, " 0 16 0 16 a damaged BEGIN line at 0"},
        {"-----BEGIN ", 0, " 0 11 0 11 a damaged BEGIN line at 0"},
        {"-----BEGIN A----", 0, " 0 16 0 16 a damaged BEGIN line at 0"},
        {"-----BEGIN A-----", 0, "A 0 17 0 17 the end of the text before an END line at 17"},
        {"-----BEGIN A-----\nAAAA\n", 0,
         "A 0 17 6 23 the end of the text before an END line at 23"},
        {"-----BEGIN A-----\nAAAA\n-----END A----\n", 0, "A 0 17 6 37 a damaged END line at 23"},
        {"-----BEGIN A-----\nAAAA\n-----EN", 0, "A 0 17 6 30 a damaged END line at 23"},
        {"-----BEGIN A-----\nAAAA\n-----END B-----\n", 0,
         "A 0 17 6 38 the END line of another block at 23"},
        {"-----BEGIN A-----\nAAAA\n-----BEGIN B-----\n", 0,
         "A 0 17 6 23 a BEGIN line before an END line at 23"},
        {"-----BEGIN A-----\nAAAA\n-----BEGIN B-----\nAAAA\n-----END B-----\n", 23, "B 23 40 6 61"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char found[160];
        describe(rows[i].text, rows[i].from, found, sizeof found);
        assert_string_equal(found, rows[i].found);
    }
}

/* The body as text again, or the offset of what can't be there. */
static void assert_decoded(const char *body, const char *expected, size_t damage_at)
{
    size_t body_n = strlen(body);
    pem_block block = {.body = 3, .body_n = body_n};
    char *text = malloc(3 + body_n);
    unsigned char *out = malloc(pem_decoded_most(&block));
    assert_non_null(text);
    assert_non_null(out);
    memcpy(text, "...", 3);
    memcpy(text + 3, body, body_n);
    size_t n, at;
    int rc = pem_decode((cs_slice){text, 3 + body_n}, &block, out, &n, &at);
    if (expected) {
        assert_int_equal(rc, 0);
        assert_int_equal(n, strlen(expected));
        assert_memory_equal(out, expected, n);
    } else {
        assert_int_equal(CS_CLASS(rc), CS_PROTOCOL);
        assert_int_equal(at, 3 + damage_at);
    }
    free(text);
    free(out);
}

/* RFC 4648 10, and what PEM files do to it. */
static void decodes_base64(void **state)
{
    (void)state;
    assert_decoded("", "", 0);
    assert_decoded("Zg==", "f", 0);
    assert_decoded("Zm8=", "fo", 0);
    assert_decoded("Zm9v", "foo", 0);
    assert_decoded("Zm9vYg==", "foob", 0);
    assert_decoded("Zm9vYmE=", "fooba", 0);
    assert_decoded("Zm9vYmFy", "foobar", 0);
    assert_decoded("+/+/", "\xFB\xFF\xBF", 0);
    assert_decoded("\r\n Zm\t9v\v\f\r\nY\n=\n=\n", NULL, 14);
    assert_decoded("\r\n Zm\t9v\v\f\r\nYg\n=\n=\n", "foob", 0);
}

static void says_where_base64_is_damaged(void **state)
{
    (void)state;
    assert_decoded("Zm9vY", NULL, 5);
    assert_decoded("Zm9vYg", NULL, 6);
    assert_decoded("Zm9vYg=", NULL, 7);
    assert_decoded("Zm9vYmE", NULL, 7);
    assert_decoded("Zm9vYmE==", NULL, 8);
    assert_decoded("Zm9vYg===", NULL, 8);
    assert_decoded("Zm9v=", NULL, 4);
    assert_decoded("=", NULL, 0);
    assert_decoded("Zm8=Zm8=", NULL, 4);
    assert_decoded("Zm9!", NULL, 3);
    assert_decoded("Zm-v", NULL, 2);
    assert_decoded("Zm_v", NULL, 2);
    assert_decoded("Zm\xC3\xA4v", NULL, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_blocks_and_says_what_is_wrong_with_them),
        cmocka_unit_test(decodes_base64),
        cmocka_unit_test(says_where_base64_is_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
