/* session.c -- Lua's sessions: the only place where bytes cross between Lua and the
 * engines. */
#include <limits.h>
#include <string.h>

#include "binding/config.h"
#include "binding/session.h"
#include "binding/ticket.h"
#include "pki/name.h"

/* What a session takes besides its userdata, in kB: the collector cannot see it. */
#define SESSION_KB 16

/* An index of the user value table, the session's config. */
#define CONFIG_SLOT 1

btls_session_object *
btls_check_session(lua_State *L)
{
    btls_session_object *o = luaL_checkudata(L, 1, BTLS_SESSION);
    luaL_argcheck(L, o->session.config != NULL, 1, "the session was wiped");
    luaL_argcheck(L, !o->busy, 1,
                  "the session is in use: it was called from inside itself");
    return o;
}

static btls_session *
check_session(lua_State *L)
{
    return &btls_check_session(L)->session;
}

void
btls_push_undisturbed(lua_State *L, btls_session_object *o, lua_CFunction push,
                      void *what, int values)
{
    lua_pushcfunction(L, push); /* in Lua 5.1, this may run finalizers already */
    lua_pushlightuserdata(L, what);
    o->busy = 1;
    int failed = lua_pcall(L, 1, values, 0);
    o->busy = 0;
    if (failed)
        lua_error(L);
}

void
btls_push_config(lua_State *L)
{
    btls_get_uservalue(L, 1);
    lua_rawgeti(L, -1, CONFIG_SLOT);
    lua_remove(L, -2);
}

static int
push_lines(lua_State *L)
{
    btls_queue *q = lua_touserdata(L, 1);
    btls_span lines = btls_queue_bytes(q);
    lua_pushlstring(L, (const char *)lines.p, lines.n);
    btls_queue_clear(q);
    return 1;
}

/* Key log lines leave as soon as the engine has returned. */
void
btls_session_flush_keylog(lua_State *L, btls_session_object *o)
{
    if (btls_queue_size(&o->session.keylog) == 0)
        return;
    btls_push_config(L);
    btls_push_undisturbed(L, o, push_lines, &o->session.keylog, 1);
    btls_config_keylog(L, lua_gettop(L) - 1);
    lua_pop(L, 1);
}

static int
push_result(lua_State *L, int bad, const btls_error *e)
{
    if (bad)
        return btls_push_error(L, e);
    lua_pushboolean(L, 1);
    return 1;
}

/* session:feed(bytes | nil) -> true | nil, message, code */
static int
session_feed(lua_State *L)
{
    btls_session_object *o = btls_check_session(L);
    btls_session *s = &o->session;
    luaL_checkany(L, 2);
    int bad;
    if (lua_isnil(L, 2)) {
        bad = btls_session_feed_end(s);
    } else {
        size_t n;
        const char *p = luaL_checklstring(L, 2, &n);
        bad = btls_session_feed(s, (const uint8_t *)p, n);
        btls_session_flush_keylog(L, o);
    }
    return push_result(L, bad, &s->error);
}

int
btls_push_nil(lua_State *L)
{
    lua_pushnil(L);
    return 1;
}

/* The first n bytes of a queue, or as many as there are. */
typedef struct {
    btls_queue *q;
    size_t n;
} piece;

static int
push_piece(lua_State *L)
{
    const piece *it = lua_touserdata(L, 1);
    size_t size = btls_queue_size(it->q), n = it->n < size ? it->n : size;
    lua_pushlstring(L, (const char *)btls_queue_bytes(it->q).p, n);
    btls_queue_take(it->q, n);
    return 1;
}

/* Pushes the first n bytes of the queue and takes them; without memory they stay. 0 when
 * a finalizer has taken them all. */
static int
push_and_take(lua_State *L, btls_session_object *o, btls_queue *q, size_t n)
{
    piece it = { q, n };
    btls_push_undisturbed(L, o, push_piece, &it, 1);
    return n == 0 || btls_rawlen(L, -1) > 0;
}

