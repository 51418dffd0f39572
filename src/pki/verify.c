/* verify.c -- the one place that decides whether a peer's certificate chain is believed.
 * The signatures along the path are checked by BearSSL's validator; names, time, usage,
 * pins and what is said about it are ours. */
#include "pki/verify.h"

#include <stdio.h>
#include <string.h>

#include "pki/certificate.h"
#include "pki/dn.h"
#include "pki/name.h"

#define MIN_RSA_BYTES 256
#define SECONDS_A_DAY 86400
/* Day 0 of BearSSL's calendar is 0000-01-01. */
#define DAYS_BEFORE_1970 719528

#define BAD_CERTIFICATE 42
#define UNSUPPORTED_CERTIFICATE 43
#define CERTIFICATE_EXPIRED 45
#define UNKNOWN_CA 48

/* The path through the chain as it was sent: certificates 0..last, each issued by the
 * next. */
struct path {
    const btls_verify_policy *policy;
    const btls_chain *chain;
    btls_certificate certs[BTLS_CHAIN_CERTIFICATES];
    size_t last;
    btls_error *e;
};

/* "the server's certificate (CN=localhost)" or, further up, "the certificate of CN=X, 1
 * above the server's,". */
static void
describe(const struct path *p, size_t i, char out[200])
{
    char subject[120];
    const char *whose = p->policy->usage == BTLS_USAGE_SERVER ? "server" : "client";
    btls_certificate_subject(&p->certs[i], subject, sizeof subject);
    if (i == 0)
        snprintf(out, 200, "the %s's certificate (%s)", whose, subject);
    else
        snprintf(out, 200, "the CA certificate (%s), %zu above the %s's,", subject, i,
                 whose);
}

static int
fail(struct path *p, size_t i, const char *code, int alert, const char *what)
{
    char who[200];
    describe(p, i, who);
    btls_error_set(p->e, code, alert, "%s %s", who, what);
    p->e->position = (int)i;
    return -1;
}

static int
read_chain(struct path *p)
{
    for (size_t i = 0; i < p->chain->count; i++) {
        if (btls_certificate_parse(&p->certs[i], btls_chain_at(p->chain, i), p->e) != 0) {
            p->e->position = (int)i;
            return -1;
        }
        if (i > 0 && p->last == i - 1 &&
            btls_span_equal(p->certs[i - 1].issuer, p->certs[i].subject) &&
            !btls_trust_names(p->policy->trust, p->certs[i - 1].issuer))
            p->last = i;
    }
    return 0;
}

static void
date_text(int64_t t, char out[48])
{
    /* From days since 1970 to a date, by the rule of the Gregorian calendar, years
     * beginning in March. */
    int64_t z = t / SECONDS_A_DAY - (t % SECONDS_A_DAY < 0) + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    unsigned doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    unsigned month = mp < 10 ? mp + 3 : mp - 9;
    snprintf(out, 48, "%lld-%02u-%02u", (long long)(yoe + era * 400 + (month <= 2)),
             month, doy - (153 * mp + 2) / 5 + 1);
}

static int
check_time(struct path *p)
{
    char date[48], what[80];
    if (p->policy->insecure & BTLS_INSECURE_NO_TIME)
        return 0;
    for (size_t i = 0; i <= p->last; i++) {
        int early = p->policy->now < p->certs[i].not_before;
        if (!early && p->policy->now <= p->certs[i].not_after)
            continue;
        date_text(early ? p->certs[i].not_before : p->certs[i].not_after, date);
        snprintf(what, sizeof what, early ? "is valid only from %s" : "expired on %s",
                 date);
        fail(p, i, early ? "certificate_not_yet_valid" : "certificate_expired",
             CERTIFICATE_EXPIRED, what);
        date_text(p->policy->now, date);
        btls_error_hint(
            p->e, "it is %s here: %s", date,
            early ? "is this clock right?"
                  : "the certificate has to be renewed, unless this clock is wrong");
        return -1;
    }
    return 0;
}

/* A moment at which everything on the path is valid: now, or, when time does not matter,
 * the latest beginning. */
