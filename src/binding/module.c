/* module.c -- luaopen_beartls_core: the table of the C core. Programs use require
 * "beartls". */
#include "binding/object.h"
#include "binding/ticket.h"
#include "tls/names.h"

/* The names that a config may use, as lists: { cipher_suites = { ... },
 * default_cipher_suites = ... }. */
static int
push_suite_names(lua_State *L, int flags)
{
    size_t n;
    const btls_suite *suites = btls_suites(&n);
    lua_newtable(L);
    int k = 0;
    for (size_t i = 0; i < n; i++) {
        if ((suites[i].flags & flags) != flags)
            continue;
        lua_pushstring(L, suites[i].name);
        lua_rawseti(L, -2, ++k);
    }
    return 1;
}

BTLS_EXPORT int luaopen_beartls_core(lua_State *L);

BTLS_EXPORT int
luaopen_beartls_core(lua_State *L)
{
    static const struct {
        const char *name;
        int (*open)(lua_State *);
    } parts[] = {
        { "certificate", btls_open_certificate },
        { "key", btls_open_key },
        { "trust", btls_open_trust },
        { "crls", btls_open_crls },
        { "ticket", btls_open_ticket },
        { "config", btls_open_config },
        { "session", btls_open_session },
    };
    lua_newtable(L);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        parts[i].open(L);
        lua_setfield(L, -2, parts[i].name);
    }
    btls_open_functions(L);
    push_suite_names(L, 0);
    lua_setfield(L, -2, "cipher_suites");
    push_suite_names(L, BTLS_SUITE_DEFAULT);
    lua_setfield(L, -2, "default_cipher_suites");
    luaL_getmetatable(L, BTLS_SESSION);
    lua_setfield(L, -2, "session_metatable");
    luaL_getmetatable(L, BTLS_CONFIG);
    lua_setfield(L, -2, "config_metatable");
    return 1;
}