/* session:drain() -> bytes | nil */
static int
session_drain(lua_State *L)
{
    btls_session_object *o = btls_check_session(L);
    size_t n = btls_queue_size(&o->session.out);
    if (n == 0 || !push_and_take(L, o, &o->session.out, n))
        return btls_push_nil(L);
    return 1;
}

/* session:write(bytes [, first [, last]]) -> true | nil, message, code: a part of a
 * string need not be made a string of its own. */
static int
session_write(lua_State *L)
{
    btls_session *s = check_session(L);
    btls_error e;
    size_t n;
    const uint8_t *p = (const uint8_t *)luaL_checklstring(L, 2, &n);
    lua_Number first = luaL_optnumber(L, 3, 1),
               last = luaL_optnumber(L, 4, (lua_Number)n);
    luaL_argcheck(L, first >= 1 && first <= last + 1 && last <= (lua_Number)n, 3,
                  "first to last must be inside the bytes");
    p += (size_t)first - 1;
    int bad = btls_session_write(s, p, (size_t)last - (size_t)first + 1, &e);
    return push_result(L, bad, &e);
}

/* session:read([max [, least]]) -> bytes | nil, message, code: nothing while there are
 * fewer than `least` bytes and more may come. */
static int
session_read(lua_State *L)
{
    btls_session_object *o = btls_check_session(L);
    lua_Number max = luaL_optnumber(L, 2, (lua_Number)INT_MAX);
    lua_Number least = luaL_optnumber(L, 3, 0);
    luaL_argcheck(L, max >= 0, 2, "max must not be negative");
    size_t n = btls_queue_size(&o->session.in);
    int enough =
        n > 0 && ((lua_Number)n >= least || !btls_session_may_receive(&o->session));
    size_t wanted = max < (lua_Number)n ? (size_t)max : n;
    if (enough && push_and_take(L, o, &o->session.in, wanted))
        return 1;
    btls_error e;
    btls_session_why_no_data(&o->session, &e);
    return btls_push_error(L, &e);
}

/* session:close() -> true */
static int
session_close(lua_State *L)
{
    btls_session_close(check_session(L));
    lua_pushboolean(L, 1);
    return 1;
}

static int
session_gc(lua_State *L)
{
    btls_session_object *o = luaL_checkudata(L, 1, BTLS_SESSION);
    if (!o->busy)
        btls_session_clear(&o->session);
    return 0;
}

static int
session_tostring(lua_State *L)
{
    btls_session_object *o = luaL_checkudata(L, 1, BTLS_SESSION);
    btls_session *s = &o->session;
    if (s->config == NULL || o->busy) {
        lua_pushliteral(L, "beartls.session (wiped)");
        return 1;
    }
    const char *version = btls_version_name(btls_session_info(s).version);
    lua_pushfstring(L, "beartls.session (%s, %s, %s)", s->is_client ? "client" : "server",
                    version != NULL ? version : "no version yet",
                    btls_session_state_name(s));
    return 1;
}

/* ---- making one ---- */

static void
charge_collector(lua_State *L)
{
#if defined(LUA_GCISRUNNING)
    if (!lua_gc(L, LUA_GCISRUNNING, 0))
        return;
#endif
#if LUA_VERSION_NUM >= 505
    lua_gc(L, LUA_GCSTEP, (size_t)SESSION_KB * 1024);
#else
    lua_gc(L, LUA_GCSTEP, SESSION_KB);
#endif
}

static int
is_host(const char *name)
{
    uint8_t ip[16];
    size_t n;
    return name != NULL && (btls_name_is_ip(name, ip, &n) || btls_name_is_dns(name));
}

/* Pushes what keeps the config at that index alive, as a session's value. */
static void
push_anchor(lua_State *L, int config)
{
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, config);
    lua_rawseti(L, -2, CONFIG_SLOT);
}

static int
push_client_hello(lua_State *L)
{
    const btls_session *s = lua_touserdata(L, 1);
    btls_span message = btls_session_client_hello(s);
    lua_pushnil(L);
    if (s->state == BTLS_STATE_HELLO)
        lua_pushlstring(L, (const char *)message.p, message.n);
    return 1;
}

