/* certificate_parts.c -- the extensions of a certificate: constraints, usages, key
 * identifiers, addresses, policies. */
#include "binding/certificate.h"
#include "pki/der.h"
#include "pki/general_name.h"
#include "pki/oid.h"

/* certificate:basic_constraints() -> { ca =, path_length = } | nil */
static int
basic_constraints(lua_State *L)
{
    btls_certificate c = btls_check_leaf(L, 1);
    if (!btls_certificate_has(&c, BTLS_EXT_BASIC_CONSTRAINTS)) {
        lua_pushnil(L);
        return 1;
    }
    lua_newtable(L);
    lua_pushboolean(L, c.is_ca);
    lua_setfield(L, -2, "ca");
    if (c.path_length >= 0) {
        lua_pushinteger(L, c.path_length);
        lua_setfield(L, -2, "path_length");
    }
    return 1;
}

/* certificate:key_usage() -> { "digitalSignature" ... }, empty when it says nothing */
static int
key_usage(lua_State *L)
{
    static const char *const names[] = {
        "digitalSignature", "nonRepudiation", "keyEncipherment",
        "dataEncipherment", "keyAgreement",   "keyCertSign",
        "cRLSign",          "encipherOnly",   "decipherOnly",
    };
    unsigned bits = btls_check_leaf(L, 1).key_usage;
    lua_newtable(L);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!(bits >> i & 1))
            continue;
        lua_pushstring(L, names[i]);
        btls_append(L);
    }
    return 1;
}

/* certificate:extended_key_usage() -> { "serverAuth" ... }, OIDs where there is no name
 */
static int
extended_key_usage(lua_State *L)
{
    btls_reader r = btls_reader_of(btls_check_leaf(L, 1).extended_key_usages);
    lua_newtable(L);
    while (btls_read_more(&r)) {
        btls_span oid = btls_der_read_oid(&r);
        const char *name = btls_oid_usage_name(oid);
        if (name != NULL)
            lua_pushstring(L, name);
        else
            btls_push_oid(L, oid);
        btls_append(L);
    }
    return 1;
}

static int
push_hex_or_nil(lua_State *L, btls_span bytes)
{
    if (bytes.p == NULL)
        lua_pushnil(L);
    else
        btls_push_hex(L, bytes);
    return 1;
}

static int
subject_key_id(lua_State *L)
{
    return push_hex_or_nil(L, btls_check_leaf(L, 1).subject_key_id);
}

static int
authority_key_id(lua_State *L)
{
    return push_hex_or_nil(L, btls_check_leaf(L, 1).authority_key_id);
}

/* The URLs of authorityInfoAccess with id-ad-n (RFC 5280, 4.2.2.1). */
static int
push_authority_info(lua_State *L, uint8_t n)
{
    const uint8_t id_ad[] = { 0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, n };
    btls_reader r = btls_reader_of(btls_check_leaf(L, 1).authority_info);
    lua_newtable(L);
    while (btls_read_more(&r)) {
        btls_reader access = btls_der_enter(&r, BTLS_DER_SEQUENCE);
        btls_span method = btls_der_read_oid(&access);
        btls_general_name name = btls_general_name_read(&access);
        if (access.bad || name.type != BTLS_NAME_URI || !BTLS_OID_IS(method, id_ad))
            continue;
        btls_push_span(L, name.value);
        btls_append(L);
    }
    return 1;
}

static int
ocsp_urls(lua_State *L)
{
    return push_authority_info(L, 1);
}

static int
issuer_urls(lua_State *L)
{
    return push_authority_info(L, 2);
}

/* certificate:crl_urls(): the URLs of cRLDistributionPoints (RFC 5280, 4.2.1.13) */
static int
crl_urls(lua_State *L)
{
    btls_reader points = btls_reader_of(btls_check_leaf(L, 1).crl_distribution);
    lua_newtable(L);
    while (btls_read_more(&points)) {
        btls_reader point = btls_der_enter(&points, BTLS_DER_SEQUENCE);
        btls_reader where = btls_der_enter(&point, BTLS_DER_CONTEXT(0));
        btls_reader names = btls_der_enter(&where, BTLS_DER_CONTEXT(0)); /* fullName */
        while (btls_read_more(&names)) {
            btls_general_name name = btls_general_name_read(&names);
            if (names.bad || name.type != BTLS_NAME_URI)
                continue;
            btls_push_span(L, name.value);
            btls_append(L);
        }
    }
    return 1;
}

/* certificate:policies() -> { "2.23.140.1.2.1" ... } */
static int
policies(lua_State *L)
{
    btls_reader r = btls_reader_of(btls_check_leaf(L, 1).policies);
    lua_newtable(L);
    while (btls_read_more(&r)) {
        btls_reader policy = btls_der_enter(&r, BTLS_DER_SEQUENCE);
        btls_push_oid(L, btls_der_read_oid(&policy));
        btls_append(L);
    }
    return 1;
}

/* certificate:must_staple(): does it want an OCSP response besides (RFC 7633)? */
static int
must_staple(lua_State *L)
{
    btls_certificate c = btls_check_leaf(L, 1);
    lua_pushboolean(L, btls_certificate_must_staple(&c));
    return 1;
}

/* certificate:extensions() -> { { oid =, name =, critical =, value = bytes } ... } */
static int
extensions(lua_State *L)
{
    btls_reader r = btls_reader_of(btls_check_leaf(L, 1).extension_list);
    lua_newtable(L);
    while (btls_read_more(&r)) {
        btls_reader extension = btls_der_enter(&r, BTLS_DER_SEQUENCE);
        btls_span oid = btls_der_read_oid(&extension);
        lua_newtable(L);
        btls_push_oid(L, oid);
        lua_setfield(L, -2, "oid");
        btls_set_string(L, "name", btls_oid_extension_name(oid));
        lua_pushboolean(L, btls_der_next(&extension) == BTLS_DER_BOOLEAN &&
                               btls_der_read_boolean(&extension));
        lua_setfield(L, -2, "critical");
        btls_push_span(L, btls_der_read(&extension, BTLS_DER_OCTET_STRING));
        lua_setfield(L, -2, "value");
        btls_append(L);
    }
    return 1;
}

const luaL_Reg btls_certificate_parts[] = {
    { "basic_constraints", basic_constraints },
    { "key_usage", key_usage },
    { "extended_key_usage", extended_key_usage },
    { "subject_key_id", subject_key_id },
    { "authority_key_id", authority_key_id },
    { "ocsp_urls", ocsp_urls },
    { "issuer_urls", issuer_urls },
    { "crl_urls", crl_urls },
    { "policies", policies },
    { "must_staple", must_staple },
    { "extensions", extensions },
    { NULL, NULL },
};
