/* ledger_read.c - the methods of a ledger that read, and those that look after it. */
#include "ledger.h"

#define PAGE 64 /* rows read at once */

static void set_text(lua_State *L, const char *name, const char *text)
{
    if (*text) {
        lua_pushstring(L, text);
        lua_setfield(L, -2, name);
    }
}

static void set_number(lua_State *L, const char *name, int64_t number)
{
    bind_push_int64(L, number);
    lua_setfield(L, -2, name);
}

static void set_time(lua_State *L, const char *name, int64_t time_s)
{
    if (time_s) {
        set_number(L, name, time_s);
    }
}

static void set_status(lua_State *L, const char *name, enum cs_status status)
{
    static const char *const names[] = CS_STATUS_NAMES;
    set_text(L, name, names[status]);
}

/* {status=, revoked_at=, first_revoked_at=, checked_at=}, or nil */
static int push_answer(lua_State *L, const cs_ledger_latest *answer, int found)
{
    if (!found) {
        lua_pushnil(L);
        return 1;
    }
    lua_newtable(L);
    set_status(L, "status", answer->status);
    set_time(L, "revoked_at", answer->revoked_at_s);
    set_time(L, "first_revoked_at", answer->first_revoked_at_s);
    set_time(L, "checked_at", answer->checked_at_s);
    return 1;
}

/* ledger:latest(account, key) -> {status=, revoked_at=, first_revoked_at=, checked_at=}; nil where
 * there is no answer; or nil, message, info */
int method_latest(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    cs_ledger_latest latest;
    int found;
    cs_error error;
    if (cs_ledger_latest_of(ledger, bind_check_slice(L, 2), bind_check_slice(L, 3), &latest, &found,
                            &error) != 0) {
        return push_ledger_failure(L, &error);
    }
    return push_answer(L, &latest, found);
}

/* ledger:oldest(account, most) -> the latest answers of the account that are the oldest, `most` of
 * them, 10,000 at most: {key=, status=, checked_at=}, the oldest first; or nil, message, info */
