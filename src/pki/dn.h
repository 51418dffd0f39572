/* dn.h -- distinguished names in words (RFC 4514). */
#ifndef BTLS_PKI_DN_H
#define BTLS_PKI_DN_H

#include "core/bytes.h"

/* Writes the whole Name (tag included) as text, most specific part first, cut to size-1
 * bytes and ended with NUL. Returns the length of the whole text, as snprintf does. */
size_t btls_dn_text(btls_span name, char *out, size_t size);

/* The value of the first commonName, cut and ended likewise; "" when there is none. */
size_t btls_dn_common_name(btls_span name, char *out, size_t size);

#endif
