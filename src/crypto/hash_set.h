/* hash_set.h -- one hash for a set of things, whatever order they came in. */
#ifndef BTLS_CRYPTO_HASH_SET_H
#define BTLS_CRYPTO_HASH_SET_H

#include "crypto/hash.h"

/* The SHA-256 of the SHA-256 hashes of `count` things, sorted, each of them once: equal
 * for equal sets. Sorts `hashes` in place; 0 of them will do. For public data: its time
 * depends on it. */
void btls_hash_set(uint8_t (*hashes)[32], size_t count, uint8_t out[32]);

#endif
