/* config.c -- Lua's configs. The public module (lua/beartls/init.lua) has checked the
 * types, loaded the files and found misspelt options; here the values become a
 * btls_config. */
#include "binding/config.h"

#include <string.h>

#include "pki/verify.h"
#include "tls/config_identity.h"
#include "tls/store.h"
#include "tls/ticket.h"

typedef struct {
    btls_alloc alloc;
    btls_config config;
    int ready;
} config_object;

static config_object *
check_object(lua_State *L, int i)
{
    config_object *o = luaL_checkudata(L, i, BTLS_CONFIG);
    luaL_argcheck(L, o->ready, i, "the config was wiped");
    return o;
}

const btls_config *
btls_check_config(lua_State *L, int i)
{
    return &check_object(L, i)->config;
}

/* The user value is the options table, which keeps alive whatever the settings point at.
 */
static void
push_option(lua_State *L, int config, const char *name)
{
    btls_get_uservalue(L, config);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

int64_t
btls_config_now(lua_State *L, int i)
{
    push_option(L, i, "time");
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return -1;
    }
    lua_call(L, 0, 1);
    if (!lua_isnumber(L, -1) || lua_tonumber(L, -1) < 0 || lua_tonumber(L, -1) > 1e15)
        luaL_error(L, "the config's time function must return seconds since the epoch");
    int64_t now = (int64_t)lua_tonumber(L, -1);
    lua_pop(L, 1);
    return now;
}

void
btls_config_keylog(lua_State *L, int i)
{
    push_option(L, i, "keylog");
    lua_insert(L, -2);
    if (lua_pcall(L, 1, 0, 0) != 0)
        lua_pop(L, 1);
}

/* Calls add(L, config, e) for each element, which is on top of the stack, of the list
 * options[name]. */
static int
each(lua_State *L, btls_config *c, const char *name, btls_error *e,
     int (*add)(lua_State *, btls_config *, btls_error *))
{
    int bad = 0;
    lua_getfield(L, 1, name);
    for (int i = 1; lua_istable(L, -1) && !bad; i++) {
        lua_rawgeti(L, -1, i);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            break;
        }
        bad = add(L, c, e);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return bad;
}

static int
unknown(btls_error *e, const char *option, const char *what, const char *name)
{
    return btls_error_set(e, "config_unknown_name", BTLS_NO_ALERT,
                          "%s: \"%.80s\" is no %s that beartls knows", option, name,
                          what);
}

/* Appends a number to a list of the config, once. */
static int
add_number(uint16_t *list, size_t *count, size_t cap, unsigned number)
{
    for (size_t i = 0; i < *count; i++) {
        if (list[i] == number)
            return 0;
    }
    if (*count < cap)
        list[(*count)++] = (uint16_t)number;
    return 0;
}

static int
add_suite(lua_State *L, btls_config *c, btls_error *e)
{
    const char *name = lua_tostring(L, -1);
    const btls_suite *suite = btls_suite_by_name(name);
    if (suite == NULL)
        return unknown(e, "cipher_suites", "cipher suite", name);
    return add_number(c->suites, &c->suite_count, BTLS_CONFIG_SUITES, suite->id);
}

static int
add_group(lua_State *L, btls_config *c, btls_error *e)
{
    const char *name = lua_tostring(L, -1);
    unsigned group = btls_group_by_name(name);
    if (group == 0)
        return unknown(e, "groups", "group", name);
    return add_number(c->groups, &c->group_count, BTLS_CONFIG_GROUPS, group);
}

static int
add_scheme(lua_State *L, btls_config *c, btls_error *e)
{
    const char *name = lua_tostring(L, -1);
    unsigned scheme = btls_signature_scheme_by_name(name);
    if (scheme == 0)
        return unknown(e, "signature_schemes", "signature scheme", name);
    return add_number(c->schemes, &c->scheme_count, BTLS_CONFIG_SCHEMES, scheme);
}

