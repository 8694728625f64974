/* core_printable.c - text from outside, made safe to show. */
#include "core.h"

/* printable(text [, most]) -> text as cs_printable shows it, cut with "..." after about `most`
 * bytes (0 or none: no limit) */
static int printable(lua_State *L)
{
    cs_slice text = bind_check_slice(L, 1);
    lua_Integer most = luaL_optinteger(L, 2, 0);
    luaL_argcheck(L, most >= 0, 2, "expected 0 or more");
    /* A byte becomes four at most, \xHH; the dots are three. */
    luaL_argcheck(L, text.n < SIZE_MAX / 4 - 3, 1, "too long");
    size_t size = text.n * 4 + 3;
    if (most && (size_t)most < size - 3) {
        size = (size_t)most + 3;
    }
    cs_buffer out;
    cs_buffer_init(&out, lua_newuserdata(L, size), size);
    cs_printable(text, (size_t)most, &out);
    bind_push_slice(L, cs_buffer_slice(&out, 0));
    return 1;
}

void core_open_printable(lua_State *L)
{
    static const luaL_Reg functions[] = {{"printable", printable}, {NULL, NULL}};
    bind_set_functions(L, functions);
}
