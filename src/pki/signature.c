/* signature.c -- the algorithms that sign certificates, by their OIDs and parameters. */
#include "pki/signature.h"

#include <stddef.h>
#include <string.h>

#include "crypto/hash.h"
#include "pki/der.h"

#define PKCS1 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01
#define ECDSA 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04

/* No hash can sensibly have a salt that is longer. */
#define SALT_MAX 1024

static const struct algorithm {
    const char *name;
    enum btls_signature_kind kind;
    uint8_t hash;
    uint8_t size;
    uint8_t oid[9];
} algorithms[] = {
#define RSA(n)   \
    9,           \
    {            \
        PKCS1, n \
    }
    { "sha256WithRSAEncryption", BTLS_SIGNATURE_PKCS1, br_sha256_ID, RSA(11) },
    { "sha384WithRSAEncryption", BTLS_SIGNATURE_PKCS1, br_sha384_ID, RSA(12) },
    { "sha512WithRSAEncryption", BTLS_SIGNATURE_PKCS1, br_sha512_ID, RSA(13) },
    { "sha224WithRSAEncryption", BTLS_SIGNATURE_PKCS1, br_sha224_ID, RSA(14) },
    { "sha1WithRSAEncryption", BTLS_SIGNATURE_PKCS1, br_sha1_ID, RSA(5) },
    { "md5WithRSAEncryption", BTLS_SIGNATURE_PKCS1, br_md5_ID, RSA(4) },
    { "id-RSASSA-PSS", BTLS_SIGNATURE_PSS, 0, RSA(10) },
    { "ecdsa-with-SHA256", BTLS_SIGNATURE_ECDSA, br_sha256_ID, 8, { ECDSA, 3, 2 } },
    { "ecdsa-with-SHA384", BTLS_SIGNATURE_ECDSA, br_sha384_ID, 8, { ECDSA, 3, 3 } },
    { "ecdsa-with-SHA512", BTLS_SIGNATURE_ECDSA, br_sha512_ID, 8, { ECDSA, 3, 4 } },
    { "ecdsa-with-SHA224", BTLS_SIGNATURE_ECDSA, br_sha224_ID, 8, { ECDSA, 3, 1 } },
    { "ecdsa-with-SHA1", BTLS_SIGNATURE_ECDSA, br_sha1_ID, 7, { ECDSA, 1 } },
    { "Ed25519", BTLS_SIGNATURE_ED25519, 0, 3, { 0x2B, 0x65, 0x70 } },
#undef RSA
};

static const uint8_t mgf1[] = { PKCS1, 8 };

static const struct algorithm *
find(btls_span oid)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        if (btls_span_equal(oid, (btls_span){ algorithms[i].oid, algorithms[i].size }))
            return &algorithms[i];
    }
    return NULL;
}

const char *
btls_signature_algorithm_name(btls_span oid)
{
    const struct algorithm *a = find(oid);
    return a == NULL ? NULL : a->name;
}

const br_hash_class *
btls_signature_algorithm_hash(btls_span oid)
{
    const struct algorithm *a = find(oid);
    return a == NULL ? NULL : btls_hash_class(a->hash);
}

/* The number of the hash in an AlgorithmIdentifier; its parameters are NULL or absent
 * (RFC 4055, 2.1). 0, and r bad, when it is none that is known. */
static int
read_hash(btls_reader *r)
{
    btls_reader s = btls_der_enter(r, BTLS_DER_SEQUENCE);
    int hash = btls_hash_by_oid(btls_der_read(&s, BTLS_DER_OID));
    if (btls_der_next(&s) == BTLS_DER_NULL)
        s.bad |= btls_der_read(&s, BTLS_DER_NULL).n != 0;
    r->bad |= hash == 0 || !btls_read_end(&s);
    return r->bad ? 0 : hash;
}

/* maskGenAlgorithm: MGF1, whose parameter is a hash. */
static int
read_mask_hash(btls_reader *r)
{
    btls_reader s = btls_der_enter(r, BTLS_DER_SEQUENCE);
    s.bad |= !BTLS_OID_IS(btls_der_read(&s, BTLS_DER_OID), mgf1);
    int hash = read_hash(&s);
    r->bad |= !btls_read_end(&s);
    return hash;
}

