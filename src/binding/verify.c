/* verify.c -- the verdict that a session would give, offline: trust:verify. */
#include <string.h>

#include "binding/object.h"
#include "core/system.h"
#include "pki/revocation.h"

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
    btls_revocation_policy policy = { .required = BTLS_CRL_OPTIONAL };
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

/* What is misspelt must not be overlooked: without a name, any name will do. */
static void
check_fields(lua_State *L)
{
    static const char *const names[] = { "name", "usage",        "time",
                                         "crls", "crl_required", "ocsp" };
    for (lua_pushnil(L); lua_next(L, 3); lua_pop(L, 1)) {
        const char *given = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        size_t i = 0;
        while (i < sizeof names / sizeof names[0] && strcmp(names[i], given) != 0)
            i++;
        if (i == sizeof names / sizeof names[0])
            luaL_error(L,
                       "trust:verify has no option '%s': there are name, usage, time, "
                       "crls, crl_required, ocsp",
                       given);
    }
}

/* Seconds since the epoch; a part of a second does not count. */
static int64_t
time_field(lua_State *L)
{
    lua_getfield(L, 3, "time");
    if (lua_isnil(L, -1))
        return btls_system_time();
    lua_Number t = luaL_checknumber(L, -1);
    luaL_argcheck(L, t > -1e15 && t < 1e15, 3, "time is in seconds since the epoch");
    int64_t seconds = (int64_t)t;
    return seconds - ((lua_Number)seconds > t);
}

/* trust:verify(certificate, { name =, usage = "server" | "client", time =, crls =,
 * crl_required =, ocsp = }) -> path | nil, message, code, failure */
int
btls_trust_verify(lua_State *L)
{
    const btls_trust *trust = btls_check_trust(L);
    const btls_chain *chain = btls_to_chain(L, 2);
    btls_path path;
    btls_error e;
    luaL_argcheck(L, chain != NULL, 2, "a certificate expected");
    if (lua_isnoneornil(L, 3)) {
        lua_settop(L, 2);
        lua_newtable(L);
    }
    luaL_checktype(L, 3, LUA_TTABLE);
    check_fields(L);
    btls_verify_policy policy = { .trust = trust,
                                  .server_name = string_field(L, "name"),
                                  .usage = BTLS_USAGE_SERVER,
                                  .now = time_field(L) };
    const char *usage = string_field(L, "usage");
    luaL_argcheck(
        L, usage == NULL || strcmp(usage, "server") == 0 || strcmp(usage, "client") == 0,
        3, "usage is \"server\" or \"client\"");
    if (usage != NULL && strcmp(usage, "client") == 0)
        policy.usage = BTLS_USAGE_CLIENT;
    btls_revocation_policy revocation = revocation_fields(L);
    btls_revocation hook = btls_revocation_hook(&revocation);
    policy.revocation = &hook;
    if (btls_verify(&policy, chain, &path, &e) == 0) {
        btls_push_path(L, &path, chain, trust);
        return 1;
    }
    int n = btls_push_error(L, &e);
    btls_push_failure(L, &e, &path, chain, trust);
    return n + 1;
}
