/* What was written comes back, page by page. */
#include "support/ledger.h"

static void gives_the_latest_answer(void **state)
{
    (void)state;
    cs_ledger *ledger = open_ledger();
    cs_ledger_latest latest;
    int found = 1;
    cs_slice account = CS_LITERAL("default"), key = CS_LITERAL("b67e");
    assert_int_equal(cs_ledger_latest_of(ledger, account, key, &latest, &found, NULL), 0);
    assert_int_equal(found, 0);
    assert_int_equal(latest.status, CS_STATUS_NONE);
    assert_int_equal(record_one(ledger, 0, "b67e", CS_STATUS_REVOKED, 55, 100, NULL), 0);
    assert_int_equal(record_one(ledger, 0, "b67e", CS_STATUS_CONFLICT, 0, 101, NULL), 0);
    assert_int_equal(cs_ledger_latest_of(ledger, account, key, &latest, &found, NULL), 0);
    assert_int_equal(found, 1);
    assert_int_equal(latest.status, CS_STATUS_CONFLICT);
    assert_int_equal(latest.revoked_at_s, 0);
    assert_int_equal(latest.first_revoked_at_s, 55);
    assert_int_equal(latest.checked_at_s, 101);
    assert_int_equal(cs_ledger_latest_of(ledger, CS_LITERAL("other"), key, &latest, &found, NULL),
                     0);
    assert_int_equal(found, 0);
    cs_ledger_close(ledger);
}

static void gives_the_oldest_answers(void **state)
{
    (void)state;
    cs_ledger *ledger = open_ledger();
    cs_ledger_entry found[2];
    size_t n = 9;
    cs_slice account = CS_LITERAL("default");
    assert_int_equal(cs_ledger_oldest(ledger, account, found, 2, &n, NULL), 0);
    assert_int_equal(n, 0);
    assert_int_equal(record_one(ledger, 0, "02", CS_STATUS_GOOD, 0, 100, NULL), 0);
    assert_int_equal(record_one(ledger, 0, "01", CS_STATUS_UNKNOWN, 0, 101, NULL), 0);
    assert_int_equal(record_one(ledger, 0, "03", CS_STATUS_GOOD, 0, 99, NULL), 0);
    assert_int_equal(record_one(ledger, 0, "03", CS_STATUS_GOOD, 0, 102, NULL), 0);
    assert_int_equal(cs_ledger_oldest(ledger, account, found, 2, &n, NULL), 0);
    assert_int_equal(n, 2);
    assert_string_equal(found[0].key, "02");
    assert_int_equal(found[0].checked_at_s, 100);
    assert_string_equal(found[1].key, "01");
    assert_int_equal(found[1].status, CS_STATUS_UNKNOWN);
    cs_ledger_close(ledger);
}

static void gives_runs_from_the_newest_on(void **state)
{
    (void)state;
    cs_ledger *ledger = open_ledger();
    cs_ledger_run runs[2];
    size_t n = 9;
    assert_int_equal(cs_ledger_runs(ledger, 0, runs, 2, &n, NULL), 0);
    assert_int_equal(n, 0);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(begin_run(ledger), i);
    }
    assert_int_equal(cs_ledger_end_run(ledger, 2, 1005, 1, NULL), 0);
    assert_int_equal(cs_ledger_end_run(ledger, 2, 1009, 0, NULL), 0); /* it has ended */
    assert_int_equal(cs_ledger_end_run(ledger, 1, 1006, 0, NULL), 0);
    assert_int_equal(cs_ledger_runs(ledger, 0, runs, 2, &n, NULL), 0);
    assert_int_equal(n, 2);
    assert_int_equal(runs[0].run, 3);
    assert_int_equal(runs[0].ended_s, 0);
    assert_int_equal(runs[0].whole, 0);
    assert_int_equal(runs[1].run, 2);
    assert_int_equal(runs[1].started_s, 1000);
    assert_int_equal(runs[1].ended_s, 1005);
    assert_int_equal(runs[1].whole, 1);
    assert_string_equal(runs[1].account, "default");
    assert_string_equal(runs[1].command, "audit");
    assert_string_equal(runs[1].settings, "from=list");
    assert_int_equal(cs_ledger_runs(ledger, 2, runs, 2, &n, NULL), 0);
    assert_int_equal(n, 1);
    assert_int_equal(runs[0].run, 1);
    assert_int_equal(runs[0].whole, 0);
    cs_ledger_close(ledger);
}

