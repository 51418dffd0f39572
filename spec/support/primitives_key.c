/* primitives_key.c -- private keys and passwords, for the specs that run test vectors. */
#include <string.h>

#include "crypto/password.h"
#include "pki/key.h"
#include "primitives.h"

/* A generator that gives given bytes: the salt of a vector. */
struct fixed {
    const br_prng_class *vtable;
    btls_span bytes;
};

static void
give(const br_prng_class **ctx, void *out, size_t n)
{
    struct fixed *f = (struct fixed *)(void *)ctx;
    if (n <= f->bytes.n)
        memcpy(out, f->bytes.p, n);
}

/* The key of the DER at 1; raises when it is none. */
static btls_key *
check_key(lua_State *L, btls_alloc *a)
{
    btls_error e;
    a->f = lua_getallocf(L, &a->ud);
    btls_key *k = btls_key_parse(a, check_bytes(L, 1), &e);
    if (k == NULL)
        luaL_error(L, "%s", e.message);
    return k;
}

/* primitives.sign(key, kind, hash, message [, salt]) -> signature or nil; kind: "pkcs1",
 * "pss" (with just that salt), "ecdsa", "ed25519" */
static int
sign(lua_State *L)
{
    static const char *const kinds[] = { "pkcs1", "pss", "ecdsa", "ed25519", NULL };
    static const br_prng_class class = { sizeof(struct fixed), NULL, give, NULL };
    uint8_t signature[BTLS_SIGNATURE_MAX];
    btls_alloc a;
    btls_signature_algorithm algorithm = { 0 };
    algorithm.kind = (enum btls_signature_kind)(BTLS_SIGNATURE_PKCS1 +
                                                luaL_checkoption(L, 2, NULL, kinds));
    algorithm.hash = opt_hash(L, 3);
    btls_span message = check_bytes(L, 4);
    struct fixed f = { &class, opt_bytes(L, 5) };
    algorithm.salt = (int)f.bytes.n;
    btls_key *k = check_key(L, &a);
    size_t n =
        btls_key_sign(k, &algorithm, &f.vtable, message, signature, sizeof signature);
    btls_key_free(k);
    if (n == 0)
        return 0;
    push_bytes(L, signature, n);
    return 1;
}

/* primitives.rsa_private(key, x) -> x^d mod n, or nil when that is refused; and what the
 * decryption of a premaster secret says (1 or 0) */
static int
rsa_private(lua_State *L)
{
    uint8_t x[BTLS_RSA_PRIVATE_MAX], premaster[BTLS_RSA_PRIVATE_MAX];
    btls_alloc a;
    btls_span given = check_bytes(L, 2);
    luaL_argcheck(L, given.n <= sizeof x, 2, "too long");
    memset(x, 0, sizeof x);
    memcpy(x, given.p, given.n);
    memcpy(premaster, x, sizeof x);
    btls_key *k = check_key(L, &a);
    const br_rsa_private_key *rsa = btls_key_rsa(k);
    br_rsa_private private = br_rsa_private_get_default();
    int fits = given.n == (rsa->n_bitlen + 7) / 8, ok = fits && private(x, rsa);
    uint32_t decrypted = br_rsa_ssl_decrypt(private, rsa, premaster, given.n);
    btls_key_free(k);
    if (ok)
        push_bytes(L, x, given.n);
    else
        lua_pushnil(L);
    lua_pushinteger(L, (lua_Integer)decrypted);
    return 2;
}

/* primitives.pbkdf2(hash, password, salt, rounds, n) -> bytes or nil */
static int
pbkdf2(lua_State *L)
{
    uint8_t out[256];
    size_t n = (size_t)luaL_checkinteger(L, 5);
    luaL_argcheck(L, n <= sizeof out, 5, "too long");
    if (!btls_pbkdf2(opt_hash(L, 1), check_bytes(L, 2), check_bytes(L, 3),
                     (uint32_t)luaL_checkinteger(L, 4), out, n))
        return 0;
    push_bytes(L, out, n);
    return 1;
}

/* primitives.utf16(password) -> as PKCS#12 wants it */
static int
utf16(lua_State *L)
{
    uint8_t out[BTLS_UTF16_MAX];
    push_bytes(L, out, btls_password_to_utf16(check_bytes(L, 1), out));
    return 1;
}

void
add_keys(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "pbkdf2", pbkdf2 }, { "rsa_private", rsa_private },
        { "sign", sign },     { "utf16", utf16 },
        { NULL, NULL },
    };
    btls_setfuncs(L, functions);
}
