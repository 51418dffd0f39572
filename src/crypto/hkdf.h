/* hkdf.h -- HMAC and HKDF (RFC 2104, RFC 5869) over BearSSL's HMAC; BearSSL's own HKDF
 * cannot expand a secret that exists already. */
#ifndef BTLS_CRYPTO_HKDF_H
#define BTLS_CRYPTO_HKDF_H

#include "crypto/hash.h"

/* HMAC of the parts, one behind the other. `hash` is one of btls_hash_class's numbers.
 * Returns the size, which is the hash's. */
size_t btls_hmac(int hash, btls_span key, const btls_span *parts, size_t count,
                 uint8_t out[BTLS_HASH_MAX]);

/* HKDF-Extract (RFC 5869, 2.2): out gets as many bytes as the hash has. */
void btls_hkdf_extract(int hash, btls_span salt, btls_span ikm,
                       uint8_t out[BTLS_HASH_MAX]);

/* HKDF-Expand (RFC 5869, 2.3): n bytes, at most 255 times the hash's size. */
void btls_hkdf_expand(int hash, btls_span prk, btls_span info, uint8_t *out, size_t n);

#endif
