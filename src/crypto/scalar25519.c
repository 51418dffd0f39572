/* scalar25519.c -- the integers modulo the order of Ed25519's group: Montgomery
 * multiplication with R = 2^256. */
#include "crypto/scalar25519.h"

#include "core/bytes.h"

/* Eight words, the least first. */
typedef struct {
    uint32_t w[8];
} number;

static const number order = { { 0x5cf5d3ed, 0x5812631a, 0xa2f79cd6, 0x14def9de, 0, 0, 0,
                                0x10000000 } };
/* R^2 mod L, and -1/L mod 2^32. */
static const number r_squared = { { 0x449c0f01, 0xa40611e3, 0x68859347, 0xd00e1ba7,
                                    0x17f5be65, 0xceec73d2, 0x7c309a3d, 0x0399411b } };
#define MINUS_INVERSE 0x12547e1bu

static void
decode(number *out, const uint8_t *p)
{
    for (int i = 0; i < 8; i++, p += 4)
        out->w[i] = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
                    (uint32_t)p[3] << 24;
}

static void
encode(uint8_t *p, const number *a)
{
    for (int i = 0; i < 32; i++)
        p[i] = (uint8_t)(a->w[i / 4] >> 8 * (i % 4));
}

/* out = a - L; 1 when that is negative. */
static uint32_t
subtract_order(number *out, const number *a)
{
    uint64_t borrow = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t d = (uint64_t)a->w[i] - order.w[i] - borrow;
        out->w[i] = (uint32_t)d;
        borrow = d >> 63;
    }
    return (uint32_t)borrow;
}

/* a, which is below 2L, becomes a mod L. */
static void
reduce_once(number *a)
{
    number less;
    uint32_t keep = 0 - subtract_order(&less, a);
    for (int i = 0; i < 8; i++)
        a->w[i] = (a->w[i] & keep) | (less.w[i] & ~keep);
}

/* out = a * b / R mod L. Below L for a * b < R * L: one of them below L is enough. */
static void
multiply(number *out, const number *a, const number *b)
{
    uint32_t t[9] = { 0 };
    for (int i = 0; i < 8; i++) {
        uint64_t c = 0, d = 0;
        uint32_t q = (t[0] + a->w[i] * b->w[0]) * MINUS_INVERSE;
        for (int j = 0; j < 8; j++) {
            c += t[j] + (uint64_t)a->w[i] * b->w[j];
            d += (uint32_t)c + (uint64_t)q * order.w[j];
            c >>= 32;
            if (j > 0)
                t[j - 1] = (uint32_t)d;
            d >>= 32;
        }
        c += d + t[8];
        t[7] = (uint32_t)c;
        t[8] = (uint32_t)(c >> 32);
    }
    for (int i = 0; i < 8; i++)
        out->w[i] = t[i];
    reduce_once(out);
}

/* out = a + b mod L; both below L. */
static void
add(number *out, const number *a, const number *b)
{
    uint64_t c = 0;
    for (int i = 0; i < 8; i++) {
        c += (uint64_t)a->w[i] + b->w[i];
        out->w[i] = (uint32_t)c;
        c >>= 32;
    }
    reduce_once(out);
}

/* a, anything below R, modulo L. */
static void
reduce(number *a)
{
    static const number one = { { 1 } };
    multiply(a, a, &r_squared);
    multiply(a, a, &one);
}

void
btls_scalar_reduce(uint8_t out[32], const uint8_t wide[64])
{
    number low, high;
    decode(&low, wide);
    decode(&high, wide + 32);
    reduce(&low);
    multiply(&high, &high, &r_squared); /* high * R mod L */
    add(&low, &low, &high);
    encode(out, &low);
    btls_wipe(&low, sizeof low);
    btls_wipe(&high, sizeof high);
}

void
btls_scalar_multiply_add(uint8_t out[32], const uint8_t a[32], const uint8_t b[32],
                         const uint8_t c[32])
{
    number x, y;
    decode(&x, a);
    decode(&y, b);
    multiply(&x, &x, &r_squared);
    multiply(&x, &x, &y);
    decode(&y, c);
    reduce(&y);
    add(&x, &x, &y);
    encode(out, &x);
    btls_wipe(&x, sizeof x);
    btls_wipe(&y, sizeof y);
}

int
btls_scalar_is_reduced(const uint8_t s[32])
{
    number a, less;
    decode(&a, s);
    return (int)subtract_order(&less, &a);
}
