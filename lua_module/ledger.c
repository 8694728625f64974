/* ledger.c - certstat.ledger: the record of what was asked and answered, in a home. */
#include "bind.h"

#define LEDGER "certstat.ledger"
#define PAGE   64 /* rows read at once */

static cs_ledger *check_ledger(lua_State *L)
{
    return (cs_ledger *)bind_check(L, 1, LEDGER);
}

static int fail(lua_State *L, const cs_error *error)
{
    static const char *const codes[] = {"Ledger",      "LedgerAbsent",  "LedgerForeign",
                                        "LedgerNewer", "LedgerDamaged", "LedgerBusy"};
    unsigned detail = (unsigned)error->code & 0xffffff;
    return bind_fail(L, error, detail < sizeof codes / sizeof *codes ? codes[detail] : codes[0]);
}

static int done(lua_State *L, int result, const cs_error *error)
{
    if (result) {
        return fail(L, error);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* The string in a field of the table at `table`, where it stays: no metamethod is asked. */
static cs_slice raw_field(lua_State *L, int table, const char *name)
{
    cs_slice s = {NULL, 0};
    lua_pushstring(L, name);
    lua_rawget(L, table);
    if (lua_type(L, -1) == LUA_TSTRING) {
        s.p = lua_tolstring(L, -1, &s.n);
    } else if (!lua_isnil(L, -1)) {
        luaL_error(L, "field '%s': expected a string, found %s", name, luaL_typename(L, -1));
    }
    lua_pop(L, 1);
    return s;
}

static enum cs_status raw_status(lua_State *L, int table)
{
    static const char *const names[] = CS_STATUS_NAMES;
    cs_slice given = raw_field(L, table, "status");
    for (int i = CS_STATUS_NONE + 1; i < CS_STATUSES; i++) {
        if (cs_slice_equal(given, cs_slice_of(names[i]))) {
            return (enum cs_status)i;
        }
    }
    luaL_error(L, "field 'status': expected what an answer can be, found '%s'",
               given.n ? given.p : "");
    return CS_STATUS_NONE;
}

/* Pushes a new array of `n` elements for the list in a field, which is pushed first; the garbage
 * collector frees it. */
static void *new_array(lua_State *L, int table, const char *name, size_t element, size_t *n)
{
    lua_getfield(L, table, name);
    if (!lua_isnil(L, -1) && !lua_istable(L, -1)) {
        luaL_error(L, "field '%s': expected a list, found %s", name, luaL_typename(L, -1));
    }
    *n = lua_istable(L, -1) ? (size_t)bind_length(L, -1) : 0;
    return lua_newuserdata(L, *n * element + 1);
}

/* The element i of the list below the top, pushed; returns its place. */
static int push_element(lua_State *L, size_t i)
{
    lua_rawgeti(L, -2, (int)i + 1);
    luaL_checktype(L, -1, LUA_TTABLE);
    return lua_gettop(L);
}

static void check_asked(lua_State *L, cs_ledger_reply *reply)
{
    cs_ledger_asked *asked =
        (cs_ledger_asked *)new_array(L, 2, "asked", sizeof *asked, &reply->asked_n);
    for (size_t i = 0; i < reply->asked_n; i++) {
        int element = push_element(L, i);
        asked[i] = (cs_ledger_asked){.position = bind_field_int64(L, element, "position", 0),
                                     .key = raw_field(L, element, "key"),
                                     .given = raw_field(L, element, "given"),
                                     .source = raw_field(L, element, "source")};
        lua_pop(L, 1);
    }
    reply->asked = asked;
}

static void check_answers(lua_State *L, cs_ledger_reply *reply)
{
    int64_t checked_at_s = bind_field_int64(L, 2, "checked_at", 0);
    cs_ledger_answer *answers =
        (cs_ledger_answer *)new_array(L, 2, "answers", sizeof *answers, &reply->answers_n);
    for (size_t i = 0; i < reply->answers_n; i++) {
        int element = push_element(L, i);
        answers[i] =
            (cs_ledger_answer){.key = raw_field(L, element, "key"),
                               .status = raw_status(L, element),
                               .class_name = raw_field(L, element, "class"),
                               .code = raw_field(L, element, "code"),
                               .revoked_at_s = bind_field_int64(L, element, "revoked_at", 0),
                               .checked_at_s = checked_at_s};
        lua_pop(L, 1);
    }
    reply->answers = answers;
}

/* open{home=, create=} -> ledger | nil, message, info. create: makes what is missing */
static int ledger_open(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    cs_slice home = bind_field_slice(L, 1, "home");
    if (home.n == 0 || strlen(home.p) != home.n) {
        return luaL_error(L, "field 'home': expected a path");
    }
    int create = bind_field_boolean(L, 1, "create");
    void **box = bind_new(L, LEDGER);
    cs_ledger *ledger;
    cs_error error;
    if (cs_ledger_open(&ledger, home.p, create, &error) != 0) {
        return fail(L, &error);
    }
    *box = ledger;
    return 1;
}

/* ledger:begin_run{account=, command=, settings=, started=} -> its number | nil, message, info */
static int begin_run(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    cs_ledger_start start = {.account = bind_field_slice(L, 2, "account"),
                             .command = bind_field_slice(L, 2, "command"),
                             .settings = bind_field_slice(L, 2, "settings"),
                             .started_s = bind_field_int64(L, 2, "started", 0)};
    int64_t run;
    cs_error error;
    if (cs_ledger_begin_run(ledger, &start, &run, &error) != 0) {
        return fail(L, &error);
    }
    bind_push_int64(L, run);
    return 1;
}

/* ledger:record{account=, run=, checked_at=, answers={{key=, status=, revoked_at=, class=, code=}},
 * asked={{position=, key=, given=, source=}}} -> true | nil, message, info: all of it or nothing */
static int record(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    cs_ledger_reply reply = {.account = bind_field_slice(L, 2, "account"),
                             .run = bind_field_int64(L, 2, "run", 0)};
    check_asked(L, &reply);
    check_answers(L, &reply);
    cs_error error;
    return done(L, cs_ledger_record(ledger, &reply, &error), &error);
}

/* ledger:end_run(run, ended, whole) -> true | nil, message, info */
static int end_run(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    int64_t run = bind_check_int64(L, 2), ended_s = bind_check_int64(L, 3);
    cs_error error;
    return done(L, cs_ledger_end_run(ledger, run, ended_s, lua_toboolean(L, 4), &error), &error);
}

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

/* ledger:latest(account, key) -> {status=, revoked_at=, first_revoked_at=, checked_at=}; nil where
 * there is no answer; or nil, message, info */
static int latest(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    cs_ledger_latest found;
    int any;
    cs_error error;
    if (cs_ledger_latest_of(ledger, bind_check_slice(L, 2), bind_check_slice(L, 3), &found, &any,
                            &error) != 0) {
        return fail(L, &error);
    }
    if (!any) {
        lua_pushnil(L);
        return 1;
    }
    lua_newtable(L);
    set_status(L, "status", found.status);
    set_time(L, "revoked_at", found.revoked_at_s);
    set_time(L, "first_revoked_at", found.first_revoked_at_s);
    set_time(L, "checked_at", found.checked_at_s);
    return 1;
}

/* ledger:runs([before]) -> the newest 8 runs before that one, newest first: {run=, account=,
 * command=, settings=, started=, ended=, whole=}; or nil, message, info */
static int runs(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    int64_t before = lua_isnoneornil(L, 2) ? 0 : bind_check_int64(L, 2);
    cs_ledger_run found[8];
    size_t n;
    cs_error error;
    if (cs_ledger_runs(ledger, before, found, 8, &n, &error) != 0) {
        return fail(L, &error);
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
        lua_pushboolean(L, found[i].whole);
        lua_setfield(L, -2, "whole");
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* ledger:changes(after, since) -> the first 64 changes after number `after` and seen at `since` or
 * later: {change=, time=, account=, key=, old=, new=, run=}; or nil, message, info */
static int changes(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    int64_t after = bind_check_int64(L, 2), since_s = bind_check_int64(L, 3);
    cs_ledger_change found[PAGE];
    size_t n;
    cs_error error;
    if (cs_ledger_changes(ledger, after, since_s, found, PAGE, &n, &error) != 0) {
        return fail(L, &error);
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
static int info(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    cs_ledger_info found;
    cs_error error;
    if (cs_ledger_info_of(ledger, &found, &error) != 0) {
        return fail(L, &error);
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
static int check(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    char text[8192];
    cs_buffer lines;
    cs_error error;
    cs_buffer_init(&lines, text, sizeof text);
    if (cs_ledger_check(ledger, &lines, &error) != 0) {
        return fail(L, &error);
    }
    lua_pushlstring(L, lines.p, lines.n);
    return 1;
}

/* ledger:compact(keep) -> how many runs left it | nil, message, info */
static int compact(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    int64_t keep = bind_check_int64(L, 2), dropped;
    luaL_argcheck(L, keep >= 0, 2, "expected a number of runs");
    cs_error error;
    if (cs_ledger_compact(ledger, keep, &dropped, &error) != 0) {
        return fail(L, &error);
    }
    bind_push_int64(L, dropped);
    return 1;
}

static int close_ledger(lua_State *L)
{
    void **box = (void **)luaL_checkudata(L, 1, LEDGER);
    cs_ledger *ledger = (cs_ledger *)*box;
    *box = NULL;
    cs_ledger_close(ledger);
    return 0;
}

BIND_EXPORT int luaopen_certstat_ledger(lua_State *L);
int luaopen_certstat_ledger(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"begin_run", begin_run}, {"record", record},   {"end_run", end_run}, {"latest", latest},
        {"runs", runs},           {"changes", changes}, {"info", info},       {"check", check},
        {"compact", compact},     {NULL, NULL},
    };
    static const luaL_Reg functions[] = {{"open", ledger_open}, {NULL, NULL}};
    bind_class(L, LEDGER, methods, close_ledger);
    lua_newtable(L);
    bind_set_functions(L, functions);
    return 1;
}
