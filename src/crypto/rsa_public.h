/* rsa_public.h -- the RSA public operation up to 8192 bits. */
#ifndef BTLS_CRYPTO_RSA_PUBLIC_H
#define BTLS_CRYPTO_RSA_PUBLIC_H

#include "core/bytes.h"

/* x := x^e mod n (RFC 8017, 5.2.2), in place; x has as many bytes as n. Numbers are
 * big-endian, n and e without leading zeros. Variable time: everything is public. 1, or 0
 * when the key is none (n even, below 512 or above 8192 bits; e even, 1, or of more than
 * 256 bits, 64 for n of more than 4096, so that the work is bounded) or x is not below
 * n. */
int btls_rsa_public(btls_span n, btls_span e, uint8_t *x);

#endif
