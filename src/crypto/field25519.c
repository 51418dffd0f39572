/* field25519.c -- the integers modulo p = 2^255 - 19, in constant time. */
#include "crypto/field25519.h"

#include "core/bytes.h"

#define MASK (((uint64_t)1 << 51) - 1)

/* Sums of products of 64 bits by 64. */
#if defined(__SIZEOF_INT128__)
__extension__ typedef unsigned __int128 wide;

static inline void
add_product(wide *sum, uint64_t a, uint64_t b)
{
    *sum += (wide)a * b;
}

/* Takes the low 51 bits and leaves the rest, which has to fit 64 bits. */
static inline uint64_t
shift_out(wide sum, uint64_t *rest)
{
    *rest = (uint64_t)(sum >> 51);
    return (uint64_t)sum & MASK;
}

static inline void
add_small(wide *sum, uint64_t a)
{
    *sum += a;
}
#else
typedef struct {
    uint64_t low, high;
} wide;

static inline void
add_small(wide *sum, uint64_t a)
{
    sum->low += a;
    sum->high += sum->low < a;
}

static inline void
add_product(wide *sum, uint64_t a, uint64_t b)
{
    uint64_t al = (uint32_t)a, ah = a >> 32, bl = (uint32_t)b, bh = b >> 32;
    uint64_t low = al * bl, m1 = ah * bl, m2 = al * bh;
    uint64_t middle = (low >> 32) + (uint32_t)m1 + (uint32_t)m2;
    sum->high += ah * bh + (m1 >> 32) + (m2 >> 32) + (middle >> 32);
    add_small(sum, middle << 32 | (uint32_t)low);
}

static inline uint64_t
shift_out(wide sum, uint64_t *rest)
{
    *rest = sum.high << 13 | sum.low >> 51;
    return sum.low & MASK;
}
#endif

static uint64_t
load(const uint8_t *p)
{
    uint64_t x = 0;
    for (int i = 7; i >= 0; i--)
        x = x << 8 | p[i];
    return x;
}

void
btls_fe_decode(btls_fe *out, const uint8_t bytes[32])
{
    out->v[0] = load(bytes) & MASK;
    out->v[1] = load(bytes + 6) >> 3 & MASK;
    out->v[2] = load(bytes + 12) >> 6 & MASK;
    out->v[3] = load(bytes + 19) >> 1 & MASK;
    out->v[4] = load(bytes + 24) >> 12 & MASK;
}

/* One carry through all limbs; gives what goes beyond bit 254. */
static uint64_t
carry(uint64_t v[5])
{
    uint64_t c = 0;
    for (int i = 0; i < 5; i++) {
        v[i] += c;
        c = v[i] >> 51;
        v[i] &= MASK;
    }
    return c;
}

void
btls_fe_encode(uint8_t bytes[32], const btls_fe *a)
{
    uint64_t v[5], over = 19;
    for (int i = 0; i < 5; i++)
        v[i] = a->v[i];
    v[0] += 19 * carry(v);
    v[0] += 19 * carry(v);
    /* Now below 2^255. Adding 19 goes beyond that just when it is p or more. */
    for (int i = 0; i < 5; i++)
        over = (v[i] + over) >> 51;
    v[0] += 19 * over;
    carry(v);
    for (int i = 0; i < 32; i++) {
        int bit = 8 * i, limb = bit / 51, shift = bit % 51;
        uint64_t x = v[limb] >> shift;
        if (shift > 43 && limb < 4)
            x |= v[limb + 1] << (51 - shift);
        bytes[i] = (uint8_t)x;
    }
    btls_wipe(v, sizeof v);
}

void
btls_fe_add(btls_fe *out, const btls_fe *a, const btls_fe *b)
{
    for (int i = 0; i < 5; i++)
        out->v[i] = a->v[i] + b->v[i];
}

void
btls_fe_subtract(btls_fe *out, const btls_fe *a, const btls_fe *b)
{
    static const uint64_t p4[5] = { 4 * (MASK - 18), 4 * MASK, 4 * MASK, 4 * MASK,
                                    4 * MASK };
    for (int i = 0; i < 5; i++)
        out->v[i] = a->v[i] + p4[i] - b->v[i];
}

/* The carries that make a product small. The highest sum has no factor of 19 in it, so
 * that what it leaves is below 2^60. */
static void
carry_sums(btls_fe *out, const wide sums[5])
{
    uint64_t rest = 0;
    for (int i = 0; i < 5; i++) {
        wide sum = sums[i];
        add_small(&sum, rest);
        out->v[i] = shift_out(sum, &rest);
    }
    out->v[0] += 19 * rest;
    out->v[1] += out->v[0] >> 51;
    out->v[0] &= MASK;
}

/* One limb of a product: five products of limbs. Written out, since the compiler is
 * slower with loops. */
