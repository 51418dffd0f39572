/* key.c -- private keys: reading, whether one belongs to a certificate. Decoding
 * is ours because that of BearSSL 0.6 overflows with integers that are too long. */
#include "pki/key.h"

#include <string.h>

#include "pki/der.h"
#include "pki/key_internal.h"
#include "pki/spki.h"

/* The modulus, and half of it for each part of the CRT. */
#define RSA_MIN_BITS 1024
#define RSA_MAX_BYTES 512
#define RSA_MAX_HALF 256

static btls_key *
new_key(const btls_alloc *a, int type, size_t extra, btls_error *e)
{
    btls_key *k = btls_zalloc(a, sizeof *k + extra);
    if (k == NULL) {
        btls_error_memory(e);
        return NULL;
    }
    k->alloc = *a;
    k->size = sizeof *k + extra;
    k->type = type;
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

static btls_key *
malformed(btls_error *e, const char *what)
{
    btls_error_set(e, "config_key_malformed", BTLS_NO_ALERT,
                   "the private key is malformed: %s", what);
    return NULL;
}

static btls_key *
unsupported(btls_error *e, const char *what)
{
    btls_error_set(e, "config_key_unsupported", BTLS_NO_ALERT, "the private key %s",
                   what);
    btls_error_hint(
        e,
        "RSA of two primes with 1024 to 4096 bits, and EC on P-256, P-384 and P-521 can "
        "be used");
    return NULL;
}

/* ---- RSA ---- */

static unsigned char *
bytes(btls_span s)
{
    return (unsigned char *)(uintptr_t)s.p;
}

/* Points the key at the integers of its own copy of an RSAPrivateKey. 0 when it is
 * malformed. */
static int
point_rsa(btls_key *k, btls_span der)
{
    btls_reader r = btls_reader_of(der);
    btls_reader s = btls_der_enter(&r, BTLS_DER_SEQUENCE);
    btls_der_read_unsigned(&s); /* version */
    btls_span n = btls_der_read_unsigned(&s), exponent = btls_der_read_unsigned(&s);
    btls_der_read_unsigned(&s); /* d: CRT does without */
    btls_span p = btls_der_read_unsigned(&s), q = btls_der_read_unsigned(&s);
    btls_span dp = btls_der_read_unsigned(&s), dq = btls_der_read_unsigned(&s);
    btls_span iq = btls_der_read_unsigned(&s);
    if (!btls_read_end(&s) || !btls_read_end(&r))
        return 0;
    k->rsa_der = der;
    k->rsa_public = (br_rsa_public_key){ bytes(n), n.n, bytes(exponent), exponent.n };
    k->rsa = (br_rsa_private_key){
        (uint32_t)btls_modulus_bits(n.p, n.n),
        bytes(p),
        p.n,
        bytes(q),
        q.n,
        bytes(dp),
        dp.n,
        bytes(dq),
        dq.n,
        bytes(iq),
        iq.n,
    };
    return 1;
}

static btls_key *
parse_rsa(const btls_alloc *a, btls_span der, btls_error *e)
{
    btls_reader r = btls_reader_of(der);
    btls_reader s = btls_der_enter(&r, BTLS_DER_SEQUENCE);
    uint32_t version = btls_der_read_small(&s);
    if (!s.bad && version == 1)
        return unsupported(e, "has more than two primes");
    if (s.bad || version != 0)
        return malformed(e, "this is not an RSAPrivateKey");
    btls_key *k = new_key(a, BR_KEYTYPE_RSA, der.n, e);
    if (k == NULL)
        return NULL;
    memcpy(k->bytes, der.p, der.n);
    if (!point_rsa(k, (btls_span){ k->bytes, der.n })) {
        btls_key_free(k);
        return malformed(e, "this is not an RSAPrivateKey");
    }
    const br_rsa_private_key *sk = &k->rsa;
    int fits = k->rsa_public.nlen <= RSA_MAX_BYTES &&
               k->rsa_public.elen <= RSA_MAX_HALF && sk->n_bitlen >= RSA_MIN_BITS;
    int sound = sk->plen > 0 && sk->plen <= RSA_MAX_HALF && sk->qlen > 0 &&
                sk->qlen <= RSA_MAX_HALF && sk->dplen <= sk->plen &&
                sk->dqlen <= sk->qlen && sk->iqlen <= sk->plen &&
                sk->p[sk->plen - 1] & 1 && sk->q[sk->qlen - 1] & 1 &&
                sk->plen + sk->qlen >= k->rsa_public.nlen && k->rsa_public.elen > 0;
    if (fits && sound)
        return k;
    btls_key_free(k);
    return fits
               ? malformed(e, "its numbers do not fit together")
               : unsupported(e, "has a modulus of less than 1024 or more than 4096 bits");
}

/* ---- EC ---- */

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

static btls_key *
make_ec(const btls_alloc *a, const btls_curve *curve, btls_span scalar, btls_error *e)
{
    size_t order_size;
    const uint8_t *order = br_ec_get_default()->order(curve->curve, &order_size);
    if (scalar.n != curve->scalar_size || order_size != scalar.n ||
        !in_range(scalar.p, order, scalar.n))
        return malformed(e, "its number does not fit the curve");
    btls_key *k = new_key(a, BR_KEYTYPE_EC, scalar.n, e);
    if (k == NULL)
        return NULL;
    memcpy(k->bytes, scalar.p, scalar.n);
    k->curve = curve;
    k->ec = (br_ec_private_key){ curve->curve, k->bytes, scalar.n };
    br_ec_public_key pub;
    k->point_size = br_ec_compute_pub(br_ec_get_default(), &pub, k->point, &k->ec);
    return k;
}

/* ECPrivateKey (RFC 5915, 3). The curve may be known from outside (PKCS#8). */
static btls_key *
parse_ec(const btls_alloc *a, btls_span der, const btls_curve *curve, btls_error *e)
{
    btls_reader r = btls_reader_of(der);
    btls_reader s = btls_der_enter(&r, BTLS_DER_SEQUENCE);
    uint32_t version = btls_der_read_small(&s);
    btls_span scalar = btls_der_read(&s, BTLS_DER_OCTET_STRING), point = { NULL, 0 };
    if (btls_der_next(&s) == BTLS_DER_CONTEXT(0)) {
        btls_reader p = btls_der_enter(&s, BTLS_DER_CONTEXT(0));
        const btls_curve *named = btls_curve_by_oid(btls_der_read(&p, BTLS_DER_OID));
        if (named == NULL || (curve != NULL && named != curve))
            return unsupported(e, "is on a curve other than P-256, P-384 and P-521");
        curve = named;
    }
    if (btls_der_next(&s) == BTLS_DER_CONTEXT(1)) {
        btls_reader p = btls_der_enter(&s, BTLS_DER_CONTEXT(1));
        point = btls_der_read_octets(&p);
        s.bad |= !btls_read_end(&p);
    }
    if (!btls_read_end(&s) || !btls_read_end(&r) || version != 1)
        return malformed(e, "this is not an ECPrivateKey");
    if (curve == NULL)
        return malformed(e, "it does not say on which curve it is");
    btls_key *k = make_ec(a, curve, scalar, e);
    if (k == NULL || point.p == NULL || point.n == 0)
        return k;
    if (!btls_span_equal(point, (btls_span){ k->point, k->point_size })) {
        btls_key_free(k);
        return malformed(e, "its public part is not that of its private part");
    }
    return k;
}

/* ---- any ---- */

/* PrivateKeyInfo (RFC 5958, 2), behind its version. */
static btls_key *
parse_pkcs8(const btls_alloc *a, btls_reader *s, btls_error *e)
{
    btls_reader algorithm = btls_der_enter(s, BTLS_DER_SEQUENCE);
    btls_span oid = btls_der_read(&algorithm, BTLS_DER_OID), curve = { NULL, 0 };
    if (btls_der_next(&algorithm) == BTLS_DER_OID)
        curve = btls_der_read(&algorithm, BTLS_DER_OID);
    btls_span key = btls_der_read(s, BTLS_DER_OCTET_STRING);
    if (s->bad || algorithm.bad)
        return malformed(e, "this is not PKCS#8");
    if (btls_span_equal(oid, btls_oid_rsa))
        return parse_rsa(a, key, e);
    if (!btls_span_equal(oid, btls_oid_ec))
        return unsupported(e, "is neither RSA nor EC");
    if (btls_curve_by_oid(curve) == NULL)
        return unsupported(e, "is on a curve other than P-256, P-384 and P-521");
    return parse_ec(a, key, btls_curve_by_oid(curve), e);
}

btls_key *
btls_key_parse(const btls_alloc *a, btls_span der, btls_error *e)
{
    btls_reader r = btls_reader_of(der);
    btls_reader s = btls_der_enter(&r, BTLS_DER_SEQUENCE);
    if (!s.bad && btls_der_next(&s) == BTLS_DER_SEQUENCE) {
        btls_error_set(e, "config_key_encrypted", BTLS_NO_ALERT,
                       "the private key is encrypted");
        btls_error_hint(
            e, "encrypted keys cannot be read yet: openssl pkey -in FILE -out PLAIN");
        return NULL;
    }
    btls_der_read_small(&s);
    if (s.bad || !btls_read_end(&r))
        return malformed(e, "this is no DER of a key");
    switch (btls_der_next(&s)) {
    case BTLS_DER_SEQUENCE:
        return parse_pkcs8(a, &s, e);
    case BTLS_DER_INTEGER:
        return parse_rsa(a, der, e);
    case BTLS_DER_OCTET_STRING:
        return parse_ec(a, der, NULL, e);
    default:
        return malformed(e, "this is no DER of a key");
    }
}

int
btls_key_type(const btls_key *k)
{
    return k->type;
}

int
btls_key_curve(const btls_key *k)
{
    return k->curve != NULL ? k->curve->curve : 0;
}

int
btls_key_bits(const btls_key *k)
{
    return k->curve != NULL ? k->curve->bits : (int)k->rsa.n_bitlen;
}

const br_rsa_private_key *
btls_key_rsa(const btls_key *k)
{
    return k->type == BR_KEYTYPE_RSA ? &k->rsa : NULL;
}

const br_ec_private_key *
btls_key_ec(const btls_key *k)
{
    return k->type == BR_KEYTYPE_EC ? &k->ec : NULL;
}

int
btls_key_matches(const btls_key *k, const btls_certificate *c)
{
    btls_error e;
    br_x509_pkey pub;
    if (btls_certificate_public_key(c, &pub, &e) != 0 || pub.key_type != k->type)
        return 0;
    if (k->type == BR_KEYTYPE_EC)
        return pub.key.ec.curve == k->ec.curve &&
               btls_span_equal((btls_span){ pub.key.ec.q, pub.key.ec.qlen },
                               (btls_span){ k->point, k->point_size });
    return btls_span_equal((btls_span){ pub.key.rsa.n, pub.key.rsa.nlen },
                           (btls_span){ k->rsa_public.n, k->rsa_public.nlen }) &&
           btls_span_equal((btls_span){ pub.key.rsa.e, pub.key.rsa.elen },
                           (btls_span){ k->rsa_public.e, k->rsa_public.elen });
}
