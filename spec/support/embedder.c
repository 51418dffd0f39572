/* embedder.c -- what a program may expect of beartls_open: see
 * spec/hosts/static_spec.lua. It has names of its own that are also names inside beartls
 * and BearSSL; those of the library must not be taken for them. */
#include "embed/beartls.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>

int luaopen_beartls_core(lua_State *L);
void btls_wipe(void *p, size_t n);
void br_sha256_init(void *context);

int
luaopen_beartls_core(lua_State *L)
{
    (void)L;
    abort();
}

void
btls_wipe(void *p, size_t n)
{
    (void)p, (void)n;
    abort();
}

void
br_sha256_init(void *context)
{
    (void)context;
    abort();
}

static void
show(lua_State *L, int bad)
{
    printf("%s\n", bad ? lua_tostring(L, -1) : "fine");
    lua_settop(L, 0);
}

int
main(void)
{
    lua_State *L = luaL_newstate();
    lua_pushcfunction(L, beartls_open);
    show(L, lua_pcall(L, 0, 0, 0));
    luaL_openlibs(L);
    lua_pushinteger(L, 7);
    printf("%d\n", beartls_open(L));
    printf("%d values, the last is %s\n", lua_gettop(L), lua_tostring(L, -1));
    show(L, luaL_dostring(L, "assert(require 'beartls'.key.generate 'p256')"));
    show(L, luaL_dostring(L, "package.preload.beartls = nil"));
    beartls_open(L); /* again */
    show(L, luaL_dostring(L, "assert(package.preload.beartls)"));
    show(L, luaL_dostring(L, "assert(not package.preload.ssl)"));
    printf("%d\n", beartls_open_ssl(L));
    printf("%d values\n", lua_gettop(L));
    show(L, luaL_dostring(L, "package.preload.socket = function() return {} end"));
    show(L, luaL_dostring(L, "assert(require 'ssl' == require 'beartls.luasec')"));
    lua_close(L);
    return 0;
}
