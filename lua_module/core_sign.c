/* core_sign.c - signing and verifying with a secret that only the signer holds. */
#include "core.h"

#define SIGNER "certstat.signer"

/* ---- tables of strings to pairs ----
 *
 * The slices stay valid while the table keeps its strings: between reading a table and using its
 * pairs no Lua code may run, so what could (a field that __index computes) is fetched before. One
 * pair more than allowed is kept, so that src/ sees that there are too many. */

#define QUERY_ROOM   (CS_QUERY_MAX + 1)
#define HEADERS_ROOM (CS_HEADERS_MAX + 1)

static void add_pair(lua_State *L, cs_pair *pairs, size_t *n, size_t room, const char *what)
{
    if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING) {
        luaL_error(L,
                   "%s: expected a string for a name and a string for its value, found %s and %s",
                   what, luaL_typename(L, -2), luaL_typename(L, -1));
    }
    if (*n == room) {
        return;
    }
    cs_pair *pair = &pairs[(*n)++];
    pair->name.p = lua_tolstring(L, -2, &pair->name.n);
    pair->value.p = lua_tolstring(L, -1, &pair->value.n);
}

/* The table {name = value | {value, …}} at `table` (nil: none) to pairs. */
static size_t to_pairs(lua_State *L, int table, cs_pair *pairs, size_t room, const char *what)
{
    size_t n = 0;
    if (lua_isnoneornil(L, table)) {
        return 0;
    }
    if (!lua_istable(L, table)) {
        luaL_error(L, "%s: expected a table, found %s", what, luaL_typename(L, table));
    }
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        if (!lua_istable(L, -1)) {
            add_pair(L, pairs, &n, room, what);
            continue;
        }
        int values = lua_gettop(L);
        for (int i = 1;; i++) {
            lua_pushvalue(L, values - 1);
            lua_rawgeti(L, values, i);
            if (lua_isnil(L, -1)) {
                break;
            }
            add_pair(L, pairs, &n, room, what);
            lua_pop(L, 2);
        }
        lua_settop(L, values);
    }
    return n;
}

/* The field's place on the stack, where it stays. */
static int push_field(lua_State *L, int table, const char *name)
{
    lua_getfield(L, table, name);
    return lua_gettop(L);
}

/* Pairs to {name = value}; a name that comes again has a list of values. */
static void push_pairs(lua_State *L, const cs_pair *pairs, size_t n)
{
    lua_newtable(L);
    for (size_t i = 0; i < n; i++) {
        bind_push_slice(L, pairs[i].name);
        lua_pushvalue(L, -1);
        lua_rawget(L, -3);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            bind_push_slice(L, pairs[i].value);
        } else {
            if (!lua_istable(L, -1)) {
                lua_newtable(L);
                lua_insert(L, -2);
                lua_rawseti(L, -2, 1);
            }
            bind_push_slice(L, pairs[i].value);
            lua_rawseti(L, -2, bind_length(L, -2) + 1);
        }
        lua_rawset(L, -3);
    }
}

/* ---- the signer ---- */

/* signer(secret) -> signer; or nil, message, info. Lua's own string of the secret is the caller's.
 */
