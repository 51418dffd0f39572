/* verify_report.c -- says why a chain is not believed: whose certificate, what is wrong
 * with it, what to do. */
#include <stdio.h>
#include <string.h>

#include "core/date.h"
#include "pki/dn.h"
#include "pki/name.h"
#include "pki/name_constraints.h"
#include "pki/oid.h"
#include "pki/path.h"
#include "pki/signature.h"

#define WHO 200
#define SUBJECT 120

#define BAD_CERTIFICATE 42
#define UNSUPPORTED_CERTIFICATE 43
#define CERTIFICATE_REVOKED 44
#define CERTIFICATE_EXPIRED 45
#define UNKNOWN_CA 48

typedef struct {
    const btls_path_search *s;
    const btls_fault *fault;
    const btls_certificate *c; /* the one at fault */
    const char *whose;         /* "server" or "client" */
    char who[WHO];             /* "the server's certificate (CN=a)" */
    btls_error *e;
} report;

static const btls_certificate *
certificate_at(const btls_path_search *s, size_t i)
{
    return &s->closest_path[i]->c;
}

/* "the server's certificate (CN=localhost)" or, further up, "the CA certificate (CN=X), 1
 * above the server's,". */
static void
describe(const btls_path_search *s, size_t i, const char *whose, char out[WHO])
{
    char subject[SUBJECT];
    btls_certificate_subject(certificate_at(s, i), subject, sizeof subject);
    if (i == 0)
        snprintf(out, WHO, "the %s's certificate (%s)", whose, subject);
    else
        snprintf(out, WHO, "the CA certificate (%s), %u above the %s's,", subject,
                 (unsigned)i, whose);
}

static void
say(const report *r, const char *code, int alert, const char *what)
{
    btls_error_set(r->e, code, alert, "%s %s", r->who, what);
}

static void
report_time(const report *r)
{
    char date[BTLS_DATE_TEXT], what[80];
    int early = r->fault->kind == BTLS_FAULT_NOT_YET_VALID;
    btls_date_text(early ? r->c->not_before : r->c->not_after, date);
    snprintf(what, sizeof what, early ? "is valid only from %s" : "expired on %s", date);
    say(r, early ? "certificate_not_yet_valid" : "certificate_expired",
        CERTIFICATE_EXPIRED, what);
    btls_date_text(r->s->policy->now, date);
    btls_error_hint(
        r->e, "it is %s here: %s", date,
        early ? "is this clock right?"
        : r->s->closest_path[r->fault->at]->is_anchor
            ? "the trusted certificates are too old, unless this clock is wrong"
            : "the certificate has to be renewed, unless this clock is wrong");
}

static void
report_critical(const report *r)
{
    char oid[64], what[128];
    btls_oid_text(r->fault->detail, oid, sizeof oid);
    snprintf(what, sizeof what, "has a critical extension (%s) that is not understood",
             oid);
    say(r, "certificate_critical_extension", UNSUPPORTED_CERTIFICATE, what);
    btls_error_hint(r->e,
                    "whoever marks an extension as critical wants those who do not know "
                    "it to refuse the certificate");
}

static void
report_rule(const report *r)
{
    say(r, "certificate_nonconforming", BAD_CERTIFICATE, r->fault->text);
    btls_error_hint(r->e, "RFC 5280 does not allow that: it has to be issued anew");
}

static void
report_weak_key(const report *r)
{
    char what[80];
    snprintf(what, sizeof what, "has an RSA key of %d bits, fewer than 2048",
             r->fault->number);
    say(r, "certificate_weak_key", BAD_CERTIFICATE, what);
    btls_error_hint(r->e, "it has to be issued anew, for a larger key or one on a curve");
}

static void
report_unsupported_key(const report *r)
{
    btls_public_key key;
    btls_error why;
    say(r, "certificate_unsupported_key", UNSUPPORTED_CERTIFICATE,
        "has a key that cannot be used here");
    if (btls_certificate_public_key(r->c, &key, &why) != 0)
        btls_error_hint(r->e, "%s", why.message);
    else
        btls_error_hint(r->e, "its RSA exponent has more than 64 bits");
}

static void
report_algorithm(const report *r)
{
    char what[128];
    const char *name = btls_signature_algorithm_name(r->c->signature_oid);
    int weak = r->fault->kind == BTLS_FAULT_WEAK_SIGNATURE;
    snprintf(what, sizeof what, "is signed with %s, which %s",
             name != NULL ? name : "an algorithm",
             weak ? "is too weak" : "is not understood here");
    say(r, weak ? "certificate_weak_signature" : "certificate_unsupported",
        weak ? BAD_CERTIFICATE : UNSUPPORTED_CERTIFICATE, what);
    btls_error_hint(r->e, "it has to be issued anew, signed with SHA-256 or better");
}