static int64_t
moment(const struct path *p)
{
    int64_t t = p->certs[0].not_before;
    if (!(p->policy->insecure & BTLS_INSECURE_NO_TIME))
        return p->policy->now;
    for (size_t i = 1; i <= p->last; i++) {
        if (p->certs[i].not_before > t)
            t = p->certs[i].not_before;
    }
    return t;
}

static unsigned
run_bearssl(const struct path *p)
{
    static const br_hash_class *const hashes[] = { &br_sha224_vtable, &br_sha256_vtable,
                                                   &br_sha384_vtable, &br_sha512_vtable };
    const btls_trust *trust = p->policy->trust;
    br_x509_minimal_context x;
    int64_t t = moment(p);
    size_t count;
    const br_x509_trust_anchor *anchors = btls_trust_anchors(trust, &count);
    br_x509_minimal_init(&x, &br_sha256_vtable, anchors, count);
    for (int i = 0; i < 4; i++)
        br_x509_minimal_set_hash(&x, br_sha224_ID + i, hashes[i]);
    br_x509_minimal_set_rsa(&x, br_rsa_pkcs1_vrfy_get_default());
    br_x509_minimal_set_ecdsa(&x, br_ec_get_default(), br_ecdsa_vrfy_asn1_get_default());
    br_x509_minimal_set_minrsa(&x, MIN_RSA_BYTES);
    br_x509_minimal_set_time(&x, (uint32_t)(t / SECONDS_A_DAY + DAYS_BEFORE_1970),
                             (uint32_t)(t % SECONDS_A_DAY));
    const br_x509_class **v = &x.vtable;
    (*v)->start_chain(v, NULL);
    for (size_t i = 0; i < p->chain->count; i++) {
        btls_span der = btls_chain_at(p->chain, i);
        (*v)->start_cert(v, (uint32_t)der.n);
        (*v)->append(v, der.p, der.n);
        (*v)->end_cert(v);
    }
    return (*v)->end_chain(v);
}

/* The path ends at an issuer that we do not know: why may that be? */
static int
fail_untrusted(struct path *p)
{
    char issuer[160], who[200];
    const btls_certificate *top = &p->certs[p->last];
    const char *whose = p->policy->usage == BTLS_USAGE_SERVER ? "server" : "client";
    btls_dn_text(top->issuer, issuer, sizeof issuer);
    describe(p, p->last, who);
    if (btls_span_equal(top->issuer, top->subject)) {
        btls_error_set(p->e, "certificate_untrusted", UNKNOWN_CA,
                       "%s is self-signed and not trusted", who);
        btls_error_hint(p->e,
                        "if it is meant to be believed, give it with the option trust");
    } else {
        btls_error_set(p->e, "certificate_untrusted", UNKNOWN_CA,
                       "%s was issued by '%s', which is not trusted", who, issuer);
        btls_error_hint(
            p->e,
            "either '%s' is an intermediate that the %s should have sent with its "
            "certificate, or it is a root that the option trust should hold",
            issuer, whose);
    }
    p->e->position = (int)p->last;
    return -1;
}

static int
fail_path(struct path *p, unsigned err)
{
    size_t top = p->last;
    switch (err) {
    case BR_ERR_X509_NOT_TRUSTED:
    case BR_ERR_X509_DN_MISMATCH:
        return fail_untrusted(p);
    case BR_ERR_X509_EXPIRED:
        return fail(p, top, "certificate_expired", CERTIFICATE_EXPIRED,
                    "is at no moment valid together with the others");
    case BR_ERR_X509_BAD_SIGNATURE:
        return fail(
            p, top > 0 ? top - 1 : 0, "certificate_bad_signature", BAD_CERTIFICATE,
            "or another of its chain has a signature that its issuer did not make");
    case BR_ERR_X509_NOT_CA:
        return fail(p, top, "certificate_not_ca", UNKNOWN_CA,
                    "or another of its chain issued a certificate that it may not issue");
    case BR_ERR_X509_CRITICAL_EXTENSION:
        return fail(
            p, 0, "certificate_unsupported", UNSUPPORTED_CERTIFICATE,
            "or another of its chain has a critical extension that is not understood");
    case BR_ERR_X509_UNSUPPORTED:
    case BR_ERR_X509_LIMIT_EXCEEDED:
        return fail(p, 0, "certificate_unsupported", UNSUPPORTED_CERTIFICATE,
                    "or another of its chain uses an algorithm that is not believed");
    case BR_ERR_X509_WEAK_PUBLIC_KEY:
        return fail(p, 0, "certificate_weak_key", BAD_CERTIFICATE,
                    "or another of its chain has an RSA key of less than 2048 bits");
    case BR_ERR_X509_FORBIDDEN_KEY_USAGE:
        return fail(p, top, "certificate_wrong_usage", UNSUPPORTED_CERTIFICATE,
                    "or another of its chain has a key that may not be used for this");
    default:
        return fail(p, 0, "certificate_malformed", BAD_CERTIFICATE,
                    "or another of its chain is malformed");
    }
}

