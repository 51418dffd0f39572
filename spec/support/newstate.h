/* newstate.h -- a Lua state with an allocator of its own, in any version of Lua. */
#ifndef BTLS_SPEC_NEWSTATE_H
#define BTLS_SPEC_NEWSTATE_H

#include <lua.h>

#if LUA_VERSION_NUM >= 505
#define btls_newstate(allocate, ud) lua_newstate((allocate), (ud), 0)
#else
#define btls_newstate(allocate, ud) lua_newstate((allocate), (ud))
#endif

#endif
