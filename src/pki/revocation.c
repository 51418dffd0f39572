/* revocation.c -- has its issuer taken a certificate back? (RFC 5280, 6.3; RFC 6960) */
#include "pki/revocation.h"

#include <stddef.h>

#include "core/date.h"
#include "pki/dn.h"
#include "pki/dn_compare.h"
#include "pki/ocsp.h"

#define CERTIFICATE_REVOKED 44
#define CERTIFICATE_UNKNOWN 46
#define BAD_CERTIFICATE_STATUS_RESPONSE 113
/* How far clocks may be apart, in seconds. */
#define SKEW 300

int
btls_revocation_trusts(const btls_signature_algorithm *a)
{
    return a->kind == BTLS_SIGNATURE_ED25519 ||
           (a->kind != 0 && a->hash != br_md5_ID && a->hash != br_sha1_ID);
}

int
btls_revocation_error(const btls_revoked *r, const char *source, btls_error *e)
{
    char date[BTLS_DATE_TEXT];
    const char *reason = r->reason == 0 ? NULL : btls_crl_reason_name(r->reason);
    btls_date_text(r->date, date);
    if (reason != NULL)
        btls_error_set(e, "certificate_revoked", CERTIFICATE_REVOKED,
                       "was revoked on %s: %s", date, reason);
    else
        btls_error_set(e, "certificate_revoked", CERTIFICATE_REVOKED, "was revoked on %s",
                       date);
    btls_error_hint(e, "%s says so; its owner needs a new certificate", source);
    return -1;
}

/* What the lists of one issuer come to. */
struct finding {
    int is_current; /* a list of now speaks for the certificate */
    int is_forged;  /* a list is not signed by the issuer's key */
    int is_early;   /* a list is from the future */
    int is_late;    /* a list is out of date since `until` */
    int64_t until;
};

/* Another key of the issuer has signed it, says the list itself. */
static int
is_of_other_key(const btls_crl *crl, const btls_certificate *issuer)
{
    return crl->authority_key_id.p != NULL && issuer->subject_key_id.p != NULL &&
           !btls_span_equal(crl->authority_key_id, issuer->subject_key_id);
}

/* Puts what list i says into *f; 1 when it says that the certificate is revoked. */
static int
ask_list(const btls_revocation_policy *policy, size_t i, const btls_certificate *c,
         const btls_certificate *issuer, const btls_public_key *issuer_key, int64_t now,
         struct finding *f, btls_revoked *revoked)
{
    const btls_crl *crl = btls_crls_at(policy->crls, i);
    if (is_of_other_key(crl, issuer))
        return 0;
    if (!btls_revocation_trusts(&crl->algorithm) ||
        (issuer->has_key_usage && !(issuer->key_usage & BTLS_KU_CRL_SIGN)) ||
        !btls_crls_signed_by(policy->crls, i, issuer_key, issuer->spki)) {
        f->is_forged = 1;
        return 0;
    }
    if (btls_crls_find(policy->crls, i, c->serial, revoked))
        return 1;
    if (!btls_crl_covers(crl, c))
        return 0;
    if (policy->may_be_late)
        f->is_current = 1;
    else if (crl->this_update > now + SKEW)
        f->is_early = 1;
    else if (crl->next_update >= now)
        f->is_current = 1;
    else {
        f->is_late = 1;
        if (crl->next_update > f->until)
            f->until = crl->next_update;
    }
    return 0;
}

/* Why nobody has said that it is in order. */
static int
fail(const struct finding *f, const btls_certificate *c, btls_error *e)
{
    char issuer[160], date[BTLS_DATE_TEXT];
    btls_dn_text(c->issuer, issuer, sizeof issuer);
    if (f->is_late) {
        btls_date_text(f->until, date);
        btls_error_set(e, "certificate_crl_expired", CERTIFICATE_UNKNOWN,
                       "may have been revoked: the revocation list of its issuer is out "
                       "of date since %s",
                       date);
        btls_error_hint(e, "fetch a new list of '%s'", issuer);
    } else if (f->is_early) {
        btls_error_set(e, "certificate_crl_not_yet_valid", CERTIFICATE_UNKNOWN,
                       "may have been revoked: the revocation list of its issuer is "
                       "from the future");
        btls_error_hint(e, "is this clock right?");
    } else if (f->is_forged) {
        btls_error_set(e, "certificate_crl_untrusted", CERTIFICATE_UNKNOWN,
                       "may have been revoked: its issuer has not signed the revocation "
                       "list that bears its name");
        btls_error_hint(e,
                        "the list of '%s' was changed, or is signed with SHA-1, or the "
                        "issuer's key usage lacks cRLSign",
                        issuer);
    } else {
        btls_error_set(e, "certificate_crl_missing", CERTIFICATE_UNKNOWN,
                       "may have been revoked: there is no revocation list for it");
        btls_error_hint(e,
                        "the option crls needs a list of '%s', or crl_required is "
                        "too much to ask",
                        issuer);
    }
    return -1;
}

static int
ask_lists(const btls_revocation_policy *policy, const btls_certificate *c,
          const btls_certificate *issuer, const btls_public_key *issuer_key,
          size_t position, int64_t now, btls_error *e)
{
    struct finding f = { 0, 0, 0, 0, INT64_MIN };
    btls_revoked revoked;
    for (size_t i = 0; i < btls_crls_count(policy->crls); i++) {
        if (btls_dn_equal(btls_crls_at(policy->crls, i)->issuer, c->issuer) &&
            ask_list(policy, i, c, issuer, issuer_key, now, &f, &revoked))
            return btls_revocation_error(&revoked, "the revocation list of its issuer",
                                         e);
    }
    int is_required = policy->required == BTLS_CRL_CHAIN ||
                      (policy->required == BTLS_CRL_LEAF && position == 0);
    if (f.is_current || !(f.is_late || f.is_early || f.is_forged || is_required))
        return 0;
    return fail(&f, c, e);
}

static int
ask_staple(const btls_revocation_policy *policy, const btls_certificate *c,
           const btls_certificate *issuer, const btls_public_key *issuer_key, int64_t now,
           btls_error *e)
{
    int answer = 0; /* nobody has said anything */
    if (policy->staple.n > 0)
        answer = btls_ocsp_check(policy->staple, c, issuer, issuer_key,
                                 policy->may_be_late ? INT64_MIN : now, e);
    if (answer != 0 || !policy->staple_asked || !btls_certificate_must_staple(c))
        return answer < 0 ? -1 : 0;
    btls_error_set(e, "certificate_ocsp_missing", BAD_CERTIFICATE_STATUS_RESPONSE,
                   "came without the OCSP response that it must have");
    btls_error_hint(
        e, "its server has to staple one: the certificate says so (must-staple)");
    return -1;
}

static int
check(void *ud, const btls_certificate *c, const btls_certificate *issuer,
      const btls_public_key *issuer_key, size_t position, int64_t now, btls_error *e)
{
    const btls_revocation_policy *policy = ud;
    if (position == 0 && ask_staple(policy, c, issuer, issuer_key, now, e) != 0)
        return -1;
    return ask_lists(policy, c, issuer, issuer_key, position, now, e);
}

btls_revocation
btls_revocation_hook(const btls_revocation_policy *policy)
{
    return (btls_revocation){ check, (void *)policy };
}
