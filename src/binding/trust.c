/* trust.c -- Lua's trust stores. */
#include "binding/object.h"
#include "pki/read.h"

typedef struct {
    btls_alloc alloc;
    btls_trust *trust;
    int frozen; /* a config uses it: its sessions point at the anchors */
} trust_object;

static trust_object *
new_trust(lua_State *L)
{
    trust_object *o = btls_new_object(L, sizeof *o, BTLS_TRUST);
    o->alloc = btls_lua_alloc(L);
    o->trust = btls_trust_new(&o->alloc);
    if (o->trust == NULL)
        luaL_error(L, "not enough memory");
    return o;
}

const btls_trust *
btls_to_trust(lua_State *L, int i)
{
    trust_object *o = btls_test_object(L, i, BTLS_TRUST);
    if (o == NULL || o->trust == NULL)
        return NULL;
    if (!o->frozen)
        btls_trust_trim(o->trust);
    o->frozen = 1;
    return o->trust;
}

static trust_object *
check_trust(lua_State *L)
{
    trust_object *o = luaL_checkudata(L, 1, BTLS_TRUST);
    luaL_argcheck(L, o->trust != NULL, 1, "the trust store was wiped");
    return o;
}

const btls_trust *
btls_check_trust(lua_State *L)
{
    return check_trust(L)->trust;
}

/* core.trust.parse(pem_or_der) -> trust | nil, message, code */
static int
trust_parse(lua_State *L)
{
    btls_span text;
    btls_error e;
    btls_read_count count;
    text.p = (const uint8_t *)luaL_checklstring(L, 1, &text.n);
    trust_object *o = new_trust(L);
    if (btls_read_trust(o->trust, text, &count, &e) != 0)
        return btls_push_error(L, &e);
    btls_trust_trim(o->trust);
    return 1;
}

static int
trust_new(lua_State *L)
{
    new_trust(L);
    return 1;
}

/* trust:add(pem_or_der) -> number added, number that could not be used | nil, message,
 * code. Raises for a store that a config uses already. */
static int
trust_add(lua_State *L)
{
    btls_span text;
    btls_error e;
    btls_read_count count;
    trust_object *o = check_trust(L);
    luaL_argcheck(L, !o->frozen, 1, "a config uses this trust store: make another one");
    text.p = (const uint8_t *)luaL_checklstring(L, 2, &text.n);
    if (btls_read_trust(o->trust, text, &count, &e) != 0)
        return btls_push_error(L, &e);
    lua_pushinteger(L, count.added);
    lua_pushinteger(L, count.skipped);
    return 2;
}

/* trust:list() -> the anchors' certificates, each an object of its own */
static int
trust_list(lua_State *L)
{
    const btls_trust *t = check_trust(L)->trust;
    lua_newtable(L);
    for (size_t i = 0; i < btls_trust_count(t); i++) {
        btls_push_anchor(L, t, i);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* trust:memory() -> bytes that the store holds */
static int
trust_memory(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)btls_trust_memory(check_trust(L)->trust));
    return 1;
}

static int
trust_len(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)btls_trust_count(check_trust(L)->trust));
    return 1;
}

static int
trust_tostring(lua_State *L)
{
    trust_object *o = luaL_checkudata(L, 1, BTLS_TRUST);
    if (o->trust == NULL)
        lua_pushliteral(L, "beartls.trust (wiped)");
    else
        lua_pushfstring(L, "beartls.trust (%d anchors)", (int)btls_trust_count(o->trust));
    return 1;
}

static int
trust_gc(lua_State *L)
{
    trust_object *o = luaL_checkudata(L, 1, BTLS_TRUST);
    btls_trust_free(o->trust);
    o->trust = NULL;
    return 0;
}

static const luaL_Reg methods[] = { { "add", trust_add },
                                    { "verify", btls_trust_verify },
                                    { "list", trust_list },
                                    { "memory", trust_memory },
                                    { NULL, NULL } };
static const luaL_Reg metamethods[] = { { "__len", trust_len },
                                        { "__tostring", trust_tostring },
                                        { "__gc", trust_gc },
                                        { NULL, NULL } };
static const luaL_Reg functions[] = { { "parse", trust_parse },
                                      { "new", trust_new },
                                      { NULL, NULL } };

int
btls_open_trust(lua_State *L)
{
    btls_new_type(L, BTLS_TRUST, methods, metamethods);
    lua_newtable(L);
    btls_setfuncs(L, functions);
    return 1;
}
