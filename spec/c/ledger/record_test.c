/* A reply is written whole or not at all, and nothing acknowledged is lost, whoever dies. */
#include "support/ledger.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void writes_what_was_asked_and_answered(void **state)
{
    (void)state;
    cs_ledger *ledger = open_ledger();
    int64_t run = begin_run(ledger);
    cs_ledger_asked asked[] = {
        {1, CS_LITERAL("084bde"), CS_LITERAL("08:4B:DE"), CS_LITERAL("line 1"), {NULL, 0}},
        {2, {NULL, 0}, CS_LITERAL("1,2"), {NULL, 0}, {NULL, 0}},
        {3, CS_LITERAL("b67e"), {NULL, 0}, {NULL, 0}, CS_LITERAL("{\"type\":\"CLIENT\"}")},
    };
    cs_ledger_answer answers[] = {
        {.key = CS_LITERAL("084bde"), .status = CS_STATUS_GOOD, .checked_at_s = 1001},
        {.key = CS_LITERAL("b67e"),
         .status = CS_STATUS_ERROR,
         .class_name = CS_LITERAL("network"),
         .code = CS_LITERAL("NoReply"),
         .checked_at_s = 1001},
    };
    cs_ledger_reply reply = {CS_LITERAL("default"), run, asked, 3, answers, 2, 3};
    assert_int_equal(cs_ledger_record(ledger, &reply, NULL), 0);
    assert_int_equal(cs_ledger_end_run(ledger, run, 1002, 1, NULL), 0);
    assert_string_equal(ask_sqlite("SELECT * FROM runs"),
                        "1|default|audit|from=list|1000|1002|whole|3");
    assert_string_equal(ask_sqlite("SELECT * FROM asked"),
                        "1|1|084bde|08:4B:DE|line 1|-\n"
                        "1|2|-|1,2|-|-\n1|3|b67e||-|{\"type\":\"CLIENT\"}");
    assert_string_equal(ask_sqlite("SELECT * FROM answers"), "1|084bde|good|-|-|-|1001\n"
                                                             "1|b67e|error|network|NoReply|-|1001");
    assert_string_equal(ask_sqlite("SELECT * FROM latest"), "default|084bde|good|-|-|1001");
    assert_whole(ledger);
    cs_ledger_close(ledger);
}

/* Row by row: what is said of one serial, when, and what the ledger then has. */
static void remembers_that_a_certificate_was_revoked(void **state)
{
    static const struct {
        enum cs_status status;
        int64_t revoked_at_s, checked_at_s;
        const char *latest, *changes;
    } rows[] = {
        {CS_STATUS_GOOD, 0, 100, "good|-|-|100", ""},
        {CS_STATUS_ERROR, 0, 110, "good|-|-|100", ""},
        {CS_STATUS_REVOKED, 55, 120, "revoked|55|55|120", "120|good|revoked"},
        {CS_STATUS_REVOKED, 66, 130, "revoked|66|55|130", "120|good|revoked"},
        {CS_STATUS_GOOD, 0, 140, "good|-|55|140", "120|good|revoked\n140|revoked|good"},
        {CS_STATUS_UNKNOWN, 0, 139, "good|-|55|140", "120|good|revoked\n140|revoked|good"},
        {CS_STATUS_ABSENT, 0, 140, "absent|-|55|140",
         "120|good|revoked\n140|revoked|good\n140|good|absent"},
    };
    (void)state;
    cs_ledger *ledger = open_ledger();
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(record_one(ledger, 0, "b67e", rows[i].status, rows[i].revoked_at_s,
                                    rows[i].checked_at_s, NULL),
                         0);
        assert_string_equal(
            ask_sqlite("SELECT status, revoked_at, first_revoked_at, checked_at FROM latest"),
            rows[i].latest);
        assert_string_equal(ask_sqlite("SELECT time, old, new FROM changes"), rows[i].changes);
    }
    assert_string_equal(ask_sqlite("SELECT count(*) FROM answers"), "0");
    cs_ledger_close(ledger);
}

/* An answer that was overtaken by a newer one may be the only one that says so. */
static void remembers_a_revocation_that_comes_late(void **state)
{
    (void)state;
    cs_ledger *ledger = open_ledger();
    assert_int_equal(record_one(ledger, 0, "b67e", CS_STATUS_GOOD, 0, 200, NULL), 0);
    assert_int_equal(record_one(ledger, 0, "b67e", CS_STATUS_REVOKED, 0, 150, NULL), 0);
    assert_string_equal(ask_sqlite("SELECT * FROM latest"), "default|b67e|good|-|150|200");
    cs_ledger_close(ledger);
}

/* The clock was an hour ahead when the first answer came. */
static void believes_a_new_answer_after_the_clock_was_set_back(void **state)
{
    (void)state;
    cs_ledger *ledger = open_ledger();
    assert_int_equal(record_one(ledger, 0, "01", CS_STATUS_GOOD, 0, 13600, NULL), 0);
    assert_int_equal(record_one(ledger, 0, "01", CS_STATUS_REVOKED, 9000, 10000, NULL), 0);
    assert_string_equal(ask_sqlite("SELECT status, first_revoked_at, checked_at FROM latest"),
                        "revoked|9000|10000");
    assert_string_equal(ask_sqlite("SELECT time, old, new FROM changes"), "10000|good|revoked");
    assert_whole(ledger);
    cs_ledger_close(ledger);
}

