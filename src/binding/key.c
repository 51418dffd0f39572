/* key.c -- Lua's private keys. */
#include <stdio.h>
#include <string.h>

#include "binding/object.h"
#include "crypto/random.h"
#include "pki/pem.h"
#include "pki/read.h"
#include "pki/spki.h"
#include "tls/names.h"
#include "tls/signature_scheme.h"

typedef struct {
    btls_alloc alloc;
    btls_key *key;
    btls_queue
        scratch; /* decoded or encoded key material; wiped by __gc whatever happens */
} key_object;

static key_object *
new_object(lua_State *L)
{
    key_object *o = btls_new_object(L, sizeof *o, BTLS_KEY);
    o->alloc = btls_lua_alloc(L);
    btls_queue_init(&o->scratch, &o->alloc);
    return o;
}

const btls_key *
btls_to_key(lua_State *L, int i)
{
    key_object *o = btls_test_object(L, i, BTLS_KEY);
    return o == NULL ? NULL : o->key;
}

static const btls_key *
check_key(lua_State *L)
{
    key_object *o = luaL_checkudata(L, 1, BTLS_KEY);
    luaL_argcheck(L, o->key != NULL, 1, "the key was wiped");
    return o->key;
}

/* core.key.parse(text [, password]) -> key | nil, message, code */
static int
key_parse(lua_State *L)
{
    btls_span text;
    btls_error e;
    text.p = (const uint8_t *)luaL_checklstring(L, 1, &text.n);
    btls_span password = btls_opt_bytes(L, 2);
    key_object *o = new_object(L);
    o->key = btls_read_key(&o->alloc, text, password, &e);
    return o->key == NULL ? btls_push_error(L, &e) : 1;
}

/* core.key.generate(kind) -> key | nil, message, code; kind: "p256", "p384", "p521",
 * "ed25519", "rsa2048", "rsa3072", "rsa4096" */
static int
key_generate(lua_State *L)
{
    const char *kind = luaL_checkstring(L, 1);
    btls_error e;
    br_hmac_drbg_context rng;
    key_object *o = new_object(L);
    if (btls_random_drbg(&rng, &e) != 0)
        return btls_push_error(L, &e);
    o->key = btls_key_generate(&o->alloc, kind, &rng.vtable, &e);
    btls_wipe(&rng, sizeof rng);
    return o->key == NULL ? btls_push_error(L, &e) : 1;
}

static int
key_type(lua_State *L)
{
    lua_pushstring(L, btls_key_kind_name(btls_key_kind(check_key(L))));
    return 1;
}

static int
key_bits(lua_State *L)
{
    lua_pushinteger(L, btls_key_bits(check_key(L)));
    return 1;
}

static int
key_curve(lua_State *L)
{
    const btls_curve *curve = btls_curve_by_number(btls_key_curve(check_key(L)));
    lua_pushstring(L, curve == NULL ? NULL : curve->name);
    return 1;
}

/* key:matches(certificate) -> boolean */
static int
key_matches(lua_State *L)
{
    const btls_key *key = check_key(L);
    const btls_chain *chain = btls_to_chain(L, 2);
    btls_certificate leaf;
    btls_error e;
    luaL_argcheck(L, chain != NULL, 2, "a certificate expected");
    lua_pushboolean(L, btls_certificate_parse(&leaf, btls_chain_at(chain, 0), &e) == 0 &&
                           btls_key_matches(key, &leaf));
    return 1;
}

/* Encodes the key into out, encrypted when there is a password. */
static int
encode(const btls_key *key, btls_span password, btls_queue *out, btls_error *e)
{
    br_hmac_drbg_context random;
    if (password.p == NULL)
        return btls_key_encode(key, out, e);
    if (btls_random_drbg(&random, e) != 0)
        return -1;
    int bad = btls_key_encode_encrypted(key, password, &random.vtable, out, e);
    btls_wipe(&random, sizeof random);
    return bad;
}

/* key:pem([password]) -> PKCS#8, encrypted when there is a password | nil, message, code
 */
static int
key_pem(lua_State *L)
{
    const btls_key *key = check_key(L);
    btls_span password = btls_opt_bytes(L, 2);
    btls_error e;
    luaL_argcheck(L, password.p == NULL || password.n > 0, 2, "an empty password");
    const char *label = password.p == NULL ? "PRIVATE KEY" : "ENCRYPTED PRIVATE KEY";
    key_object *der = new_object(L), *text = new_object(L);
    if (encode(key, password, &der->scratch, &e) != 0)
        return btls_push_error(L, &e);
    if (!btls_pem_push(&text->scratch, label, btls_queue_bytes(&der->scratch)))
        return luaL_error(L, "not enough memory");
    btls_span pem = btls_queue_bytes(&text->scratch);
    lua_pushlstring(L, (const char *)pem.p, pem.n);
    btls_queue_clear(&der->scratch);
    btls_queue_clear(&text->scratch);
    return 1;
}

