/* revocation.h -- has its issuer taken a certificate back? Asks the revocation lists that
 * the config has and the OCSP response that the server has sent. */
#ifndef BTLS_PKI_REVOCATION_H
#define BTLS_PKI_REVOCATION_H

#include "pki/crl.h"
#include "pki/verify.h"

/* For which certificates of a path there has to be a list of their issuer. */
enum btls_crl_required { BTLS_CRL_OPTIONAL, BTLS_CRL_LEAF, BTLS_CRL_CHAIN };

typedef struct {
    const btls_crls *crls; /* may be NULL */
    enum btls_crl_required required;
    btls_span staple; /* OCSP response for the peer's own certificate; n 0: none */
    int staple_asked; /* one was asked for: a certificate that must have one does not pass
                         without */
    int may_be_late;  /* time does not matter: insecure_no_time */
} btls_revocation_policy;

/* The hook of btls_verify that asks the policy, which has to live as long.
 *
 * Of the lists of a certificate's issuer, those count that the issuer's key has signed
 * (and that do not name another key of it). A certificate in any of them is revoked. One
 * that is in none of them passes by a list that is of now and speaks for it; when there
 * are lists but none of them is such, it does not pass; when there is none at all, it
 * passes unless `required` says otherwise. */
btls_revocation btls_revocation_hook(const btls_revocation_policy *policy);

/* Is the algorithm one that revocations are believed from? Not with MD5 or SHA-1. */
int btls_revocation_trusts(const btls_signature_algorithm *a);

/* Fills *e: certificate_revoked, alert 44. `source` is what says so: "an OCSP response".
 * Returns -1. */
int btls_revocation_error(const btls_revoked *r, const char *source, btls_error *e);

#endif
