/* signature_scheme.h -- what TLS's SignatureScheme (RFC 8446, 4.2.3) asks of keys. */
#ifndef BTLS_TLS_SIGNATURE_SCHEME_H
#define BTLS_TLS_SIGNATURE_SCHEME_H

#include "crypto/signature.h"

typedef struct {
    unsigned id;
    btls_signature_algorithm algorithm;
    enum btls_key_kind kind; /* of the key: rsa_pss_rsae_* want BTLS_KEY_RSA */
    int curve; /* that an EC key has to be on in TLS 1.3; 0: any (SHA-1 and SHA-224) */
} btls_signature_scheme;

/* NULL when the scheme is unknown. */
const btls_signature_scheme *btls_signature_scheme_find(unsigned scheme);

/* 1 when the handshake of TLS 1.3 may be signed with it: no PKCS#1, SHA-1 or SHA-224. */
int btls_signature_scheme_in_13(const btls_signature_scheme *s);

/* The scheme with that algorithm, for RSA keys of the type rsaEncryption; 0 when there is
 * none. */
unsigned btls_signature_scheme_of(const btls_signature_algorithm *a);

/* 1 when such a key can sign with the scheme as TLS 1.3 has it: it is of the scheme's
 * kind, on its curve, not restricted to another hash, and large enough for the encoding.
 * (TLS 1.2 leaves the curve free: there, ask with the curve 0.) */
int btls_signature_scheme_fits(const btls_signature_scheme *s, const btls_public_key *k);

#endif
