/* extension.c -- reads the extensions of a certificate. */
#include "pki/extension.h"

#include <string.h>

#include "pki/der.h"
#include "pki/general_name.h"

/* No real certificate has half as many. Bounds the search for those that are there twice.
 */
#define EXTENSIONS_MAX 64

static const uint8_t eku_prefix[] = {
    0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03
}; /* id-kp */
static const uint8_t eku_any[] = { 0x55, 0x1D, 0x25, 0x00 };

/* RFC 5280, 4.2.1.1: the issuer's name and the serial number come together. */
static void
read_authority_key_id(btls_certificate *c, btls_reader *r)
{
    btls_reader s = btls_der_enter(r, BTLS_DER_SEQUENCE);
    if (btls_der_next(&s) == BTLS_DER_CONTEXT_PRIMITIVE(0))
        c->authority_key_id = btls_der_read(&s, BTLS_DER_CONTEXT_PRIMITIVE(0));
    if (btls_der_next(&s) == BTLS_DER_CONTEXT(1)) {
        c->authority_issuer = btls_general_names_read(&s, BTLS_DER_CONTEXT(1), 0);
        c->authority_serial = btls_der_read(&s, BTLS_DER_CONTEXT_PRIMITIVE(2));
    }
    r->bad |= !btls_read_end(&s);
}

static void
read_subject_key_id(btls_certificate *c, btls_reader *r)
{
    c->subject_key_id = btls_der_read(r, BTLS_DER_OCTET_STRING);
    r->bad |= c->subject_key_id.n == 0;
}

/* Bit i of the BIT STRING becomes bit i of the result. At least one is set. Zero bits at
 * the end should not be there (X.690, 11.2.2), but trusted roots have them. */
static void
read_key_usage(btls_certificate *c, btls_reader *r)
{
    btls_span bits = btls_der_read(r, BTLS_DER_BIT_STRING);
    if (bits.n < 2 || bits.n > 3 || bits.p[0] > 7) {
        r->bad = 1;
        return;
    }
    r->bad |= (bits.p[bits.n - 1] & ((1u << bits.p[0]) - 1)) != 0;
    c->has_key_usage = 1;
    for (size_t i = 0; i < (bits.n - 1) * 8; i++) {
        if (bits.p[1 + i / 8] & (0x80 >> i % 8))
            c->key_usage |= 1u << i;
    }
    r->bad |= c->key_usage == 0;
}

/* DER writes no cA that is FALSE, which is the default. */
static void
read_basic_constraints(btls_certificate *c, btls_reader *r)
{
    btls_reader s = btls_der_enter(r, BTLS_DER_SEQUENCE);
    if (btls_der_next(&s) == BTLS_DER_BOOLEAN) {
        c->is_ca = btls_der_read_boolean(&s);
        s.bad |= !c->is_ca;
    }
    if (btls_der_next(&s) == BTLS_DER_INTEGER)
        c->path_length = (int)btls_der_read_small(&s);
    r->bad |= !btls_read_end(&s);
}

static unsigned
extended_key_usage(btls_span oid)
{
    if (BTLS_OID_IS(oid, eku_any))
        return BTLS_EKU_ANY;
    if (oid.n != sizeof eku_prefix + 1 ||
        memcmp(oid.p, eku_prefix, sizeof eku_prefix) != 0)
        return BTLS_EKU_OTHER;
    switch (oid.p[oid.n - 1]) {
    case 1:
        return BTLS_EKU_SERVER_AUTH;
    case 2:
        return BTLS_EKU_CLIENT_AUTH;
    case 9:
        return BTLS_EKU_OCSP_SIGNING;
    default:
        return BTLS_EKU_OTHER;
    }
}

static void
read_extended_key_usage(btls_certificate *c, btls_reader *r)
{
    btls_reader s = btls_der_enter(r, BTLS_DER_SEQUENCE);
    c->has_extended_key_usage = 1;
    c->extended_key_usages = (btls_span){ s.p, s.left };
    s.bad |= s.left == 0;
    while (btls_read_more(&s))
        c->extended_key_usage |= extended_key_usage(btls_der_read_oid(&s));
    r->bad |= s.bad;
}

static void
read_san(btls_certificate *c, btls_reader *r)
{
    c->san = btls_general_names_read(r, BTLS_DER_SEQUENCE, 1);
}

/* RFC 5280, 4.2.1.10. Of minimum and maximum, which the profile does not use, a minimum
 * of 0 is the default and not written. */
