/* record.c - what is written while a run goes on: a transaction for each reply. */
#include "internal.h"

#include <stdio.h>
#include <string.h>

/* A canonical key, as cs_serial_key shows it: an even number of lower-case digits, 2 to 40. */
static int check_key(cs_slice key, cs_error *error)
{
    size_t digits = 0;
    while (digits < key.n && strchr("0123456789abcdef", key.p[digits]) && key.p[digits]) {
        digits++;
    }
    if (digits == key.n && key.n >= 2 && key.n <= CS_LEDGER_KEY_MAX && key.n % 2 == 0) {
        return 0;
    }
    return cs_fail(error, CS_ARGUMENT, CS_LEDGER_FILE,
                   "key: expected an even number of lower-case ", "hexadecimal digits, 2 to 40",
                   NULL);
}

static int add_asked(cs_ledger *ledger, int64_t run, const cs_ledger_asked *asked, cs_error *error)
{
    sqlite3_stmt *statement;
    int result = asked->key.n ? check_key(asked->key, error) : 0;
    result = result ? result : ledger_prepare(ledger, LEDGER_ADD_ASKED, &statement, error);
    if (result) {
        return result;
    }
    sqlite3_bind_int64(statement, 1, run);
    sqlite3_bind_int64(statement, 2, asked->position);
    ledger_bind_slice(statement, 3, asked->key);
    sqlite3_bind_text64(statement, 4, asked->given.n ? asked->given.p : "", asked->given.n,
                        SQLITE_STATIC, SQLITE_UTF8);
    ledger_bind_slice(statement, 5, asked->source);
    ledger_bind_slice(statement, 6, asked->details);
    return ledger_step(ledger, statement, NULL, error);
}

static int add_answer(cs_ledger *ledger, int64_t run, const cs_ledger_answer *answer,
                      cs_error *error)
{
    sqlite3_stmt *statement;
    int result = ledger_prepare(ledger, LEDGER_ADD_ANSWER, &statement, error);
    if (result) {
        return result;
    }
    sqlite3_bind_int64(statement, 1, run);
    ledger_bind_slice(statement, 2, answer->key);
    ledger_bind_slice(statement, 3, cs_slice_of(ledger_status_name(answer->status)));
    ledger_bind_slice(statement, 4, answer->class_name);
    ledger_bind_slice(statement, 5, answer->code);
    ledger_bind_time(statement, 6, answer->revoked_at_s);
    sqlite3_bind_int64(statement, 7, answer->checked_at_s);
    return ledger_step(ledger, statement, NULL, error);
}

static int put_latest(cs_ledger *ledger, cs_slice account, cs_slice key,
                      const cs_ledger_latest *latest, cs_error *error)
{
    sqlite3_stmt *statement;
    int result = ledger_prepare(ledger, LEDGER_PUT_LATEST, &statement, error);
    if (result) {
        return result;
    }
    ledger_bind_slice(statement, 1, account);
    ledger_bind_slice(statement, 2, key);
    ledger_bind_slice(statement, 3, cs_slice_of(ledger_status_name(latest->status)));
    ledger_bind_time(statement, 4, latest->revoked_at_s);
    ledger_bind_time(statement, 5, latest->first_revoked_at_s);
    sqlite3_bind_int64(statement, 6, latest->checked_at_s);
    return ledger_step(ledger, statement, NULL, error);
}

static int add_change(cs_ledger *ledger, const cs_ledger_reply *reply,
                      const cs_ledger_answer *answer, enum cs_status old, cs_error *error)
{
    sqlite3_stmt *statement;
    int result = ledger_prepare(ledger, LEDGER_ADD_CHANGE, &statement, error);
    if (result) {
        return result;
    }
    sqlite3_bind_int64(statement, 1, answer->checked_at_s);
    ledger_bind_slice(statement, 2, reply->account);
    ledger_bind_slice(statement, 3, answer->key);
    ledger_bind_slice(statement, 4, cs_slice_of(ledger_status_name(old)));
    ledger_bind_slice(statement, 5, cs_slice_of(ledger_status_name(answer->status)));
    ledger_bind_time(statement, 6, reply->run);
    return ledger_step(ledger, statement, NULL, error);
}

