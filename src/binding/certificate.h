/* certificate.h -- what the bindings of certificates share. */
#ifndef BTLS_BINDING_CERTIFICATE_H
#define BTLS_BINDING_CERTIFICATE_H

#include "binding/object.h"
#include "pki/certificate.h"

/* The leaf of the certificate object at index i, which it points into; raises when there
 * is none. */
btls_certificate btls_check_leaf(lua_State *L, int i);

/* Pushes a whole Name in words (RFC 4514), an OID in dotted form, bytes. */
void btls_push_dn(lua_State *L, btls_span name);
void btls_push_oid(lua_State *L, btls_span oid);
void btls_push_span(lua_State *L, btls_span bytes);
/* Appends what is on the top of the stack to the list below it, which stays. */
void btls_append(lua_State *L);
/* Sets a field of the table on the top; value may be NULL: then nothing is set. */
void btls_set_string(lua_State *L, const char *key, const char *value);

/* An INTEGER's contents without the zero byte that is only there for the sign. */
btls_span btls_unsigned(btls_span integer);

/* core.ocsp_decode(bytes) -> table | nil, message, code */
int btls_ocsp_decode(lua_State *L);

/* Methods of certificates, besides those in certificate.c. */
extern const luaL_Reg btls_certificate_names[];
extern const luaL_Reg btls_certificate_parts[];

#endif
