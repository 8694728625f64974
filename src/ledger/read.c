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
        run->items = sqlite3_column_int64(statement, 7);
    }
    sqlite3_reset(statement);
    return result;
}

static cs_slice keep_text(sqlite3_stmt *statement, int place, cs_buffer *text)
{
    size_t from = text->n;
    cs_slice found = {(const char *)sqlite3_column_text(statement, place),
                      (size_t)sqlite3_column_bytes(statement, place)};
    cs_buffer_put(text, found);
    return cs_buffer_slice(text, from);
}

/* Whether the row fits. */
static int keep_asked(sqlite3_stmt *statement, cs_ledger_asked *out, cs_buffer *text)
{
    size_t before = text->n;
    out->position = sqlite3_column_int64(statement, 0);
    out->key = keep_text(statement, 1, text);
    out->given = keep_text(statement, 2, text);
    out->source = keep_text(statement, 3, text);
    out->details = keep_text(statement, 4, text);
    if (text->failed) {
        text->n = before;
    }
    return !text->failed;
}

int cs_ledger_asked_of(cs_ledger *ledger, int64_t run, int64_t after, cs_ledger_asked *out,
                       size_t size, cs_buffer *text, size_t *n, cs_error *error)
{
    sqlite3_stmt *statement;
    int more = 0;
    *n = 0;
    int result = ledger_usable(ledger, error);
    result = result ? result : ledger_prepare(ledger, LEDGER_ASKED, &statement, error);
    if (result) {
        return result;
    }
    sqlite3_bind_int64(statement, 1, run);
    sqlite3_bind_int64(statement, 2, after);
    sqlite3_bind_int64(statement, 3, (int64_t)size);
    while (!(result = ledger_step(ledger, statement, &more, error)) && more && *n < size &&
           keep_asked(statement, &out[*n], text)) {
        ++*n;
    }
    sqlite3_reset(statement);
    if (!result && text->failed && *n == 0) {
        return cs_fail(error, CS_LIMIT, CS_LEDGER_FILE, ledger->path,
                       ": what was asked is longer than certstat writes it", NULL);
    }
    return result;
}

int cs_ledger_answer_of(cs_ledger *ledger, int64_t run, cs_slice key, cs_ledger_latest *out,
                        int *found, cs_error *error)
{
    sqlite3_stmt *statement;
    *out = (cs_ledger_latest){.status = CS_STATUS_NONE};
    *found = 0;
    int result = ledger_usable(ledger, error);
    result = result ? result : ledger_prepare(ledger, LEDGER_FIND_ANSWER, &statement, error);
    if (result) {
        return result;
    }
    sqlite3_bind_int64(statement, 1, run);
    ledger_bind_slice(statement, 2, key);
    result = ledger_step(ledger, statement, found, error);
    if (*found) {
        out->status = ledger_column_status(statement, 0);
        out->revoked_at_s = sqlite3_column_int64(statement, 1);
        out->checked_at_s = sqlite3_column_int64(statement, 2);
    }
    sqlite3_reset(statement);
    return result;
}

int cs_ledger_oldest(cs_ledger *ledger, cs_slice account, cs_ledger_entry *out, size_t size,
                     size_t *n, cs_error *error)
{
    sqlite3_stmt *statement;
    int more = 0;
    *n = 0;
    int result = ledger_usable(ledger, error);
    result = result ? result : ledger_prepare(ledger, LEDGER_OLDEST, &statement, error);
    if (result) {
        return result;
    }
    ledger_bind_slice(statement, 1, account);
    sqlite3_bind_int64(statement, 2, (int64_t)size);
    while (!(result = ledger_step(ledger, statement, &more, error)) && more && *n < size) {
        cs_ledger_entry *entry = &out[(*n)++];
        ledger_column(statement, 0, entry->key, sizeof entry->key);
        entry->status = ledger_column_status(statement, 1);
        entry->checked_at_s = sqlite3_column_int64(statement, 2);
    }
    sqlite3_reset(statement);
    return result;
}

int cs_ledger_compare(cs_ledger *ledger, int64_t earlier, int64_t later, cs_slice after,
                      cs_ledger_difference *out, size_t size, size_t *n, cs_error *error)
{
    sqlite3_stmt *statement;
    int more = 0;
    *n = 0;
    int result = ledger_usable(ledger, error);
    result = result ? result : ledger_prepare(ledger, LEDGER_COMPARE, &statement, error);
    if (result) {
        return result;
    }
    sqlite3_bind_int64(statement, 1, earlier);
    sqlite3_bind_int64(statement, 2, later);
    sqlite3_bind_text64(statement, 3, after.n ? after.p : "", after.n, SQLITE_STATIC, SQLITE_UTF8);
    sqlite3_bind_int64(statement, 4, (int64_t)size);
    while (!(result = ledger_step(ledger, statement, &more, error)) && more && *n < size) {
        cs_ledger_difference *one = &out[(*n)++];
        ledger_column(statement, 0, one->key, sizeof one->key);
        one->before = ledger_column_status(statement, 1);
        one->after = ledger_column_status(statement, 2);
        one->revoked_at_s = sqlite3_column_int64(statement, 3);
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
