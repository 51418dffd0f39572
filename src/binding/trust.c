/* trust.c -- Lua's trust stores. */
#include <string.h>

#include "binding/object.h"
#include "core/system.h"
#include "pki/read.h"
#include "pki/revocation.h"

typedef struct {
    btls_alloc alloc;
    btls_trust *trust;
    int frozen; /* a config uses it: its sessions point at the anchors */
} trust_object;

static trust_object *
new_trust(lua_State *L)
{
    trust_object *o = btls_new_object(L, sizeof *o, BTLS_TRUST);
    o->alloc = btls_lua_alloc(L);
    o->trust = btls_trust_new(&o->alloc);
    if (o->trust == NULL)
        luaL_error(L, "not enough memory");
    return o;
}

const btls_trust *
btls_to_trust(lua_State *L, int i)
{
    trust_object *o = btls_test_object(L, i, BTLS_TRUST);
    if (o == NULL || o->trust == NULL)
        return NULL;
    if (!o->frozen)
        btls_trust_trim(o->trust);
    o->frozen = 1;
    return o->trust;
}

static trust_object *
check_trust(lua_State *L)
{
    trust_object *o = luaL_checkudata(L, 1, BTLS_TRUST);
    luaL_argcheck(L, o->trust != NULL, 1, "the trust store was wiped");
    return o;
}

/* core.trust.parse(pem_or_der) -> trust | nil, message, code */
static int
trust_parse(lua_State *L)
{
    btls_span text;
    btls_error e;
    btls_read_count count;
    text.p = (const uint8_t *)luaL_checklstring(L, 1, &text.n);
    trust_object *o = new_trust(L);
    if (btls_read_trust(o->trust, text, &count, &e) != 0)
        return btls_push_error(L, &e);
    btls_trust_trim(o->trust);
    return 1;
}

static int
trust_new(lua_State *L)
{
    new_trust(L);
    return 1;
}

/* trust:add(pem_or_der) -> number added, number that could not be used | nil, message,
 * code. Raises for a store that a config uses already. */
static int
trust_add(lua_State *L)
{
    btls_span text;
    btls_error e;
    btls_read_count count;
    trust_object *o = check_trust(L);
    luaL_argcheck(L, !o->frozen, 1, "a config uses this trust store: make another one");
    text.p = (const uint8_t *)luaL_checklstring(L, 2, &text.n);
    if (btls_read_trust(o->trust, text, &count, &e) != 0)
        return btls_push_error(L, &e);
    lua_pushinteger(L, count.added);
    lua_pushinteger(L, count.skipped);
    return 2;
}

static void
push_anchor(lua_State *L, const btls_trust *t, size_t i)
{
    btls_span der = { NULL, btls_trust_at(t, i).size };
    uint8_t *p = lua_newuserdata(L, der.n);
    btls_trust_certificate(t, i, p);
    der.p = p;
    btls_push_certificate(L, der);
    lua_remove(L, -2);
}

void
btls_push_path_certificate(lua_State *L, const btls_path *path, size_t i,
                           const btls_chain *chain, const btls_trust *trust)
{
    int n = path->at[i];
    if (n >= 0)
        btls_push_chain(L, chain, (size_t)n, 1);
    else
        push_anchor(L, trust, (size_t)(-1 - n));
}

void
btls_push_path(lua_State *L, const btls_path *path, const btls_chain *chain,
               const btls_trust *trust)
{
    lua_newtable(L);
    for (size_t i = 0; i < path->count; i++) {
        btls_push_path_certificate(L, path, i, chain, trust);
        lua_rawseti(L, -2, (int)i + 1);
    }
}

static const char *
string_field(lua_State *L, const char *name)
{
    lua_getfield(L, 3, name);
    if (lua_isnil(L, -1))
        return NULL;
    luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 3, name);
    const char *value = btls_check_name(L, -1); /* stays on the stack, and so alive */
    luaL_argcheck(L, value != NULL, 3, name);
    return value;
}

/* crls =, crl_required = "leaf" | true, ocsp = bytes; what they point at stays on the
 * stack. */
