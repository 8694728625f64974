/* index_test.c - plain lines of an index.txt are taken, as far as they are whole; before any other the
 * taking stops. */
#include "support/guard.h"
#include "support/scarce.h"
#include "support/slices.h"

#define BEFORE "V\t271124041809Z\t\t"
#define AFTER  "\tunknown\t/CN=x"

/* Where the taking of this text stops, and the key of its first line, "" where none was taken. */
static size_t take(const char *text, const char *key)
{
    cs_lines *lines;
    size_t n;
    assert_int_equal(cs_lines_new(&lines, NULL), 0);
    cs_lines_begin(lines);
    assert_int_equal(cs_index_take(lines, guard_copy(0, cs_slice_of(text)), &n, NULL), 0);
    uint32_t read = cs_lines_read(lines);
    assert_int_equal(cs_lines_finish(lines, NULL), 0);
    assert_int_equal(cs_lines_find(lines, cs_slice_of(key), 2), read ? 1 : 0);
    assert_int_equal(cs_lines_marked(lines, UINT32_MAX), 0);
    cs_lines_free(lines);
    return n;
}

static void takes_plain_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line, *key;
    } rows[] = {
        {BEFORE "0A1B" AFTER "\n", "0a1b"},
        {BEFORE "a1b" AFTER "\n", "0a1b"},
        {BEFORE "0000A1B" AFTER "\n", "0a1b"},
        {BEFORE "10" AFTER "\n", "10"}, /* digits are hexadecimal */
        {"E\tanything\t\t01\t\t\n", "01"},
        {BEFORE "000102030405060708090A0B0C0D0E0F1011121314" AFTER "\n",
         "0102030405060708090a0b0c0d0e0f1011121314"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(take(rows[i].line, rows[i].key), strlen(rows[i].line));
    }
}

static void leaves_all_others(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "\n",
        "V\n",
        BEFORE "0A1B" AFTER, /* has no end */
        "R\t271124041809Z\t261124041810Z\t0A1B" AFTER "\n",
        "X\t271124041809Z\t\t0A1B" AFTER "\n",
        "VV271124041809Z\t\t0A1B" AFTER "\n",
        BEFORE "0A1B" AFTER "\t\n",
        BEFORE "0A1B\tunknown\n",
        BEFORE AFTER "\n",
        BEFORE "00" AFTER "\n",
        BEFORE "0x1B" AFTER "\n",
        BEFORE "0A:1B" AFTER "\n",
        BEFORE "-1" AFTER "\n",
        BEFORE "0102030405060708090A0B0C0D0E0F101112131415" AFTER "\n",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(take(rows[i], "0a1b"), 0);
    }
}

static void goes_on_until_it_stops(void **state)
{
    (void)state;
    static const char first[] = BEFORE "0A" AFTER "\n" BEFORE "0B" AFTER "\n";
    static const char text[] = BEFORE "0A" AFTER "\n" BEFORE "0C" AFTER "\n" BEFORE "0D" AFTER
                                      "\nR\t\n" BEFORE "0E" AFTER "\n";
    cs_lines *lines;
    size_t n;
    assert_int_equal(cs_lines_new(&lines, NULL), 0);
    cs_lines_begin(lines);
    assert_int_equal(cs_index_take(lines, CS_LITERAL(first), &n, NULL), 0);
    assert_int_equal(n, sizeof first - 1);
    assert_int_equal(cs_lines_finish(lines, NULL), 0);
    cs_lines_begin(lines);
    assert_int_equal(cs_index_take(lines, CS_LITERAL(text), &n, NULL), 0);
    assert_int_equal(n, strstr(text, "R\t") - text);
    assert_int_equal(cs_lines_read(lines), 3);
    assert_int_equal(cs_lines_finish(lines, NULL), 0);
    assert_int_equal(cs_lines_find(lines, CS_LITERAL("0d"), UINT32_MAX), 3);
    assert_int_equal(cs_lines_find(lines, CS_LITERAL("0b"), UINT32_MAX), 0);
    cs_lines_free(lines);
}

static void refuses_what_there_is_no_room_for(void **state)
{
    (void)state;
    static char text[CS_LINE_MAX + 2];
    cs_lines *lines;
    cs_error error;
    size_t n;
    assert_int_equal(cs_lines_new(&lines, NULL), 0);
    memset(text, 'x', sizeof text);
    memcpy(text, BEFORE "0A\t\t", sizeof BEFORE "0A\t\t" - 1);
    text[sizeof text - 1] = '\n';
    cs_lines_begin(lines);
    int rc = cs_index_take(lines, (cs_slice){text, sizeof text}, &n, &error);
    assert_refused(rc, error, CS_LIMIT, "the line is longer than 65536 bytes");
    assert_int_equal(n, 0);
    scarce_fail_at(1);
    rc = cs_index_take(lines, CS_LITERAL(BEFORE "0A" AFTER "\n"), &n, &error);
    assert_true(scarce_end());
    assert_refused(rc, error, CS_LIMIT, "out of memory for an index");
    cs_lines_free(lines);
}

int main(void)
{
    scarce_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_plain_lines),
        cmocka_unit_test(leaves_all_others),
        cmocka_unit_test(goes_on_until_it_stops),
        cmocka_unit_test(refuses_what_there_is_no_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