/* { identity = ..., key = ... }; the strings live in the options table. */
static int
add_psk(lua_State *L, btls_config *c, btls_error *e)
{
    if (c->psk_count == BTLS_CONFIG_PSKS)
        return btls_error_set(e, "config_psks", BTLS_NO_ALERT, "psks: at most %d keys",
                              BTLS_CONFIG_PSKS);
    btls_external_psk *psk = &c->psks[c->psk_count++];
    lua_getfield(L, -1, "identity");
    psk->identity.p = (const uint8_t *)lua_tolstring(L, -1, &psk->identity.n);
    lua_getfield(L, -2, "key");
    psk->key.p = (const uint8_t *)lua_tolstring(L, -1, &psk->key.n);
    lua_pop(L, 2);
    return 0;
}

static int
add_protocol(lua_State *L, btls_config *c, btls_error *e)
{
    if (c->alpn_count == BTLS_CONFIG_ALPN)
        return btls_error_set(e, "config_alpn", BTLS_NO_ALERT,
                              "alpn: at most %d protocols", BTLS_CONFIG_ALPN);
    c->alpn[c->alpn_count++] = lua_tostring(L, -1);
    return 0;
}

static int
add_pin(lua_State *L, btls_config *c, btls_error *e)
{
    size_t n;
    const char *pin = lua_tolstring(L, -1, &n);
    if (c->pin_count == BTLS_CONFIG_PINS || n != 32)
        return btls_error_set(e, "config_pins", BTLS_NO_ALERT,
                              "pins: at most %d SHA-256 hashes of 32 bytes",
                              BTLS_CONFIG_PINS);
    memcpy(c->pins[c->pin_count++], pin, 32);
    return 0;
}

static int
add_identity(lua_State *L, btls_config *c, btls_error *e)
{
    lua_getfield(L, -1, "certificate");
    lua_getfield(L, -2, "key");
    const btls_chain *chain = btls_to_chain(L, -2);
    const btls_key *key = btls_to_key(L, -1);
    lua_pop(L, 2);
    if (chain == NULL || key == NULL)
        return btls_error_set(e, "config_identity", BTLS_NO_ALERT,
                              "an identity is a certificate and its key");
    if (btls_config_add_identity(c, chain, key, e) != 0)
        return -1;
    btls_span *staple = &c->identities[c->identity_count - 1].staple;
    lua_getfield(L, -1, "staple"); /* lives in the options table */
    staple->p = (const uint8_t *)lua_tolstring(L, -1, &staple->n);
    if (staple->p == NULL)
        staple->n = 0;
    lua_pop(L, 1);
    return 0;
}

static void
set_version(lua_State *L, const char *name, uint16_t *version)
{
    lua_getfield(L, 1, name);
    if (lua_isstring(L, -1))
        *version = (uint16_t)btls_version_by_name(lua_tostring(L, -1));
    lua_pop(L, 1);
}

static lua_Integer
integer_option(lua_State *L, const char *name, lua_Integer otherwise)
{
    lua_getfield(L, 1, name);
    lua_Integer v = lua_isnumber(L, -1) ? lua_tointeger(L, -1) : otherwise;
    lua_pop(L, 1);
    return v;
}

static int
boolean_option(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    int v = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return v;
}

static int
has_option(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    int v = !lua_isnil(L, -1);
    lua_pop(L, 1);
    return v;
}

