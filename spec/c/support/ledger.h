/* ledger.h - a ledger in a folder of its own for each test, and SQLite's own view of it. */
#ifndef CERTSTAT_SPEC_LEDGER_H
#define CERTSTAT_SPEC_LEDGER_H

#include "support/folder.h"

#include <sqlite3.h>

/* What SQLite gives for one query, values joined by '|', rows by '\n'; good until the next call. */
static inline const char *ask_sqlite(const char *sql)
{
    static char text[4096];
    sqlite3 *db;
    sqlite3_stmt *statement;
    cs_buffer out;
    cs_buffer_init(&out, text, sizeof text - 1);
    assert_int_equal(sqlite3_open(path_of("ledger.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    for (int rows = 0; sqlite3_step(statement) == SQLITE_ROW; rows++) {
        if (rows) {
            cs_buffer_byte(&out, '\n');
        }
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const char *value = (const char *)sqlite3_column_text(statement, i);
            cs_buffer_text(&out, i ? "|" : "");
            cs_buffer_text(&out, value ? value : "-");
        }
    }
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    text[out.n] = '\0';
    return text;
}

static inline cs_ledger *open_ledger(void)
{
    cs_ledger *ledger;
    cs_error error = {0, ""};
    int result = cs_ledger_open(&ledger, folder, 1, &error);
    assert_string_equal(error.message, "");
    assert_int_equal(result, 0);
    return ledger;
}

static inline int64_t begin_run(cs_ledger *ledger)
{
    cs_ledger_start start = {CS_LITERAL("default"), CS_LITERAL("audit"), CS_LITERAL("from=list"),
                             1000};
    int64_t run = 0;
    assert_int_equal(cs_ledger_begin_run(ledger, &start, &run, NULL), 0);
    return run;
}

/* A process that is at a run, and says its number. */
static inline pid_t begin_elsewhere(int64_t *run)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int64_t begun = begin_run(open_ledger());
        _exit(write(fds[1], &begun, sizeof begun) == sizeof begun && pause());
    }
    close(fds[1]);
    assert_int_equal(read(fds[0], run, sizeof *run), sizeof *run);
    close(fds[0]);
    return child;
}

static inline int record_one(cs_ledger *ledger, int64_t run, const char *key, enum cs_status status,
                             int64_t revoked_at_s, int64_t checked_at_s, cs_error *error)
{
    cs_ledger_answer answer = {.key = cs_slice_of(key),
                               .status = status,
                               .revoked_at_s = revoked_at_s,
                               .checked_at_s = checked_at_s};
    cs_ledger_reply reply = {
        .account = CS_LITERAL("default"), .run = run, .answers = &answer, .answers_n = 1};
    return cs_ledger_record(ledger, &reply, error);
}

/* A reply of `n` keys that begin with `first`, each asked at its place. */
static inline int record_many(cs_ledger *ledger, int64_t run, unsigned first, unsigned n,
                              cs_error *error)
{
    static char keys[200][16];
    static cs_ledger_answer answers[200];
    static cs_ledger_asked asked[200];
    for (unsigned i = 0; i < n; i++) {
        /* spread over the tree, as serial numbers are */
        snprintf(keys[i], sizeof keys[i], "%08x", (first + i) * 2654435761u);
        cs_slice key = cs_slice_of(keys[i]);
        answers[i] = (cs_ledger_answer){.key = key, .status = CS_STATUS_GOOD, .checked_at_s = 2000};
        asked[i] = (cs_ledger_asked){.position = first + i + 1, .key = key, .given = key};
    }
    cs_ledger_reply reply = {.account = CS_LITERAL("default"),
                             .run = run,
                             .asked = asked,
                             .asked_n = n,
                             .answers = answers,
                             .answers_n = n};
    return cs_ledger_record(ledger, &reply, error);
}

static inline void assert_whole(cs_ledger *ledger)
{
    char text[1024];
    cs_buffer faults;
    cs_buffer_init(&faults, text, sizeof text - 1);
    assert_int_equal(cs_ledger_check(ledger, &faults, NULL), 0);
    text[faults.n] = '\0';
    assert_string_equal(text, "");
}

#endif
