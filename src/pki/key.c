/* key.c -- private keys: making their blocks, asking what they are. */
#include "pki/key.h"

#include <string.h>

#include "crypto/ed25519.h"
#include "pki/key_internal.h"

btls_key *
btls_key_new(const btls_alloc *a, enum btls_key_kind kind, size_t extra, btls_error *e)
{
    btls_key *k = btls_zalloc(a, sizeof *k + extra);
    if (k == NULL) {
        btls_error_memory(e);
        return NULL;
    }
    k->alloc = *a;
    k->size = sizeof *k + extra;
    k->public.kind = kind;
    return k;
}

void
btls_key_free(btls_key *k)
{
    if (k == NULL)
        return;
    btls_alloc a = k->alloc;
    btls_free(&a, k, k->size);
}

/* 1 when 0 < x < order, both big-endian and n bytes; in a time that depends on n alone.
 */
static int
in_range(const uint8_t *x, const uint8_t *order, size_t n)
{
    unsigned borrow = 0, any = 0;
    for (size_t i = n; i > 0; i--) {
        unsigned d = (unsigned)x[i - 1] - order[i - 1] - borrow;
        borrow = d >> 8 & 1;
        any |= x[i - 1];
    }
    return borrow && any;
}

btls_key *
btls_key_make_ec(const btls_alloc *a, const btls_curve *curve, btls_span number,
                 btls_error *e)
{
    size_t order_size;
    const uint8_t *order = br_ec_get_default()->order(curve->curve, &order_size);
    if (number.n != curve->scalar_size || order_size != number.n ||
        !in_range(number.p, order, number.n)) {
        btls_error_set(e, "config_key_malformed", BTLS_NO_ALERT,
                       "the private key is malformed: its number does not fit the curve");
        return NULL;
    }
    btls_key *k = btls_key_new(a, BTLS_KEY_EC, number.n, e);
    if (k == NULL)
        return NULL;
    memcpy(k->bytes, number.p, number.n);
    k->curve = curve;
    k->ec = (br_ec_private_key){ curve->curve, k->bytes, number.n };
    br_ec_public_key pub;
    k->public.curve = curve->curve;
    k->public.point.n = br_ec_compute_pub(br_ec_get_default(), &pub, k->point, &k->ec);
    k->public.point.p = k->point;
    return k;
}

btls_key *
btls_key_make_ed25519(const btls_alloc *a, const uint8_t private_key[32], btls_error *e)
{
    btls_key *k = btls_key_new(a, BTLS_KEY_ED25519, 32, e);
    if (k == NULL)
        return NULL;
    memcpy(k->bytes, private_key, 32);
    btls_ed25519_public(k->bytes, k->point);
    k->public.point = (btls_span){ k->point, 32 };
    return k;
}

enum btls_key_kind
btls_key_kind(const btls_key *k)
{
    return k->public.kind;
}

int
btls_key_type(const btls_key *k)
{
    switch (k->public.kind) {
    case BTLS_KEY_RSA:
        return BR_KEYTYPE_RSA;
    case BTLS_KEY_EC:
        return BR_KEYTYPE_EC;
    default:
        return 0;
    }
}

const btls_public_key *
btls_key_public(const btls_key *k)
{
    return &k->public;
}

int
btls_key_curve(const btls_key *k)
{
    return k->public.curve;
}

int
btls_key_bits(const btls_key *k)
{
    return btls_public_key_bits(&k->public);
}

const br_rsa_private_key *
btls_key_rsa(const btls_key *k)
{
    return k->public.kind == BTLS_KEY_RSA ? &k->rsa : NULL;
}

const br_ec_private_key *
btls_key_ec(const btls_key *k)
{
    return k->public.kind == BTLS_KEY_EC ? &k->ec : NULL;
}

int
btls_key_matches(const btls_key *k, const btls_certificate *c)
{
    btls_error e;
    btls_public_key pub;
    return btls_certificate_public_key(c, &pub, &e) == 0 &&
           btls_public_key_equal(&pub, &k->public);
}
