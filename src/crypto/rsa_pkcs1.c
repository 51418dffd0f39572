/* rsa_pkcs1.c -- EMSA-PKCS1-v1_5 (RFC 8017, 9.2). */
#include "crypto/rsa_pkcs1.h"

#include <string.h>

#include "crypto/hash.h"

/* 00 01, at least eight FF, 00. */
#define PADDING_MIN 11

/* DigestInfo up to the hash: the algorithm with its NULL, and the OCTET STRING's header.
 * Its length; 0 for an unknown hash. */
static size_t
make_header(uint8_t header[32], int hash_id)
{
    btls_span oid = btls_hash_oid(hash_id);
    size_t hash_size = btls_hash_size(hash_id), algorithm = 2 + oid.n + 2;
    size_t info = 2 + algorithm + 2 + hash_size;
    if (oid.n == 0)
        return 0;
    const uint8_t head[] = { 0x30, (uint8_t)info, 0x30, (uint8_t)algorithm,
                             0x06, (uint8_t)oid.n };
    const uint8_t tail[] = { 0x05, 0x00, 0x04, (uint8_t)hash_size };
    memcpy(header, head, sizeof head);
    memcpy(header + sizeof head, oid.p, oid.n);
    memcpy(header + sizeof head + oid.n, tail, sizeof tail);
    return sizeof head + oid.n + sizeof tail;
}

int
btls_pkcs1_encode(int hash_id, const uint8_t *hash, uint8_t *em, size_t k)
{
    uint8_t header[32];
    int is_bare = hash_id == BTLS_HASH_MD5_SHA1;
    size_t hash_size = is_bare ? BTLS_HASH_MD5_SHA1_SIZE : btls_hash_size(hash_id);
    size_t header_size = is_bare ? 0 : make_header(header, hash_id);
    if ((header_size == 0 && !is_bare) || k < PADDING_MIN + header_size + hash_size)
        return 0;
    uint8_t *info = em + k - header_size - hash_size;
    memset(em, 0xFF, k);
    em[0] = 0;
    em[1] = 1;
    info[-1] = 0;
    if (header_size > 0)
        memcpy(info, header, header_size);
    memcpy(info + header_size, hash, hash_size);
    return 1;
}