static void
set_scalars(lua_State *L, btls_config *c)
{
    set_version(L, "min_version", &c->min_version);
    set_version(L, "max_version", &c->max_version);
    c->max_fragment =
        (size_t)integer_option(L, "max_fragment", (lua_Integer)c->max_fragment);
    c->trace = (size_t)integer_option(L, "trace", 0);
    c->verify_client = (enum btls_verify_client)integer_option(L, "verify_client", 0);
    c->keylog = has_option(L, "keylog");
    c->insecure =
        (boolean_option(L, "insecure_no_verify") ? BTLS_INSECURE_NO_VERIFY : 0u) |
        (boolean_option(L, "insecure_no_name") ? BTLS_INSECURE_NO_NAME : 0u) |
        (boolean_option(L, "insecure_no_time") ? BTLS_INSECURE_NO_TIME : 0u);
    lua_getfield(L, 1, "trust");
    c->trust = btls_to_trust(L, -1);
    lua_getfield(L, 1, "crls");
    c->crls = btls_to_crls(L, -1);
    lua_pop(L, 2);
    c->crl_required = (enum btls_crl_required)integer_option(L, "crl_required", 0);
}

static int
set_lists(lua_State *L, btls_config *c, btls_error *e)
{
    if (has_option(L, "cipher_suites"))
        c->suite_count = 0;
    if (has_option(L, "groups"))
        c->group_count = 0;
    if (has_option(L, "signature_schemes"))
        c->scheme_count = 0;
    return each(L, c, "cipher_suites", e, add_suite) ||
           each(L, c, "groups", e, add_group) ||
           each(L, c, "signature_schemes", e, add_scheme) ||
           each(L, c, "alpn", e, add_protocol) || each(L, c, "pins", e, add_pin) ||
           each(L, c, "psks", e, add_psk) || each(L, c, "identities", e, add_identity);
}

/* Adds the keys of the list on top of the stack, if it is one. */
static void
add_ticket_keys(lua_State *L, btls_ticket_keys *keys)
{
    for (int i = 1; lua_istable(L, -1); i++) {
        size_t n;
        lua_rawgeti(L, -1, i);
        const char *key = lua_tolstring(L, -1, &n);
        lua_pop(L, 1);
        if (key == NULL || n != BTLS_TICKET_KEY_SIZE ||
            !btls_ticket_add_key(keys, (const uint8_t *)key))
            break;
    }
}

/* The server's memory: by id, and the keys of its tickets; or a store, for which what is
 * kept there is sealed with ticket keys only when there are some. */
static int
allow_resumption(lua_State *L, config_object *o, btls_error *e)
{
    btls_config *c = &o->config;
    c->tickets = 1;
    c->store = boolean_option(L, "store");
    int given = has_option(L, "ticket_keys");
    if (!c->store)
        c->cache = btls_cache_new(&o->alloc);
    if (!c->store || given)
        c->ticket_keys = btls_zalloc(&o->alloc, sizeof *c->ticket_keys);
    if ((!c->store && c->cache == NULL) ||
        ((!c->store || given) && c->ticket_keys == NULL))
        luaL_error(L, "not enough memory");
    lua_getfield(L, 1, "ticket_keys");
    if (given) {
        add_ticket_keys(L, c->ticket_keys);
        btls_ticket_keys_id(c->ticket_keys, c->ticket_keys_id);
    }
    lua_pop(L, 1);
    return c->store ? btls_config_make_store_secret(c, e) : 0;
}

/* core.config.set_ticket_keys(config, keys) -> true | nil, message, code */
static int
set_ticket_keys(lua_State *L)
{
    btls_error e;
    btls_config *c = &check_object(L, 1)->config;
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    if (!c->tickets) {
        btls_error_set(&e, "config_no_tickets", BTLS_NO_ALERT,
                       "the config gives no tickets: its option tickets is false");
        return btls_push_error(L, &e);
    }
    if (c->ticket_keys == NULL)
        c->ticket_keys = btls_zalloc(&check_object(L, 1)->alloc, sizeof *c->ticket_keys);
    if (c->ticket_keys == NULL)
        return luaL_error(L, "not enough memory");
    btls_ticket_replace_keys(c->ticket_keys);
    add_ticket_keys(L, c->ticket_keys);
    lua_pushboolean(L, 1);
    return 1;
}

/* core.config.new(options) -> config | nil, message, code. `options` becomes the config's
 * own. */
