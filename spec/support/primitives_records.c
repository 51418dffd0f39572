/* primitives_records.c -- the record layer of the modern engine for the specs. */
#include <string.h>

#include "binding/object.h"
#include "primitives.h"
#include "tls/records.h"

#define RECORDS "primitives.records"

typedef struct {
    btls_alloc alloc;
    btls_records records;
    btls_queue in, out;
} object;

static object *
check_records(lua_State *L)
{
    return luaL_checkudata(L, 1, RECORDS);
}

/* primitives.records() -> object */
static int
new_records(lua_State *L)
{
    object *o = btls_new_object(L, sizeof *o, RECORDS);
    o->alloc = btls_lua_alloc(L);
    btls_queue_init(&o->in, &o->alloc);
    btls_queue_init(&o->out, &o->alloc);
    btls_records_init(&o->records);
    return 1;
}

static int
records_gc(lua_State *L)
{
    object *o = check_records(L);
    if (o->alloc.f != NULL) {
        btls_queue_clear(&o->in);
        btls_queue_clear(&o->out);
    }
    btls_records_wipe(&o->records);
    return 0;
}

static int
check_direction(lua_State *L, int i)
{
    static const char *const names[] = { "received", "sent", NULL };
    return luaL_checkoption(L, i, NULL, names);
}

/* records:version(number) */
static int
records_version(lua_State *L)
{
    btls_records_set_version(&check_records(L)->records,
                             (unsigned)luaL_checkinteger(L, 2));
    return 0;
}

/* records:install("received" or "sent", suite, key, iv) */
static int
records_install(lua_State *L)
{
    object *o = check_records(L);
    const btls_suite *suite = btls_suite_by_name(luaL_checkstring(L, 3));
    btls_span key = check_bytes(L, 4), given = check_bytes(L, 5);
    uint8_t iv[BTLS_AEAD_NONCE] = { 0 };
    luaL_argcheck(L, suite != NULL && suite->aead != 0, 3, "no such AEAD suite");
    luaL_argcheck(L, key.n == btls_aead_key_size(suite->aead), 4, "wrong size");
    luaL_argcheck(L, given.n <= sizeof iv, 5, "wrong size");
    memcpy(iv, given.p, given.n);
    btls_records_install(&o->records, check_direction(L, 2), suite->aead, key.p, iv);
    return 0;
}

/* records:limit("received", "sent" or "plain", n) */
static int
records_limit(lua_State *L)
{
    static const char *const names[] = { "received", "sent", "plain", NULL };
    static void (*const set[])(btls_records *, size_t) = { btls_records_limit_received,
                                                           btls_records_limit_sent,
                                                           btls_records_limit_plain };
    object *o = check_records(L);
    set[luaL_checkoption(L, 2, NULL, names)](&o->records,
                                             (size_t)luaL_checkinteger(L, 3));
    return 0;
}

/* records:pad(multiple) */
static int
records_pad(lua_State *L)
{
    btls_records_pad(&check_records(L)->records, (size_t)luaL_checkinteger(L, 2));
    return 0;
}

/* records:skip_early_data() */
static int
records_skip(lua_State *L)
{
    btls_records_skip_early_data(&check_records(L)->records);
    return 0;
}

/* records:sequence("received" or "sent", n or -1): sets it to n, or to -1 - n from the
 * end: -1 is the last number that there is. */
static int
records_sequence(lua_State *L)
{
    object *o = check_records(L);
    o->records.directions[check_direction(L, 2)].sequence =
        (uint64_t)(int64_t)luaL_checknumber(L, 3);
    return 0;
}

/* records:worn() -> boolean */
static int
records_worn(lua_State *L)
{
    lua_pushboolean(L, btls_records_worn(&check_records(L)->records));
    return 1;
}

/* What is in the out queue, which is empty then. */
static int
push_out(lua_State *L, object *o)
{
    btls_span all = btls_queue_bytes(&o->out);
    push_bytes(L, all.p == NULL ? (const uint8_t *)"" : all.p, all.n);
    btls_queue_clear(&o->out);
    return 1;
}

