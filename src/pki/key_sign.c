/* key_sign.c -- signing with private keys. */
#include <string.h>

#include "crypto/ecdsa.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/rsa_pkcs1.h"
#include "crypto/rsa_pss.h"
#include "crypto/rsa_public.h"
#include "pki/key_internal.h"

/* The private operation on an encoding, which is checked with the public one: a fault in
 * the CRT computation would give the key away. The signature's length, or 0. */
static size_t
sign_encoding(const btls_key *k, const uint8_t *em, uint8_t *signature)
{
    uint8_t check[BTLS_RSA_PRIVATE_MAX];
    size_t size = k->public.n.n;
    memcpy(signature, em, size);
    if (br_rsa_private_get_default()(signature, &k->rsa)) {
        memcpy(check, signature, size);
        if (btls_rsa_public(k->public.n, k->public.e, check) &&
            memcmp(check, em, size) == 0)
            return size;
    }
    btls_wipe(signature, size);
    return 0;
}

static size_t
sign_pkcs1(const btls_key *k, int hash_id, const uint8_t *hash, uint8_t *signature,
           size_t cap)
{
    uint8_t em[BTLS_RSA_PRIVATE_MAX];
    size_t size = k->public.n.n;
    return size <= cap && btls_pkcs1_encode(hash_id, hash, em, size)
               ? sign_encoding(k, em, signature)
               : 0;
}

static size_t
sign_pss(const btls_key *k, const btls_signature_algorithm *a,
         const br_prng_class **random, const uint8_t *hash, uint8_t *signature,
         size_t cap)
{
    uint8_t em[BTLS_RSA_PRIVATE_MAX];
    btls_pss pss = { a->hash, a->mask_hash != 0 ? a->mask_hash : a->hash,
                     (size_t)a->salt };
    return k->public.n.n <= cap &&
                   btls_pss_encode(&pss, hash, random, (int)k->rsa.n_bitlen, em)
               ? sign_encoding(k, em, signature)
               : 0;
}

/* RFC 6979, in DER. */
static size_t
sign_ecdsa(const btls_key *k, int hash_id, const uint8_t *hash, uint8_t *signature,
           size_t cap)
{
    const br_hash_class *class = btls_hash_class(hash_id);
    if (class == NULL || cap < BTLS_ECDSA_MAX)
        return 0;
    return br_ecdsa_sign_asn1_get_default()(br_ec_get_default(), class, hash, &k->ec,
                                            signature);
}

size_t
btls_key_sign_hash(const btls_key *k, int hash_id, const void *hash, size_t hash_len,
                   uint8_t *signature, size_t cap)
{
    int is_bare = hash_id == BTLS_HASH_MD5_SHA1;
    if (hash_len != (is_bare ? BTLS_HASH_MD5_SHA1_SIZE : btls_hash_size(hash_id)))
        return 0;
    switch (k->public.kind) {
    case BTLS_KEY_RSA:
        return sign_pkcs1(k, hash_id, hash, signature, cap);
    case BTLS_KEY_EC:
        return sign_ecdsa(k, hash_id, hash, signature, cap);
    default:
        return 0;
    }
}

size_t
btls_key_sign(const btls_key *k, const btls_signature_algorithm *a,
              const br_prng_class **random, btls_span message, uint8_t *signature,
              size_t cap)
{
    uint8_t hash[BTLS_HASH_MAX];
    if (!btls_signature_fits(a, &k->public) || a->salt < 0)
        return 0;
    if (a->kind == BTLS_SIGNATURE_ED25519) {
        if (cap < BTLS_ED25519_SIGNATURE)
            return 0;
        btls_ed25519_sign(k->bytes, k->point, message, signature);
        return BTLS_ED25519_SIGNATURE;
    }
    size_t n = btls_hash(a->hash, &message, 1, hash);
    if (n == 0)
        return 0;
    if (a->kind == BTLS_SIGNATURE_PSS)
        return sign_pss(k, a, random, hash, signature, cap);
    return btls_key_sign_hash(k, a->hash, hash, n, signature, cap);
}
