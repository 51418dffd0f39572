/* group.h -- (EC)DHE on the groups of TLS (RFC 8446, 4.2.8.2; RFC 8422, 5.4; RFC 7748),
 * over BearSSL's curves. A group is its NamedGroup: 29 x25519, 23 secp256r1, 24
 * secp384r1, 25 secp521r1. */
#ifndef BTLS_CRYPTO_GROUP_H
#define BTLS_CRYPTO_GROUP_H

#include <bearssl.h>

#include "core/bytes.h"

enum {
    BTLS_GROUP_PRIVATE_MAX = 66,
    BTLS_GROUP_PUBLIC_MAX = 133,
    BTLS_GROUP_SECRET_MAX = 66
};

/* Makes a key pair: the private key (x25519: as RFC 7748, 5 has it, little-endian; else
 * big-endian, as long as the group's order) and the share for the wire. 0, or -1 when the
 * group is unknown. Whoever owns the private key wipes it. */
int btls_group_generate(int group, const br_prng_class **random,
                        uint8_t private_key[BTLS_GROUP_PRIVATE_MAX], size_t *private_size,
                        uint8_t share[BTLS_GROUP_PUBLIC_MAX], size_t *share_size);

/* The share of a private key that has been there before. 0, or -1 when the group is
 * unknown or the key none of it. */
int btls_group_public(int group, const uint8_t *private_key, size_t private_size,
                      uint8_t share[BTLS_GROUP_PUBLIC_MAX], size_t *share_size);

/* The secret of our private key and the peer's share: the u- or x-coordinate (RFC 8446,
 * 7.4.2). 0, or -1: the group is unknown, the share is not a point of the group in its
 * only form (uncompressed), or the result of x25519 is all zeros (RFC 7748, 6.1); then
 * nothing of it is in `secret`. */
int btls_group_share(int group, const uint8_t *private_key, size_t private_size,
                     const uint8_t *peer, size_t peer_size,
                     uint8_t secret[BTLS_GROUP_SECRET_MAX], size_t *secret_size);

#endif