int
btls_pss_parameters_parse(btls_reader *r, btls_signature_algorithm *a)
{
    uint32_t salt = 20, trailer = 1;
    btls_reader s = btls_der_enter(r, BTLS_DER_SEQUENCE);
    memset(a, 0, sizeof *a);
    a->kind = BTLS_SIGNATURE_PSS;
    a->hash = a->mask_hash = br_sha1_ID; /* the defaults, which DER leaves out; those who
                                          * write them nevertheless are understood */
    for (unsigned n = 0; n < 4; n++) {
        if (btls_der_next(&s) != BTLS_DER_CONTEXT(n))
            continue;
        btls_reader field = btls_der_enter(&s, BTLS_DER_CONTEXT(n));
        if (n == 0)
            a->hash = read_hash(&field);
        else if (n == 1)
            a->mask_hash = read_mask_hash(&field);
        else if (n == 2)
            salt = btls_der_read_small(&field);
        else
            trailer = btls_der_read_small(&field);
        s.bad |= !btls_read_end(&field);
    }
    r->bad |= !btls_read_end(&s) || salt > SALT_MAX || trailer != 1;
    a->salt = (int)salt;
    if (a->mask_hash == a->hash)
        a->mask_hash = 0;
    return !r->bad;
}

int
btls_signature_algorithm_parse(btls_span identifier, btls_signature_algorithm *a)
{
    btls_reader r = btls_reader_of(identifier);
    const struct algorithm *known = find(btls_der_read(&r, BTLS_DER_OID));
    if (known == NULL)
        return 0;
    if (known->kind == BTLS_SIGNATURE_PSS)
        return btls_pss_parameters_parse(&r, a) && btls_read_end(&r);
    *a = (btls_signature_algorithm){ known->kind, known->hash, 0, 0 };
    /* NULL or, tolerated, nothing for PKCS#1 (RFC 4055, 5); nothing for the others. */
    if (known->kind == BTLS_SIGNATURE_PKCS1 && btls_der_next(&r) == BTLS_DER_NULL)
        r.bad |= btls_der_read(&r, BTLS_DER_NULL).n != 0;
    return btls_read_end(&r);
}

/* The hash's AlgorithmIdentifier, with NULL (RFC 4055, 2.1). */
static int
push_hash(btls_queue *q, int hash)
{
    size_t from = btls_queue_size(q);
    btls_span oid = btls_hash_oid(hash);
    return oid.n > 0 && btls_der_push(q, BTLS_DER_OID, oid.p, oid.n) &&
           btls_der_push_header(q, BTLS_DER_NULL, 0) &&
           btls_der_wrap(q, BTLS_DER_SEQUENCE, from);
}

static int
push_mask_hash(btls_queue *q, int hash)
{
    size_t from = btls_queue_size(q);
    return btls_der_push(q, BTLS_DER_OID, mgf1, sizeof mgf1) && push_hash(q, hash) &&
           btls_der_wrap(q, BTLS_DER_SEQUENCE, from) &&
           btls_der_wrap(q, BTLS_DER_CONTEXT(1), from);
}

/* DER leaves out what is as the defaults are: SHA-1 and 20 bytes. */
static int
push_pss_fields(btls_queue *q, const btls_signature_algorithm *a)
{
    size_t from = btls_queue_size(q);
    const uint8_t salt[2] = { (uint8_t)(a->salt >> 8), (uint8_t)a->salt };
    int mask_hash = a->mask_hash != 0 ? a->mask_hash : a->hash, ok = 1;
    if (a->hash != br_sha1_ID)
        ok = push_hash(q, a->hash) && btls_der_wrap(q, BTLS_DER_CONTEXT(0), from);
    if (mask_hash != br_sha1_ID)
        ok = ok && push_mask_hash(q, mask_hash);
    from = btls_queue_size(q);
    return ok && (a->salt == 20 || (btls_der_push_unsigned(q, salt, sizeof salt) &&
                                    btls_der_wrap(q, BTLS_DER_CONTEXT(2), from)));
}

int
btls_pss_parameters_push(btls_queue *q, const btls_signature_algorithm *a)
{
    size_t from = btls_queue_size(q);
    return push_pss_fields(q, a) && btls_der_wrap(q, BTLS_DER_SEQUENCE, from);
}

int
btls_signature_algorithm_push(btls_queue *q, const btls_signature_algorithm *a)
{
    size_t from = btls_queue_size(q);
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        const struct algorithm *known = &algorithms[i];
        int is_pss = a->kind == BTLS_SIGNATURE_PSS;
        if (known->kind != a->kind || (!is_pss && known->hash != a->hash))
            continue;
        return btls_der_push(q, BTLS_DER_OID, known->oid, known->size) &&
               (!is_pss || btls_pss_parameters_push(q, a)) &&
               (a->kind != BTLS_SIGNATURE_PKCS1 ||
                btls_der_push_header(q, BTLS_DER_NULL, 0)) &&
               btls_der_wrap(q, BTLS_DER_SEQUENCE, from);
    }
    return 0;
}
