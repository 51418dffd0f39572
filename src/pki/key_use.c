/* key_use.c -- signing with private keys, and making new ones. */
#include <string.h>

#include "pki/der.h"
#include "pki/key_internal.h"

#define HASH_MAX 64

static const struct {
    int id;
    size_t size;
    const br_hash_class *hash;
    const unsigned char
        *oid; /* as BearSSL wants it; NULL: MD5 and SHA-1 without a header */
} hashes[] = {
    { 0, 36, NULL, NULL },
    { br_sha1_ID, br_sha1_SIZE, &br_sha1_vtable, BR_HASH_OID_SHA1 },
    { br_sha224_ID, br_sha224_SIZE, &br_sha224_vtable, BR_HASH_OID_SHA224 },
    { br_sha256_ID, br_sha256_SIZE, &br_sha256_vtable, BR_HASH_OID_SHA256 },
    { br_sha384_ID, br_sha384_SIZE, &br_sha384_vtable, BR_HASH_OID_SHA384 },
    { br_sha512_ID, br_sha512_SIZE, &br_sha512_vtable, BR_HASH_OID_SHA512 },
};

static size_t
sign_rsa(const btls_key *k, const unsigned char *oid, const void *hash, size_t n,
         uint8_t *signature, size_t cap)
{
    unsigned char check[HASH_MAX];
    size_t size = (k->rsa.n_bitlen + 7) / 8;
    if (size > cap || !br_rsa_pkcs1_sign_get_default()(oid, hash, n, &k->rsa, signature))
        return 0;
    if (!br_rsa_pkcs1_vrfy_get_default()(signature, size, oid, n, &k->rsa_public,
                                         check) ||
        memcmp(check, hash, n) != 0) {
        btls_wipe(signature, size);
        return 0;
    }
    return size;
}

size_t
btls_key_sign_hash(const btls_key *k, int hash_id, const void *hash, size_t hash_len,
                   uint8_t *signature, size_t cap)
{
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        if (hashes[i].id != hash_id || hashes[i].size != hash_len)
            continue;
        if (k->type == BR_KEYTYPE_RSA)
            return sign_rsa(k, hashes[i].oid, hash, hash_len, signature, cap);
        /* 139 bytes is the longest, on P-521. */
        if (hashes[i].hash == NULL || cap < 139)
            return 0;
        return br_ecdsa_sign_asn1_get_default()(br_ec_get_default(), hashes[i].hash, hash,
                                                &k->ec, signature);
    }
    return 0;
}

static btls_key *
no_memory(btls_error *e)
{
    btls_error_memory(e);
    return NULL;
}

/* RSAPrivateKey (RFC 8017, A.1.2) from BearSSL's parts. */
static int
push_rsa(btls_queue *q, const br_rsa_private_key *sk, const br_rsa_public_key *pk,
         const unsigned char *d, size_t d_size)
{
    static const uint8_t zero = 0;
    const unsigned char *parts[] = { &zero, pk->n,  pk->e,  d,     sk->p,
                                     sk->q, sk->dp, sk->dq, sk->iq };
    size_t sizes[] = { 1,        pk->nlen,  pk->elen,  d_size,   sk->plen,
                       sk->qlen, sk->dplen, sk->dqlen, sk->iqlen };
    btls_queue body;
    btls_queue_init(&body, q->alloc);
    int ok = 1;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        ok = ok && btls_der_push_unsigned(&body, parts[i], sizes[i]);
    btls_span inner = btls_queue_bytes(&body);
    ok = ok && btls_der_push(q, BTLS_DER_SEQUENCE, inner.p, inner.n);
    btls_queue_clear(&body);
    return ok;
}

static btls_key *
generate_rsa(const btls_alloc *a, unsigned bits, const br_prng_class **rng, btls_error *e)
{
    unsigned char private_part[BR_RSA_KBUF_PRIV_SIZE(4096)];
    unsigned char public_part[BR_RSA_KBUF_PUB_SIZE(4096)];
    unsigned char d[512];
    br_rsa_private_key sk;
    br_rsa_public_key pk;
    btls_queue q;
    btls_key *k = NULL;
    btls_queue_init(&q, a);
    size_t d_size = 0;
    if (br_rsa_keygen_get_default()(rng, &sk, private_part, &pk, public_part, bits,
                                    65537))
        d_size = br_rsa_compute_privexp_get_default()(d, &sk, 65537);
    if (d_size == 0)
        btls_error_set(e, "io_no_random", 80, "no RSA key was found");
    else if (!push_rsa(&q, &sk, &pk, d, d_size))
        no_memory(e);
    else
        k = btls_key_parse(a, btls_queue_bytes(&q), e);
    btls_queue_clear(&q);
    btls_wipe(private_part, sizeof private_part);
    btls_wipe(d, sizeof d);
    return k;
}

/* ECPrivateKey without its public part: reading computes that. */
static btls_key *
generate_ec(const btls_alloc *a, int curve_number, const br_prng_class **rng,
            btls_error *e)
{
    static const uint8_t version = 1;
    unsigned char scalar[BR_EC_KBUF_PRIV_MAX_SIZE];
    const btls_curve *curve = btls_curve_by_number(curve_number);
    btls_queue q;
    btls_queue_init(&q, a);
    size_t n = br_ec_keygen(rng, br_ec_get_default(), NULL, scalar, curve_number);
    size_t oid = btls_der_size(curve->oid_size);
    int ok = btls_der_push_header(&q, BTLS_DER_SEQUENCE,
                                  3 + btls_der_size(n) + btls_der_size(oid)) &&
             btls_der_push(&q, BTLS_DER_INTEGER, &version, 1) &&
             btls_der_push(&q, BTLS_DER_OCTET_STRING, scalar, n) &&
             btls_der_push_header(&q, BTLS_DER_CONTEXT(0), oid) &&
             btls_der_push(&q, BTLS_DER_OID, curve->oid, curve->oid_size);
    btls_wipe(scalar, sizeof scalar);
    btls_key *k = ok ? btls_key_parse(a, btls_queue_bytes(&q), e) : no_memory(e);
    btls_queue_clear(&q);
    return k;
}

btls_key *
btls_key_generate(const btls_alloc *a, const char *kind, const br_prng_class **rng,
                  btls_error *e)
{
    static const struct {
        const char *kind;
        unsigned rsa_bits;
        int curve;
    } kinds[] = {
        { "rsa2048", 2048, 0 },         { "rsa3072", 3072, 0 },
        { "rsa4096", 4096, 0 },         { "p256", 0, BR_EC_secp256r1 },
        { "p384", 0, BR_EC_secp384r1 }, { "p521", 0, BR_EC_secp521r1 },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, kind) != 0)
            continue;
        return kinds[i].rsa_bits != 0 ? generate_rsa(a, kinds[i].rsa_bits, rng, e)
                                      : generate_ec(a, kinds[i].curve, rng, e);
    }
    btls_error_set(
        e, "config_key_unsupported", BTLS_NO_ALERT,
        "\"%.40s\" is no kind of key: p256, p384, p521, rsa2048, rsa3072 and rsa4096 are",
        kind);
    return NULL;
}
