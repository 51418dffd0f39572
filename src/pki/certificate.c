/* certificate.c -- reads one X.509 certificate (RFC 5280, 4.1) into a view of its own
 * bytes. */
#include "pki/certificate.h"

#include <string.h>

#include "pki/der.h"
#include "pki/dn.h"
#include "pki/extension.h"
#include "pki/oid.h"
#include "pki/spki.h"

#define STATUS_REQUEST 5 /* TLS's number of the extension (RFC 6066, 1.1) */

/* INTEGER, as short as can be, not negative and at most 20 bytes long (RFC
 * 5280, 4.1.2.2). Zero is not allowed there either, but old roots have it. */
static btls_span
read_serial(btls_reader *r)
{
    btls_reader again = *r;
    btls_span serial = btls_der_read(r, BTLS_DER_INTEGER);
    btls_der_read_unsigned(&again);
    r->bad |= again.bad || serial.n > 20;
    return serial;
}

/* Years up to 2049 as GeneralizedTime break a rule for CAs, but trusted roots have them.
 */
static void
read_validity(btls_certificate *c, btls_reader *tbs)
{
    btls_reader validity = btls_der_enter(tbs, BTLS_DER_SEQUENCE);
    c->not_before = btls_der_read_time(&validity);
    c->not_after = btls_der_read_time(&validity);
    tbs->bad |= !btls_read_end(&validity);
}

/* Unique identifiers, which nobody uses, and extensions: what later versions brought. */
static void
read_later(btls_certificate *c, btls_reader *tbs)
{
    for (unsigned n = 1; n <= 2; n++) {
        if (btls_der_next(tbs) != BTLS_DER_CONTEXT_PRIMITIVE(n))
            continue;
        btls_der_read(tbs, BTLS_DER_CONTEXT_PRIMITIVE(n));
        tbs->bad |= c->version < 2;
    }
    if (btls_der_next(tbs) != BTLS_DER_CONTEXT(3))
        return;
    btls_reader wrapped = btls_der_enter(tbs, BTLS_DER_CONTEXT(3));
    btls_reader extensions = btls_der_enter(&wrapped, BTLS_DER_SEQUENCE);
    btls_extensions_read(c, &extensions);
    tbs->bad |= extensions.bad || !btls_read_end(&wrapped) || c->version < 3;
}

/* TBSCertificate, in the order of RFC 5280, 4.1. */
static void
read_tbs(btls_certificate *c, btls_reader *tbs)
{
    c->version = 1;
    if (btls_der_next(tbs) == BTLS_DER_CONTEXT(0)) {
        btls_reader v = btls_der_enter(tbs, BTLS_DER_CONTEXT(0));
        c->version = (int)btls_der_read_small(&v) + 1;
        tbs->bad |= !btls_read_end(&v) || c->version < 2 || c->version > 3;
    }
    c->serial = read_serial(tbs);
    c->algorithm = btls_der_read(tbs, BTLS_DER_SEQUENCE);
    c->issuer = btls_dn_read(tbs);
    read_validity(c, tbs);
    c->subject = btls_dn_read(tbs);
    c->spki = btls_der_read_whole(tbs, BTLS_DER_SEQUENCE);
    read_later(c, tbs);
}

static void
read_signature(btls_certificate *c, btls_reader *cert)
{
    btls_span algorithm = btls_der_read(cert, BTLS_DER_SEQUENCE);
    btls_reader r = btls_reader_of(algorithm);
    unsigned tag;
    c->signature_oid = btls_der_read_oid(&r);
    if (btls_read_more(&r))
        btls_der_read_any(&r, &tag);
    c->signature = btls_der_read_octets(cert);
    cert->bad |= !btls_read_end(&r) || !btls_span_equal(algorithm, c->algorithm);
}

static void
clear(btls_certificate *c, btls_span der)
{
    memset(c, 0, sizeof *c);
    c->der = der;
    c->path_length = -1;
    c->require_explicit_policy = -1;
    c->inhibit_policy_mapping = -1;
    c->inhibit_any_policy = -1;
}

static int
malformed(const btls_certificate *c, btls_error *e)
{
    char oid[64];
    btls_oid_text(c->malformed_extension, oid, sizeof oid);
    if (c->malformed_extension.n > 0)
        return btls_error_set(
            e, "certificate_malformed", 42,
            "this is not a well-formed certificate: its extension %s is "
            "malformed or there twice",
            oid);
    return btls_error_set(e, "certificate_malformed", 42,
                          "this is not a well-formed certificate");
}

int
btls_certificate_parse(btls_certificate *c, btls_span der, btls_error *e)
{
    clear(c, der);
    btls_reader file = btls_reader_of(der);
    btls_reader cert = btls_der_enter(&file, BTLS_DER_SEQUENCE);
    c->tbs = btls_der_read_whole(&cert, BTLS_DER_SEQUENCE);
    btls_reader whole = btls_reader_of(c->tbs);
    btls_reader tbs = btls_der_enter(&whole, BTLS_DER_SEQUENCE);
    read_tbs(c, &tbs);
    read_signature(c, &cert);
    if (btls_read_end(&tbs) && btls_read_end(&cert) && btls_read_end(&file))
        return 0;
    return malformed(c, e);
}

int
btls_certificate_has(const btls_certificate *c, unsigned mask)
{
    return (c->extensions & mask) == mask;
}

int
btls_certificate_must_staple(const btls_certificate *c)
{
    btls_reader r = btls_reader_of(c->tls_features);
    int found = 0;
    while (btls_read_more(&r))
        found |= btls_der_read_small(&r) == STATUS_REQUEST;
    return found && !r.bad;
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