static void notes_a_first_answer_that_is_not_good(void **state)
{
    (void)state;
    cs_ledger *ledger = open_ledger();
    int64_t run = begin_run(ledger);
    assert_int_equal(record_one(ledger, run, "01", CS_STATUS_GOOD, 0, 100, NULL), 0);
    assert_int_equal(record_one(ledger, run, "02", CS_STATUS_REVOKED, 0, 100, NULL), 0);
    assert_string_equal(ask_sqlite("SELECT * FROM changes"), "1|100|default|02|-|revoked|1");
    cs_ledger_close(ledger);
}

static void replaces_an_answer_that_comes_again_in_a_run(void **state)
{
    (void)state;
    cs_ledger *ledger = open_ledger();
    int64_t run = begin_run(ledger);
    assert_int_equal(record_one(ledger, run, "01", CS_STATUS_ERROR, 0, 100, NULL), 0);
    assert_int_equal(record_one(ledger, run, "01", CS_STATUS_GOOD, 0, 101, NULL), 0);
    assert_string_equal(ask_sqlite("SELECT status FROM answers"), "good");
    cs_ledger_close(ledger);
}

static void refuses_what_is_no_key_or_status_and_writes_nothing(void **state)
{
    static const char *const keys[] = {"",   "0",   "0A",
                                       "xy", "012", "000102030405060708090a0b0c0d0e0f1011121314"};
    (void)state;
    cs_error error;
    cs_ledger *ledger = open_ledger();
    int64_t run = begin_run(ledger);
    for (size_t i = 0; i < COUNT(keys); i++) {
        assert_int_equal(record_one(ledger, run, keys[i], CS_STATUS_GOOD, 0, 100, &error),
                         CS_ERROR(CS_ARGUMENT, CS_LEDGER_FILE));
        assert_string_equal(error.message, "key: expected an even number of lower-case hexadecimal "
                                           "digits, 2 to 40");
    }
    cs_ledger_answer answers[] = {
        {.key = CS_LITERAL("01"), .status = CS_STATUS_GOOD, .checked_at_s = 100},
        {.key = CS_LITERAL("02"), .status = CS_STATUS_NONE, .checked_at_s = 100},
    };
    cs_ledger_reply reply = {CS_LITERAL("default"), run, NULL, 0, answers, 2, 0};
    static const enum cs_status none[] = {CS_STATUS_NONE, CS_STATUS_INVALID, CS_STATUSES};
    for (size_t i = 0; i < COUNT(none); i++) {
        answers[1].status = none[i];
        assert_int_equal(cs_ledger_record(ledger, &reply, &error),
                         CS_ERROR(CS_ARGUMENT, CS_LEDGER_FILE));
        assert_string_equal(error.message, "status: expected what an answer can be");
    }
    reply.account = (cs_slice){NULL, 0};
    assert_int_equal(cs_ledger_record(ledger, &reply, &error),
                     CS_ERROR(CS_ARGUMENT, CS_LEDGER_FILE));
    assert_string_equal(error.message, "account: expected 1 to 64 bytes");
    assert_string_equal(ask_sqlite("SELECT count(*) FROM answers"), "0");
    assert_string_equal(ask_sqlite("SELECT count(*) FROM latest"), "0");
    cs_ledger_close(ledger);
}

/* ---- the disk is full: what SQLite may still write, in bytes ---- */

static ssize_t room = -1; /* -1: without end */

static ssize_t write_what_fits(int fd, const void *bytes, size_t n, off_t offset)
{
    if (room >= 0 && (size_t)room < n) {
        errno = ENOSPC;
        n = (size_t)room;
        room = 0;
        return n ? pwrite(fd, bytes, n, offset) : -1;
    }
    room -= room >= 0 ? (ssize_t)n : 0;
    return pwrite(fd, bytes, n, offset);
}

static void fill_the_disk(sqlite3_syscall_ptr call)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    vfs->xSetSystemCall(vfs, "pwrite", call);
    vfs->xSetSystemCall(vfs, "pwrite64", call);
}

static void writes_nothing_of_a_reply_for_which_there_is_no_room(void **state)
{
    (void)state;
    cs_error error;
    cs_ledger *ledger = open_ledger();
    int64_t run = begin_run(ledger);
    assert_int_equal(record_many(ledger, run, 0, 50, NULL), 0);
    fill_the_disk((sqlite3_syscall_ptr)write_what_fits);
    unsigned failed = 0;
    for (ssize_t bytes = 0; bytes < 60000; bytes += 1111) {
        room = bytes;
        int result = record_many(ledger, run, 50, 50, &error);
        room = -1;
        if (!result) {
            break;
        }
        failed++;
        assert_int_equal(result, CS_ERROR(CS_LIMIT, CS_LEDGER_FILE));
        assert_message(error, "ledger.db", ": database or disk is full");
        assert_string_equal(ask_sqlite("SELECT count(*) FROM answers"), "50");
        assert_string_equal(ask_sqlite("SELECT count(*) FROM asked"), "50");
        assert_whole(ledger);
    }
    fill_the_disk(NULL);
    assert_true(failed > 5);
    assert_string_equal(ask_sqlite("SELECT count(*) FROM answers"), "100");
    assert_whole(ledger);
    cs_ledger_close(ledger);
}