/* session:raw_client_hello() -> bytes | nil: the message, in the state "hello" */
static int
session_raw_client_hello(lua_State *L)
{
    btls_session_object *o = btls_check_session(L);
    btls_push_undisturbed(L, o, push_client_hello, &o->session, 1);
    return 1;
}

static int
push_not_paused(lua_State *L)
{
    btls_error e;
    btls_error_set(&e, "config_not_paused", BTLS_NO_ALERT,
                   "the session is not waiting for a config: it must have been made with "
                   "pause, and be in the state \"hello\"");
    return btls_push_error(L, &e);
}

/* session:raw_select(config) -> true | nil, message, code */
static int
session_raw_select(lua_State *L)
{
    const btls_config *config = btls_check_config(L, 2);
    int64_t now = btls_config_now(L, 2); /* calls Lua, which may do anything */
    push_anchor(L, 2);                   /* may run finalizers, which may, too */
    btls_session_object *o = btls_check_session(L);
    btls_session *s = &o->session;
    if (!btls_session_is_paused(s))
        return push_not_paused(L);
    s->now = now;
    btls_set_uservalue(L, 1);
    int bad = btls_session_select(s, config);
    btls_session_flush_keylog(L, o);
    return push_result(L, bad, &s->error);
}

/* session:refuse([why]) -> nil, message, code: in the state "hello" */
static int
session_refuse(lua_State *L)
{
    btls_session *s = check_session(L);
    const char *why = luaL_optstring(L, 2, "there is no config for what the client asks");
    if (s->state != BTLS_STATE_HELLO)
        return push_not_paused(L);
    return push_result(L, btls_session_refuse(s, why), &s->error);
}

/* core.session.new(config, is_client, server_name | nil, ticket | nil, pause) -> session
 * | nil, message, code */
static int
new_session(lua_State *L)
{
    btls_error e;
    const btls_config *config = btls_check_config(L, 1);
    int is_client = lua_toboolean(L, 2);
    lua_settop(L, 5);
    const char *name = lua_isnil(L, 3) ? NULL : btls_check_name(L, 3);
    if (!lua_isnil(L, 3) && !is_host(name)) {
        btls_error_set(&e, "config_server_name", BTLS_NO_ALERT,
                       "\"%.100s\" is neither a host name nor an address",
                       lua_tostring(L, 3));
        return btls_push_error(L, &e);
    }
    int64_t now = btls_config_now(L, 1);
    btls_session_object *o = btls_new_object(L, sizeof *o, BTLS_SESSION);
    btls_session *s = &o->session;
    push_anchor(L, 1);
    btls_set_uservalue(L, 6);
    charge_collector(L);
    s->alloc = btls_lua_alloc(L);
    btls_resumption *ticket = lua_isnil(L, 4) ? NULL : btls_copy_ticket(L, 4, &s->alloc);
    if (btls_session_start(s, config, is_client, name, now, ticket, &e) != 0) {
        btls_session_clear(s);
        return btls_push_error(L, &e);
    }
    if (lua_toboolean(L, 5))
        btls_session_pause(s);
    return 1;
}

static const luaL_Reg functions[] = { { "new", new_session }, { NULL, NULL } };
static const luaL_Reg methods[] = {
    { "feed", session_feed },
    { "drain", session_drain },
    { "write", session_write },
    { "read", session_read },
    { "close", session_close },
    { "raw_client_hello", session_raw_client_hello },
    { "raw_select", session_raw_select },
    { "refuse", session_refuse },
    { "raw_failure", btls_session_raw_failure },
    { "take_event", btls_session_take_event },
    { "peek_events", btls_session_peek_events },
    { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
    { "__gc", session_gc },
    { "__close", session_gc },
    { "__tostring", session_tostring },
    { NULL, NULL },
};

int
btls_open_session(lua_State *L)
{
    btls_new_type(L, BTLS_SESSION, methods, metamethods);
    btls_open_session_queries(L);
    btls_open_session_store(L);
    lua_newtable(L);
    btls_setfuncs(L, functions);
    return 1;
}
