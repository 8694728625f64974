/* sqlite_rows.c - the rows of spec/support/ledger_rows.lua by SQLite alone.
 *
 *   sqlite_rows LEDGER ROWS
 *
 * LEDGER is the file of a ledger without rows; it gets the same ones, at 50 a transaction and with
 * the same settings, by prepared statements and nothing else; then the latest answer to each key
 * is read back. Prints the seconds of both. */
#include "bench.h"

#include <sqlite3.h>

enum { BATCH = 50, CHECKED = 2000 };

static sqlite3 *db;

static void run(const char *sql)
{
    bench_check(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, sqlite3_errmsg(db));
}

static sqlite3_stmt *prepare(const char *sql)
{
    sqlite3_stmt *statement;
    bench_check(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK, sqlite3_errmsg(db));
    return statement;
}

static void step(sqlite3_stmt *statement)
{
    bench_check(sqlite3_step(statement) == SQLITE_DONE, sqlite3_errmsg(db));
    sqlite3_reset(statement);
}

static void bind(sqlite3_stmt *statement, int place, const char *text)
{
    sqlite3_bind_text(statement, place, text, -1, SQLITE_TRANSIENT);
}

static void bind_time(sqlite3_stmt *statement, int place, int revoked, int time)
{
    if (revoked) {
        sqlite3_bind_int(statement, place, time);
    } else {
        sqlite3_bind_null(statement, place);
    }
}

static void put_key(int i, const char *format, char key[48])
{
    snprintf(key, 48, format, i * 40503LL % 65536, i % 65536, i / 65536);
}

#define LOWER "b67e53ebcea9%04llx77d65b%04x%06x"
#define UPPER "B67E53EBCEA9%04llX77D65B%04X%06X"

/* Row i, into asked, answers, latest and, where it is revoked, changes. */
static void insert(sqlite3_stmt *const statements[4], int i)
{
    char key[48], given[48], source[24];
    int revoked = i % 100 == 0;
    const char *status = revoked ? "revoked" : "good";
    put_key(i, LOWER, key);
    put_key(i, UPPER, given);
    snprintf(source, sizeof source, "line %d", i);
    sqlite3_bind_int(statements[0], 1, i);
    bind(statements[0], 2, key);
    bind(statements[0], 3, given);
    bind(statements[0], 4, source);
    for (int table = 1; table <= 2; table++) {
        bind(statements[table], 1, key);
        bind(statements[table], 2, status);
        bind_time(statements[table], 3, revoked, i);
    }
    bind(statements[3], 1, key);
    for (int table = 0; table < 3 + revoked; table++) {
        step(statements[table]);
    }
}

static void insert_all(int rows)
{
    sqlite3_stmt *const statements[] = {
        prepare("INSERT INTO asked (run, position, key, given, source) VALUES (1, ?1, ?2, ?3, ?4)"),
        prepare("INSERT INTO answers (run, key, status, revoked_at, checked_at)"
                " VALUES (1, ?1, ?2, ?3, 2000)"),
        prepare("INSERT INTO latest"
                " (account, key, status, revoked_at, first_revoked_at, checked_at)"
                " VALUES ('default', ?1, ?2, ?3, ?3, 2000)"),
        prepare("INSERT INTO changes (time, account, key, old, new, run)"
                " VALUES (2000, 'default', ?1, NULL, 'revoked', 1)"),
    };
    run("INSERT INTO runs (account, command, settings, started)"
        " VALUES ('default', 'audit', 'x', 1)");
    for (int first = 1; first <= rows; first += BATCH) {
        run("BEGIN IMMEDIATE");
        for (int i = first; i < first + BATCH && i <= rows; i++) {
            insert(statements, i);
        }
        run("COMMIT");
    }
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        sqlite3_finalize(statements[i]);
    }
}

static void read_all(int rows)
{
    char key[48];
    sqlite3_stmt *latest = prepare("SELECT status, revoked_at, first_revoked_at, checked_at"
                                   " FROM latest WHERE account = 'default' AND key = ?1");
    for (int i = 1; i <= rows; i++) {
        put_key(i, LOWER, key);
        bind(latest, 1, key);
        bench_check(sqlite3_step(latest) == SQLITE_ROW, "a row is missing");
        bench_check(sqlite3_column_int(latest, 3) == CHECKED, "a row is wrong");
        sqlite3_reset(latest);
    }
    sqlite3_finalize(latest);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    bench_check(argc == 3, "usage: sqlite_rows LEDGER ROWS");
    int rows = atoi(argv[2]);
    bench_check(sqlite3_open(argv[1], &db) == SQLITE_OK, argv[1]);
    run("PRAGMA wal_autocheckpoint = 8000; PRAGMA journal_size_limit = 33554432;"
        "PRAGMA cache_size = -16000; PRAGMA synchronous = NORMAL");
    double started = now();
    insert_all(rows);
    double written = now();
    read_all(rows);
    printf("%.6f %.6f\n", written - started, now() - written);
    return sqlite3_close(db) != SQLITE_OK;
}
