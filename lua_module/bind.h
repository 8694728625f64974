/* bind.h - what every binding needs: one C API on Lua 5.1 to 5.4 and LuaJIT, errors, and userdata
 * that are born closed.
 *
 * A function that takes lua_State *L may raise; one that does not cannot. Nothing malloc'd is held
 * across a call that can raise: the userdata exists first, with its metatable, and the resource
 * goes into it (see Lua's liolib.c). */
#ifndef CERTSTAT_BIND_H
#define CERTSTAT_BIND_H

#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#include "certstat.h"

#define BIND_EXPORT __attribute__((visibility("default")))

/* ---- shims: static, under our own names, so that none can meet a host's own ---- */

static inline void bind_set_functions(lua_State *L, const luaL_Reg *functions)
{
    for (; functions->name; functions++) {
        lua_pushcfunction(L, functions->func);
        lua_setfield(L, -2, functions->name);
    }
}

/* The length of the list at `index`. */
static inline int bind_length(lua_State *L, int index)
{
#if LUA_VERSION_NUM >= 502
    return (int)lua_rawlen(L, index);
#else
    return (int)lua_objlen(L, index);
#endif
}

/* Integers: lua_Integer where Lua has 64 bits of it, else the double, which is exact to 2^53 (as
 * nanoseconds: 104 days of uptime, after that within 2 ns). */
static inline void bind_push_int64(lua_State *L, int64_t number)
{
#if LUA_VERSION_NUM >= 503
    lua_pushinteger(L, (lua_Integer)number);
#else
    lua_pushnumber(L, (lua_Number)number);
#endif
}

static inline int64_t bind_check_int64(lua_State *L, int index)
{
#if LUA_VERSION_NUM >= 503
    int whole;
    lua_Integer integer = lua_tointegerx(L, index, &whole);
    if (whole) {
        return (int64_t)integer;
    }
#endif
    lua_Number number = luaL_checknumber(L, index);
    luaL_argcheck(L, number >= -9.2e18 && number <= 9.2e18, index, "number out of range");
    return (int64_t)number;
}

/* Nanoseconds within the bounds that certstat.h's functions count on. */
static inline int64_t bind_check_time(lua_State *L, int index)
{
    int64_t time_ns = bind_check_int64(L, index);
    luaL_argcheck(L, time_ns >= 0 && time_ns <= INT64_C(1) << 62, index,
                  "expected nanoseconds, from 0 to 2^62");
    return time_ns;
}

static inline int64_t bind_field_int64(lua_State *L, int table, const char *name, int64_t absent)
{
    lua_getfield(L, table, name);
    if (!lua_isnil(L, -1)) {
        if (!lua_isnumber(L, -1)) {
            luaL_error(L, "field '%s': expected a number, found %s", name, luaL_typename(L, -1));
        }
        absent = bind_check_int64(L, lua_gettop(L));
    }
    lua_pop(L, 1);
    return absent;
}

static inline int bind_field_boolean(lua_State *L, int table, const char *name)
{
    lua_getfield(L, table, name);
    int yes = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return yes;
}

/* The string in a field, left on the stack so that the slice stays valid; nil gives an empty slice.
 */
static inline cs_slice bind_field_slice(lua_State *L, int table, const char *name)
{
    cs_slice s = {NULL, 0};
    lua_getfield(L, table, name);
    if (!lua_isnil(L, -1)) {
        if (lua_type(L, -1) != LUA_TSTRING) {
            luaL_error(L, "field '%s': expected a string, found %s", name, luaL_typename(L, -1));
        }
        s.p = lua_tolstring(L, -1, &s.n);
    }
    return s;
}

static inline cs_slice bind_check_slice(lua_State *L, int index)
{
    cs_slice s;
    s.p = luaL_checklstring(L, index, &s.n);
    return s;
}

static inline void bind_push_slice(lua_State *L, cs_slice s)
{
    lua_pushlstring(L, s.n ? s.p : "", s.n);
}

static inline void bind_set_slice(lua_State *L, const char *name, cs_slice s)
{
    bind_push_slice(L, s);
    lua_setfield(L, -2, name);
}

/* nil, message, {class=, code=}: what the world causes is returned, not raised. `code` may be NULL.
 */
static inline int bind_fail(lua_State *L, const cs_error *error, const char *code)
{
    static const char *const names[] = CS_CLASS_NAMES;
    lua_pushnil(L);
    lua_pushstring(L, error->message);
    lua_newtable(L);
    lua_pushstring(L, names[CS_CLASS(error->code)]);
    lua_setfield(L, -2, "class");
    if (code) {
        lua_pushstring(L, code);
        lua_setfield(L, -2, "code");
    }
    return 3;
}

/* ---- userdata holding one pointer, NULL while closed ---- */

/* Makes the metatable `name` once: methods, and one idempotent `close` that is also __gc and
 * __close. tostring shows the name and an address. */
static inline void bind_class(lua_State *L, const char *name, const luaL_Reg *methods,
                              lua_CFunction close)
{
    if (luaL_newmetatable(L, name)) {
        lua_newtable(L);
        bind_set_functions(L, methods);
        lua_pushcfunction(L, close);
        lua_setfield(L, -2, "close");
        lua_setfield(L, -2, "__index");
        lua_pushcfunction(L, close);
        lua_setfield(L, -2, "__gc");
        lua_pushcfunction(L, close);
        lua_setfield(L, -2, "__close");
        lua_pushstring(L, name);
        lua_setfield(L, -2, "__name");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
    lua_pop(L, 1);
}

/* A new userdata of class `name` whose pointer is NULL; the caller fills it. */
static inline void **bind_new(lua_State *L, const char *name)
{
    void **box = (void **)lua_newuserdata(L, sizeof *box);
    *box = NULL;
    luaL_getmetatable(L, name);
    lua_setmetatable(L, -2);
    return box;
}

/* The pointer of argument `index`; raises where it is closed or of another class. */
static inline void *bind_check(lua_State *L, int index, const char *name)
{
    void **box = (void **)luaL_checkudata(L, index, name);
    luaL_argcheck(L, *box, index, "is closed");
    return *box;
}

#endif