static btls_span
read_subtrees(btls_reader *r, unsigned tag)
{
    btls_span contents = btls_der_read(r, tag);
    btls_reader subtrees = btls_reader_of(contents);
    r->bad |= contents.n == 0;
    while (btls_read_more(&subtrees)) {
        btls_reader subtree = btls_der_enter(&subtrees, BTLS_DER_SEQUENCE);
        btls_general_name_read(&subtree);
        subtrees.bad |= !btls_read_end(&subtree);
    }
    r->bad |= subtrees.bad;
    return contents;
}

static void
read_name_constraints(btls_certificate *c, btls_reader *r)
{
    btls_reader s = btls_der_enter(r, BTLS_DER_SEQUENCE);
    s.bad |= s.left == 0;
    if (btls_der_next(&s) == BTLS_DER_CONTEXT(0))
        c->permitted = read_subtrees(&s, BTLS_DER_CONTEXT(0));
    if (btls_der_next(&s) == BTLS_DER_CONTEXT(1))
        c->excluded = read_subtrees(&s, BTLS_DER_CONTEXT(1));
    r->bad |= !btls_read_end(&s);
}

/* A list of sequences that each begin with an OID: policies (with qualifiers, which are
 * for people), policy mappings (with another OID). */
static btls_span
read_policies(btls_reader *r, int are_pairs)
{
    btls_span contents = btls_der_read(r, BTLS_DER_SEQUENCE);
    btls_reader list = btls_reader_of(contents);
    r->bad |= contents.n == 0;
    while (btls_read_more(&list)) {
        btls_reader policy = btls_der_enter(&list, BTLS_DER_SEQUENCE);
        btls_der_read_oid(&policy);
        if (are_pairs)
            btls_der_read_oid(&policy);
        else if (btls_read_more(&policy))
            policy.bad |= btls_der_read(&policy, BTLS_DER_SEQUENCE).n == 0;
        list.bad |= !btls_read_end(&policy);
    }
    r->bad |= list.bad;
    return contents;
}

static void
read_certificate_policies(btls_certificate *c, btls_reader *r)
{
    c->policies = read_policies(r, 0);
}

static void
read_policy_mappings(btls_certificate *c, btls_reader *r)
{
    c->policy_mappings = read_policies(r, 1);
}

/* [n] IMPLICIT INTEGER (0..MAX), optional. */
static int
read_skip_certs(btls_reader *r, unsigned n)
{
    if (btls_der_next(r) != BTLS_DER_CONTEXT_PRIMITIVE(n))
        return -1;
    btls_span v = btls_der_read(r, BTLS_DER_CONTEXT_PRIMITIVE(n));
    if (v.n == 1 && v.p[0] < 0x80)
        return v.p[0];
    /* More than any path is long, if it is a number at all. */
    r->bad |= v.n == 0 || v.p[0] >= 0x80 || (v.p[0] == 0 && v.p[1] < 0x80);
    return 0x80;
}

static void
read_policy_constraints(btls_certificate *c, btls_reader *r)
{
    btls_reader s = btls_der_enter(r, BTLS_DER_SEQUENCE);
    s.bad |= s.left == 0;
    c->require_explicit_policy = read_skip_certs(&s, 0);
    c->inhibit_policy_mapping = read_skip_certs(&s, 1);
    r->bad |= !btls_read_end(&s);
}

static void
read_inhibit_any_policy(btls_certificate *c, btls_reader *r)
{
    c->inhibit_any_policy = (int)btls_der_read_small(r);
}

static void
read_crl_distribution(btls_certificate *c, btls_reader *r)
{
    c->crl_distribution = btls_der_read(r, BTLS_DER_SEQUENCE);
    btls_reader points = btls_reader_of(c->crl_distribution);
    points.bad |= points.left == 0;
    while (btls_read_more(&points)) {
        btls_reader point = btls_der_enter(&points, BTLS_DER_SEQUENCE);
        for (unsigned n = 0; n < 3; n++) { /* distributionPoint, reasons, cRLIssuer */
            unsigned tag = n == 1 ? BTLS_DER_CONTEXT_PRIMITIVE(n) : BTLS_DER_CONTEXT(n);
            if (btls_der_next(&point) == tag)
                btls_der_read(&point, tag);
        }
        points.bad |= !btls_read_end(&point);
    }
    r->bad |= points.bad;
}

static void
read_authority_info(btls_certificate *c, btls_reader *r)
{
    c->authority_info = btls_der_read(r, BTLS_DER_SEQUENCE);
    btls_reader list = btls_reader_of(c->authority_info);
    list.bad |= list.left == 0;
    while (btls_read_more(&list)) {
        btls_reader description = btls_der_enter(&list, BTLS_DER_SEQUENCE);
        btls_der_read_oid(&description);
        btls_general_name_read(&description);
        list.bad |= !btls_read_end(&description);
    }
    r->bad |= list.bad;
}

