/* functions.c -- what the parts of beartls that are written in Lua ask of C: hashes,
 * random bytes, signatures, PEM, and names as the verdict reads them. */
#include "binding/certificate.h"
#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "crypto/random.h"
#include "crypto/seal.h"
#include "pki/der.h"
#include "pki/name.h"
#include "pki/pem.h"
#include "pki/signature.h"
#include "pki/spki.h"

/* core.hash("sha256" | "sha1" | "sha512", bytes) -> bytes */
static int
core_hash(lua_State *L)
{
    static const char *const names[] = { "sha256", "sha1", "sha512", NULL };
    static const int hashes[] = { br_sha256_ID, br_sha1_ID, br_sha512_ID };
    int hash = hashes[luaL_checkoption(L, 1, NULL, names)];
    btls_span bytes;
    uint8_t out[BTLS_HASH_MAX];
    bytes.p = (const uint8_t *)luaL_checklstring(L, 2, &bytes.n);
    size_t n = btls_hash(hash, &bytes, 1, out);
    lua_pushlstring(L, (const char *)out, n);
    return 1;
}

/* core.random(n) -> n bytes from the system's generator, at most 64. Raises when it gives
 * none: then nothing may go on. */
static int
core_random(lua_State *L)
{
    uint8_t bytes[64];
    btls_error e;
    lua_Integer n = luaL_checkinteger(L, 1);
    luaL_argcheck(L, n >= 0 && n <= (lua_Integer)sizeof bytes, 1, "0 to 64 expected");
    if (btls_random(bytes, (size_t)n, &e) != 0)
        return luaL_error(L, "%s", e.message);
    lua_pushlstring(L, (const char *)bytes, (size_t)n);
    return 1;
}

/* A queue that is wiped and freed when it is collected, whatever has raised in between.
 */
#define SCRATCH "beartls.scratch"

typedef struct {
    btls_alloc alloc;
    btls_queue bytes;
} scratch;

static int
scratch_gc(lua_State *L)
{
    scratch *s = lua_touserdata(L, 1);
    btls_queue_clear(&s->bytes);
    return 0;
}

static btls_queue *
new_scratch(lua_State *L)
{
    scratch *s = btls_new_object(L, sizeof *s, SCRATCH);
    s->alloc = btls_lua_alloc(L);
    btls_queue_init(&s->bytes, &s->alloc);
    return &s->bytes;
}

static void
push_queue(lua_State *L, btls_queue *q)
{
    btls_span bytes = btls_queue_bytes(q);
    lua_pushlstring(L, (const char *)bytes.p, bytes.n);
    btls_queue_clear(q);
}

static btls_span
check_bytes(lua_State *L, int i)
{
    btls_span bytes;
    bytes.p = (const uint8_t *)luaL_checklstring(L, i, &bytes.n);
    return bytes;
}

static const uint8_t *
check_seal_key(lua_State *L, int i)
{
    btls_span key = check_bytes(L, i);
    luaL_argcheck(L, key.n == BTLS_SEAL_KEY_SIZE, i, "a key has 32 bytes");
    return key.p;
}

/* core.derive(secret, label) -> 32 bytes: HKDF with SHA-256 (RFC 5869) */
static int
core_derive(lua_State *L)
{
    uint8_t prk[BTLS_HASH_MAX], out[32];
    btls_hkdf_extract(br_sha256_ID, (btls_span){ NULL, 0 }, check_bytes(L, 1), prk);
    btls_hkdf_expand(br_sha256_ID, (btls_span){ prk, 32 }, check_bytes(L, 2), out,
                     sizeof out);
    btls_wipe(prk, sizeof prk);
    lua_pushlstring(L, (const char *)out, sizeof out);
    btls_wipe(out, sizeof out);
    return 1;
}

/* core.seal(key, about, bytes) -> sealed: see crypto/seal.h; `about` is authenticated.
 * Raises when there are no random bytes. */
static int
core_seal(lua_State *L)
{
    btls_error e;
    const uint8_t *key = check_seal_key(L, 1);
    btls_span about = check_bytes(L, 2), bytes = check_bytes(L, 3);
    btls_queue *q = new_scratch(L);
    if (btls_seal(key, about, bytes, q, &e) != 0)
        return luaL_error(L, "%s", e.message);
    push_queue(L, q);
    return 1;
}

/* core.unseal(key, about, sealed) -> bytes | nil */
static int
core_unseal(lua_State *L)
{
    const uint8_t *key = check_seal_key(L, 1);
    btls_span about = check_bytes(L, 2), sealed = check_bytes(L, 3);
    btls_queue *q = new_scratch(L);
    if (btls_unseal(key, about, sealed, q))
        push_queue(L, q);
    else
        lua_pushnil(L);
    return 1;
}

