/* handle.c -- objects whose state is a Lua table but which are no tables: programs of
 * other TLS modules tell an object from a table of settings by its type. */
#include "binding/object.h"

/* The metatables of C's own types stand for what C keeps; they are not for handles. */
static int
is_own_type(lua_State *L, int i)
{
    lua_pushliteral(L, "__name");
    lua_rawget(L, i);
    int own = 0;
    if (lua_type(L, -1) == LUA_TSTRING) {
        luaL_getmetatable(L, lua_tostring(L, -1));
        own = lua_rawequal(L, -1, i);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return own;
}

/* core.handle(metatable, state) -> userdata with that metatable. Both are tables. */
int
btls_handle(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_argcheck(L, !is_own_type(L, 1), 1, "it belongs to another type");
    lua_settop(L, 2);
    btls_newuserdata(L, 1);
    lua_pushvalue(L, 2);
    btls_set_uservalue(L, 3);
    lua_pushvalue(L, 1);
    lua_setmetatable(L, 3);
    return 1;
}

/* core.handle_state(value, metatable) -> the state | nil when it is no handle with that
 * metatable */
int
btls_handle_state(lua_State *L)
{
    luaL_checkany(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_argcheck(L, !is_own_type(L, 2), 2, "it belongs to another type");
    if (lua_type(L, 1) != LUA_TUSERDATA || !lua_getmetatable(L, 1) ||
        !lua_rawequal(L, -1, 2)) {
        lua_pushnil(L);
        return 1;
    }
    btls_get_uservalue(L, 1);
    return 1;
}
