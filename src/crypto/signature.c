/* signature.c -- verifying signatures of every kind that TLS and certificates have. */
#include "crypto/signature.h"

#include <string.h>

#include "crypto/ecdsa.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/rsa_pkcs1.h"
#include "crypto/rsa_pss.h"
#include "crypto/rsa_public.h"

static int
verify_rsa(const btls_signature_algorithm *a, const btls_public_key *k,
           const uint8_t *hash, btls_span signature)
{
    uint8_t em[BTLS_RSA_PUBLIC_MAX], expected[BTLS_RSA_PUBLIC_MAX];
    if (signature.n != k->n.n || signature.n > sizeof em)
        return 0;
    memcpy(em, signature.p, signature.n);
    if (!btls_rsa_public(k->n, k->e, em))
        return 0;
    if (a->kind == BTLS_SIGNATURE_PKCS1)
        return btls_pkcs1_encode(a->hash, hash, expected, signature.n) &&
               memcmp(expected, em, signature.n) == 0;
    btls_pss pss = { a->hash, a->mask_hash != 0 ? a->mask_hash : a->hash,
                     (size_t)a->salt };
    return btls_pss_check(&pss, hash, btls_number_bits(k->n), em);
}

int
btls_signature_fits(const btls_signature_algorithm *a, const btls_public_key *k)
{
    int is_free =
        k->pss_hash == 0 || (a->hash == k->pss_hash && a->salt >= k->pss_salt &&
                             (a->mask_hash == 0 || a->mask_hash == k->pss_hash));
    switch (a->kind) {
    case BTLS_SIGNATURE_PKCS1:
        return k->kind == BTLS_KEY_RSA;
    case BTLS_SIGNATURE_PSS:
        return k->kind == BTLS_KEY_RSA || (k->kind == BTLS_KEY_RSA_PSS && is_free);
    case BTLS_SIGNATURE_ECDSA:
        return k->kind == BTLS_KEY_EC;
    case BTLS_SIGNATURE_ED25519:
        return k->kind == BTLS_KEY_ED25519;
    }
    return 0;
}

int
btls_signature_verify_hash(const btls_signature_algorithm *a, const btls_public_key *k,
                           const uint8_t *hash, btls_span signature)
{
    size_t n = btls_hash_size(a->hash);
    if (!btls_signature_fits(a, k) || n == 0 || a->salt < 0)
        return 0;
    if (a->kind == BTLS_SIGNATURE_ECDSA)
        return btls_ecdsa_verify(k, (btls_span){ hash, n }, signature);
    return a->kind != BTLS_SIGNATURE_ED25519 && verify_rsa(a, k, hash, signature);
}

int
btls_signature_verify(const btls_signature_algorithm *a, const btls_public_key *k,
                      btls_span message, btls_span signature)
{
    uint8_t hash[BTLS_HASH_MAX];
    if (!btls_signature_fits(a, k))
        return 0;
    if (a->kind == BTLS_SIGNATURE_ED25519)
        return k->point.n == 32 && btls_ed25519_verify(k->point.p, message, signature);
    return btls_hash(a->hash, &message, 1, hash) > 0 &&
           btls_signature_verify_hash(a, k, hash, signature);
}
