/* hash.h -- the hash functions by their numbers, which are BearSSL's and TLS's (RFC 5246,
 * 7.4.1.4.1). */
#ifndef BTLS_CRYPTO_HASH_H
#define BTLS_CRYPTO_HASH_H

#include <bearssl.h>

#include "core/bytes.h"

/* The longest output of any of them. */
#define BTLS_HASH_MAX 64

/* The class of br_md5_ID, br_sha1_ID ... br_sha512_ID; NULL for any other number. */
const br_hash_class *btls_hash_class(int hash);

/* Bytes of its output; 0 for an unknown number. */
size_t btls_hash_size(int hash);

/* Hashes `count` parts one behind the other into out (BTLS_HASH_MAX bytes are always
 * enough), and returns the number of bytes; 0 for an unknown number. The state is wiped:
 * parts may be secret. */
size_t btls_hash(int hash, const btls_span *parts, size_t count, uint8_t *out);

/* The contents of its OBJECT IDENTIFIER (RFC 8017, appendix B.1), and back: an empty span
 * and 0 for what is unknown. */
btls_span btls_hash_oid(int hash);
int btls_hash_by_oid(btls_span oid);

#endif
