/* quota.h - what the bindings of a quota in memory and of one in a file share. */
#ifndef CERTSTAT_QUOTA_H
#define CERTSTAT_QUOTA_H

#include "bind.h"

#define QUOTA_LONGEST_NS (86400 * CS_SEC) /* a window, a guard */

static inline enum cs_lane quota_check_lane(lua_State *L, int index)
{
    static const char *const lanes[] = CS_LANE_NAMES;
    return (enum cs_lane)luaL_checkoption(L, index, NULL, lanes);
}

/* {rate=, window_ns=, guard_ns=}: rate is 1 to 400 calls in any window (10); window_ns a second, if
 * not said; guard_ns adapts, if not said. */
static inline cs_quota_rule quota_check_rule(lua_State *L, int table)
{
    cs_quota_rule rule = {
        .rate = bind_field_int64(L, table, "rate", 10),
        .window_ns = bind_field_int64(L, table, "window_ns", CS_SEC),
        .guard_ns = bind_field_int64(L, table, "guard_ns", CS_GUARD_ADAPTS),
    };
    if (rule.rate < 1 || rule.rate > CS_QUOTA_TIMES) {
        luaL_error(L, "quota: expected a rate from 1 to %d", CS_QUOTA_TIMES);
    }
    int guarded = rule.guard_ns == CS_GUARD_ADAPTS ||
                  (rule.guard_ns >= 0 && rule.guard_ns <= QUOTA_LONGEST_NS);
    if (rule.window_ns < 1 || rule.window_ns > QUOTA_LONGEST_NS || !guarded) {
        luaL_error(L, "quota: expected a window and a guard of at most one day");
    }
    return rule;
}

/* Pushes {rate=, free=, guard_ns=, paused_ns=}; see cs_quota_view. */
static inline void quota_push_view(lua_State *L, const cs_quota_view *view)
{
    const struct {
        const char *name;
        int64_t number;
    } fields[] = {
        {"rate", view->rate},
        {"free", view->free},
        {"guard_ns", view->guard_ns},
        {"paused_ns", view->paused_ns},
    };
    lua_createtable(L, 0, 5);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        bind_push_int64(L, fields[i].number);
        lua_setfield(L, -2, fields[i].name);
    }
}

#endif
