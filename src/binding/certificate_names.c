/* certificate_names.c -- the names in a certificate: attributes of subject and issuer,
 * alternative names, constraints on names. */
#include <stdio.h>
#include <string.h>

#include "binding/certificate.h"
#include "pki/der.h"
#include "pki/dn.h"
#include "pki/general_name.h"
#include "pki/name.h"
#include "pki/oid.h"

/* The longest OID and address in text, with their ends. */
#define OID_TEXT 512
#define IP_TEXT 96

void
btls_push_span(lua_State *L, btls_span s)
{
    lua_pushlstring(L, s.n > 0 ? (const char *)s.p : "", s.n);
}

void
btls_append(lua_State *L)
{
    lua_rawseti(L, -2, (int)btls_rawlen(L, -2) + 1);
}

void
btls_push_oid(lua_State *L, btls_span oid)
{
    char text[OID_TEXT];
    btls_oid_text(oid, text, sizeof text);
    lua_pushstring(L, text);
}

void
btls_set_string(lua_State *L, const char *key, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, key);
}

/* ---- distinguished names ---- */

static void
push_value(lua_State *L, const btls_dn_attribute *a)
{
    size_t n = btls_dn_value(a, NULL, 0);
    char *text = lua_newuserdata(L, n + 1);
    btls_dn_value(a, text, n + 1);
    lua_pushlstring(L, text, n);
    lua_remove(L, -2);
}

static int
push_attributes(lua_State *L, btls_span name)
{
    btls_dn_cursor r = btls_dn_begin(name);
    btls_dn_attribute a;
    lua_newtable(L);
    while (btls_dn_next(&r, &a)) {
        lua_newtable(L);
        btls_push_oid(L, a.type);
        lua_setfield(L, -2, "oid");
        btls_set_string(L, "type", btls_oid_attribute_name(a.type));
        push_value(L, &a);
        lua_setfield(L, -2, "value");
        lua_pushinteger(L, (lua_Integer)a.set + 1);
        lua_setfield(L, -2, "set");
        btls_append(L);
    }
    return 1;
}

/* certificate:subject_attributes() -> { { type = "CN", oid = "2.5.4.3", value =, set = }
 * ... } */
static int
subject_attributes(lua_State *L)
{
    return push_attributes(L, btls_check_leaf(L, 1).subject);
}

static int
issuer_attributes(lua_State *L)
{
    return push_attributes(L, btls_check_leaf(L, 1).issuer);
}

/* ---- general names ---- */

static const char *const name_lists[] = { "other", "email",     "dns",
                                          "x400",  "directory", "edi_party",
                                          "uri",   "ip",        "registered_id" };

void
btls_push_dn(lua_State *L, btls_span name)
{
    size_t n = btls_dn_text(name, NULL, 0);
    char *text = lua_newuserdata(L, n + 1);
    btls_dn_text(name, text, n + 1);
    lua_pushlstring(L, text, n);
    lua_remove(L, -2);
}

/* otherName: { oid =, value = its text if it is a string, der = its bytes } */
static void
push_other(lua_State *L, btls_span contents)
{
    btls_dn_attribute a = { 0, { NULL, 0 }, 0, { NULL, 0 }, { NULL, 0 } };
    btls_reader r = btls_reader_of(contents);
    a.type = btls_der_read_oid(&r);
    btls_reader value = btls_der_enter(&r, BTLS_DER_CONTEXT(0));
    a.whole = (btls_span){ value.p, value.left };
    a.value = btls_der_read_any(&value, &a.tag);
    lua_newtable(L);
    btls_push_oid(L, a.type);
    lua_setfield(L, -2, "oid");
    push_value(L, &a);
    lua_setfield(L, -2, "value");
    btls_push_span(L, a.whole);
    lua_setfield(L, -2, "der");
}

/* How many leading bits are set, or -1 when others are set behind them. */
static int
prefix_length(btls_span mask)
{
    size_t n = 0, set = 0;
    while (n < mask.n * 8 && (mask.p[n / 8] & (0x80 >> n % 8)))
        n++;
    for (size_t i = 0; i < mask.n * 8; i++)
        set += (mask.p[i / 8] & (0x80 >> i % 8)) != 0;
    return set == n ? (int)n : -1;
}

