/* key_internal.h -- what a private key is made of, for the files named key_*.c. */
#ifndef BTLS_PKI_KEY_INTERNAL_H
#define BTLS_PKI_KEY_INTERNAL_H

#include "pki/key.h"
#include "pki/spki.h"

struct btls_key {
    btls_alloc alloc;
    size_t size;            /* of this block */
    btls_public_key public; /* its kind is the key's */

    br_rsa_private_key rsa; /* RSA kinds */
    btls_span rsa_der;      /* the RSAPrivateKey, in bytes */

    const btls_curve *curve; /* EC */
    br_ec_private_key ec;

    uint8_t point[BTLS_POINT_MAX]; /* public, of EC and Ed25519 */
    uint8_t bytes[];               /* what the pointers point at; Ed25519: the 32 bytes */
};

/* A block of zeros with `extra` bytes behind it, or NULL with *e set. */
btls_key *btls_key_new(const btls_alloc *a, enum btls_key_kind kind, size_t extra,
                       btls_error *e);

/* The key on a curve with that private number, which may be one that does not fit the
 * curve: NULL with *e set. */
btls_key *btls_key_make_ec(const btls_alloc *a, const btls_curve *curve, btls_span number,
                           btls_error *e);
/* The key of any 32 bytes. */
btls_key *btls_key_make_ed25519(const btls_alloc *a, const uint8_t private_key[32],
                                btls_error *e);

#endif
