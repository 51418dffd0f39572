/* session_query.c -- what a session can be asked: its state, what was negotiated, who is
 * who, keying material, what resumes it. */
#include <string.h>

#include "binding/session.h"
#include "binding/ticket.h"
#include "tls/channel.h"

static btls_session *
check_session(lua_State *L)
{
    return &btls_check_session(L)->session;
}

const char *
btls_session_state_name(const btls_session *s)
{
    static const char *const names[] = { "hello",   "handshake", "open",
                                         "closing", "closed",    "failed" };
    return names[s->state];
}

/* session:state() -> "hello" | "handshake" | "open" | "closing" | "closed" | "failed" */
static int
session_state(lua_State *L)
{
    lua_pushstring(L, btls_session_state_name(check_session(L)));
    return 1;
}

static btls_info
info_of(const btls_session *s)
{
    return btls_session_info(s);
}

/* session:version() -> string | nil, and so on: nil while it is not known. */
static int
session_version(lua_State *L)
{
    lua_pushstring(L, btls_version_name(info_of(check_session(L)).version));
    return 1;
}

static int
session_cipher(lua_State *L)
{
    const btls_suite *suite = btls_suite_by_id(info_of(check_session(L)).cipher_suite);
    lua_pushstring(L, suite == NULL ? NULL : suite->name);
    return 1;
}

static int
session_group(lua_State *L)
{
    lua_pushstring(L, btls_group_name(info_of(check_session(L)).group));
    return 1;
}

static int
session_signature_scheme(lua_State *L)
{
    lua_pushstring(
        L, btls_signature_scheme_name(info_of(check_session(L)).signature_scheme));
    return 1;
}

static int
session_alpn(lua_State *L)
{
    lua_pushstring(L, info_of(check_session(L)).alpn);
    return 1;
}

static int
session_resumed(lua_State *L)
{
    lua_pushboolean(L, info_of(check_session(L)).resumed);
    return 1;
}

static int
session_server_name(lua_State *L)
{
    btls_session *s = check_session(L);
    lua_pushstring(L, s->server_name[0] != '\0' ? s->server_name : NULL);
    return 1;
}

/* session:verified() -> boolean: the peer's certificate chain was verified. */
static int
session_verified(lua_State *L)
{
    btls_session *s = check_session(L);
    lua_pushboolean(L, s->verified && s->peer.count > 0);
    return 1;
}

/* session:is_client() -> boolean */
static int
session_is_client(lua_State *L)
{
    lua_pushboolean(L, check_session(L)->is_client);
    return 1;
}

/* session:peer_certificate() -> certificate | nil */
static int
session_peer_certificate(lua_State *L)
{
    btls_session *s = check_session(L);
    if (s->peer.count == 0)
        return btls_push_nil(L);
    btls_push_chain(L, &s->peer, 0, 1);
    return 1;
}

