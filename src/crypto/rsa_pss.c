/* rsa_pss.c -- EMSA-PSS (RFC 8017, 9.1) with MGF1 (B.2.1). */
#include "crypto/rsa_pss.h"

#include <string.h>

#include "crypto/hash.h"

#define TRAILER 0xBC

/* Where the parts of an encoding are: DB = zeros, 01, salt; then H; then the trailer. */
struct layout {
    uint8_t *db;
    size_t db_size;
    uint8_t *h;
    size_t h_size;
    size_t zeros;         /* bytes of DB before 01 */
    unsigned top_mask;    /* bits of DB's first byte that are used */
    int has_leading_zero; /* the encoding is a byte shorter than the modulus */
};

/* 0 when the modulus is too short for it. */
static int
lay_out(struct layout *l, const btls_pss *p, int modulus_bits, uint8_t *em)
{
    size_t k = (size_t)(modulus_bits + 7) / 8;
    int bits = modulus_bits - 1;
    l->h_size = btls_hash_size(p->hash);
    if (modulus_bits < 9 || l->h_size == 0 || btls_hash_size(p->mask_hash) == 0)
        return 0;
    l->has_leading_zero = bits % 8 == 0;
    size_t size = k - (size_t)l->has_leading_zero;
    if (p->salt > k || size < l->h_size + p->salt + 2)
        return 0;
    l->db = em + l->has_leading_zero;
    l->db_size = size - l->h_size - 1;
    l->h = l->db + l->db_size;
    l->zeros = l->db_size - p->salt - 1;
    l->top_mask = 0xFFu >> (8 * size - (size_t)bits);
    return 1;
}

/* MGF1 over H, added to DB. */
static void
mask(const struct layout *l, int hash)
{
    uint8_t counter[4] = { 0, 0, 0, 0 }, block[BTLS_HASH_MAX];
    const btls_span parts[] = { { l->h, l->h_size }, { counter, sizeof counter } };
    for (size_t done = 0; done < l->db_size;) {
        size_t n = btls_hash(hash, parts, 2, block);
        for (size_t i = 0; i < n && done < l->db_size; i++)
            l->db[done++] ^= block[i];
        counter[3]++; /* never 256 blocks: a modulus has at most 1024 bytes */
    }
    l->db[0] &= (uint8_t)l->top_mask;
}

/* H = hash of eight zeros, the message's hash, the salt. */
static void
hash_with_salt(const btls_pss *p, const uint8_t *hash, const uint8_t *salt, uint8_t *out)
{
    static const uint8_t zeros[8] = { 0 };
    const btls_span parts[] = { { zeros, sizeof zeros },
                                { hash, btls_hash_size(p->hash) },
                                { salt, p->salt } };
    btls_hash(p->hash, parts, 3, out);
}

int
btls_pss_encode(const btls_pss *p, const uint8_t *hash, const br_prng_class **random,
                int modulus_bits, uint8_t *em)
{
    struct layout l;
    if (!lay_out(&l, p, modulus_bits, em))
        return 0;
    em[0] = 0;
    memset(l.db, 0, l.zeros);
    l.db[l.zeros] = 1;
    (*random)->generate(random, l.db + l.zeros + 1, p->salt);
    hash_with_salt(p, hash, l.db + l.zeros + 1, l.h);
    l.h[l.h_size] = TRAILER;
    mask(&l, p->mask_hash);
    return 1;
}

int
btls_pss_check(const btls_pss *p, const uint8_t *hash, int modulus_bits, uint8_t *em)
{
    struct layout l;
    uint8_t expected[BTLS_HASH_MAX];
    if (!lay_out(&l, p, modulus_bits, em))
        return 0;
    if ((l.has_leading_zero && em[0] != 0) || l.h[l.h_size] != TRAILER ||
        (l.db[0] & ~l.top_mask & 0xFF) != 0)
        return 0;
    mask(&l, p->mask_hash);
    for (size_t i = 0; i < l.zeros; i++) {
        if (l.db[i] != 0)
            return 0;
    }
    if (l.db[l.zeros] != 1)
        return 0;
    hash_with_salt(p, hash, l.db + l.zeros + 1, expected);
    return memcmp(expected, l.h, l.h_size) == 0;
}
