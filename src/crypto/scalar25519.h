/* scalar25519.h -- the integers modulo the order of Ed25519's group, L = 2^252 +
 * 27742317777372353535851937790883648493 (RFC 8032, 5.1), in constant time. */
#ifndef BTLS_CRYPTO_SCALAR25519_H
#define BTLS_CRYPTO_SCALAR25519_H

#include <stdint.h>

/* out = wide mod L; all little-endian. */
void btls_scalar_reduce(uint8_t out[32], const uint8_t wide[64]);

/* out = a * b + c mod L; a, b, c may be any numbers below 2^256. */
void btls_scalar_multiply_add(uint8_t out[32], const uint8_t a[32], const uint8_t b[32],
                              const uint8_t c[32]);

/* 1 when s < L. */
int btls_scalar_is_reduced(const uint8_t s[32]);

#endif
