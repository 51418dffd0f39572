/* ecdsa.h -- verifying ECDSA (FIPS 186-5, 6.4.2) on P-256, P-384 and P-521. */
#ifndef BTLS_CRYPTO_ECDSA_H
#define BTLS_CRYPTO_ECDSA_H

#include "core/bytes.h"
#include "crypto/public_key.h"

/* Bytes of the longest signature in DER, on P-521. */
#define BTLS_ECDSA_MAX 139

/* 1 when the signature, an ECDSA-Sig-Value (RFC 3279, 2.2.3) in strict DER with both
 * numbers from 1 to below the group's order, is the key's over the hash; else 0.
 * BearSSL's own decoder takes sloppy DER. Variable time: public data. */
int btls_ecdsa_verify(const btls_public_key *k, btls_span hash, btls_span signature);

#endif
