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
#define BTLS_KU_CRL_SIGN 0x0040

/* Extended key usages (RFC 5280, 4.2.1.12) that TLS cares for. */
#define BTLS_EKU_SERVER_AUTH 0x01
#define BTLS_EKU_CLIENT_AUTH 0x02
#define BTLS_EKU_ANY 0x04
#define BTLS_EKU_OTHER 0x08
#define BTLS_EKU_OCSP_SIGNING 0x10

/* The extensions that are understood, as bits: which are there, which are critical. */
#define BTLS_EXT_AUTHORITY_KEY_ID 0x0001
#define BTLS_EXT_SUBJECT_KEY_ID 0x0002
#define BTLS_EXT_KEY_USAGE 0x0004
#define BTLS_EXT_POLICIES 0x0008
#define BTLS_EXT_POLICY_MAPPINGS 0x0010
#define BTLS_EXT_SAN 0x0020
#define BTLS_EXT_BASIC_CONSTRAINTS 0x0040
#define BTLS_EXT_NAME_CONSTRAINTS 0x0080
#define BTLS_EXT_POLICY_CONSTRAINTS 0x0100
#define BTLS_EXT_EXTENDED_KEY_USAGE 0x0200
#define BTLS_EXT_CRL_DISTRIBUTION 0x0400
#define BTLS_EXT_INHIBIT_ANY_POLICY 0x0800
#define BTLS_EXT_AUTHORITY_INFO 0x1000
#define BTLS_EXT_TLS_FEATURE 0x2000
#define BTLS_EXT_OCSP_NO_CHECK 0x4000

/* A view: every span points into `der`, which must outlive it. A span of an extension
 * that is not there has p NULL. */
typedef struct {
    btls_span der;
    btls_span tbs;           /* whole TBSCertificate: what is signed */
    int version;             /* 1, 2 or 3 */
    btls_span serial;        /* INTEGER contents, 1 to 20 bytes, not negative */
    btls_span algorithm;     /* contents of the signature AlgorithmIdentifier, for
                              * btls_signature_algorithm_parse; the same inside and outside */
    btls_span signature_oid; /* its OID's contents */
    btls_span signature;     /* contents of the BIT STRING, whole bytes */
    btls_span issuer;        /* whole Name, tag and length included */
    btls_span subject;       /* whole Name */
    btls_span spki;          /* whole SubjectPublicKeyInfo */
    int64_t not_before;      /* seconds since 1970-01-01T00:00:00Z */
    int64_t not_after;

    btls_span extension_list; /* contents of Extensions: for those who want all of them */
    unsigned extensions;      /* BTLS_EXT_* that are there */
    unsigned critical;        /* BTLS_EXT_* that are critical */
    btls_span unknown_critical; /* OID of the first critical extension that is none of
                                 * BTLS_EXT_*; p NULL: there is none */

    btls_span malformed_extension; /* OID of the one that made parsing fail; p NULL */

    btls_span san;   /* contents of GeneralNames */
    int is_ca;       /* basicConstraints cA */
    int path_length; /* -1 when not given */
    int has_key_usage;
    unsigned key_usage; /* BTLS_KU_*; only when has_key_usage */
    int has_extended_key_usage;
    unsigned extended_key_usage;   /* BTLS_EKU_* */
    btls_span extended_key_usages; /* the OIDs, one behind the other */
    btls_span permitted, excluded; /* nameConstraints: contents of GeneralSubtrees */
    btls_span subject_key_id;
    btls_span authority_key_id;  /* keyIdentifier of authorityKeyIdentifier */
    btls_span authority_issuer;  /* its contents of GeneralNames */
    btls_span authority_serial;  /* its INTEGER contents */
    btls_span policies;          /* contents of certificatePolicies */
    btls_span policy_mappings;   /* contents */
    int require_explicit_policy; /* policyConstraints; -1: not given */
    int inhibit_policy_mapping;  /* policyConstraints; -1: not given */
    int inhibit_any_policy;      /* -1: not given */
    btls_span crl_distribution;  /* contents of CRLDistributionPoints */
    btls_span authority_info;    /* contents of AuthorityInfoAccessSyntax */
    btls_span tls_features;      /* contents of Features (RFC 7633) */
} btls_certificate;

/* Reads strict DER (X.690, 10): no BER, no trailing bytes, no DEFAULT value written out,
 * no extension twice, none below version 3, the extensions above well-formed. Whether it
 * keeps to the rest of RFC 5280 is for btls_verify. Allocates nothing. 0, or -1 with *e
 * set: certificate_malformed. */
int btls_certificate_parse(btls_certificate *c, btls_span der, btls_error *e);

/* 1 when the certificate has all the extensions of the BTLS_EXT_* mask. */
int btls_certificate_has(const btls_certificate *c, unsigned mask);

/* 1 when its server has to send an OCSP response with it to clients that ask for one:
 * status_request among its TLS features (RFC 7633). */
int btls_certificate_must_staple(const btls_certificate *c);

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
