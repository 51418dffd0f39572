/* verify.h -- the one place that decides whether a peer's certificate chain is believed.
 */
#ifndef BTLS_PKI_VERIFY_H
#define BTLS_PKI_VERIFY_H

#include "core/error.h"
#include "pki/certificate.h"
#include "pki/chain.h"
#include "pki/trust.h"

enum btls_usage { BTLS_USAGE_SERVER = 1, BTLS_USAGE_CLIENT = 2 };

/* Switches that make it believe more than it should: config options insecure_*. No
 * verification means no path, no name, no time: only pins are looked at. */
#define BTLS_INSECURE_NO_VERIFY 1
#define BTLS_INSECURE_NO_NAME 2
#define BTLS_INSECURE_NO_TIME 4

/* Certificates of a path at most, the peer's own and the anchor among them. */
#define BTLS_PATH_MAX 10

/* A path from the peer's certificate to an anchor. */
typedef struct {
    size_t count;
    int at[BTLS_PATH_MAX]; /* n: certificate n of the chain; -1 - n: anchor n of the trust
                            * store. An anchor is always the last one. */
} btls_path;

/* Is a certificate revoked? Asked once for each pair of a certificate and its issuer on a
 * path on which all else is in order, from the anchor's side down or not at all; a path
 * that fails by it is given up for another one. */
typedef struct {
    /* position: of c in the path, 0 the peer's own. issuer_key is the key that c was
     * signed with. Returns 0, or -1 with *e set: its message goes on where "the server's
     * certificate (CN=a)" ends ("was revoked on 2026-01-01"). */
    int (*check)(void *ud, const btls_certificate *c, const btls_certificate *issuer,
                 const btls_public_key *issuer_key, size_t position, int64_t now,
                 btls_error *e);
    void *ud;
} btls_revocation;

typedef struct {
    const btls_trust *trust; /* may be NULL: nobody is trusted */
    const char *server_name; /* DNS name or IP address; NULL: any (client certificates) */
    enum btls_usage usage;   /* whose certificate it is */
    int64_t now;             /* seconds since 1970-01-01T00:00:00Z */
    unsigned insecure;       /* BTLS_INSECURE_* */
    const uint8_t (
        *pins)[32]; /* SHA-256 of SubjectPublicKeyInfo; the leaf must have one of them */
    size_t pin_count;
    const btls_revocation *revocation; /* NULL: nobody is asked */
} btls_verify_policy;

/* The verdict on certificate 0 of the chain, with the others, in any order and whatever
 * they are, as help (RFC 5280, 6; RFC 9525). Returns 0 with the path in *path, or -1 with
 * *e set and the path that came closest in *path (perhaps the leaf alone; path may be
 * NULL): the code, the alert to send (RFC 8446, 6.2: bad_certificate 42,
 * unsupported_certificate 43, certificate_revoked 44, certificate_expired 45,
 * certificate_unknown 46, unknown_ca 48), the position in that path and a hint. The
 * sentence names whose certificate it is and its subject. Codes:
 *   certificate_missing            there is none
 *   certificate_malformed          not DER, or not as RFC 5280 has it
 *   certificate_untrusted          the path ends before a trusted issuer
 *   certificate_bad_signature      the issuer did not sign it
 *   certificate_expired, certificate_not_yet_valid
 *   certificate_revoked ...        what policy->revocation says
 *   certificate_not_ca             issued by one that may not issue
 *   certificate_path_too_long      more CAs than one above allows, or than we follow
 *   certificate_wrong_usage        for servers instead of clients, or the reverse
 *   certificate_name_constraint    a name that a CA above may not certify
 *   certificate_policy             a CA above requires a policy, and none is valid
 *   certificate_critical_extension one that is not understood
 *   certificate_nonconforming      breaks a rule of RFC 5280 that nobody may overlook
 *   certificate_weak_key, certificate_weak_signature
 *   certificate_unsupported_key, certificate_unsupported (its signature's algorithm)
 *   certificate_too_complex        takes more work than a path is worth
 *   certificate_name_mismatch      for another host
 *   certificate_pin_mismatch       not one of the pinned keys
 * What it costs is bounded: BTLS_PATH_MAX, some 100 signatures, names and constraints. */
int btls_verify(const btls_verify_policy *policy, const btls_chain *chain,
                btls_path *path, btls_error *e);

/* Appends the certificates of a path, found for that chain and trust, to `to`. 0, or -1
 * with *e set. */
int btls_path_chain(const btls_path *path, const btls_chain *chain,
                    const btls_trust *trust, btls_chain *to, btls_error *e);

#endif
