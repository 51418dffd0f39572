/* public_key.c -- a public key as views into somebody else's bytes. */
#include "crypto/public_key.h"

static int
is_rsa(const btls_public_key *k)
{
    return k->kind == BTLS_KEY_RSA || k->kind == BTLS_KEY_RSA_PSS;
}

const char *
btls_key_kind_name(enum btls_key_kind kind)
{
    static const char *const names[] = { "RSA", "RSA-PSS", "EC", "Ed25519" };
    return names[kind - BTLS_KEY_RSA];
}

int
btls_number_bits(btls_span number)
{
    int bits = (int)number.n * 8;
    for (unsigned top = number.n > 0 ? number.p[0] : 0; top != 0 && !(top & 0x80);
         top <<= 1)
        bits--;
    return bits;
}

int
btls_public_key_bits(const btls_public_key *k)
{
    if (is_rsa(k))
        return btls_number_bits(k->n);
    switch (k->curve) {
    case BR_EC_secp384r1:
        return 384;
    case BR_EC_secp521r1:
        return 521;
    default:
        return 256;
    }
}

int
btls_public_key_equal(const btls_public_key *a, const btls_public_key *b)
{
    if (a->kind != b->kind)
        return 0;
    if (is_rsa(a))
        return btls_span_equal(a->n, b->n) && btls_span_equal(a->e, b->e);
    return a->curve == b->curve && btls_span_equal(a->point, b->point);
}

/* BearSSL takes what it only reads without const. */
static unsigned char *
bytes(btls_span s)
{
    return (unsigned char *)(uintptr_t)s.p;
}

int
btls_public_key_bearssl(const btls_public_key *k, br_x509_pkey *out)
{
    if (k->kind == BTLS_KEY_RSA && k->n.n <= BTLS_RSA_PRIVATE_MAX) {
        out->key_type = BR_KEYTYPE_RSA;
        out->key.rsa = (br_rsa_public_key){ bytes(k->n), k->n.n, bytes(k->e), k->e.n };
        return 1;
    }
    if (k->kind == BTLS_KEY_EC) {
        out->key_type = BR_KEYTYPE_EC;
        out->key.ec = (br_ec_public_key){ k->curve, bytes(k->point), k->point.n };
        return 1;
    }
    return 0;
}
