/* Slices compare by bytes; a buffer never writes beyond its size and remembers that something did
 * not fit; an error's text is always terminated. */
#include "support/guard.h"
#include "support/slices.h"

static void slices_of_terminated_strings(void **state)
{
    (void)state;
    assert_int_equal(cs_slice_of("").n, 0);
    assert_int_equal(cs_slice_of(NULL).n, 0);
    assert_int_equal(cs_slice_of("abc").n, 3);
    assert_int_equal(CS_LITERAL("a\0b").n, 3);
}

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

static void compares_slices(void **state)
{
    static const struct {
        cs_slice a, b;
        int order, nocase; /* nocase: equal without case */
    } rows[] = {
        {{NULL, 0}, {NULL, 0}, 0, 1},
        {{NULL, 0}, {"", 0}, 0, 1},
        {{NULL, 0}, {"a", 1}, -1, 0},
        {{"a", 1}, {"a", 1}, 0, 1},
        {{"a", 1}, {"A", 1}, 1, 1},
        {{"a", 1}, {"ab", 2}, -1, 0},
        {{"b", 1}, {"ab", 2}, 1, 0},
        {{"a\0b", 3}, {"a\0c", 3}, -1, 0},
        {{"\xFF", 1}, {"\x7F", 1}, 1, 0}, /* bytes are unsigned */
        {{"\x80", 1}, {"a", 1}, 1, 0},
        {{"Z[", 2}, {"z{", 2}, -1, 0},     /* 5B and 7B differ by the case bit and are no letters */
        {{"@`", 2}, {"`@", 2}, -1, 0},     /* so do 40 and 60, before A */
        {{"\xC4", 1}, {"\xE4", 1}, -1, 0}, /* and Latin-1 letters, which are not ASCII */
        {{"AZ09", 4}, {"az09", 4}, -1, 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        cs_slice a = guard_copy(0, rows[i].a), b = guard_copy(1, rows[i].b);
        assert_int_equal(sign(cs_slice_compare(a, b)), rows[i].order);
        assert_int_equal(sign(cs_slice_compare(b, a)), -rows[i].order);
        assert_int_equal(cs_slice_equal(a, b), rows[i].order == 0);
        assert_int_equal(cs_slice_equal_nocase(a, b), rows[i].nocase);
        assert_int_equal(cs_slice_equal_nocase(b, a), rows[i].nocase);
    }
}

static void write_everything(cs_buffer *b)
{
    cs_buffer_put(b, (cs_slice){NULL, 0});
    cs_buffer_text(b, "text ");
    cs_buffer_text(b, NULL);
    cs_buffer_byte(b, '|');
    cs_buffer_decimal(b, -42);
    cs_buffer_hex(b, "\x00\x9f\xF0", 3);
    cs_buffer_put(b, CS_LITERAL("end"));
}

static void writes_up_to_its_size_and_fails_stickily(void **state)
{
    static const char whole[] = "text |-42009ff0end";
    (void)state;
    for (size_t size = 0; size <= sizeof whole - 1; size++) {
        cs_buffer b = guard_buffer(0, size);
        write_everything(&b);
        assert_int_equal(b.failed, size < sizeof whole - 1);
        assert_true(b.n <= size);
        assert_int_equal(b.size, size);
        assert_memory_equal(b.p, whole, b.n);
        size_t n = b.n;
        if (b.failed) { /* a byte that would fit is not written behind a gap */
            cs_buffer_byte(&b, 'x');
            cs_buffer_hex(&b, "", 0);
            assert_int_equal(b.n, n);
            assert_true(b.failed);
        }
    }
}

static void needs_no_memory_for_nothing(void **state)
{
    cs_buffer b = guard_buffer(0, 0);
    (void)state;
    cs_buffer_put(&b, (cs_slice){NULL, 0});
    cs_buffer_hex(&b, NULL, 0);
    cs_buffer_text(&b, "");
    assert_false(b.failed);
    assert_int_equal(cs_buffer_slice(&b, 0).n, 0);
    cs_buffer_byte(&b, 'x');
    assert_true(b.failed);
}

static void refuses_sizes_that_would_overflow(void **state)
{
    cs_buffer b = guard_buffer(0, 8);
    (void)state;
    cs_buffer_byte(&b, 'x');
    cs_buffer_put(&b, (cs_slice){"", SIZE_MAX});
    assert_true(b.failed);
    b = guard_buffer(0, 8);
    cs_buffer_byte(&b, 'x');
    cs_buffer_hex(&b, "", SIZE_MAX / 2 + 2);
    assert_true(b.failed);
    assert_int_equal(b.n, 1);
}

static void writes_decimal_numbers(void **state)
{
    static const struct {
        int64_t number;
        const char *text;
    } rows[] = {
        {0, "0"},
        {7, "7"},
        {-1, "-1"},
        {10, "10"},
        {1234567890, "1234567890"},
        {INT64_MAX, "9223372036854775807"},
        {INT64_MIN, "-9223372036854775808"},
        {INT64_MIN + 1, "-9223372036854775807"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        cs_buffer b = guard_buffer(0, strlen(rows[i].text));
        cs_buffer_decimal(&b, rows[i].number);
        assert_false(b.failed);
        assert_buffer(&b, rows[i].text);
    }
}

static void gives_what_was_written_from_an_offset_on(void **state)
{
    cs_buffer b = guard_buffer(0, 8);
    (void)state;
    cs_buffer_text(&b, "abc");
    assert_slice_text(cs_buffer_slice(&b, 0), "abc");
    assert_slice_text(cs_buffer_slice(&b, 2), "c");
    assert_slice_text(cs_buffer_slice(&b, 3), "");
}

static void an_error_has_its_class_and_its_text(void **state)
{
    static const char *const names[] = CS_CLASS_NAMES;
    cs_error error;
    (void)state;
    int rc = cs_fail(&error, CS_DENIED, 7, "expected ", "this", ", found ", "that", NULL);
    assert_int_equal(rc, CS_ERROR(CS_DENIED, 7));
    assert_int_equal(CS_CLASS(rc), CS_DENIED);
    assert_int_equal(error.code, rc);
    assert_string_equal(error.message, "expected this, found that");
    assert_int_equal(cs_fail(NULL, CS_CLOSED, 0, "nobody looks", NULL), CS_ERROR(CS_CLOSED, 0));
    assert_int_equal(CS_CLASS(CS_OK), CS_OK);
    assert_int_equal(COUNT(names), CS_CLOSED + 1);
    assert_string_equal(names[CS_CLASS(rc)], "denied");
}

static void an_error_text_that_is_too_long_is_cut(void **state)
{
    char text[600];
    cs_error error;
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (size_t n = sizeof error.message - 3; n <= sizeof text - 1; n++) {
        size_t expected = n < sizeof error.message - 1 ? n : sizeof error.message - 1;
        cs_fail(&error, CS_LIMIT, 0, text + sizeof text - 1 - n, "", NULL);
        assert_int_equal(strlen(error.message), expected);
        cs_fail(&error, CS_LIMIT, 0, "y", text + sizeof text - n, "z", NULL);
        assert_int_equal(strlen(error.message),
                         n + 1 < sizeof error.message - 1 ? n + 1 : sizeof error.message - 1);
        assert_int_equal(error.message[0], 'y');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_of_terminated_strings),
        cmocka_unit_test(compares_slices),
        cmocka_unit_test(writes_up_to_its_size_and_fails_stickily),
        cmocka_unit_test(needs_no_memory_for_nothing),
        cmocka_unit_test(refuses_sizes_that_would_overflow),
        cmocka_unit_test(writes_decimal_numbers),
        cmocka_unit_test(gives_what_was_written_from_an_offset_on),
        cmocka_unit_test(an_error_has_its_class_and_its_text),
        cmocka_unit_test(an_error_text_that_is_too_long_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
