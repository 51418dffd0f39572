/* signature.c -- the algorithms that sign certificates, by their OIDs. */
#include "pki/signature.h"

#include <stddef.h>

#define PKCS1 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01
#define ECDSA 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04

static const struct algorithm {
    const char *name;
    const br_hash_class *hash;
    uint8_t size;
    uint8_t oid[9];
} algorithms[] = {
    { "sha256WithRSAEncryption", &br_sha256_vtable, 9, { PKCS1, 11 } },
    { "sha384WithRSAEncryption", &br_sha384_vtable, 9, { PKCS1, 12 } },
    { "sha512WithRSAEncryption", &br_sha512_vtable, 9, { PKCS1, 13 } },
    { "sha224WithRSAEncryption", &br_sha224_vtable, 9, { PKCS1, 14 } },
    { "sha1WithRSAEncryption", &br_sha1_vtable, 9, { PKCS1, 5 } },
    { "md5WithRSAEncryption", &br_md5_vtable, 9, { PKCS1, 4 } },
    { "id-RSASSA-PSS", NULL, 9, { PKCS1, 10 } },
    { "ecdsa-with-SHA256", &br_sha256_vtable, 8, { ECDSA, 3, 2 } },
    { "ecdsa-with-SHA384", &br_sha384_vtable, 8, { ECDSA, 3, 3 } },
    { "ecdsa-with-SHA512", &br_sha512_vtable, 8, { ECDSA, 3, 4 } },
    { "ecdsa-with-SHA224", &br_sha224_vtable, 8, { ECDSA, 3, 1 } },
    { "ecdsa-with-SHA1", &br_sha1_vtable, 7, { ECDSA, 1 } },
    { "Ed25519", NULL, 3, { 0x2B, 0x65, 0x70 } },
};

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
    return a == NULL ? NULL : a->hash;
}
