/* core_engine.c - the engine. Its calls lie in the userdata itself, so that there is nothing to
 * free. */
#include "core.h"

#define ENGINE "certstat.engine"

static const char *const lanes[] = CS_LANE_NAMES;

struct engine {
    cs_engine state;
    cs_engine_call calls[];
};

static cs_engine *check_engine(lua_State *L)
{
    return &((struct engine *)luaL_checkudata(L, 1, ENGINE))->state;
}

/* engine{capacity=, attempts=, base_ns=, cap_ns=, seed=} -> engine. seed: random bytes; the rest as
 * cs_engine_options. */
static int engine_new(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    int64_t capacity = bind_field_int64(L, 1, "capacity", 1024);
    if (capacity < 1 || capacity > 100000) {
        return luaL_error(L, "engine: expected a capacity from 1 to 100000");
    }
    int64_t attempts = bind_field_int64(L, 1, "attempts", 0);
    if (attempts < 0 || attempts > 1000) {
        return luaL_error(L, "engine: expected at most 1000 attempts");
    }
    cs_engine_options options = {
        .attempts = (int)attempts,
        .base_ns = bind_field_int64(L, 1, "base_ns", 0),
        .cap_ns = bind_field_int64(L, 1, "cap_ns", 0),
    };
    cs_slice bytes = bind_field_slice(L, 1, "seed");
    uint64_t seed = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        seed = seed << 8 ^ seed >> 56 ^ (unsigned char)bytes.p[i];
    }
    size_t n = (size_t)capacity;
    struct engine *e = (struct engine *)lua_newuserdata(L, sizeof *e + n * sizeof(cs_engine_call));
    cs_engine_init(&e->state, e->calls, n, &options, seed);
    luaL_getmetatable(L, ENGINE);
    lua_setmetatable(L, -2);
    return 1;
}

/* engine:submit(id, lane, deadline_ns, now_ns) -> true; or nil, message, info. id: a whole number.
 */
static int engine_submit(lua_State *L)
{
    cs_engine *e = check_engine(L);
    uint64_t id = (uint64_t)bind_check_int64(L, 2);
    int lane = luaL_checkoption(L, 3, NULL, lanes);
    cs_error error;
    if (cs_engine_submit(e, id, (enum cs_lane)lane, bind_check_time(L, 4), bind_check_time(L, 5),
                         &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* engine:due(now_ns) -> nil: nothing; or id, "permit", lane: this call wants a permit; or id,
 * "expired": it is to be cancelled */
static int engine_due(lua_State *L)
{
    cs_engine_call call;
    enum cs_engine_due due = cs_engine_due(check_engine(L), bind_check_time(L, 2), &call);
    if (due == CS_ENGINE_IDLE) {
        lua_pushnil(L);
        return 1;
    }
    bind_push_int64(L, (int64_t)call.id);
    if (due == CS_ENGINE_EXPIRED) {
        lua_pushliteral(L, "expired");
        return 2;
    }
    lua_pushliteral(L, "permit");
    lua_pushstring(L, lanes[call.lane]);
    return 3;
}

/* engine:waiting(ahead_ns, now_ns) -> how many calls wait for a permit alone, which may come within
 * ahead_ns; and the id of the first, if there is one */
static int engine_waiting(lua_State *L)
{
    cs_engine *e = check_engine(L);
    uint64_t first;
    size_t n = cs_engine_waiting(e, bind_check_time(L, 2), bind_check_time(L, 3), &first);
    bind_push_int64(L, (int64_t)n);
    if (n == 0) {
        return 1;
    }
    bind_push_int64(L, (int64_t)first);
    return 2;
}

/* engine:granted(id) -> how often the call has been sent, this time included */
static int engine_granted(lua_State *L)
{
    lua_pushinteger(L, cs_engine_granted(check_engine(L), (uint64_t)bind_check_int64(L, 2)));
    return 1;
}

/* engine:blocked(lane, wait_ns, now_ns): there is no permit for this lane for so long */
static int engine_blocked(lua_State *L)
{
    cs_engine *e = check_engine(L);
    int lane = luaL_checkoption(L, 2, NULL, lanes);
    cs_engine_blocked(e, (enum cs_lane)lane, bind_check_time(L, 3), bind_check_time(L, 4));
    return 0;
}

/* engine:unblocked(): it is worth asking for each lane again */
static int engine_unblocked(lua_State *L)
{
    cs_engine_unblocked(check_engine(L));
    return 0;
}

/* engine:settle(id, outcome, least_wait_ns, now_ns) -> "settled" | "retry" | "attempts" |
 * "deadline". outcome: done failed retry throttled again late; see enum cs_outcome and
 * cs_settlement. */
static int engine_settle(lua_State *L)
{
    static const char *const outcomes[] = CS_OUTCOME_NAMES;
    static const char *const settled[] = CS_SETTLED_NAMES;
    cs_engine *e = check_engine(L);
    int outcome = luaL_checkoption(L, 3, NULL, outcomes);
    lua_pushstring(
        L, settled[cs_engine_settle(e, (uint64_t)bind_check_int64(L, 2), (enum cs_outcome)outcome,
                                    bind_check_int64(L, 4), bind_check_time(L, 5))]);
    return 1;
}

/* engine:may_retry(id) -> whether a call that is on its way is tried again should it fail */
static int engine_may_retry(lua_State *L)
{
    lua_pushboolean(L, cs_engine_may_retry(check_engine(L), (uint64_t)bind_check_int64(L, 2)));
    return 1;
}

/* engine:cancel(id): forgets it in whatever state */
static int engine_cancel(lua_State *L)
{
    cs_engine_cancel(check_engine(L), (uint64_t)bind_check_int64(L, 2));
    return 0;
}

/* engine:next(now_ns) -> nanoseconds with nothing to do, unless a call is submitted or settled;
 * nil: no end to it */
static int engine_next(lua_State *L)
{
    int64_t wait_ns = cs_engine_next(check_engine(L), bind_check_time(L, 2));
    if (wait_ns == INT64_MAX) {
        lua_pushnil(L);
    } else {
        bind_push_int64(L, wait_ns);
    }
    return 1;
}

static int engine_close(lua_State *L)
{
    check_engine(L);
    return 0;
}

void core_open_engine(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"submit", engine_submit},
        {"due", engine_due},
        {"granted", engine_granted},
        {"blocked", engine_blocked},
        {"unblocked", engine_unblocked},
        {"waiting", engine_waiting},
        {"settle", engine_settle},
        {"may_retry", engine_may_retry},
        {"cancel", engine_cancel},
        {"next", engine_next},
        {NULL, NULL},
    };
    static const luaL_Reg functions[] = {{"engine", engine_new}, {NULL, NULL}};
    bind_class(L, ENGINE, methods, engine_close);
    bind_set_functions(L, functions);
}
