/* dn.c -- distinguished names in words (RFC 4514). */
#include "pki/dn.h"

#include <stdio.h>
#include <string.h>

#include "pki/der.h"

/* Deeper names are cut: no real one comes near. */
#define RDNS 32

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
put_hex(struct text *t, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char two[3];
        snprintf(two, sizeof two, "%02X", p[i]);
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

/* RFC 4514, 3, and the one that certificates still have: attribute types 2.5.4.n, and
 * others by their OID. */
static const char *
type_name(btls_span oid)
{
    static const struct {
        uint8_t n;
        const char *name;
    } types[] = { { 3, "CN" }, { 5, "serialNumber" }, { 6, "C" },
                  { 7, "L" },  { 8, "ST" },           { 9, "STREET" },
                  { 10, "O" }, { 11, "OU" },          { 97, "organizationIdentifier" } };
    static const uint8_t dc[] = { 0x09, 0x92, 0x26, 0x89, 0x93,
                                  0xF2, 0x2C, 0x64, 0x01, 0x19 };
    static const uint8_t uid[] = { 0x09, 0x92, 0x26, 0x89, 0x93,
                                   0xF2, 0x2C, 0x64, 0x01, 0x01 };
    static const uint8_t email[] = {
        0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x01
    };
    for (size_t i = 0; oid.n == 3 && i < sizeof types / sizeof types[0]; i++) {
        if (oid.p[0] == 0x55 && oid.p[1] == 0x04 && oid.p[2] == types[i].n)
            return types[i].name;
    }
    if (BTLS_OID_IS(oid, dc))
        return "DC";
    if (BTLS_OID_IS(oid, uid))
        return "UID";
    return BTLS_OID_IS(oid, email) ? "emailAddress" : NULL;
}

/* An OID in dotted form (X.690, 8.19). */
static void
put_oid(struct text *t, btls_span oid)
{
    unsigned long arc = 0;
    char text[32];
    for (size_t i = 0, first = 1; i < oid.n; i++) {
        arc = arc << 7 | (oid.p[i] & 0x7F);
        if (oid.p[i] & 0x80)
            continue;
        if (first) {
            unsigned long root = arc < 80 ? arc / 40 : 2;
            snprintf(text, sizeof text, "%lu.%lu", root, arc - 40 * root);
        } else {
            snprintf(text, sizeof text, ".%lu", arc);
        }
        put_string(t, text);
        first = 0;
        arc = 0;
    }
}

static int
is_text(unsigned tag)
{
    return tag == 0x0C || tag == 0x13 || tag == 0x14 || tag == 0x16 || tag == 0x12;
}

/* RFC 4514, 2.4: what has to be escaped is. */
static void
put_value(struct text *t, unsigned tag, btls_span value)
{
    if (!is_text(tag)) {
        put(t, "#", 1);
        put_hex(t, value.p, value.n);
        return;
    }
    for (size_t i = 0; i < value.n; i++) {
        uint8_t c = value.p[i];
        if (c < 0x20 || c == 0x7F) {
            put(t, "\\", 1);
            put_hex(t, &c, 1);
            continue;
        }
        if (strchr(",+\"\\<>;", c) != NULL || (c == '#' && i == 0) ||
            (c == ' ' && (i == 0 || i + 1 == value.n)))
            put(t, "\\", 1);
        put(t, (const char *)&c, 1);
    }
}

static void
put_rdn(struct text *t, btls_span set)
{
    btls_reader r = btls_reader_of(set);
    int first = 1;
    while (btls_read_more(&r)) {
        btls_reader pair = btls_der_enter(&r, BTLS_DER_SEQUENCE);
        btls_span oid = btls_der_read(&pair, BTLS_DER_OID);
        unsigned tag;
        btls_span value = btls_der_read_any(&pair, &tag);
        const char *name = type_name(oid);
        if (pair.bad)
            return;
        if (!first)
            put(t, "+", 1);
        first = 0;
        if (name != NULL)
            put_string(t, name);
        else
            put_oid(t, oid);
        put(t, "=", 1);
        put_value(t, tag, value);
    }
}

size_t
btls_dn_text(btls_span name, char *out, size_t size)
{
    struct text t = { out, size, 0 };
    btls_span rdns[RDNS];
    size_t n = 0;
    btls_reader r = btls_reader_of(name);
    btls_reader sequence = btls_der_enter(&r, BTLS_DER_SEQUENCE);
    while (btls_read_more(&sequence) && n < RDNS)
        rdns[n++] = btls_der_read(&sequence, BTLS_DER_SET);
    while (n > 0) {
        put_rdn(&t, rdns[--n]);
        if (n > 0)
            put(&t, ",", 1);
    }
    return end(&t);
}

size_t
btls_dn_common_name(btls_span name, char *out, size_t size)
{
    static const uint8_t cn[] = { 0x55, 0x04, 0x03 };
    struct text t = { out, size, 0 };
    btls_reader r = btls_reader_of(name);
    btls_reader sequence = btls_der_enter(&r, BTLS_DER_SEQUENCE);
    while (btls_read_more(&sequence) && t.n == 0) {
        btls_reader set = btls_der_enter(&sequence, BTLS_DER_SET);
        while (btls_read_more(&set)) {
            btls_reader pair = btls_der_enter(&set, BTLS_DER_SEQUENCE);
            btls_span oid = btls_der_read(&pair, BTLS_DER_OID);
            unsigned tag;
            btls_span value = btls_der_read_any(&pair, &tag);
            if (!pair.bad && BTLS_OID_IS(oid, cn))
                put(&t, (const char *)value.p, value.n);
        }
    }
    return end(&t);
}
