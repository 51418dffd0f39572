/* certificate.c -- Lua's certificates: one chain, leaf first; what is asked is asked of
 * the leaf. */
#include <stdio.h>
#include <string.h>

#include "binding/certificate.h"
#include "core/system.h"
#include "pki/dn.h"
#include "pki/name.h"
#include "pki/pem.h"
#include "pki/read.h"
#include "pki/signature.h"
#include "pki/spki.h"
#include "tls/names.h"
#include "tls/signature_scheme.h"

#define TEXT 1024

typedef struct {
    btls_alloc alloc;
    btls_chain chain;
} certificate;

static certificate *
new_certificate(lua_State *L)
{
    certificate *c = btls_new_object(L, sizeof *c, BTLS_CERTIFICATE);
    c->alloc = btls_lua_alloc(L);
    btls_chain_init(&c->chain, &c->alloc);
    return c;
}

const btls_chain *
btls_to_chain(lua_State *L, int i)
{
    certificate *c = btls_test_object(L, i, BTLS_CERTIFICATE);
    return c == NULL || c->chain.count == 0 ? NULL : &c->chain;
}

static const btls_chain *
check_chain(lua_State *L, int i)
{
    certificate *c = luaL_checkudata(L, i, BTLS_CERTIFICATE);
    luaL_argcheck(L, c->chain.count > 0, i, "the certificate was wiped");
    return &c->chain;
}

/* What an object holds was parsed when it was made, so it parses again. */
btls_certificate
btls_check_leaf(lua_State *L, int i)
{
    btls_certificate leaf;
    btls_error e;
    if (btls_certificate_parse(&leaf, btls_chain_at(check_chain(L, i), 0), &e) != 0)
        luaL_error(L, "%s", e.message);
    return leaf;
}

static void
append(lua_State *L, certificate *c, btls_span der)
{
    btls_error e;
    if (btls_chain_append(&c->chain, der.p, der.n, &e) != 0 ||
        btls_chain_end_certificate(&c->chain, &e) != 0)
        luaL_error(L, "%s", e.message);
}

void
btls_push_chain(lua_State *L, const btls_chain *from, size_t first, size_t count)
{
    certificate *c = new_certificate(L);
    for (size_t i = first; i < first + count; i++)
        append(L, c, btls_chain_at(from, i));
}

void
btls_push_certificate(lua_State *L, btls_span der)
{
    append(L, new_certificate(L), der);
}

/* core.certificate.parse(text [, password]) -> certificate | nil, message, code */
static int
certificate_parse(lua_State *L)
{
    btls_span text;
    btls_error e;
    text.p = (const uint8_t *)luaL_checklstring(L, 1, &text.n);
    btls_span password = btls_opt_bytes(L, 2);
    certificate *c = new_certificate(L);
    return btls_read_chain(&c->chain, text, password, &e) != 0 ? btls_push_error(L, &e)
                                                               : 1;
}

static int
certificate_subject(lua_State *L)
{
    btls_push_dn(L, btls_check_leaf(L, 1).subject);
    return 1;
}

static int
certificate_issuer(lua_State *L)
{
    btls_push_dn(L, btls_check_leaf(L, 1).issuer);
    return 1;
}

static int
certificate_common_name(lua_State *L)
{
    char text[TEXT];
    size_t n = btls_dn_common_name(btls_check_leaf(L, 1).subject, text, sizeof text);
    lua_pushstring(L, n > 0 ? text : NULL);
    return 1;
}

btls_span
btls_unsigned(btls_span integer)
{
    if (integer.n > 1 && integer.p[0] == 0) {
        integer.p++;
        integer.n--;
    }
    return integer;
}

static int
certificate_serial(lua_State *L)
{
    btls_push_hex(L, btls_unsigned(btls_check_leaf(L, 1).serial));
    return 1;
}

static int
certificate_version(lua_State *L)
{
    lua_pushinteger(L, btls_check_leaf(L, 1).version);
    return 1;
}

static int
certificate_not_before(lua_State *L)
{
    btls_push_time(L, btls_check_leaf(L, 1).not_before);
    return 1;
}

static int
certificate_not_after(lua_State *L)
{
    btls_push_time(L, btls_check_leaf(L, 1).not_after);
    return 1;
}

