/* internal.h - what the files of the ledger share. ledger.c opens what schema.c makes; all stand on
 * statement.c. */
#ifndef CERTSTAT_LEDGER_INTERNAL_H
#define CERTSTAT_LEDGER_INTERNAL_H

#include <sqlite3.h>
#include <sys/types.h>

#include "certstat.h"

/* The statements, each prepared at its first use and kept: src/ledger/statements.def. */
enum ledger_sql {
#define SQL(name, text) LEDGER_##name,
#include "statements.def"
#undef SQL
    LEDGER_STATEMENTS
};

struct cs_ledger {
    sqlite3 *db;
    pid_t pid; /* SQLite's connections must not be used, nor closed, behind a fork */
    sqlite3_stmt *statements[LEDGER_STATEMENTS];
    dev_t device; /* which file it is: SQLite would go on writing to one that has been deleted */
    ino_t inode;
    int runs_fd; /* -1, or the file whose bytes are locked by who is at the run of that number */
    char path[]; /* for messages */
};

/* Fills *error with what SQLite says of `code`. */
int ledger_fail(const cs_ledger *ledger, int code, cs_error *error);

/* 0 where this process may use it; else CS_CLOSED. */
int ledger_usable(const cs_ledger *ledger, cs_error *error);

/* Runs constant statements that take no values. */
int ledger_run(cs_ledger *ledger, const char *sql, cs_error *error);

/* The number that a constant query gives. */
int ledger_number(cs_ledger *ledger, const char *sql, int64_t *out, cs_error *error);

/* A statement, reset and without values. */
int ledger_prepare(cs_ledger *ledger, enum ledger_sql which, sqlite3_stmt **out, cs_error *error);

/* Steps a statement: *row is 1 where there is a row, and then it is the caller's to reset. */
int ledger_step(cs_ledger *ledger, sqlite3_stmt *statement, int *row, cs_error *error);

/* Begins a transaction that writes; waits up to CS_LEDGER_BUSY_MS for its turn. CS_LIMIT where the
 * path names another file than was opened, or none. */
int ledger_begin(cs_ledger *ledger, cs_error *error);

/* Commits where `result` is 0, else or where that fails rolls back; returns the first failure. */
int ledger_end(cs_ledger *ledger, int result, cs_error *error);

void ledger_bind_slice(sqlite3_stmt *statement, int place, cs_slice text); /* empty: NULL */
void ledger_bind_time(sqlite3_stmt *statement, int place, int64_t time_s); /* 0: NULL */
void ledger_column(sqlite3_stmt *statement, int place, char *out, size_t size);

const char *ledger_status_name(enum cs_status status);
enum cs_status ledger_column_status(sqlite3_stmt *statement, int place);

/* Whether `text`, called `what`, has 1 to `most` bytes; else CS_ARGUMENT. */
int ledger_check_text(const char *what, cs_slice text, size_t most, cs_error *error);

/* 0 where there is that run; cs_ledger_compact may have taken it out. Else CS_ARGUMENT. */
int ledger_find_run(cs_ledger *ledger, int64_t run, cs_error *error);

/* Locks a run for this process. CS_LEDGER_RUNNING where another one has it. */
int ledger_hold_run(cs_ledger *ledger, int64_t run, cs_error *error);

/* Lets go of a run. */
void ledger_release_run(cs_ledger *ledger, int64_t run);

/* Brings an open database to the schema of this version, from none or an older one. */
int ledger_migrate(cs_ledger *ledger, cs_error *error);

/* Whether the file, of which SQLite has read nothing yet, is a ledger or empty. */
int ledger_check_header(cs_ledger *ledger, cs_error *error);

#endif
