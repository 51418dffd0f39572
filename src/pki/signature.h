/* signature.h -- the algorithms that sign certificates, by their OIDs (RFC 4055, 5758,
 * 8410). */
#ifndef BTLS_PKI_SIGNATURE_H
#define BTLS_PKI_SIGNATURE_H

#include <bearssl.h>

#include "core/bytes.h"

/* "sha256WithRSAEncryption" and the like, from the contents of the OID; NULL for what is
 * unknown. */
const char *btls_signature_algorithm_name(btls_span oid);

/* The hash of the algorithm, NULL when it is unknown or has none of its own (Ed25519,
 * RSA-PSS). */
const br_hash_class *btls_signature_algorithm_hash(btls_span oid);

#endif
