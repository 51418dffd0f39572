/* dn.c -- distinguished names: what is in them, and how they are written (RFC 4514). */
#include "pki/dn.h"

#include <stdio.h>
#include <string.h>

#include "pki/der.h"
#include "pki/oid.h"

/* Of deeper names only the most specific part is written: no real one comes near. */
#define SETS 32

enum {
    UTF8_STRING = 0x0C,
    NUMERIC_STRING = 0x12,
    PRINTABLE_STRING = 0x13,
    TELETEX_STRING = 0x14,
    IA5_STRING = 0x16,
    VISIBLE_STRING = 0x1A,
    UNIVERSAL_STRING = 0x1C,
    BMP_STRING = 0x1E
};

static const uint8_t common_name[] = { 0x55, 0x04, 0x03 };
static const uint8_t email[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x01 };

const btls_span btls_oid_common_name = { common_name, sizeof common_name };
const btls_span btls_oid_email = { email, sizeof email };

btls_span
btls_dn_read(btls_reader *r)
{
    btls_span whole = btls_der_read_whole(r, BTLS_DER_SEQUENCE);
    btls_reader inside = btls_reader_of(whole);
    btls_reader rdns = btls_der_enter(&inside, BTLS_DER_SEQUENCE);
    while (btls_read_more(&rdns)) {
        btls_reader set = btls_der_enter(&rdns, BTLS_DER_SET);
        rdns.bad |= !btls_read_more(&set);
        while (btls_read_more(&set)) {
            unsigned tag;
            btls_reader pair = btls_der_enter(&set, BTLS_DER_SEQUENCE);
            btls_der_read_oid(&pair);
            btls_der_read_any(&pair, &tag);
            set.bad |= !btls_read_end(&pair);
        }
        rdns.bad |= set.bad;
    }
    r->bad |= rdns.bad;
    return whole;
}

int
btls_dn_is_empty(btls_span name)
{
    return name.n <= 2;
}

btls_dn_cursor
btls_dn_begin(btls_span name)
{
    btls_reader r = btls_reader_of(name);
    return (btls_dn_cursor){ btls_der_enter(&r, BTLS_DER_SEQUENCE), { name.p, 0, 0 }, 0 };
}

int
btls_dn_next(btls_dn_cursor *at, btls_dn_attribute *out)
{
    while (!btls_read_more(&at->set)) {
        if (!btls_read_more(&at->rdns))
            return 0;
        at->set = btls_der_enter(&at->rdns, BTLS_DER_SET);
        at->count++;
    }
    btls_reader pair = btls_der_enter(&at->set, BTLS_DER_SEQUENCE);
    out->set = at->count - 1;
    out->type = btls_der_read(&pair, BTLS_DER_OID);
    out->whole = (btls_span){ pair.p, pair.left };
    out->value = btls_der_read_any(&pair, &out->tag);
    return !pair.bad;
}

/* ---- text ---- */

struct text {
    char *p;
    size_t size;
    size_t n; /* what the whole text needs */
};

static void
put(struct text *t, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++, t->n++) {
        if (t->n + 1 < t->size)
            t->p[t->n] = s[i];
    }
}

static void
put_string(struct text *t, const char *s)
{
    put(t, s, strlen(s));
}

static void
put_hex(struct text *t, btls_span bytes)
{
    for (size_t i = 0; i < bytes.n; i++) {
        char two[3];
        snprintf(two, sizeof two, "%02X", bytes.p[i]);
        put(t, two, 2);
    }
}

static size_t
end(struct text *t)
{
    if (t->size > 0)
        t->p[t->n < t->size ? t->n : t->size - 1] = '\0';
    return t->n;
}

/* A character in UTF-8 (RFC 3629); 0 for what is none. */
static size_t
utf8(uint32_t c, uint8_t out[4])
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
        return 0;
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (uint8_t)(0x80 | (c & 0x3F));
    out[0] = (uint8_t)((0xF00 >> n & 0xFF) | c);
    return n;
}

/* The length of the character in UTF-8 that s begins with; 0 when it is none. */
static size_t
utf8_size(btls_span s)
{
    uint8_t again[4];
    uint8_t first = s.p[0];
    size_t n = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (n == 1)
        return 1;
    if (first < 0xC2 || first > 0xF4 || s.n < n)
        return 0;
    uint32_t c = first & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (s.p[i] & 0x3F);
    return utf8(c, again) == n && memcmp(again, s.p, n) == 0 ? n : 0;
}

/* Bytes of a character in a string of that type: 0 for UTF-8, -1 for what is no string.
 * TeletexString is read as Latin-1, which is what everybody wrote. */
