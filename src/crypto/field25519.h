/* field25519.h -- the integers modulo 2^255 - 19, in constant time. */
#ifndef BTLS_CRYPTO_FIELD25519_H
#define BTLS_CRYPTO_FIELD25519_H

#include <stdint.h>

/* Five limbs of 51 bits, the least first. Limbs may be larger than that: products and
 * what btls_fe_decode gives are "small" (below 2^51 + 2^13); sums and differences are
 * larger, and multiplication takes limbs below 2^54. */
typedef struct {
    uint64_t v[5];
} btls_fe;

/* Little-endian, the highest bit ignored; a number of 2^255 - 19 or more is taken for
 * what it is modulo that. Encoding gives the one number below it. */
void btls_fe_decode(btls_fe *out, const uint8_t bytes[32]);
void btls_fe_encode(uint8_t bytes[32], const btls_fe *a);

/* a + b: limbs grow by addition. */
void btls_fe_add(btls_fe *out, const btls_fe *a, const btls_fe *b);
/* a - b + 4p: b's limbs have to be below 2^53 - 76; four times 2^51 is added to a's. */
void btls_fe_subtract(btls_fe *out, const btls_fe *a, const btls_fe *b);
/* a * b, small; a and b with limbs below 2^54. out may be a or b. */
void btls_fe_multiply(btls_fe *out, const btls_fe *a, const btls_fe *b);
/* a^2, squared n times over: a^(2^n), n >= 1. */
void btls_fe_square(btls_fe *out, const btls_fe *a, int n);
/* a^(p - 2): 1/a, and 0 for 0. */
void btls_fe_invert(btls_fe *out, const btls_fe *a);
/* a^((p - 5) / 8), for square roots (RFC 8032, 5.1.3). */
void btls_fe_root_power(btls_fe *out, const btls_fe *a);

/* out = a when flag is 1, and stays when it is 0. */
void btls_fe_select(btls_fe *out, const btls_fe *a, uint32_t flag);

/* 1 when both are the same number. */
int btls_fe_equal(const btls_fe *a, const btls_fe *b);

#endif
