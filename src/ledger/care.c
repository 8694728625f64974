/* care.c - how large the ledger is, whether it is whole, and how old runs leave it. */
#include "internal.h"

/* Rows of old runs that leave in one transaction: other writers get their turn between. */
#define DROPPED_AT_ONCE 2000
#define PAGES_AT_ONCE   "PRAGMA incremental_vacuum(500)"

int cs_ledger_info_of(cs_ledger *ledger, cs_ledger_info *out, cs_error *error)
{
    const struct {
        const char *sql;
        int64_t *number;
    } numbers[] = {
        {"PRAGMA user_version", &out->schema},
        {"SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", &out->bytes},
        {"SELECT count(*) FROM runs", &out->runs},
        {"SELECT count(*) FROM asked", &out->asked},
        {"SELECT count(*) FROM answers", &out->answers},
        {"SELECT count(*) FROM latest", &out->latest},
        {"SELECT count(*) FROM changes", &out->changes},
    };
    int result = ledger_usable(ledger, error);
    for (size_t i = 0; !result && i < sizeof numbers / sizeof *numbers; i++) {
        result = ledger_number(ledger, numbers[i].sql, numbers[i].number, error);
    }
    return result;
}

/* Each query finds nothing in a ledger that is whole. */
static const struct {
    const char *what, *sql;
} invariants[] = {
    {"integrity_check: ", "SELECT integrity_check FROM pragma_integrity_check(20)"
                          " WHERE integrity_check <> 'ok'"},
    {"asked, but of no run: ", "SELECT DISTINCT run FROM asked"
                               " WHERE run NOT IN (SELECT run FROM runs) LIMIT 20"},
    {"answers of no run: ", "SELECT DISTINCT run FROM answers"
                            " WHERE run NOT IN (SELECT run FROM runs) LIMIT 20"},
    {"asked in a whole run, but without an answer: ",
     "SELECT asked.run || ' ' || key FROM asked JOIN runs USING (run)"
     " WHERE outcome = 'whole' AND key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM answers"
     "  WHERE answers.run = asked.run AND answers.key = asked.key) LIMIT 20"},
    {"revoked without a first time: ", "SELECT account || ' ' || key FROM latest"
                                       " WHERE status = 'revoked' AND first_revoked_at IS NULL"
                                       " LIMIT 20"},
    {"not what the last change says: ",
     "SELECT account || ' ' || key FROM latest JOIN (SELECT account, key, new, max(change)"
     " FROM changes GROUP BY account, key) USING (account, key) WHERE status <> new LIMIT 20"},
};

static int check_one(cs_ledger *ledger, size_t i, cs_buffer *out, cs_error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(ledger->db, invariants[i].sql, -1, &statement, NULL);
    while (!code && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        cs_buffer_text(out, invariants[i].what);
        cs_buffer_text(out, (const char *)sqlite3_column_text(statement, 0));
        cs_buffer_byte(out, '\n');
        code = 0;
    }
    sqlite3_finalize(statement);
    return code == SQLITE_DONE ? 0 : ledger_fail(ledger, code, error);
}

int cs_ledger_check(cs_ledger *ledger, cs_buffer *out, cs_error *error)
{
    int result = ledger_usable(ledger, error);
    for (size_t i = 0; !result && i < sizeof invariants / sizeof *invariants; i++) {
        result = check_one(ledger, i, out, error);
    }
    return result;
}

/* The oldest run, where it is one too many; else 0. */
static int find_old_run(cs_ledger *ledger, int64_t keep, int64_t *run, cs_error *error)
{
    sqlite3_stmt *statement;
    int found = 0;
    *run = 0;
    int result = ledger_prepare(ledger, LEDGER_OLD_RUN, &statement, error);
    if (!result) {
        sqlite3_bind_int64(statement, 1, keep);
        result = ledger_step(ledger, statement, &found, error);
        *run = found ? sqlite3_column_int64(statement, 0) : 0;
        sqlite3_reset(statement);
    }
    return result;
}

/* Takes out at most `most` rows of a run's part, all of them with -1. *n: how many there were. */
static int drop(cs_ledger *ledger, enum ledger_sql which, int64_t run, int most, int *n,
                cs_error *error)
{
    sqlite3_stmt *statement;
    int result = ledger_prepare(ledger, which, &statement, error);
    if (!result) {
        sqlite3_bind_int64(statement, 1, run);
        if (which != LEDGER_DROP_RUN) {
            sqlite3_bind_int64(statement, 2, most);
        }
        result = ledger_step(ledger, statement, NULL, error);
        *n = sqlite3_changes(ledger->db);
    }
    return result;
}

/* The run with what has been recorded for it since. */
static int drop_rest(cs_ledger *ledger, int64_t run, cs_error *error)
{
    int n;
    int result = drop(ledger, LEDGER_DROP_ASKED, run, -1, &n, error);
    result = result ? result : drop(ledger, LEDGER_DROP_ANSWERS, run, -1, &n, error);
    return result ? result : drop(ledger, LEDGER_DROP_RUN, run, -1, &n, error);
}

static int drop_run(cs_ledger *ledger, int64_t run, cs_error *error)
{
    static const enum ledger_sql parts[] = {LEDGER_DROP_ASKED, LEDGER_DROP_ANSWERS};
    int result = 0;
    for (size_t i = 0; !result && i < sizeof parts / sizeof *parts; i++) {
        int n = DROPPED_AT_ONCE;
        while (!result && n == DROPPED_AT_ONCE) {
            result = drop(ledger, parts[i], run, DROPPED_AT_ONCE, &n, error);
        }
    }
    result = result ? result : ledger_begin(ledger, error);
    return result ? result : ledger_end(ledger, drop_rest(ledger, run, error), error);
}

static int give_back_pages(cs_ledger *ledger, cs_error *error)
{
    int64_t before = INT64_MAX, now = INT64_MAX;
    int result = ledger_number(ledger, "PRAGMA freelist_count", &now, error);
    while (!result && now > 0 && now < before) {
        before = now;
        result = ledger_run(ledger, PAGES_AT_ONCE, error);
        result = result ? result : ledger_number(ledger, "PRAGMA freelist_count", &now, error);
    }
    /* A reader may hold the journal's end: then it is cut another time. Who waited for him would
     * keep all others from writing meanwhile. */
    sqlite3_busy_timeout(ledger->db, 0);
    result = result ? result : ledger_run(ledger, "PRAGMA wal_checkpoint(TRUNCATE)", error);
    sqlite3_busy_timeout(ledger->db, CS_LEDGER_BUSY_MS);
    return result;
}

int cs_ledger_compact(cs_ledger *ledger, int64_t keep, int64_t *dropped, cs_error *error)
{
    int64_t run = 0;
    *dropped = 0;
    int result = ledger_usable(ledger, error);
    result = result ? result : find_old_run(ledger, keep, &run, error);
    while (!result && run) {
        result = drop_run(ledger, run, error);
        *dropped += !result;
        result = result ? result : find_old_run(ledger, keep, &run, error);
    }
    return result ? result : give_back_pages(ledger, error);
}
