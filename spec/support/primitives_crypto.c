/* primitives_crypto.c -- HMAC, HKDF, groups and AEADs for the specs with vectors. */
#include <string.h>

#include "crypto/aead.h"
#include "crypto/group.h"
#include "crypto/hkdf.h"
#include "crypto/random.h"
#include "primitives.h"

/* primitives.hmac(hash, key, message) -> bytes */
static int
hmac(lua_State *L)
{
    uint8_t out[BTLS_HASH_MAX];
    btls_span message = check_bytes(L, 3);
    push_bytes(L, out, btls_hmac(opt_hash(L, 1), check_bytes(L, 2), &message, 1, out));
    return 1;
}

/* primitives.hkdf_extract(hash, salt, ikm) -> bytes */
static int
hkdf_extract(lua_State *L)
{
    uint8_t out[BTLS_HASH_MAX];
    int hash = opt_hash(L, 1);
    btls_hkdf_extract(hash, check_bytes(L, 2), check_bytes(L, 3), out);
    push_bytes(L, out, btls_hash_size(hash));
    return 1;
}

/* primitives.hkdf_expand(hash, prk, info, n) -> n bytes */
static int
hkdf_expand(lua_State *L)
{
    uint8_t out[255 * BTLS_HASH_MAX];
    int hash = opt_hash(L, 1);
    size_t n = (size_t)luaL_checkinteger(L, 4);
    luaL_argcheck(L, n <= 255 * btls_hash_size(hash), 4, "too many");
    btls_hkdf_expand(hash, check_bytes(L, 2), check_bytes(L, 3), out, n);
    push_bytes(L, out, n);
    return 1;
}

/* primitives.group_generate(group) -> private key, share; nil for an unknown group */
static int
group_generate(lua_State *L)
{
    br_hmac_drbg_context random;
    btls_error e;
    uint8_t key[BTLS_GROUP_PRIVATE_MAX], share[BTLS_GROUP_PUBLIC_MAX];
    size_t key_size, share_size;
    if (btls_random_drbg(&random, &e) != 0)
        return luaL_error(L, "%s", e.message);
    if (btls_group_generate((int)luaL_checkinteger(L, 1), &random.vtable, key, &key_size,
                            share, &share_size) != 0)
        return 0;
    push_bytes(L, key, key_size);
    push_bytes(L, share, share_size);
    return 2;
}

/* primitives.group_public(group, private key) -> share or nil */
static int
group_public(lua_State *L)
{
    uint8_t share[BTLS_GROUP_PUBLIC_MAX];
    size_t n;
    btls_span key = check_bytes(L, 2);
    if (btls_group_public((int)luaL_checkinteger(L, 1), key.p, key.n, share, &n) != 0)
        return 0;
    push_bytes(L, share, n);
    return 1;
}

/* primitives.group_share(group, private key, peer's share) -> secret or nil */
static int
group_share(lua_State *L)
{
    uint8_t secret[BTLS_GROUP_SECRET_MAX];
    size_t n;
    btls_span key = check_bytes(L, 2), peer = check_bytes(L, 3);
    if (btls_group_share((int)luaL_checkinteger(L, 1), key.p, key.n, peer.p, peer.n,
                         secret, &n) != 0)
        return 0;
    push_bytes(L, secret, n);
    return 1;
}

static const char *const aeads[] = { "aes_128_gcm",   "aes_256_gcm", "chacha20_poly1305",
                                     "aes_128_ccm",   "aes_256_ccm", "aes_128_ccm_8",
                                     "aes_256_ccm_8", NULL };

/* What seal and open have in common: the AEAD ready, and a copy of the string at 4 with
 * room for a tag. */
static uint8_t *
prepare(lua_State *L, btls_aead *a, btls_span *nonce, btls_span *text)
{
    enum btls_aead_kind kind =
        (enum btls_aead_kind)(BTLS_AES_128_GCM + luaL_checkoption(L, 1, NULL, aeads));
    btls_span key = check_bytes(L, 2);
    *nonce = check_bytes(L, 3);
    *text = check_bytes(L, 5);
    luaL_argcheck(L, key.n == btls_aead_key_size(kind), 2, "wrong size");
    luaL_argcheck(L, nonce->n == BTLS_AEAD_NONCE, 3, "wrong size");
    btls_aead_init(a, kind, key.p);
    uint8_t *copy = lua_newuserdata(L, text->n + BTLS_AEAD_TAG_MAX);
    memcpy(copy, text->p, text->n);
    return copy;
}

/* primitives.seal(aead, key, nonce, aad, plaintext) -> ciphertext and tag */
static int
seal(lua_State *L)
{
    btls_aead a;
    btls_span nonce, text;
    uint8_t *data = prepare(L, &a, &nonce, &text);
    btls_aead_seal(&a, nonce.p, check_bytes(L, 4), data, text.n);
    push_bytes(L, data, text.n + btls_aead_tag_size(a.kind));
    return 1;
}

/* primitives.open(aead, key, nonce, aad, ciphertext and tag) -> plaintext; nil and what
 * is left in its place when the tag is wrong */
static int
open_sealed(lua_State *L)
{
    btls_aead a;
    btls_span nonce, text;
    uint8_t *data = prepare(L, &a, &nonce, &text);
    size_t tag = btls_aead_tag_size(a.kind);
    luaL_argcheck(L, text.n >= tag, 5, "shorter than a tag");
    if (!btls_aead_open(&a, nonce.p, check_bytes(L, 4), data, text.n - tag))
        lua_pushnil(L);
    push_bytes(L, data, text.n - tag);
    return lua_isnil(L, -2) ? 2 : 1;
}

static const luaL_Reg functions[] = {
    { "hmac", hmac },
    { "hkdf_extract", hkdf_extract },
    { "hkdf_expand", hkdf_expand },
    { "group_generate", group_generate },
    { "group_public", group_public },
    { "group_share", group_share },
    { "seal", seal },
    { "open", open_sealed },
    { NULL, NULL },
};

void
add_crypto(lua_State *L)
{
    btls_setfuncs(L, functions);
}
