/* certstat.net - HTTP requests that never block: started, stepped, and collected as events. */
#include "bind.h"

#define NET "certstat.net"

static cs_net *check_net(lua_State *L)
{
    return (cs_net *)bind_check(L, 1, NET);
}

static size_t field_size(lua_State *L, int table, const char *name)
{
    int64_t size = bind_field_int64(L, table, name, 0);
    if (size < 0) {
        luaL_error(L, "field '%s': expected a size, found a negative number", name);
    }
    return (size_t)size;
}

/* new([{ca_file=, body_limit=, header_limit=, allow_http=, connect_to=}]) -> object, or nil, message,
 * info. See cs_net_options. */
static int new_net(lua_State *L)
{
    cs_net_options options = {.allow_http = 0};
    cs_error error;
    if (!lua_isnoneornil(L, 1)) {
        luaL_checktype(L, 1, LUA_TTABLE);
        options.ca_file = bind_field_slice(L, 1, "ca_file");
        options.body_limit = field_size(L, 1, "body_limit");
        options.header_limit = field_size(L, 1, "header_limit");
        options.allow_http = bind_field_boolean(L, 1, "allow_http");
        options.connect_to = bind_field_slice(L, 1, "connect_to");
    }
    void **box = bind_new(L, NET);
    if (cs_net_new((cs_net **)box, &options, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    return 1;
}

static int close_net(lua_State *L)
{
    void **box = (void **)luaL_checkudata(L, 1, NET);
    cs_net *net = (cs_net *)*box;
    *box = NULL;
    cs_net_close(net);
    return 0;
}

/* The string at `index` of the table on top of the stack, which keeps it alive. */
static cs_slice check_element(lua_State *L, int index, int header)
{
    cs_slice s;
    lua_rawgeti(L, -1, index);
    if (lua_type(L, -1) != LUA_TSTRING) {
        luaL_error(L, "headers[%d]: expected {name, value}, two strings", header);
    }
    s.p = lua_tolstring(L, -1, &s.n);
    lua_pop(L, 1);
    return s;
}

/* The fields in `headers`, an array of {name, value}; both tables and pairs are left on the stack.
 */
static const cs_pair *check_headers(lua_State *L, int table, size_t *n)
{
    lua_getfield(L, table, "headers");
    *n = 0;
    if (lua_isnil(L, -1)) {
        return NULL;
    }
    if (!lua_istable(L, -1)) {
        luaL_error(L, "field 'headers': expected a table, found %s", luaL_typename(L, -1));
    }
    int headers = lua_gettop(L);
    *n = (size_t)bind_length(L, headers);
    cs_pair *pairs = (cs_pair *)lua_newuserdata(L, *n * sizeof *pairs + 1);
    for (size_t i = 0; i < *n; i++) {
        int header = (int)i + 1;
        lua_rawgeti(L, headers, header);
        if (!lua_istable(L, -1)) {
            luaL_error(L, "headers[%d]: expected {name, value}, two strings", header);
        }
        pairs[i].name = check_element(L, 1, header);
        pairs[i].value = check_element(L, 2, header);
        lua_pop(L, 1);
    }
    return pairs;
}

/* object:start{id=, method=, url=, headers={{name, value} ...}, body=, connect_ns=, idle_ns=,
 * total_ns=, not_after_ns=, connect_only=, describe=} -> true, or nil,
 * message, info. See cs_net_request. */
static int start(lua_State *L)
{
    cs_net *net = check_net(L);
    cs_net_request request = {.id = 0};
    cs_error error;
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    int64_t id = bind_field_int64(L, 2, "id", -1);
    if (id < 0) {
        return luaL_error(L, "field 'id': expected a number, 0 or more");
    }
    request.id = (uint64_t)id;
    request.method = bind_field_slice(L, 2, "method");
    request.url = bind_field_slice(L, 2, "url");
    request.body = bind_field_slice(L, 2, "body");
    request.connect_ns = bind_field_int64(L, 2, "connect_ns", 0);
    request.idle_ns = bind_field_int64(L, 2, "idle_ns", 0);
    request.total_ns = bind_field_int64(L, 2, "total_ns", 0);
    request.not_after_ns = bind_field_int64(L, 2, "not_after_ns", 0);
    request.connect_only = bind_field_boolean(L, 2, "connect_only");
    request.describe = bind_field_boolean(L, 2, "describe");
    request.headers = check_headers(L, 2, &request.headers_n);
    if (cs_net_start(net, &request, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* object:drop(id): no event follows */
static int drop(lua_State *L)
{
    cs_net_drop(check_net(L), (uint64_t)bind_check_int64(L, 2));
    return 0;
}

/* object:step([wait_ns]) -> true, or nil, message, info. Without wait_ns it does not wait. */
static int step(lua_State *L)
{
    cs_net *net = check_net(L);
    int64_t wait_ns = lua_isnoneornil(L, 2) ? 0 : bind_check_int64(L, 2);
    cs_error error;
    luaL_argcheck(L, wait_ns >= 0, 2, "expected 0 or more");
    if (cs_net_step(net, wait_ns, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* {name = value}, repeated fields joined with ", " (RFC 9110 5.3) */
static void push_headers(lua_State *L, cs_slice head)
{
    cs_pair field;
    lua_newtable(L);
    for (size_t offset = 0; cs_net_field_next(head, &offset, &field);) {
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

static void set_int64(lua_State *L, const char *name, int64_t number)
{
    bind_push_int64(L, number);
    lua_setfield(L, -2, name);
}

static void set_boolean(lua_State *L, const char *name, int yes)
{
    lua_pushboolean(L, yes);
    lua_setfield(L, -2, name);
}

/* facts= {resolved_ns=, connected_ns=, secured_ns=, address=, tls_version=, chain=}; see cs_net_facts
 */
static void set_facts(lua_State *L, const cs_net_facts *facts)
{
    lua_createtable(L, 0, 6);
    set_int64(L, "resolved_ns", facts->resolved_ns);
    set_int64(L, "connected_ns", facts->connected_ns);
    set_int64(L, "secured_ns", facts->secured_ns);
    bind_set_slice(L, "address", facts->address);
    bind_set_slice(L, "tls_version", facts->tls_version);
    bind_set_slice(L, "chain", facts->chain);
    lua_setfield(L, -2, "facts");
}

/* object:collect() -> nil, or an event: {kind="sent"|"reply"|"failed"|"connected", id=, sent_ns=,
 * left_ns=, new_connection=}, with all but "sent" facts= where they were asked for, with "reply" and "failed"
 * first_byte_ns=, done_ns=, http_status= and http_version=, with "reply" headers= and body=, with
 * "failed" class=, message=, too_late= and refused= ("tls", "proxy", "thread" or nil). What did not
 * happen is 0. */
static int collect(lua_State *L)
{
    static const char *const kinds[] = {"", "sent", "reply", "failed", "connected"};
    static const char *const classes[] = CS_CLASS_NAMES;
    static const char *const refusals[] = {NULL, "tls", "proxy", "thread"};
    cs_net_event event;
    if (!cs_net_collect(check_net(L), &event)) {
        lua_pushnil(L);
        return 1;
    }
    lua_newtable(L);
    bind_set_slice(L, "kind", cs_slice_of(kinds[event.kind]));
    set_int64(L, "id", (int64_t)event.id);
    set_int64(L, "sent_ns", event.sent_ns);
    set_int64(L, "left_ns", event.left_ns);
    set_boolean(L, "new_connection", event.new_connection);
    if (event.kind == CS_NET_SENT) {
        return 1;
    }
    if (event.described) {
        set_facts(L, &event.facts);
    }
    if (event.kind == CS_NET_CONNECTED) {
        return 1;
    }
    set_int64(L, "first_byte_ns", event.first_byte_ns);
    set_int64(L, "done_ns", event.done_ns);
    set_int64(L, "http_status", event.http_status);
    set_int64(L, "http_version", event.http_version);
    if (event.kind == CS_NET_REPLY) {
        push_headers(L, event.head);
        lua_setfield(L, -2, "headers");
        bind_set_slice(L, "body", event.body);
    } else {
        bind_set_slice(L, "class", cs_slice_of(classes[CS_CLASS(event.error.code)]));
        bind_set_slice(L, "message", cs_slice_of(event.error.message));
        set_boolean(L, "too_late", event.too_late);
        lua_pushstring(L, refusals[event.refused]);
        lua_setfield(L, -2, "refused");
    }
    return 1;
}

/* object:ready() -> for how many requests there is a connection, and is one being opened; see
 * cs_net_ready */
static int ready(lua_State *L)
{
    size_t there, opening;
    cs_net_ready(check_net(L), &there, &opening);
    bind_push_int64(L, (int64_t)there);
    bind_push_int64(L, (int64_t)opening);
    return 2;
}

/* object:live() -> how many requests have neither ended nor been dropped */
static int live(lua_State *L)
{
    bind_push_int64(L, (int64_t)cs_net_live(check_net(L)));
    return 1;
}

/* object:idle_ns() -> how long a step has nothing to do unless fd() becomes readable */
static int idle_ns(lua_State *L)
{
    bind_push_int64(L, cs_net_idle_ns(check_net(L)));
    return 1;
}

/* object:fd() -> the epoll descriptor, or nil, message, info */
static int fd(lua_State *L)
{
    cs_error error;
    int descriptor = cs_net_fd(check_net(L), &error);
    if (descriptor < 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_pushinteger(L, descriptor);
    return 1;
}

/* warm([ca_file]) -> true, or nil, message, info: the work of the first use, ahead of it */
static int warm(lua_State *L)
{
    cs_slice ca_file = lua_isnoneornil(L, 1) ? cs_slice_of(NULL) : bind_check_slice(L, 1);
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
    static const luaL_Reg functions[] = {
        {"new", new_net},
        {"warm", warm},
        {NULL, NULL},
    };
    static const luaL_Reg methods[] = {
        {"start", start},     {"drop", drop},   {"step", step},
        {"collect", collect}, {"live", live},   {"idle_ns", idle_ns},
        {"fd", fd},           {"ready", ready}, {NULL, NULL},
    };
    bind_class(L, NET, methods, close_net);
    lua_newtable(L);
    bind_set_functions(L, functions);
    return 1;
}
