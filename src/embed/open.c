/* open.c -- beartls_open: puts the core and the compiled-in Lua modules where require
 * looks first. */
#include "embed/beartls.h"

#include "binding/compat.h"
#include "embed/modules.h"

int luaopen_beartls_core(lua_State *L);

/* package.preload has one of these for each module; its upvalue is the module. */
static int
load_module(lua_State *L)
{
    const btls_module *module = lua_touserdata(L, lua_upvalueindex(1));
    if (luaL_loadbuffer(L, (const char *)module->text, module->size, module->chunk_name))
        return lua_error(L);
    lua_pushstring(L, module->name);
    lua_call(L, 1, 1);
    return 1;
}

/* Replaces a table at the top by its field; raises unless that is a table, too. */
static void
enter(lua_State *L, const char *field)
{
    if (lua_istable(L, -1))
        lua_getfield(L, -1, field);
    if (!lua_istable(L, -1))
        luaL_error(L, "beartls_open: open the library \"package\" first");
    lua_remove(L, -2);
}

int
beartls_open(lua_State *L)
{
    luaL_checkstack(L, 4, "beartls_open");
    /* Lua 5.1 has package.preload nowhere else, and what is global may be anything. */
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    enter(L, "package");
    enter(L, "preload");
    lua_pushcfunction(L, luaopen_beartls_core);
    lua_setfield(L, -2, "beartls.core");
    for (const btls_module *module = btls_modules; module->name != NULL; module++) {
        lua_pushlightuserdata(L, (void *)module);
        lua_pushcclosure(L, load_module, 1);
        lua_setfield(L, -2, module->name);
    }
    lua_pop(L, 1);
    return 0;
}

int
beartls_open_ssl(lua_State *L)
{
    beartls_open(L);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "beartls.luasec.install");
    lua_call(L, 1, 1);
    lua_call(L, 0, 0);
    return 0;
}