static btls_revocation_policy
revocation_fields(lua_State *L)
{
    btls_revocation_policy policy = { NULL, BTLS_CRL_OPTIONAL, { NULL, 0 }, 0 };
    lua_getfield(L, 3, "crls");
    policy.crls = btls_to_crls(L, -1);
    luaL_argcheck(L, policy.crls != NULL || lua_isnil(L, -1), 3,
                  "crls are what tls.crls gives");
    lua_getfield(L, 3, "crl_required");
    if (lua_toboolean(L, -1))
        policy.required = BTLS_CRL_CHAIN;
    if (lua_isstring(L, -1)) {
        luaL_argcheck(L, strcmp(lua_tostring(L, -1), "leaf") == 0, 3,
                      "crl_required is \"leaf\" or true");
        policy.required = BTLS_CRL_LEAF;
    }
    lua_getfield(L, 3, "ocsp");
    if (!lua_isnil(L, -1))
        policy.staple.p = (const uint8_t *)luaL_checklstring(L, -1, &policy.staple.n);
    return policy;
}

/* trust:verify(certificate, { name =, usage = "server" | "client", time =, crls =,
 * crl_required =, ocsp = }) -> path | nil, message, code */
static int
trust_verify(lua_State *L)
{
    trust_object *o = check_trust(L);
    const btls_chain *chain = btls_to_chain(L, 2);
    btls_path path;
    btls_error e;
    luaL_argcheck(L, chain != NULL, 2, "a certificate expected");
    if (lua_isnoneornil(L, 3)) {
        lua_settop(L, 2);
        lua_newtable(L);
    }
    luaL_checktype(L, 3, LUA_TTABLE);
    btls_verify_policy policy = { .trust = o->trust,
                                  .server_name = string_field(L, "name"),
                                  .usage = BTLS_USAGE_SERVER,
                                  .now = btls_system_time() };
    const char *usage = string_field(L, "usage");
    luaL_argcheck(
        L, usage == NULL || strcmp(usage, "server") == 0 || strcmp(usage, "client") == 0,
        3, "usage is \"server\" or \"client\"");
    if (usage != NULL && strcmp(usage, "client") == 0)
        policy.usage = BTLS_USAGE_CLIENT;
    lua_getfield(L, 3, "time");
    if (!lua_isnil(L, -1))
        policy.now = (int64_t)luaL_checknumber(L, -1);
    btls_revocation_policy revocation = revocation_fields(L);
    btls_revocation hook = btls_revocation_hook(&revocation);
    policy.revocation = &hook;
    if (btls_verify(&policy, chain, &path, &e) != 0)
        return btls_push_error(L, &e);
    btls_push_path(L, &path, chain, o->trust);
    return 1;
}

/* trust:list() -> the anchors' certificates, each an object of its own */
static int
trust_list(lua_State *L)
{
    const btls_trust *t = check_trust(L)->trust;
    lua_newtable(L);
    for (size_t i = 0; i < btls_trust_count(t); i++) {
        push_anchor(L, t, i);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* trust:memory() -> bytes that the store holds */
static int
trust_memory(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)btls_trust_memory(check_trust(L)->trust));
    return 1;
}

static int
trust_len(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)btls_trust_count(check_trust(L)->trust));
    return 1;
}

static int
trust_tostring(lua_State *L)
{
    trust_object *o = luaL_checkudata(L, 1, BTLS_TRUST);
    if (o->trust == NULL)
        lua_pushliteral(L, "beartls.trust (wiped)");
    else
        lua_pushfstring(L, "beartls.trust (%d anchors)", (int)btls_trust_count(o->trust));
    return 1;
}

static int
trust_gc(lua_State *L)
{
    trust_object *o = luaL_checkudata(L, 1, BTLS_TRUST);
    btls_trust_free(o->trust);
    o->trust = NULL;
    return 0;
}

static const luaL_Reg methods[] = { { "add", trust_add },
                                    { "verify", trust_verify },
                                    { "list", trust_list },
                                    { "memory", trust_memory },
                                    { NULL, NULL } };
static const luaL_Reg metamethods[] = { { "__len", trust_len },
                                        { "__tostring", trust_tostring },
                                        { "__gc", trust_gc },
                                        { NULL, NULL } };
static const luaL_Reg functions[] = { { "parse", trust_parse },
                                      { "new", trust_new },
                                      { NULL, NULL } };

int
btls_open_trust(lua_State *L)
{
    btls_new_type(L, BTLS_TRUST, methods, metamethods);
    lua_newtable(L);
    btls_setfuncs(L, functions);
    return 1;
}
