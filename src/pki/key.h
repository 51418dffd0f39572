/* key.h -- private keys: reading, generating, signing, and whether one belongs to a
 * certificate. */
#ifndef BTLS_PKI_KEY_H
#define BTLS_PKI_KEY_H

#include <bearssl.h>

#include "core/bytes.h"
#include "core/error.h"
#include "pki/certificate.h"

/* One block that holds the key and all its integers; everything in it points into itself.
 */
typedef struct btls_key btls_key;

/* Reads one private key: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017, A.1.2) or SEC1 (RFC 5915)
 * in DER, told apart by their structure. RSA of two primes, modulus 1024 to 4096 bits,
 * every integer bounded by that; EC on P-256, P-384, P-521 with the scalar's length
 * checked against the curve. Returns a key that btls_key_free releases (and wipes), or
 * NULL with *e set: config_key_malformed, config_key_unsupported, config_key_encrypted.
 */
btls_key *btls_key_parse(const btls_alloc *a, btls_span der, btls_error *e);

/* Makes a key: kind "rsa2048", "rsa3072", "rsa4096", "p256", "p384", "p521" with random
 * bytes from rng. NULL with *e set: config_key_unsupported (names the kinds),
 * io_out_of_memory. */
btls_key *btls_key_generate(const btls_alloc *a, const char *kind,
                            const br_prng_class **rng, btls_error *e);
void btls_key_free(btls_key *k);

/* BR_KEYTYPE_RSA or BR_KEYTYPE_EC; for EC also the curve (BR_EC_secp256r1 ...), else 0.
 */
int btls_key_type(const btls_key *k);
int btls_key_curve(const btls_key *k);
/* Bits of the modulus or the curve's field. */
int btls_key_bits(const btls_key *k);

/* The private parts, for BearSSL's own functions (RSA key transport: br_rsa_ssl_decrypt).
 * NULL when the key is of the other type. Owned by the key. */
const br_rsa_private_key *btls_key_rsa(const btls_key *k);
const br_ec_private_key *btls_key_ec(const btls_key *k);

/* Signs a hash: RSASSA-PKCS1-v1_5 or ECDSA (RFC 6979, ASN.1 form) as the key's type says.
 * hash_id is BearSSL's (br_sha256_ID ...; 0: MD5 and SHA-1 concatenated, 36 bytes, TLS
 * below 1.2). An RSA signature is checked with the public key before it leaves, so that a
 * fault in the CRT computation cannot give the key away. Returns the signature's length,
 * or 0 when it does not fit in cap bytes or failed. */
size_t btls_key_sign_hash(const btls_key *k, int hash_id, const void *hash,
                          size_t hash_len, uint8_t *signature, size_t cap);

/* 1 when the certificate's public key is this key's. */
int btls_key_matches(const btls_key *k, const btls_certificate *c);

/* Writes the key's public part as SubjectPublicKeyInfo DER (RFC 5280, 4.1.2.7) behind
 * what is in out. 0, or -1 with *e set. */
int btls_key_encode_public(const btls_key *k, btls_queue *out, btls_error *e);

/* Writes the key as PKCS#8 DER behind what is in out. 0, or -1 with *e set. */
int btls_key_encode(const btls_key *k, btls_queue *out, btls_error *e);

#endif