static void
read_tls_feature(btls_certificate *c, btls_reader *r)
{
    c->tls_features = btls_der_read(r, BTLS_DER_SEQUENCE);
    btls_reader list = btls_reader_of(c->tls_features);
    while (btls_read_more(&list))
        btls_der_read_unsigned(&list);
    r->bad |= list.bad;
}

static void
read_null(btls_certificate *c, btls_reader *r)
{
    (void)c;
    r->bad |= btls_der_read(r, BTLS_DER_NULL).n != 0;
}

#define ID_CE(n)      \
    3,                \
    {                 \
        0x55, 0x1D, n \
    }
#define ID_PE(n)                                    \
    8,                                              \
    {                                               \
        0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, n \
    }

static const struct known {
    unsigned bit;
    void (*read)(btls_certificate *c, btls_reader *value);
    uint8_t size;
    uint8_t oid[9];
} known[] = {
    { BTLS_EXT_SUBJECT_KEY_ID, read_subject_key_id, ID_CE(14) },
    { BTLS_EXT_KEY_USAGE, read_key_usage, ID_CE(15) },
    { BTLS_EXT_SAN, read_san, ID_CE(17) },
    { BTLS_EXT_BASIC_CONSTRAINTS, read_basic_constraints, ID_CE(19) },
    { BTLS_EXT_NAME_CONSTRAINTS, read_name_constraints, ID_CE(30) },
    { BTLS_EXT_CRL_DISTRIBUTION, read_crl_distribution, ID_CE(31) },
    { BTLS_EXT_POLICIES, read_certificate_policies, ID_CE(32) },
    { BTLS_EXT_POLICY_MAPPINGS, read_policy_mappings, ID_CE(33) },
    { BTLS_EXT_AUTHORITY_KEY_ID, read_authority_key_id, ID_CE(35) },
    { BTLS_EXT_POLICY_CONSTRAINTS, read_policy_constraints, ID_CE(36) },
    { BTLS_EXT_EXTENDED_KEY_USAGE, read_extended_key_usage, ID_CE(37) },
    { BTLS_EXT_INHIBIT_ANY_POLICY, read_inhibit_any_policy, ID_CE(54) },
    { BTLS_EXT_AUTHORITY_INFO, read_authority_info, ID_PE(1) },
    { BTLS_EXT_TLS_FEATURE, read_tls_feature, ID_PE(24) },
    { BTLS_EXT_OCSP_NO_CHECK,
      read_null,
      9,
      { 0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x05 } },
};

static const struct known *
find(btls_span oid)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (btls_span_equal(oid, (btls_span){ known[i].oid, known[i].size }))
            return &known[i];
    }
    return NULL;
}

/* One Extension; returns its OID. */
static btls_span
read_extension(btls_certificate *c, btls_reader *extensions)
{
    int critical = 0;
    btls_reader ext = btls_der_enter(extensions, BTLS_DER_SEQUENCE);
    btls_span oid = btls_der_read_oid(&ext);
    if (btls_der_next(&ext) == BTLS_DER_BOOLEAN) {
        critical = btls_der_read_boolean(&ext);
        ext.bad |= !critical; /* the default */
    }
    btls_reader value = btls_der_enter(&ext, BTLS_DER_OCTET_STRING);
    const struct known *k = find(oid);
    extensions->bad |= !btls_read_end(&ext);
    if (extensions->bad)
        return oid;
    if (k == NULL) {
        if (critical && c->unknown_critical.p == NULL)
            c->unknown_critical = oid;
        return oid;
    }
    c->extensions |= k->bit;
    c->critical |= critical ? k->bit : 0;
    k->read(c, &value);
    extensions->bad |= !btls_read_end(&value);
    return oid;
}

void
btls_extensions_read(btls_certificate *c, btls_reader *r)
{
    btls_span seen[EXTENSIONS_MAX];
    size_t n = 0;
    c->extension_list = (btls_span){ r->p, r->left };
    r->bad |= r->left == 0;
    while (btls_read_more(r)) {
        btls_span oid = read_extension(c, r);
        for (size_t i = 0; i < n; i++)
            r->bad |= btls_span_equal(seen[i], oid);
        if (n == EXTENSIONS_MAX)
            r->bad = 1;
        else
            seen[n++] = oid;
        if (r->bad)
            c->malformed_extension = oid;
    }
}
