/* lines_test.c - what is asked is answered by the last whole reading; what the next one finds as it
 * was is taken over, and nothing else. A line here is its key, or its key, ':' and something more;
 * '!' at its end marks it. */
#include "support/guard.h"
#include "support/scarce.h"
#include "support/slices.h"

#include <stdio.h>

static cs_lines *new_lines(void)
{
    cs_lines *lines;
    assert_int_equal(cs_lines_new(&lines, NULL), 0);
    return lines;
}

static cs_slice key_of(cs_slice line)
{
    const char *colon = (const char *)memchr(line.p, ':', line.n);
    return (cs_slice){line.p, colon ? (size_t)(colon - line.p) : line.n};
}

/* Reads on; how many lines had to be added. */
static int read_text(cs_lines *lines, const char *text)
{
    cs_slice rest = guard_copy(0, cs_slice_of(text));
    int added = 0;
    for (;;) {
        size_t n;
        assert_int_equal(cs_lines_same(lines, rest, &n, NULL), 0);
        rest = (cs_slice){rest.p + n, rest.n - n};
        const char *end = rest.n ? (const char *)memchr(rest.p, '\n', rest.n) : NULL;
        if (!end) {
            return added;
        }
        cs_slice line = {rest.p, (size_t)(end - rest.p)};
        int is_marked = line.n && line.p[line.n - 1] == '!';
        assert_int_equal(cs_lines_add(lines, line, key_of(line), is_marked, NULL), 0);
        rest = (cs_slice){end + 1, rest.n - line.n - 1};
        added++;
    }
}

static int read_whole(cs_lines *lines, const char *text)
{
    cs_lines_begin(lines);
    int added = read_text(lines, text);
    assert_int_equal(cs_lines_finish(lines, NULL), 0);
    return added;
}

static uint32_t find(const cs_lines *lines, const char *key)
{
    return cs_lines_find(lines, cs_slice_of(key), UINT32_MAX);
}

static void answers_by_position_and_key(void **state)
{
    (void)state;
    cs_lines *lines = new_lines();
    assert_int_equal(cs_lines_count(lines), 0);
    assert_int_equal(find(lines, "a"), 0);
    assert_null(cs_lines_at(lines, 1).p);
    assert_int_equal(read_whole(lines, "a\nb:1\n\nb:2!\n"), 4);
    assert_int_equal(cs_lines_count(lines), 4);
    assert_slice_text(cs_lines_at(lines, 1), "a");
    assert_slice_text(cs_lines_at(lines, 2), "b:1");
    assert_int_equal(cs_lines_at(lines, 3).n, 0);
    assert_non_null(cs_lines_at(lines, 3).p);
    assert_null(cs_lines_at(lines, 0).p);
    assert_null(cs_lines_at(lines, 5).p);
    assert_int_equal(find(lines, "b"), 4);
    assert_int_equal(cs_lines_find(lines, CS_LITERAL("b"), 4), 2);
    assert_int_equal(cs_lines_find(lines, CS_LITERAL("b"), 2), 0);
    assert_int_equal(cs_lines_marked(lines, 3), 0);
    assert_int_equal(cs_lines_nth_marked(lines, 1), 4);
    cs_lines_free(lines);
    cs_lines_free(NULL);
}

static void takes_over_what_has_stayed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int added;
    } rows[] = {
        {"a\nb:1\nc\n", 3},
        {"a\nb:1\nc\n", 0},
        {"a\nb:2!\nc\n", 1},
        {"a\nb:2!\nc\nd\n", 1},
        {"a\n", 0},
        {"aa\n", 1},
        {"", 0},
        {"a\nb", 1},
        {"a\nb\n", 1},
        {"a\nb", 0},
        {"a\nb\n", 1},
        {"a\nbc\n", 1},
    };
    cs_lines *lines = new_lines();
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(read_whole(lines, rows[i].text), rows[i].added);
    }
    assert_int_equal(cs_lines_count(lines), 2);
    assert_int_equal(find(lines, "bc"), 2);
    assert_int_equal(find(lines, "b"), 0);
    cs_lines_free(lines);
}

