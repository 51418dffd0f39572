/* verify.h -- the one place that decides whether a peer's certificate chain is believed.
 */
#ifndef BTLS_PKI_VERIFY_H
#define BTLS_PKI_VERIFY_H

#include "core/error.h"
#include "pki/chain.h"
#include "pki/trust.h"

enum btls_usage { BTLS_USAGE_SERVER = 1, BTLS_USAGE_CLIENT = 2 };

/* Switches that make it believe more than it should: config options insecure_*. */
#define BTLS_INSECURE_NO_VERIFY                             \
    1 /* no path, no name, no time: only pins are looked at \
       */
#define BTLS_INSECURE_NO_NAME 2
#define BTLS_INSECURE_NO_TIME 4

typedef struct {
    const btls_trust *trust; /* may be NULL: nobody is trusted */
    const char *server_name; /* DNS name or IP address; NULL: any (client certificates) */
    enum btls_usage usage;   /* whose certificate it is */
    int64_t now;             /* seconds since 1970-01-01T00:00:00Z */
    unsigned insecure;       /* BTLS_INSECURE_* */
    const uint8_t (
        *pins)[32]; /* SHA-256 of SubjectPublicKeyInfo; the leaf must have one of them */
    size_t pin_count;
} btls_verify_policy;

/* The verdict. Returns 0, or -1 with *e set: the code (certificate_expired,
 * certificate_not_yet_valid, certificate_untrusted, certificate_name_mismatch,
 * certificate_wrong_usage, certificate_bad_signature, certificate_unsupported,
 * certificate_malformed, certificate_weak_key, certificate_pin_mismatch,
 * certificate_not_ca, certificate_missing ...), the alert to send (RFC 8446, 6.2:
 * bad_certificate 42, unsupported_certificate 43, certificate_expired 45,
 * certificate_unknown 46, unknown_ca 48), the position and a hint. The sentence names
 * whose certificate it is and its subject. */
int btls_verify(const btls_verify_policy *policy, const btls_chain *chain, btls_error *e);

#endif