static void gives_changes_from_a_number_and_a_time_on(void **state)
{
    (void)state;
    cs_ledger *ledger = open_ledger();
    cs_ledger_change changes[2];
    size_t n;
    int64_t run = begin_run(ledger);
    static const enum cs_status said[] = {CS_STATUS_UNKNOWN, CS_STATUS_GOOD, CS_STATUS_ABSENT};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(record_one(ledger, i ? run : 0, "b67e", said[i], 0, 100 + i, NULL), 0);
    }
    assert_int_equal(cs_ledger_changes(ledger, 0, 0, changes, 2, &n, NULL), 0);
    assert_int_equal(n, 2);
    assert_int_equal(changes[0].change, 1);
    assert_int_equal(changes[0].time_s, 100);
    assert_int_equal(changes[0].before, CS_STATUS_NONE);
    assert_int_equal(changes[0].after, CS_STATUS_UNKNOWN);
    assert_int_equal(changes[0].run, 0);
    assert_string_equal(changes[0].account, "default");
    assert_string_equal(changes[0].key, "b67e");
    assert_int_equal(changes[1].before, CS_STATUS_UNKNOWN);
    assert_int_equal(changes[1].run, run);
    assert_int_equal(cs_ledger_changes(ledger, 2, 0, changes, 2, &n, NULL), 0);
    assert_int_equal(n, 1);
    assert_int_equal(changes[0].after, CS_STATUS_ABSENT);
    assert_int_equal(cs_ledger_changes(ledger, 0, 102, changes, 2, &n, NULL), 0);
    assert_int_equal(n, 1);
    assert_int_equal(changes[0].change, 3);
    cs_ledger_close(ledger);
}

static void gives_what_a_run_has_asked(void **state)
{
    (void)state;
    static cs_ledger_asked found[8];
    char memory[64];
    size_t n;
    cs_buffer text;
    cs_error error;
    cs_ledger *ledger = open_ledger();
    int64_t run = begin_run(ledger);
    begin_run(ledger);
    cs_ledger_asked asked[] = {
        {1, CS_LITERAL("01"), CS_LITERAL("1"), CS_LITERAL("line 1"), CS_LITERAL("{}")},
        {2, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}},
        {3, CS_LITERAL("03"), CS_LITERAL("3"), {NULL, 0}, {NULL, 0}},
        {4,
         {NULL, 0},
         cs_slice_of("0123456789012345678901234567890123456789012345678901234567890123456789"),
         {NULL, 0},
         {NULL, 0}},
    };
    cs_ledger_reply reply = {
        .account = CS_LITERAL("default"), .run = run, .asked = asked, .asked_n = COUNT(asked)};
    assert_int_equal(cs_ledger_record(ledger, &reply, NULL), 0);
    cs_buffer_init(&text, memory, sizeof memory);
    assert_int_equal(cs_ledger_asked_of(ledger, run, 0, found, 8, &text, &n, NULL), 0);
    assert_int_equal(n, 3); /* the text of the fourth does not fit */
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(found[i].position, asked[i].position);
        assert_true(cs_slice_equal(found[i].key, asked[i].key));
        assert_true(cs_slice_equal(found[i].given, asked[i].given));
        assert_true(cs_slice_equal(found[i].source, asked[i].source));
        assert_true(cs_slice_equal(found[i].details, asked[i].details));
    }
    cs_buffer_init(&text, memory, sizeof memory);
    assert_int_equal(cs_ledger_asked_of(ledger, run, 1, found, 1, &text, &n, NULL), 0);
    assert_int_equal(n, 1);
    assert_int_equal(found[0].position, 2);
    assert_int_equal(cs_ledger_asked_of(ledger, run, 3, found, 8, &text, &n, &error),
                     CS_ERROR(CS_LIMIT, CS_LEDGER_FILE));
    assert_message(error, "ledger.db", ": what was asked is longer than certstat writes it");
    cs_buffer_init(&text, memory, sizeof memory);
    assert_int_equal(cs_ledger_asked_of(ledger, run, 4, found, 8, &text, &n, NULL), 0);
    assert_int_equal(n, 0);
    assert_int_equal(cs_ledger_asked_of(ledger, run + 1, 0, found, 8, &text, &n, NULL), 0);
    assert_int_equal(n, 0);
    cs_ledger_close(ledger);
}

