/* primitives.h -- what the files of the module for vectors share. */
#ifndef SPEC_PRIMITIVES_H
#define SPEC_PRIMITIVES_H

#include "binding/compat.h"
#include "core/bytes.h"

/* The string at i. */
btls_span check_bytes(lua_State *L, int i);
/* Nothing at i: an empty span whose pointer is NULL. */
btls_span opt_bytes(lua_State *L, int i);
void push_bytes(lua_State *L, const void *p, size_t n);

/* "sha256" and the like, as BearSSL's number; 0 when there is none at i. */
int opt_hash(lua_State *L, int i);

/* Adds the functions of a file to the module's table, which is on top. */
void add_crypto(lua_State *L);  /* primitives_crypto.c */
void add_keys(lua_State *L);    /* primitives_key.c */
void add_tls(lua_State *L);     /* primitives_tls.c */
void add_records(lua_State *L); /* primitives_records.c */

#endif