static void keeps_the_state_before_until_the_end(void **state)
{
    (void)state;
    cs_lines *lines = new_lines();
    read_whole(lines, "a\nb\n");
    cs_lines_begin(lines);
    assert_int_equal(read_text(lines, "x\nb\ny!\n"), 2);
    assert_int_equal(cs_lines_read(lines), 3);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(find(lines, "a"), 1);
        assert_int_equal(find(lines, "x"), 0);
        assert_int_equal(cs_lines_count(lines), 2);
        assert_int_equal(cs_lines_marked(lines, 3), 0);
        cs_lines_begin(lines); /* which gives that reading up */
        assert_int_equal(cs_lines_read(lines), 0);
    }
    assert_int_equal(read_whole(lines, "a\nz\n"), 1);
    assert_int_equal(find(lines, "x"), 0);
    assert_int_equal(find(lines, "y"), 0);
    assert_int_equal(find(lines, "z"), 2);
    cs_lines_free(lines);
}

/* A mark counts at once, and a reading takes it over with its line. */
static void marks(void **state)
{
    (void)state;
    cs_lines *lines = new_lines();
    read_whole(lines, "a\nb\nc!\n");
    cs_lines_begin(lines);
    read_text(lines, "a\nb\nc!\n");
    cs_lines_mark(lines, 2);
    cs_lines_mark(lines, 2);
    cs_lines_mark(lines, 3);
    cs_lines_mark(lines, 0);
    cs_lines_mark(lines, 4);
    assert_int_equal(cs_lines_marked(lines, 99), 2);
    assert_int_equal(cs_lines_finish(lines, NULL), 0);
    assert_int_equal(cs_lines_nth_marked(lines, 1), 2);
    assert_int_equal(read_whole(lines, "a\nb\nd\n"), 1);
    assert_int_equal(cs_lines_marked(lines, 3), 1); /* taken over */
    cs_lines_free(lines);
}

#define MANY 3000

/* MANY lines; `changed` (from 1 on, 0: none) differs from `text` to `text`. */
static const char *many_lines(int n, int changed, int text)
{
    static char all[MANY * 16];
    size_t at = 0;
    for (int i = 1; i <= n; i++) {
        int more = i == changed ? text : 0;
        at += (size_t)snprintf(all + at, sizeof all - at, "%x:%d%s\n", (unsigned)i, more,
                               i % 7 ? "" : "!");
    }
    return all;
}

static void shares_whole_blocks(void **state)
{
    (void)state;
    cs_lines *lines = new_lines();
    assert_int_equal(read_whole(lines, many_lines(MANY, 0, 0)), MANY);
    assert_int_equal(cs_lines_tidy(lines), 0);
    const char *first = cs_lines_at(lines, 1).p, *second = cs_lines_at(lines, 257).p;
    const char *last = cs_lines_at(lines, MANY).p;
    assert_int_equal(read_whole(lines, many_lines(MANY, 300, 12345)), 1);
    assert_ptr_equal(cs_lines_at(lines, 1).p, first);
    assert_ptr_not_equal(cs_lines_at(lines, 257).p, second);
    assert_ptr_equal(cs_lines_at(lines, MANY).p, last);
    assert_slice_text(cs_lines_at(lines, 300), "12c:12345");
    assert_int_equal(find(lines, "12c"), 300);
    assert_int_equal(cs_lines_nth_marked(lines, 400), 2800);
    assert_int_equal(cs_lines_marked(lines, MANY), MANY / 7);
    cs_lines_mark(lines, 1);
    assert_int_equal(cs_lines_nth_marked(lines, 400), 2793);
    cs_lines_begin(lines);
    assert_int_equal(read_text(lines, many_lines(MANY - 1, 0, 0)), 1);
    cs_lines_mark(lines, 2); /* in a block that the reading shares */
    assert_int_equal(cs_lines_finish(lines, NULL), 0);
    assert_int_equal(find(lines, "bb8"), 0);
    assert_int_equal(cs_lines_nth_marked(lines, 400), 2786);
    assert_int_equal(cs_lines_marked(lines, MANY), MANY / 7 + 2);
    cs_lines_free(lines);
}

/* What no state has any longer goes in pieces, without being asked for at the latest in the next
 * reading. */
