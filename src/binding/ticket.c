/* ticket.c -- Lua's tickets: what a client keeps of a session to resume it. A ticket
 * holds its encoding. */
#include "binding/ticket.h"

#include <string.h>

#include "tls/names.h"

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

/* tls.ticket.decode(bytes) -> ticket | nil, message, code */
static int
ticket_decode(lua_State *L)
{
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n);
    btls_error e;
    btls_resumption r;
    ticket *t = new_ticket(L);
    btls_resumption_init(&r, &t->alloc);
    int bad = btls_resumption_decode(&r, (btls_span){ (const uint8_t *)p, n }, &e);
    btls_resumption_clear(&r);
    if (bad)
        return btls_push_error(L, &e);
    if (!btls_queue_push(&t->bytes, p, n))
        return luaL_error(L, "not enough memory");
    return 1;
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
static const luaL_Reg functions[] = { { "decode", ticket_decode }, { NULL, NULL } };

int
btls_open_ticket(lua_State *L)
{
    btls_new_type(L, BTLS_TICKET, methods, metamethods);
    lua_newtable(L);
    btls_setfuncs(L, functions);
    return 1;
}
