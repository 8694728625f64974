/* ledger.h - what the rooms of certstat.ledger share: the class of a ledger, and its methods. */
#ifndef CERTSTAT_LEDGER_H
#define CERTSTAT_LEDGER_H

#include "bind.h"

#define LEDGER "certstat.ledger"

static inline cs_ledger *check_ledger(lua_State *L)
{
    return (cs_ledger *)bind_check(L, 1, LEDGER);
}

int push_ledger_failure(lua_State *L, const cs_error *error);

/* ledger_write.c */
int method_begin_run(lua_State *L);
int method_resume_run(lua_State *L);
int method_record(lua_State *L);
int method_end_run(lua_State *L);

/* ledger_read.c */
int method_latest(lua_State *L);
int method_oldest(lua_State *L);
int method_runs(lua_State *L);
int method_asked(lua_State *L);
int method_answer(lua_State *L);
int method_compare(lua_State *L);
int method_changes(lua_State *L);
int method_info(lua_State *L);
int method_check(lua_State *L);
int method_compact(lua_State *L);

#endif
