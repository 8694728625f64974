/* core_x509.c - certificates in files. */
#include "core.h"

/* The serial number in hexadecimal of even length, as core.serial takes it. What core.serial refuses
 * stays refused: a negative number keeps its sign, zero is "00". */
static void set_serial(lua_State *L, const cs_certificate *certificate)
{
    char hex[2 * sizeof certificate->serial + 2];
    cs_buffer out;
    cs_buffer_init(&out, hex, sizeof hex);
    if (certificate->serial_negative) {
        cs_buffer_byte(&out, '-');
    }
    if (certificate->serial_n) {
        cs_buffer_hex(&out, certificate->serial, certificate->serial_n);
    } else {
        cs_buffer_text(&out, "00");
    }
    bind_set_slice(L, "serial", cs_buffer_slice(&out, 0));
}

static void push_certificate(lua_State *L, const cs_certificate *certificate)
{
    lua_newtable(L);
    set_serial(L, certificate);
    bind_set_slice(L, "subject", cs_slice_of(certificate->subject));
    bind_set_slice(L, "issuer", cs_slice_of(certificate->issuer));
    bind_push_int64(L, certificate->not_before);
    lua_setfield(L, -2, "not_before");
    bind_push_int64(L, certificate->not_after);
    lua_setfield(L, -2, "not_after");
}

static void set_hex(lua_State *L, const char *name, const unsigned char *bytes, size_t n)
{
    char hex[64];
    cs_buffer out;
    cs_buffer_init(&out, hex, sizeof hex);
    cs_buffer_hex(&out, bytes, n);
    bind_set_slice(L, name, cs_buffer_slice(&out, 0));
}

static void set_description(lua_State *L, const cs_description *d)
{
    lua_newtable(L);
    for (size_t i = 0; i < d->subject_n; i++) {
        lua_newtable(L);
        bind_push_slice(L, d->subject[i].name);
        lua_rawseti(L, -2, 1);
        bind_push_slice(L, d->subject[i].value);
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "subject_parts");
    lua_newtable(L);
    for (size_t i = 0; i < d->names_n; i++) {
        lua_newtable(L);
        lua_pushinteger(L, d->names[i].kind);
        lua_rawseti(L, -2, 1);
        bind_push_slice(L, d->names[i].value);
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "names");
    lua_newtable(L);
    for (size_t i = 0; i < d->uses_n; i++) {
        bind_push_slice(L, d->uses[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "uses");
    bind_set_slice(L, "key_algorithm", d->key_algorithm);
    if (d->key_curve.n) {
        bind_set_slice(L, "key_curve", d->key_curve);
    }
    lua_pushinteger(L, d->key_bits);
    lua_setfield(L, -2, "key_bits");
    bind_set_slice(L, "signature_algorithm", d->signature_algorithm);
    lua_pushboolean(L, d->is_authority);
    lua_setfield(L, -2, "is_authority");
    set_hex(L, "md5", d->md5, sizeof d->md5);
    set_hex(L, "sha256", d->sha256, sizeof d->sha256);
    bind_set_slice(L, "pem", d->pem);
}

static void push_damage(lua_State *L, const cs_error *error)
{
    lua_newtable(L);
    lua_pushstring(L, error->message);
    lua_setfield(L, -2, "error");
}

/* certificates(bytes) -> the certificates in a file's bytes, PEM or DER, in their order: {serial=,
 * subject=, issuer=, not_before=, not_after=} (seconds since 1970), or {error=} for a damaged one
 * among good ones; or nil, message, info where not one is good. Names are text from outside. */
static int certificates(lua_State *L)
{
    cs_slice bytes = bind_check_slice(L, 1);
    cs_certificate certificate;
    cs_error error, first = {.code = CS_OK};
    size_t offset = 0;
    int good = 0;
    lua_newtable(L);
    for (int i = 1;; i++) {
        int rc = cs_certificate_next(bytes, &offset, &certificate, &error);
        if (CS_CLASS(rc) == CS_CLOSED) {
            break;
        }
        if (CS_CLASS(rc) == CS_LIMIT) {
            return bind_fail(L, &error, NULL);
        }
        if (rc == CS_OK) {
            good++;
            push_certificate(L, &certificate);
        } else {
            first = first.code ? first : error;
            push_damage(L, &error);
        }
        lua_rawseti(L, -2, i);
    }
    return good ? 1 : bind_fail(L, &first, NULL);
}

/* describe_certificate(bytes) -> the first certificate in a file's bytes, as certificates gives it,
 * with subject_parts= {{identifier, value}, ...}, names= {{kind, value}, ...}, uses= {identifier,
 * ...}, key_algorithm=, key_curve= or nil, key_bits=, signature_algorithm= (identifiers),
 * is_authority=, md5=, sha256= (hex), pem=; or nil, message, info. See cs_description. */
static int describe_certificate(lua_State *L)
{
    cs_slice bytes = bind_check_slice(L, 1);
    size_t size = cs_certificate_work_size(bytes);
    cs_certificate certificate;
    cs_description description;
    cs_buffer work;
    cs_error error;
    cs_buffer_init(&work, lua_newuserdata(L, size), size);
    if (cs_certificate_describe(bytes, &certificate, &description, &work, &error) != 0) {
        return bind_fail(L, &error, NULL);
    }
    push_certificate(L, &certificate);
    set_description(L, &description);
    return 1;
}

void core_open_x509(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"certificates", certificates},
        {"describe_certificate", describe_certificate},
        {NULL, NULL},
    };
    bind_set_functions(L, functions);
}