/* certificate:validat([t]) -> boolean: t in seconds since the epoch, now unless given */
static int
certificate_validat(lua_State *L)
{
    btls_certificate leaf = btls_check_leaf(L, 1);
    lua_Number t = luaL_optnumber(L, 2, (lua_Number)btls_system_time());
    lua_pushboolean(L,
                    t >= (lua_Number)leaf.not_before && t <= (lua_Number)leaf.not_after);
    return 1;
}

/* 1 when the key is one that we know. */
static int
key_of(lua_State *L, btls_public_key *key)
{
    btls_certificate leaf = btls_check_leaf(L, 1);
    btls_error e;
    return btls_certificate_public_key(&leaf, key, &e) == 0;
}

static int
certificate_key_type(lua_State *L)
{
    btls_public_key key;
    lua_pushstring(L, key_of(L, &key) ? btls_key_kind_name(key.kind) : NULL);
    return 1;
}

static int
certificate_key_bits(lua_State *L)
{
    btls_public_key key;
    if (key_of(L, &key))
        lua_pushinteger(L, btls_public_key_bits(&key));
    else
        lua_pushnil(L);
    return 1;
}

static int
certificate_curve(lua_State *L)
{
    btls_public_key key;
    int is_ec = key_of(L, &key) && key.kind == BTLS_KEY_EC;
    lua_pushstring(L, is_ec ? btls_curve_by_number(key.curve)->name : NULL);
    return 1;
}

static int
certificate_signature_algorithm(lua_State *L)
{
    lua_pushstring(L, btls_signature_algorithm_name(btls_check_leaf(L, 1).signature_oid));
    return 1;
}

/* certificate:signature_scheme() -> the name of TLS (RFC 8446, 4.2.3) | nil */
static int
certificate_signature_scheme(lua_State *L)
{
    btls_signature_algorithm a;
    unsigned id = 0;
    if (btls_signature_algorithm_parse(btls_check_leaf(L, 1).algorithm, &a))
        id = btls_signature_scheme_of(&a);
    lua_pushstring(L, id == 0 ? NULL : btls_signature_scheme_name(id));
    return 1;
}

/* certificate:issued(other) -> boolean: is the other's issuer this name, and its
 * signature this key's? */
static int
certificate_issued(lua_State *L)
{
    btls_certificate issuer = btls_check_leaf(L, 1), other = btls_check_leaf(L, 2);
    btls_public_key key;
    btls_signature_algorithm a;
    btls_error e;
    lua_pushboolean(L, btls_span_equal(other.issuer, issuer.subject) &&
                           btls_certificate_public_key(&issuer, &key, &e) == 0 &&
                           btls_signature_algorithm_parse(other.algorithm, &a) &&
                           btls_signature_verify(&a, &key, other.tbs, other.signature));
    return 1;
}

/* certificate:fingerprint([ "sha256" | "sha1" ]) -> hex */
static int
certificate_fingerprint(lua_State *L)
{
    static const char *const kinds[] = { "sha256", "sha1", NULL };
    btls_span der = btls_check_leaf(L, 1).der;
    const br_hash_class *hash = luaL_checkoption(L, 2, "sha256", kinds) == 0
                                    ? &br_sha256_vtable
                                    : &br_sha1_vtable;
    br_hash_compat_context h;
    uint8_t out[32];
    hash->init(&h.vtable);
    hash->update(&h.vtable, der.p, der.n);
    hash->out(&h.vtable, out);
    btls_push_hex(L, (btls_span){ out, hash == &br_sha256_vtable ? 32u : 20u });
    return 1;
}

/* certificate:pin() -> "sha256//BASE64" of its public key (RFC 7469, 2.4) */
static int
certificate_pin(lua_State *L)
{
    uint8_t hash[32];
    btls_certificate leaf = btls_check_leaf(L, 1);
    btls_certificate_spki_sha256(&leaf, hash);
    btls_push_pin(L, hash);
    return 1;
}

/* certificate:public_key([ "pem" | "der" ]) -> its SubjectPublicKeyInfo */
static int
certificate_public_key(lua_State *L)
{
    static const char *const forms[] = { "pem", "der", NULL };
    btls_span out = btls_check_leaf(L, 1).spki;
    if (luaL_checkoption(L, 2, "pem", forms) == 0) {
        certificate *text = new_certificate(L); /* its queue is freed whatever happens */
        if (!btls_pem_push(&text->chain.bytes, "PUBLIC KEY", out))
            return luaL_error(L, "not enough memory");
        out = btls_queue_bytes(&text->chain.bytes);
    }
    lua_pushlstring(L, (const char *)out.p, out.n);
    return 1;
}

