/* oid.h -- object identifiers in words. */
#ifndef BTLS_PKI_OID_H
#define BTLS_PKI_OID_H

#include "core/bytes.h"

/* Writes the OID with these contents in dotted form (X.690, 8.19), cut to size-1 bytes
 * and ended with NUL; an arc may have any number of digits up to 60, a longer one becomes
 * "?". Returns the length of the whole text, as snprintf does. */
size_t btls_oid_text(btls_span oid, char *out, size_t size);

/* The short name of an attribute type (RFC 4514, 3, and what else certificates have):
 * "CN", "emailAddress"; NULL when it has none. */
const char *btls_oid_attribute_name(btls_span oid);

/* The name of an extended key usage (RFC 5280, 4.2.1.12): "serverAuth"; NULL. */
const char *btls_oid_usage_name(btls_span oid);

/* The name of an extension of certificates or CRLs: "subjectAltName"; NULL. */
const char *btls_oid_extension_name(btls_span oid);

#endif
