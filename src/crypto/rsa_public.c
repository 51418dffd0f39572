/* rsa_public.c -- the RSA public operation: Montgomery multiplication on words as long as
 * the compiler can multiply. BearSSL's own ends at 4096 bits and is several times slower.
 */
#include "crypto/rsa_public.h"

#include <string.h>

#include "crypto/public_key.h"

#if defined(__SIZEOF_INT128__)
typedef uint64_t word;
__extension__ typedef unsigned __int128 wide;
#else
typedef uint32_t word;
typedef uint64_t wide;
#endif

#define WORD_BITS (8 * sizeof(word))
#define WORDS (BTLS_RSA_PUBLIC_MAX / sizeof(word))

#define MIN_BITS 512
#define EXPONENT_MAX 32      /* bytes */
#define LARGE_EXPONENT_MAX 8 /* for moduli above 4096 bits */

/* Numbers have their least word first. */
struct modulus {
    size_t k; /* words */
    word n[WORDS];
    word minus_inverse; /* -1/n[0] modulo a word */
};

static void
decode(word *to, size_t k, const uint8_t *p, size_t n)
{
    memset(to, 0, k * sizeof *to);
    for (size_t i = 0; i < n; i++)
        to[i / sizeof *to] |= (word)p[n - 1 - i] << 8 * (i % sizeof *to);
}

static void
encode(uint8_t *p, size_t n, const word *from)
{
    for (size_t i = 0; i < n; i++)
        p[n - 1 - i] = (uint8_t)(from[i / sizeof *from] >> 8 * (i % sizeof *from));
}

static int
is_below(const word *a, const word *b, size_t k)
{
    while (k > 1 && a[k - 1] == b[k - 1])
        k--;
    return a[k - 1] < b[k - 1];
}

/* a -= n when a, with `carry` above it, is not below n. */
static void
reduce_once(word *a, word carry, const struct modulus *m)
{
    word borrow = 0;
    if (carry == 0 && is_below(a, m->n, m->k))
        return;
    for (size_t i = 0; i < m->k; i++) {
        wide d = (wide)a[i] - m->n[i] - borrow;
        a[i] = (word)d;
        borrow = (word)(d >> WORD_BITS) & 1;
    }
}

static void
double_in_place(word *a, const struct modulus *m)
{
    word carry = 0;
    for (size_t i = 0; i < m->k; i++) {
        word top = a[i] >> (WORD_BITS - 1);
        a[i] = a[i] << 1 | carry;
        carry = top;
    }
    reduce_once(a, carry, m);
}

/* out = a * b / 2^(word bits * k) mod n; out may be a or b. */
static void
multiply(word *out, const word *a, const word *b, const struct modulus *m)
{
    word t[WORDS + 1];
    size_t k = m->k;
    memset(t, 0, (k + 1) * sizeof *t);
    for (size_t i = 0; i < k; i++) {
        wide c = 0;
        for (size_t j = 0; j < k; j++) {
            c += t[j] + (wide)a[i] * b[j];
            t[j] = (word)c;
            c >>= WORD_BITS;
        }
        wide top = c + t[k];
        word q = t[0] * m->minus_inverse;
        c = (t[0] + (wide)q * m->n[0]) >> WORD_BITS;
        for (size_t j = 1; j < k; j++) {
            c += t[j] + (wide)q * m->n[j];
            t[j - 1] = (word)c;
            c >>= WORD_BITS;
        }
        top += c;
        t[k - 1] = (word)top;
        t[k] = (word)(top >> WORD_BITS);
    }
    reduce_once(t, t[k], m);
    memcpy(out, t, k * sizeof *t);
}

static void
set_modulus(struct modulus *m, btls_span n)
{
    m->k = (n.n + sizeof(word) - 1) / sizeof(word);
    decode(m->n, m->k, n.p, n.n);
    word inverse = 1; /* each step doubles the number of bits that are right */
    for (unsigned bits = 1; bits < WORD_BITS; bits *= 2)
        inverse *= 2 - m->n[0] * inverse;
    m->minus_inverse = 0 - inverse;
}

/* R = 2^(word bits * k) stands for 1. Gives R^2 mod n, with which numbers are taken to
 * that form: 2^(word bits * k) by squaring and doubling. */
static void
square_of_r(word *r2, btls_span n, const struct modulus *m)
{
    size_t bits = (size_t)btls_number_bits(n), exponent = WORD_BITS * m->k, bit = 1;
    memset(r2, 0, m->k * sizeof *r2);
    r2[(bits - 1) / WORD_BITS] = (word)1 << (bits - 1) % WORD_BITS;
    for (size_t i = bits - 1; i < exponent; i++)
        double_in_place(r2, m);
    while (exponent >> bit > 0)
        bit++;
    double_in_place(r2, m); /* 2 in that form, for the exponent's first bit */
    for (bit--; bit > 0; bit--) {
        multiply(r2, r2, r2, m);
        if (exponent >> (bit - 1) & 1)
            double_in_place(r2, m);
    }
}

static int
is_key(btls_span n, btls_span e)
{
    size_t longest = n.n > 512 ? LARGE_EXPONENT_MAX : EXPONENT_MAX;
    if (n.n == 0 || n.n > BTLS_RSA_PUBLIC_MAX || n.p[0] == 0 ||
        btls_number_bits(n) < MIN_BITS || !(n.p[n.n - 1] & 1))
        return 0;
    return e.n > 0 && e.n <= longest && e.p[0] != 0 && (e.p[e.n - 1] & 1) &&
           (e.n > 1 || e.p[0] > 1);
}

int
btls_rsa_public(btls_span n, btls_span e, uint8_t *x)
{
    struct modulus m;
    word base[WORDS], y[WORDS];
    if (!is_key(n, e))
        return 0;
    set_modulus(&m, n);
    decode(base, m.k, x, n.n);
    if (!is_below(base, m.n, m.k))
        return 0;
    square_of_r(y, n, &m);
    multiply(base, base, y, &m);
    memcpy(y, base, m.k * sizeof *y);
    for (int bit = btls_number_bits(e) - 2; bit >= 0; bit--) {
        multiply(y, y, y, &m);
        if (e.p[e.n - 1 - (size_t)bit / 8] >> bit % 8 & 1)
            multiply(y, y, base, &m);
    }
    word one[WORDS] = { 1 };
    multiply(y, y, one, &m);
    encode(x, n.n, y);
    return 1;
}
