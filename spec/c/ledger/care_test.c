/* A fault is found and named; old runs go, and what they taught stays. */
#include "support/ledger.h"

static const char *faults_of(cs_ledger *ledger)
{
    static char text[1024];
    cs_buffer faults;
    cs_buffer_init(&faults, text, sizeof text - 1);
    assert_int_equal(cs_ledger_check(ledger, &faults, NULL), 0);
    text[faults.n] = '\0';
    return text;
}

static void counts_what_is_there(void **state)
{
    (void)state;
    cs_ledger *ledger = open_ledger();
    cs_ledger_info info;
    assert_int_equal(record_many(ledger, begin_run(ledger), 0, 20, NULL), 0);
    assert_int_equal(record_one(ledger, 1, "b67e", CS_STATUS_REVOKED, 0, 100, NULL), 0);
    assert_int_equal(cs_ledger_info_of(ledger, &info, NULL), 0);
    assert_int_equal(info.schema, 2);
    assert_int_equal(info.runs, 1);
    assert_int_equal(info.asked, 20);
    assert_int_equal(info.answers, 21);
    assert_int_equal(info.latest, 21);
    assert_int_equal(info.changes, 1);
    assert_true(info.bytes > 4096 && info.bytes % 4096 == 0);
    cs_ledger_close(ledger);
}

/* Each fault is made by somebody with sqlite3. */
static void finds_what_is_not_as_certstat_writes_it(void **state)
{
    static const struct {
        const char *sql, *fault;
    } rows[] = {
        {"INSERT INTO asked (run, position, given) VALUES (9, 1, 'x')",
         "asked, but of no run: 9\n"},
        {"INSERT INTO answers VALUES (9, '01', 'good', NULL, NULL, NULL, 1)",
         "answers of no run: 9\n"},
        {"DELETE FROM answers WHERE key = '00000000'",
         "asked in a whole run, but without an answer: 1 00000000\n"},
        {"UPDATE latest SET first_revoked_at = NULL WHERE key = 'b67e'",
         "revoked without a first time: default b67e\n"},
        {"UPDATE latest SET status = 'absent' WHERE key = 'b67e'",
         "not what the last change says: default b67e\n"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        cs_ledger *ledger = open_ledger();
        int64_t run = begin_run(ledger);
        assert_int_equal(record_many(ledger, run, 0, 3, NULL), 0);
        assert_int_equal(record_one(ledger, run, "b67e", CS_STATUS_REVOKED, 0, 100, NULL), 0);
        assert_int_equal(cs_ledger_end_run(ledger, run, 200, 1, NULL), 0);
        assert_string_equal(faults_of(ledger), "");
        ask_sqlite(rows[i].sql);
        assert_string_equal(faults_of(ledger), rows[i].fault);
        cs_ledger_close(ledger);
        assert_int_equal(unlink(path_of("ledger.db")), 0);
    }
}

static void finds_damage(void **state)
{
    (void)state;
    char bytes[4096];
    cs_ledger *ledger = open_ledger();
    int64_t run = begin_run(ledger);
    assert_int_equal(record_many(ledger, run, 0, 200, NULL), 0);
    cs_ledger_close(ledger);
    int fd = open(path_of("ledger.db"), O_RDWR);
    assert_true(fd >= 0);
    memset(bytes, 0x5a, sizeof bytes);
    for (off_t page = 12; page < 16; page++) {
        assert_int_equal(pwrite(fd, bytes, sizeof bytes, page * 4096), sizeof bytes);
    }
    close(fd);
    ledger = open_ledger();
    char text[2048];
    cs_buffer faults;
    cs_error error = {0, ""};
    cs_buffer_init(&faults, text, sizeof text - 1);
    int result = cs_ledger_check(ledger, &faults, &error);
    text[faults.n] = '\0';
    assert_int_equal(strncmp(text, "integrity_check: ", 17), 0);
    assert_true(result == 0 || result == CS_ERROR(CS_ARGUMENT, CS_LEDGER_DAMAGED));
    cs_ledger_close(ledger);
}

static void takes_out_old_runs_and_gives_their_space_back(void **state)
{
    (void)state;
    int64_t dropped;
    cs_ledger_info large, small;
    cs_ledger *ledger = open_ledger();
    for (unsigned i = 0; i < 4; i++) {
        int64_t run = begin_run(ledger);
        for (unsigned first = 0; first < 4200; first += 200) { /* more than goes at once */
            assert_int_equal(record_many(ledger, run, first, 200, NULL), 0);
        }
        assert_int_equal(record_one(ledger, run, "b67e", i % 2 ? CS_STATUS_REVOKED : CS_STATUS_GOOD,
                                    0, 3000 + i, NULL),
                         0);
        assert_int_equal(cs_ledger_end_run(ledger, run, 4000, 1, NULL), 0);
    }
    assert_int_equal(cs_ledger_info_of(ledger, &large, NULL), 0);
    assert_int_equal(cs_ledger_compact(ledger, 4, &dropped, NULL), 0);
    assert_int_equal(dropped, 0);
    assert_int_equal(cs_ledger_compact(ledger, 1, &dropped, NULL), 0);
    assert_int_equal(dropped, 3);
    assert_whole(ledger);
    assert_int_equal(cs_ledger_info_of(ledger, &small, NULL), 0);
    assert_int_equal(small.runs, 1);
    assert_int_equal(small.asked, 4200);
    assert_int_equal(small.answers, 4201);
    assert_int_equal(small.latest, 4201);
    assert_int_equal(small.changes, 3);
    assert_true(small.bytes < large.bytes * 2 / 3);
    assert_string_equal(ask_sqlite("SELECT run FROM runs"), "4");
    assert_string_equal(ask_sqlite("PRAGMA freelist_count"), "0");

    /* numbers do not come again */
    assert_int_equal(cs_ledger_compact(ledger, 0, &dropped, NULL), 0);
    assert_int_equal(dropped, 1);
    assert_int_equal(begin_run(ledger), 5);
    cs_ledger_close(ledger);
}

/* The run's own process may still be at work: it is told, and leaves nothing behind. */
static void ends_the_record_of_a_run_that_was_taken_out(void **state)
{
    (void)state;
    int64_t dropped;
    cs_error error;
    cs_ledger *ledger = open_ledger();
    int64_t run = begin_run(ledger);
    assert_int_equal(record_many(ledger, run, 0, 10, NULL), 0);
    begin_run(ledger);
    assert_int_equal(cs_ledger_compact(ledger, 1, &dropped, NULL), 0);
    assert_int_equal(record_many(ledger, run, 10, 10, &error),
                     CS_ERROR(CS_ARGUMENT, CS_LEDGER_FILE));
    assert_message(error, "ledger.db", ": has no run 1");
    assert_whole(ledger);
    cs_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(counts_what_is_there),
        folder_test(finds_what_is_not_as_certstat_writes_it),
        folder_test(finds_damage),
        folder_test(takes_out_old_runs_and_gives_their_space_back),
        folder_test(ends_the_record_of_a_run_that_was_taken_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
