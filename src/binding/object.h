/* object.h -- what the bindings of all types share: objects, errors, the Lua state's
 * allocator. */
#ifndef BTLS_BINDING_OBJECT_H
#define BTLS_BINDING_OBJECT_H

#include "binding/compat.h"
#include "core/bytes.h"
#include "core/error.h"
#include "pki/chain.h"
#include "pki/crl.h"
#include "pki/key.h"
#include "pki/trust.h"
#include "pki/verify.h"

#define BTLS_CERTIFICATE "beartls.certificate"
#define BTLS_KEY "beartls.key"
#define BTLS_TRUST "beartls.trust"
#define BTLS_CRLS "beartls.crls"
#define BTLS_CONFIG "beartls.config"
#define BTLS_SESSION "beartls.session"
#define BTLS_TICKET "beartls.ticket"

/* The Lua state's own allocator: everything that C keeps comes from it. */
btls_alloc btls_lua_alloc(lua_State *L);

/* Defines a type: its metatable (with __name), its methods behind __index, its
 * metamethods. */
void btls_new_type(lua_State *L, const char *name, const luaL_Reg *methods,
                   const luaL_Reg *metamethods);

/* More methods for a type that is there. */
void btls_add_methods(lua_State *L, const char *name, const luaL_Reg *methods);

/* Pushes a zeroed userdata of that type, with its metatable: __gc sees it from now on, so
 * make zeros mean "closed" and acquire things only afterwards. */
void *btls_new_object(lua_State *L, size_t size, const char *name);

/* The userdata at index i when it is of that type, else NULL. Pushes nothing. */
void *btls_test_object(lua_State *L, int i, const char *name);

/* nil, message, code: `return btls_push_error(L, &e);` */
int btls_push_error(lua_State *L, const btls_error *e);

/* The string at index i, or a span with p NULL when there is none. Raises when it is
 * something else. */
btls_span btls_opt_bytes(lua_State *L, int i);

/* A host name that a program gives: the string at index i, or NULL when it holds a NUL
 * byte, so that nothing behind it is overlooked. Raises when it is no string. */
const char *btls_check_name(lua_State *L, int i);

/* Pushes "sha256//BASE64" of a SubjectPublicKeyInfo's SHA-256 (RFC 7469, 2.4). */
void btls_push_pin(lua_State *L, const uint8_t hash[32]);

/* Pushes seconds since the epoch. */
void btls_push_time(lua_State *L, int64_t t);

/* The text of bytes [p, p + n) in lower-case hexadecimal. */
void btls_push_hex(lua_State *L, btls_span bytes);

/* From certificate.c, key.c, trust.c: what an object holds, NULL when the value at i is
 * something else. It lives as long as the object. */
const btls_chain *btls_to_chain(lua_State *L, int i);
const btls_key *btls_to_key(lua_State *L, int i);
const btls_trust *btls_to_trust(lua_State *L, int i);
const btls_crls *btls_to_crls(lua_State *L, int i);

/* Pushes a new certificate object with a copy of `count` certificates of c from `first`
 * on. Raises only for want of memory. */
void btls_push_chain(lua_State *L, const btls_chain *c, size_t first, size_t count);
/* The same for one certificate of ours, well-formed DER. */
void btls_push_certificate(lua_State *L, btls_span der);

/* The store of the object at index 1; raises when it is none. A config that uses a store
 * keeps it from growing, this does not. */
const btls_trust *btls_check_trust(lua_State *L);
/* Pushes the certificate of anchor i. */
void btls_push_anchor(lua_State *L, const btls_trust *t, size_t i);
/* From verify.c: a method of trust stores. */
int btls_trust_verify(lua_State *L);

/* Pushes certificate i of a path that was found for that chain and trust. */
void btls_push_path_certificate(lua_State *L, const btls_path *path, size_t i,
                                const btls_chain *chain, const btls_trust *trust);
/* The same for all of them: a list. */
void btls_push_path(lua_State *L, const btls_path *path, const btls_chain *chain,
                    const btls_trust *trust);

/* Pushes a table that says why there is no path: message, code, hint, and the position
 * on the path and the certificate that it is about, when it is about one. */
void btls_push_failure(lua_State *L, const btls_error *e, const btls_path *path,
                       const btls_chain *chain, const btls_trust *trust);

/* From handle.c: functions of the core. */
int btls_handle(lua_State *L);
int btls_handle_state(lua_State *L);

/* Each registers its type and leaves the table of its constructors on the stack. */
int btls_open_certificate(lua_State *L);
int btls_open_key(lua_State *L);
int btls_open_trust(lua_State *L);
int btls_open_crls(lua_State *L);
int btls_open_config(lua_State *L);
int btls_open_session(lua_State *L);
/* Adds functions to the table on top of the stack. */
void btls_open_functions(lua_State *L);

#endif