static void
report_not_ca(const report *r)
{
    int has_bit = r->fault->kind == BTLS_FAULT_NO_CERT_SIGN;
    say(r, "certificate_not_ca", UNKNOWN_CA,
        has_bit ? "issued a certificate, but its key usage does not allow that"
                : "issued a certificate, but is no CA");
    btls_error_hint(r->e, "%s",
                    has_bit ? "a CA's keyUsage has keyCertSign"
                            : "a CA has basicConstraints that say so (CA:TRUE)");
}

static void
report_usage(const report *r)
{
    int server = r->s->policy->usage == BTLS_USAGE_SERVER;
    const char *lacks = server ? "serverAuth" : "clientAuth";
    if (r->fault->at == 0)
        say(r, "certificate_wrong_usage", UNSUPPORTED_CERTIFICATE,
            server ? "may not be used by servers" : "may not be used by clients");
    else
        say(r, "certificate_wrong_usage", UNSUPPORTED_CERTIFICATE,
            server ? "may not issue certificates for servers"
                   : "may not issue certificates for clients");
    btls_error_hint(r->e, "its extended key usage lacks %s", lacks);
}

static void
report_key_usage(const report *r)
{
    say(r, "certificate_wrong_usage", UNSUPPORTED_CERTIFICATE,
        "has a key that may neither sign nor decipher");
    btls_error_hint(r->e, "its key usage lacks digitalSignature");
}

static void
report_path_length(const report *r)
{
    char what[96];
    snprintf(what, sizeof what, "allows %d CA%s below it, and there are more",
             r->fault->number, r->fault->number == 1 ? "" : "s");
    say(r, "certificate_path_too_long", BAD_CERTIFICATE, what);
    btls_error_hint(r->e, "that is the path length in its basic constraints");
}

static void
report_name_constraint(const report *r)
{
    char name[160], what[256], ca[SUBJECT];
    btls_name_text(&r->fault->name, name, sizeof name);
    if (r->fault->constraint == BTLS_CONSTRAINT_MALFORMED) {
        snprintf(what, sizeof what, "has a name constraint that is none: '%s'", name);
        say(r, "certificate_nonconforming", BAD_CERTIFICATE, what);
        btls_error_hint(r->e, "RFC 5280, 4.2.1.10 says how they are written");
        return;
    }
    btls_certificate_subject(certificate_at(r->s, r->fault->by), ca, sizeof ca);
    btls_error_set(r->e, "certificate_name_constraint", BAD_CERTIFICATE,
                   "%s is for %s, which '%s' above it %s", r->who,
                   name[0] != '\0' ? name : "a name of another kind", ca,
                   r->fault->constraint == BTLS_CONSTRAINT_EXCLUDED ? "excludes"
                   : r->fault->constraint == BTLS_CONSTRAINT_UNKNOWN_FORM
                       ? "constrains in a way that is not understood"
                       : "does not permit");
    btls_error_hint(r->e,
                    "that CA may certify other names only: its name constraints say so");
}

static void
report_policy(const report *r)
{
    say(r, "certificate_policy", BAD_CERTIFICATE,
        "has none of the certificate policies that a CA above it requires");
    btls_error_hint(r->e, "a CA above it has policy constraints (RFC 5280, 4.2.1.11)");
}

static void
report_revoked(const report *r)
{
    *r->e = r->s->revocation;
    say(r, r->s->revocation.code, r->s->revocation.alert, r->s->revocation.message);
    btls_error_hint(r->e, "%s", r->s->revocation.hint);
}

static void
report_malformed(const report *r)
{
    btls_error_set(r->e, "certificate_malformed", BAD_CERTIFICATE,
                   "%s has no issuer that is known, and certificate %d that the %s sent "
                   "is not well-formed",
                   r->who, r->fault->number + 1, r->whose);
    btls_error_hint(r->e, "that one may be the issuer");
}

/* The common name if there is one: what people call a CA. */
static void
issuer_text(const btls_certificate *c, char out[SUBJECT])
{
    if (btls_dn_common_name(c->issuer, out, SUBJECT) == 0)
        btls_dn_text(c->issuer, out, SUBJECT);
}

