/* key_internal.h -- what a private key is made of, for key.c and key_use.c. */
#ifndef BTLS_PKI_KEY_INTERNAL_H
#define BTLS_PKI_KEY_INTERNAL_H

#include "pki/key.h"
#include "pki/spki.h"

struct btls_key {
    btls_alloc alloc;
    size_t size; /* of this block */
    int type;    /* BR_KEYTYPE_RSA or BR_KEYTYPE_EC */

    br_rsa_private_key rsa;
    br_rsa_public_key rsa_public;
    btls_span rsa_der; /* the RSAPrivateKey, in bytes */

    const btls_curve *curve; /* NULL for RSA */
    br_ec_private_key ec;
    uint8_t point[133]; /* public, uncompressed */
    size_t point_size;

    uint8_t bytes[]; /* what the pointers point at */
};

#endif
