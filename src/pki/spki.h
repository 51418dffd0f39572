/* spki.h -- SubjectPublicKeyInfo (RFC 5280, 4.1.2.7; RFC 3279, 4055, 5480, 8410):
 * algorithms, curves, public keys. */
#ifndef BTLS_PKI_SPKI_H
#define BTLS_PKI_SPKI_H

#include <bearssl.h>

#include "core/bytes.h"
#include "core/error.h"
#include "crypto/public_key.h"

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

/* The contents of the OIDs rsaEncryption, id-RSASSA-PSS, id-ecPublicKey, id-Ed25519. */
extern const btls_span btls_oid_rsa;
extern const btls_span btls_oid_rsa_pss;
extern const btls_span btls_oid_ec;
extern const btls_span btls_oid_ed25519;

/* Reads a whole SubjectPublicKeyInfo: RSA and RSA-PSS (with what it is restricted to) of
 * 512 to 8192 bits, an uncompressed point on P-256, P-384 or P-521, Ed25519; with the
 * parameters that the RFCs want. *key points into it. 0, or -1 with *e set:
 * certificate_malformed, certificate_unsupported_key. */
int btls_spki_parse(btls_span spki, btls_public_key *key, btls_error *e);

#endif
