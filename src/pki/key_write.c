/* key_write.c -- private keys and their public parts as DER. */
#include "pki/der.h"
#include "pki/key_internal.h"

static const uint8_t no_unused_bits = 0;

/* AlgorithmIdentifier of a key: how long its contents are, and writing it (RFC
 * 3279, 2.3.1; RFC 5480, 2.1). */
static size_t
algorithm_size(const btls_key *k)
{
    if (k->type == BR_KEYTYPE_RSA)
        return btls_der_size(btls_oid_rsa.n) + btls_der_size(0);
    return btls_der_size(btls_oid_ec.n) + btls_der_size(k->curve->oid_size);
}

static int
push_algorithm(const btls_key *k, btls_queue *q)
{
    int is_rsa = k->type == BR_KEYTYPE_RSA;
    btls_span oid = is_rsa ? btls_oid_rsa : btls_oid_ec;
    return btls_der_push_header(q, BTLS_DER_SEQUENCE, algorithm_size(k)) &&
           btls_der_push(q, BTLS_DER_OID, oid.p, oid.n) &&
           (is_rsa ? btls_der_push_header(q, BTLS_DER_NULL, 0)
                   : btls_der_push(q, BTLS_DER_OID, k->curve->oid, k->curve->oid_size));
}

static int
push_ec(const btls_key *k, btls_queue *q)
{
    static const uint8_t version = 1;
    size_t bits = btls_der_size(1 + k->point_size);
    size_t inner = btls_der_size(1) + btls_der_size(k->ec.xlen) + btls_der_size(bits);
    return btls_der_push_header(q, BTLS_DER_OCTET_STRING, btls_der_size(inner)) &&
           btls_der_push_header(q, BTLS_DER_SEQUENCE, inner) &&
           btls_der_push(q, BTLS_DER_INTEGER, &version, 1) &&
           btls_der_push(q, BTLS_DER_OCTET_STRING, k->ec.x, k->ec.xlen) &&
           btls_der_push_header(q, BTLS_DER_CONTEXT(1), bits) &&
           btls_der_push_header(q, BTLS_DER_BIT_STRING, 1 + k->point_size) &&
           btls_queue_push(q, &no_unused_bits, 1) &&
           btls_queue_push(q, k->point, k->point_size);
}

/* PrivateKeyInfo: version 0, algorithm, key (RFC 5958, 2). */
int
btls_key_encode(const btls_key *k, btls_queue *out, btls_error *e)
{
    static const uint8_t zero = 0;
    int is_rsa = k->type == BR_KEYTYPE_RSA;
    size_t key = is_rsa ? k->rsa_der.n
                        : btls_der_size(3 + btls_der_size(k->ec.xlen) +
                                        btls_der_size(btls_der_size(1 + k->point_size)));
    int ok =
        btls_der_push_header(out, BTLS_DER_SEQUENCE,
                             3 + btls_der_size(algorithm_size(k)) + btls_der_size(key)) &&
        btls_der_push(out, BTLS_DER_INTEGER, &zero, 1) && push_algorithm(k, out);
    if (is_rsa)
        ok = ok && btls_der_push(out, BTLS_DER_OCTET_STRING, k->rsa_der.p, k->rsa_der.n);
    else
        ok = ok && push_ec(k, out);
    return ok ? 0 : btls_error_memory(e);
}

/* RSAPublicKey (RFC 8017, A.1.1) or the point. */
static int
push_public_bits(const btls_key *k, btls_queue *q)
{
    const br_rsa_public_key *rsa = &k->rsa_public;
    if (k->type == BR_KEYTYPE_EC)
        return btls_queue_push(q, k->point, k->point_size);
    btls_queue numbers;
    btls_queue_init(&numbers, q->alloc);
    int ok = btls_der_push_unsigned(&numbers, rsa->n, rsa->nlen) &&
             btls_der_push_unsigned(&numbers, rsa->e, rsa->elen);
    btls_span n = btls_queue_bytes(&numbers);
    ok = ok && btls_der_push(q, BTLS_DER_SEQUENCE, n.p, n.n);
    btls_queue_clear(&numbers);
    return ok;
}

int
btls_key_encode_public(const btls_key *k, btls_queue *out, btls_error *e)
{
    btls_queue bits;
    btls_queue_init(&bits, out->alloc);
    int ok = btls_queue_push(&bits, &no_unused_bits, 1) && push_public_bits(k, &bits);
    btls_span b = btls_queue_bytes(&bits);
    ok = ok &&
         btls_der_push_header(out, BTLS_DER_SEQUENCE,
                              btls_der_size(algorithm_size(k)) + btls_der_size(b.n)) &&
         push_algorithm(k, out) && btls_der_push(out, BTLS_DER_BIT_STRING, b.p, b.n);
    btls_queue_clear(&bits);
    return ok ? 0 : btls_error_memory(e);
}