/* key:public([ "pem" | "der" ]) -> SubjectPublicKeyInfo */
static int
key_public(lua_State *L)
{
    static const char *const forms[] = { "pem", "der", NULL };
    const btls_key *key = check_key(L);
    int is_der = luaL_checkoption(L, 2, "pem", forms);
    btls_error e;
    key_object *der = new_object(L), *text = new_object(L);
    if (btls_key_encode_public(key, &der->scratch, &e) != 0 ||
        !btls_pem_push(&text->scratch, "PUBLIC KEY", btls_queue_bytes(&der->scratch)))
        return luaL_error(L, "not enough memory");
    btls_span out = btls_queue_bytes(is_der ? &der->scratch : &text->scratch);
    lua_pushlstring(L, (const char *)out.p, out.n);
    return 1;
}

/* key:sign(scheme, message) -> signature | nil, message, code; a scheme by its IANA name
 */
static int
key_sign(lua_State *L)
{
    const btls_key *key = check_key(L);
    const char *name = luaL_checkstring(L, 2);
    const btls_signature_scheme *scheme =
        btls_signature_scheme_find(btls_signature_scheme_by_name(name));
    btls_span message;
    uint8_t signature[BTLS_SIGNATURE_MAX];
    br_hmac_drbg_context random;
    btls_error e;
    message.p = (const uint8_t *)luaL_checklstring(L, 3, &message.n);
    luaL_argcheck(L, scheme != NULL, 2, "no signature scheme of that name is known");
    if (!btls_signature_scheme_fits(scheme, btls_key_public(key))) {
        btls_error_set(&e, "config_key_scheme", BTLS_NO_ALERT,
                       "an %s key of %d bits cannot sign with %s",
                       btls_key_kind_name(btls_key_kind(key)), btls_key_bits(key), name);
        return btls_push_error(L, &e);
    }
    if (btls_random_drbg(&random, &e) != 0)
        return btls_push_error(L, &e);
    size_t n = btls_key_sign(key, &scheme->algorithm, &random.vtable, message, signature,
                             sizeof signature);
    btls_wipe(&random, sizeof random);
    if (n == 0) {
        btls_error_set(&e, "config_key_malformed", BTLS_NO_ALERT,
                       "the private key does not sign: its numbers do not fit together");
        return btls_push_error(L, &e);
    }
    lua_pushlstring(L, (const char *)signature, n);
    return 1;
}

/* key:pin() -> "sha256//BASE64" of its public part: what certificate:pin() says of its
 * certificate */
static int
key_pin(lua_State *L)
{
    const btls_key *key = check_key(L);
    btls_error e;
    uint8_t hash[32];
    br_sha256_context h;
    key_object *o = lua_touserdata(L, 1);
    if (btls_key_encode_public(key, &o->scratch, &e) != 0)
        return luaL_error(L, "not enough memory");
    btls_span spki = btls_queue_bytes(&o->scratch);
    br_sha256_init(&h);
    br_sha256_update(&h, spki.p, spki.n);
    br_sha256_out(&h, hash);
    btls_queue_clear(&o->scratch);
    btls_push_pin(L, hash);
    return 1;
}

static int
key_tostring(lua_State *L)
{
    key_object *o = luaL_checkudata(L, 1, BTLS_KEY);
    if (o->key == NULL) {
        lua_pushliteral(L, "beartls.key (wiped)");
        return 1;
    }
    lua_pushfstring(L, "beartls.key (%s, %d bits)",
                    btls_key_kind_name(btls_key_kind(o->key)), btls_key_bits(o->key));
    return 1;
}

static int
key_gc(lua_State *L)
{
    key_object *o = luaL_checkudata(L, 1, BTLS_KEY);
    btls_key_free(o->key);
    o->key = NULL;
    btls_queue_clear(&o->scratch);
    return 0;
}

static const luaL_Reg methods[] = {
    { "type", key_type },       { "bits", key_bits }, { "curve", key_curve },
    { "matches", key_matches }, { "pem", key_pem },   { "pin", key_pin },
    { "public", key_public },   { "sign", key_sign }, { NULL, NULL },
};
static const luaL_Reg metamethods[] = { { "__tostring", key_tostring },
                                        { "__gc", key_gc },
                                        { NULL, NULL } };
static const luaL_Reg functions[] = { { "parse", key_parse },
                                      { "generate", key_generate },
                                      { NULL, NULL } };

int
btls_open_key(lua_State *L)
{
    btls_new_type(L, BTLS_KEY, methods, metamethods);
    lua_newtable(L);
    btls_setfuncs(L, functions);
    return 1;
}
