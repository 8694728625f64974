/* ipc_file.c - what Lua's io library leaves out. */
#include "ipc.h"

#include <unistd.h>

#define CLAIM "certstat.claim"

struct claim {
    int fd; /* -1: closed */
};

/* facts(path) -> {kind="file"|"folder"|"other", inode=, size=, modified_ns=} | nil, message, info
 */
static int facts(lua_State *L)
{
    static const char *const kinds[] = {"other", "file", "folder"};
    cs_file_facts found;
    cs_error error;
    if (cs_file_facts_of(luaL_checkstring(L, 1), &found, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_createtable(L, 0, 4);
    lua_pushstring(L, kinds[found.kind]);
    lua_setfield(L, -2, "kind");
    bind_push_int64(L, found.inode);
    lua_setfield(L, -2, "inode");
    bind_push_int64(L, found.size);
    lua_setfield(L, -2, "size");
    bind_push_int64(L, found.modified_ns);
    lua_setfield(L, -2, "modified_ns");
    return 1;
}

/* replace(from, to) -> true | nil, message, info: see cs_file_replace */
static int replace(lua_State *L)
{
    cs_error error;
    if (cs_file_replace(luaL_checkstring(L, 1), luaL_checkstring(L, 2), &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* claim(path) -> an object whose close() lets go of it | nil, message, info: see cs_file_claim */
static int claim(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct claim *held = (struct claim *)lua_newuserdata(L, sizeof *held);
    held->fd = -1;
    luaL_getmetatable(L, CLAIM);
    lua_setmetatable(L, -2);
    cs_error error;
    return cs_file_claim(path, &held->fd, &error) == 0 ? 1 : bind_fail(L, &error, NULL);
}

static int claim_close(lua_State *L)
{
    struct claim *held = (struct claim *)luaL_checkudata(L, 1, CLAIM);
    if (held->fd >= 0) {
        close(held->fd);
    }
    held->fd = -1;
    return 0;
}

/* temporary_folder(prefix) -> path | nil, message, info: a new folder of mode 0700, named prefix
 * plus six characters */
static int temporary_folder(lua_State *L)
{
    char path[4096];
    cs_slice prefix = bind_check_slice(L, 1);
    luaL_argcheck(L, prefix.n < sizeof path - sizeof "XXXXXX", 1, "is too long");
    memcpy(path, prefix.p, prefix.n);
    memcpy(path + prefix.n, "XXXXXX", sizeof "XXXXXX");
    cs_error error;
    if (cs_folder_temporary(path, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_pushstring(L, path);
    return 1;
}

/* remove_folder(path) -> true | nil, message, info: with all it holds; true where there is none */
static int remove_folder(lua_State *L)
{
    cs_error error;
    if (cs_folder_remove(luaL_checkstring(L, 1), &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_pushboolean(L, 1);
    return 1;
}

void ipc_open_file(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"facts", facts},
        {"replace", replace},
        {"claim", claim},
        {"temporary_folder", temporary_folder},
        {"remove_folder", remove_folder},
        {NULL, NULL},
    };
    static const luaL_Reg none[] = {{NULL, NULL}};
    bind_class(L, CLAIM, none, claim_close);
    bind_set_functions(L, functions);
}
