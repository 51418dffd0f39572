/* ed25519.c -- signatures with Ed25519 (RFC 8032, 5.1). Multiplication takes signed
 * digits of four bits; the secret ones choose from their table by masks. */
#include "crypto/ed25519.h"

#include <string.h>

#include "crypto/field25519.h"
#include "crypto/hash.h"
#include "crypto/scalar25519.h"

#define DIGITS 64
#define TABLE 8

/* x = X/Z, y = Y/Z, x * y = T/Z (5.1.4). */
typedef struct {
    btls_fe x, y, z, t;
} point;

/* A point as addition wants its second one: Y - X, Y + X, 2Z, 2dT. A table has the
 * multiples 1 to 8 of a point. */
typedef struct {
    btls_fe minus, plus, z2, t2d;
} addend;

static const btls_fe curve_d = { { 0x34dca135978a3, 0x1a8283b156ebd, 0x5e7a26001c029,
                                   0x739c663a03cbb, 0x52036cee2b6ff } };
static const btls_fe curve_2d = { { 0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052,
                                    0x6738cc7407977, 0x2406d9dc56dff } };
static const btls_fe root_of_minus_one = { { 0x61b274a0ea0b0, 0x0d5a5fc8f189d,
                                             0x7ef5e9cbd0c60, 0x78595a6804c9e,
                                             0x2b8324804fc1d } };
static const btls_fe base_x = { { 0x62d608f25d51a, 0x412a4b4f6592a, 0x75b7171a4b31d,
                                  0x1ff60527118fe, 0x216936d3cd6e5 } };
static const btls_fe base_y = { { 0x6666666666658, 0x4cccccccccccc, 0x1999999999999,
                                  0x3333333333333, 0x6666666666666 } };
static const btls_fe zero = { { 0 } }, one = { { 1 } };
static const addend neutral = { { { 1 } }, { { 1 } }, { { 2 } }, { { 0 } } };

static void
set_base(point *p)
{
    p->x = base_x;
    p->y = base_y;
    p->z = one;
    btls_fe_multiply(&p->t, &base_x, &base_y);
}

static void
to_addend(addend *out, const point *p)
{
    btls_fe_subtract(&out->minus, &p->y, &p->x);
    btls_fe_add(&out->plus, &p->y, &p->x);
    btls_fe_add(&out->z2, &p->z, &p->z);
    btls_fe_multiply(&out->t2d, &p->t, &curve_2d);
}

/* p += q by the complete formulas of 5.1.4: they hold for all points, p = q and the
 * neutral one among them. */
static void
add(point *p, const addend *q)
{
    btls_fe a, b, c, d, e, f;
    btls_fe_subtract(&a, &p->y, &p->x);
    btls_fe_add(&b, &p->y, &p->x);
    btls_fe_multiply(&a, &a, &q->minus);
    btls_fe_multiply(&b, &b, &q->plus);
    btls_fe_multiply(&c, &p->t, &q->t2d);
    btls_fe_multiply(&d, &p->z, &q->z2);
    btls_fe_subtract(&e, &b, &a);
    btls_fe_subtract(&f, &d, &c);
    btls_fe_add(&c, &d, &c); /* G */
    btls_fe_add(&d, &b, &a); /* H */
    btls_fe_multiply(&p->x, &e, &f);
    btls_fe_multiply(&p->y, &c, &d);
    btls_fe_multiply(&p->z, &f, &c);
    btls_fe_multiply(&p->t, &e, &d);
}

/* p = 2p (5.1.4), four times over: a digit further. */
static void
next_digit(point *p)
{
    for (int i = 0; i < 4; i++) {
        btls_fe a, b, f, e, g, h;
        btls_fe_square(&a, &p->x, 1);
        btls_fe_square(&b, &p->y, 1);
        btls_fe_add(&h, &a, &b);
        btls_fe_subtract(&g, &a, &b);
        btls_fe_add(&e, &p->x, &p->y);
        btls_fe_square(&e, &e, 1);
        btls_fe_subtract(&e, &h, &e);
        btls_fe_square(&f, &p->z, 1);
        btls_fe_add(&f, &f, &f);
        btls_fe_add(&f, &f, &g);
        btls_fe_multiply(&p->x, &e, &f);
        btls_fe_multiply(&p->y, &g, &h);
        btls_fe_multiply(&p->z, &f, &g);
        btls_fe_multiply(&p->t, &e, &h);
    }
}

