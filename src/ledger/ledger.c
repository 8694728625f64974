/* ledger.c - the ledger's file: opened and closed. */
#include "internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "ledger.db"

/* The absolute path of `home`, for cs_home_open_file. */
static int absolute(const char *home, char *out, cs_error *error)
{
    char here[PATH_MAX] = "";
    if (home[0] != '/' && !getcwd(here, sizeof here)) {
        return cs_fail(error, CS_ARGUMENT, CS_LEDGER_FILE, home, ": ", strerror(errno), NULL);
    }
    int n = snprintf(out, PATH_MAX, *here ? "%s/%s" : "%s%s", here, home);
    if (n < 0 || n >= PATH_MAX - (int)sizeof FILE_NAME) {
        return cs_fail(error, CS_ARGUMENT, CS_LEDGER_FILE, home, ": the path is too long", NULL);
    }
    return 0;
}

/* Where several processes make one ledger, SQLite does not wait at each of its locks: its own busy
 * handler is no help, and all of it is tried again. */
static int prepare(cs_ledger *ledger, cs_error *error)
{
    for (int waited_ms = 0;; waited_ms += 10) {
        int result = ledger_migrate(ledger, error);
        result = result ? result : ledger_run(ledger, "PRAGMA journal_mode = WAL", error);
        if (result != CS_ERROR(CS_LIMIT, CS_LEDGER_BUSY) || waited_ms >= CS_LEDGER_BUSY_MS) {
            sqlite3_busy_timeout(ledger->db, CS_LEDGER_BUSY_MS);
            return result;
        }
        sqlite3_sleep(10);
    }
}

/* Its own mutexes are not needed: one object, one thread at a time. */
static int open_database(cs_ledger *ledger, cs_error *error)
{
    int code = sqlite3_open_v2(ledger->path, &ledger->db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code) {
        return ledger_fail(ledger, code, error);
    }
    struct stat opened;
    if (stat(ledger->path, &opened) != 0) {
        return cs_fail(error, CS_LIMIT, CS_LEDGER_FILE, ledger->path, ": ", strerror(errno), NULL);
    }
    ledger->device = opened.st_dev;
    ledger->inode = opened.st_ino;
    sqlite3_extended_result_codes(ledger->db, 1);
    int result = ledger_check_header(ledger, error);
    result = result ? result : prepare(ledger, error);
    /* keys come in no order, so that each reply changes a page for each: checkpoints are rare, and
     * the journal is cut after them. A long reader makes it grow beyond. */
    result = result ? result : ledger_run(ledger, "PRAGMA wal_autocheckpoint = 8000", error);
    result = result ? result : ledger_run(ledger, "PRAGMA journal_size_limit = 33554432", error);
    result = result ? result : ledger_run(ledger, "PRAGMA cache_size = -16000", error);
    return result ? result : ledger_run(ledger, "PRAGMA synchronous = NORMAL", error);
}

int cs_ledger_open(cs_ledger **out, const char *home, int create, cs_error *error)
{
    char folder[PATH_MAX];
    struct stat found;
    *out = NULL;
    int result = absolute(home, folder, error);
    if (result) {
        return result;
    }
    size_t size = strlen(folder) + sizeof "/" FILE_NAME;
    cs_ledger *ledger = (cs_ledger *)calloc(1, sizeof *ledger + size);
    if (!ledger) {
        return cs_fail(error, CS_LIMIT, CS_LEDGER_FILE, "out of memory for a ledger", NULL);
    }
    ledger->pid = getpid();
    ledger->runs_fd = -1;
    snprintf(ledger->path, size, "%s/" FILE_NAME, folder);
    if (!create && lstat(ledger->path, &found) != 0) {
        result = cs_fail(error, CS_ARGUMENT, CS_LEDGER_ABSENT, ledger->path, ": ", strerror(errno),
                         NULL);
    }
    result = result ? result : cs_home_open_file(folder, FILE_NAME, NULL, error);
    result = result ? result : open_database(ledger, error);
    if (result) {
        cs_ledger_close(ledger);
        return result;
    }
    *out = ledger;
    return 0;
}

void cs_ledger_close(cs_ledger *ledger)
{
    if (!ledger) {
        return;
    }
    if (ledger->pid ==
        getpid()) { /* in a child its memory is left: closing would let go of locks */
        for (int i = 0; i < LEDGER_STATEMENTS; i++) {
            sqlite3_finalize(ledger->statements[i]);
        }
        sqlite3_close(ledger->db);
    }
    if (ledger->runs_fd >= 0) { /* a child that kept it open would keep its parent's runs locked */
        close(ledger->runs_fd);
    }
    free(ledger);
}
