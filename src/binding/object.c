/* object.c -- what the bindings of all types share: objects, errors, the Lua state's
 * allocator. */
#include "binding/object.h"

#include <string.h>

#include "pki/pem.h"

btls_alloc
btls_lua_alloc(lua_State *L)
{
    btls_alloc a;
    a.f = lua_getallocf(L, &a.ud);
    return a;
}

void
btls_new_type(lua_State *L, const char *name, const luaL_Reg *methods,
              const luaL_Reg *metamethods)
{
    luaL_newmetatable(L, name);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    btls_setfuncs(L, metamethods);
    lua_newtable(L);
    btls_setfuncs(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

void
btls_add_methods(lua_State *L, const char *name, const luaL_Reg *methods)
{
    luaL_getmetatable(L, name);
    lua_getfield(L, -1, "__index");
    btls_setfuncs(L, methods);
    lua_pop(L, 2);
}

void *
btls_new_object(lua_State *L, size_t size, const char *name)
{
    void *p = btls_newuserdata(L, size);
    memset(p, 0, size);
    luaL_getmetatable(L, name);
    lua_setmetatable(L, -2);
    return p;
}

void *
btls_test_object(lua_State *L, int i, const char *name)
{
    void *p = lua_touserdata(L, i);
    if (p == NULL || !lua_getmetatable(L, i))
        return NULL;
    luaL_getmetatable(L, name);
    int same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same ? p : NULL;
}

int
btls_push_error(lua_State *L, const btls_error *e)
{
    lua_pushnil(L);
    lua_pushstring(L, e->message);
    lua_pushstring(L, e->code);
    return 3;
}

btls_span
btls_opt_bytes(lua_State *L, int i)
{
    btls_span s = { NULL, 0 };
    if (!lua_isnoneornil(L, i))
        s.p = (const uint8_t *)luaL_checklstring(L, i, &s.n);
    return s;
}

const char *
btls_check_name(lua_State *L, int i)
{
    size_t n;
    const char *name = luaL_checklstring(L, i, &n);
    return strlen(name) == n ? name : NULL;
}

void
btls_push_pin(lua_State *L, const uint8_t hash[32])
{
    char pin[8 + BTLS_BASE64_SIZE(32) + 1] = "sha256//";
    btls_base64(pin + 8, (btls_span){ hash, 32 });
    lua_pushstring(L, pin);
}

void
btls_push_time(lua_State *L, int64_t t)
{
#if LUA_VERSION_NUM >= 503
    lua_pushinteger(L, (lua_Integer)t);
#else
    lua_pushnumber(L, (lua_Number)t); /* integers of Lua 5.1 may have 32 bits */
#endif
}

void
btls_push_hex(lua_State *L, btls_span bytes)
{
    static const char digits[] = "0123456789abcdef";
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (size_t i = 0; i < bytes.n; i++) {
        luaL_addchar(&b, digits[bytes.p[i] >> 4]);
        luaL_addchar(&b, digits[bytes.p[i] & 15]);
    }
    luaL_pushresult(&b);
}
