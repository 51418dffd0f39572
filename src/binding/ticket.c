/* ticket.c -- Lua's tickets: what a client keeps of a session to resume it. A ticket
 * holds its encoding. */
#include "binding/ticket.h"

#include <string.h>

#include "binding/config.h"
#include "tls/names.h"
#include "tls/store.h"

typedef struct {
    btls_alloc alloc;
    btls_queue bytes;
    int spent; /* of TLS 1.3, and offered already */
} ticket;

static ticket *
check_ticket(lua_State *L, int i)
{
    ticket *t = luaL_checkudata(L, i, BTLS_TICKET);
    luaL_argcheck(L, btls_queue_size(&t->bytes) > 0, i, "the ticket was wiped");
    return t;
}

static ticket *
new_ticket(lua_State *L)
{
    ticket *t = btls_new_object(L, sizeof *t, BTLS_TICKET);
    t->alloc = btls_lua_alloc(L);
    btls_queue_init(&t->bytes, &t->alloc);
    return t;
}

void
btls_push_ticket(lua_State *L, const btls_resumption *r)
{
    btls_error e;
    ticket *t = new_ticket(L);
    if (btls_resumption_encode(r, &t->bytes, &e) != 0)
        luaL_error(L, "%s", e.message);
}

btls_resumption *
btls_copy_ticket(lua_State *L, int i, const btls_alloc *a)
{
    btls_error e;
    ticket *t = check_ticket(L, i);
    if (t->spent)
        return NULL;
    btls_resumption *r = btls_zalloc(a, sizeof *r);
    if (r == NULL)
        luaL_error(L, "not enough memory");
    btls_resumption_init(r, a);
    if (btls_resumption_decode(r, btls_queue_bytes(&t->bytes), &e) != 0) {
        btls_resumption_clear(r);
        btls_free(a, r, sizeof *r);
        luaL_error(L, "%s", e.message);
    }
    /* RFC 8446, C.4: who offers a ticket twice can be recognised by it. */
    t->spent = r->version == BTLS_TLS13;
    return r;
}

/* ticket:encode() -> bytes */
static int
ticket_encode(lua_State *L)
{
    btls_span b = btls_queue_bytes(&check_ticket(L, 1)->bytes);
    lua_pushlstring(L, (const char *)b.p, b.n);
    return 1;
}

/* 0, or -1 with *e set: they are not an encoding that could be used later. */
static int
check_encoding(const btls_alloc *a, btls_span bytes, btls_error *e)
{
    btls_resumption r;
    btls_resumption_init(&r, a);
    int bad = btls_resumption_decode(&r, bytes, e);
    btls_resumption_clear(&r);
    return bad;
}

/* tls.ticket.decode(bytes) -> ticket | nil, message, code */
static int
ticket_decode(lua_State *L)
{
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n);
    btls_error e;
    ticket *t = new_ticket(L);
    if (check_encoding(&t->alloc, (btls_span){ (const uint8_t *)p, n }, &e) != 0)
        return btls_push_error(L, &e);
    if (!btls_queue_push(&t->bytes, p, n))
        return luaL_error(L, "not enough memory");
    return 1;
}

/* core.ticket.store_key(config, server_name | nil, where, slot) -> key: under which a
 * client of the config keeps a ticket */
static int
ticket_store_key(lua_State *L)
{
    uint8_t key[BTLS_STORE_KEY_SIZE];
    btls_span where;
    const btls_config *config = btls_check_config(L, 1);
    const char *name = lua_isnil(L, 2) ? NULL : btls_check_name(L, 2);
    where.p = (const uint8_t *)luaL_checklstring(L, 3, &where.n);
    lua_Integer slot = luaL_checkinteger(L, 4);
    luaL_argcheck(L, slot >= 1 && slot <= BTLS_STORE_ENTRIES, 4, "1 or 2 expected");
    btls_store_client_key(config, name == NULL ? "" : name, where, (unsigned)slot - 1,
                          key);
    lua_pushlstring(L, (const char *)key, sizeof key);
    return 1;
}

/* core.ticket.from_store(config, key, value) -> ticket | nil, message, code */
static int
ticket_from_store(lua_State *L)
{
    btls_span key, value;
    btls_error e;
    const btls_config *config = btls_check_config(L, 1);
    key.p = (const uint8_t *)luaL_checklstring(L, 2, &key.n);
    value.p = (const uint8_t *)luaL_checklstring(L, 3, &value.n);
    luaL_argcheck(L, key.n == BTLS_STORE_KEY_SIZE, 2, "32 bytes expected");
    ticket *t = new_ticket(L);
    if (btls_store_open_ticket(config, key.p, value, &t->bytes) &&
        check_encoding(&t->alloc, btls_queue_bytes(&t->bytes), &e) == 0)
        return 1;
    btls_error_set(&e, "config_ticket_malformed", BTLS_NO_ALERT,
                   "these bytes are not a ticket that this config has kept");
    return btls_push_error(L, &e);
}

static int
ticket_gc(lua_State *L)
{
    ticket *t = luaL_checkudata(L, 1, BTLS_TICKET);
    btls_queue_clear(&t->bytes);
    return 0;
}

static int
ticket_tostring(lua_State *L)
{
    luaL_checkudata(L, 1, BTLS_TICKET);
    lua_pushliteral(L, "beartls.ticket");
    return 1;
}

static const luaL_Reg methods[] = { { "encode", ticket_encode }, { NULL, NULL } };
static const luaL_Reg metamethods[] = { { "__gc", ticket_gc },
                                        { "__tostring", ticket_tostring },
                                        { NULL, NULL } };
static const luaL_Reg functions[] = { { "decode", ticket_decode },
                                      { "store_key", ticket_store_key },
                                      { "from_store", ticket_from_store },
                                      { NULL, NULL } };

int
btls_open_ticket(lua_State *L)
{
    btls_new_type(L, BTLS_TICKET, methods, metamethods);
    lua_newtable(L);
    btls_setfuncs(L, functions);
    return 1;
}
