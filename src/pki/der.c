/* der.c -- strict DER: reading, and the little writing that keys need. */
#include "pki/der.h"

#include <string.h>

static void
fail(btls_reader *r)
{
    r->bad = 1;
    r->left = 0;
}

unsigned
btls_der_next(const btls_reader *r)
{
    return btls_read_more(r) ? r->p[0] : 0;
}

/* The length octets (X.690, 8.1.3; 10.1: the shortest form only). */
static size_t
read_length(btls_reader *r)
{
    unsigned first = btls_read_u8(r);
    if (first < 0x80)
        return first;
    size_t bytes = first & 0x7F, n = 0;
    if (bytes == 0 || bytes > 4) {
        fail(r);
        return 0;
    }
    for (size_t i = 0; i < bytes; i++)
        n = n << 8 | btls_read_u8(r);
    if (n < 0x80 || (bytes > 1 && n >> (8 * (bytes - 1)) == 0))
        fail(r);
    return n;
}

btls_span
btls_der_read_any(btls_reader *r, unsigned *tag)
{
    *tag = btls_read_u8(r);
    if ((*tag & 0x1F) == 0x1F)
        fail(r);
    size_t n = read_length(r);
    return btls_read_bytes(r, n);
}

btls_span
btls_der_read(btls_reader *r, unsigned tag)
{
    unsigned found;
    if (btls_der_next(r) != tag)
        fail(r);
    return btls_der_read_any(r, &found);
}

btls_span
btls_der_read_whole(btls_reader *r, unsigned tag)
{
    const uint8_t *from = r->p;
    btls_span contents = btls_der_read(r, tag);
    if (r->bad)
        return (btls_span){ from, 0 };
    return (btls_span){ from, (size_t)(contents.p - from) + contents.n };
}

btls_reader
btls_der_enter(btls_reader *r, unsigned tag)
{
    btls_span contents = btls_der_read(r, tag);
    btls_reader inner = btls_reader_of(contents);
    inner.bad = r->bad;
    return inner;
}

btls_span
btls_der_read_oid(btls_reader *r)
{
    btls_span oid = btls_der_read(r, BTLS_DER_OID);
    int starts = 1;
    for (size_t i = 0; i < oid.n; i++) {
        r->bad |= starts && oid.p[i] == 0x80;
        starts = !(oid.p[i] & 0x80);
    }
    if (oid.n == 0 || !starts)
        fail(r);
    return oid;
}

btls_span
btls_der_read_unsigned(btls_reader *r)
{
    btls_span v = btls_der_read(r, BTLS_DER_INTEGER);
    if (v.n == 0 || v.p[0] & 0x80 || (v.n > 1 && v.p[0] == 0 && !(v.p[1] & 0x80))) {
        fail(r);
        v.n = 0;
    } else if (v.p[0] == 0) {
        v.p++;
        v.n--;
    }
    return v;
}

uint32_t
btls_der_read_small(btls_reader *r)
{
    btls_span v = btls_der_read_unsigned(r);
    uint32_t n = 0;
    if (v.n > 4 || (v.n == 4 && v.p[0] & 0x80)) {
        fail(r);
        return 0;
    }
    for (size_t i = 0; i < v.n; i++)
        n = n << 8 | v.p[i];
    return n;
}

btls_span
btls_der_read_octets(btls_reader *r)
{
    btls_span v = btls_der_read(r, BTLS_DER_BIT_STRING);
    if (v.n == 0 || v.p[0] != 0) {
        fail(r);
        return (btls_span){ v.p, 0 };
    }
    return (btls_span){ v.p + 1, v.n - 1 };
}

int
btls_der_read_boolean(btls_reader *r)
{
    btls_span v = btls_der_read(r, BTLS_DER_BOOLEAN);
    if (v.n != 1 || (v.p[0] != 0 && v.p[0] != 0xFF)) {
        fail(r);
        return 0;
    }
    return v.p[0] != 0;
}

