/* certstat.core - everything pure: serials, signatures, quota, engine, certificates, lines. Each
 * room registers its own. */
#include "core.h"

BIND_EXPORT int luaopen_certstat_core(lua_State *L);
int luaopen_certstat_core(lua_State *L)
{
    lua_newtable(L);
    core_open_serial(L);
    core_open_sign(L);
    core_open_quota(L);
    core_open_engine(L);
    core_open_x509(L);
    core_open_printable(L);
    core_open_lines(L);
    return 1;
}
