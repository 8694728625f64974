/* Who waits for whom, and for how long; and what a child may do with its parent's ledger. */
#include "support/ledger.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

/* ---- readers and writers: where the waits of SQLite are counted, each passes at once ---- */

static int64_t slept_us = -1; /* -1: not counted */

__attribute__((visibility("default"))) int usleep(useconds_t us)
{
    if (slept_us < 0) {
        return clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){0, (long)us * 1000}, NULL);
    }
    slept_us += us;
    return 0;
}

static sqlite3 *hold(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path_of("ledger.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void is_not_held_up_by_a_reader(void **state)
{
    (void)state;
    cs_ledger *ledger = open_ledger();
    int64_t run = begin_run(ledger);
    sqlite3 *reader = hold("BEGIN; SELECT count(*) FROM answers");
    slept_us = 0;
    for (unsigned i = 0; i < 40; i++) { /* beyond a checkpoint, too */
        assert_int_equal(record_many(ledger, run, i * 200, 200, NULL), 0);
    }
    assert_int_equal(cs_ledger_end_run(ledger, run, 2000, 1, NULL), 0);
    int64_t dropped;
    assert_int_equal(cs_ledger_compact(ledger, 0, &dropped, NULL), 0);
    assert_int_equal(dropped, 1);
    assert_int_equal(slept_us, 0);
    slept_us = -1;
    sqlite3_close(reader);
    cs_ledger_close(ledger);
}

static void waits_for_another_writer_as_long_as_it_says(void **state)
{
    (void)state;
    cs_error error;
    cs_ledger *ledger = open_ledger();
    int64_t run = begin_run(ledger);
    sqlite3 *writer = hold("BEGIN IMMEDIATE");
    slept_us = 0;
    assert_int_equal(record_one(ledger, run, "01", CS_STATUS_GOOD, 0, 100, &error),
                     CS_ERROR(CS_LIMIT, CS_LEDGER_BUSY));
    assert_message(error, "ledger.db", ": another process has been writing to it for over 5000 ms");
    assert_in_range(slept_us, CS_LEDGER_BUSY_MS * 990, CS_LEDGER_BUSY_MS * 1000);
    slept_us = -1;
    sqlite3_close(writer);
    assert_int_equal(record_one(ledger, run, "01", CS_STATUS_GOOD, 0, 100, NULL), 0);
    cs_ledger_close(ledger);
}

/* Runs in a child, which reports by its exit status. */
static int try_all(cs_ledger *ledger)
{
    cs_error error;
    cs_ledger_latest latest;
    cs_ledger_run runs[1];
    cs_ledger_change changes[1];
    cs_ledger_info info;
    cs_ledger_asked asked;
    cs_ledger_difference difference;
    cs_buffer lines;
    int64_t number;
    size_t n;
    int found;
    char text[8];
    cs_slice word = CS_LITERAL("a");
    cs_ledger_start start = {word, word, word, 1};
    cs_buffer_init(&lines, text, sizeof text);
    const int results[] = {
        cs_ledger_begin_run(ledger, &start, &number, NULL),
        record_one(ledger, 0, "01", CS_STATUS_GOOD, 0, 100, NULL),
        cs_ledger_end_run(ledger, 1, 2, 1, NULL),
        cs_ledger_resume_run(ledger, 1, NULL),
        cs_ledger_asked_of(ledger, 1, 0, &asked, 1, &lines, &n, NULL),
        cs_ledger_answer_of(ledger, 1, word, &latest, &found, NULL),
        cs_ledger_compare(ledger, 1, 2, word, &difference, 1, &n, NULL),
        cs_ledger_latest_of(ledger, word, word, &latest, &found, NULL),
        cs_ledger_runs(ledger, 0, runs, 1, &n, NULL),
        cs_ledger_changes(ledger, 0, 0, changes, 1, &n, NULL),
        cs_ledger_info_of(ledger, &info, NULL),
        cs_ledger_check(ledger, &lines, NULL),
        cs_ledger_compact(ledger, 1, &number, &error),
    };
    for (size_t i = 0; i < COUNT(results); i++) {
        if (results[i] != CS_ERROR(CS_CLOSED, CS_LEDGER_FILE)) {
            return 1 + (int)i;
        }
    }
    return strstr(error.message, ": was opened before a fork; a child opens it again") ? 0 : 99;
}

static void is_not_used_behind_a_fork(void **state)
{
    (void)state;
    int status;
    cs_ledger *ledger = open_ledger();
    int64_t run = begin_run(ledger);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int wrong = try_all(ledger);
        cs_ledger_close(ledger);
        _exit(wrong);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(record_one(ledger, run, "01", CS_STATUS_GOOD, 0, 100, NULL), 0);
    assert_string_equal(ask_sqlite("SELECT count(*) FROM answers"), "1");
    cs_ledger_close(ledger);
    cs_ledger_close(NULL);
}

/* SQLite itself would go on, and all of it would be lost. */
static void says_that_its_file_is_gone(void **state)
{
    (void)state;
    cs_error error;
    cs_ledger *ledger = open_ledger();
    int64_t run = begin_run(ledger);
    assert_int_equal(rename(path_of("ledger.db"), path_of("kept")), 0);
    for (int other = 0; other <= 1; other++) {
        if (other) {
            cs_ledger_close(open_ledger());
        }
        assert_int_equal(record_one(ledger, run, "01", CS_STATUS_GOOD, 0, 100, &error),
                         CS_ERROR(CS_LIMIT, CS_LEDGER_FILE));
        assert_message(error, "ledger.db", ": has been deleted or replaced while it was in use");
        assert_int_equal(cs_ledger_end_run(ledger, run, 2, 1, &error),
                         CS_ERROR(CS_LIMIT, CS_LEDGER_FILE));
    }
    assert_int_equal(rename(path_of("kept"), path_of("ledger.db")), 0);
    assert_int_equal(record_one(ledger, run, "01", CS_STATUS_GOOD, 0, 100, NULL), 0);
    cs_ledger_close(ledger);
}

/* A limit on the size of files stands in for a full disk, for root too. */
static void says_that_its_disk_is_full_and_loses_nothing(void **state)
{
    (void)state;
    cs_error error;
    struct rlimit before, small;
    cs_ledger *ledger = open_ledger();
    int64_t run = begin_run(ledger);
    unsigned written = 0;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 400000, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    while (record_many(ledger, run, written * 200, 200, &error) == 0) {
        written++;
    }
    assert_int_equal(error.code, CS_ERROR(CS_LIMIT, CS_LEDGER_FILE));
    assert_message(error, "ledger.db", ": File too large");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_in_range(written, 1, 100);
    assert_int_equal(record_many(ledger, run, written * 200, 200, NULL), 0);
    assert_whole(ledger);
    cs_ledger_info info;
    assert_int_equal(cs_ledger_info_of(ledger, &info, NULL), 0);
    assert_int_equal(info.answers, (written + 1) * 200);
    cs_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(is_not_held_up_by_a_reader),
        folder_test(waits_for_another_writer_as_long_as_it_says),
        folder_test(is_not_used_behind_a_fork),
        folder_test(says_that_its_file_is_gone),
        folder_test(says_that_its_disk_is_full_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