/* An address, or, in constraints, an address with a mask of the same size. */
static void
push_ip(lua_State *L, btls_span ip)
{
    char text[IP_TEXT], mask_text[IP_TEXT / 2];
    int is_range = ip.n == 8 || ip.n == 32;
    size_t size = is_range ? ip.n / 2 : ip.n;
    btls_name_ip_text((btls_span){ ip.p, size }, text, IP_TEXT / 2);
    if (is_range) {
        btls_span mask = { ip.p + size, size };
        int bits = prefix_length(mask);
        btls_name_ip_text(mask, mask_text, sizeof mask_text);
        if (bits >= 0)
            snprintf(mask_text, sizeof mask_text, "%d", bits);
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "/%s", mask_text);
    }
    lua_pushstring(L, text);
}

static void
push_general_name(lua_State *L, const btls_general_name *name)
{
    switch (name->type) {
    case BTLS_NAME_OTHER:
        push_other(L, name->value);
        break;
    case BTLS_NAME_DIRECTORY:
        btls_push_dn(L, name->value);
        break;
    case BTLS_NAME_IP:
        push_ip(L, name->value);
        break;
    case BTLS_NAME_REGISTERED_ID:
        btls_push_oid(L, name->value);
        break;
    default:
        btls_push_span(L, name->value);
    }
}

/* A table with a list for each kind of name, empty lists too. */
static void
new_names(lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; i < sizeof name_lists / sizeof name_lists[0]; i++) {
        lua_newtable(L);
        lua_setfield(L, -2, name_lists[i]);
    }
}

/* Adds a name to the table on the top. */
static void
add_name(lua_State *L, const btls_general_name *name)
{
    lua_getfield(L, -1, name_lists[name->type]);
    push_general_name(L, name);
    btls_append(L);
    lua_pop(L, 1);
}

/* certificate:names() -> { dns = { ... }, ip = ..., email =, uri =, directory =, other =,
 * registered_id =, x400 =, edi_party = } */
static int
alternative_names(lua_State *L)
{
    btls_reader r = btls_reader_of(btls_check_leaf(L, 1).san);
    new_names(L);
    while (btls_read_more(&r)) {
        btls_general_name name = btls_general_name_read(&r);
        if (!r.bad)
            add_name(L, &name);
    }
    return 1;
}

/* The names of a certificate that are of one kind. */
static int
push_names(lua_State *L, enum btls_general_name_type type)
{
    btls_reader r = btls_reader_of(btls_check_leaf(L, 1).san);
    lua_newtable(L);
    while (btls_read_more(&r)) {
        btls_general_name name = btls_general_name_read(&r);
        if (r.bad || name.type != type)
            continue;
        push_general_name(L, &name);
        btls_append(L);
    }
    return 1;
}

static int
dns_names(lua_State *L)
{
    return push_names(L, BTLS_NAME_DNS);
}

static int
ip_addresses(lua_State *L)
{
    return push_names(L, BTLS_NAME_IP);
}

static int
emails(lua_State *L)
{
    return push_names(L, BTLS_NAME_EMAIL);
}

static int
uris(lua_State *L)
{
    return push_names(L, BTLS_NAME_URI);
}

static void
set_subtrees(lua_State *L, const char *key, btls_span subtrees)
{
    btls_reader r = btls_reader_of(subtrees);
    new_names(L);
    while (btls_read_more(&r)) {
        btls_reader subtree = btls_der_enter(&r, BTLS_DER_SEQUENCE);
        btls_general_name name = btls_general_name_read(&subtree);
        if (!subtree.bad)
            add_name(L, &name);
    }
    lua_setfield(L, -2, key);
}

/* certificate:name_constraints() -> { permitted = names, excluded = names } | nil */
static int
name_constraints(lua_State *L)
{
    btls_certificate c = btls_check_leaf(L, 1);
    if (!btls_certificate_has(&c, BTLS_EXT_NAME_CONSTRAINTS)) {
        lua_pushnil(L);
        return 1;
    }
    lua_newtable(L);
    set_subtrees(L, "permitted", c.permitted);
    set_subtrees(L, "excluded", c.excluded);
    return 1;
}

const luaL_Reg btls_certificate_names[] = {
    { "subject_attributes", subject_attributes },
    { "issuer_attributes", issuer_attributes },
    { "names", alternative_names },
    { "dns_names", dns_names },
    { "ip_addresses", ip_addresses },
    { "emails", emails },
    { "uris", uris },
    { "name_constraints", name_constraints },
    { NULL, NULL },
};