static int
new_config(lua_State *L)
{
    btls_error e;
    luaL_checktype(L, 1, LUA_TTABLE);
    config_object *o = btls_new_object(L, sizeof *o, BTLS_CONFIG);
    o->alloc = btls_lua_alloc(L);
    lua_pushvalue(L, 1);
    btls_set_uservalue(L, -2);
    if (btls_config_init(&o->config, &e) != 0)
        return btls_push_error(L, &e);
    set_scalars(L, &o->config);
    if (set_lists(L, &o->config, &e) || btls_config_settle(&o->config, &e) != 0)
        return btls_push_error(L, &e);
    if (boolean_option(L, "tickets") && allow_resumption(L, o, &e) != 0)
        return btls_push_error(L, &e);
    o->ready = 1;
    return 1;
}

/* core.config.adopt_trust(config, trust): for a config that was given no trust. What is
 * there is not replaced: sessions may be using it. */
static int
adopt_trust(lua_State *L)
{
    config_object *o = check_object(L, 1);
    const btls_trust *trust = btls_to_trust(L, 2);
    luaL_argcheck(L, trust != NULL, 2, "trust expected");
    if (o->config.trust == NULL) {
        btls_get_uservalue(L, 1);
        lua_pushvalue(L, 2);
        lua_setfield(L, -2, "trust");
        o->config.trust = trust;
    }
    return 0;
}

/* core.config.identity(config) -> SHA-256 in hexadecimal: see tls/config_identity.h. The
 * config has been given its trust. */
static int
config_identity(lua_State *L)
{
    config_object *o = check_object(L, 1);
    uint8_t identity[BTLS_CONFIG_IDENTITY_SIZE];
    btls_error e;
    push_option(L, 1, "time");
    if (btls_config_identity(&o->config, &o->alloc, !lua_isnil(L, -1), identity, &e) != 0)
        return btls_push_error(L, &e);
    btls_push_hex(L, (btls_span){ identity, sizeof identity });
    return 1;
}

/* config:has_certificate() -> whether it has one to show. */
static int
config_has_certificate(lua_State *L)
{
    lua_pushboolean(L, check_object(L, 1)->config.identity_count > 0);
    return 1;
}

static int
config_gc(lua_State *L)
{
    config_object *o = luaL_checkudata(L, 1, BTLS_CONFIG);
    o->ready = 0;
    btls_cache_free(o->config.cache);
    btls_free(&o->alloc, o->config.ticket_keys, sizeof *o->config.ticket_keys);
    o->config.cache = NULL;
    o->config.ticket_keys = NULL;
    btls_wipe(o->config.store_secret, sizeof o->config.store_secret);
    return 0;
}

static int
config_tostring(lua_State *L)
{
    const config_object *o = luaL_checkudata(L, 1, BTLS_CONFIG);
    const btls_config *c = &o->config;
    if (!o->ready)
        lua_pushliteral(L, "beartls.config (wiped)");
    else
        lua_pushfstring(L, "beartls.config (%s to %s, %d identities)",
                        btls_version_name(c->min_version),
                        btls_version_name(c->max_version), (int)c->identity_count);
    return 1;
}

static const luaL_Reg functions[] = { { "new", new_config },
                                      { "adopt_trust", adopt_trust },
                                      { "identity", config_identity },
                                      { "set_ticket_keys", set_ticket_keys },
                                      { NULL, NULL } };
static const luaL_Reg methods[] = { { "has_certificate", config_has_certificate },
                                    { NULL, NULL } };
static const luaL_Reg metamethods[] = { { "__gc", config_gc },
                                        { "__tostring", config_tostring },
                                        { NULL, NULL } };

int
btls_open_config(lua_State *L)
{
    btls_new_type(L, BTLS_CONFIG, methods, metamethods);
    lua_newtable(L);
    btls_setfuncs(L, functions);
    return 1;
}
