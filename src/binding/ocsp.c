/* ocsp.c -- OCSP responses for Lua, taken apart. */
#include "pki/ocsp.h"
#include "binding/certificate.h"

static void
set_time(lua_State *L, const char *key, int64_t t)
{
    btls_push_time(L, t);
    lua_setfield(L, -2, key);
}

static void
set_hex(lua_State *L, const char *key, btls_span bytes)
{
    btls_push_hex(L, bytes);
    lua_setfield(L, -2, key);
}

static void
push_answer(lua_State *L, const btls_ocsp_answer *a)
{
    static const char *const states[] = { "good", "revoked", "unknown" };
    lua_newtable(L);
    set_hex(L, "serial", btls_unsigned(a->serial));
    btls_set_string(L, "state", states[a->state]);
    set_time(L, "this_update", a->this_update);
    if (a->next_update != INT64_MAX)
        set_time(L, "next_update", a->next_update);
    if (a->state != BTLS_OCSP_REVOKED)
        return;
    lua_newtable(L);
    set_time(L, "date", a->revoked.date);
    btls_set_string(L, "reason", btls_crl_reason_name(a->revoked.reason));
    lua_setfield(L, -2, "revoked");
}

static void
set_answers(lua_State *L, const btls_ocsp *o)
{
    btls_reader r = btls_reader_of(o->answers);
    lua_newtable(L);
    while (btls_read_more(&r)) {
        btls_ocsp_answer a = btls_ocsp_read_answer(&r);
        push_answer(L, &a);
        btls_append(L);
    }
    lua_setfield(L, -2, "answers");
}

int
btls_ocsp_decode(lua_State *L)
{
    static const char *const statuses[] = {
        "successful", "malformedRequest", "internalError", "tryLater",
        "status 4",   "sigRequired",      "unauthorized",
    };
    btls_span bytes;
    btls_ocsp o;
    btls_error e;
    bytes.p = (const uint8_t *)luaL_checklstring(L, 1, &bytes.n);
    if (btls_ocsp_parse(&o, bytes, &e) != 0)
        return btls_push_error(L, &e);
    lua_newtable(L);
    if ((size_t)o.status < sizeof statuses / sizeof statuses[0])
        btls_set_string(L, "status", statuses[o.status]);
    else
        btls_set_string(L, "status", "unknown");
    if (o.status != BTLS_OCSP_SUCCESSFUL)
        return 1;
    if (o.responder_name.p != NULL) {
        btls_push_dn(L, o.responder_name);
        lua_setfield(L, -2, "responder");
    } else {
        set_hex(L, "responder_key", o.responder_key);
    }
    set_time(L, "produced_at", o.produced_at);
    set_answers(L, &o);
    return 1;
}
