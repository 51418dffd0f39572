/* oid.c -- object identifiers in words. */
#include "pki/oid.h"

#include <string.h>

#define DIGITS 60

/* ---- dotted form ---- */

struct arc {
    uint8_t digits[DIGITS]; /* decimal, the last one first */
    size_t n;
    int too_large;
};

/* arc * 128 + low */
static void
arc_add(struct arc *a, unsigned low)
{
    unsigned carry = low;
    for (size_t i = 0; i < a->n || carry > 0; i++) {
        if (i == DIGITS) {
            a->too_large = 1;
            return;
        }
        if (i == a->n)
            a->digits[a->n++] = 0;
        unsigned v = a->digits[i] * 128u + carry;
        a->digits[i] = (uint8_t)(v % 10);
        carry = v / 10;
    }
}

/* The first arc holds two: 40 * root + next, with a root of at most 2. Takes the root out
 * and returns it. */
static unsigned
arc_root(struct arc *a)
{
    unsigned root = 0;
    while (root < 2 && !a->too_large) {
        /* Is it below 40? Then it is what follows the root. */
        if (a->n < 2 || (a->n == 2 && a->digits[1] < 4))
            break;
        unsigned tens = 4;
        for (size_t i = 1; tens > 0; i++) {
            unsigned borrow = a->digits[i] < tens;
            a->digits[i] = (uint8_t)(a->digits[i] + 10 * borrow - tens);
            tens = borrow;
        }
        while (a->n > 1 && a->digits[a->n - 1] == 0)
            a->n--;
        root++;
    }
    return root;
}

static void
put(char *out, size_t size, size_t *n, char c)
{
    if (*n + 1 < size)
        out[*n] = c;
    ++*n;
}

static void
put_arc(char *out, size_t size, size_t *n, const struct arc *a)
{
    if (a->too_large) {
        put(out, size, n, '?');
        return;
    }
    if (a->n == 0)
        put(out, size, n, '0');
    for (size_t i = a->n; i > 0; i--)
        put(out, size, n, (char)('0' + a->digits[i - 1]));
}

size_t
btls_oid_text(btls_span oid, char *out, size_t size)
{
    struct arc a = { { 0 }, 0, 0 };
    size_t n = 0;
    int first = 1;
    for (size_t i = 0; i < oid.n; i++) {
        if (!a.too_large)
            arc_add(&a, oid.p[i] & 0x7F);
        if (oid.p[i] & 0x80)
            continue;
        if (first)
            put(out, size, &n, (char)('0' + arc_root(&a)));
        put(out, size, &n, '.');
        put_arc(out, size, &n, &a);
        first = 0;
        a = (struct arc){ { 0 }, 0, 0 };
    }
    if (size > 0)
        out[n < size ? n : size - 1] = '\0';
    return n;
}

/* ---- names ---- */

struct oid_name {
    uint8_t size;
    uint8_t oid[11];
    const char *name;
};

static const char *
find(const struct oid_name *names, size_t count, btls_span oid)
{
    for (size_t i = 0; i < count; i++) {
        if (btls_span_equal(oid, (btls_span){ names[i].oid, names[i].size }))
            return names[i].name;
    }
    return NULL;
}

#define FIND(names, oid) find(names, sizeof names / sizeof names[0], oid)

const char *
btls_oid_attribute_name(btls_span oid)
{
#define AT(n)         \
    3,                \
    {                 \
        0x55, 0x04, n \
    }
#define PILOT(n)                                                \
    10,                                                         \
    {                                                           \
        0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 0x01, n \
    }
#define JURISDICTION(n)                                               \
    11,                                                               \
    {                                                                 \
        0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x3C, 0x02, 0x01, n \
    }
    static const struct oid_name names[] = {
        { AT(3), "CN" },
        { AT(4), "SN" },
        { AT(5), "serialNumber" },
        { AT(6), "C" },
        { AT(7), "L" },
        { AT(8), "ST" },
        { AT(9), "STREET" },
        { AT(10), "O" },
        { AT(11), "OU" },
        { AT(12), "title" },
        { AT(15), "businessCategory" },
        { AT(17), "postalCode" },
        { AT(42), "GN" },
        { AT(97), "organizationIdentifier" },
        { PILOT(1), "UID" },
        { PILOT(25), "DC" },
        { 9, { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x01 }, "emailAddress" },
        { JURISDICTION(1), "jurisdictionL" },
        { JURISDICTION(2), "jurisdictionST" },
        { JURISDICTION(3), "jurisdictionC" },
    };
    return FIND(names, oid);
}

/* 1.3.6.1.5.5.7.n.m */
#define PKIX(n, m)                                   \
    8,                                               \
    {                                                \
        0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, (n), (m) \
    }

const char *
btls_oid_usage_name(btls_span oid)
{
    static const struct oid_name names[] = {
        { PKIX(3, 1), "serverAuth" },
        { PKIX(3, 2), "clientAuth" },
        { PKIX(3, 3), "codeSigning" },
        { PKIX(3, 4), "emailProtection" },
        { PKIX(3, 8), "timeStamping" },
        { PKIX(3, 9), "OCSPSigning" },
        { 4, { 0x55, 0x1D, 0x25, 0x00 }, "anyExtendedKeyUsage" },
    };
    return FIND(names, oid);
}

const char *
btls_oid_extension_name(btls_span oid)
{
#define CE(n)         \
    3,                \
    {                 \
        0x55, 0x1D, n \
    }
    static const struct oid_name names[] = {
        { CE(14), "subjectKeyIdentifier" },
        { CE(15), "keyUsage" },
        { CE(17), "subjectAltName" },
        { CE(18), "issuerAltName" },
        { CE(19), "basicConstraints" },
        { CE(20), "cRLNumber" },
        { CE(21), "reasonCode" },
        { CE(27), "deltaCRLIndicator" },
        { CE(28), "issuingDistributionPoint" },
        { CE(30), "nameConstraints" },
        { CE(31), "cRLDistributionPoints" },
        { CE(32), "certificatePolicies" },
        { CE(33), "policyMappings" },
        { CE(35), "authorityKeyIdentifier" },
        { CE(36), "policyConstraints" },
        { CE(37), "extKeyUsage" },
        { CE(46), "freshestCRL" },
        { CE(54), "inhibitAnyPolicy" },
        { PKIX(1, 1), "authorityInfoAccess" },
        { PKIX(1, 11), "subjectInfoAccess" },
        { PKIX(1, 24), "tlsfeature" },
        { 9, { 0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x05 }, "ocspNoCheck" },
        { 10,
          { 0x2B, 0x06, 0x01, 0x04, 0x01, 0xD6, 0x79, 0x02, 0x04, 0x02 },
          "signedCertificateTimestampList" },
    };
    return FIND(names, oid);
}
