/* crl.h -- certificate revocation lists (RFC 5280, 5): which certificates their issuers
 * have taken back. */
#ifndef BTLS_PKI_CRL_H
#define BTLS_PKI_CRL_H

#include "core/bytes.h"
#include "core/error.h"
#include "crypto/signature.h"
#include "pki/certificate.h"

/* The largest list in bytes, and how many a set holds. Real ones have up to some MB. */
#define BTLS_CRL_BYTES 67108864
#define BTLS_CRLS_MAX 4096

/* For which certificates of its issuer a list speaks: IssuingDistributionPoint (5.2.5).
 */
#define BTLS_CRL_ONLY_USERS 0x01
#define BTLS_CRL_ONLY_CAS 0x02
#define BTLS_CRL_ONLY_ATTRIBUTES 0x04
#define BTLS_CRL_SOME_REASONS 0x08

/* One list; every span points into `der`. */
typedef struct {
    btls_span der;
    btls_span tbs;                      /* whole TBSCertList: what is signed */
    btls_signature_algorithm algorithm; /* of the signature */
    btls_span signature;
    btls_span issuer;           /* whole Name */
    int64_t this_update;        /* seconds since 1970-01-01T00:00:00Z */
    int64_t next_update;        /* INT64_MAX: it does not say */
    btls_span number;           /* cRLNumber without sign; p NULL: none */
    btls_span authority_key_id; /* keyIdentifier; p NULL: none */
    unsigned scope;             /* BTLS_CRL_* */
    btls_span names;            /* of its distribution point: GeneralNames' contents; p
                                 * NULL: all of the issuer's */
    btls_span revoked;          /* contents of revokedCertificates */
    size_t count;               /* of its entries */
} btls_crl;

/* Reads strict DER. A delta list, an indirect one, and one with a critical extension that
 * is not understood cannot be used (5.2, 5.3). 0, or -1 with *e set: crl_malformed,
 * crl_unsupported. Allocates nothing. */
int btls_crl_parse(btls_crl *crl, btls_span der, btls_error *e);

/* What an entry of a list says about a certificate. */
typedef struct {
    int64_t date;         /* seconds since 1970-01-01T00:00:00Z */
    int reason;           /* CRLReason (5.3.1), 0: unspecified */
    int unknown_critical; /* it has a critical extension that is not understood */
} btls_revoked;

/* The next entry of a reader of crl->revoked: its serial number (INTEGER contents), and
 * what it says in *r. The reader is bad when it is malformed. */
btls_span btls_crl_read_entry(btls_reader *list, btls_revoked *r);

/* A set of lists. */
typedef struct btls_crls btls_crls;

btls_crls *btls_crls_new(const btls_alloc *a);
void btls_crls_free(btls_crls *c);
/* Adds a list (DER, copied). 0, or -1 with *e set, as above, or crl_too_large. */
int btls_crls_add(btls_crls *c, btls_span der, btls_error *e);
/* c may be NULL. */
size_t btls_crls_count(const btls_crls *c);
/* List i, owned by the set. */
const btls_crl *btls_crls_at(const btls_crls *c, size_t i);

/* 1 when list i has the serial number (INTEGER contents), with what it says in *r. It
 * costs some comparisons, however long the list is. */
int btls_crls_find(const btls_crls *c, size_t i, btls_span serial, btls_revoked *r);

/* 1 when list i was signed with that key; the answer is kept for the next time. */
int btls_crls_signed_by(const btls_crls *c, size_t i, const btls_public_key *key,
                        btls_span spki);

/* 1 when the list speaks for the certificate, which has the same issuer: by its kind and,
 * for a list of one distribution point, by its cRLDistributionPoints (6.3.3, b). */
int btls_crl_covers(const btls_crl *crl, const btls_certificate *certificate);

/* "keyCompromise" and the like; NULL for what RFC 5280 does not name. */
const char *btls_crl_reason_name(int reason);

#endif
