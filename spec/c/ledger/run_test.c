/* A run begins, is taken up again, and ends once. */
#include "support/ledger.h"

#include <signal.h>
#include <sys/wait.h>

static void goes_on_with_a_run_that_was_cut_short(void **state)
{
    (void)state;
    cs_error error;
    cs_ledger *ledger = open_ledger();
    int64_t run = begin_run(ledger);
    assert_int_equal(record_many(ledger, run, 0, 2, NULL), 0);
    assert_int_equal(cs_ledger_end_run(ledger, run, 1500, 0, NULL), 0);
    assert_int_equal(cs_ledger_resume_run(ledger, run, NULL), 0);
    assert_string_equal(ask_sqlite("SELECT ended, outcome FROM runs"), "-|-");
    assert_int_equal(record_many(ledger, run, 0, 2, &error), CS_ERROR(CS_LIMIT, CS_LEDGER_FILE));
    assert_message(error, "ledger.db", ": constraint failed"); /* nothing is asked twice */
    assert_int_equal(record_many(ledger, run, 2, 2, NULL), 0);
    assert_int_equal(cs_ledger_end_run(ledger, run, 2000, 1, NULL), 0);
    assert_string_equal(ask_sqlite("SELECT count(*) FROM asked"), "4");
    assert_int_equal(cs_ledger_resume_run(ledger, run, &error),
                     CS_ERROR(CS_ARGUMENT, CS_LEDGER_FILE));
    assert_message(error, "ledger.db", ": run 1 is whole: nothing of it is left to be done");
    assert_int_equal(cs_ledger_resume_run(ledger, 7, &error),
                     CS_ERROR(CS_ARGUMENT, CS_LEDGER_FILE));
    assert_message(error, "ledger.db", ": has no run 7");
    assert_string_equal(ask_sqlite("SELECT ended, outcome FROM runs"), "2000|whole");
    assert_whole(ledger);
    cs_ledger_close(ledger);
}

static void refuses_a_run_that_is_not_there(void **state)
{
    (void)state;
    cs_error error;
    cs_ledger *ledger = open_ledger();
    assert_int_equal(record_one(ledger, 7, "01", CS_STATUS_GOOD, 0, 100, &error),
                     CS_ERROR(CS_ARGUMENT, CS_LEDGER_FILE));
    assert_message(error, "ledger.db", ": has no run 7");
    assert_int_equal(cs_ledger_end_run(ledger, 7, 100, 1, &error),
                     CS_ERROR(CS_ARGUMENT, CS_LEDGER_FILE));
    assert_message(error, "ledger.db", ": has no run 7");
    assert_string_equal(ask_sqlite("SELECT count(*) FROM latest"), "0");
    cs_ledger_close(ledger);
}

/* Its ledger was deleted, and its number is one of that. */
static void leaves_a_number_to_who_has_it(void **state)
{
    (void)state;
    int64_t run;
    pid_t child = begin_elsewhere(&run);
    assert_int_equal(unlink(path_of("ledger.db")), 0);
    assert_int_equal(unlink(path_of("ledger.db-wal")), 0);
    assert_int_equal(unlink(path_of("ledger.db-shm")), 0);
    cs_ledger *ledger = open_ledger();
    assert_int_equal(begin_run(ledger), 2);
    assert_string_equal(ask_sqlite("SELECT run FROM runs"), "2");
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    cs_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(goes_on_with_a_run_that_was_cut_short),
        folder_test(refuses_a_run_that_is_not_there),
        folder_test(leaves_a_number_to_who_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
