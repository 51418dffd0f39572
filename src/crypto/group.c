/* group.c -- (EC)DHE on the groups of TLS, over BearSSL's curves. */
#include "crypto/group.h"

#include <string.h>

#define UNCOMPRESSED 4
#define X25519_SIZE 32

/* Bytes of a share, 0 for an unknown group. BearSSL 0.6 may write a whole point whatever
 * length it was given, so lengths are checked here. */
static size_t
share_size_of(int group)
{
    switch (group) {
    case BR_EC_curve25519:
        return X25519_SIZE;
    case BR_EC_secp256r1:
        return 65;
    case BR_EC_secp384r1:
        return 97;
    case BR_EC_secp521r1:
        return 133;
    default:
        return 0;
    }
}

/* Later versions of BearSSL than 0.6 take the scalar of x25519 in big-endian order. They
 * clamp it (RFC 7748, 5), which sets bit 254: only where the last byte is the highest one
 * are 0 and 2^254 the same key. The answer does not change, so that it does not matter
 * when two threads ask at once. */
static int
scalar_is_big_endian(const br_ec_impl *ec)
{
    static int order; /* 0: not known yet, 1: little-endian, 2: big-endian */
    int known = __atomic_load_n(&order, __ATOMIC_RELAXED);
    if (known == 0) {
        uint8_t scalar[X25519_SIZE] = { 0 }, one[X25519_SIZE], other[X25519_SIZE];
        ec->mulgen(one, scalar, sizeof scalar, BR_EC_curve25519);
        scalar[X25519_SIZE - 1] = 0x40;
        ec->mulgen(other, scalar, sizeof scalar, BR_EC_curve25519);
        known = memcmp(one, other, sizeof one) == 0 ? 1 : 2;
        __atomic_store_n(&order, known, __ATOMIC_RELAXED);
    }
    return known == 2;
}

/* A private key in the order in which BearSSL wants it; wiped by the caller. 0 when it is
 * too long. */
static int
to_scalar(int group, const br_ec_impl *ec, const uint8_t *key, size_t n, uint8_t *scalar)
{
    if (n > BTLS_GROUP_PRIVATE_MAX || (group == BR_EC_curve25519 && n != X25519_SIZE))
        return 0;
    memcpy(scalar, key, n);
    if (group == BR_EC_curve25519 && scalar_is_big_endian(ec)) {
        for (size_t i = 0; i < n; i++)
            scalar[i] = key[n - 1 - i];
    }
    return 1;
}

int
btls_group_public(int group, const uint8_t *private_key, size_t private_size,
                  uint8_t share[BTLS_GROUP_PUBLIC_MAX], size_t *share_size)
{
    const br_ec_impl *ec = br_ec_get_default();
    uint8_t scalar[BTLS_GROUP_PRIVATE_MAX];
    if (share_size_of(group) == 0 ||
        !to_scalar(group, ec, private_key, private_size, scalar))
        return -1;
    *share_size = ec->mulgen(share, scalar, private_size, group);
    btls_wipe(scalar, sizeof scalar);
    return *share_size == share_size_of(group) ? 0 : -1;
}

int
btls_group_generate(int group, const br_prng_class **random,
                    uint8_t private_key[BTLS_GROUP_PRIVATE_MAX], size_t *private_size,
                    uint8_t share[BTLS_GROUP_PUBLIC_MAX], size_t *share_size)
{
    if (group == BR_EC_curve25519) {
        /* Any 32 bytes are a key (RFC 7748, 6.1). */
        *private_size = X25519_SIZE;
        (*random)->generate(random, private_key, X25519_SIZE);
    } else if (share_size_of(group) > 0) {
        *private_size =
            br_ec_keygen(random, br_ec_get_default(), NULL, private_key, group);
    } else {
        return -1;
    }
    return btls_group_public(group, private_key, *private_size, share, share_size);
}

static int
all_zero(const uint8_t *p, size_t n)
{
    unsigned any = 0;
    for (size_t i = 0; i < n; i++)
        any |= p[i];
    return any == 0;
}

int
btls_group_share(int group, const uint8_t *private_key, size_t private_size,
                 const uint8_t *peer, size_t peer_size,
                 uint8_t secret[BTLS_GROUP_SECRET_MAX], size_t *secret_size)
{
    const br_ec_impl *ec = br_ec_get_default();
    uint8_t point[BTLS_GROUP_PUBLIC_MAX], scalar[BTLS_GROUP_PRIVATE_MAX];
    if (peer_size == 0 || peer_size != share_size_of(group) ||
        (group != BR_EC_curve25519 && peer[0] != UNCOMPRESSED) ||
        !to_scalar(group, ec, private_key, private_size, scalar))
        return -1;
    memcpy(point, peer, peer_size);
    size_t n, offset = ec->xoff(group, &n);
    int ok = ec->mul(point, peer_size, scalar, private_size, group) == 1;
    if (group == BR_EC_curve25519 && all_zero(point + offset, n))
        ok = 0;
    if (ok) {
        memcpy(secret, point + offset, n);
        *secret_size = n;
    }
    btls_wipe(point, sizeof point);
    btls_wipe(scalar, sizeof scalar);
    return ok ? 0 : -1;
}
