/* statement.c - what the ledger's other files share: statements, transactions, values, failures. */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const sql_texts[] = {
#define SQL(name, text) text,
#include "statements.def"
#undef SQL
};

/* What the system said when reading or writing failed: of the journal, else of the database. */
static const char *system_reason(const cs_ledger *ledger)
{
    sqlite3_file *journal = NULL;
    int number = 0;
    sqlite3_file_control(ledger->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &journal);
    if (journal && journal->pMethods) {
        journal->pMethods->xFileControl(journal, SQLITE_FCNTL_LAST_ERRNO, &number);
    }
    if (!number) {
        sqlite3_file_control(ledger->db, "main", SQLITE_FCNTL_LAST_ERRNO, &number);
    }
    return strerror(number ? number : EIO);
}

int ledger_fail(const cs_ledger *ledger, int code, cs_error *error)
{
    char limit[32];
    switch (code & 0xff) { /* the primary result code */
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        snprintf(limit, sizeof limit, "%d ms", CS_LEDGER_BUSY_MS);
        return cs_fail(error, CS_LIMIT, CS_LEDGER_BUSY, ledger->path,
                       ": another process has been writing to it for over ", limit, NULL);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return cs_fail(error, CS_ARGUMENT, CS_LEDGER_DAMAGED, ledger->path,
                       ": is damaged; it is left as it is", NULL);
    case SQLITE_READONLY:
        return cs_fail(error, CS_ARGUMENT, CS_LEDGER_FILE, ledger->path,
                       ": can't be used without the right to write it, and to its folder", NULL);
    case SQLITE_IOERR:
        return cs_fail(error, CS_LIMIT, CS_LEDGER_FILE, ledger->path, ": ", system_reason(ledger),
                       NULL);
    default:
        return cs_fail(error, CS_LIMIT, CS_LEDGER_FILE, ledger->path, ": ", sqlite3_errstr(code),
                       NULL);
    }
}

int ledger_usable(const cs_ledger *ledger, cs_error *error)
{
    if (ledger->pid == getpid()) {
        return 0;
    }
    return cs_fail(error, CS_CLOSED, CS_LEDGER_FILE, ledger->path,
                   ": was opened before a fork; a child opens it again", NULL);
}

int ledger_run(cs_ledger *ledger, const char *sql, cs_error *error)
{
    errno = 0;
    int code = sqlite3_exec(ledger->db, sql, NULL, NULL, NULL);
    return code ? ledger_fail(ledger, code, error) : 0;
}

int ledger_number(cs_ledger *ledger, const char *sql, int64_t *out, cs_error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(ledger->db, sql, -1, &statement, NULL);
    code = code ? code : sqlite3_step(statement);
    *out = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : ledger_fail(ledger, code, error);
}

int ledger_prepare(cs_ledger *ledger, enum ledger_sql which, sqlite3_stmt **out, cs_error *error)
{
    sqlite3_stmt **kept = &ledger->statements[which];
    if (!*kept) {
        int code = sqlite3_prepare_v3(ledger->db, sql_texts[which], -1, SQLITE_PREPARE_PERSISTENT,
                                      kept, NULL);
        if (code) {
            return ledger_fail(ledger, code, error);
        }
    }
    sqlite3_reset(*kept);
    sqlite3_clear_bindings(*kept);
    *out = *kept;
    return 0;
}

int ledger_step(cs_ledger *ledger, sqlite3_stmt *statement, int *row, cs_error *error)
{
    errno = 0;
    int code = sqlite3_step(statement);
    if (row) {
        *row = code == SQLITE_ROW;
    }
    if (code == SQLITE_ROW) {
        return 0;
    }
    sqlite3_reset(statement);
    return code == SQLITE_DONE ? 0 : ledger_fail(ledger, code, error);
}

int ledger_begin(cs_ledger *ledger, cs_error *error)
{
    struct stat found;
    if (stat(ledger->path, &found) != 0 || found.st_dev != ledger->device ||
        found.st_ino != ledger->inode) {
        return cs_fail(error, CS_LIMIT, CS_LEDGER_FILE, ledger->path,
                       ": has been deleted or replaced while it was in use", NULL);
    }
    return ledger_run(ledger, "BEGIN IMMEDIATE", error);
}

int ledger_end(cs_ledger *ledger, int result, cs_error *error)
{
    result = result ? result : ledger_run(ledger, "COMMIT", error);
    if (result &&
        !sqlite3_get_autocommit(ledger->db)) { /* some failures have rolled back already */
        ledger_run(ledger, "ROLLBACK", NULL);
    }
    return result;
}

void ledger_bind_slice(sqlite3_stmt *statement, int place, cs_slice text)
{
    if (text.n) {
        sqlite3_bind_text64(statement, place, text.p, text.n, SQLITE_STATIC, SQLITE_UTF8);
    }
}

void ledger_bind_time(sqlite3_stmt *statement, int place, int64_t time_s)
{
    if (time_s) {
        sqlite3_bind_int64(statement, place, time_s);
    }
}

void ledger_column(sqlite3_stmt *statement, int place, char *out, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(statement, place);
    snprintf(out, size, "%s", text ? text : "");
}

static const char *const status_names[] = CS_STATUS_NAMES;

const char *ledger_status_name(enum cs_status status)
{
    return status_names[status];
}

enum cs_status ledger_column_status(sqlite3_stmt *statement, int place)
{
    const char *text = (const char *)sqlite3_column_text(statement, place);
    for (int i = CS_STATUS_NONE + 1; text && i < CS_STATUSES; i++) {
        if (strcmp(text, status_names[i]) == 0) {
            return (enum cs_status)i;
        }
    }
    return CS_STATUS_NONE;
}