/* certificate:der() -> the leaf's bytes */
static int
certificate_der(lua_State *L)
{
    btls_span der = btls_check_leaf(L, 1).der;
    lua_pushlstring(L, (const char *)der.p, der.n);
    return 1;
}

/* certificate:pem() -> the whole chain */
static int
certificate_pem(lua_State *L)
{
    const btls_chain *chain = check_chain(L, 1);
    certificate *text = new_certificate(L); /* its queue is freed whatever happens */
    for (size_t i = 0; i < chain->count; i++) {
        if (!btls_pem_push(&text->chain.bytes, "CERTIFICATE", btls_chain_at(chain, i)))
            return luaL_error(L, "not enough memory");
    }
    btls_span pem = btls_queue_bytes(&text->chain.bytes);
    lua_pushlstring(L, (const char *)pem.p, pem.n);
    return 1;
}

static int
certificate_is_ca(lua_State *L)
{
    lua_pushboolean(L, btls_check_leaf(L, 1).is_ca);
    return 1;
}

/* certificate:matches_name(host) -> boolean */
static int
certificate_matches_name(lua_State *L)
{
    btls_certificate leaf = btls_check_leaf(L, 1);
    const char *name = btls_check_name(L, 2);
    lua_pushboolean(L, name != NULL && btls_name_matches(&leaf, name));
    return 1;
}

/* certificate:list() -> each certificate of the chain as an object of its own */
static int
certificate_list(lua_State *L)
{
    const btls_chain *chain = check_chain(L, 1);
    lua_newtable(L);
    for (size_t i = 0; i < chain->count; i++) {
        btls_push_chain(L, chain, i, 1);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

static int
certificate_len(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)check_chain(L, 1)->count);
    return 1;
}

static int
certificate_eq(lua_State *L)
{
    const btls_chain *a = btls_to_chain(L, 1), *b = btls_to_chain(L, 2);
    lua_pushboolean(
        L, a != NULL && b != NULL &&
               btls_span_equal(btls_queue_bytes(&a->bytes), btls_queue_bytes(&b->bytes)));
    return 1;
}

static int
certificate_tostring(lua_State *L)
{
    certificate *c = luaL_checkudata(L, 1, BTLS_CERTIFICATE);
    if (c->chain.count == 0) {
        lua_pushliteral(L, "beartls.certificate (wiped)");
        return 1;
    }
    char text[TEXT];
    btls_certificate leaf = btls_check_leaf(L, 1);
    btls_certificate_subject(&leaf, text, sizeof text);
    lua_pushfstring(L, "beartls.certificate (%s)", text);
    return 1;
}

static int
certificate_gc(lua_State *L)
{
    certificate *c = luaL_checkudata(L, 1, BTLS_CERTIFICATE);
    btls_chain_clear(&c->chain);
    return 0;
}

static const luaL_Reg methods[] = {
    { "subject", certificate_subject },
    { "issuer", certificate_issuer },
    { "common_name", certificate_common_name },
    { "serial", certificate_serial },
    { "version", certificate_version },
    { "not_before", certificate_not_before },
    { "not_after", certificate_not_after },
    { "validat", certificate_validat },
    { "key_type", certificate_key_type },
    { "key_bits", certificate_key_bits },
    { "curve", certificate_curve },
    { "signature_algorithm", certificate_signature_algorithm },
    { "signature_scheme", certificate_signature_scheme },
    { "issued", certificate_issued },
    { "fingerprint", certificate_fingerprint },
    { "pin", certificate_pin },
    { "public_key", certificate_public_key },
    { "der", certificate_der },
    { "pem", certificate_pem },
    { "is_ca", certificate_is_ca },
    { "matches_name", certificate_matches_name },
    { "list", certificate_list },
    { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
    { "__len", certificate_len },
    { "__eq", certificate_eq },
    { "__tostring", certificate_tostring },
    { "__gc", certificate_gc },
    { NULL, NULL },
};

static const luaL_Reg functions[] = { { "parse", certificate_parse }, { NULL, NULL } };

int
btls_open_certificate(lua_State *L)
{
    btls_new_type(L, BTLS_CERTIFICATE, methods, metamethods);
    btls_add_methods(L, BTLS_CERTIFICATE, btls_certificate_names);
    btls_add_methods(L, BTLS_CERTIFICATE, btls_certificate_parts);
    lua_newtable(L);
    btls_setfuncs(L, functions);
    return 1;
}
