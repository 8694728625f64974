/* What is no ledger of this version or an older one is left as it is, byte for byte. */
#include "support/ledger.h"

static char before[1 << 20], after[1 << 20];

static size_t read_file(char *bytes)
{
    int fd = open(path_of("ledger.db"), O_RDONLY);
    assert_true(fd >= 0);
    ssize_t n = read(fd, bytes, sizeof before);
    close(fd);
    assert_in_range(n, 0, sizeof before - 1);
    return (size_t)n;
}

static void write_file(const char *bytes, size_t n)
{
    int fd = open(path_of("ledger.db"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
}

static void change_by_sqlite(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path_of("ledger.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Opening fails so, and changes nothing, also where it would make one. */
static void check_left_alone(enum cs_ledger_error detail, const char *message)
{
    size_t n = read_file(before);
    for (int create = 0; create <= 1; create++) {
        cs_error error = {0, ""};
        cs_ledger *ledger;
        assert_int_equal(cs_ledger_open(&ledger, folder, create, &error),
                         CS_ERROR(CS_ARGUMENT, detail));
        assert_message(error, "ledger.db", message);
        assert_null(ledger);
        assert_int_equal(read_file(after), n);
        assert_memory_equal(before, after, n);
    }
}

static void leaves_other_files_alone(void **state)
{
    static const char *const texts[] = {"", "x", "a note\n", "SQLite format 3"};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        write_file(texts[i], strlen(texts[i]) + 1);
        check_left_alone(
            CS_LEDGER_FOREIGN,
            ": expected a ledger of certstat, found another file; it is left as it is");
    }
}

static void leaves_other_databases_alone(void **state)
{
    static const char *const foreign[] = {
        "CREATE TABLE runs (run)",
        "PRAGMA application_id = 7; PRAGMA user_version = 1; CREATE TABLE runs (run)",
        /* a ledger's number, but not its tables */
        "PRAGMA application_id = 1668508775; CREATE TABLE runs (run)",
        "PRAGMA journal_mode = WAL; CREATE TABLE runs (run)",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(foreign); i++) {
        change_by_sqlite(foreign[i]);
        check_left_alone(
            CS_LEDGER_FOREIGN,
            ": expected a ledger of certstat, found another file; it is left as it is");
        assert_int_equal(unlink(path_of("ledger.db")), 0);
    }
}

static void leaves_a_newer_ledger_alone(void **state)
{
    (void)state;
    cs_ledger_close(open_ledger());
    change_by_sqlite("PRAGMA user_version = 2");
    check_left_alone(
        CS_LEDGER_NEWER,
        ": is of a newer version of certstat: found schema 2, expected at most 1; it is "
        "left as it is");
}

static void leaves_every_truncated_ledger_alone(void **state)
{
    static char whole[1 << 20];
    (void)state;
    cs_ledger *ledger = open_ledger();
    int64_t run = begin_run(ledger);
    assert_int_equal(record_many(ledger, run, 0, 200, NULL), 0);
    cs_ledger_close(ledger);
    size_t n = read_file(whole);
    assert_int_equal(n % 4096, 0);
    assert_true(n >= (size_t)10 * 4096);
    for (size_t cut = 1; cut < n; cut += cut < 110 ? 1 : cut < 4090 ? 511 : 1363) {
        write_file(whole, cut);
        check_left_alone(cut < 72 ? CS_LEDGER_FOREIGN : CS_LEDGER_DAMAGED,
                         cut < 72
                             ? ": expected a ledger of certstat, found another file; it is left "
                               "as it is"
                             : ": is damaged; it is left as it is");
    }
    write_file(whole, n - 1);
    check_left_alone(CS_LEDGER_DAMAGED, ": is damaged; it is left as it is");
    write_file(whole, n);
    assert_whole(ledger = open_ledger());
    cs_ledger_close(ledger);
}

/* Killed while it was made, between SQLite's first page and the tables. */
static void makes_one_of_a_database_without_tables(void **state)
{
    (void)state;
    change_by_sqlite("PRAGMA auto_vacuum = INCREMENTAL");
    assert_int_equal(read_file(before), 4096);
    cs_ledger *ledger = open_ledger();
    begin_run(ledger);
    assert_whole(ledger);
    cs_ledger_close(ledger);
    assert_string_equal(ask_sqlite("PRAGMA auto_vacuum"), "2");
}

/* Killed while it was made, before anything was written. */
static void makes_one_of_an_empty_file(void **state)
{
    (void)state;
    write_file("", 0);
    cs_ledger *ledger = open_ledger();
    begin_run(ledger);
    assert_whole(ledger);
    cs_ledger_close(ledger);
    assert_string_equal(ask_sqlite("PRAGMA user_version"), "1");
    assert_string_equal(ask_sqlite("PRAGMA application_id"), "1668508775");
    assert_string_equal(ask_sqlite("PRAGMA journal_mode"), "wal");
    assert_string_equal(ask_sqlite("PRAGMA auto_vacuum"), "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(leaves_other_files_alone),
        folder_test(leaves_other_databases_alone),
        folder_test(leaves_a_newer_ledger_alone),
        folder_test(leaves_every_truncated_ledger_alone),
        folder_test(makes_one_of_an_empty_file),
        folder_test(makes_one_of_a_database_without_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
