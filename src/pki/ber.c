/* ber.c -- makes DER's lengths of BER's (X.690, 8.1.3). */
#include "pki/ber.h"

#include "pki/der.h"

/* PKCS#12 needs about ten, twice as many with an extra layer for each. */
#define DEPTH_MAX 24

#define CONSTRUCTED 0x20
#define INDEFINITE SIZE_MAX

struct converter {
    btls_queue *out;
    int no_memory;
};

static int
fail(btls_reader *r)
{
    r->bad = 1;
    return 0;
}

/* The length octets, in any form. */
static size_t
read_length(btls_reader *r)
{
    unsigned first = btls_read_u8(r), bytes = first & 0x7F;
    size_t n = 0;
    if (first < 0x80)
        return first;
    if (bytes == 0)
        return INDEFINITE;
    for (unsigned i = 0; i < bytes; i++) {
        if (n >> 24 != 0)
            fail(r);
        n = n << 8 | btls_read_u8(r);
    }
    return n;
}

/* 1 at the two zeros that end an indefinite length, which are read. */
static int
at_end(btls_reader *r)
{
    if (r->left < 2 || r->p[0] != 0 || r->p[1] != 0)
        return 0;
    btls_read_u16(r);
    return 1;
}

static int convert(struct converter *c, btls_reader *r, int depth, int in_string);

/* The elements inside one, up to its end. in_string: they are pieces of an OCTET STRING,
 * of which only the contents are wanted. */
static int
convert_inside(struct converter *c, btls_reader *r, size_t n, int depth, int in_string)
{
    if (n == INDEFINITE) {
        while (!at_end(r)) {
            if (!convert(c, r, depth, in_string))
                return 0;
        }
        return 1;
    }
    btls_reader inside = btls_reader_of(btls_read_bytes(r, n));
    while (btls_read_more(&inside)) {
        if (!convert(c, &inside, depth, in_string))
            return fail(r);
    }
    return !r->bad;
}

static int
convert(struct converter *c, btls_reader *r, int depth, int in_string)
{
    unsigned tag = btls_read_u8(r), plain = tag & ~(unsigned)CONSTRUCTED;
    size_t n = read_length(r), from = btls_queue_size(c->out);
    int is_string = plain == BTLS_DER_OCTET_STRING, ok;
    if (r->bad || depth == 0 || (tag & 0x1F) == 0x1F || (in_string && !is_string))
        return fail(r);
    if (tag & CONSTRUCTED) {
        if (!convert_inside(c, r, n, depth - 1, is_string))
            return fail(r);
        ok = in_string || btls_der_wrap(c->out, is_string ? plain : tag, from);
    } else {
        if (n == INDEFINITE)
            return fail(r);
        btls_span contents = btls_read_bytes(r, n);
        ok = (in_string || btls_der_push_header(c->out, tag, contents.n)) &&
             btls_queue_push(c->out, contents.p, contents.n);
    }
    c->no_memory |= !ok;
    return ok && !r->bad;
}

int
btls_ber_to_der(btls_span ber, btls_queue *out, btls_error *e)
{
    struct converter c = { out, 0 };
    btls_reader r = btls_reader_of(ber);
    while (btls_read_more(&r)) {
        if (!convert(&c, &r, DEPTH_MAX, 0))
            break;
    }
    if (btls_read_end(&r))
        return 0;
    return c.no_memory ? btls_error_memory(e)
                       : btls_error_set(e, "config_pkcs12_malformed", BTLS_NO_ALERT,
                                        "the PKCS#12 file is malformed");
}