static inline wide
sum_of_five(const uint64_t a[5], uint64_t b0, uint64_t b1, uint64_t b2, uint64_t b3,
            uint64_t b4)
{
    wide sum = { 0 };
    add_product(&sum, a[0], b0);
    add_product(&sum, a[1], b1);
    add_product(&sum, a[2], b2);
    add_product(&sum, a[3], b3);
    add_product(&sum, a[4], b4);
    return sum;
}

void
btls_fe_multiply(btls_fe *out, const btls_fe *a, const btls_fe *b)
{
    const uint64_t *v = b->v;
    /* 2^255 = 19 */
    uint64_t w1 = 19 * v[1], w2 = 19 * v[2], w3 = 19 * v[3], w4 = 19 * v[4];
    const wide sums[5] = {
        sum_of_five(a->v, v[0], w4, w3, w2, w1),
        sum_of_five(a->v, v[1], v[0], w4, w3, w2),
        sum_of_five(a->v, v[2], v[1], v[0], w4, w3),
        sum_of_five(a->v, v[3], v[2], v[1], v[0], w4),
        sum_of_five(a->v, v[4], v[3], v[2], v[1], v[0]),
    };
    carry_sums(out, sums);
}

static inline wide
sum_of_three(uint64_t a0, uint64_t b0, uint64_t a1, uint64_t b1, uint64_t a2, uint64_t b2)
{
    wide sum = { 0 };
    add_product(&sum, a0, b0);
    add_product(&sum, a1, b1);
    add_product(&sum, a2, b2);
    return sum;
}

static void
square(btls_fe *out, const btls_fe *a)
{
    const uint64_t *v = a->v;
    uint64_t d0 = 2 * v[0], d1 = 2 * v[1], w3 = 19 * v[3], w4 = 19 * v[4];
    const wide sums[5] = {
        sum_of_three(v[0], v[0], d1, w4, 2 * v[2], w3),
        sum_of_three(d0, v[1], 2 * v[2], w4, v[3], w3),
        sum_of_three(d0, v[2], v[1], v[1], 2 * v[3], w4),
        sum_of_three(d0, v[3], d1, v[2], v[4], w4),
        sum_of_three(d0, v[4], d1, v[3], v[2], v[2]),
    };
    carry_sums(out, sums);
}

void
btls_fe_square(btls_fe *out, const btls_fe *a, int n)
{
    square(out, a);
    while (--n > 0)
        square(out, out);
}

/* a^(2^250 - 1), and a^11 besides. */
static void
power_250(btls_fe *out, btls_fe *a11, const btls_fe *a)
{
    btls_fe t, u, a9;
    btls_fe_square(&t, a, 1); /* 2 */
    btls_fe_square(&u, &t, 2);
    btls_fe_multiply(&a9, &u, a);
    btls_fe_multiply(a11, &a9, &t);
    btls_fe_square(&t, a11, 1);
    btls_fe_multiply(&t, &t, &a9); /* 2^5 - 1 */
    btls_fe_square(&u, &t, 5);
    btls_fe_multiply(&t, &u, &t); /* 2^10 - 1 */
    btls_fe_square(&u, &t, 10);
    btls_fe_multiply(&u, &u, &t); /* 2^20 - 1 */
    btls_fe_square(&a9, &u, 20);
    btls_fe_multiply(&u, &a9, &u); /* 2^40 - 1 */
    btls_fe_square(&u, &u, 10);
    btls_fe_multiply(&t, &u, &t); /* 2^50 - 1 */
    btls_fe_square(&u, &t, 50);
    btls_fe_multiply(&u, &u, &t); /* 2^100 - 1 */
    btls_fe_square(&a9, &u, 100);
    btls_fe_multiply(&u, &a9, &u); /* 2^200 - 1 */
    btls_fe_square(&u, &u, 50);
    btls_fe_multiply(out, &u, &t);
}

void
btls_fe_invert(btls_fe *out, const btls_fe *a)
{
    btls_fe t, a11;
    power_250(&t, &a11, a);
    btls_fe_square(&t, &t, 5);
    btls_fe_multiply(out, &t, &a11); /* 2^255 - 32 + 11 */
    btls_wipe(&t, sizeof t);
    btls_wipe(&a11, sizeof a11);
}

void
btls_fe_root_power(btls_fe *out, const btls_fe *a)
{
    btls_fe t, a11;
    power_250(&t, &a11, a);
    btls_fe_square(&t, &t, 2);
    btls_fe_multiply(out, &t, a); /* 2^252 - 4 + 1 */
}

void
btls_fe_select(btls_fe *out, const btls_fe *a, uint32_t flag)
{
    uint64_t keep = (uint64_t)flag - 1;
    for (int i = 0; i < 5; i++)
        out->v[i] = (out->v[i] & keep) | (a->v[i] & ~keep);
}

int
btls_fe_equal(const btls_fe *a, const btls_fe *b)
{
    uint8_t x[32], y[32];
    btls_fe_encode(x, a);
    btls_fe_encode(y, b);
    return btls_equal(x, y, sizeof x);
}
