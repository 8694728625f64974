/* ipc.h - the rooms of certstat.ipc: each adds its functions to the table on top of the stack. */
#ifndef CERTSTAT_IPC_H
#define CERTSTAT_IPC_H

#include "bind.h"

void ipc_open_process(lua_State *L);
void ipc_open_file(lua_State *L);
void ipc_open_quota(lua_State *L);

#endif