static void gives_the_answers_of_a_run(void **state)
{
    (void)state;
    cs_ledger_latest answer;
    int answered;
    cs_ledger *ledger = open_ledger();
    int64_t run = begin_run(ledger), other = begin_run(ledger);
    assert_int_equal(record_one(ledger, run, "01", CS_STATUS_REVOKED, 55, 100, NULL), 0);
    assert_int_equal(record_one(ledger, run, "02", CS_STATUS_ERROR, 0, 101, NULL), 0);
    assert_int_equal(record_one(ledger, other, "03", CS_STATUS_GOOD, 0, 102, NULL), 0);
    const struct {
        const char *key;
        enum cs_status status;
        int64_t revoked_at_s, checked_at_s;
    } rows[] = {{"01", CS_STATUS_REVOKED, 55, 100},
                {"02", CS_STATUS_ERROR, 0, 101},
                {"03", CS_STATUS_NONE, 0, 0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(
            cs_ledger_answer_of(ledger, run, cs_slice_of(rows[i].key), &answer, &answered, NULL),
            0);
        assert_int_equal(answered, rows[i].status != CS_STATUS_NONE);
        assert_int_equal(answer.status, rows[i].status);
        assert_int_equal(answer.revoked_at_s, rows[i].revoked_at_s);
        assert_int_equal(answer.checked_at_s, rows[i].checked_at_s);
    }
    cs_ledger_close(ledger);
}

static void compares_the_answers_of_two_runs(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        enum cs_status before, after;
    } rows[] = {
        {"01", CS_STATUS_GOOD, CS_STATUS_GOOD},     {"02", CS_STATUS_GOOD, CS_STATUS_REVOKED},
        {"03", CS_STATUS_NONE, CS_STATUS_GOOD},     {"04", CS_STATUS_REVOKED, CS_STATUS_NONE},
        {"05", CS_STATUS_REVOKED, CS_STATUS_GOOD},  {"06", CS_STATUS_REVOKED, CS_STATUS_REVOKED},
        {"07", CS_STATUS_UNKNOWN, CS_STATUS_ERROR}, {"08", CS_STATUS_NONE, CS_STATUS_REVOKED},
    };
    cs_ledger *ledger = open_ledger();
    int64_t earlier = begin_run(ledger), later = begin_run(ledger);
    for (size_t i = COUNT(rows); i-- > 0;) {
        if (rows[i].before) {
            assert_int_equal(record_one(ledger, earlier, rows[i].key, rows[i].before, 0, 1, NULL),
                             0);
        }
        if (rows[i].after) {
            int64_t at = rows[i].after == CS_STATUS_REVOKED ? 50 : 0;
            assert_int_equal(record_one(ledger, later, rows[i].key, rows[i].after, at, 2, NULL), 0);
        }
    }
    static const size_t differ[] = {1, 2, 3, 4, 6, 7};
    for (size_t page = 1; page <= COUNT(differ) + 1; page++) { /* so many at once */
        cs_ledger_difference found[8] = {0};
        char after[CS_LEDGER_KEY_MAX + 1] = "";
        size_t n, seen = 0;
        do {
            assert_int_equal(cs_ledger_compare(ledger, earlier, later, cs_slice_of(after), found,
                                               page, &n, NULL),
                             0);
            for (size_t i = 0; i < n; i++, seen++) {
                assert_true(seen < COUNT(differ));
                assert_string_equal(found[i].key, rows[differ[seen]].key);
                assert_int_equal(found[i].before, rows[differ[seen]].before);
                assert_int_equal(found[i].after, rows[differ[seen]].after);
                assert_int_equal(found[i].revoked_at_s,
                                 found[i].after == CS_STATUS_REVOKED ? 50 : 0);
                strcpy(after, found[i].key);
            }
        } while (n == page);
        assert_int_equal(seen, COUNT(differ));
    }
    cs_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(gives_the_latest_answer),
        folder_test(gives_the_oldest_answers),
        folder_test(gives_runs_from_the_newest_on),
        folder_test(gives_changes_from_a_number_and_a_time_on),
        folder_test(gives_what_a_run_has_asked),
        folder_test(gives_the_answers_of_a_run),
        folder_test(compares_the_answers_of_two_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
