/* password.c -- keys from passwords. */
#include "crypto/password.h"

#include <string.h>

#include "crypto/hash.h"

/* A block of output: U1 xor U2 xor ... (RFC 8018, 5.2, step 3). */
static void
pbkdf2_block(const br_hmac_key_context *key, btls_span salt, uint32_t number,
             uint32_t rounds, uint8_t block[BTLS_HASH_MAX])
{
    br_hmac_context mac;
    uint8_t u[BTLS_HASH_MAX];
    const uint8_t index[4] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16),
                               (uint8_t)(number >> 8), (uint8_t)number };
    br_hmac_init(&mac, key, 0);
    br_hmac_update(&mac, salt.p, salt.n);
    br_hmac_update(&mac, index, sizeof index);
    size_t size = br_hmac_out(&mac, u);
    memcpy(block, u, size);
    while (--rounds > 0) {
        br_hmac_init(&mac, key, 0);
        br_hmac_update(&mac, u, size);
        br_hmac_out(&mac, u);
        for (size_t i = 0; i < size; i++)
            block[i] ^= u[i];
    }
    btls_wipe(u, sizeof u);
    btls_wipe(&mac, sizeof mac);
}

int
btls_pbkdf2(int hash, btls_span password, btls_span salt, uint32_t rounds, uint8_t *out,
            size_t n)
{
    const br_hash_class *class = btls_hash_class(hash);
    br_hmac_key_context key;
    uint8_t block[BTLS_HASH_MAX];
    if (class == NULL || rounds == 0 || password.n > BTLS_PASSWORD_MAX ||
        salt.n > BTLS_SALT_MAX)
        return 0;
    br_hmac_key_init(&key, class, password.p, password.n);
    size_t size = btls_hash_size(hash);
    for (uint32_t number = 1; n > 0; number++) {
        size_t part = n < size ? n : size;
        pbkdf2_block(&key, salt, number, rounds, block);
        memcpy(out, block, part);
        out += part;
        n -= part;
    }
    btls_wipe(block, sizeof block);
    btls_wipe(&key, sizeof key);
    return 1;
}

/* ---- PKCS#12 ---- */

#define BLOCK_MAX 128
#define ROUND_UP(n, v) (((n) + (v)-1) / (v) * (v))

/* Fills n bytes with repetitions of from. */
static void
repeat(uint8_t *to, size_t n, btls_span from)
{
    for (size_t i = 0; i < n; i++)
        to[i] = from.p[i % from.n];
}

/* x = x + b + 1, both v bytes and big-endian, modulo 2^(8v). */
static void
add_with_one(uint8_t *x, const uint8_t *b, size_t v)
{
    unsigned carry = 1;
    while (v-- > 0) {
        carry += (unsigned)x[v] + b[v];
        x[v] = (uint8_t)carry;
        carry >>= 8;
    }
}

int
btls_pkcs12_derive(int hash, enum btls_pkcs12_purpose purpose, btls_span password,
                   btls_span salt, uint32_t rounds, uint8_t *out, size_t n)
{
    size_t u = btls_hash_size(hash), v = u > 32 ? 128 : 64;
    uint8_t d[BLOCK_MAX], a[BTLS_HASH_MAX], b[BLOCK_MAX];
    uint8_t i[BTLS_SALT_MAX + BTLS_UTF16_MAX + 2 * BLOCK_MAX];
    if (u == 0 || rounds == 0 || password.n > BTLS_UTF16_MAX || salt.n > BTLS_SALT_MAX)
        return 0;
    size_t s_size = ROUND_UP(salt.n, v), i_size = s_size + ROUND_UP(password.n, v);
    memset(d, purpose, v);
    repeat(i, s_size, salt);
    repeat(i + s_size, i_size - s_size, password);
    for (;;) {
        const btls_span first[] = { { d, v }, { i, i_size } }, again = { a, u };
        btls_hash(hash, first, 2, a);
        for (uint32_t round = 1; round < rounds; round++)
            btls_hash(hash, &again, 1, a);
        size_t part = n < u ? n : u;
        memcpy(out, a, part);
        out += part;
        n -= part;
        if (n == 0)
            break;
        repeat(b, v, again);
        for (size_t at = 0; at < i_size; at += v)
            add_with_one(i + at, b, v);
    }
    btls_wipe(a, sizeof a);
    btls_wipe(b, sizeof b);
    btls_wipe(i, sizeof i);
    return 1;
}

/* The character that begins at s, which is moved behind it; UINT32_MAX when it is no
 * UTF-8 (RFC 3629). */
static uint32_t
read_utf8(btls_span *s)
{
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
    unsigned first = s->p[0];
    size_t more = first < 0x80             ? 0
                  : (first & 0xE0) == 0xC0 ? 1
                  : (first & 0xF0) == 0xE0 ? 2
                  : (first & 0xF8) == 0xF0 ? 3
                                           : 4;
    if (more > 3 || s->n < 1 + more)
        return UINT32_MAX;
    uint32_t c = more == 0 ? first : first & (0x3Fu >> more);
    for (size_t i = 1; i <= more; i++) {
        if ((s->p[i] & 0xC0) != 0x80)
            return UINT32_MAX;
        c = c << 6 | (s->p[i] & 0x3F);
    }
    if (c < least[more] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
        return UINT32_MAX;
    s->p += 1 + more;
    s->n -= 1 + more;
    return c;
}

static size_t
put_utf16(uint8_t *out, uint32_t unit)
{
    out[0] = (uint8_t)(unit >> 8);
    out[1] = (uint8_t)unit;
    return 2;
}

size_t
btls_password_to_utf16(btls_span password, uint8_t out[BTLS_UTF16_MAX])
{
    size_t n = 0;
    if (password.n > BTLS_PASSWORD_MAX)
        return 0;
    btls_span rest = password;
    while (rest.n > 0) {
        uint32_t c = read_utf8(&rest);
        if (c == UINT32_MAX)
            break;
        if (c >= 0x10000) {
            n += put_utf16(out + n, 0xD800 + ((c - 0x10000) >> 10));
            c = 0xDC00 + ((c - 0x10000) & 0x3FF);
        }
        n += put_utf16(out + n, c);
    }
    if (rest.n > 0) {
        n = 0;
        for (size_t i = 0; i < password.n; i++)
            n += put_utf16(out + n, password.p[i]);
    }
    return n + put_utf16(out + n, 0);
}

/* ---- old PEM ---- */

void
btls_pem_derive(btls_span password, const uint8_t salt[8], uint8_t *out, size_t n)
{
    uint8_t hash[16];
    const btls_span parts[] = { { hash, sizeof hash }, password, { salt, 8 } };
    for (int first = 1; n > 0; first = 0) {
        size_t part = n < sizeof hash ? n : sizeof hash;
        btls_hash(br_md5_ID, parts + first, 3 - (size_t)first, hash);
        memcpy(out, hash, part);
        out += part;
        n -= part;
    }
    btls_wipe(hash, sizeof hash);
}
