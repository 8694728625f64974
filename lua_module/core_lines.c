/* core_lines.c - the lines of a file that changes. */
#include "core.h"

#define LINES "certstat.lines"

static cs_lines *check_lines(lua_State *L)
{
    return (cs_lines *)bind_check(L, 1, LINES);
}

/* lines() -> lines, none yet; or nil, message, info */
static int lines_new(lua_State *L)
{
    cs_error error;
    void **box = bind_new(L, LINES);
    cs_lines *lines;
    if (cs_lines_new(&lines, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    *box = lines;
    return 1;
}

/* lines:begin(): a reading begins; what an unfinished one has read is given up */
static int lines_begin(lua_State *L)
{
    cs_lines_begin(check_lines(L));
    return 0;
}

static int take_text(lua_State *L, int (*take)(cs_lines *, cs_slice, size_t *, cs_error *))
{
    cs_lines *lines = check_lines(L);
    cs_slice text = bind_check_slice(L, 2);
    lua_Integer from = luaL_checkinteger(L, 3);
    luaL_argcheck(L, from >= 1 && (size_t)from <= text.n + 1, 3, "outside the text");
    size_t start = (size_t)from - 1, n;
    cs_error error;
    if (take(lines, (cs_slice){text.p + start, text.n - start}, &n, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_pushinteger(L, (lua_Integer)(start + n + 1));
    return 1;
}

/* lines:same(text, from) -> where in the text, after `from`, the first line begins that is not what
 * it was before, or not whole, after having taken over those before it; or nil, message, info */
static int lines_same(lua_State *L)
{
    return take_text(L, cs_lines_same);
}

/* lines:take_index(text, from) -> as lines:same, after having added the plain lines of an index.txt
 * too, see cs_index_take */
static int lines_take_index(lua_State *L)
{
    return take_text(L, cs_index_take);
}

/* lines:add(line, key, is_marked) -> true; or nil, message, info. line: the next one, without its
 * end. */
static int lines_add(lua_State *L)
{
    cs_lines *lines = check_lines(L);
    cs_slice line = bind_check_slice(L, 2), key = bind_check_slice(L, 3);
    cs_error error;
    if (cs_lines_add(lines, line, key, lua_toboolean(L, 4), &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* lines:read() -> how many lines the reading has */
static int lines_read(lua_State *L)
{
    bind_push_int64(L, cs_lines_read(check_lines(L)));
    return 1;
}

/* lines:finish() -> true: what was read are the lines from now on; or nil, message, info */
static int lines_finish(lua_State *L)
{
    cs_error error;
    if (cs_lines_finish(check_lines(L), &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* lines:tidy() -> whether there is still memory to free, after having freed some */
static int lines_tidy(lua_State *L)
{
    lua_pushboolean(L, cs_lines_tidy(check_lines(L)));
    return 1;
}

/* lines:count() -> how many lines there are */
static int lines_count(lua_State *L)
{
    bind_push_int64(L, cs_lines_count(check_lines(L)));
    return 1;
}

/* A position, or what is none. */
static uint32_t check_position(lua_State *L, int index)
{
    int64_t position = bind_check_int64(L, index);
    return position >= 0 && position <= CS_LINES_MAX ? (uint32_t)position : 0;
}

static int push_position(lua_State *L, uint32_t position)
{
    if (position) {
        bind_push_int64(L, position);
    } else {
        lua_pushnil(L);
    }
    return 1;
}

/* lines:at(position) -> the line, or nil */
static int lines_at(lua_State *L)
{
    cs_slice line = cs_lines_at(check_lines(L), check_position(L, 2));
    if (line.p) {
        bind_push_slice(L, line);
    } else {
        lua_pushnil(L);
    }
    return 1;
}

/* lines:find(key [, below]) -> the position of the last line, before `below`, that may have this
 * key; or nil */
static int lines_find(lua_State *L)
{
    cs_lines *lines = check_lines(L);
    cs_slice key = bind_check_slice(L, 2);
    uint32_t below = lua_isnoneornil(L, 3) ? UINT32_MAX : check_position(L, 3);
    return push_position(L, cs_lines_find(lines, key, below));
}

/* lines:mark(position): once more when a reading that has begun is finished */
static int lines_mark(lua_State *L)
{
    cs_lines_mark(check_lines(L), check_position(L, 2));
    return 0;
}

/* lines:marked([last]) -> how many are marked, up to position `last` */
static int lines_marked(lua_State *L)
{
    cs_lines *lines = check_lines(L);
    uint32_t last = lua_isnoneornil(L, 2) ? cs_lines_count(lines) : check_position(L, 2);
    bind_push_int64(L, cs_lines_marked(lines, last));
    return 1;
}

/* lines:nth_marked(nth) -> the position of the n-th that is marked, from 1 on; or nil */
static int lines_nth_marked(lua_State *L)
{
    return push_position(L, cs_lines_nth_marked(check_lines(L), check_position(L, 2)));
}

static int lines_close(lua_State *L)
{
    void **box = (void **)luaL_checkudata(L, 1, LINES);
    cs_lines_free((cs_lines *)*box);
    *box = NULL;
    return 0;
}

void core_open_lines(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"begin", lines_begin},
        {"same", lines_same},
        {"take_index", lines_take_index},
        {"add", lines_add},
        {"read", lines_read},
        {"finish", lines_finish},
        {"tidy", lines_tidy},
        {"count", lines_count},
        {"at", lines_at},
        {"find", lines_find},
        {"mark", lines_mark},
        {"marked", lines_marked},
        {"nth_marked", lines_nth_marked},
        {NULL, NULL},
    };
    static const luaL_Reg functions[] = {{"lines", lines_new}, {NULL, NULL}};
    bind_class(L, LINES, methods, lines_close);
    bind_set_functions(L, functions);
}
