/* core_serial.c - serial numbers. */
#include "core.h"

/* serial(text [, "binary"]) -> key, lower-case hex of even length; or nil, message, info. `text` is
 * any form that cs_serial_parse reads; with "binary" it is the raw bytes. */
static int serial(lua_State *L)
{
    static const char *const forms[] = {"text", "binary", NULL};
    luaL_checktype(L, 1, LUA_TSTRING); /* of a number it is not known what its digits are */
    cs_slice text = bind_check_slice(L, 1);
    int binary = luaL_checkoption(L, 2, "text", forms);
    cs_serial parsed;
    cs_error error;
    int rc =
        binary ? cs_serial_bytes(text, &parsed, &error) : cs_serial_parse(text, &parsed, &error);
    if (rc) {
        return bind_fail(L, &error, "InvalidSerialNumber");
    }
    char hex[2 * CS_SERIAL_MAX];
    cs_buffer out;
    cs_buffer_init(&out, hex, sizeof hex);
    cs_buffer_hex(&out, parsed.key, parsed.n);
    bind_push_slice(L, cs_buffer_slice(&out, 0));
    return 1;
}

void core_open_serial(lua_State *L)
{
    static const luaL_Reg functions[] = {{"serial", serial}, {NULL, NULL}};
    bind_set_functions(L, functions);
}
