/* dn.h -- distinguished names in words (RFC 4514). */
#ifndef BTLS_PKI_DN_H
#define BTLS_PKI_DN_H

#include "core/bytes.h"

/* Reads a whole Name (RFC 5280, 4.1.2.4), tag included: a list of sets of type and value,
 * perhaps empty. The reader is bad when it is none. */
btls_span btls_dn_read(btls_reader *r);

/* 1 when the whole Name has nothing in it. */
int btls_dn_is_empty(btls_span name);

/* Writes the whole Name (tag included) as text, most specific part first, cut to size-1
 * bytes and ended with NUL. Returns the length of the whole text, as snprintf does. */
size_t btls_dn_text(btls_span name, char *out, size_t size);

/* The value of the first commonName, cut and ended likewise; "" when there is none. */
size_t btls_dn_common_name(btls_span name, char *out, size_t size);

#endif
