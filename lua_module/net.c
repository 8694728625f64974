/* certstat.net - HTTP requests that never hold their caller: start, step, collect. */
#include "bind.h"

#define NET "certstat.net"

#define HEADERS_MAX 128 /* header fields of one request */

static cs_net *check_net(lua_State *L)
{
    return (cs_net *)bind_check(L, 1, NET);
}

/* new{ca_file=, body_limit=, header_limit=, allow_http=} -> transport; or nil, message, info. See cs_net_options. */
static int net_new(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    cs_net_options options = {
        .ca_file = bind_field_slice(L, 1, "ca_file"),
        .body_limit = (size_t)bind_field_int64(L, 1, "body_limit", 0),
        .header_limit = (size_t)bind_field_int64(L, 1, "header_limit", 0),
        .allow_http = bind_field_boolean(L, 1, "allow_http"),
    };
    cs_error error;
    void **box = bind_new(L, NET);
    if (cs_net_new((cs_net **)box, &options, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    return 1;
}

/* transport:close(): drops what is in flight. Again: nothing. */
static int net_close(lua_State *L)
{
    void **box = (void **)luaL_checkudata(L, 1, NET);
    cs_net *net = (cs_net *)*box;
    *box = NULL;
    cs_net_close(net);
    return 0;
}

/* The list {{name, value}, …} on top of the stack to pairs; the list keeps the strings. */
static size_t to_headers(lua_State *L, cs_pair pairs[HEADERS_MAX])
{
    int list = lua_gettop(L);
    if (lua_isnil(L, list)) {
        return 0;
    }
    if (!lua_istable(L, list)) {
        luaL_error(L, "field 'headers': expected a list of {name, value}, found %s",
                   luaL_typename(L, list));
    }
    size_t n = (size_t)bind_length(L, list);
    if (n > HEADERS_MAX) {
        luaL_error(L, "field 'headers': expected at most %d, found more", HEADERS_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, list, (int)i + 1);
        if (!lua_istable(L, -1)) {
            luaL_error(L, "field 'headers': expected a list of {name, value}, found %s in it",
                       luaL_typename(L, -1));
        }
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING) {
            luaL_error(L, "field 'headers': expected strings for name and value, found %s and %s",
                       luaL_typename(L, -2), luaL_typename(L, -1));
        }
        pairs[i].name.p = lua_tolstring(L, -2, &pairs[i].name.n);
        pairs[i].value.p = lua_tolstring(L, -1, &pairs[i].value.n);
        lua_pop(L, 3);
    }
    return n;
}

/* transport:start{id=, method=, url=, headers={{name, value}, …}, body=, connect_ns=, idle_ns=, total_ns=, not_after_ns=}
 * -> true; or nil, message, info. See cs_net_request. */
static int net_start(lua_State *L)
{
    cs_net *net = check_net(L);
    cs_pair headers[HEADERS_MAX];
    cs_error error;
    luaL_checktype(L, 2, LUA_TTABLE);
    cs_net_request request = {
        .id = (uint64_t)bind_field_int64(L, 2, "id", 0),
        .method = bind_field_slice(L, 2, "method"),
        .url = bind_field_slice(L, 2, "url"),
        .body = bind_field_slice(L, 2, "body"),
        .connect_ns = bind_field_int64(L, 2, "connect_ns", 0),
        .idle_ns = bind_field_int64(L, 2, "idle_ns", 0),
        .total_ns = bind_field_int64(L, 2, "total_ns", 0),
        .not_after_ns = bind_field_int64(L, 2, "not_after_ns", 0),
        .headers = headers,
    };
    lua_getfield(L, 2, "headers");
    request.headers_n = to_headers(L, headers);
    if (cs_net_start(net, &request, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* transport:drop(id): no event follows */
static int net_drop(lua_State *L)
{
    cs_net_drop(check_net(L), (uint64_t)bind_check_int64(L, 2));
    return 0;
}

/* transport:step(wait_ns) -> true; or nil, message, info. 0 never waits. */
static int net_step(lua_State *L)
{
    cs_error error;
    if (cs_net_step(check_net(L), bind_check_int64(L, 2), &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* The fields of a reply as {lower-case name = value}; repeated ones are joined (RFC 9110 5.3). */
static void push_headers(lua_State *L, cs_slice head)
{
    size_t offset = 0;
    cs_pair field;
    lua_newtable(L);
    while (cs_net_field_next(head, &offset, &field)) {
        bind_push_slice(L, field.name);
        lua_pushvalue(L, -1);
        lua_rawget(L, -3);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            bind_push_slice(L, field.value);
        } else {
            lua_pushliteral(L, ", ");
            bind_push_slice(L, field.value);
            lua_concat(L, 3);
        }
        lua_rawset(L, -3);
    }
}

static void set_int64(lua_State *L, const char *name, int64_t value)
{
    if (value) { /* 0: did not happen */
        bind_push_int64(L, value);
        lua_setfield(L, -2, name);
    }
}

/* transport:collect() -> nil, or the next event: {kind = "sent" | "reply" | "failed", id=, sent_ns=, first_byte_ns=,
 * done_ns=, http_status=, http_version=, new_connection=, too_late=, headers=, body=, class=, message=} */
static int net_collect(lua_State *L)
{
    static const char *const kinds[] = {"none", "sent", "reply", "failed"};
    static const char *const classes[] = CS_CLASS_NAMES;
    cs_net_event event;
    if (!cs_net_collect(check_net(L), &event)) {
        lua_pushnil(L);
        return 1;
    }
    lua_newtable(L);
    lua_pushstring(L, kinds[event.kind]);
    lua_setfield(L, -2, "kind");
    bind_push_int64(L, (int64_t)event.id);
    lua_setfield(L, -2, "id");
    set_int64(L, "sent_ns", event.sent_ns);
    set_int64(L, "first_byte_ns", event.first_byte_ns);
    set_int64(L, "done_ns", event.done_ns);
    set_int64(L, "http_status", event.http_status);
    set_int64(L, "http_version", event.http_version);
    if (event.kind == CS_NET_REPLY) {
        bind_set_slice(L, "body", event.body);
        push_headers(L, event.head);
        lua_setfield(L, -2, "headers");
    } else if (event.kind == CS_NET_FAILED) {
        lua_pushstring(L, classes[CS_CLASS(event.error.code)]);
        lua_setfield(L, -2, "class");
        lua_pushstring(L, event.error.message);
        lua_setfield(L, -2, "message");
    }
    lua_pushboolean(L, event.new_connection);
    lua_setfield(L, -2, "new_connection");
    lua_pushboolean(L, event.too_late);
    lua_setfield(L, -2, "too_late");
    return 1;
}

/* transport:live() -> how many requests have not ended yet */
static int net_live(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)cs_net_live(check_net(L)));
    return 1;
}

/* transport:idle_ns() -> nanoseconds with nothing to do unless the descriptor is ready; nil: no end to it */
static int net_idle_ns(lua_State *L)
{
    int64_t idle_ns = cs_net_idle_ns(check_net(L));
    if (idle_ns == INT64_MAX) {
        lua_pushnil(L);
    } else {
        bind_push_int64(L, idle_ns);
    }
    return 1;
}

/* transport:fd() -> the epoll descriptor that is readable when a step is worth while; or nil, message, info */
static int net_fd(lua_State *L)
{
    cs_error error;
    int fd = cs_net_fd(check_net(L), &error);
    if (fd < 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_pushinteger(L, fd);
    return 1;
}

/* warm([ca_file]) -> true; or nil, message, info. Parses the trust store now, so that no later step does. */
static int net_warm(lua_State *L)
{
    cs_slice ca_file = lua_isnoneornil(L, 1) ? (cs_slice){NULL, 0} : bind_check_slice(L, 1);
    cs_error error;
    if (cs_net_warm(ca_file, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_pushboolean(L, 1);
    return 1;
}

BIND_EXPORT int luaopen_certstat_net(lua_State *L);
int luaopen_certstat_net(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"start", net_start},     {"drop", net_drop}, {"step", net_step},
        {"collect", net_collect}, {"live", net_live}, {"idle_ns", net_idle_ns},
        {"fd", net_fd},           {NULL, NULL},
    };
    static const luaL_Reg functions[] = {{"new", net_new}, {"warm", net_warm}, {NULL, NULL}};
    bind_class(L, NET, methods, net_close);
    lua_newtable(L);
    bind_set_functions(L, functions);
    return 1;
}
