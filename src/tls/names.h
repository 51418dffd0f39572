/* names.h -- the code points that beartls speaks, with their IANA names: versions, cipher
 * suites, groups, signature schemes, alerts. */
#ifndef BTLS_TLS_NAMES_H
#define BTLS_TLS_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/aead.h"

#define BTLS_SSL30 0x0300
#define BTLS_TLS10 0x0301
#define BTLS_TLS11 0x0302
#define BTLS_TLS12 0x0303
#define BTLS_TLS13 0x0304

/* AlertDescription (RFC 8446, 6). */
enum {
    BTLS_ALERT_CLOSE_NOTIFY = 0,
    BTLS_ALERT_UNEXPECTED_MESSAGE = 10,
    BTLS_ALERT_BAD_RECORD_MAC = 20,
    BTLS_ALERT_RECORD_OVERFLOW = 22,
    BTLS_ALERT_HANDSHAKE_FAILURE = 40,
    BTLS_ALERT_BAD_CERTIFICATE = 42,
    BTLS_ALERT_UNSUPPORTED_CERTIFICATE = 43,
    BTLS_ALERT_CERTIFICATE_REVOKED = 44,
    BTLS_ALERT_CERTIFICATE_EXPIRED = 45,
    BTLS_ALERT_CERTIFICATE_UNKNOWN = 46,
    BTLS_ALERT_ILLEGAL_PARAMETER = 47,
    BTLS_ALERT_UNKNOWN_CA = 48,
    BTLS_ALERT_ACCESS_DENIED = 49,
    BTLS_ALERT_DECODE_ERROR = 50,
    BTLS_ALERT_DECRYPT_ERROR = 51,
    BTLS_ALERT_PROTOCOL_VERSION = 70,
    BTLS_ALERT_INSUFFICIENT_SECURITY = 71,
    BTLS_ALERT_INTERNAL_ERROR = 80,
    BTLS_ALERT_INAPPROPRIATE_FALLBACK = 86,
    BTLS_ALERT_USER_CANCELED = 90,
    BTLS_ALERT_NO_RENEGOTIATION = 100,
    BTLS_ALERT_MISSING_EXTENSION = 109,
    BTLS_ALERT_UNSUPPORTED_EXTENSION = 110,
    BTLS_ALERT_UNRECOGNIZED_NAME = 112,
    BTLS_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE = 113,
    BTLS_ALERT_UNKNOWN_PSK_IDENTITY = 115,
    BTLS_ALERT_CERTIFICATE_REQUIRED = 116,
    BTLS_ALERT_NO_APPLICATION_PROTOCOL = 120
};

/* How the premaster secret is agreed on and the server authenticated; in TLS 1.3 the
 * suite does not say (BTLS_KX_ANY). */
enum btls_key_exchange {
    BTLS_KX_ANY,
    BTLS_KX_RSA,
    BTLS_KX_ECDHE_RSA,
    BTLS_KX_ECDHE_ECDSA
};

/* Flags of a suite. */
#define BTLS_SUITE_DEFAULT                                                            \
    1                       /* offered when the config names none: ECDHE with an AEAD \
                             */
#define BTLS_SUITE_TLS12 2  /* not before TLS 1.2 */
#define BTLS_SUITE_SHA1 4   /* its MAC is HMAC-SHA-1 */
#define BTLS_SUITE_MODERN 8 /* the modern engine's: TLS 1.3, or ECDHE with an AEAD */

typedef struct {
    uint16_t id;
    uint8_t key_exchange; /* enum btls_key_exchange */
    uint8_t flags;        /* BTLS_SUITE_* */
    uint8_t hash;         /* BearSSL's hash id of PRF or HKDF; of modern suites */
    uint8_t aead;         /* enum btls_aead_kind; 0: none (CBC) */
    const char *name;     /* IANA */
} btls_suite;

static inline int
btls_suite_is_13(const btls_suite *suite)
{
    return suite->id >> 8 == 0x13;
}

/* All suites in the order in which a default config prefers them; *n gets their number.
 */
const btls_suite *btls_suites(size_t *n);
/* NULL when there is none such. */
const btls_suite *btls_suite_by_id(unsigned id);
const btls_suite *btls_suite_by_name(const char *name);

/* "TLSv1.2" <-> 0x0303. NULL and 0 for what is unknown. TLSv1.3 is known: 0x0304. */
const char *btls_version_name(unsigned version);
unsigned btls_version_by_name(const char *name);

/* "secp256r1", "x25519" ... <-> NamedGroup (RFC 8422, 5.1.1). */
const char *btls_group_name(unsigned group);
unsigned btls_group_by_name(const char *name);

/* "ecdsa_secp256r1_sha256", "rsa_pkcs1_sha256" ... <-> SignatureScheme (RFC 8446, 4.2.3).
 */
const char *btls_signature_scheme_name(unsigned scheme);
unsigned btls_signature_scheme_by_name(const char *name);
/* BearSSL's hash id of a scheme that its engine can use (PKCS#1 v1.5 and ECDSA), else 0.
 */
int btls_signature_scheme_hash(unsigned scheme);

/* "handshake_failure"; "alert_N" is not made up: NULL for what is unknown. */
const char *btls_alert_name(int alert);
/* The stable code of an alert that the peer sent: "alert_handshake_failure";
 * "alert_unknown". */
const char *btls_alert_code(int alert);

#endif
