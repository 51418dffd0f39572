/* dn.h -- distinguished names: what is in them, and how they are written (RFC 4514). */
#ifndef BTLS_PKI_DN_H
#define BTLS_PKI_DN_H

#include "core/bytes.h"

/* Reads a whole Name (RFC 5280, 4.1.2.4), tag included: a list of sets of type and value,
 * perhaps empty. The reader is bad when it is none. */
btls_span btls_dn_read(btls_reader *r);

/* 1 when the whole Name has nothing in it. */
int btls_dn_is_empty(btls_span name);

/* One attribute of a Name. */
typedef struct {
    size_t set;      /* number of the set that it is in, from 0 */
    btls_span type;  /* contents of the OID */
    unsigned tag;    /* of the value */
    btls_span value; /* its contents */
    btls_span whole; /* the same with tag and length */
} btls_dn_attribute;

/* A place in a Name. */
typedef struct {
    btls_reader rdns, set;
    size_t count; /* of sets that were begun */
} btls_dn_cursor;

/* From the first attribute of a whole Name to the last, sets taken apart:
 *     for (at = btls_dn_begin(name); btls_dn_next(&at, &attribute);) */
btls_dn_cursor btls_dn_begin(btls_span name);
/* 1, or 0 at the end. */
int btls_dn_next(btls_dn_cursor *at, btls_dn_attribute *out);

/* The contents of the OIDs commonName and emailAddress. */
extern const btls_span btls_oid_common_name;
extern const btls_span btls_oid_email;

/* Writes an attribute's value as UTF-8: what is no string as '#' and the hexadecimal
 * digits of its DER. Cut to size-1 bytes and ended with NUL; returns the length of the
 * whole text, as snprintf does. */
size_t btls_dn_value(const btls_dn_attribute *attribute, char *out, size_t size);

/* Writes the whole Name (tag included) as text, most specific part first, cut to size-1
 * bytes and ended with NUL. Returns the length of the whole text, as snprintf does. The
 * text is UTF-8 without control characters, whatever is in the name. */
size_t btls_dn_text(btls_span name, char *out, size_t size);

/* The value of the first commonName, cut and ended likewise; "" when there is none. */
size_t btls_dn_common_name(btls_span name, char *out, size_t size);

#endif