static void
make_table(addend table[TABLE], const point *p)
{
    point q = *p;
    to_addend(&table[0], &q);
    for (int i = 1; i < TABLE; i++) {
        add(&q, &table[0]);
        to_addend(&table[i], &q);
    }
}

/* Digits from -8 to 8, the least first, of a scalar below 2^255. */
static void
digits_of(int8_t digits[DIGITS], const uint8_t scalar[32])
{
    int carry = 0;
    for (int i = 0; i < DIGITS; i++) {
        int digit = (scalar[i / 2] >> 4 * (i % 2) & 15) + carry;
        carry = i < DIGITS - 1 ? (digit + 8) >> 4 : 0;
        digits[i] = (int8_t)(digit - 16 * carry);
    }
}

static void
select_addend(addend *out, const addend *a, uint32_t flag)
{
    btls_fe_select(&out->minus, &a->minus, flag);
    btls_fe_select(&out->plus, &a->plus, flag);
    btls_fe_select(&out->z2, &a->z2, flag);
    btls_fe_select(&out->t2d, &a->t2d, flag);
}

/* p += digit times what the table was made of, in a time that does not depend on the
 * digit. */
static void
add_digit(point *p, const addend table[TABLE], int digit)
{
    addend chosen = neutral, negative;
    uint32_t sign = (uint32_t)digit >> 31;
    uint32_t size = ((uint32_t)digit ^ (0 - sign)) + sign;
    for (uint32_t i = 0; i < TABLE; i++)
        select_addend(&chosen, &table[i], ((size ^ (i + 1)) - 1) >> 31);
    negative.minus = chosen.plus;
    negative.plus = chosen.minus;
    negative.z2 = chosen.z2;
    btls_fe_subtract(&negative.t2d, &zero, &chosen.t2d);
    select_addend(&chosen, &negative, sign);
    add(p, &chosen);
}

static void
encode(uint8_t out[32], const point *p)
{
    btls_fe z, x, y;
    uint8_t x_bytes[32];
    btls_fe_invert(&z, &p->z);
    btls_fe_multiply(&x, &p->x, &z);
    btls_fe_multiply(&y, &p->y, &z);
    btls_fe_encode(x_bytes, &x);
    btls_fe_encode(out, &y);
    out[31] |= (uint8_t)(x_bytes[0] << 7);
}

/* 5.1.3. 0 when it is no encoding of a point, or another than encode() would give. */
static int
decode(point *p, const uint8_t in[32])
{
    btls_fe u, v, v3, t;
    uint8_t bytes[32];
    btls_fe_decode(&p->y, in);
    btls_fe_encode(bytes, &p->y);
    bytes[31] |= in[31] & 0x80;
    if (memcmp(bytes, in, sizeof bytes) != 0)
        return 0;
    btls_fe_square(&t, &p->y, 1);
    btls_fe_subtract(&u, &t, &one);
    btls_fe_multiply(&v, &t, &curve_d);
    btls_fe_add(&v, &v, &one);
    /* x = u v^3 (u v^7)^((p - 5) / 8), a root of u/v or of -u/v if there is one. */
    btls_fe_square(&v3, &v, 1);
    btls_fe_multiply(&v3, &v3, &v);
    btls_fe_square(&t, &v3, 1);
    btls_fe_multiply(&t, &t, &v);
    btls_fe_multiply(&t, &t, &u);
    btls_fe_root_power(&t, &t);
    btls_fe_multiply(&t, &t, &v3);
    btls_fe_multiply(&p->x, &t, &u);
    btls_fe_square(&t, &p->x, 1);
    btls_fe_multiply(&t, &t, &v);
    if (!btls_fe_equal(&t, &u)) {
        btls_fe_add(&t, &t, &u);
        if (!btls_fe_equal(&t, &zero))
            return 0;
        btls_fe_multiply(&p->x, &p->x, &root_of_minus_one);
    }
    btls_fe_encode(bytes, &p->x);
    if ((bytes[0] & 1) != in[31] >> 7) {
        if (btls_fe_equal(&p->x, &zero))
            return 0;
        btls_fe_subtract(&p->x, &zero, &p->x);
        btls_fe_multiply(&p->x, &p->x, &one); /* small again */
    }
    p->z = one;
    btls_fe_multiply(&p->t, &p->x, &p->y);
    return 1;
}

