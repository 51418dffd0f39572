/* signature.h -- verifying signatures of every kind that TLS and certificates have. */
#ifndef BTLS_CRYPTO_SIGNATURE_H
#define BTLS_CRYPTO_SIGNATURE_H

#include "core/bytes.h"
#include "crypto/public_key.h"

enum btls_signature_kind {
    BTLS_SIGNATURE_PKCS1 = 1, /* RSASSA-PKCS1-v1_5 (RFC 8017, 8.2) */
    BTLS_SIGNATURE_PSS,       /* RSASSA-PSS (RFC 8017, 8.1) */
    BTLS_SIGNATURE_ECDSA,
    BTLS_SIGNATURE_ED25519
};

typedef struct {
    enum btls_signature_kind kind;
    int hash;      /* BearSSL's hash id (br_sha256_ID ...); 0 for Ed25519 */
    int salt;      /* PSS: bytes of salt, exactly (TLS: as many as the hash has) */
    int mask_hash; /* PSS: the hash of MGF1 when it is another one; 0: the same */
} btls_signature_algorithm;

/* 1 when a key of that kind may sign with that algorithm at all: an RSA-PSS key only with
 * PSS, its hash and at least its salt (RFC 4055, 3.3). */
int btls_signature_fits(const btls_signature_algorithm *a, const btls_public_key *k);

/* 1 when the signature is this key's over message, else 0 (also when key and algorithm do
 * not fit). Variable time: public data. */
int btls_signature_verify(const btls_signature_algorithm *a, const btls_public_key *k,
                          btls_span message, btls_span signature);

/* The same for the message's hash, with a->hash; not for Ed25519. */
int btls_signature_verify_hash(const btls_signature_algorithm *a,
                               const btls_public_key *k, const uint8_t *hash,
                               btls_span signature);

#endif
