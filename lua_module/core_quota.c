/* core_quota.c - a quota in memory. */
#include "core.h"
#include "quota.h"

#define QUOTA "certstat.quota"

struct quota {
    cs_quota state;
    cs_quota_rule rule;
};

static struct quota *check_quota(lua_State *L)
{
    return (struct quota *)luaL_checkudata(L, 1, QUOTA);
}

/* quota{rate=, window_ns=, guard_ns=} -> quota; see quota_check_rule */
static int quota_new(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    cs_quota_rule rule = quota_check_rule(L, 1);
    struct quota *q = (struct quota *)lua_newuserdata(L, sizeof *q);
    *q = (struct quota){.rule = rule};
    luaL_getmetatable(L, QUOTA);
    lua_setmetatable(L, -2);
    return 1;
}

/* quota:take(lane, now_ns, hold_ns) -> 0, permit; or the nanoseconds for which it is not worth
 * asking again */
static int quota_take(lua_State *L)
{
    struct quota *q = check_quota(L);
    enum cs_lane lane = quota_check_lane(L, 2);
    int64_t now_ns = bind_check_time(L, 3), hold_ns = bind_check_int64(L, 4), permit;
    luaL_argcheck(L, hold_ns >= 0 && hold_ns <= 3600 * CS_SEC, 4, "expected at most an hour");
    int64_t wait_ns = cs_quota_take(&q->state, &q->rule, lane, hold_ns, now_ns, &permit);
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
    cs_quota_sent(&check_quota(L)->state, bind_check_time(L, 2), bind_check_time(L, 3));
    return 0;
}

/* quota:give_back(permit): nothing of its call has left, nor will */
static int quota_give_back(lua_State *L)
{
    cs_quota_return(&check_quota(L)->state, bind_check_time(L, 2));
    return 0;
}

/* quota:pause(until_ns, now_ns): the service throttled; nobody sends before until_ns */
static int quota_pause(lua_State *L)
{
    cs_quota *q = &check_quota(L)->state;
    cs_quota_pause(q, bind_check_time(L, 2));
    cs_guard_throttled(&q->guard, bind_check_time(L, 3));
    return 0;
}

/* quota:replied(sent_ns, first_byte_ns): a call that left then was answered then */
static int quota_replied(lua_State *L)
{
    cs_guard_replied(&check_quota(L)->state.guard, bind_check_time(L, 2), bind_check_time(L, 3));
    return 0;
}

/* quota:retry(now_ns [, most_ns]) -> nanoseconds that a retry has to wait for the retry budget.
 * most_ns: how long it can wait; nothing is taken where that is too short. */
static int quota_retry(lua_State *L)
{
    struct quota *q = check_quota(L);
    int64_t now_ns = bind_check_time(L, 2);
    int64_t most_ns = lua_isnoneornil(L, 3) ? INT64_MAX : bind_check_int64(L, 3);
    bind_push_int64(L, cs_budget_take(&q->state.budget, most_ns, now_ns));
    return 1;
}

/* quota:reward(now_ns): a call has succeeded */
static int quota_reward(lua_State *L)
{
    cs_budget_reward(&check_quota(L)->state.budget, bind_check_time(L, 2));
    return 0;
}

/* quota:flush(now_ns) -> true: as a quota in a file has it, which others may keep from writing */
static int quota_flush(lua_State *L)
{
    check_quota(L);
    lua_pushboolean(L, 1);
    return 1;
}

/* quota:look(now_ns) -> {rate=, free=, guard_ns=, paused_ns=} */
static int quota_look(lua_State *L)
{
    struct quota *q = check_quota(L);
    cs_quota_view view;
    cs_quota_look(&q->state, &q->rule, bind_check_time(L, 2), &view);
    quota_push_view(L, &view);
    return 1;
}

/* It holds nothing to close; the method is there so that a quota in memory and one in a file are
 * used alike. */
static int quota_close(lua_State *L)
{
    check_quota(L);
    return 0;
}

void core_open_quota(lua_State *L)
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
