/* ledger_write.c - the methods of a ledger that write. */
#include "ledger.h"

static int done(lua_State *L, int result, const cs_error *error)
{
    if (result) {
        return push_ledger_failure(L, error);
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
                                     .source = raw_field(L, element, "source"),
                                     .details = raw_field(L, element, "details")};
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

/* ledger:begin_run{account=, command=, settings=, started=} -> its number | nil, message, info */
int method_begin_run(lua_State *L)
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
        return push_ledger_failure(L, &error);
    }
    bind_push_int64(L, run);
    return 1;
}

/* ledger:resume_run(run) -> true | nil, message, info */
int method_resume_run(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    int64_t run = bind_check_int64(L, 2);
    cs_error error;
    return done(L, cs_ledger_resume_run(ledger, run, &error), &error);
}

/* ledger:record{account=, run=, checked_at=, answers={{key=, status=, revoked_at=, class=, code=}},
 * asked={{position=, key=, given=, source=, details=}}, items=} -> true | nil, message, info: all of it or nothing.
 * items: how many the run asks for in all, once that is known */
int method_record(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    cs_ledger_reply reply = {.account = bind_field_slice(L, 2, "account"),
                             .run = bind_field_int64(L, 2, "run", 0),
                             .items = bind_field_int64(L, 2, "items", 0)};
    check_asked(L, &reply);
    check_answers(L, &reply);
    cs_error error;
    return done(L, cs_ledger_record(ledger, &reply, &error), &error);
}

/* ledger:end_run(run, ended, whole) -> true | nil, message, info */
int method_end_run(lua_State *L)
{
    cs_ledger *ledger = check_ledger(L);
    int64_t run = bind_check_int64(L, 2), ended_s = bind_check_int64(L, 3);
    cs_error error;
    return done(L, cs_ledger_end_run(ledger, run, ended_s, lua_toboolean(L, 4), &error), &error);
}
