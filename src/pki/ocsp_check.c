/* ocsp_check.c -- does an OCSP response say that a certificate is good? (RFC 6960, 3.2,
 * 4.2.2.2) */
#include <string.h>

#include "core/date.h"
#include "crypto/hash.h"
#include "pki/der.h"
#include "pki/dn_compare.h"
#include "pki/ocsp.h"
#include "pki/revocation.h"
#include "pki/signature.h"

#define BAD_CERTIFICATE_STATUS_RESPONSE 113
/* How far clocks may be apart, in seconds. */
#define SKEW 300
/* For how long a response counts that does not say when there will be another. */
#define DAY 86400
/* Certificates of responders that are looked at. */
#define RESPONDERS 4

/* What a check is about. */
struct subject {
    const btls_ocsp *response;
    const btls_certificate *certificate, *issuer;
    const btls_public_key *issuer_key;
    int64_t now;
};

static int
fail(btls_error *e, const char *code, const char *what)
{
    return btls_error_set(e, code, BAD_CERTIFICATE_STATUS_RESPONSE,
                          "came with an OCSP response that %s", what);
}

/* The bits of subjectPublicKey, as hashes of keys want them (4.1.1). */
static btls_span
key_bits(const btls_certificate *c)
{
    btls_reader r = btls_reader_of(c->spki);
    btls_reader spki = btls_der_enter(&r, BTLS_DER_SEQUENCE);
    btls_der_read(&spki, BTLS_DER_SEQUENCE);
    return btls_der_read_octets(&spki);
}

static int
is_hash_of(int hash, btls_span expected, btls_span bytes)
{
    uint8_t out[BTLS_HASH_MAX];
    size_t n = btls_hash(hash, &bytes, 1, out);
    return n > 0 && btls_span_equal(expected, (btls_span){ out, n });
}

/* ---- the answer ---- */

static int
is_about(const struct subject *s, const btls_ocsp_answer *a)
{
    return btls_span_equal(a->serial, s->certificate->serial) &&
           is_hash_of(a->hash, a->issuer_name_hash, s->certificate->issuer) &&
           is_hash_of(a->hash, a->issuer_key_hash, key_bits(s->issuer));
}

/* The newest answer about the certificate. 1, or 0. */
static int
find_answer(const struct subject *s, btls_ocsp_answer *found)
{
    btls_reader r = btls_reader_of(s->response->answers);
    int have = 0;
    while (btls_read_more(&r)) {
        btls_ocsp_answer a = btls_ocsp_read_answer(&r);
        if (!is_about(s, &a) || (have && a.this_update <= found->this_update))
            continue;
        *found = a;
        have = 1;
    }
    return have;
}

static int
check_time(const struct subject *s, const btls_ocsp_answer *a, btls_error *e)
{
    char date[BTLS_DATE_TEXT];
    int64_t until = a->next_update;
    if (s->now == INT64_MIN)
        return 0;
    if (a->this_update > s->now + SKEW) {
        fail(e, "certificate_ocsp_not_yet_valid", "is from the future");
        btls_error_hint(e, "is this clock right?");
        return -1;
    }
    if (until == INT64_MAX)
        until = a->this_update + DAY;
    if (until + SKEW >= s->now)
        return 0;
    btls_date_text(until, date);
    btls_error_set(e, "certificate_ocsp_expired", BAD_CERTIFICATE_STATUS_RESPONSE,
                   "came with an OCSP response that was of use until %s", date);
    btls_error_hint(e, "its server has to fetch a new one, unless this clock is wrong");
    return -1;
}

/* ---- the responder ---- */

/* Is it the one that the response names? */
static int
is_responder(const btls_ocsp *o, const btls_certificate *c)
{
    if (o->responder_name.p != NULL)
        return btls_dn_equal(o->responder_name, c->subject);
    return is_hash_of(br_sha1_ID, o->responder_key, key_bits(c));
}

static int
has_signed(const btls_ocsp *o, const btls_public_key *key)
{
    return btls_revocation_trusts(&o->algorithm) &&
           btls_signature_verify(&o->algorithm, key, o->tbs, o->signature);
}

/* 4.2.2.2: issued by the certificate's own issuer, with id-kp-OCSPSigning. */
static int
is_authorised(const struct subject *s, const btls_certificate *c)
{
    btls_signature_algorithm a;
    int timely =
        s->now == INT64_MIN || (c->not_before <= s->now && s->now <= c->not_after);
    return timely && c->unknown_critical.p == NULL &&
           (c->extended_key_usage & BTLS_EKU_OCSP_SIGNING) != 0 &&
           (!c->has_key_usage || (c->key_usage & BTLS_KU_DIGITAL_SIGNATURE)) &&
           btls_dn_equal(c->issuer, s->issuer->subject) &&
           btls_signature_algorithm_parse(c->algorithm, &a) &&
           btls_revocation_trusts(&a) &&
           btls_signature_verify(&a, s->issuer_key, c->tbs, c->signature);
}

static int
check_responder(const struct subject *s, btls_error *e)
{
    const btls_ocsp *o = s->response;
    if (is_responder(o, s->issuer) && has_signed(o, s->issuer_key))
        return 0;
    btls_reader r = btls_reader_of(o->certificates);
    for (int i = 0; i < RESPONDERS && btls_read_more(&r); i++) {
        btls_certificate c;
        btls_public_key key;
        btls_error unused;
        btls_span der = btls_der_read_whole(&r, BTLS_DER_SEQUENCE);
        if (btls_certificate_parse(&c, der, &unused) == 0 && is_responder(o, &c) &&
            is_authorised(s, &c) && btls_certificate_public_key(&c, &key, &unused) == 0 &&
            has_signed(o, &key))
            return 0;
    }
    return fail(e, "certificate_ocsp_untrusted",
                "neither its issuer nor anybody authorised by it has signed");
}

int
btls_ocsp_check(btls_span response, const btls_certificate *certificate,
                const btls_certificate *issuer, const btls_public_key *issuer_key,
                int64_t now, btls_error *e)
{
    btls_ocsp o;
    btls_ocsp_answer a;
    struct subject s = { &o, certificate, issuer, issuer_key, now };
    if (btls_ocsp_parse(&o, response, e) != 0)
        return -1;
    if (o.status != BTLS_OCSP_SUCCESSFUL)
        return 0;
    if (!find_answer(&s, &a))
        return fail(e, "certificate_ocsp_mismatch", "is about others");
    if (o.unknown_critical || a.unknown_critical)
        return fail(e, "certificate_ocsp_untrusted",
                    "has a critical extension that is not understood");
    if (check_responder(&s, e) != 0)
        return -1;
    if (a.state == BTLS_OCSP_REVOKED)
        return btls_revocation_error(&a.revoked, "an OCSP response", e);
    if (check_time(&s, &a, e) != 0)
        return -1;
    if (a.state == BTLS_OCSP_GOOD)
        return 1;
    return fail(e, "certificate_ocsp_unknown", "says that its issuer does not know it");
}
