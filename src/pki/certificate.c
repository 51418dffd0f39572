/* certificate.c -- reads one X.509 certificate (RFC 5280, 4.1) into a view of its own
 * bytes. */
#include "pki/certificate.h"

#include <string.h>

#include "pki/der.h"
#include "pki/dn.h"
#include "pki/spki.h"

/* Extensions: 2.5.29.n */
enum {
    EXT_KEY_USAGE = 15,
    EXT_SAN = 17,
    EXT_BASIC_CONSTRAINTS = 19,
    EXT_EXTENDED_KEY_USAGE = 37
};

static const uint8_t ext_prefix[] = { 0x55, 0x1D };
static const uint8_t eku_prefix[] = {
    0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03
}; /* id-kp */
static const uint8_t eku_any[] = { 0x55, 0x1D, 0x25, 0x00 };

/* Bit i of the BIT STRING becomes bit i of the result. Trailing zero bits may not be
 * there (X.690, 11.2.2). */
static void
read_key_usage(btls_certificate *c, btls_reader *r)
{
    btls_span bits = btls_der_read(r, BTLS_DER_BIT_STRING);
    if (bits.n < 2 || bits.n > 3 || bits.p[0] > 7) {
        r->bad = 1;
        return;
    }
    c->has_key_usage = 1;
    for (size_t i = 0; i < (bits.n - 1) * 8; i++) {
        if (bits.p[1 + i / 8] & (0x80 >> i % 8))
            c->key_usage |= 1u << i;
    }
}

static void
read_basic_constraints(btls_certificate *c, btls_reader *r)
{
    btls_reader s = btls_der_enter(r, BTLS_DER_SEQUENCE);
    if (btls_der_next(&s) == BTLS_DER_BOOLEAN)
        c->is_ca = btls_der_read_boolean(&s);
    if (btls_der_next(&s) == BTLS_DER_INTEGER)
        c->path_length = (int)btls_der_read_small(&s);
    if (!btls_read_end(&s))
        r->bad = 1;
}

static void
read_extended_key_usage(btls_certificate *c, btls_reader *r)
{
    btls_reader s = btls_der_enter(r, BTLS_DER_SEQUENCE);
    c->has_extended_key_usage = 1;
    while (btls_read_more(&s)) {
        btls_span oid = btls_der_read(&s, BTLS_DER_OID);
        int kp = oid.n == sizeof eku_prefix + 1 &&
                 memcmp(oid.p, eku_prefix, sizeof eku_prefix) == 0;
        if (kp && oid.p[oid.n - 1] == 1)
            c->extended_key_usage |= BTLS_EKU_SERVER_AUTH;
        else if (kp && oid.p[oid.n - 1] == 2)
            c->extended_key_usage |= BTLS_EKU_CLIENT_AUTH;
        else if (BTLS_OID_IS(oid, eku_any))
            c->extended_key_usage |= BTLS_EKU_ANY;
        else
            c->extended_key_usage |= BTLS_EKU_OTHER;
    }
    r->bad |= s.bad;
}

static void
read_extension(btls_certificate *c, btls_reader *extensions)
{
    btls_reader ext = btls_der_enter(extensions, BTLS_DER_SEQUENCE);
    btls_span oid = btls_der_read(&ext, BTLS_DER_OID);
    if (btls_der_next(&ext) == BTLS_DER_BOOLEAN)
        btls_der_read_boolean(&ext);
    btls_reader value = btls_der_enter(&ext, BTLS_DER_OCTET_STRING);
    if (!btls_read_end(&ext)) {
        extensions->bad = 1;
        return;
    }
    if (oid.n != sizeof ext_prefix + 1 ||
        memcmp(oid.p, ext_prefix, sizeof ext_prefix) != 0)
        return;
    switch (oid.p[2]) {
    case EXT_KEY_USAGE:
        read_key_usage(c, &value);
        break;
    case EXT_BASIC_CONSTRAINTS:
        read_basic_constraints(c, &value);
        break;
    case EXT_EXTENDED_KEY_USAGE:
        read_extended_key_usage(c, &value);
        break;
    case EXT_SAN:
        c->san = btls_der_read(&value, BTLS_DER_SEQUENCE);
        break;
    default:
        return;
    }
    if (!btls_read_end(&value))
        extensions->bad = 1;
}