/* Days from 1970-01-01 to the first of March of year y, by the rule of the Gregorian
 * calendar. */
static int64_t
days_to_march(int64_t y)
{
    return 365 * y + y / 4 - y / 100 + y / 400 - 719468;
}

static unsigned
two_digits(btls_reader *r, btls_span *s)
{
    if (s->n < 2 || s->p[0] < '0' || s->p[0] > '9' || s->p[1] < '0' || s->p[1] > '9') {
        fail(r);
        s->n = 0;
        return 0;
    }
    unsigned v = (unsigned)(s->p[0] - '0') * 10 + (unsigned)(s->p[1] - '0');
    s->p += 2;
    s->n -= 2;
    return v;
}

static unsigned
days_in_month(unsigned y, unsigned m)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return m == 2 && leap ? 29 : days[m - 1];
}

int64_t
btls_der_read_time(btls_reader *r)
{
    unsigned tag;
    btls_span s = btls_der_read_any(r, &tag);
    unsigned y = 0;
    if (tag == BTLS_DER_GENERALIZED_TIME) {
        y = two_digits(r, &s) * 100;
        y += two_digits(r, &s);
    } else if (tag == BTLS_DER_UTC_TIME) {
        y = two_digits(r, &s);
        y += y < 50 ? 2000 : 1900;
    } else {
        fail(r);
    }
    unsigned month = two_digits(r, &s), day = two_digits(r, &s), hour = two_digits(r, &s);
    unsigned minute = two_digits(r, &s), second = two_digits(r, &s);
    if (r->bad || s.n != 1 || s.p[0] != 'Z' || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(y, month) || hour > 23 || minute > 59 || second > 59) {
        fail(r);
        return 0;
    }
    /* Years that begin in March, so that the leap day is the last one. */
    int64_t march_year = month > 2 ? y : (int64_t)y - 1;
    unsigned months = (month + 9) % 12;
    int64_t days = days_to_march(march_year) + (153 * months + 2) / 5 + day - 1;
    return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

size_t
btls_der_size(size_t n)
{
    size_t header = 2;
    for (size_t k = n; n >= 0x80 && k > 0; k >>= 8)
        header++;
    return header + n;
}

/* Tag and length octets. */
static size_t
make_header(uint8_t header[10], unsigned tag, size_t n)
{
    size_t k = 0, bytes = btls_der_size(n) - n - 2;
    header[k++] = (uint8_t)tag;
    if (bytes == 0)
        header[k++] = (uint8_t)n;
    else
        header[k++] = (uint8_t)(0x80 | bytes);
    for (size_t i = bytes; i > 0; i--)
        header[k++] = (uint8_t)(n >> (8 * (i - 1)));
    return k;
}

int
btls_der_push_header(btls_queue *q, unsigned tag, size_t n)
{
    uint8_t header[10];
    return btls_queue_push(q, header, make_header(header, tag, n));
}

int
btls_der_wrap(btls_queue *q, unsigned tag, size_t from)
{
    uint8_t header[10];
    size_t n = btls_queue_size(q) - from, k = make_header(header, tag, n);
    uint8_t *room = btls_queue_room(q, k);
    if (room == NULL)
        return 0;
    btls_queue_grew(q, k);
    memmove(room + k - n, room - n, n);
    memcpy(room - n, header, k);
    return 1;
}

int
btls_der_push(btls_queue *q, unsigned tag, const void *p, size_t n)
{
    return btls_der_push_header(q, tag, n) && btls_queue_push(q, p, n);
}

int
btls_der_push_unsigned(btls_queue *q, const uint8_t *p, size_t n)
{
    static const uint8_t zero = 0;
    while (n > 0 && *p == 0) {
        p++;
        n--;
    }
    int pad = n == 0 || p[0] & 0x80;
    return btls_der_push_header(q, BTLS_DER_INTEGER, n + (size_t)pad) &&
           (!pad || btls_queue_push(q, &zero, 1)) && btls_queue_push(q, p, n);
}
