/* held.c -- runs a Lua file with the core built in, in a state that counts the memory
 * which Lua and beartls hold: beartls allocates with the state's allocator, which the
 * collector's own count leaves out. The file finds the global function held(): bytes.
 *
 * usage: held script.lua [argument ...] */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>

#include "newstate.h"

int luaopen_beartls_core(lua_State *L);

/* Of a new block Lua gives the kind of object as its old size. */
static void *
count(void *ud, void *p, size_t old_size, size_t new_size)
{
    size_t *held = ud, had = p == NULL ? 0 : old_size;
    if (new_size == 0) {
        *held -= had;
        free(p);
        return NULL;
    }
    void *now = realloc(p, new_size);
    if (now != NULL)
        *held += new_size - had;
    return now;
}

static int
held(lua_State *L)
{
    size_t *bytes = lua_touserdata(L, lua_upvalueindex(1));
    lua_gc(L, LUA_GCCOLLECT, 0);
    lua_gc(L, LUA_GCCOLLECT, 0);
    lua_pushnumber(L, (lua_Number)*bytes);
    return 1;
}

static void
prepare(lua_State *L, size_t *bytes)
{
    luaL_openlibs(L);
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    lua_pushcfunction(L, luaopen_beartls_core);
    lua_setfield(L, -2, "beartls.core");
    lua_pop(L, 2);
    lua_pushlightuserdata(L, bytes);
    lua_pushcclosure(L, held, 1);
    lua_setglobal(L, "held");
}

int
main(int argc, char **argv)
{
    size_t bytes = 0;
    lua_State *L = argc < 2 ? NULL : btls_newstate(count, &bytes);
    if (L == NULL) {
        fprintf(stderr, "usage: %s script.lua [argument ...]\n", argv[0]);
        return 2;
    }
    prepare(L, &bytes);
    int bad = luaL_loadfile(L, argv[1]);
    if (!bad) {
        for (int i = 2; i < argc; i++)
            lua_pushstring(L, argv[i]);
        bad = lua_pcall(L, argc - 2, 0, 0);
    }
    if (bad)
        fprintf(stderr, "%s: %s\n", argv[0], lua_tostring(L, -1));
    lua_close(L);
    return bad || bytes != 0;
}
