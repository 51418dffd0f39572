/* primitives.c -- the primitives below the protocol, for the specs that run test vectors:
 * a module for Lua of its own, with its own copy of everything below the bindings.
 * Strings of bytes go in and out. */
#include <string.h>

#include "core/error.h"
#include "crypto/hash.h"
#include "crypto/rsa_public.h"
#include "crypto/signature.h"
#include "pki/der.h"
#include "pki/signature.h"
#include "pki/spki.h"
#include "primitives.h"

btls_span
check_bytes(lua_State *L, int i)
{
    btls_span s;
    s.p = (const uint8_t *)luaL_checklstring(L, i, &s.n);
    return s;
}

btls_span
opt_bytes(lua_State *L, int i)
{
    return lua_isnoneornil(L, i) ? (btls_span){ NULL, 0 } : check_bytes(L, i);
}

void
push_bytes(lua_State *L, const void *p, size_t n)
{
    lua_pushlstring(L, p, n);
}

int
opt_hash(lua_State *L, int i)
{
    static const char *const names[] = { "md5",    "sha1",   "sha224", "sha256",
                                         "sha384", "sha512", NULL };
    return lua_isnoneornil(L, i) ? 0 : br_md5_ID + luaL_checkoption(L, i, NULL, names);
}

/* primitives.verify(spki, kind, hash, message, signature [, salt [, mask_hash]]) ->
 * boolean; nil, code when the key cannot be read. kind: "pkcs1", "pss", "ecdsa",
 * "ed25519". */
static int
verify(lua_State *L)
{
    static const char *const kinds[] = { "pkcs1", "pss", "ecdsa", "ed25519", NULL };
    btls_public_key key;
    btls_error e;
    btls_signature_algorithm a = { 0 };
    a.kind = (enum btls_signature_kind)(BTLS_SIGNATURE_PKCS1 +
                                        luaL_checkoption(L, 2, NULL, kinds));
    a.hash = opt_hash(L, 3);
    a.salt = (int)luaL_optinteger(L, 6, 0);
    a.mask_hash = opt_hash(L, 7);
    if (btls_spki_parse(check_bytes(L, 1), &key, &e) != 0) {
        lua_pushnil(L);
        lua_pushstring(L, e.code);
        return 2;
    }
    lua_pushboolean(
        L, btls_signature_verify(&a, &key, check_bytes(L, 4), check_bytes(L, 5)));
    return 1;
}

/* primitives.verify_named(spki, algorithm_identifier, message, signature) -> boolean, as
 * certificates name their algorithm; nil when the AlgorithmIdentifier is refused. */
static int
verify_named(lua_State *L)
{
    btls_public_key key;
    btls_error e;
    btls_signature_algorithm a;
    btls_reader r = btls_reader_of(check_bytes(L, 2));
    btls_span identifier = btls_der_read(&r, BTLS_DER_SEQUENCE);
    if (!btls_read_end(&r) || !btls_signature_algorithm_parse(identifier, &a)) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushboolean(
        L, btls_spki_parse(check_bytes(L, 1), &key, &e) == 0 &&
               btls_signature_verify(&a, &key, check_bytes(L, 3), check_bytes(L, 4)));
    return 1;
}

/* primitives.rsa_public(n, e, x) -> x^e mod n, or nil when that is refused */
static int
rsa_public(lua_State *L)
{
    uint8_t x[BTLS_RSA_PUBLIC_MAX];
    btls_span n = check_bytes(L, 1), given = check_bytes(L, 3);
    luaL_argcheck(L, given.n == n.n && n.n <= sizeof x, 3, "as many bytes as n");
    memcpy(x, given.p, given.n);
    if (btls_rsa_public(n, check_bytes(L, 2), x))
        lua_pushlstring(L, (const char *)x, n.n);
    else
        lua_pushnil(L);
    return 1;
}

/* primitives.hash(name, bytes) -> bytes */
static int
hash(lua_State *L)
{
    uint8_t out[BTLS_HASH_MAX];
    btls_span message = check_bytes(L, 2);
    lua_pushlstring(L, (const char *)out, btls_hash(opt_hash(L, 1), &message, 1, out));
    return 1;
}

/* primitives.point(spki, curve) -> the point of an EC key on that curve, or nil */
static int
point(lua_State *L)
{
    btls_public_key key;
    btls_error e;
    if (btls_spki_parse(check_bytes(L, 1), &key, &e) != 0 || key.kind != BTLS_KEY_EC ||
        key.curve != luaL_checkinteger(L, 2))
        return 0;
    push_bytes(L, key.point.p, key.point.n);
    return 1;
}

static const luaL_Reg functions[] = {
    { "hash", hash },     { "rsa_public", rsa_public },     { "point", point },
    { "verify", verify }, { "verify_named", verify_named }, { NULL, NULL },
};

BTLS_EXPORT int luaopen_primitives(lua_State *L);

int
luaopen_primitives(lua_State *L)
{
    lua_newtable(L);
    btls_setfuncs(L, functions);
    add_crypto(L);
    add_keys(L);
    add_tls(L);
    add_records(L);
    return 1;
}
