/* certificate.h -- reads one X.509 certificate (RFC 5280, 4.1) into a view of its own
 * bytes. */
#ifndef BTLS_PKI_CERTIFICATE_H
#define BTLS_PKI_CERTIFICATE_H

#include <bearssl.h>

#include "core/bytes.h"
#include "core/error.h"
#include "crypto/public_key.h"

/* KeyUsage bits (RFC 5280, 4.2.1.3), bit 0 of the BIT STRING first. */
#define BTLS_KU_DIGITAL_SIGNATURE 0x0001
#define BTLS_KU_KEY_ENCIPHERMENT 0x0004
#define BTLS_KU_KEY_CERT_SIGN 0x0020

/* Extended key usages (RFC 5280, 4.2.1.12) that TLS cares for. */
#define BTLS_EKU_SERVER_AUTH 0x01
#define BTLS_EKU_CLIENT_AUTH 0x02
#define BTLS_EKU_ANY 0x04
#define BTLS_EKU_OTHER 0x08

/* A view: every span points into `der`, which must outlive it. */
typedef struct {
    btls_span der;
    int version;             /* 1, 2 or 3 */
    btls_span serial;        /* INTEGER contents */
    btls_span issuer;        /* whole Name, tag and length included */
    btls_span subject;       /* whole Name */
    btls_span spki;          /* whole SubjectPublicKeyInfo */
    btls_span signature_oid; /* contents of the signature AlgorithmIdentifier's OID */
    int64_t not_before;      /* seconds since 1970-01-01T00:00:00Z */
    int64_t not_after;
    btls_span san;   /* contents of GeneralNames, empty span with p NULL when absent */
    int is_ca;       /* basicConstraints cA */
    int path_length; /* -1 when not given */
    int has_key_usage;
    unsigned key_usage; /* BTLS_KU_*; only when has_key_usage */
    int has_extended_key_usage;
    unsigned extended_key_usage; /* BTLS_EKU_* */
} btls_certificate;

/* Reads strict DER (no BER, no trailing bytes). 0, or -1 with *e set:
 * certificate_malformed, certificate_unsupported. */
int btls_certificate_parse(btls_certificate *c, btls_span der, btls_error *e);

/* The public key, pointing into the certificate's bytes: see btls_spki_parse. 0, or -1
 * with *e set: certificate_malformed, certificate_unsupported_key. */
int btls_certificate_public_key(const btls_certificate *c, btls_public_key *key,
                                btls_error *e);

/* SHA-256 of the SubjectPublicKeyInfo: what a pin is compared with (RFC 7469, 2.4). */
void btls_certificate_spki_sha256(const btls_certificate *c, uint8_t out[32]);

/* The subject in words (RFC 4514), cut to size-1 bytes and ended with NUL: for messages.
 */
void btls_certificate_subject(const btls_certificate *c, char *out, size_t size);

#endif