static void
report_no_issuer(const report *r)
{
    char issuer[SUBJECT];
    issuer_text(r->c, issuer);
    btls_error_set(r->e, "certificate_untrusted", UNKNOWN_CA,
                   "%s was issued by '%s', which is not trusted", r->who, issuer);
    if (btls_trust_names(r->s->policy->trust, r->c->issuer))
        btls_error_hint(
            r->e, "a CA of that name is trusted, but it has another key: perhaps it "
                  "was made anew, and the option trust needs the new certificate");
    else if (r->fault->at == 0)
        btls_error_hint(r->e,
                        "either '%s' is a root that the option trust should hold, or the "
                        "%s did not send its intermediate: ask for '%s'",
                        issuer, r->whose, issuer);
    else
        btls_error_hint(r->e,
                        "either '%s' is a root that the option trust should hold, or an "
                        "intermediate that the %s should have sent with its certificate",
                        issuer, r->whose);
}

static void
report_root(const report *r)
{
    say(r, "certificate_untrusted", UNKNOWN_CA, "is self-signed and not trusted");
    if (btls_trust_names(r->s->policy->trust, r->c->issuer))
        btls_error_hint(r->e, "one of that name is trusted, but it is another one");
    else
        btls_error_hint(r->e,
                        "if it is meant to be believed, give it with the option trust");
}

static void
report_signature(const report *r)
{
    char issuer[SUBJECT];
    issuer_text(r->c, issuer);
    btls_error_set(r->e, "certificate_bad_signature", BAD_CERTIFICATE,
                   "%s has a signature that '%s' did not make", r->who, issuer);
    btls_error_hint(r->e, "either it was changed, or there is another CA of that name");
}

static void
report_depth(const report *r)
{
    btls_error_set(r->e, "certificate_path_too_long", BAD_CERTIFICATE,
                   "the path from %s to a trusted one is longer than %d certificates",
                   r->who, BTLS_PATH_MAX);
    btls_error_hint(r->e, "trust one of the CAs between");
}

static void
report_complexity(const report *r)
{
    btls_error_set(r->e, "certificate_too_complex", BAD_CERTIFICATE,
                   "the %s's certificates take more work to judge than they are worth",
                   r->whose);
    btls_error_hint(r->e, "too many issuers of one name, or too many names and "
                          "constraints on them");
}

static void (*const reports[])(const report *) = {
    [BTLS_FAULT_EXPIRED] = report_time,
    [BTLS_FAULT_NOT_YET_VALID] = report_time,
    [BTLS_FAULT_CRITICAL_EXTENSION] = report_critical,
    [BTLS_FAULT_RULE] = report_rule,
    [BTLS_FAULT_WEAK_KEY] = report_weak_key,
    [BTLS_FAULT_UNSUPPORTED_KEY] = report_unsupported_key,
    [BTLS_FAULT_WEAK_SIGNATURE] = report_algorithm,
    [BTLS_FAULT_UNSUPPORTED_SIGNATURE] = report_algorithm,
    [BTLS_FAULT_NOT_CA] = report_not_ca,
    [BTLS_FAULT_NO_CERT_SIGN] = report_not_ca,
    [BTLS_FAULT_WRONG_USAGE] = report_usage,
    [BTLS_FAULT_KEY_USAGE] = report_key_usage,
    [BTLS_FAULT_PATH_LENGTH] = report_path_length,
    [BTLS_FAULT_NAME_CONSTRAINT] = report_name_constraint,
    [BTLS_FAULT_POLICY] = report_policy,
    [BTLS_FAULT_REVOKED] = report_revoked,
    [BTLS_FAULT_MALFORMED] = report_malformed,
    [BTLS_FAULT_NO_ISSUER] = report_no_issuer,
    [BTLS_FAULT_UNTRUSTED_ROOT] = report_root,
    [BTLS_FAULT_BAD_SIGNATURE] = report_signature,
    [BTLS_FAULT_TOO_DEEP] = report_depth,
    [BTLS_FAULT_TOO_COMPLEX] = report_complexity,
};

static void
copy_path(const btls_path_search *s, btls_path *path)
{
    path->count = s->closest_length < BTLS_PATH_MAX ? s->closest_length : BTLS_PATH_MAX;
    for (size_t i = 0; i < path->count; i++)
        path->at[i] = s->closest_path[i]->number;
}

int
btls_path_report(const btls_path_search *s, btls_path *path, btls_error *e)
{
    report r = { s,
                 &s->closest,
                 certificate_at(s, s->closest.at),
                 s->policy->usage == BTLS_USAGE_SERVER ? "server" : "client",
                 "",
                 e };
    describe(s, s->closest.at, r.whose, r.who);
    reports[s->closest.kind](&r);
    e->position = (int)s->closest.at;
    copy_path(s, path);
    return -1;
}
