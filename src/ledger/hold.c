/* hold.c - who is at a run: its process holds a lock on one byte of a file beside the ledger, that of
 * the run's number. The kernel releases it with its owner (fcntl(2), F_OFD_SETLK). */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define FILE_NAME "ledger.runs"

static int open_runs(cs_ledger *ledger, cs_error *error)
{
    char home[PATH_MAX];
    if (ledger->runs_fd >= 0) {
        return 0;
    }
    snprintf(home, sizeof home, "%.*s", (int)(strrchr(ledger->path, '/') - ledger->path),
             ledger->path);
    return cs_home_open_file(home, FILE_NAME, &ledger->runs_fd, error);
}

static int lock(int fd, int64_t run, short type)
{
    struct flock byte = {.l_type = type, .l_whence = SEEK_SET, .l_start = run, .l_len = 1};
    return fcntl(fd, F_OFD_SETLK, &byte) == 0 ? 0 : errno;
}

int ledger_hold_run(cs_ledger *ledger, int64_t run, cs_error *error)
{
    int result = open_runs(ledger, error);
    if (result) {
        return result;
    }
    char number[24];
    int failure = lock(ledger->runs_fd, run, F_WRLCK);
    snprintf(number, sizeof number, "%lld", (long long)run);
    if (failure == EAGAIN || failure == EACCES) {
        return cs_fail(error, CS_LIMIT, CS_LEDGER_RUNNING, ledger->path, ": run ", number,
                       " is still going on, in another process", NULL);
    }
    return failure ? cs_fail(error, CS_LIMIT, CS_LEDGER_FILE, ledger->path, ": run ", number, ": ",
                             strerror(failure), NULL)
                   : 0;
}

void ledger_release_run(cs_ledger *ledger, int64_t run)
{
    if (ledger->runs_fd >= 0) {
        lock(ledger->runs_fd, run, F_UNLCK);
    }
}