/* core.pem_encode(label, bytes) -> text (RFC 7468) */
static int
core_pem_encode(lua_State *L)
{
    const char *label = luaL_checkstring(L, 1);
    btls_span bytes;
    bytes.p = (const uint8_t *)luaL_checklstring(L, 2, &bytes.n);
    btls_queue *q = new_scratch(L);
    if (!btls_pem_push(q, label, bytes))
        return luaL_error(L, "not enough memory");
    push_queue(L, q);
    return 1;
}

/* core.pem_decode(text) -> { { label =, bytes = }, ... } | nil, message, code. Text that
 * begins like DER is one block without a label. */
static int
core_pem_decode(lua_State *L)
{
    btls_span text;
    btls_pem pem;
    btls_error e;
    int found;
    text.p = (const uint8_t *)luaL_checklstring(L, 1, &text.n);
    btls_queue *q = new_scratch(L);
    lua_newtable(L);
    if (btls_pem_is_der(text)) {
        lua_newtable(L);
        lua_pushvalue(L, 1);
        lua_setfield(L, -2, "bytes");
        lua_rawseti(L, -2, 1);
        return 1;
    }
    btls_pem_init(&pem, text);
    for (int n = 1; (found = btls_pem_next(&pem, q, &e)) == 1; n++) {
        lua_newtable(L);
        lua_pushstring(L, pem.label);
        lua_setfield(L, -2, "label");
        push_queue(L, q);
        lua_setfield(L, -2, "bytes");
        lua_rawseti(L, -2, n);
    }
    return found < 0 ? btls_push_error(L, &e) : 1;
}

/* core.is_signed(public_key, algorithm, message, signature) -> boolean. The key is a
 * SubjectPublicKeyInfo, the algorithm an AlgorithmIdentifier, both in DER. */
static int
core_is_signed(lua_State *L)
{
    btls_span given[4];
    btls_public_key key;
    btls_signature_algorithm algorithm;
    btls_error e;
    for (int i = 0; i < 4; i++)
        given[i].p = (const uint8_t *)luaL_checklstring(L, i + 1, &given[i].n);
    btls_reader r = btls_reader_of(given[1]);
    btls_span identifier = btls_der_read(&r, BTLS_DER_SEQUENCE);
    lua_pushboolean(L, btls_read_end(&r) && btls_spki_parse(given[0], &key, &e) == 0 &&
                           btls_signature_algorithm_parse(identifier, &algorithm) &&
                           btls_signature_verify(&algorithm, &key, given[2], given[3]));
    return 1;
}

/* core.ip_address(text) -> 4 or 16 bytes | nil */
static int
core_ip_address(lua_State *L)
{
    const char *text = btls_check_name(L, 1);
    uint8_t ip[16];
    size_t n;
    if (text != NULL && btls_name_is_ip(text, ip, &n))
        lua_pushlstring(L, (const char *)ip, n);
    else
        lua_pushnil(L);
    return 1;
}

/* core.ip_text(bytes) -> text (RFC 5952) | nil when they are not 4 or 16 */
static int
core_ip_text(lua_State *L)
{
    btls_span ip;
    char text[48];
    ip.p = (const uint8_t *)luaL_checklstring(L, 1, &ip.n);
    btls_name_ip_text(ip, text, sizeof text);
    lua_pushstring(L, text[0] == '\0' ? NULL : text);
    return 1;
}

/* core.is_dns_name(text) -> boolean */
static int
core_is_dns_name(lua_State *L)
{
    const char *text = btls_check_name(L, 1);
    lua_pushboolean(L, text != NULL && btls_name_is_dns(text));
    return 1;
}

static const luaL_Reg functions[] = {
    { "hash", core_hash },
    { "ocsp_decode", btls_ocsp_decode },
    { "random", core_random },
    { "derive", core_derive },
    { "seal", core_seal },
    { "unseal", core_unseal },
    { "is_signed", core_is_signed },
    { "pem_encode", core_pem_encode },
    { "pem_decode", core_pem_decode },
    { "ip_address", core_ip_address },
    { "ip_text", core_ip_text },
    { "is_dns_name", core_is_dns_name },
    { "handle", btls_handle },
    { "handle_state", btls_handle_state },
    { NULL, NULL },
};

void
btls_open_functions(lua_State *L)
{
    static const luaL_Reg metamethods[] = { { "__gc", scratch_gc }, { NULL, NULL } };
    static const luaL_Reg none[] = { { NULL, NULL } };
    btls_new_type(L, SCRATCH, none, metamethods);
    btls_setfuncs(L, functions);
}