static void tidies_in_pieces(void **state)
{
    (void)state;
    cs_lines *lines = new_lines();
    for (int i = 0; i < 40; i++) { /* 40 blocks */
        cs_lines_begin(lines);
        read_text(lines, many_lines(256 * 10, 0, 0));
        read_text(lines, many_lines(256 * 10, 0, 0));
        read_text(lines, many_lines(256 * 10, 0, 0));
        read_text(lines, many_lines(256 * 10, 1, 1));
        assert_int_equal(cs_lines_finish(lines, NULL), 0);
    }
    read_whole(lines, "a\n");
    assert_int_equal(cs_lines_tidy(lines), 1);
    assert_int_equal(cs_lines_tidy(lines), 1);
    assert_int_equal(cs_lines_tidy(lines), 0);
    assert_int_equal(cs_lines_tidy(lines), 0);
    cs_lines_free(lines);
}

static void refuses_a_line_too_long(void **state)
{
    (void)state;
    static char text[CS_LINE_MAX + 1];
    memset(text, 'x', sizeof text);
    cs_lines *lines = new_lines();
    cs_error error;
    cs_lines_begin(lines);
    int rc = cs_lines_add(lines, (cs_slice){text, sizeof text}, CS_LITERAL("x"), 0, &error);
    assert_refused(rc, error, CS_LIMIT, "the line is longer than 65536 bytes");
    assert_int_equal(cs_lines_add(lines, (cs_slice){text, CS_LINE_MAX}, CS_LITERAL("x"), 0, &error),
                     0);
    assert_int_equal(cs_lines_finish(lines, NULL), 0);
    assert_int_equal(cs_lines_at(lines, 1).n, CS_LINE_MAX);
    cs_lines_free(lines);
}

/* Reads; 0, or an error at the first thing refused. */
static int try_reading(cs_lines *lines, const char *text, cs_error *error)
{
    cs_slice rest = cs_slice_of(text);
    cs_lines_begin(lines);
    int rc;
    do {
        size_t n;
        rc = cs_lines_same(lines, rest, &n, error);
        rest = (cs_slice){rest.p + n, rest.n - n};
        const char *end = rest.n ? (const char *)memchr(rest.p, '\n', rest.n) : NULL;
        if (rc || !end) {
            break;
        }
        cs_slice line = {rest.p, (size_t)(end - rest.p)};
        rc = cs_lines_add(lines, line, key_of(line), 0, error);
        rest = (cs_slice){end + 1, rest.n - line.n - 1};
    } while (!rc);
    return rc ? rc : cs_lines_finish(lines, error);
}

static void survives_want_of_memory(void **state)
{
    (void)state;
    cs_lines *lines;
    cs_error error;
    scarce_fail_at(1);
    int rc = cs_lines_new(&lines, &error);
    assert_true(scarce_end());
    assert_refused(rc, error, CS_LIMIT, "out of memory for an index");
    lines = new_lines();
    static const int changed[] = {2, 2999};
    for (size_t i = 0; i < COUNT(changed); i++) {
        for (long n = 1;; n++) {
            scarce_fail_at(n);
            rc = try_reading(lines, many_lines(MANY, changed[i], 77), &error);
            if (!scarce_end()) {
                assert_int_equal(rc, 0);
                assert_true(n > 3);
                break;
            }
            assert_refused(rc, error, CS_LIMIT, "out of memory for an index");
            assert_int_equal(cs_lines_count(lines), i ? MANY : 0);
            assert_int_equal(find(lines, "2"), i ? 2 : 0);
        }
        assert_slice_text(cs_lines_at(lines, 2), changed[i] == 2 ? "2:77" : "2:0");
    }
    cs_lines_free(lines);
}

int main(void)
{
    scarce_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_by_position_and_key),
        cmocka_unit_test(takes_over_what_has_stayed),
        cmocka_unit_test(keeps_the_state_before_until_the_end),
        cmocka_unit_test(marks),
        cmocka_unit_test(shares_whole_blocks),
        cmocka_unit_test(tidies_in_pieces),
        cmocka_unit_test(refuses_a_line_too_long),
        cmocka_unit_test(survives_want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
