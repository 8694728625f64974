/* ipc_process.c - child processes and what they listen on. */
#include <unistd.h>

#include "ipc.h"

#define PROCESS  "certstat.process"
#define LISTENER "certstat.listener"

#define MOST_KEPT 16

/* The strings of the array in `field` as a NULL-terminated vector. It borrows them, so the array
 * and the vector both stay on the stack. */
static const char *const *check_strings(lua_State *L, int table, const char *field, int least)
{
    lua_getfield(L, table, field);
    int array = lua_gettop(L);
    int n = 0;
    if (lua_istable(L, array)) {
        for (lua_rawgeti(L, array, 1); !lua_isnil(L, -1); lua_rawgeti(L, array, n + 1)) {
            size_t size = 0;
            const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : NULL;
            if (!text || strlen(text) != size) {
                luaL_error(L, "field '%s': expected strings without a NUL byte", field);
            }
            lua_pop(L, 1);
            n++;
        }
        lua_pop(L, 1);
    }
    if (n < least) {
        luaL_error(L, "field '%s': expected an array of at least %d strings", field, least);
    }
    const char **vector = (const char **)lua_newuserdata(L, ((size_t)n + 1) * sizeof *vector);
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, array, i + 1);
        vector[i] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    vector[n] = NULL;
    return vector;
}

static size_t check_kept(lua_State *L, int table, int kept[MOST_KEPT])
{
    size_t n = 0;
    lua_getfield(L, table, "keep");
    if (lua_istable(L, -1)) {
        for (lua_rawgeti(L, -1, 1); !lua_isnil(L, -1); lua_rawgeti(L, -1, (int)n + 1)) {
            if (n == MOST_KEPT || !lua_isnumber(L, -1)) {
                luaL_error(L, "field 'keep': expected at most %d descriptors", MOST_KEPT);
            }
            kept[n++] = (int)lua_tointeger(L, -1);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return n;
}

/* spawn{argv={path, …}, env={"NAME=VALUE", …}, keep={fd, …}, output=bool, errors=bool,
 * signals=bool, parent_signal=number}
 * -> process | nil, message, info. The program runs in a group of its own; collecting the process
 * kills the group. */
static int spawn(lua_State *L)
{
    int kept[MOST_KEPT];
    luaL_checktype(L, 1, LUA_TTABLE);
    cs_process_options options = {
        .argv = check_strings(L, 1, "argv", 1),
        .env = check_strings(L, 1, "env", 0),
        .keep = kept,
        .keep_n = check_kept(L, 1, kept),
        .output = bind_field_boolean(L, 1, "output"),
        .errors = bind_field_boolean(L, 1, "errors"),
        .signals = bind_field_boolean(L, 1, "signals"),
        .parent_signal = (int)bind_field_int64(L, 1, "parent_signal", 0),
    };
    cs_error error;
    void **box = bind_new(L, PROCESS);
    cs_process *process;
    if (cs_process_spawn(&process, &options, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    *box = process;
    return 1;
}

/* process:wait(ms) -> "exited", status | "exited", -1 | "killed", signal | "signal", signal |
 * "output", bytes | "errors", bytes | "time" | nil, message, info. -1: somebody else has taken how
 * it ended, as nginx does. */
static int wait_process(lua_State *L)
{
    static const char *const kinds[] = {"time", "output", "errors", "signal", "exited", "killed"};
    cs_process *process = (cs_process *)bind_check(L, 1, PROCESS);
    int64_t wait_ms = bind_check_int64(L, 2);
    luaL_argcheck(L, wait_ms >= 0 && wait_ms <= INT64_MAX / CS_MS, 2, "expected milliseconds");
    cs_process_event event;
    cs_error error;
    if (cs_process_wait(process, wait_ms * CS_MS, &event, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_pushstring(L, kinds[event.kind]);
    if (event.kind == CS_PROCESS_NONE) {
        return 1;
    }
    if (event.kind == CS_PROCESS_OUTPUT || event.kind == CS_PROCESS_ERRORS) {
        lua_pushlstring(L, event.output, event.output_n);
        explicit_bzero(event.output, event.output_n); /* it may be an access key */
    } else {
        lua_pushinteger(L, event.number);
    }
    return 2;
}

/* process:signal(number) -> true | nil, message, info: to the whole group */
static int signal_process(lua_State *L)
{
    cs_process *process = (cs_process *)bind_check(L, 1, PROCESS);
    int number = (int)luaL_checkinteger(L, 2);
    cs_error error;
    if (cs_process_signal(process, number, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_pushboolean(L, 1);
    return 1;
}

static int close_process(lua_State *L)
{
    void **box = (void **)luaL_checkudata(L, 1, PROCESS);
    cs_process *process = (cs_process *)*box;
    *box = NULL;
    cs_process_close(process);
    return 0;
}

/* hold_signals(yes): whether SIGTERM, SIGINT and SIGHUP come out of process:wait instead of doing
 * what they do else */
static int hold_signals(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TBOOLEAN);
    cs_signals_hold(lua_toboolean(L, 1));
    return 0;
}

/* user() -> the number of the user that this process acts as; 0 is root */
static int user(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)geteuid());
    return 1;
}

/* listen(address, port) -> listener, port | nil, message, info: 127.0.0.0/8 or ::1 only, port 0 is
 * a free one */
static int listen_loopback(lua_State *L)
{
    const char *address = luaL_checkstring(L, 1);
    lua_Integer port = luaL_checkinteger(L, 2);
    luaL_argcheck(L, port >= 0 && port <= 65535, 2, "expected a port");
    int *fd = (int *)lua_newuserdata(L, sizeof *fd);
    *fd = -1;
    luaL_getmetatable(L, LISTENER);
    lua_setmetatable(L, -2);
    uint16_t bound;
    cs_error error;
    if (cs_listen_loopback(address, (uint16_t)port, fd, &bound, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_pushinteger(L, bound);
    return 2;
}

/* listener:fd() -> its descriptor */
static int listener_fd(lua_State *L)
{
    int *fd = (int *)luaL_checkudata(L, 1, LISTENER);
    luaL_argcheck(L, *fd >= 0, 1, "is closed");
    lua_pushinteger(L, *fd);
    return 1;
}

static int close_listener(lua_State *L)
{
    int *fd = (int *)luaL_checkudata(L, 1, LISTENER);
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    return 0;
}

void ipc_open_process(lua_State *L)
{
    static const luaL_Reg process_methods[] = {
        {"wait", wait_process},
        {"signal", signal_process},
        {NULL, NULL},
    };
    static const luaL_Reg listener_methods[] = {
        {"fd", listener_fd},
        {NULL, NULL},
    };
    static const luaL_Reg functions[] = {
        {"spawn", spawn},
        {"hold_signals", hold_signals},
        {"listen", listen_loopback},
        {"user", user},
        {NULL, NULL},
    };
    bind_class(L, PROCESS, process_methods, close_process);
    bind_class(L, LISTENER, listener_methods, close_listener);
    bind_set_functions(L, functions);
}