/* TBSCertificate, in the order of RFC 5280, 4.1. */
static void
read_tbs(btls_certificate *c, btls_reader *tbs)
{
    c->version = 1;
    if (btls_der_next(tbs) == BTLS_DER_CONTEXT(0)) {
        btls_reader v = btls_der_enter(tbs, BTLS_DER_CONTEXT(0));
        c->version = (int)btls_der_read_small(&v) + 1;
        tbs->bad |= !btls_read_end(&v) || c->version > 3;
    }
    c->serial = btls_der_read(tbs, BTLS_DER_INTEGER);
    btls_der_read(tbs, BTLS_DER_SEQUENCE); /* signature, again */
    c->issuer = btls_der_read_whole(tbs, BTLS_DER_SEQUENCE);
    btls_reader validity = btls_der_enter(tbs, BTLS_DER_SEQUENCE);
    c->not_before = btls_der_read_time(&validity);
    c->not_after = btls_der_read_time(&validity);
    tbs->bad |= !btls_read_end(&validity);
    c->subject = btls_der_read_whole(tbs, BTLS_DER_SEQUENCE);
    c->spki = btls_der_read_whole(tbs, BTLS_DER_SEQUENCE);
    for (unsigned n = 1; n <= 2; n++) { /* unique identifiers, which nobody uses */
        if (btls_der_next(tbs) == BTLS_DER_CONTEXT_PRIMITIVE(n))
            btls_der_read(tbs, BTLS_DER_CONTEXT_PRIMITIVE(n));
    }
    if (btls_der_next(tbs) != BTLS_DER_CONTEXT(3))
        return;
    btls_reader wrapped = btls_der_enter(tbs, BTLS_DER_CONTEXT(3));
    btls_reader extensions = btls_der_enter(&wrapped, BTLS_DER_SEQUENCE);
    while (btls_read_more(&extensions))
        read_extension(c, &extensions);
    tbs->bad |= extensions.bad || !btls_read_end(&wrapped);
}

int
btls_certificate_parse(btls_certificate *c, btls_span der, btls_error *e)
{
    memset(c, 0, sizeof *c);
    c->der = der;
    c->path_length = -1;
    btls_reader file = btls_reader_of(der);
    btls_reader cert = btls_der_enter(&file, BTLS_DER_SEQUENCE);
    btls_reader tbs = btls_der_enter(&cert, BTLS_DER_SEQUENCE);
    read_tbs(c, &tbs);
    btls_reader algorithm = btls_der_enter(&cert, BTLS_DER_SEQUENCE);
    c->signature_oid = btls_der_read(&algorithm, BTLS_DER_OID);
    btls_der_read_octets(&cert);
    if (btls_read_end(&tbs) && !algorithm.bad && btls_read_end(&cert) &&
        btls_read_end(&file))
        return 0;
    return btls_error_set(e, "certificate_malformed", 42,
                          "this is not a well-formed certificate");
}

int
btls_certificate_public_key(const btls_certificate *c, btls_public_key *key,
                            btls_error *e)
{
    return btls_spki_parse(c->spki, key, e);
}

void
btls_certificate_spki_sha256(const btls_certificate *c, uint8_t out[32])
{
    br_sha256_context h;
    br_sha256_init(&h);
    br_sha256_update(&h, c->spki.p, c->spki.n);
    br_sha256_out(&h, out);
}

void
btls_certificate_subject(const btls_certificate *c, char *out, size_t size)
{
    btls_dn_text(c->subject, out, size);
}
