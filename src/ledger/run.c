/* run.c - a run begins, is taken up again, and ends; what it asks and is answered is record.c's. */
#include "internal.h"

#include <stdio.h>

int ledger_check_text(const char *what, cs_slice text, size_t most, cs_error *error)
{
    char number[24];
    if (text.n >= 1 && text.n <= most) {
        return 0;
    }
    snprintf(number, sizeof number, "1 to %zu", most);
    return cs_fail(error, CS_ARGUMENT, CS_LEDGER_FILE, what, ": expected ", number, " bytes", NULL);
}

static int drop_run(cs_ledger *ledger, int64_t run, cs_error *error)
{
    sqlite3_stmt *statement;
    int result = ledger_prepare(ledger, LEDGER_DROP_RUN, &statement, error);
    if (result) {
        return result;
    }
    sqlite3_bind_int64(statement, 1, run);
    return ledger_step(ledger, statement, NULL, error);
}

/* The first new number that this process can hold: where a ledger was deleted, somebody may still be
 * at a run of that one. */
static int add_run(cs_ledger *ledger, sqlite3_stmt *statement, int64_t *run, cs_error *error)
{
    for (;;) {
        int result = ledger_step(ledger, statement, NULL, error);
        *run = sqlite3_last_insert_rowid(ledger->db);
        result = result ? result : ledger_hold_run(ledger, *run, error);
        if (result != CS_ERROR(CS_LIMIT, CS_LEDGER_RUNNING)) {
            return result;
        }
        result = drop_run(ledger, *run, error);
        if (result) {
            return result;
        }
    }
}

int cs_ledger_begin_run(cs_ledger *ledger, const cs_ledger_start *start, int64_t *run,
                        cs_error *error)
{
    sqlite3_stmt *statement;
    int result = ledger_usable(ledger, error);
    result = result ? result
                    : ledger_check_text("account", start->account, CS_LEDGER_ACCOUNT_MAX, error);
    result = result ? result
                    : ledger_check_text("command", start->command, CS_LEDGER_COMMAND_MAX, error);
    result = result ? result
                    : ledger_check_text("settings", start->settings, CS_LEDGER_SETTINGS_MAX, error);
    result = result ? result : ledger_prepare(ledger, LEDGER_BEGIN_RUN, &statement, error);
    if (result) {
        return result;
    }
    ledger_bind_slice(statement, 1, start->account);
    ledger_bind_slice(statement, 2, start->command);
    ledger_bind_slice(statement, 3, start->settings);
    sqlite3_bind_int64(statement, 4, start->started_s);
    result = ledger_begin(ledger, error);
    return result ? result : ledger_end(ledger, add_run(ledger, statement, run, error), error);
}

int ledger_find_run(cs_ledger *ledger, int64_t run, cs_error *error)
{
    sqlite3_stmt *statement;
    char number[24];
    int found = 0;
    int result = ledger_prepare(ledger, LEDGER_FIND_RUN, &statement, error);
    if (!result) {
        sqlite3_bind_int64(statement, 1, run);
        result = ledger_step(ledger, statement, &found, error);
        sqlite3_reset(statement);
    }
    if (!result && !found) {
        snprintf(number, sizeof number, "%lld", (long long)run);
        return cs_fail(error, CS_ARGUMENT, CS_LEDGER_FILE, ledger->path, ": has no run ", number,
                       NULL);
    }
    return result;
}

static int take_up(cs_ledger *ledger, int64_t run, cs_error *error)
{
    sqlite3_stmt *statement;
    char number[24];
    int result = ledger_find_run(ledger, run, error);
    result = result ? result : ledger_prepare(ledger, LEDGER_RESUME_RUN, &statement, error);
    if (result) {
        return result;
    }
    sqlite3_bind_int64(statement, 1, run);
    result = ledger_step(ledger, statement, NULL, error);
    if (!result && sqlite3_changes(ledger->db) == 0) {
        snprintf(number, sizeof number, "%lld", (long long)run);
        return cs_fail(error, CS_ARGUMENT, CS_LEDGER_FILE, ledger->path, ": run ", number,
                       " is whole: nothing of it is left to be done", NULL);
    }
    return result;
}

int cs_ledger_resume_run(cs_ledger *ledger, int64_t run, cs_error *error)
{
    int result = ledger_usable(ledger, error);
    result = result ? result : ledger_hold_run(ledger, run, error);
    result = result ? result : ledger_begin(ledger, error);
    return result ? result : ledger_end(ledger, take_up(ledger, run, error), error);
}

static int write_end(cs_ledger *ledger, int64_t run, int64_t ended_s, int whole, cs_error *error)
{
    sqlite3_stmt *statement;
    int result = ledger_prepare(ledger, LEDGER_END_RUN, &statement, error);
    if (result) {
        return result;
    }
    sqlite3_bind_int64(statement, 1, run);
    sqlite3_bind_int64(statement, 2, ended_s);
    ledger_bind_slice(statement, 3, cs_slice_of(whole ? "whole" : "cut short"));
    return ledger_step(ledger, statement, NULL, error);
}

/* The journal is synchronised with this commit, and with it all that stands before. */
int cs_ledger_end_run(cs_ledger *ledger, int64_t run, int64_t ended_s, int whole, cs_error *error)
{
    int result = ledger_usable(ledger, error);
    result = result ? result : ledger_run(ledger, "PRAGMA synchronous = FULL", error);
    result = result ? result : ledger_begin(ledger, error);
    if (result) {
        return result;
    }
    result = ledger_find_run(ledger, run, error);
    result = result ? result : write_end(ledger, run, ended_s, whole, error);
    result = ledger_end(ledger, result, error);
    ledger_release_run(ledger, run);
    int restored = ledger_run(ledger, "PRAGMA synchronous = NORMAL", result ? NULL : error);
    return result ? result : restored;
}