/* The encoding of [scalar]B; the scalar is below 2^255. */
static void
multiply_base(uint8_t out[32], const uint8_t scalar[32])
{
    addend table[TABLE];
    point p;
    int8_t digits[DIGITS];
    set_base(&p);
    make_table(table, &p);
    digits_of(digits, scalar);
    p = (point){ zero, one, one, zero };
    for (int i = DIGITS - 1; i >= 0; i--) {
        next_digit(&p);
        add_digit(&p, table, digits[i]);
    }
    encode(out, &p);
    btls_wipe(&p, sizeof p);
    btls_wipe(digits, sizeof digits);
}

/* SHA-512 modulo the group's order. */
static void
hash_to_scalar(uint8_t out[32], const btls_span *parts, size_t count)
{
    uint8_t hash[64];
    btls_hash(br_sha512_ID, parts, count, hash);
    btls_scalar_reduce(out, hash);
    btls_wipe(hash, sizeof hash);
}

/* The secret scalar, and behind it the prefix of what is hashed (5.1.5). */
static void
expand(uint8_t expanded[64], const uint8_t private_key[32])
{
    const btls_span whole = { private_key, 32 };
    btls_hash(br_sha512_ID, &whole, 1, expanded);
    expanded[0] &= 0xF8;
    expanded[31] = (expanded[31] & 0x7F) | 0x40;
}

void
btls_ed25519_public(const uint8_t private_key[32], uint8_t public_key[32])
{
    uint8_t expanded[64];
    expand(expanded, private_key);
    multiply_base(public_key, expanded);
    btls_wipe(expanded, sizeof expanded);
}

void
btls_ed25519_sign(const uint8_t private_key[32], const uint8_t public_key[32],
                  btls_span message, uint8_t signature[BTLS_ED25519_SIGNATURE])
{
    uint8_t expanded[64], r[32], k[32];
    expand(expanded, private_key);
    const btls_span secret[] = { { expanded + 32, 32 }, message };
    hash_to_scalar(r, secret, 2);
    multiply_base(signature, r);
    const btls_span public_parts[] = { { signature, 32 }, { public_key, 32 }, message };
    hash_to_scalar(k, public_parts, 3);
    btls_scalar_multiply_add(signature + 32, k, expanded, r);
    btls_wipe(expanded, sizeof expanded);
    btls_wipe(r, sizeof r);
}

int
btls_ed25519_verify(const uint8_t public_key[32], btls_span message, btls_span signature)
{
    addend base[TABLE], key[TABLE];
    point p;
    uint8_t k[32], r[32];
    int8_t s_digits[DIGITS], k_digits[DIGITS];
    if (signature.n != BTLS_ED25519_SIGNATURE ||
        !btls_scalar_is_reduced(signature.p + 32) || !decode(&p, public_key))
        return 0;
    make_table(key, &p);
    set_base(&p);
    make_table(base, &p);
    const btls_span parts[] = { { signature.p, 32 }, { public_key, 32 }, message };
    hash_to_scalar(k, parts, 3);
    digits_of(s_digits, signature.p + 32);
    digits_of(k_digits, k);
    p = (point){ zero, one, one, zero };
    for (int i = DIGITS - 1; i >= 0; i--) {
        next_digit(&p);
        add_digit(&p, base, s_digits[i]);
        add_digit(&p, key, -k_digits[i]);
    }
    encode(r, &p);
    return memcmp(r, signature.p, sizeof r) == 0;
}
