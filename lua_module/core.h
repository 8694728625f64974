/* core.h - the rooms of certstat.core: each adds its functions to the table on top of the stack. */
#ifndef CERTSTAT_CORE_H
#define CERTSTAT_CORE_H

#include "bind.h"

void core_open_serial(lua_State *L);
void core_open_sign(lua_State *L);
void core_open_quota(lua_State *L);
void core_open_engine(lua_State *L);
void core_open_x509(lua_State *L);
void core_open_printable(lua_State *L);
void core_open_lines(lua_State *L);

#endif
