/* rsa_pss.h -- EMSA-PSS (RFC 8017, 9.1) with MGF1 (B.2.1): the encoding that RSA-PSS
 * signs. */
#ifndef BTLS_CRYPTO_RSA_PSS_H
#define BTLS_CRYPTO_RSA_PSS_H

#include <bearssl.h>

#include "core/bytes.h"

/* Numbers of BearSSL: of the message's hash and of MGF1's; bytes of salt. */
typedef struct {
    int hash;
    int mask_hash;
    size_t salt;
} btls_pss;

/* Puts the encoding of a message whose hash is given into the k bytes of em, for a
 * modulus of modulus_bits bits (k = modulus_bits / 8, rounded up): the encoding itself
 * has modulus_bits - 1 bits, so that with modulus_bits % 8 == 1 it is a byte shorter than
 * the modulus, and a zero stands before it. The salt comes from random. 1, or 0 when the
 * modulus is too short or a hash unknown. */
int btls_pss_encode(const btls_pss *p, const uint8_t *hash, const br_prng_class **random,
                    int modulus_bits, uint8_t *em);

/* 1 when em, as the public operation gave it (k bytes, which are overwritten), is an
 * encoding of the hash with exactly that length of salt; else 0. */
int btls_pss_check(const btls_pss *p, const uint8_t *hash, int modulus_bits, uint8_t *em);

#endif