/* Its files may not grow beyond a limit, and the signal that would say so is ignored. */
static void says_what_keeps_it_from_writing(void **state)
{
    (void)state;
    cs_error error;
    struct rlimit had;
    unsigned replies = 0;
    cs_ledger *ledger = open_ledger();
    int64_t run = begin_run(ledger);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &had), 0);
    struct rlimit limit = {300000, had.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    while (!record_many(ledger, run, replies * 50, 50, &error)) {
        replies++;
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &had), 0);
    assert_in_range(replies, 1, 10);
    assert_int_equal(error.code, CS_ERROR(CS_LIMIT, CS_LEDGER_FILE));
    assert_message(error, "ledger.db", ": File too large");
    assert_int_equal(strtoul(ask_sqlite("SELECT count(*) FROM answers"), NULL, 10), replies * 50);
    assert_whole(ledger);
    cs_ledger_close(ledger);
}

/* ---- other processes ---- */

/* Writes replies of 1 to 60 serials, and after each says over the pipe how many there are. */
static void write_replies(int fd, unsigned replies)
{
    cs_ledger *ledger = NULL;
    int64_t run = 0;
    cs_ledger_start start = {CS_LITERAL("default"), CS_LITERAL("audit"), CS_LITERAL("x"), 1000};
    if (cs_ledger_open(&ledger, folder, 1, NULL) != 0 ||
        cs_ledger_begin_run(ledger, &start, &run, NULL) != 0) {
        _exit(1);
    }
    for (unsigned i = 0, total = 0; i < replies; i++) {
        unsigned n = 1 + i * 7 % 60;
        if (record_many(ledger, run, total, n, NULL) != 0) {
            _exit(2);
        }
        total += n;
        if (write(fd, &total, sizeof total) != sizeof total) {
            _exit(3);
        }
    }
    cs_ledger_end_run(ledger, run, 2000, 1, NULL);
    cs_ledger_close(ledger);
    _exit(0);
}

static pid_t start_writer(int *reading, unsigned replies)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fds[0]);
        write_replies(fds[1], replies);
    }
    close(fds[1]);
    *reading = fds[0];
    return child;
}

static void keeps_all_it_acknowledged_when_it_is_killed(void **state)
{
    (void)state;
    unsigned seed = 20261124;
    for (int round = 1; round <= 12; round++) {
        char query[64];
        int fd;
        unsigned total = 0;
        pid_t child = start_writer(&fd, 100000);
        seed = seed * 1103515245 + 12345;
        for (unsigned i = 0, replies = 1 + (seed >> 16) % 40; i < replies; i++) {
            assert_int_equal(read(fd, &total, sizeof total), sizeof total);
        }
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        for (unsigned more; read(fd, &more, sizeof more) == sizeof more;) {
            total = more; /* said before it died */
        }
        close(fd);
        cs_ledger *ledger = open_ledger();
        assert_whole(ledger);
        snprintf(query, sizeof query, "SELECT count(*) FROM answers WHERE run = %d", round);
        assert_true(strtoul(ask_sqlite(query), NULL, 10) >= total);
        cs_ledger_close(ledger);
    }
}

static void lets_two_processes_write_at_once(void **state)
{
    (void)state;
    int fds[2], status;
    pid_t children[2];
    for (int i = 0; i < 2; i++) {
        children[i] = start_writer(&fds[i], 40);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
        close(fds[i]);
    }
    cs_ledger *ledger = open_ledger();
    assert_whole(ledger);
    assert_string_equal(ask_sqlite("SELECT outcome, count(*) FROM runs GROUP BY outcome"),
                        "whole|2");
    assert_string_equal(ask_sqlite("SELECT run, count(*) = max(position) FROM asked GROUP BY run"),
                        "1|1\n2|1");
    cs_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(writes_what_was_asked_and_answered),
        folder_test(remembers_that_a_certificate_was_revoked),
        folder_test(remembers_a_revocation_that_comes_late),
        folder_test(believes_a_new_answer_after_the_clock_was_set_back),
        folder_test(notes_a_first_answer_that_is_not_good),
        folder_test(replaces_an_answer_that_comes_again_in_a_run),
        folder_test(refuses_what_is_no_key_or_status_and_writes_nothing),
        folder_test(writes_nothing_of_a_reply_for_which_there_is_no_room),
        folder_test(says_what_keeps_it_from_writing),
        folder_test(keeps_all_it_acknowledged_when_it_is_killed),
        folder_test(lets_two_processes_write_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
