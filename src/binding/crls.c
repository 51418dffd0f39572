/* crls.c -- Lua's sets of certificate revocation lists. */
#include "binding/certificate.h"
#include "pki/dn_compare.h"
#include "pki/read.h"

typedef struct {
    btls_alloc alloc;
    btls_crls *crls;
    int frozen; /* a config uses it: its sessions look into it */
} crls_object;

static crls_object *
new_crls(lua_State *L)
{
    crls_object *o = btls_new_object(L, sizeof *o, BTLS_CRLS);
    o->alloc = btls_lua_alloc(L);
    o->crls = btls_crls_new(&o->alloc);
    if (o->crls == NULL)
        luaL_error(L, "not enough memory");
    return o;
}

const btls_crls *
btls_to_crls(lua_State *L, int i)
{
    crls_object *o = btls_test_object(L, i, BTLS_CRLS);
    if (o == NULL)
        return NULL;
    o->frozen = 1;
    return o->crls;
}

static crls_object *
check_crls(lua_State *L)
{
    crls_object *o = luaL_checkudata(L, 1, BTLS_CRLS);
    luaL_argcheck(L, o->crls != NULL, 1, "the revocation lists were wiped");
    return o;
}

static btls_span
check_text(lua_State *L, int i)
{
    btls_span text;
    text.p = (const uint8_t *)luaL_checklstring(L, i, &text.n);
    return text;
}

/* core.crls.parse(pem_or_der) -> crls | nil, message, code */
static int
crls_parse(lua_State *L)
{
    btls_error e;
    btls_span text = check_text(L, 1);
    crls_object *o = new_crls(L);
    return btls_read_crls(o->crls, &o->alloc, text, &e) != 0 ? btls_push_error(L, &e) : 1;
}

static int
crls_new(lua_State *L)
{
    new_crls(L);
    return 1;
}

/* crls:add(pem_or_der) -> true | nil, message, code. Raises for what a config uses
 * already. */
static int
crls_add(lua_State *L)
{
    btls_error e;
    crls_object *o = check_crls(L);
    luaL_argcheck(L, !o->frozen, 1, "a config uses these revocation lists: make others");
    if (btls_read_crls(o->crls, &o->alloc, check_text(L, 2), &e) != 0)
        return btls_push_error(L, &e);
    lua_pushboolean(L, 1);
    return 1;
}

static void
set_time(lua_State *L, const char *key, int64_t t)
{
    btls_push_time(L, t);
    lua_setfield(L, -2, key);
}

/* crls:list() -> { { issuer =, this_update =, next_update =, number =, count = } ... } */
static int
crls_list(lua_State *L)
{
    const btls_crls *crls = check_crls(L)->crls;
    lua_newtable(L);
    for (size_t i = 0; i < btls_crls_count(crls); i++) {
        const btls_crl *crl = btls_crls_at(crls, i);
        lua_newtable(L);
        btls_push_dn(L, crl->issuer);
        lua_setfield(L, -2, "issuer");
        set_time(L, "this_update", crl->this_update);
        if (crl->next_update != INT64_MAX)
            set_time(L, "next_update", crl->next_update);
        if (crl->number.p != NULL) {
            btls_push_hex(L, crl->number);
            lua_setfield(L, -2, "number");
        }
        lua_pushinteger(L, (lua_Integer)crl->count);
        lua_setfield(L, -2, "count");
        btls_append(L);
    }
    return 1;
}

/* crls:entries([n [, most]]) -> { { serial =, date =, reason = } ... }: what list n (1)
 * takes back, in its own order, at most so many. */
static int
crls_entries(lua_State *L)
{
    const btls_crls *crls = check_crls(L)->crls;
    lua_Integer n = luaL_optinteger(L, 2, 1);
    lua_Number most = luaL_optnumber(L, 3, (lua_Number)INT32_MAX);
    luaL_argcheck(L, n >= 1 && (size_t)n <= btls_crls_count(crls), 2,
                  "there is no such list");
    btls_reader r = btls_reader_of(btls_crls_at(crls, (size_t)n - 1)->revoked);
    lua_newtable(L);
    for (int i = 1; i <= most && btls_read_more(&r); i++) {
        btls_revoked revoked;
        btls_span serial = btls_crl_read_entry(&r, &revoked);
        lua_newtable(L);
        btls_push_hex(L, btls_unsigned(serial));
        lua_setfield(L, -2, "serial");
        set_time(L, "date", revoked.date);
        btls_set_string(L, "reason", btls_crl_reason_name(revoked.reason));
        lua_rawseti(L, -2, i);
    }
    return 1;
}

/* crls:find(certificate) -> { date =, reason = } | nil: what the lists of its issuer's
 * name say; whether the issuer has signed them is not asked here. */
static int
crls_find(lua_State *L)
{
    const btls_crls *crls = check_crls(L)->crls;
    btls_certificate c = btls_check_leaf(L, 2);
    btls_revoked revoked;
    for (size_t i = 0; i < btls_crls_count(crls); i++) {
        if (!btls_dn_equal(btls_crls_at(crls, i)->issuer, c.issuer) ||
            !btls_crls_find(crls, i, c.serial, &revoked))
            continue;
        lua_newtable(L);
        set_time(L, "date", revoked.date);
        btls_set_string(L, "reason", btls_crl_reason_name(revoked.reason));
        return 1;
    }
    lua_pushnil(L);
    return 1;
}

static int
crls_len(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)btls_crls_count(check_crls(L)->crls));
    return 1;
}

static int
crls_tostring(lua_State *L)
{
    crls_object *o = luaL_checkudata(L, 1, BTLS_CRLS);
    if (o->crls == NULL)
        lua_pushliteral(L, "beartls.crls (wiped)");
    else
        lua_pushfstring(L, "beartls.crls (%d)", (int)btls_crls_count(o->crls));
    return 1;
}

static int
crls_gc(lua_State *L)
{
    crls_object *o = luaL_checkudata(L, 1, BTLS_CRLS);
    btls_crls_free(o->crls);
    o->crls = NULL;
    return 0;
}

static const luaL_Reg methods[] = { { "add", crls_add },
                                    { "list", crls_list },
                                    { "entries", crls_entries },
                                    { "find", crls_find },
                                    { NULL, NULL } };
static const luaL_Reg metamethods[] = { { "__len", crls_len },
                                        { "__tostring", crls_tostring },
                                        { "__gc", crls_gc },
                                        { NULL, NULL } };
static const luaL_Reg functions[] = { { "parse", crls_parse },
                                      { "new", crls_new },
                                      { NULL, NULL } };

int
btls_open_crls(lua_State *L)
{
    btls_new_type(L, BTLS_CRLS, methods, metamethods);
    lua_newtable(L);
    btls_setfuncs(L, functions);
    return 1;
}