int method_oldest(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    cs_slice account = bind_check_slice(L, 2);
    int64_t most = bind_check_int64(L, 3);
    luaL_argcheck(L, most >= 1 && most <= 10000, 3, "expected 1 to 10000");
    cs_ledger_entry *found =
        (cs_ledger_entry *)lua_newuserdata(L, (size_t)most * sizeof(cs_ledger_entry));
    size_t n;
    cs_error error;
    if (cs_ledger_oldest(ledger, account, found, (size_t)most, &n, &error) != 0) {
        return push_ledger_failure(L, &error);
    }
    lua_newtable(L);
    for (size_t i = 0; i < n; i++) {
        lua_newtable(L);
        set_text(L, "key", found[i].key);
        set_status(L, "status", found[i].status);
        set_time(L, "checked_at", found[i].checked_at_s);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* ledger:runs([before]) -> the newest 8 runs before that one, newest first: {run=, account=,
 * command=, settings=, started=, ended=, whole=, items=}; or nil, message, info */
int method_runs(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    int64_t before = lua_isnoneornil(L, 2) ? 0 : bind_check_int64(L, 2);
    cs_ledger_run found[8];
    size_t n;
    cs_error error;
    if (cs_ledger_runs(ledger, before, found, 8, &n, &error) != 0) {
        return push_ledger_failure(L, &error);
    }
    lua_newtable(L);
    for (size_t i = 0; i < n; i++) {
        lua_newtable(L);
        set_number(L, "run", found[i].run);
        set_text(L, "account", found[i].account);
        set_text(L, "command", found[i].command);
        set_text(L, "settings", found[i].settings);
        set_number(L, "started", found[i].started_s);
        set_time(L, "ended", found[i].ended_s);
        set_time(L, "items", found[i].items);
        lua_pushboolean(L, found[i].whole);
        lua_setfield(L, -2, "whole");
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

static void set_slice(lua_State *L, const char *name, cs_slice text)
{
    if (text.n) {
        bind_set_slice(L, name, text);
    }
}

/* ledger:asked(run, after) -> the first of what the run has asked behind position `after`, 64 at
 * most: {position=, key=, given=, source=, details=}; or nil, message, info */
int method_asked(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    int64_t run = bind_check_int64(L, 2), after = bind_check_int64(L, 3);
    cs_ledger_asked found[PAGE];
    char memory[65536];
    cs_buffer text;
    size_t n;
    cs_error error;
    cs_buffer_init(&text, memory, sizeof memory);
    if (cs_ledger_asked_of(ledger, run, after, found, PAGE, &text, &n, &error) != 0) {
        return push_ledger_failure(L, &error);
    }
    lua_newtable(L);
    for (size_t i = 0; i < n; i++) {
        lua_newtable(L);
        set_number(L, "position", found[i].position);
        set_slice(L, "key", found[i].key);
        bind_set_slice(L, "given", found[i].given);
        set_slice(L, "source", found[i].source);
        set_slice(L, "details", found[i].details);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* ledger:answer(run, key) -> {status=, revoked_at=, checked_at=}; nil where there is no answer; or
 * nil, message, info */
int method_answer(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    int64_t run = bind_check_int64(L, 2);
    cs_ledger_latest answer;
    int found;
    cs_error error;
    if (cs_ledger_answer_of(ledger, run, bind_check_slice(L, 3), &answer, &found, &error) != 0) {
        return push_ledger_failure(L, &error);
    }
    return push_answer(L, &answer, found);
}

/* ledger:compare(earlier, later, after) -> the first 64 keys behind `after` ("": of all) of which the
 * answers of two runs differ: {key=, before=, after=, revoked_at=}, without before or after where it
 * was not asked for; or nil, message, info */
int method_compare(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    int64_t earlier = bind_check_int64(L, 2), later = bind_check_int64(L, 3);
    cs_ledger_difference found[PAGE];
    size_t n;
    cs_error error;
    if (cs_ledger_compare(ledger, earlier, later, bind_check_slice(L, 4), found, PAGE, &n,
                          &error) != 0) {
        return push_ledger_failure(L, &error);
    }
    lua_newtable(L);
    for (size_t i = 0; i < n; i++) {
        lua_newtable(L);
        set_text(L, "key", found[i].key);
        set_status(L, "before", found[i].before);
        set_status(L, "after", found[i].after);
        set_time(L, "revoked_at", found[i].revoked_at_s);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* ledger:changes(after, since) -> the first 64 changes after number `after` and seen at `since` or
 * later: {change=, time=, account=, key=, old=, new=, run=}; or nil, message, info */
int method_changes(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    int64_t after = bind_check_int64(L, 2), since_s = bind_check_int64(L, 3);
    cs_ledger_change found[PAGE];
    size_t n;
    cs_error error;
    if (cs_ledger_changes(ledger, after, since_s, found, PAGE, &n, &error) != 0) {
        return push_ledger_failure(L, &error);
    }
    lua_newtable(L);
    for (size_t i = 0; i < n; i++) {
        lua_newtable(L);
        set_number(L, "change", found[i].change);
        set_number(L, "time", found[i].time_s);
        set_text(L, "account", found[i].account);
        set_text(L, "key", found[i].key);
        set_status(L, "old", found[i].before);
        set_status(L, "new", found[i].after);
        set_time(L, "run", found[i].run);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* ledger:info() -> {schema=, bytes=, runs=, asked=, answers=, latest=, changes=} | nil, message,
 * info */
int method_info(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    cs_ledger_info found;
    cs_error error;
    if (cs_ledger_info_of(ledger, &found, &error) != 0) {
        return push_ledger_failure(L, &error);
    }
    lua_newtable(L);
    set_number(L, "schema", found.schema);
    set_number(L, "bytes", found.bytes);
    set_number(L, "runs", found.runs);
    set_number(L, "asked", found.asked);
    set_number(L, "answers", found.answers);
    set_number(L, "latest", found.latest);
    set_number(L, "changes", found.changes);
    return 1;
}

/* ledger:check() -> what is wrong, a line each; "" where it is whole; or nil, message, info */
int method_check(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    char text[8192];
    cs_buffer lines;
    cs_error error;
    cs_buffer_init(&lines, text, sizeof text);
    if (cs_ledger_check(ledger, &lines, &error) != 0) {
        return push_ledger_failure(L, &error);
    }
    lua_pushlstring(L, lines.p, lines.n);
    return 1;
}

/* ledger:compact(keep) -> how many runs left it | nil, message, info */
int method_compact(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    int64_t keep = bind_check_int64(L, 2), dropped;
    luaL_argcheck(L, keep >= 0, 2, "expected a number of runs");
    cs_error error;
    if (cs_ledger_compact(ledger, keep, &dropped, &error) != 0) {
        return push_ledger_failure(L, &error);
    }
    bind_push_int64(L, dropped);
    return 1;
}
