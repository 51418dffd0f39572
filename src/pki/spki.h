/* spki.h -- SubjectPublicKeyInfo (RFC 5280, 4.1.2.7): algorithms, curves, public keys. */
#ifndef BTLS_PKI_SPKI_H
#define BTLS_PKI_SPKI_H

#include <bearssl.h>

#include "core/bytes.h"
#include "core/error.h"

/* What the curve is called and how large it is; curve is BearSSL's number, which is TLS's
 * too. */
typedef struct {
    int curve;
    int bits;
    size_t scalar_size; /* bytes of a private key, RFC 5915 */
    const char *name;   /* IANA: "secp256r1" */
    const uint8_t *oid;
    size_t oid_size;
} btls_curve;

const btls_curve *btls_curve_by_number(int curve);
/* By the contents of its OBJECT IDENTIFIER. NULL when it is none of ours. */
const btls_curve *btls_curve_by_oid(btls_span oid);

/* The contents of the OIDs rsaEncryption and id-ecPublicKey. */
extern const btls_span btls_oid_rsa;
extern const btls_span btls_oid_ec;

/* Reads a whole SubjectPublicKeyInfo; *key points into it. See
 * btls_certificate_public_key. */
int btls_spki_parse(btls_span spki, br_x509_pkey *key, btls_error *e);

/* Bits of an RSA modulus without leading zeros. */
int btls_modulus_bits(const unsigned char *n, size_t size);

#endif
