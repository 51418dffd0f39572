/* ed25519.h -- signatures with Ed25519 (RFC 8032, 5.1): BearSSL has none. */
#ifndef BTLS_CRYPTO_ED25519_H
#define BTLS_CRYPTO_ED25519_H

#include "core/bytes.h"

#define BTLS_ED25519_SIGNATURE 64

/* The public key of a private key (any 32 bytes). Constant time. */
void btls_ed25519_public(const uint8_t private_key[32], uint8_t public_key[32]);

/* Signs (5.1.6). public_key has to be that of private_key: a signature made with another
 * one would give the private key away, so take it from where it was computed. Constant
 * time but for the message's length. */
void btls_ed25519_sign(const uint8_t private_key[32], const uint8_t public_key[32],
                       btls_span message, uint8_t signature[BTLS_ED25519_SIGNATURE]);

/* 1 when the signature (64 bytes, S below the group's order, R and the public key in the
 * one canonical encoding) is the key's over the message: [S]B = R + [k]A without
 * cofactor. Else 0. Variable time: public data. */
int btls_ed25519_verify(const uint8_t public_key[32], btls_span message,
                        btls_span signature);

#endif
