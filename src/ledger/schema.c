/* schema.c - the tables, and how a ledger of an older version gets them. README.md shows them to
 * people who query them. */
#include "internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SQL_FORMAT     4          /* the last schema format there is */
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

    "ALTER TABLE runs ADD COLUMN items INTEGER;"
    "ALTER TABLE asked ADD COLUMN details TEXT;",
};
enum { HEADER = 100 + 8 }; /* the file's and that of page 1's tree */
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

/* SQLite reads what a last page lacks as zeros. Where the journal has pages, it has that one. */
static int ends_within_a_page(const cs_ledger *ledger, int64_t size, uint32_t page)
{
    char journal[PATH_MAX];
    struct stat found;
    snprintf(journal, sizeof journal, "%s-wal", ledger->path);
    return size % (page > 1 ? page : 65536) != 0 &&
           (stat(journal, &found) != 0 || found.st_size == 0);
}

/* No number of a program, and page 1 is a leaf without cells: no table. So is a ledger that is
 * being made, or whose making was cut short: PRAGMA auto_vacuum writes a page. ledger_migrate has
 * the last word, as a journal may know better than this page. */
static int is_empty(const unsigned char *header)
{
    return read_uint32(header + 60) == 0 && read_uint32(header + 68) == 0 && header[100] == 13 &&
           header[103] == 0 && header[104] == 0;
}

/* Reads through SQLite's own descriptor: closing another one would let go of the locks that this
 * process has on the file (fcntl(2)). https://www.sqlite.org/fileformat.html#the_database_header */
int ledger_check_header(cs_ledger *ledger, cs_error *error)
{
    unsigned char header[HEADER] = {0};
    sqlite3_file *file = NULL;
    struct stat found;
    if (stat(ledger->path, &found) != 0) { /* SQLite itself takes one byte for none */
        return cs_fail(error, CS_LIMIT, CS_LEDGER_FILE, ledger->path, ": ", strerror(errno), NULL);
    }
    if (found.st_size == 0) {
        return 0;
    }
    int code = sqlite3_file_control(ledger->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    code = code ? code : file->pMethods->xRead(file, header, sizeof header, 0);
    if (code && code != SQLITE_IOERR_SHORT_READ) {
        return ledger_fail(ledger, code, error);
    }
    if (memcmp(header, "SQLite format 3", 16) != 0 ||
        (read_uint32(header + 68) != APPLICATION_ID && !is_empty(header))) {
        return fail_foreign(ledger, error);
    }
    uint32_t page = (uint32_t)header[16] << 8 | header[17]; /* 1: 65,536 */
    if (code || ends_within_a_page(ledger, found.st_size, page) ||
        read_uint32(header + 44) > SQL_FORMAT) {
        return ledger_fail(ledger, SQLITE_CORRUPT, error);
    }
    return 0;
}

static int read_version(cs_ledger *ledger, int64_t *version, cs_error *error)
{
    int result = ledger_number(ledger, "PRAGMA user_version", version, error);
    if (!result && *version < 0) { /* signed in the header, and nobody writes one */
        return ledger_fail(ledger, SQLITE_CORRUPT, error);
    }
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
