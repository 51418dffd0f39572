/* lua.h -- Lua 5.5's C interface as far as it differs from 5.4's, whose headers must be
 * there: what a source must not use any more does not compile. See spec/lua55_spec.lua.
 */
#ifndef BTLS_LUA55_H
#define BTLS_LUA55_H

#include <lauxlib.h>
#include_next <lua.h>
#include <lualib.h>

#undef LUA_VERSION_NUM
#define LUA_VERSION_NUM 505

/* A third argument, the seed for hashes. */
#define lua_newstate(f, ud, seed) ((void)(unsigned)(seed), (lua_newstate)(f, ud))

/* How much a step of the collector does was a number of kB and an int; it is a number of
 * bytes and a size_t. What does not have the size of one does not compile. */
#define lua_gc(L, what, n)                                                             \
    ((void)sizeof(char[(what) != LUA_GCSTEP || sizeof(n) == sizeof(size_t) ? 1 : -1]), \
     (lua_gc)(L, what, n))

/* Gone, or only there for the sake of 5.3. */
#undef lua_resetthread
#undef LUA_GCSETPAUSE
#undef LUA_GCSETSTEPMUL
#pragma GCC poison lua_setcstacklimit lua_resetthread LUA_GCSETPAUSE LUA_GCSETSTEPMUL
#pragma GCC poison lua_strlen lua_objlen lua_equal lua_lessthan luaL_register luaL_openlib
#pragma GCC poison luaL_checkint luaL_checklong luaL_optint luaL_optlong

#endif
