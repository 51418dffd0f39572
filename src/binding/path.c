/* path.c -- Lua's view of a path, and of why there is none. */
#include "binding/object.h"

void
btls_push_anchor(lua_State *L, const btls_trust *t, size_t i)
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
        btls_push_anchor(L, trust, (size_t)(-1 - n));
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

static void
set_string(lua_State *L, const char *name, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

void
btls_push_failure(lua_State *L, const btls_error *e, const btls_path *path,
                  const btls_chain *chain, const btls_trust *trust)
{
    lua_newtable(L);
    set_string(L, "message", e->message);
    set_string(L, "code", e->code);
    set_string(L, "hint", e->hint[0] != '\0' ? e->hint : NULL);
    if (e->position < 0 || (size_t)e->position >= path->count)
        return;
    lua_pushinteger(L, e->position);
    lua_setfield(L, -2, "position");
    btls_push_path_certificate(L, path, (size_t)e->position, chain, trust);
    lua_setfield(L, -2, "certificate");
}