static int
check_usage(struct path *p)
{
    const btls_certificate *leaf = &p->certs[0];
    int server = p->policy->usage == BTLS_USAGE_SERVER;
    unsigned wanted =
        BTLS_EKU_ANY | (server ? BTLS_EKU_SERVER_AUTH : BTLS_EKU_CLIENT_AUTH);
    if (!leaf->has_extended_key_usage || (leaf->extended_key_usage & wanted))
        return 0;
    fail(p, 0, "certificate_wrong_usage", UNSUPPORTED_CERTIFICATE,
         server ? "may not be used by servers" : "may not be used by clients");
    btls_error_hint(p->e, "its extended key usage lacks %s",
                    server ? "serverAuth" : "clientAuth");
    return -1;
}

static int
check_name(struct path *p)
{
    const char *name = p->policy->server_name;
    char names[200];
    if (name == NULL || (p->policy->insecure & BTLS_INSECURE_NO_NAME) ||
        btls_name_matches(&p->certs[0], name))
        return 0;
    btls_name_list(&p->certs[0], names, sizeof names);
    if (names[0] != '\0')
        btls_error_set(p->e, "certificate_name_mismatch", BAD_CERTIFICATE,
                       "the server's certificate is for %s, not for %s", names, name);
    else
        btls_error_set(
            p->e, "certificate_name_mismatch", BAD_CERTIFICATE,
            "the server's certificate names no host at all, so it is not for %s", name);
    btls_error_hint(
        p->e, "%s",
        names[0] != '\0'
            ? "connect by a name of the certificate, or give that as the server name"
            : "it needs a subjectAltName: the common name has not counted for years");
    p->e->position = 0;
    return -1;
}

static int
check_pins(struct path *p)
{
    uint8_t hash[32];
    if (p->policy->pin_count == 0)
        return 0;
    btls_certificate_spki_sha256(&p->certs[0], hash);
    for (size_t i = 0; i < p->policy->pin_count; i++) {
        if (memcmp(p->policy->pins[i], hash, sizeof hash) == 0)
            return 0;
    }
    fail(p, 0, "certificate_pin_mismatch", BAD_CERTIFICATE,
         "has none of the pinned public keys");
    btls_error_hint(p->e, "either its key was changed, or somebody is in between");
    return -1;
}

/* A leaf that was itself given as trust needs no path. */
static int
check_path(struct path *p)
{
    if (btls_trust_has(p->policy->trust, p->certs[0].der)) {
        p->last = 0;
        return check_time(p);
    }
    if (check_time(p) != 0)
        return -1;
    unsigned err = run_bearssl(p);
    return err == 0 ? 0 : fail_path(p, err);
}

int
btls_verify(const btls_verify_policy *policy, const btls_chain *chain, btls_error *e)
{
    struct path p;
    memset(&p, 0, sizeof p);
    p.policy = policy;
    p.chain = chain;
    p.e = e;
    if (chain->count == 0)
        return btls_error_set(
            e, "certificate_missing", BAD_CERTIFICATE, "%s sent no certificate",
            policy->usage == BTLS_USAGE_SERVER ? "the server" : "the client");
    if (read_chain(&p) != 0)
        return -1;
    if (!(policy->insecure & BTLS_INSECURE_NO_VERIFY) &&
        (check_path(&p) != 0 || check_usage(&p) != 0 || check_name(&p) != 0))
        return -1;
    return check_pins(&p);
}
