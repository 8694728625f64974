/* certstat.ipc - the machine: clocks, random bytes. What waits, shares or touches files has rooms of its own. */
#include "ipc.h"

/* now_ns() -> nanoseconds of CLOCK_BOOTTIME: for durations; never steps */
static int now_ns(lua_State *L)
{
    bind_push_int64(L, cs_clock_now_ns());
    return 1;
}

/* wall_ns() -> nanoseconds since 1970, UTC */
static int wall_ns(lua_State *L)
{
    bind_push_int64(L, cs_clock_wall_ns());
    return 1;
}

/* thread_ns() -> nanoseconds for which this thread has run on a processor */
static int thread_ns(lua_State *L)
{
    bind_push_int64(L, cs_clock_thread_ns());
    return 1;
}

/* random(n) -> n random bytes (at most 1024), from getrandom(2) */
static int random_bytes(lua_State *L)
{
    char bytes[1024];
    lua_Integer n = luaL_checkinteger(L, 1);
    luaL_argcheck(L, n >= 0 && n <= (lua_Integer)sizeof bytes, 1, "expected 0 to 1024");
    cs_error error;
    if (cs_random_bytes(bytes, (size_t)n, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_pushlstring(L, bytes, (size_t)n);
    return 1;
}

/* isatty(fd) -> whether descriptor fd is a terminal */
static int is_terminal(lua_State *L)
{
    lua_pushboolean(L, cs_terminal_is((int)luaL_checkinteger(L, 1)));
    return 1;
}

/* interrupt_signals(): SIGTERM and SIGHUP do from now on what SIGINT does, SIGXFSZ nothing */
static int interrupt_signals(lua_State *L)
{
    (void)L;
    cs_signals_interrupt();
    return 0;
}

/* state_asked() -> whether SIGUSR1 has come since the last call; from the first one on it no longer
 * ends the process */
static int state_asked(lua_State *L)
{
    lua_pushboolean(L, cs_signal_asked());
    return 1;
}

BIND_EXPORT int luaopen_certstat_ipc(lua_State *L);
int luaopen_certstat_ipc(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"now_ns", now_ns},           {"wall_ns", wall_ns},
        {"thread_ns", thread_ns},     {"random", random_bytes},
        {"isatty", is_terminal},      {"interrupt_signals", interrupt_signals},
        {"state_asked", state_asked}, {NULL, NULL},
    };
    lua_newtable(L);
    bind_set_functions(L, functions);
    ipc_open_process(L);
    ipc_open_file(L);
    ipc_open_quota(L);
    return 1;
}
