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

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(gives_the_latest_answer),
        folder_test(gives_runs_from_the_newest_on),
        folder_test(gives_changes_from_a_number_and_a_time_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
