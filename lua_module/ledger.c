/* ledger.c - certstat.ledger: the record of what was asked and answered, in a home. */
#include "ledger.h"

int push_ledger_failure(lua_State *L, const cs_error *error)
{
    static const char *const codes[] = {"Ledger",       "LedgerAbsent",  "LedgerForeign",
                                        "LedgerNewer",  "LedgerDamaged", "LedgerBusy",
                                        "LedgerRunning"};
    unsigned detail = (unsigned)error->code & 0xffffff;
    return bind_fail(L, error, detail < sizeof codes / sizeof *codes ? codes[detail] : codes[0]);
}

/* open{home=, create=} -> ledger | nil, message, info. create: makes what is missing */
static int ledger_open(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    cs_slice home = bind_field_slice(L, 1, "home");
    if (home.n == 0 || strlen(home.p) != home.n) {
        return luaL_error(L, "field 'home': expected a path");
    }
    int create = bind_field_boolean(L, 1, "create");
    void **box = bind_new(L, LEDGER);
    cs_ledger *ledger;
    cs_error error;
    if (cs_ledger_open(&ledger, home.p, create, &error) != 0) {
        return push_ledger_failure(L, &error);
    }
    *box = ledger;
    return 1;
}

static int close_ledger(lua_State *L)
{
    void **box = (void **)luaL_checkudata(L, 1, LEDGER);
    cs_ledger *ledger = (cs_ledger *)*box;
    *box = NULL;
    cs_ledger_close(ledger);
    return 0;
}

BIND_EXPORT int luaopen_certstat_ledger(lua_State *L);
int luaopen_certstat_ledger(lua_State *L)
{
    static const luaL_Reg methods[] = {{"begin_run", method_begin_run},
                                       {"resume_run", method_resume_run},
                                       {"record", method_record},
                                       {"end_run", method_end_run},
                                       {"latest", method_latest},
                                       {"oldest", method_oldest},
                                       {"runs", method_runs},
                                       {"asked", method_asked},
                                       {"answer", method_answer},
                                       {"compare", method_compare},
                                       {"changes", method_changes},
                                       {"info", method_info},
                                       {"check", method_check},
                                       {"compact", method_compact},
                                       {NULL, NULL}};
    static const luaL_Reg functions[] = {{"open", ledger_open}, {NULL, NULL}};
    bind_class(L, LEDGER, methods, close_ledger);
    lua_newtable(L);
    bind_set_functions(L, functions);
    return 1;
}
