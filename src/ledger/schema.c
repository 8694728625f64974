/* schema.c - the tables, and how a ledger of an older version gets them. README.md shows them to people who query them. */
#include "internal.h"

#include <stdio.h>
#include <string.h>

#define APPLICATION_ID 0x63736c67 /* "cslg" in the file's header (PRAGMA application_id) */

#define STATUSES "'good', 'revoked', 'unknown', 'absent', 'conflict'"

/* migrations[v] makes version v + 1 of version v: what has been released is never edited. Times are
 * seconds since 1970; keys, statuses and classes are certstat's words. */
static const char *const migrations[] = {
    "CREATE TABLE runs ("
    " run INTEGER PRIMARY KEY AUTOINCREMENT,"
    " account TEXT NOT NULL, command TEXT NOT NULL, settings TEXT NOT NULL,"
    " started INTEGER NOT NULL, ended INTEGER, outcome TEXT CHECK (outcome IN ('whole', 'cut "
    "short')));"
    "CREATE TABLE asked ("
    " run INTEGER NOT NULL, position INTEGER NOT NULL, key TEXT, given TEXT NOT NULL, source TEXT,"
    " PRIMARY KEY (run, position)) WITHOUT ROWID;"
    "CREATE TABLE answers ("
    " run INTEGER NOT NULL, key TEXT NOT NULL,"
    " status TEXT NOT NULL CHECK (status IN (" STATUSES ", 'error')),"
    " class TEXT, code TEXT, revoked_at INTEGER, checked_at INTEGER NOT NULL,"
    " PRIMARY KEY (run, key)) WITHOUT ROWID;"
    "CREATE TABLE latest ("
    " account TEXT NOT NULL, key TEXT NOT NULL,"
    " status TEXT NOT NULL CHECK (status IN (" STATUSES ")),"
    " revoked_at INTEGER, first_revoked_at INTEGER, checked_at INTEGER NOT NULL,"
    " PRIMARY KEY (account, key)) WITHOUT ROWID;"
    "CREATE TABLE changes ("
    " change INTEGER PRIMARY KEY AUTOINCREMENT,"
    " time INTEGER NOT NULL, account TEXT NOT NULL, key TEXT NOT NULL,"
    " old TEXT, new TEXT NOT NULL, run INTEGER);"
    "CREATE INDEX changes_of_key ON changes (account, key);",
};
enum { SCHEMA = sizeof migrations / sizeof *migrations };

static uint32_t read_uint32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int fail_foreign(const cs_ledger *ledger, cs_error *error)
{
    return cs_fail(error, CS_ARGUMENT, CS_LEDGER_FOREIGN, ledger->path,
                   ": expected a ledger of certstat, found another file; it is left as it is",
                   NULL);
}

/* Reads through SQLite's own descriptor: closing another one would let go of the locks that this
 * process has on the file (fcntl(2)). https://www.sqlite.org/fileformat.html#the_database_header */
int ledger_check_header(cs_ledger *ledger, cs_error *error)
{
    unsigned char header[100] = {0};
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    int code = sqlite3_file_control(ledger->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    code = code ? code : file->pMethods->xFileSize(file, &size);
    if (!code && size == 0) {
        return 0;
    }
    code = code ? code : file->pMethods->xRead(file, header, sizeof header, 0);
    if (code && code != SQLITE_IOERR_SHORT_READ) {
        return ledger_fail(ledger, code, error);
    }
    if (memcmp(header, "SQLite format 3", 16) != 0 || read_uint32(header + 68) != APPLICATION_ID) {
        return fail_foreign(ledger, error);
    }
    return code ? ledger_fail(ledger, SQLITE_CORRUPT, error) : 0;
}

static int read_version(cs_ledger *ledger, int64_t *version, cs_error *error)
{
    int result = ledger_number(ledger, "PRAGMA user_version", version, error);
    if (!result && *version > SCHEMA) {
        char found[48];
        snprintf(found, sizeof found, "%lld, expected at most %d", (long long)*version, SCHEMA);
        return cs_fail(error, CS_ARGUMENT, CS_LEDGER_NEWER, ledger->path,
                       ": is of a newer version of certstat: found schema ", found,
                       "; it is left as it is", NULL);
    }
    return result;
}

/* Inside the transaction that writes: nobody else migrates it meanwhile. */
static int apply(cs_ledger *ledger, cs_error *error)
{
    char pragma[64];
    int64_t version, tables;
    int result = read_version(ledger, &version, error);
    result = result ? result
                    : ledger_number(ledger, "SELECT count(*) FROM sqlite_master", &tables, error);
    if (!result && version == 0 && tables) {
        return fail_foreign(ledger, error);
    }
    for (; !result && version < SCHEMA; version++) {
        result = ledger_run(ledger, migrations[version], error);
    }
    snprintf(pragma, sizeof pragma, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             APPLICATION_ID, SCHEMA);
    return result ? result : ledger_run(ledger, pragma, error);
}

int ledger_migrate(cs_ledger *ledger, cs_error *error)
{
    int64_t version;
    int result = read_version(ledger, &version, error);
    if (result || version == SCHEMA) {
        return result;
    }
    /* before the first table is made: later it would take a copy of everything */
    result = ledger_run(ledger, "PRAGMA auto_vacuum = INCREMENTAL", error);
    result = result ? result : ledger_begin(ledger, error);
    return result ? result : ledger_end(ledger, apply(ledger, error), error);
}
