/* hash.c -- the hash functions by their numbers. */
#include "crypto/hash.h"

const br_hash_class *
btls_hash_class(int hash)
{
    switch (hash) {
    case br_md5_ID:
        return &br_md5_vtable;
    case br_sha1_ID:
        return &br_sha1_vtable;
    case br_sha224_ID:
        return &br_sha224_vtable;
    case br_sha256_ID:
        return &br_sha256_vtable;
    case br_sha384_ID:
        return &br_sha384_vtable;
    case br_sha512_ID:
        return &br_sha512_vtable;
    default:
        return NULL;
    }
}

size_t
btls_hash_size(int hash)
{
    const br_hash_class *class = btls_hash_class(hash);
    return class == NULL ? 0 : class->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;
}

size_t
btls_hash(int hash, const btls_span *parts, size_t count, uint8_t *out)
{
    const br_hash_class *class = btls_hash_class(hash);
    br_hash_compat_context state;
    if (class == NULL)
        return 0;
    class->init(&state.vtable);
    for (size_t i = 0; i < count; i++)
        class->update(&state.vtable, parts[i].p, parts[i].n);
    class->out(&state.vtable, out);
    btls_wipe(&state, sizeof state);
    return btls_hash_size(hash);
}

static const struct {
    int hash;
    uint8_t size;
    uint8_t oid[9];
} oids[] = {
#define SHA2(n)                                           \
    9,                                                    \
    {                                                     \
        0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, n \
    }
    { br_sha256_ID, SHA2(1) },
    { br_sha384_ID, SHA2(2) },
    { br_sha512_ID, SHA2(3) },
    { br_sha224_ID, SHA2(4) },
    { br_sha1_ID, 5, { 0x2B, 0x0E, 0x03, 0x02, 0x1A } },
    { br_md5_ID, 8, { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x02, 0x05 } },
#undef SHA2
};

btls_span
btls_hash_oid(int hash)
{
    for (size_t i = 0; i < sizeof oids / sizeof oids[0]; i++) {
        if (oids[i].hash == hash)
            return (btls_span){ oids[i].oid, oids[i].size };
    }
    return (btls_span){ NULL, 0 };
}

int
btls_hash_by_oid(btls_span oid)
{
    for (size_t i = 0; i < sizeof oids / sizeof oids[0]; i++) {
        if (btls_span_equal(oid, (btls_span){ oids[i].oid, oids[i].size }))
            return oids[i].hash;
    }
    return 0;
}
