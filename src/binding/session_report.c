/* session_report.c -- what a session tells of its failure and of the messages that
 * passed. */
#include "binding/session.h"

#include "tls/names.h"

static void
set_string(lua_State *L, const char *name, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

/* The raw form of session:failure() -> table | nil, to which the public module adds the
 * trace. */
int
btls_session_raw_failure(lua_State *L)
{
    btls_session *s = &btls_check_session(L)->session;
    const btls_error *e = &s->error;
    if (!btls_session_failed(s))
        return btls_push_nil(L);
    btls_push_failure(L, e, &s->path, &s->peer, s->config->trust);
    if (e->alert != BTLS_NO_ALERT) {
        const char *name = btls_alert_name(e->alert);
        set_string(L, "alert", name != NULL ? name : "unknown");
        lua_pushinteger(L, e->alert);
        lua_setfield(L, -2, "alert_number");
        set_string(L, "sent_by", e->sent_by_peer ? "peer" : "us");
    }
    return 1;
}

static void
push_event(lua_State *L, const btls_event *e)
{
    static const char *const content_types[] = { "change_cipher_spec", "alert",
                                                 "handshake", "application_data" };
    lua_newtable(L);
    set_string(L, "direction", e->sent ? "sent" : "received");
    if (e->content_type == BTLS_TRACE_KEYS) {
        static const char *const keys[] = { "handshake_keys", "application_keys",
                                            "updated_keys" };
        set_string(L, "content_type", "keys");
        set_string(L, "type", keys[e->raw[0] - BTLS_TRACE_HANDSHAKE_KEYS]);
    } else {
        set_string(L, "content_type",
                   content_types[e->content_type - BTLS_CHANGE_CIPHER_SPEC]);
        set_string(L, "version", btls_version_name(e->version));
    }
    lua_pushnumber(L, e->time);
    lua_setfield(L, -2, "time");
    lua_pushboolean(L, e->encrypted);
    lua_setfield(L, -2, "encrypted");
    lua_pushinteger(L, e->content_type == BTLS_TRACE_KEYS ? 0 : (lua_Integer)e->length);
    lua_setfield(L, -2, "length");
    if (e->content_type != BTLS_APPLICATION_DATA && e->content_type != BTLS_TRACE_KEYS) {
        lua_pushlstring(L, (const char *)e->raw, e->raw_size);
        lua_setfield(L, -2, "raw");
    }
}

static int
push_first_event(lua_State *L)
{
    btls_trace *t = lua_touserdata(L, 1);
    if (btls_trace_first(t) == NULL)
        return btls_push_nil(L);
    push_event(L, btls_trace_first(t));
    btls_trace_drop_first(t);
    return 1;
}

/* The next raw trace event, which is then forgotten, or nil. */
int
btls_session_take_event(lua_State *L)
{
    btls_session_object *o = btls_check_session(L);
    btls_push_undisturbed(L, o, push_first_event, &o->session.trace, 1);
    return 1;
}

static int
push_events(lua_State *L)
{
    const btls_trace *t = lua_touserdata(L, 1);
    int i = 1;
    lua_newtable(L);
    for (const btls_event *e = btls_trace_first(t); e != NULL; e = e->next, i++) {
        push_event(L, e);
        lua_rawseti(L, -2, i);
    }
    return 1;
}

/* All raw trace events that nobody has taken, as a list; they stay. */
int
btls_session_peek_events(lua_State *L)
{
    btls_session_object *o = btls_check_session(L);
    btls_push_undisturbed(L, o, push_events, &o->session.trace, 1);
    return 1;
}