/* records:send(type, bytes) -> bytes for the wire, or nil */
static int
records_send(lua_State *L)
{
    object *o = check_records(L);
    if (!btls_records_send(&o->records, (int)luaL_checkinteger(L, 2), check_bytes(L, 3),
                           &o->out))
        return 0;
    return push_out(L, o);
}

/* records:send_plain(type, bytes) -> bytes for the wire */
static int
records_send_plain(lua_State *L)
{
    object *o = check_records(L);
    if (!btls_records_send_plain((int)luaL_checkinteger(L, 2), check_bytes(L, 3),
                                 &o->out))
        return luaL_error(L, "no memory");
    return push_out(L, o);
}

/* One step of the wire: "more"; "skipped"; "ready" with a table; "bad", code, alert,
 * message. Application data is kept in the in queue, as the engine does. */
static int
push_step(lua_State *L, object *o, const uint8_t **p, size_t *n)
{
    btls_record record;
    btls_error e;
    switch (btls_records_receive(&o->records, &o->in, p, n, &record, &e)) {
    case BTLS_RECORD_MORE:
        return 0;
    case BTLS_RECORD_SKIPPED:
        lua_pushliteral(L, "skipped");
        return 1;
    case BTLS_RECORD_BAD:
        btls_queue_commit(&o->in, 0);
        lua_newtable(L);
        lua_pushstring(L, e.code);
        lua_setfield(L, -2, "code");
        lua_pushinteger(L, e.alert);
        lua_setfield(L, -2, "alert");
        lua_pushstring(L, e.message);
        lua_setfield(L, -2, "message");
        return 1;
    default:
        lua_newtable(L);
        lua_pushinteger(L, record.type);
        lua_setfield(L, -2, "type");
        lua_pushinteger(L, record.version);
        lua_setfield(L, -2, "version");
        lua_pushboolean(L, record.encrypted);
        lua_setfield(L, -2, "encrypted");
        push_bytes(L, record.body.p == NULL ? (const uint8_t *)"" : record.body.p,
                   record.body.n);
        lua_setfield(L, -2, "body");
        btls_records_done(&o->in, &record, record.type == BTLS_APPLICATION_DATA);
        return 1;
    }
}

/* records:receive(bytes) -> a list of { type=, version=, encrypted=, body= }, "skipped",
 * or at the end { code=, alert=, message= } */
static int
records_receive(lua_State *L)
{
    object *o = check_records(L);
    btls_span wire = check_bytes(L, 2);
    lua_newtable(L);
    for (int i = 1; push_step(L, o, &wire.p, &wire.n) == 1; i++) {
        int bad = 0;
        if (lua_istable(L, -1)) {
            lua_getfield(L, -1, "code");
            bad = !lua_isnil(L, -1);
            lua_pop(L, 1);
        }
        lua_rawseti(L, -2, i);
        if (bad)
            break;
    }
    return 1;
}

/* records:data() -> the application data that was kept; then there is none */
static int
records_data(lua_State *L)
{
    object *o = check_records(L);
    btls_span all = btls_queue_bytes(&o->in);
    push_bytes(L, all.p == NULL ? (const uint8_t *)"" : all.p, all.n);
    btls_queue_take(&o->in, all.n);
    return 1;
}

/* records:held() -> bytes of memory that the in queue has, of which are held */
static int
records_held(lua_State *L)
{
    object *o = check_records(L);
    lua_pushinteger(L, (lua_Integer)o->in.cap);
    lua_pushinteger(L, (lua_Integer)o->in.held);
    return 2;
}

static const luaL_Reg methods[] = {
    { "version", records_version },
    { "install", records_install },
    { "limit", records_limit },
    { "pad", records_pad },
    { "skip_early_data", records_skip },
    { "sequence", records_sequence },
    { "worn", records_worn },
    { "send", records_send },
    { "send_plain", records_send_plain },
    { "receive", records_receive },
    { "data", records_data },
    { "held", records_held },
    { NULL, NULL },
};

static const luaL_Reg metamethods[] = { { "__gc", records_gc }, { NULL, NULL } };

void
add_records(lua_State *L)
{
    btls_new_type(L, RECORDS, methods, metamethods);
    lua_pushcfunction(L, new_records);
    lua_setfield(L, -2, "records");
}
