/* public_key.h -- a public key as views into somebody else's bytes. */
#ifndef BTLS_CRYPTO_PUBLIC_KEY_H
#define BTLS_CRYPTO_PUBLIC_KEY_H

#include <bearssl.h>

#include "core/bytes.h"

/* BTLS_KEY_RSA_PSS is a key of the type id-RSASSA-PSS (RFC 4055, 1.2), which may sign
 * nothing else. */
enum btls_key_kind { BTLS_KEY_RSA = 1, BTLS_KEY_RSA_PSS, BTLS_KEY_EC, BTLS_KEY_ED25519 };

/* Bytes of the largest RSA modulus that signatures are verified with: 8192 bits. */
#define BTLS_RSA_PUBLIC_MAX 1024
/* Bytes of the largest that private keys have: 4096 bits, where BearSSL ends. */
#define BTLS_RSA_PRIVATE_MAX 512
/* Bytes of the longest uncompressed point, on P-521. */
#define BTLS_POINT_MAX 133

typedef struct {
    enum btls_key_kind kind;
    int curve; /* BTLS_KEY_EC: BearSSL's number, which is TLS's NamedGroup: 23, 24, 25 */
    btls_span n, e;  /* RSA kinds: big-endian, no leading zeros; 512 to 8192 bits */
    btls_span point; /* EC: uncompressed point; Ed25519: 32 bytes */
    int pss_hash; /* RSA_PSS: BearSSL's hash id that the key is restricted to; 0: none */
    int pss_salt; /* RSA_PSS with pss_hash: the shortest salt in bytes */
} btls_public_key;

/* Bits of the modulus or of the curve's field; Ed25519: 256. */
int btls_public_key_bits(const btls_public_key *k);

/* "RSA", "RSA-PSS", "EC", "Ed25519". */
const char *btls_key_kind_name(enum btls_key_kind kind);

/* 1 when both are the same key; what an RSA-PSS key is restricted to is not compared. */
int btls_public_key_equal(const btls_public_key *a, const btls_public_key *b);

/* The key as BearSSL's engine takes it; *out points where k points. 1, or 0 when BearSSL
 * cannot use it: RSA_PSS, Ed25519, RSA of more than 4096 bits. */
int btls_public_key_bearssl(const btls_public_key *k, br_x509_pkey *out);

/* Bits of a big-endian number without leading zero bytes. */
int btls_number_bits(btls_span number);

#endif
