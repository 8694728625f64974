/* One process at a time is at a run, and nobody has to clean up behind one that died. */
#include "support/ledger.h"

#include <signal.h>
#include <sys/wait.h>

static void is_not_taken_from_a_process_that_lives(void **state)
{
    (void)state;
    int64_t run;
    cs_error error;
    pid_t child = begin_elsewhere(&run);
    cs_ledger *ledger = open_ledger();
    assert_int_equal(cs_ledger_resume_run(ledger, run, &error),
                     CS_ERROR(CS_LIMIT, CS_LEDGER_RUNNING));
    assert_message(error, "ledger.db", ": run 1 is still going on, in another process");
    assert_int_equal(begin_run(ledger), 2); /* another one may begin */
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(cs_ledger_resume_run(ledger, run, &error), 0);
    cs_ledger_close(ledger);
}

static void is_free_when_it_has_ended(void **state)
{
    (void)state;
    cs_ledger *first = open_ledger(), *second = open_ledger();
    int64_t run = begin_run(first);
    assert_int_equal(cs_ledger_resume_run(second, run, NULL),
                     CS_ERROR(CS_LIMIT, CS_LEDGER_RUNNING));
    assert_int_equal(cs_ledger_end_run(first, run, 2, 0, NULL), 0);
    assert_int_equal(cs_ledger_resume_run(second, run, NULL), 0);
    assert_int_equal(cs_ledger_resume_run(second, run, NULL), 0); /* it has it already */
    cs_ledger_close(second);
    assert_int_equal(cs_ledger_resume_run(first, run, NULL), 0);
    cs_ledger_close(first);
}

static void says_why_it_cannot_be_held(void **state)
{
    (void)state;
    cs_error error;
    int64_t run;
    cs_ledger_start start = {CS_LITERAL("default"), CS_LITERAL("audit"), CS_LITERAL("x"), 1000};
    cs_ledger *ledger = open_ledger();
    assert_int_equal(mkdir(path_of("ledger.runs"), 0700), 0);
    assert_int_equal(CS_CLASS(cs_ledger_begin_run(ledger, &start, &run, &error)), CS_ARGUMENT);
    assert_message(error, "ledger.runs", ": Is a directory");
    assert_string_equal(ask_sqlite("SELECT count(*) FROM runs"), "0");
    cs_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(is_not_taken_from_a_process_that_lives),
        folder_test(is_free_when_it_has_ended),
        folder_test(says_why_it_cannot_be_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
