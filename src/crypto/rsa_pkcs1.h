/* rsa_pkcs1.h -- EMSA-PKCS1-v1_5 (RFC 8017, 9.2): the encoding that RSASSA-PKCS1-v1_5
 * signs. */
#ifndef BTLS_CRYPTO_RSA_PKCS1_H
#define BTLS_CRYPTO_RSA_PKCS1_H

#include "core/bytes.h"

/* Not a hash of BearSSL's: MD5 and SHA-1 one behind the other, 36 bytes, signed without a
 * header (RFC 4346, 7.4.3). */
#define BTLS_HASH_MD5_SHA1 0
#define BTLS_HASH_MD5_SHA1_SIZE 36

/* Puts the encoding of a hash (its number is BearSSL's, or BTLS_HASH_MD5_SHA1) into the k
 * bytes of em. A signature is verified by making it and comparing: there is nothing to
 * parse. 1, or 0 when it does not fit or the hash is unknown. */
int btls_pkcs1_encode(int hash_id, const uint8_t *hash, uint8_t *em, size_t k);

#endif