/* session:peer_chain() -> list of certificates as sent | nil */
static int
session_peer_chain(lua_State *L)
{
    btls_session *s = check_session(L);
    if (s->peer.count == 0)
        return btls_push_nil(L);
    lua_newtable(L);
    for (size_t i = 0; i < s->peer.count; i++) {
        btls_push_chain(L, &s->peer, i, 1);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* session:verified_chain() -> list of certificates, from the peer's to the trusted one
 * | nil: not verified, or resumed */
static int
session_verified_chain(lua_State *L)
{
    btls_session *s = check_session(L);
    if (!s->verified || s->path.count == 0 || btls_session_failed(s))
        return btls_push_nil(L);
    btls_push_path(L, &s->path, &s->peer, s->config->trust);
    return 1;
}

/* session:is_vouched() -> boolean: the handshake is done, and somebody whom we trust
 * vouches for what the peer's certificate says; a pin alone vouches for its key. */
static int
session_is_vouched(lua_State *L)
{
    btls_session *s = check_session(L);
    lua_pushboolean(L, s->was_open && s->verified && s->peer.count > 0 &&
                           !btls_session_failed(s) &&
                           !(s->config->insecure & BTLS_INSECURE_NO_VERIFY));
    return 1;
}

static int
push_staple(lua_State *L)
{
    const btls_session *s = lua_touserdata(L, 1);
    btls_span staple = btls_queue_bytes(&s->staple);
    if (staple.n == 0)
        return btls_push_nil(L);
    lua_pushlstring(L, (const char *)staple.p, staple.n);
    return 1;
}

/* session:ocsp_response() -> bytes | nil: what the server has stapled (RFC 6960) */
static int
session_ocsp_response(lua_State *L)
{
    btls_session_object *o = btls_check_session(L);
    btls_push_undisturbed(L, o, push_staple, &o->session, 1);
    return 1;
}

/* session:local_certificate() -> certificate | nil: what we have shown, the whole chain.
 */
static int
session_local_certificate(lua_State *L)
{
    btls_session *s = check_session(L);
    if (s->identity == NULL)
        return btls_push_nil(L);
    btls_push_chain(L, s->identity->chain, 0, s->identity->chain->count);
    return 1;
}

/* session:export(label, length [, context]) -> bytes | nil, message, code (RFC 5705) */
static int
session_export(lua_State *L)
{
    btls_session *s = check_session(L);
    size_t label_size;
    const char *label = luaL_checklstring(L, 2, &label_size);
    lua_Number n = luaL_checknumber(L, 3);
    btls_span context = { NULL, 0 };
    luaL_argcheck(L, label_size > 0 && strlen(label) == label_size, 2,
                  "a label is text without NUL");
    luaL_argcheck(L, n >= 1 && n <= 65535, 3, "the length is 1 to 65535 bytes");
    if (!lua_isnoneornil(L, 4))
        context.p = (const uint8_t *)luaL_checklstring(L, 4, &context.n);
    luaL_argcheck(L, context.n <= 65535, 4, "a context has at most 65535 bytes");
    btls_error e;
    uint8_t *out = btls_newuserdata(L, (size_t)n);
    if (btls_session_export(s, label, context, out, (size_t)n, &e) != 0)
        return btls_push_error(L, &e);
    lua_pushlstring(L, (const char *)out, (size_t)n);
    btls_wipe(out, (size_t)n);
    return 1;
}

/* session:channel_binding(type) -> bytes | nil, message, code */
static int
session_channel_binding(lua_State *L)
{
    static const char *const types[] = { "tls-server-end-point", "tls-unique",
                                         "tls-exporter", NULL };
    btls_session *s = check_session(L);
    uint8_t out[BTLS_CHANNEL_MAX];
    size_t n;
    btls_error e;
    static int (*const binders[])(btls_session *, uint8_t *, size_t *, btls_error *) = {
        btls_channel_server_end_point, btls_channel_unique, btls_channel_exporter
    };
    int type = luaL_checkoption(L, 2, NULL, types);
    if (binders[type](s, out, &n, &e) != 0)
        return btls_push_error(L, &e);
    lua_pushlstring(L, (const char *)out, n);
    return 1;
}

/* session:finished("client" | "server") -> verify_data of that side's Finished | nil,
 * message, code */
static int
session_finished(lua_State *L)
{
    static const char *const sides[] = { "client", "server", NULL };
    btls_info info = info_of(check_session(L));
    int side = luaL_checkoption(L, 2, NULL, sides);
    btls_error e;
    if (info.finished_size == 0) {
        if (info.version == 0)
            btls_error_set(&e, "want_read", BTLS_NO_ALERT,
                           "the handshake is not finished");
        else
            btls_error_set(&e, "channel_binding_unavailable", BTLS_NO_ALERT,
                           "this session has no extended master secret: its Finished "
                           "messages need not be unique");
        return btls_push_error(L, &e);
    }
    lua_pushlstring(L, (const char *)info.finished[side], info.finished_size);
    return 1;
}

/* session:ticket() -> ticket | nil, message, code */
static int
session_ticket(lua_State *L)
{
    btls_session *s = check_session(L);
    btls_error e;
    if (!s->is_client)
        btls_error_set(&e, "config_not_a_client", BTLS_NO_ALERT,
                       "only a client keeps tickets");
    else if (btls_session_failed(s))
        e = s->error;
    else if (info_of(s).version == 0)
        btls_error_set(&e, "want_read", BTLS_NO_ALERT, "the handshake is not finished");
    else if (!s->has_resumption)
        btls_error_set(&e, "peer_no_ticket", BTLS_NO_ALERT,
                       "the server has given nothing to resume the session with");
    else
        e.code = NULL;
    if (e.code != NULL)
        return btls_push_error(L, &e);
    btls_resumption r = s->resumption;
    r.peer = s->peer; /* borrowed */
    btls_push_ticket(L, &r);
    btls_wipe(&r, sizeof r);
    return 1;
}

static const luaL_Reg methods[] = {
    { "state", session_state },
    { "version", session_version },
    { "cipher", session_cipher },
    { "group", session_group },
    { "signature_scheme", session_signature_scheme },
    { "alpn", session_alpn },
    { "server_name", session_server_name },
    { "resumed", session_resumed },
    { "verified", session_verified },
    { "is_client", session_is_client },
    { "peer_certificate", session_peer_certificate },
    { "peer_chain", session_peer_chain },
    { "verified_chain", session_verified_chain },
    { "is_vouched", session_is_vouched },
    { "ocsp_response", session_ocsp_response },
    { "local_certificate", session_local_certificate },
    { "export", session_export },
    { "channel_binding", session_channel_binding },
    { "finished", session_finished },
    { "ticket", session_ticket },
    { NULL, NULL },
};

void
btls_open_session_queries(lua_State *L)
{
    luaL_getmetatable(L, BTLS_SESSION);
    lua_getfield(L, -1, "__index");
    btls_setfuncs(L, methods);
    lua_pop(L, 2);
}
