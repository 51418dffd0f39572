/* compat.h -- the one place that knows which Lua this is: the rest is written as for
 * Lua 5.3/5.4. */
#ifndef BTLS_BINDING_COMPAT_H
#define BTLS_BINDING_COMPAT_H

#include <lauxlib.h>
#include <lua.h>
#include <stddef.h>

#if defined(_WIN32)
#define BTLS_EXPORT __declspec(dllexport)
#else
#define BTLS_EXPORT __attribute__((visibility("default")))
#endif

#if LUA_VERSION_NUM < 502
/* LuaJIT has some of these functions; using the 5.1 forms in both keeps the binary
 * interchangeable. */
#define btls_setfuncs(L, list) luaL_register((L), NULL, (list))
#define btls_rawlen(L, i) lua_objlen((L), (i))
/* An environment is the 5.1 form of a user value; it must be a table. */
#define btls_set_uservalue(L, i) lua_setfenv((L), (i))
#define btls_get_uservalue(L, i) lua_getfenv((L), (i))
#else
#define btls_setfuncs(L, list) luaL_setfuncs((L), (list), 0)
#define btls_rawlen(L, i) lua_rawlen((L), (i))
#define btls_set_uservalue(L, i) lua_setuservalue((L), (i))
#define btls_get_uservalue(L, i) lua_getuservalue((L), (i))
#endif

#if LUA_VERSION_NUM >= 504
#define btls_newuserdata(L, size) lua_newuserdatauv((L), (size), 1)
#else
#define btls_newuserdata(L, size) lua_newuserdata((L), (size))
#endif

#endif
