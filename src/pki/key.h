/* key.h -- private keys: reading, generating, signing, and whether one belongs to a
 * certificate. */
#ifndef BTLS_PKI_KEY_H
#define BTLS_PKI_KEY_H

#include <bearssl.h>

#include "core/bytes.h"
#include "core/error.h"
#include "crypto/signature.h"
#include "pki/certificate.h"
#include "pki/pbe.h"

/* One block that holds the key and all its integers; everything in it points into itself.
 */
typedef struct btls_key btls_key;

/* Reads one private key: PKCS#8 (RFC 5958, with or without the public key; RFC 8410),
 * PKCS#1 (RFC 8017, A.1.2) or SEC1 (RFC 5915) in DER, told apart by their structure. RSA
 * (and RSA-PSS) of two primes, modulus 1024 to 4096 bits, every integer bounded by that
 * and the modulus the product of the primes; EC on P-256, P-384, P-521 with the number in
 * the curve's range; Ed25519. A public part has to be the private part's. Returns a key
 * that btls_key_free releases (and wipes), or NULL with *e set: config_key_malformed,
 * config_key_unsupported, config_key_encrypted.
 */
btls_key *btls_key_parse(const btls_alloc *a, btls_span der, btls_error *e);

/* Makes a key: kind "rsa2048", "rsa3072", "rsa4096", "p256", "p384", "p521", "ed25519"
 * with random bytes from rng. NULL with *e set: config_key_unsupported (names the kinds),
 * io_out_of_memory. */
btls_key *btls_key_generate(const btls_alloc *a, const char *kind,
                            const br_prng_class **rng, btls_error *e);
void btls_key_free(btls_key *k);

enum btls_key_kind btls_key_kind(const btls_key *k);
/* For BearSSL's engine: BR_KEYTYPE_RSA or BR_KEYTYPE_EC; 0 for what it cannot use. */
int btls_key_type(const btls_key *k);
/* EC: BR_EC_secp256r1 ..., else 0. */
int btls_key_curve(const btls_key *k);
/* Bits of the modulus or the curve's field. */
int btls_key_bits(const btls_key *k);
/* The public part; it points into the key and lives as long. */
const btls_public_key *btls_key_public(const btls_key *k);

/* The private parts, for BearSSL's own functions (RSA key transport: br_rsa_ssl_decrypt).
 * NULL when the key is of the other type. Owned by the key. */
const br_rsa_private_key *btls_key_rsa(const btls_key *k);
const br_ec_private_key *btls_key_ec(const btls_key *k);

/* Bytes that are enough for any signature. */
#define BTLS_SIGNATURE_MAX BTLS_RSA_PRIVATE_MAX

/* Signs message: PKCS#1 v1.5, PSS, ECDSA (RFC 6979, DER) or Ed25519, as the algorithm
 * says; a PSS key signs only as it is restricted to. random gives the salt of PSS (a
 * seeded generator; not used by the others, which may give NULL). An RSA signature is
 * checked with the public key before it leaves, so that a fault in the CRT computation
 * cannot give the key away. Returns the signature's length, or 0 when key and algorithm
 * do not fit, the modulus is too short for the encoding, it does not fit in cap bytes, or
 * the check failed. */
size_t btls_key_sign(const btls_key *k, const btls_signature_algorithm *a,
                     const br_prng_class **random, btls_span message, uint8_t *signature,
                     size_t cap);

/* Signs a hash with PKCS#1 v1.5 (RSA) or ECDSA, for TLS below 1.3. hash_id is BearSSL's
 * (br_sha256_ID ...; 0: MD5 and SHA-1 one behind the other, 36 bytes, TLS below 1.2). As
 * above; 0 for other kinds of keys. */
size_t btls_key_sign_hash(const btls_key *k, int hash_id, const void *hash,
                          size_t hash_len, uint8_t *signature, size_t cap);

/* 1 when the certificate's public key is this key's. */
int btls_key_matches(const btls_key *k, const btls_certificate *c);

/* Writes the key's public part as SubjectPublicKeyInfo DER (RFC 5280, 4.1.2.7) behind
 * what is in out. 0, or -1 with *e set. */
int btls_key_encode_public(const btls_key *k, btls_queue *out, btls_error *e);

/* Writes the key as PKCS#8 DER behind what is in out. 0, or -1 with *e set. */
int btls_key_encode(const btls_key *k, btls_queue *out, btls_error *e);

/* 1 when it is an EncryptedPrivateKeyInfo (RFC 5958, 3). */
int btls_key_is_encrypted(btls_span der);
/* Reads a key out of that: see btls_pbe_decrypt and btls_key_parse. What makes no sense
 * is taken for the work of a wrong password (config_key_password). */
btls_key *btls_key_decrypt(const btls_alloc *a, btls_span der, btls_pbe *p,
                           btls_error *e);
/* Writes that behind what is in out: see btls_pbe_encrypt. 0, or -1 with *e set. */
int btls_key_encode_encrypted(const btls_key *k, btls_span password,
                              const br_prng_class **random, btls_queue *out,
                              btls_error *e);

#endif
