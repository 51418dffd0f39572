/* signature_scheme.c -- what TLS's SignatureScheme asks of keys. */
#include "tls/signature_scheme.h"

#include "crypto/hash.h"

#define ECDSA(hash, curve) \
    { BTLS_SIGNATURE_ECDSA, br_##hash##_ID, 0, 0 }, BTLS_KEY_EC, curve
#define PKCS1(hash) { BTLS_SIGNATURE_PKCS1, br_##hash##_ID, 0, 0 }, BTLS_KEY_RSA, 0
#define PSS(hash, kind) \
    { BTLS_SIGNATURE_PSS, br_##hash##_ID, br_##hash##_SIZE, 0 }, kind, 0

static const btls_signature_scheme schemes[] = {
    { 0x0403, ECDSA(sha256, BR_EC_secp256r1) },
    { 0x0503, ECDSA(sha384, BR_EC_secp384r1) },
    { 0x0603, ECDSA(sha512, BR_EC_secp521r1) },
    { 0x0303, ECDSA(sha224, 0) },
    { 0x0203, ECDSA(sha1, 0) },
    { 0x0401, PKCS1(sha256) },
    { 0x0501, PKCS1(sha384) },
    { 0x0601, PKCS1(sha512) },
    { 0x0301, PKCS1(sha224) },
    { 0x0201, PKCS1(sha1) },
    { 0x0804, PSS(sha256, BTLS_KEY_RSA) },
    { 0x0805, PSS(sha384, BTLS_KEY_RSA) },
    { 0x0806, PSS(sha512, BTLS_KEY_RSA) },
    { 0x0809, PSS(sha256, BTLS_KEY_RSA_PSS) },
    { 0x080A, PSS(sha384, BTLS_KEY_RSA_PSS) },
    { 0x080B, PSS(sha512, BTLS_KEY_RSA_PSS) },
    { 0x0807, { BTLS_SIGNATURE_ED25519, 0, 0, 0 }, BTLS_KEY_ED25519, 0 },
};

const btls_signature_scheme *
btls_signature_scheme_find(unsigned scheme)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (schemes[i].id == scheme)
            return &schemes[i];
    }
    return NULL;
}

int
btls_signature_scheme_in_13(const btls_signature_scheme *s)
{
    return s->algorithm.kind == BTLS_SIGNATURE_PSS || s->kind == BTLS_KEY_ED25519 ||
           s->curve != 0;
}

unsigned
btls_signature_scheme_of(const btls_signature_algorithm *a)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        const btls_signature_algorithm *b = &schemes[i].algorithm;
        if (a->kind == b->kind && a->hash == b->hash && a->salt == b->salt &&
            (a->mask_hash == 0 || a->mask_hash == a->hash) &&
            schemes[i].kind != BTLS_KEY_RSA_PSS)
            return schemes[i].id;
    }
    return 0;
}

/* Two hashes' length and ten bits (RFC 8017, 9.1.1, with a salt as long as the hash):
 * 1024 bits are too few for SHA-512. PKCS#1 fits into all keys that there are. */
static int
is_large_enough(const btls_signature_algorithm *a, const btls_public_key *k)
{
    int hash_bits = 8 * (int)btls_hash_size(a->hash);
    return a->kind != BTLS_SIGNATURE_PSS ||
           btls_public_key_bits(k) >= hash_bits + 8 * a->salt + 10;
}

int
btls_signature_scheme_fits(const btls_signature_scheme *s, const btls_public_key *k)
{
    return s->kind == k->kind && (s->curve == 0 || s->curve == k->curve) &&
           btls_signature_fits(&s->algorithm, k) && is_large_enough(&s->algorithm, k);
}
