/* read.c - what the ledger remembers. Each function reads a page, so that no reader holds back the
 * journal for long. */
#include "internal.h"

int cs_ledger_latest_of(cs_ledger *ledger, cs_slice account, cs_slice key, cs_ledger_latest *out,
                        int *found, cs_error *error)
{
    sqlite3_stmt *statement;
    *out = (cs_ledger_latest){.status = CS_STATUS_NONE};
    *found = 0;
    int result = ledger_usable(ledger, error);
    result = result ? result : ledger_prepare(ledger, LEDGER_FIND_LATEST, &statement, error);
    if (result) {
        return result;
    }
    ledger_bind_slice(statement, 1, account);
    ledger_bind_slice(statement, 2, key);
    result = ledger_step(ledger, statement, found, error);
    if (*found) {
        out->status = ledger_column_status(statement, 0);
        out->revoked_at_s = sqlite3_column_int64(statement, 1);
        out->first_revoked_at_s = sqlite3_column_int64(statement, 2);
        out->checked_at_s = sqlite3_column_int64(statement, 3);
    }
    sqlite3_reset(statement);
    return result;
}

int cs_ledger_runs(cs_ledger *ledger, int64_t before, cs_ledger_run *out, size_t size, size_t *n,
                   cs_error *error)
{
    sqlite3_stmt *statement;
    int more = 0;
    *n = 0;
    int result = ledger_usable(ledger, error);
    result = result ? result : ledger_prepare(ledger, LEDGER_RUNS, &statement, error);
    if (result) {
        return result;
    }
    sqlite3_bind_int64(statement, 1, before ? before : INT64_MAX);
    sqlite3_bind_int64(statement, 2, (int64_t)size);
    while (!(result = ledger_step(ledger, statement, &more, error)) && more && *n < size) {
        cs_ledger_run *run = &out[(*n)++];
        run->run = sqlite3_column_int64(statement, 0);
        ledger_column(statement, 1, run->account, sizeof run->account);
        ledger_column(statement, 2, run->command, sizeof run->command);
        ledger_column(statement, 3, run->settings, sizeof run->settings);
        run->started_s = sqlite3_column_int64(statement, 4);
        run->ended_s = sqlite3_column_int64(statement, 5);
        run->whole = sqlite3_column_bytes(statement, 6) == sizeof "whole" - 1;
    }
    sqlite3_reset(statement);
    return result;
}

int cs_ledger_changes(cs_ledger *ledger, int64_t after, int64_t since_s, cs_ledger_change *out,
                      size_t size, size_t *n, cs_error *error)
{
    sqlite3_stmt *statement;
    int more = 0;
    *n = 0;
    int result = ledger_usable(ledger, error);
    result = result ? result : ledger_prepare(ledger, LEDGER_CHANGES, &statement, error);
    if (result) {
        return result;
    }
    sqlite3_bind_int64(statement, 1, after);
    sqlite3_bind_int64(statement, 2, since_s);
    sqlite3_bind_int64(statement, 3, (int64_t)size);
    while (!(result = ledger_step(ledger, statement, &more, error)) && more && *n < size) {
        cs_ledger_change *change = &out[(*n)++];
        change->change = sqlite3_column_int64(statement, 0);
        change->time_s = sqlite3_column_int64(statement, 1);
        ledger_column(statement, 2, change->account, sizeof change->account);
        ledger_column(statement, 3, change->key, sizeof change->key);
        change->before = ledger_column_status(statement, 4);
        change->after = ledger_column_status(statement, 5);
        change->run = sqlite3_column_int64(statement, 6);
    }
    sqlite3_reset(statement);
    return result;
}
