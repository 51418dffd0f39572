/* key_write.c -- private keys and their public parts as DER. */
#include "pki/der.h"
#include "pki/key_internal.h"
#include "pki/signature.h"

static const uint8_t no_unused_bits = 0;

/* AlgorithmIdentifier of a key (RFC 3279, 2.3.1; RFC 4055, 1.2; RFC 5480, 2.1; RFC 8410,
 * 3). */
static int
push_algorithm(const btls_key *k, btls_queue *q)
{
    size_t from = btls_queue_size(q);
    const btls_public_key *pub = &k->public;
    btls_signature_algorithm pss = { BTLS_SIGNATURE_PSS, pub->pss_hash, pub->pss_salt,
                                     0 };
    const btls_span *oid = &btls_oid_ed25519;
    int ok = 1;
    if (pub->kind == BTLS_KEY_RSA)
        oid = &btls_oid_rsa;
    else if (pub->kind == BTLS_KEY_RSA_PSS)
        oid = &btls_oid_rsa_pss;
    else if (pub->kind == BTLS_KEY_EC)
        oid = &btls_oid_ec;
    ok = btls_der_push(q, BTLS_DER_OID, oid->p, oid->n);
    if (pub->kind == BTLS_KEY_RSA)
        ok = ok && btls_der_push_header(q, BTLS_DER_NULL, 0);
    else if (pub->kind == BTLS_KEY_EC)
        ok = ok && btls_der_push(q, BTLS_DER_OID, k->curve->oid, k->curve->oid_size);
    else if (pub->pss_hash != 0)
        ok = ok && btls_pss_parameters_push(q, &pss);
    return ok && btls_der_wrap(q, BTLS_DER_SEQUENCE, from);
}

static int
push_bits(btls_queue *q, btls_span bits)
{
    return btls_der_push_header(q, BTLS_DER_BIT_STRING, 1 + bits.n) &&
           btls_queue_push(q, &no_unused_bits, 1) && btls_queue_push(q, bits.p, bits.n);
}

/* ECPrivateKey without the curve, which PKCS#8 says already. */
static int
push_ec(const btls_key *k, btls_queue *q)
{
    static const uint8_t version = 1;
    size_t from = btls_queue_size(q);
    int ok = btls_der_push(q, BTLS_DER_INTEGER, &version, 1) &&
             btls_der_push(q, BTLS_DER_OCTET_STRING, k->ec.x, k->ec.xlen);
    size_t bits = btls_queue_size(q);
    return ok && push_bits(q, k->public.point) &&
           btls_der_wrap(q, BTLS_DER_CONTEXT(1), bits) &&
           btls_der_wrap(q, BTLS_DER_SEQUENCE, from);
}

static int
push_private(const btls_key *k, btls_queue *q)
{
    switch (k->public.kind) {
    case BTLS_KEY_EC:
        return push_ec(k, q);
    case BTLS_KEY_ED25519:
        return btls_der_push(q, BTLS_DER_OCTET_STRING, k->bytes, 32);
    default:
        return btls_queue_push(q, k->rsa_der.p, k->rsa_der.n);
    }
}

/* PrivateKeyInfo: version 0, algorithm, key (RFC 5958, 2). */
int
btls_key_encode(const btls_key *k, btls_queue *out, btls_error *e)
{
    static const uint8_t version = 0;
    size_t from = btls_queue_size(out);
    int ok = btls_der_push(out, BTLS_DER_INTEGER, &version, 1) && push_algorithm(k, out);
    size_t key = btls_queue_size(out);
    ok = ok && push_private(k, out) && btls_der_wrap(out, BTLS_DER_OCTET_STRING, key) &&
         btls_der_wrap(out, BTLS_DER_SEQUENCE, from);
    return ok ? 0 : btls_error_memory(e);
}

/* RSAPublicKey (RFC 8017, A.1.1) or the point, as a BIT STRING. */
static int
push_public_bits(const btls_key *k, btls_queue *q)
{
    const btls_public_key *pub = &k->public;
    size_t from = btls_queue_size(q);
    if (pub->point.n > 0)
        return push_bits(q, pub->point);
    return btls_queue_push(q, &no_unused_bits, 1) &&
           btls_der_push_unsigned(q, pub->n.p, pub->n.n) &&
           btls_der_push_unsigned(q, pub->e.p, pub->e.n) &&
           btls_der_wrap(q, BTLS_DER_SEQUENCE, from + 1) &&
           btls_der_wrap(q, BTLS_DER_BIT_STRING, from);
}

int
btls_key_encode_public(const btls_key *k, btls_queue *out, btls_error *e)
{
    size_t from = btls_queue_size(out);
    int ok = push_algorithm(k, out) && push_public_bits(k, out) &&
             btls_der_wrap(out, BTLS_DER_SEQUENCE, from);
    return ok ? 0 : btls_error_memory(e);
}
