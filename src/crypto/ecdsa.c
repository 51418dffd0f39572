/* ecdsa.c -- verifying ECDSA: strict decoding and range checks around BearSSL's. */
#include "crypto/ecdsa.h"

#include <string.h>

#define SEQUENCE 0x30
#define INTEGER 0x02
#define SCALAR_MAX 66

/* A positive INTEGER in DER, at the end of the size bytes at `to`. Its length, at most 67
 * bytes, always has the short form. */
static void
read_number(btls_reader *r, uint8_t *to, size_t size)
{
    unsigned tag = btls_read_u8(r);
    btls_span v = btls_read_vec8(r);
    int is_minimal =
        v.n > 0 && !(v.p[0] & 0x80) && (v.p[0] != 0 || (v.n > 1 && (v.p[1] & 0x80)));
    if (v.n > 0 && v.p[0] == 0) {
        v.p++;
        v.n--;
    }
    if (tag != INTEGER || !is_minimal || v.n > size) {
        r->bad = 1;
        return;
    }
    memcpy(to + size - v.n, v.p, v.n);
}

/* ECDSA-Sig-Value: r and s go to raw, `size` bytes each. */
static int
decode(btls_span signature, uint8_t *raw, size_t size)
{
    btls_reader file = btls_reader_of(signature);
    unsigned tag = btls_read_u8(&file), n = btls_read_u8(&file);
    if (n == 0x81) { /* the long form, for what the short one cannot say */
        n = btls_read_u8(&file);
        file.bad |= n < 0x80;
    } else {
        file.bad |= n > 0x80;
    }
    btls_reader r = btls_reader_of(btls_read_bytes(&file, n));
    r.bad = file.bad;
    read_number(&r, raw, size);
    read_number(&r, raw + size, size);
    return tag == SEQUENCE && btls_read_end(&r) && btls_read_end(&file);
}

/* Numbers of the same length: above 0 by the DER, and below the order? */
static int
is_below(const uint8_t *x, const uint8_t *order, size_t n)
{
    return memcmp(x, order, n) < 0;
}

int
btls_ecdsa_verify(const btls_public_key *k, btls_span hash, btls_span signature)
{
    const br_ec_impl *ec = br_ec_get_default();
    uint8_t raw[2 * SCALAR_MAX] = { 0 };
    br_x509_pkey key;
    size_t n, point;
    if (k->kind != BTLS_KEY_EC || !(ec->supported_curves >> k->curve & 1) ||
        !btls_public_key_bearssl(k, &key))
        return 0;
    const uint8_t *order = ec->order(k->curve, &n);
    ec->generator(k->curve, &point); /* BearSSL 0.6 does not check the length itself */
    if (n > SCALAR_MAX || k->point.n != point || !decode(signature, raw, n) ||
        !is_below(raw, order, n) || !is_below(raw + n, order, n))
        return 0;
    return (int)br_ecdsa_vrfy_raw_get_default()(ec, hash.p, hash.n, &key.key.ec, raw,
                                                2 * n);
}
