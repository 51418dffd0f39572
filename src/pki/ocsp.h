/* ocsp.h -- OCSP responses (RFC 6960): what an issuer says about one certificate at one
 * moment, mostly stapled to it by its server (RFC 6066, 8; RFC 8446, 4.4.2.1). */
#ifndef BTLS_PKI_OCSP_H
#define BTLS_PKI_OCSP_H

#include "core/bytes.h"
#include "core/error.h"
#include "crypto/signature.h"
#include "pki/certificate.h"
#include "pki/crl.h"

/* OCSPResponseStatus (4.2.1): only `successful` comes with an answer. */
enum btls_ocsp_status {
    BTLS_OCSP_SUCCESSFUL = 0,
    BTLS_OCSP_MALFORMED_REQUEST = 1,
    BTLS_OCSP_INTERNAL_ERROR = 2,
    BTLS_OCSP_TRY_LATER = 3,
    BTLS_OCSP_SIG_REQUIRED = 5,
    BTLS_OCSP_UNAUTHORIZED = 6
};

/* A response; every span points into its bytes. */
typedef struct {
    int status;                         /* if not 0, nothing else is set */
    btls_span tbs;                      /* whole ResponseData: what is signed */
    btls_signature_algorithm algorithm; /* kind 0: one that is not known */
    btls_span signature;
    btls_span responder_name; /* whole Name; p NULL: it is known by its key */
    btls_span responder_key;  /* SHA-1 of the responder's public key */
    int64_t produced_at;      /* seconds since 1970-01-01T00:00:00Z */
    btls_span answers;        /* contents of responses */
    btls_span certificates;   /* contents of certs */
    int unknown_critical;     /* there is a critical extension that is not understood */
} btls_ocsp;

/* Reads strict DER. 0, or -1 with *e set: certificate_ocsp_malformed. */
int btls_ocsp_parse(btls_ocsp *o, btls_span der, btls_error *e);

enum btls_ocsp_state { BTLS_OCSP_GOOD, BTLS_OCSP_REVOKED, BTLS_OCSP_UNKNOWN };

/* The answer about one certificate (SingleResponse). */
typedef struct {
    int hash; /* BearSSL's hash id of the two that follow; 0: one that is not known */
    btls_span issuer_name_hash, issuer_key_hash;
    btls_span serial; /* INTEGER contents */
    enum btls_ocsp_state state;
    btls_revoked revoked; /* BTLS_OCSP_REVOKED */
    int64_t this_update;
    int64_t next_update; /* INT64_MAX: it does not say */
    int unknown_critical;
} btls_ocsp_answer;

/* The next answer of a reader of o->answers; the reader is bad when it is malformed. */
btls_ocsp_answer btls_ocsp_read_answer(btls_reader *r);

/* Is the response about this certificate, from its issuer (or from somebody whom the
 * issuer has authorised, 4.2.2.2), good, and of now? The key is that of the issuer; now
 * is in seconds since 1970-01-01T00:00:00Z, any moment will do when it is INT64_MIN.
 * Returns 1 when the certificate is good; 0 when the responder was not able to answer; -1
 * with *e set: certificate_revoked (alert 44), or, with alert
 * bad_certificate_status_response (113), certificate_ocsp_malformed,
 * certificate_ocsp_mismatch (about others), certificate_ocsp_untrusted,
 * certificate_ocsp_expired, certificate_ocsp_not_yet_valid, certificate_ocsp_unknown. The
 * message goes on where "the server's certificate (CN=a)" ends. */
int btls_ocsp_check(btls_span response, const btls_certificate *certificate,
                    const btls_certificate *issuer, const btls_public_key *issuer_key,
                    int64_t now, btls_error *e);

#endif