static int
character_size(unsigned tag)
{
    switch (tag) {
    case NUMERIC_STRING:
    case PRINTABLE_STRING:
    case IA5_STRING:
    case VISIBLE_STRING:
    case UTF8_STRING:
        return 0;
    case TELETEX_STRING:
        return 1;
    case BMP_STRING:
        return 2;
    case UNIVERSAL_STRING:
        return 4;
    default:
        return -1;
    }
}

/* Takes the next character of a string off its front and writes it as UTF-8; 0 when there
 * is none: then out has the byte that is in the way. */
static size_t
next_character(btls_span *s, size_t size, uint8_t out[4])
{
    size_t n;
    out[0] = s->p[0];
    if (size == 0) {
        n = size = utf8_size(*s);
        memcpy(out, s->p, n);
    } else {
        uint32_t c = 0;
        for (size_t i = 0; i < size && i < s->n; i++)
            c = c << 8 | s->p[i];
        n = s->n < size ? 0 : utf8(c, out);
    }
    size_t taken = n == 0 ? 1 : size;
    s->p += taken;
    s->n -= taken;
    return n;
}

/* RFC 4514, 2.4: what has to be escaped is; control characters, also those of Latin-1,
 * are too, so that nothing steers a terminal. */
static void
put_character(struct text *t, const uint8_t *c, size_t n, int at_edge)
{
    int is_control = n == 0 || (n == 1 && (c[0] < 0x20 || c[0] == 0x7F)) ||
                     (n == 2 && c[0] == 0xC2 && c[1] < 0xA0);
    for (size_t i = 0; is_control && i < (n == 0 ? 1 : n); i++) {
        put(t, "\\", 1);
        put_hex(t, (btls_span){ c + i, 1 });
    }
    if (is_control)
        return;
    if (n == 1 && (strchr(",+\"\\<>;", c[0]) != NULL || at_edge))
        put(t, "\\", 1);
    put(t, (const char *)c, n);
}

static void
put_value(struct text *t, const btls_dn_attribute *a, int escaping)
{
    int size = character_size(a->tag);
    uint8_t c[4];
    if (size < 0) {
        put(t, "#", 1);
        put_hex(t, a->whole);
        return;
    }
    for (btls_span rest = a->value; rest.n > 0;) {
        int first = rest.p == a->value.p;
        size_t n = next_character(&rest, (size_t)size, c);
        int at_edge = (c[0] == ' ' && (first || rest.n == 0)) || (c[0] == '#' && first);
        if (escaping)
            put_character(t, c, n, at_edge);
        else
            put(t, n == 0 ? "?" : (const char *)c, n == 0 ? 1 : n);
    }
}

size_t
btls_dn_value(const btls_dn_attribute *attribute, char *out, size_t size)
{
    struct text t = { out, size, 0 };
    put_value(&t, attribute, 0);
    return end(&t);
}

/* A value whose type has no name is written as DER (RFC 4514, 2.4). */
static void
put_attribute(struct text *t, const btls_dn_attribute *a)
{
    char oid[128];
    const char *name = btls_oid_attribute_name(a->type);
    if (name != NULL) {
        put_string(t, name);
        put(t, "=", 1);
        put_value(t, a, 1);
        return;
    }
    btls_oid_text(a->type, oid, sizeof oid);
    put_string(t, oid);
    put(t, "=#", 2);
    put_hex(t, a->whole);
}

static void
put_set(struct text *t, btls_span set)
{
    btls_dn_cursor r = { { NULL, 0, 0 }, btls_reader_of(set), 1 };
    btls_dn_attribute a;
    for (int first = 1; btls_dn_next(&r, &a); first = 0) {
        if (!first)
            put(t, "+", 1);
        put_attribute(t, &a);
    }
}

size_t
btls_dn_text(btls_span name, char *out, size_t size)
{
    struct text t = { out, size, 0 };
    btls_span sets[SETS];
    size_t n = 0;
    btls_reader r = btls_reader_of(name);
    btls_reader sequence = btls_der_enter(&r, BTLS_DER_SEQUENCE);
    while (btls_read_more(&sequence))
        sets[n++ % SETS] = btls_der_read(&sequence, BTLS_DER_SET);
    for (size_t i = n; i > 0 && i + SETS > n; i--) {
        if (i < n)
            put(&t, ",", 1);
        put_set(&t, sets[(i - 1) % SETS]);
    }
    return end(&t);
}

size_t
btls_dn_common_name(btls_span name, char *out, size_t size)
{
    btls_dn_cursor r = btls_dn_begin(name);
    btls_dn_attribute a;
    while (btls_dn_next(&r, &a)) {
        if (btls_span_equal(a.type, btls_oid_common_name))
            return btls_dn_value(&a, out, size);
    }
    if (size > 0)
        out[0] = '\0';
    return 0;
}
