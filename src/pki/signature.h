/* signature.h -- the algorithms that sign certificates, by their OIDs and parameters (RFC
 * 4055, 5758, 8410). */
#ifndef BTLS_PKI_SIGNATURE_H
#define BTLS_PKI_SIGNATURE_H

#include <bearssl.h>

#include "core/bytes.h"
#include "crypto/signature.h"

/* "sha256WithRSAEncryption" and the like, from the contents of the OID; NULL for what is
 * unknown. */
const char *btls_signature_algorithm_name(btls_span oid);

/* The hash of the algorithm, NULL when it is unknown or has none of its own (Ed25519,
 * RSA-PSS). */
const br_hash_class *btls_signature_algorithm_hash(btls_span oid);

/* Reads the contents of an AlgorithmIdentifier: OID and parameters, which have to be as
 * the RFCs want them. 1, or 0 when the algorithm is unknown or its parameters are wrong
 * or name a hash that is unknown. */
int btls_signature_algorithm_parse(btls_span identifier, btls_signature_algorithm *a);

/* Writes the whole AlgorithmIdentifier behind what is in q. 1, or 0 when there is no
 * memory or no such algorithm. */
int btls_signature_algorithm_push(btls_queue *q, const btls_signature_algorithm *a);

/* Writes RSASSA-PSS-params: as above. */
int btls_pss_parameters_push(btls_queue *q, const btls_signature_algorithm *a);

/* Reads RSASSA-PSS-params (RFC 4055, 3.1) into a: hash, mask_hash (0: the same hash),
 * salt. 1, or 0 as above, or when the trailer is another than 1. */
int btls_pss_parameters_parse(btls_reader *r, btls_signature_algorithm *a);

#endif
