/* key_parse.c -- reading private keys from DER. It is ours because that of BearSSL 0.6
 * overflows with integers that are too long. */
#include <string.h>

#include "pki/der.h"
#include "pki/key_internal.h"
#include "pki/signature.h"
#include "pki/spki.h"

/* The modulus is limited by BTLS_RSA_PRIVATE_MAX, and each part of the CRT by half of
 * that. */
#define RSA_MIN_BITS 1024
#define RSA_MAX_HALF (BTLS_RSA_PRIVATE_MAX / 2)
/* Bytes of the public exponent: what btls_rsa_public takes. */
#define RSA_MAX_EXPONENT 32

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
    btls_error_hint(e, "RSA of two primes with 1024 to 4096 bits, EC on P-256, P-384 and "
                       "P-521, and Ed25519 can be used");
    return NULL;
}

static btls_key *
free_malformed(btls_key *k, btls_error *e, const char *what)
{
    btls_key_free(k);
    return malformed(e, what);
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
    k->public.n = n;
    k->public.e = exponent;
    k->rsa = (br_rsa_private_key){
        (uint32_t)btls_number_bits(n),
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

/* 1 when n = p * q; in a time that depends on lengths alone. */
static int
is_product(btls_span n, const br_rsa_private_key *sk)
{
    uint8_t product[2 * RSA_MAX_HALF];
    size_t size = sk->plen + sk->qlen;
    memset(product, 0, size);
    for (size_t i = sk->plen; i > 0; i--) {
        unsigned carry = 0;
        for (size_t j = sk->qlen; j > 0; j--) {
            carry += product[i + j - 1] + (unsigned)sk->p[i - 1] * sk->q[j - 1];
            product[i + j - 1] = (uint8_t)carry;
            carry >>= 8;
        }
        product[i - 1] = (uint8_t)carry;
    }
    size_t zeros = size - n.n; /* at most one, as p and q have no leading zeros */
    return size >= n.n && zeros <= 1 && (zeros == 0 || product[0] == 0) &&
           btls_equal(product + zeros, n.p, n.n);
}

/* What BearSSL has to be able to rely on. */
static int
is_sound(const btls_key *k)
{
    const br_rsa_private_key *sk = &k->rsa;
    const btls_public_key *pub = &k->public;
    int bounded = sk->plen > 0 && sk->plen <= RSA_MAX_HALF && sk->qlen > 0 &&
                  sk->qlen <= RSA_MAX_HALF && sk->dplen <= sk->plen &&
                  sk->dqlen <= sk->qlen && sk->iqlen <= sk->plen;
    return bounded && sk->p[sk->plen - 1] & 1 && sk->q[sk->qlen - 1] & 1 &&
           pub->e.p[pub->e.n - 1] & 1 && (pub->e.n > 1 || pub->e.p[0] > 1) &&
           is_product(pub->n, sk);
}

static btls_key *
parse_rsa(const btls_alloc *a, enum btls_key_kind kind, btls_span der, btls_error *e)
{
    btls_reader r = btls_reader_of(der);
    btls_reader s = btls_der_enter(&r, BTLS_DER_SEQUENCE);
    uint32_t version = btls_der_read_small(&s);
    if (!s.bad && version == 1)
        return unsupported(e, "has more than two primes");
    if (s.bad || version != 0)
        return malformed(e, "this is not an RSAPrivateKey");
    btls_key *k = btls_key_new(a, kind, der.n, e);
    if (k == NULL)
        return NULL;
    memcpy(k->bytes, der.p, der.n);
    if (!point_rsa(k, (btls_span){ k->bytes, der.n }) || k->public.n.n == 0 ||
        k->public.e.n == 0)
        return free_malformed(k, e, "this is not an RSAPrivateKey");
    if (k->public.n.n > BTLS_RSA_PRIVATE_MAX || k->rsa.n_bitlen < RSA_MIN_BITS) {
        btls_key_free(k);
        return unsupported(e, "has a modulus of less than 1024 or more than 4096 bits");
    }
    if (k->public.e.n > RSA_MAX_EXPONENT) {
        btls_key_free(k);
        return unsupported(e, "has a public exponent of more than 256 bits");
    }
    return is_sound(k) ? k : free_malformed(k, e, "its numbers do not fit together");
}

/* ---- EC ---- */

/* ECPrivateKey (RFC 5915, 3). The curve may be known from outside (PKCS#8). */
static btls_key *
parse_ec(const btls_alloc *a, btls_span der, const btls_curve *curve, btls_error *e)
{
    btls_reader r = btls_reader_of(der);
    btls_reader s = btls_der_enter(&r, BTLS_DER_SEQUENCE);
    uint32_t version = btls_der_read_small(&s);
    btls_span number = btls_der_read(&s, BTLS_DER_OCTET_STRING), point = { NULL, 0 };
    if (btls_der_next(&s) == BTLS_DER_CONTEXT(0)) {
        btls_reader p = btls_der_enter(&s, BTLS_DER_CONTEXT(0));
        const btls_curve *named = btls_curve_by_oid(btls_der_read(&p, BTLS_DER_OID));
        if (named == NULL || (curve != NULL && named != curve))
            return unsupported(e, "is on a curve other than P-256, P-384 and P-521");
        curve = named;
        s.bad |= !btls_read_end(&p);
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
    btls_key *k = btls_key_make_ec(a, curve, number, e);
    if (k == NULL || point.p == NULL || btls_span_equal(point, k->public.point))
        return k;
    return free_malformed(k, e, "its public part is not that of its private part");
}

/* CurvePrivateKey (RFC 8410, 7). */
static btls_key *
parse_ed25519(const btls_alloc *a, btls_span der, btls_error *e)
{
    btls_reader r = btls_reader_of(der);
    btls_span number = btls_der_read(&r, BTLS_DER_OCTET_STRING);
    if (!btls_read_end(&r) || number.n != 32)
        return malformed(e, "it has not the 32 bytes of Ed25519");
    return btls_key_make_ed25519(a, number.p, e);
}

/* ---- any ---- */

static btls_key *
parse_rsa_pss(const btls_alloc *a, btls_reader *parameters, btls_span der, btls_error *e)
{
    btls_signature_algorithm pss = { BTLS_SIGNATURE_PSS, 0, 0, 0 };
    if (btls_read_more(parameters) &&
        (!btls_pss_parameters_parse(parameters, &pss) || pss.mask_hash != 0))
        return unsupported(e, "is for RSA-PSS with hashes that cannot be used");
    btls_key *k = parse_rsa(a, BTLS_KEY_RSA_PSS, der, e);
    if (k != NULL) {
        k->public.pss_hash = pss.hash;
        k->public.pss_salt = pss.salt;
    }
    return k;
}

/* What is behind an AlgorithmIdentifier's OID, whose reader `algorithm` is. */
static btls_key *
parse_by_algorithm(const btls_alloc *a, btls_reader *algorithm, btls_span key,
                   btls_error *e)
{
    btls_span oid = btls_der_read(algorithm, BTLS_DER_OID);
    if (btls_span_equal(oid, btls_oid_rsa_pss))
        return parse_rsa_pss(a, algorithm, key, e);
    if (btls_span_equal(oid, btls_oid_rsa)) {
        if (btls_der_next(algorithm) == BTLS_DER_NULL)
            algorithm->bad |= btls_der_read(algorithm, BTLS_DER_NULL).n != 0;
        return parse_rsa(a, BTLS_KEY_RSA, key, e);
    }
    if (btls_span_equal(oid, btls_oid_ed25519))
        return parse_ed25519(a, key, e);
    if (!btls_span_equal(oid, btls_oid_ec))
        return unsupported(e, "is neither RSA nor EC nor Ed25519");
    if (btls_der_next(algorithm) != BTLS_DER_OID)
        return unsupported(e, "is on a curve without a name");
    const btls_curve *curve = btls_curve_by_oid(btls_der_read(algorithm, BTLS_DER_OID));
    if (curve == NULL)
        return unsupported(e, "is on a curve other than P-256, P-384 and P-521");
    return parse_ec(a, key, curve, e);
}

/* The public key that RFC 5958 allows behind the private one: is it this key's? */
static int
is_public_part(const btls_key *k, btls_span bits)
{
    if (k->public.kind == BTLS_KEY_EC || k->public.kind == BTLS_KEY_ED25519)
        return btls_span_equal(bits, k->public.point);
    btls_reader r = btls_reader_of(bits);
    btls_reader s = btls_der_enter(&r, BTLS_DER_SEQUENCE);
    return btls_span_equal(btls_der_read_unsigned(&s), k->public.n) &&
           btls_span_equal(btls_der_read_unsigned(&s), k->public.e) &&
           btls_read_end(&s) && btls_read_end(&r);
}

/* OneAsymmetricKey (RFC 5958, 2), behind its version: 0, or 1 with a public key. */
static btls_key *
parse_pkcs8(const btls_alloc *a, btls_reader *s, uint32_t version, btls_error *e)
{
    btls_reader algorithm = btls_der_enter(s, BTLS_DER_SEQUENCE);
    btls_span key = btls_der_read(s, BTLS_DER_OCTET_STRING), bits = { NULL, 0 };
    if (btls_der_next(s) == BTLS_DER_CONTEXT(0)) /* attributes, of no use here */
        btls_der_read(s, BTLS_DER_CONTEXT(0));
    if (btls_der_next(s) == BTLS_DER_CONTEXT_PRIMITIVE(1)) {
        bits = btls_der_read(s, BTLS_DER_CONTEXT_PRIMITIVE(1));
        s->bad |= bits.n == 0 || bits.p[0] != 0 || version != 1;
    }
    if (!btls_read_end(s) || algorithm.bad || version > 1)
        return malformed(e, "this is not PKCS#8");
    btls_key *k = parse_by_algorithm(a, &algorithm, key, e);
    if (k == NULL)
        return NULL;
    if (!btls_read_end(&algorithm))
        return free_malformed(k, e, "its algorithm has unknown parameters");
    if (bits.p != NULL && !is_public_part(k, (btls_span){ bits.p + 1, bits.n - 1 }))
        return free_malformed(k, e, "its public part is not that of its private part");
    return k;
}

btls_key *
btls_key_parse(const btls_alloc *a, btls_span der, btls_error *e)
{
    btls_reader r = btls_reader_of(der);
    btls_reader s = btls_der_enter(&r, BTLS_DER_SEQUENCE);
    if (btls_key_is_encrypted(der)) {
        btls_error_set(e, "config_key_encrypted", BTLS_NO_ALERT,
                       "the private key is encrypted, and no password was given");
        return NULL;
    }
    uint32_t version = btls_der_read_small(&s);
    if (s.bad || !btls_read_end(&r))
        return malformed(e, "this is no DER of a key");
    switch (btls_der_next(&s)) {
    case BTLS_DER_SEQUENCE:
        return parse_pkcs8(a, &s, version, e);
    case BTLS_DER_INTEGER:
        return parse_rsa(a, BTLS_KEY_RSA, der, e);
    case BTLS_DER_OCTET_STRING:
        return parse_ec(a, der, NULL, e);
    default:
        return malformed(e, "this is no DER of a key");
    }
}
