/* What cs_printable writes holds no control byte, no invalid UTF-8 and nothing that reorders a
 * line, for every input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "certstat.h"

/* `n` bytes in a block of their own, so that a read beyond them is seen by the sanitizers and
 * valgrind. */
static char *copy_exactly(const char *bytes, size_t n)
{
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, n);
    return copy;
}

static void assert_shown(cs_slice text, size_t most, const char *expected)
{
    char memory[256];
    cs_buffer out;
    char *copy = copy_exactly(text.p, text.n);
    cs_buffer_init(&out, memory, sizeof memory - 1);
    cs_printable((cs_slice){copy, text.n}, most, &out);
    memory[out.n] = '\0';
    free(copy);
    assert_false(out.failed);
    assert_string_equal(memory, expected);
}

#define SHOWN(literal, expected) assert_shown(CS_LITERAL(literal), 0, expected)

static void keeps_what_is_printable(void **state)
{
    (void)state;
    SHOWN("", "");
    SHOWN("Specified access key is not found. ~!", "Specified access key is not found. ~!");
    SHOWN("O=Größe, 证书, 😀", "O=Größe, 证书, 😀");
    SHOWN("\xC2\xA0\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xF0\x90\x80\x80\xF4\x8F\xBF\xBF",
          "\xC2\xA0\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xF0\x90\x80\x80\xF4\x8F\xBF\xBF");
}

static void escapes_control_bytes_and_backslashes(void **state)
{
    (void)state;
    SHOWN("a\0b\n\r\t\x1B[31m\x7F", "a\\x00b\\x0A\\x0D\\x09\\x1B[31m\\x7F");
    SHOWN("C:\\x00", "C:\\\\x00");
    SHOWN("\xC2\x80\xC2\x9B"
          "31m\xC2\x9F",
          "\\u{80}\\u{9B}31m\\u{9F}");
}

static void escapes_line_separators_and_bidirectional_controls(void **state)
{
    (void)state;
    SHOWN("\xE2\x80\xA8\xE2\x80\xA9", "\\u{2028}\\u{2029}");
    SHOWN("\xD8\x9C\xE2\x80\x8E\xE2\x80\x8F", "\\u{61C}\\u{200E}\\u{200F}");
    SHOWN("\xE2\x80\xAA\xE2\x80\xAB\xE2\x80\xAC\xE2\x80\xAD\xE2\x80\xAE",
          "\\u{202A}\\u{202B}\\u{202C}\\u{202D}\\u{202E}");
    SHOWN("\xE2\x81\xA6\xE2\x81\xA7\xE2\x81\xA8\xE2\x81\xA9",
          "\\u{2066}\\u{2067}\\u{2068}\\u{2069}");
    SHOWN("\xE2\x80\x8D\xE2\x80\xB0\xE2\x81\xA5\xE2\x81\xAA",
          "\xE2\x80\x8D\xE2\x80\xB0\xE2\x81\xA5\xE2\x81\xAA"); /* their neighbours stay */
}

/* Unicode Standard, table 3-7, from both sides of each border. */
static void escapes_invalid_utf8_byte_by_byte(void **state)
{
    (void)state;
    SHOWN("\x80\xBF", "\\x80\\xBF");
    SHOWN("\xC0\x80\xC1\xBF", "\\xC0\\x80\\xC1\\xBF");
    SHOWN("\xE0\x9F\xBF", "\\xE0\\x9F\\xBF");
    SHOWN("\xED\xA0\x80\xED\xBF\xBF", "\\xED\\xA0\\x80\\xED\\xBF\\xBF");
    SHOWN("\xF0\x8F\xBF\xBF", "\\xF0\\x8F\\xBF\\xBF");
    SHOWN("\xF4\x90\x80\x80", "\\xF4\\x90\\x80\\x80");
    SHOWN("\xF5\x80\x80\x80\xFF", "\\xF5\\x80\\x80\\x80\\xFF");
    SHOWN("\xF9\x80\x80\x80", "\\xF9\\x80\\x80\\x80");
    SHOWN("\xC3(\xE2\x82(\xF0\x9F\x98(", "\\xC3(\\xE2\\x82(\\xF0\\x9F\\x98(");
    SHOWN("\xC3", "\\xC3");
    SHOWN("\xE2\x82", "\\xE2\\x82");
    SHOWN("\xF0\x9F\x98", "\\xF0\\x9F\\x98");
}

static void stops_between_characters(void **state)
{
    static const struct {
        const char *text;
        size_t most;
        const char *shown;
    } rows[] = {
        {"abcdef", 6, "abcdef"},
        {"abcdef", 5, "abcde..."},
        {"abcdef", 1, "a..."},
        {"ab\xC3\xA4", 4, "abä"},
        {"ab\xC3\xA4", 3, "ab..."},
        {"a\nb", 6, "a\\x0Ab"},
        {"a\nb", 5, "a\\x0A..."},
        {"a\nb", 4, "a..."},
        {"\\\\", 3, "\\\\..."},
        {"\xE2\x80\xA8", 7, "..."},
        {"\xE2\x80\xA8", 8, "\\u{2028}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_shown(cs_slice_of(rows[i].text), rows[i].most, rows[i].shown);
    }
}

/* Whatever two bytes begin a text and whatever follows: the result shows nothing of what is unsafe.
 */
static void never_lets_an_unsafe_byte_through(void **state)
{
    (void)state;
    for (unsigned pair = 0; pair < 0x10000; pair++) {
        char text[4] = {(char)(pair >> 8), (char)pair, '\x80', '\xAE'};
        char memory[32];
        cs_buffer out;
        cs_buffer_init(&out, memory, sizeof memory);
        cs_printable((cs_slice){text, sizeof text}, 0, &out);
        assert_false(out.failed);
        assert_null(memmem(out.p, out.n, "\xE2\x80\xAE", 3)); /* U+202E */
        for (size_t i = 0; i < out.n; i++) {
            unsigned char c = (unsigned char)out.p[i];
            assert_true(c >= 0x20 && c != 0x7F);
            assert_false(c == 0xC2 && (unsigned char)out.p[i + 1] < 0xA0);
        }
    }
}

static void fails_stickily_where_the_buffer_is_too_small(void **state)
{
    (void)state;
    for (size_t size = 0; size < 14; size++) {
        char *memory = copy_exactly("0123456789abcd", size);
        cs_buffer out;
        cs_buffer_init(&out, memory, size);
        cs_printable(CS_LITERAL("ab\n\\\xC3\xA4\xFF"), 0, &out);
        assert_true(out.failed);
        assert_true(out.n <= size);
        free(memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_is_printable),
        cmocka_unit_test(escapes_control_bytes_and_backslashes),
        cmocka_unit_test(escapes_line_separators_and_bidirectional_controls),
        cmocka_unit_test(escapes_invalid_utf8_byte_by_byte),
        cmocka_unit_test(stops_between_characters),
        cmocka_unit_test(never_lets_an_unsafe_byte_through),
        cmocka_unit_test(fails_stickily_where_the_buffer_is_too_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
