/* beartls.h -- beartls inside a program that has Lua inside: link libbeartls.a and the
 * Lua that it was built for (make static LUA=...). */
#ifndef BEARTLS_H
#define BEARTLS_H

#include <lua.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Makes require "beartls", and every other module of beartls, work in a Lua state without
 * any file: each is compiled in and loaded when it is first required. Adapters still need
 * what they adapt (beartls.socket needs LuaSocket's `socket`).
 *
 * Call it after luaL_openlibs, or at least after the library `package`; it raises a Lua
 * error without that, or when there is no memory. It leaves the stack as it was and
 * returns 0, so that it may also be called as a lua_CFunction. */
int beartls_open(lua_State *L);

/* Does what beartls_open does, and besides has require "ssl", "ssl.https" and the other
 * names of LuaSec give beartls.luasec, so that scripts written for LuaSec run as they are
 * (with LuaSocket, as ever). Wants the global function require. */
int beartls_open_ssl(lua_State *L);

#ifdef __cplusplus
}
#endif

#endif
