/* dn_compare.c -- are two distinguished names the same? */
#include "pki/dn_compare.h"

#include "pki/der.h"
#include "pki/dn.h"

/* Values in one set: more are never the same as anything. */
#define VALUES 8
#define END UINT32_MAX

/* Tags of strings. */
enum {
    UTF8 = 0x0C,
    NUMERIC = 0x12,
    PRINTABLE,
    TELETEX,
    IA5 = 0x16,
    VISIBLE = 0x1A,
    UNIVERSAL = 0x1C,
    BMP = 0x1E
};

/* A string, character by character as it is compared. */
typedef struct {
    btls_span left;
    unsigned tag;
    int started;   /* something was before the white space that may follow */
    uint32_t next; /* a character that was read behind white space, or END */
} text;

/* Bytes of one character, at least; 0 for what is no text. TeletexString is taken for
 * Latin 1, which it mostly is. */
static size_t
width_of(unsigned tag)
{
    switch (tag) {
    case UTF8:
    case NUMERIC:
    case PRINTABLE:
    case TELETEX:
    case IA5:
    case VISIBLE:
        return 1;
    case BMP:
        return 2;
    case UNIVERSAL:
        return 4;
    default:
        return 0;
    }
}

/* How many bytes follow the first one of a character in UTF-8; what is none stands for
 * itself. */
static size_t
continuation(btls_span s, uint32_t *c)
{
    size_t n = *c >= 0xF0 ? 3 : *c >= 0xE0 ? 2 : *c >= 0xC0 ? 1 : 0;
    uint32_t v = *c & (0x3Fu >> n);
    if (n > s.n)
        return 0;
    for (size_t i = 0; i < n; i++) {
        if ((s.p[i] & 0xC0) != 0x80)
            return 0;
        v = v << 6 | (s.p[i] & 0x3F);
    }
    *c = n > 0 ? v : *c;
    return n;
}

static void
skip(btls_span *s, size_t n)
{
    s->p += n;
    s->n -= n;
}

static uint32_t
take(text *t)
{
    size_t width = width_of(t->tag);
    uint32_t c = 0;
    if (width == 0 || t->left.n < width)
        return END;
    for (size_t i = 0; i < width; i++)
        c = c << 8 | t->left.p[i];
    skip(&t->left, width);
    if (t->tag == UTF8)
        skip(&t->left, continuation(t->left, &c));
    return c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c;
}

static int
is_space(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next character: lower case, spaces at the ends left out and others made one. */
static uint32_t
next(text *t)
{
    uint32_t c = t->next;
    if (c != END) {
        t->next = END;
        return c;
    }
    c = take(t);
    if (is_space(c)) {
        while (is_space(c))
            c = take(t);
        if (t->started && c != END) {
            t->next = c;
            return ' ';
        }
    }
    t->started = 1;
    return c;
}

static text
text_of(const btls_dn_attribute *a)
{
    return (text){ a->value, a->tag, 0, END };
}

static int
attribute_equal(const btls_dn_attribute *a, const btls_dn_attribute *b)
{
    if (!btls_span_equal(a->type, b->type))
        return 0;
    if (a->tag == b->tag && btls_span_equal(a->value, b->value))
        return 1;
    text x = text_of(a), y = text_of(b);
    if (width_of(x.tag) == 0 || width_of(y.tag) == 0)
        return 0;
    for (;;) {
        uint32_t c = next(&x);
        if (c != next(&y))
            return 0;
        if (c == END)
            return 1;
    }
}

/* The values of the next set; 0 when there are too many. */
static size_t
read_set(btls_reader *r, btls_dn_attribute values[VALUES])
{
    btls_reader set = btls_der_enter(r, BTLS_DER_SET);
    size_t n = 0;
    for (; btls_read_more(&set) && n < VALUES; n++) {
        btls_reader pair = btls_der_enter(&set, BTLS_DER_SEQUENCE);
        values[n].type = btls_der_read(&pair, BTLS_DER_OID);
        values[n].value = btls_der_read_any(&pair, &values[n].tag);
        set.bad |= pair.bad;
    }
    return btls_read_end(&set) ? n : 0;
}

/* Sets are the same when they have the same values in whatever order. */
static int
set_equal(btls_reader *a, btls_reader *b)
{
    btls_dn_attribute x[VALUES], y[VALUES];
    size_t n = read_set(a, x), found = 0;
    unsigned used = 0;
    if (n == 0 || read_set(b, y) != n)
        return 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) {
            if (!(used >> k & 1) && attribute_equal(&x[i], &y[k])) {
                used |= 1u << k;
                found++;
                break;
            }
        }
    }
    return found == n;
}

static btls_reader
enter(btls_span name)
{
    btls_reader r = btls_reader_of(name);
    return btls_der_enter(&r, BTLS_DER_SEQUENCE);
}

int
btls_dn_within(btls_span name, btls_span base)
{
    btls_reader n = enter(name), b = enter(base);
    while (btls_read_more(&b)) {
        if (!btls_read_more(&n) || !set_equal(&n, &b))
            return 0;
    }
    return !b.bad && !n.bad;
}

int
btls_dn_equal(btls_span a, btls_span b)
{
    if (btls_span_equal(a, b))
        return 1;
    btls_reader x = enter(a), y = enter(b);
    while (btls_read_more(&x) && btls_read_more(&y)) {
        if (!set_equal(&x, &y))
            return 0;
    }
    return btls_read_end(&x) && btls_read_end(&y);
}

/* FNV-1a over the characters; those of one set are added, since their order is free. */
static uint32_t
hash_set(btls_reader *r)
{
    btls_dn_attribute values[VALUES];
    size_t n = read_set(r, values);
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        text t = text_of(&values[i]);
        uint32_t h = 2166136261u, c;
        while ((c = next(&t)) != END)
            h = (h ^ c) * 16777619u;
        sum += h;
    }
    return sum;
}

uint32_t
btls_dn_hash(btls_span name)
{
    btls_reader r = enter(name);
    uint32_t h = 2166136261u;
    while (btls_read_more(&r))
        h = (h ^ hash_set(&r)) * 16777619u;
    return h ^ h >> 15;
}