static int signer_new(lua_State *L)
{
    cs_slice secret = bind_check_slice(L, 1);
    cs_error error;
    void **box = bind_new(L, SIGNER);
    if (cs_signer_new((cs_signer **)box, secret, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    return 1;
}

static int signer_close(lua_State *L)
{
    void **box = (void **)luaL_checkudata(L, 1, SIGNER);
    cs_signer *signer = (cs_signer *)*box;
    *box = NULL;
    cs_signer_free(signer);
    return 0;
}

/* signer:v3{method=, host=, path=, query=, headers=, body=, action=, version=, date=, nonce=,
 * access_key_id=, security_token=} -> {authorization=, signature=, canonical_request=,
 * string_to_sign=, target=, headers=}; or nil, message, info. `headers` of the result is all there
 * is to send. */
static int signer_v3(lua_State *L)
{
    cs_signer *signer = (cs_signer *)bind_check(L, 1, SIGNER);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checkstack(L, 32, "signer:v3");
    cs_pair query[QUERY_ROOM], headers[HEADERS_ROOM];
    int query_at = push_field(L, 2, "query"), headers_at = push_field(L, 2, "headers");
    cs_v3_call call = {
        .query = query,
        .headers = headers,
        .method = bind_field_slice(L, 2, "method"),
        .host = bind_field_slice(L, 2, "host"),
        .path = bind_field_slice(L, 2, "path"),
        .body = bind_field_slice(L, 2, "body"),
        .action = bind_field_slice(L, 2, "action"),
        .version = bind_field_slice(L, 2, "version"),
        .date = bind_field_slice(L, 2, "date"),
        .nonce = bind_field_slice(L, 2, "nonce"),
        .access_key_id = bind_field_slice(L, 2, "access_key_id"),
        .security_token = bind_field_slice(L, 2, "security_token"),
    };
    call.query_n = to_pairs(L, query_at, query, QUERY_ROOM, "query");
    call.headers_n = to_pairs(L, headers_at, headers, HEADERS_ROOM, "headers");
    cs_v3_signed result;
    cs_buffer work;
    cs_error error;
    size_t size = cs_v3_work_size(&call);
    cs_buffer_init(&work, lua_newuserdata(L, size), size);
    if (cs_v3_sign(signer, &call, &work, &result, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_newtable(L);
    bind_set_slice(L, "authorization", result.authorization);
    bind_set_slice(L, "signature", result.signature);
    bind_set_slice(L, "canonical_request", result.canonical_request);
    bind_set_slice(L, "string_to_sign", result.string_to_sign);
    bind_set_slice(L, "target", result.target);
    push_pairs(L, result.headers, result.headers_n);
    lua_setfield(L, -2, "headers");
    return 1;
}

/* signer:v1(method, parameters) -> signature, string to sign; or nil, message, info. Parameters:
 * all, of query and form. */
static int signer_v1(lua_State *L)
{
    cs_signer *signer = (cs_signer *)bind_check(L, 1, SIGNER);
    cs_slice method = bind_check_slice(L, 2), string_to_sign;
    cs_pair parameters[QUERY_ROOM];
    size_t n = to_pairs(L, 3, parameters, QUERY_ROOM, "parameters");
    size_t size = cs_v1_work_size(method, parameters, n);
    char base64[32];
    cs_buffer work, signature;
    cs_error error;
    if (n == QUERY_ROOM) { /* of which one may be a Signature, but not all have been read */
        cs_fail(&error, CS_LIMIT, 0, "expected at most 256 parameters", NULL);
        return bind_fail(L, &error, NULL);
    }
    cs_buffer_init(&work, lua_newuserdata(L, size), size);
    cs_buffer_init(&signature, base64, sizeof base64);
    if (cs_v1_string_to_sign(method, parameters, n, &work, &string_to_sign, &error) != 0 ||
        cs_v1_signature(signer, string_to_sign, &signature, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    bind_push_slice(L, cs_buffer_slice(&signature, 0));
    bind_push_slice(L, string_to_sign);
    return 2;
}

/* Seconds since 1970, for cs_verify; nil: the date is not checked. */
static int64_t field_now(lua_State *L, int table)
{
    int64_t now_s = bind_field_int64(L, table, "now", INT64_MIN);
    if (now_s < 0 && now_s != INT64_MIN) {
        luaL_error(L, "field 'now': expected seconds since 1970");
    }
    return now_s;
}

/* signer:verify{method=, target=, headers=, body=, now=} -> true; or false, message, {class=,
 * code=, canonical_request=, string_to_sign=}. */
static int signer_verify(lua_State *L)
{
    cs_signer *signer = (cs_signer *)bind_check(L, 1, SIGNER);
    luaL_checktype(L, 2, LUA_TTABLE);
    cs_pair headers[HEADERS_ROOM];
    int headers_at = push_field(L, 2, "headers");
    int64_t now_s = field_now(L, 2);
    cs_received request = {
        .headers = headers,
        .method = bind_field_slice(L, 2, "method"),
        .target = bind_field_slice(L, 2, "target"),
        .body = bind_field_slice(L, 2, "body"),
    };
    request.headers_n = to_pairs(L, headers_at, headers, HEADERS_ROOM, "headers");
    cs_verdict verdict;
    cs_buffer work;
    cs_error error;
    size_t size = cs_verify_work_size(&request);
    cs_buffer_init(&work, lua_newuserdata(L, size), size);
    if (cs_verify(signer, &request, now_s, &work, &verdict, &error) == 0) {
        lua_pushboolean(L, 1);
        return 1;
    }
    bind_fail(L, &error, verdict.code);
    lua_pushboolean(L, 0);
    lua_replace(L, -4);
    if (verdict.canonical_request.n) {
        bind_set_slice(L, "canonical_request", verdict.canonical_request);
    }
    if (verdict.string_to_sign.n) {
        bind_set_slice(L, "string_to_sign", verdict.string_to_sign);
    }
    return 3;
}

/* ---- queries ---- */

/* canonical_query{name = value | {value, …}} -> string, sorted and percent-encoded; or nil,
 * message, info */
static int canonical_query(lua_State *L)
{
    cs_pair pairs[QUERY_ROOM];
    size_t n = to_pairs(L, 1, pairs, QUERY_ROOM, "query");
    size_t size = 1;
    for (size_t i = 0; i < n; i++) {
        size += 3 * (pairs[i].name.n + pairs[i].value.n) + 2;
    }
    cs_buffer out;
    cs_error error;
    cs_buffer_init(&out, lua_newuserdata(L, size), size);
    if (cs_query_canonical(pairs, n, &out, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    bind_push_slice(L, cs_buffer_slice(&out, 0));
    return 1;
}

/* parse_query(raw) -> {{name, value}, …}, decoded, in the order received; or nil, message, info */
static int parse_query(lua_State *L)
{
    cs_slice raw = bind_check_slice(L, 1);
    cs_pair pairs[CS_QUERY_MAX];
    size_t n = 0;
    cs_buffer text;
    cs_error error;
    cs_buffer_init(&text, lua_newuserdata(L, raw.n + 1), raw.n);
    if (cs_query_parse(raw, pairs, &n, &text, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    lua_newtable(L);
    for (size_t i = 0; i < n; i++) {
        lua_newtable(L);
        bind_push_slice(L, pairs[i].name);
        lua_rawseti(L, -2, 1);
        bind_push_slice(L, pairs[i].value);
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

void core_open_sign(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"v3", signer_v3},
        {"v1", signer_v1},
        {"verify", signer_verify},
        {NULL, NULL},
    };
    static const luaL_Reg functions[] = {
        {"signer", signer_new},
        {"canonical_query", canonical_query},
        {"parse_query", parse_query},
        {NULL, NULL},
    };
    bind_class(L, SIGNER, methods, signer_close);
    bind_set_functions(L, functions);
}
