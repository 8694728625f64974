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
    change_by_sqlite("PRAGMA user_version = 3");
    check_left_alone(
        CS_LEDGER_NEWER,
        ": is of a newer version of certstat: found schema 3, expected at most 2; it is "
        "left as it is");
}

static void leaves_a_ledger_of_a_version_below_0_alone(void **state)
{
    static const char *const versions[] = {"PRAGMA user_version = -1",
                                           "PRAGMA user_version = -2147483648"};
    (void)state;
    cs_ledger_close(open_ledger());
    for (size_t i = 0; i < COUNT(versions); i++) {
        change_by_sqlite(versions[i]);
        check_left_alone(CS_LEDGER_DAMAGED, ": is damaged; it is left as it is");
    }
}

/* Some bits say nothing; where one does, it is told. */
static void survives_each_bit_of_the_header(void **state)
{
    static char whole[1 << 20];
    (void)state;
    cs_ledger *ledger = open_ledger();
    assert_int_equal(record_many(ledger, begin_run(ledger), 0, 200, NULL), 0);
    cs_ledger_close(ledger);
    size_t n = read_file(whole);
    for (int bit = 0; bit < 100 * 8; bit++) {
        cs_error error = {0, ""};
        whole[bit / 8] ^= (char)(1 << bit % 8);
        write_file(whole, n);
        int result = cs_ledger_open(&ledger, folder, 0, &error);
        if (result != 0 && result != CS_ERROR(CS_ARGUMENT, CS_LEDGER_FOREIGN) &&
            result != CS_ERROR(CS_ARGUMENT, CS_LEDGER_NEWER) &&
            result != CS_ERROR(CS_ARGUMENT, CS_LEDGER_DAMAGED)) {
            fail_msg("bit %d: %s", bit, error.message);
        }
        cs_ledger_close(ledger);
        whole[bit / 8] ^= (char)(1 << bit % 8);
    }
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

/* As the first version made it. */
static const char version_1[] =
    "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;"
    "CREATE TABLE runs (run INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,"
    " command TEXT NOT NULL, settings TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER,"
    " outcome TEXT CHECK (outcome IN ('whole', 'cut short')));"
    "CREATE TABLE asked (run INTEGER NOT NULL, position INTEGER NOT NULL, key TEXT,"
    " given TEXT NOT NULL, source TEXT, PRIMARY KEY (run, position)) WITHOUT ROWID;"
    "CREATE TABLE answers (run INTEGER NOT NULL, key TEXT NOT NULL, status TEXT NOT NULL,"
    " class TEXT, code TEXT, revoked_at INTEGER, checked_at INTEGER NOT NULL,"
    " PRIMARY KEY (run, key)) WITHOUT ROWID;"
    "CREATE TABLE latest (account TEXT NOT NULL, key TEXT NOT NULL, status TEXT NOT NULL,"
    " revoked_at INTEGER, first_revoked_at INTEGER, checked_at INTEGER NOT NULL,"
    " PRIMARY KEY (account, key)) WITHOUT ROWID;"
    "CREATE TABLE changes (change INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL,"
    " account TEXT NOT NULL, key TEXT NOT NULL, old TEXT, new TEXT NOT NULL, run INTEGER);"
    "CREATE INDEX changes_of_key ON changes (account, key);"
    "PRAGMA application_id = 1668508775; PRAGMA user_version = 1;"
    "INSERT INTO runs VALUES (1, 'default', 'audit', 'from=list', 1000, 1001, 'whole');"
    "INSERT INTO asked VALUES (1, 1, '01', '01', 'line 1');"
    "INSERT INTO answers VALUES (1, '01', 'good', NULL, NULL, NULL, 1000);"
    "INSERT INTO latest VALUES ('default', '01', 'good', NULL, NULL, 1000);";

static void brings_an_older_ledger_up_to_date(void **state)
{
    (void)state;
    change_by_sqlite(version_1);
    cs_ledger *ledger = open_ledger();
    assert_whole(ledger);
    assert_int_equal(begin_run(ledger), 2);
    cs_ledger_close(ledger);
    assert_string_equal(ask_sqlite("PRAGMA user_version"), "2");
    assert_string_equal(ask_sqlite("SELECT * FROM runs WHERE run = 1"),
                        "1|default|audit|from=list|1000|1001|whole|-");
    assert_string_equal(ask_sqlite("SELECT * FROM asked"), "1|1|01|01|line 1|-");
}

/* It has to be brought up to date by nobody while the older program writes: both go on, or wait. */
static void is_brought_up_to_date_under_an_older_program(void **state)
{
    (void)state;
    sqlite3 *older;
    change_by_sqlite(version_1);
    assert_int_equal(sqlite3_open(path_of("ledger.db"), &older), SQLITE_OK);
    assert_int_equal(sqlite3_exec(older, "SELECT count(*) FROM asked", NULL, NULL, NULL),
                     SQLITE_OK);
    cs_ledger *ledger = open_ledger();
    assert_int_equal(sqlite3_exec(older,
                                  "INSERT INTO asked (run, position, given) VALUES (1, 2, 'x')",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(older), SQLITE_OK);
    assert_whole(ledger);
    cs_ledger_close(ledger);
    assert_string_equal(ask_sqlite("SELECT count(*) FROM asked"), "2");
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
    assert_string_equal(ask_sqlite("PRAGMA user_version"), "2");
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
        folder_test(leaves_a_ledger_of_a_version_below_0_alone),
        folder_test(survives_each_bit_of_the_header),
        folder_test(leaves_every_truncated_ledger_alone),
        folder_test(brings_an_older_ledger_up_to_date),
        folder_test(is_brought_up_to_date_under_an_older_program),
        folder_test(makes_one_of_an_empty_file),
        folder_test(makes_one_of_a_database_without_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
