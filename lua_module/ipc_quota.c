/* ipc_quota.c - a quota in a file, with the methods of the one in memory. */
#include "ipc.h"
#include "quota.h"

#define QUOTA "certstat.quota.file"

static cs_quota_file *check_quota(lua_State *L)
{
    return (cs_quota_file *)bind_check(L, 1, QUOTA);
}

static int fail(lua_State *L, const cs_error *error)
{
    int held = (error->code & 0xffffff) == CS_QUOTA_LOCK_HELD;
    return bind_fail(L, error, held ? "QuotaLockHeld" : "QuotaFile");
}

static const char *check_path(lua_State *L, int table, const char *field)
{
    cs_slice path = bind_field_slice(L, table, field);
    if (path.n == 0 || strlen(path.p) != path.n) {
        luaL_error(L, "field '%s': expected a path", field);
    }
    return path.p;
}

/* quota{home=, name=, later=, rate=, window_ns=, guard_ns=} -> quota | nil, message, info: in the file
 * name ("quota/default") of the folder home; later: whether that can be opened shows when it is used;
 * the rest as quota_check_rule */
static int quota_new(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    cs_quota_rule rule = quota_check_rule(L, 1);
    const char *home = check_path(L, 1, "home"), *name = check_path(L, 1, "name");
    void **box = bind_new(L, QUOTA);
    cs_quota_file *quota;
    cs_error error;
    if (cs_quota_file_new(&quota, home, name, &rule, &error) != 0) {
        return fail(L, &error);
    }
    *box = quota;
    if (!bind_field_boolean(L, 1, "later") && cs_quota_file_probe(quota, &error) != 0) {
        return fail(L, &error);
    }
    return 1;
}

/* quota:take(lane, now_ns, hold_ns) -> 0, permit; or the nanoseconds for which it is not worth
 * asking again; or nil, message, info */
static int quota_take(lua_State *L)
{
    cs_quota_file *quota = check_quota(L);
    enum cs_lane lane = quota_check_lane(L, 2);
    int64_t now_ns = bind_check_time(L, 3), hold_ns = bind_check_int64(L, 4), wait_ns, permit;
    luaL_argcheck(L, hold_ns >= 0, 4, "expected a time");
    cs_error error;
    if (cs_quota_file_take(quota, lane, hold_ns, now_ns, &wait_ns, &permit, &error) != 0) {
        return fail(L, &error);
    }
    bind_push_int64(L, wait_ns);
    if (wait_ns) {
        return 1;
    }
    bind_push_int64(L, permit);
    return 2;
}

/* quota:sent(permit, left_ns): the call of this permit had begun to leave by then */
static int quota_sent(lua_State *L)
{
    cs_quota_file_sent(check_quota(L), bind_check_time(L, 2), bind_check_time(L, 3));
    return 0;
}

/* quota:give_back(permit): nothing of its call has left, nor will */
static int quota_give_back(lua_State *L)
{
    cs_quota_file_return(check_quota(L), bind_check_time(L, 2));
    return 0;
}

/* quota:pause(until_ns, now_ns): the service throttled; nobody sends before until_ns */
static int quota_pause(lua_State *L)
{
    cs_quota_file_pause(check_quota(L), bind_check_time(L, 2), bind_check_time(L, 3));
    return 0;
}

/* quota:replied(sent_ns, first_byte_ns): a call that left then was answered then */
static int quota_replied(lua_State *L)
{
    cs_quota_file_replied(check_quota(L), bind_check_time(L, 2), bind_check_time(L, 3));
    return 0;
}

/* quota:retry(now_ns [, most_ns]) -> nanoseconds that a retry has to wait for the retry budget.
 * most_ns: how long it can wait; nothing is taken where that is too short. */
static int quota_retry(lua_State *L)
{
    cs_quota_file *quota = check_quota(L);
    int64_t now_ns = bind_check_time(L, 2);
    int64_t most_ns = lua_isnoneornil(L, 3) ? INT64_MAX : bind_check_int64(L, 3);
    bind_push_int64(L, cs_quota_file_retry(quota, most_ns, now_ns));
    return 1;
}

/* quota:reward(now_ns): a call has succeeded */
static int quota_reward(lua_State *L)
{
    cs_quota_file_reward(check_quota(L), bind_check_time(L, 2));
    return 0;
}

/* quota:flush(now_ns) -> whether all that was said is in the file; else it was locked, or could not
 * be written: say it again in a moment */
static int quota_flush(lua_State *L)
{
    lua_pushboolean(L, cs_quota_file_flush(check_quota(L), bind_check_time(L, 2)));
    return 1;
}

/* quota:look(now_ns) -> {rate=, free=, guard_ns=, paused_ns=, holders=}, the last a text; or the
 * nanoseconds for which it is not worth asking again; or nil, message, info */
static int quota_look(lua_State *L)
{
    cs_quota_file *quota = check_quota(L);
    int64_t now_ns = bind_check_time(L, 2), wait_ns;
    char text[512];
    cs_quota_view view;
    cs_buffer holders;
    cs_error error;
    cs_buffer_init(&holders, text, sizeof text);
    if (cs_quota_file_look(quota, now_ns, &wait_ns, &view, &holders, &error) != 0) {
        return fail(L, &error);
    }
    if (wait_ns) {
        bind_push_int64(L, wait_ns);
        return 1;
    }
    quota_push_view(L, &view);
    bind_set_slice(L, "holders", cs_buffer_slice(&holders, 0));
    return 1;
}

static int quota_close(lua_State *L)
{
    void **box = (void **)luaL_checkudata(L, 1, QUOTA);
    cs_quota_file *quota = (cs_quota_file *)*box;
    *box = NULL;
    cs_quota_file_close(quota);
    return 0;
}

void ipc_open_quota(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"take", quota_take},           {"sent", quota_sent},
        {"give_back", quota_give_back}, {"pause", quota_pause},
        {"retry", quota_retry},         {"reward", quota_reward},
        {"replied", quota_replied},     {"flush", quota_flush},
        {"look", quota_look},           {NULL, NULL},
    };
    static const luaL_Reg functions[] = {{"quota", quota_new}, {NULL, NULL}};
    bind_class(L, QUOTA, methods, quota_close);
    bind_set_functions(L, functions);
}
