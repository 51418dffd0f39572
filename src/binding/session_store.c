/* session_store.c -- what a session asks of a store that the program keeps, and gives to
 * it. */
#include "binding/session.h"
#include "tls/store.h"

static btls_session *
check_session(lua_State *L)
{
    return &btls_check_session(L)->session;
}

/* session:config() -> config: the one that the session goes by */
static int
session_config(lua_State *L)
{
    check_session(L);
    btls_push_config(L);
    return 1;
}

/* session:raw_use_store([where]) -> true | nil, message, code */
static int
session_raw_use_store(lua_State *L)
{
    btls_session *s = check_session(L);
    btls_span where = { NULL, 0 };
    if (!lua_isnoneornil(L, 2))
        where.p = (const uint8_t *)luaL_checklstring(L, 2, &where.n);
    if (btls_session_use_store(s, where) != 0)
        return btls_push_error(L, &s->error);
    lua_pushboolean(L, 1);
    return 1;
}

/* session:resumption_key() -> key, "take" | "get"; nil: nothing is wanted */
static int
session_resumption_key(lua_State *L)
{
    uint8_t key[BTLS_STORE_KEY_SIZE];
    int once;
    if (!btls_session_wanted_key(check_session(L), key, &once))
        return btls_push_nil(L);
    lua_pushlstring(L, (const char *)key, sizeof key);
    lua_pushstring(L, once ? "take" : "get");
    return 2;
}

/* session:resume_with(value | nil) -> true | nil, message, code */
static int
session_resume_with(lua_State *L)
{
    btls_session_object *o = btls_check_session(L);
    btls_session *s = &o->session;
    btls_span value = { NULL, 0 };
    uint8_t key[BTLS_STORE_KEY_SIZE];
    int once;
    btls_error e;
    luaL_checkany(L, 2);
    if (!lua_isnil(L, 2))
        value.p = (const uint8_t *)luaL_checklstring(L, 2, &value.n);
    if (!btls_session_wanted_key(s, key, &once)) {
        btls_error_set(&e, "config_nothing_wanted", BTLS_NO_ALERT,
                       "the session wants nothing from a store: resumption_key() is nil");
        return btls_push_error(L, &e);
    }
    int bad = btls_session_resume_with(s, value);
    btls_session_flush_keylog(L, o);
    if (bad)
        return btls_push_error(L, &s->error);
    lua_pushboolean(L, 1);
    return 1;
}

static int
push_entry(lua_State *L)
{
    const btls_session *s = lua_touserdata(L, 1);
    btls_store_entry *entry = s->store == NULL ? NULL : btls_store_next(s->store);
    if (entry == NULL)
        return btls_push_nil(L);
    btls_span value = btls_queue_bytes(&entry->value);
    lua_pushlstring(L, (const char *)entry->key, sizeof entry->key);
    if (entry->task == BTLS_STORE_PUT)
        lua_pushlstring(L, (const char *)value.p, value.n);
    else
        lua_pushnil(L);
    btls_push_time(L, entry->seconds);
    btls_store_told(entry);
    return 3;
}

/* session:take_to_store() -> key, value | nil, seconds; nil: the next that the program
 * has to keep (no value: to forget); each is given once. */
static int
session_take_to_store(lua_State *L)
{
    btls_session_object *o = btls_check_session(L);
    btls_push_undisturbed(L, o, push_entry, &o->session, 3);
    return 3;
}

static const luaL_Reg methods[] = {
    { "config", session_config },
    { "raw_use_store", session_raw_use_store },
    { "resumption_key", session_resumption_key },
    { "resume_with", session_resume_with },
    { "take_to_store", session_take_to_store },
    { NULL, NULL },
};

void
btls_open_session_store(lua_State *L)
{
    luaL_getmetatable(L, BTLS_SESSION);
    lua_getfield(L, -1, "__index");
    btls_setfuncs(L, methods);
    lua_pop(L, 2);
}