/* Two processes that have asked write their answers within seconds; by more than that only a clock
 * that was set back makes an answer older than the one before it. */
#define CLOCK_STEP_S 600

/* The latest answer, unless a newer one is there already: two processes may have asked. That a
 * certificate was revoked stays, whatever is said later. */
static int note_latest(cs_ledger *ledger, const cs_ledger_reply *reply,
                       const cs_ledger_answer *answer, cs_error *error)
{
    cs_ledger_latest old, latest;
    int found, known;
    int result = cs_ledger_latest_of(ledger, reply->account, answer->key, &old, &found, error);
    if (result) {
        return result;
    }
    known = found && old.checked_at_s > answer->checked_at_s &&
            old.checked_at_s - answer->checked_at_s < CLOCK_STEP_S;
    latest = known ? old
                   : (cs_ledger_latest){.status = answer->status,
                                        .revoked_at_s = answer->revoked_at_s,
                                        .checked_at_s = answer->checked_at_s};
    latest.first_revoked_at_s = found ? old.first_revoked_at_s : 0;
    if (answer->status == CS_STATUS_REVOKED && !latest.first_revoked_at_s) {
        latest.first_revoked_at_s =
            answer->revoked_at_s ? answer->revoked_at_s : answer->checked_at_s;
    }
    enum cs_status before = found ? old.status : CS_STATUS_GOOD;
    if (!known && before != answer->status) {
        result = add_change(ledger, reply, answer, found ? old.status : CS_STATUS_NONE, error);
    }
    return result ? result : put_latest(ledger, reply->account, answer->key, &latest, error);
}

static int note(cs_ledger *ledger, const cs_ledger_reply *reply, const cs_ledger_answer *answer,
                cs_error *error)
{
    int result = check_key(answer->key, error);
    if (!result && (answer->status <= CS_STATUS_NONE || answer->status >= CS_STATUSES ||
                    answer->status == CS_STATUS_INVALID)) {
        return cs_fail(error, CS_ARGUMENT, CS_LEDGER_FILE, "status: expected what an answer can be",
                       NULL);
    }
    if (!result && reply->run) {
        result = add_answer(ledger, reply->run, answer, error);
    }
    if (!result && answer->status != CS_STATUS_ERROR) {
        result = note_latest(ledger, reply, answer, error);
    }
    return result;
}

static int set_items(cs_ledger *ledger, int64_t run, int64_t items, cs_error *error)
{
    sqlite3_stmt *statement;
    int result = ledger_prepare(ledger, LEDGER_SET_ITEMS, &statement, error);
    if (result) {
        return result;
    }
    sqlite3_bind_int64(statement, 1, run);
    sqlite3_bind_int64(statement, 2, items);
    return ledger_step(ledger, statement, NULL, error);
}

static int write_reply(cs_ledger *ledger, const cs_ledger_reply *reply, cs_error *error)
{
    int result = reply->run ? ledger_find_run(ledger, reply->run, error) : 0;
    for (size_t i = 0; !result && i < reply->asked_n; i++) {
        result = add_asked(ledger, reply->run, &reply->asked[i], error);
    }
    for (size_t i = 0; !result && i < reply->answers_n; i++) {
        result = note(ledger, reply, &reply->answers[i], error);
    }
    if (!result && reply->items) {
        result = set_items(ledger, reply->run, reply->items, error);
    }
    return result;
}

int cs_ledger_record(cs_ledger *ledger, const cs_ledger_reply *reply, cs_error *error)
{
    int result = ledger_usable(ledger, error);
    result = result ? result
                    : ledger_check_text("account", reply->account, CS_LEDGER_ACCOUNT_MAX, error);
    result = result ? result : ledger_begin(ledger, error);
    return result ? result : ledger_end(ledger, write_reply(ledger, reply, error), error);
}
