/* names.c -- the code points that beartls speaks, with their IANA names. */
#include "tls/names.h"

#include <bearssl.h>
#include <string.h>

#define D BTLS_SUITE_DEFAULT
#define T BTLS_SUITE_TLS12
#define S BTLS_SUITE_SHA1
#define M (BTLS_SUITE_MODERN | BTLS_SUITE_TLS12)
#define SHA256 br_sha256_ID
#define SHA384 br_sha384_ID

/* Default order: forward secret AEADs, the fast and common ones first; then what has to
 * be named. Left out for good: static ECDH (no forward secrecy and nobody uses it), RC4
 * and the like (BearSSL has none). */
static const btls_suite suites[] = {
    { 0x1301, BTLS_KX_ANY, D | M, SHA256, BTLS_AES_128_GCM, "TLS_AES_128_GCM_SHA256" },
    { 0x1303, BTLS_KX_ANY, D | M, SHA256, BTLS_CHACHA20_POLY1305,
      "TLS_CHACHA20_POLY1305_SHA256" },
    { 0x1302, BTLS_KX_ANY, D | M, SHA384, BTLS_AES_256_GCM, "TLS_AES_256_GCM_SHA384" },
    { 0x1304, BTLS_KX_ANY, M, SHA256, BTLS_AES_128_CCM, "TLS_AES_128_CCM_SHA256" },
    { 0xC02B, BTLS_KX_ECDHE_ECDSA, D | M, SHA256, BTLS_AES_128_GCM,
      "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
    { 0xC02F, BTLS_KX_ECDHE_RSA, D | M, SHA256, BTLS_AES_128_GCM,
      "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
    { 0xCCA9, BTLS_KX_ECDHE_ECDSA, D | M, SHA256, BTLS_CHACHA20_POLY1305,
      "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" },
    { 0xCCA8, BTLS_KX_ECDHE_RSA, D | M, SHA256, BTLS_CHACHA20_POLY1305,
      "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
    { 0xC02C, BTLS_KX_ECDHE_ECDSA, D | M, SHA384, BTLS_AES_256_GCM,
      "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" },
    { 0xC030, BTLS_KX_ECDHE_RSA, D | M, SHA384, BTLS_AES_256_GCM,
      "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" },
    { 0xC0AC, BTLS_KX_ECDHE_ECDSA, D | M, SHA256, BTLS_AES_128_CCM,
      "TLS_ECDHE_ECDSA_WITH_AES_128_CCM" },
    { 0xC0AD, BTLS_KX_ECDHE_ECDSA, D | M, SHA256, BTLS_AES_256_CCM,
      "TLS_ECDHE_ECDSA_WITH_AES_256_CCM" },
    { 0xC0AE, BTLS_KX_ECDHE_ECDSA, M, SHA256, BTLS_AES_128_CCM_8,
      "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8" },
    { 0xC0AF, BTLS_KX_ECDHE_ECDSA, M, SHA256, BTLS_AES_256_CCM_8,
      "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8" },
    { 0xC023, BTLS_KX_ECDHE_ECDSA, T, SHA256, 0,
      "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256" },
    { 0xC027, BTLS_KX_ECDHE_RSA, T, SHA256, 0, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256" },
    { 0xC024, BTLS_KX_ECDHE_ECDSA, T, SHA384, 0,
      "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384" },
    { 0xC028, BTLS_KX_ECDHE_RSA, T, SHA384, 0, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384" },
    { 0xC009, BTLS_KX_ECDHE_ECDSA, S, SHA256, 0, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA" },
    { 0xC013, BTLS_KX_ECDHE_RSA, S, SHA256, 0, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" },
    { 0xC00A, BTLS_KX_ECDHE_ECDSA, S, SHA256, 0, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA" },
    { 0xC014, BTLS_KX_ECDHE_RSA, S, SHA256, 0, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA" },
    { 0x009C, BTLS_KX_RSA, T, SHA256, BTLS_AES_128_GCM,
      "TLS_RSA_WITH_AES_128_GCM_SHA256" },
    { 0x009D, BTLS_KX_RSA, T, SHA384, BTLS_AES_256_GCM,
      "TLS_RSA_WITH_AES_256_GCM_SHA384" },
    { 0xC09C, BTLS_KX_RSA, T, SHA256, BTLS_AES_128_CCM, "TLS_RSA_WITH_AES_128_CCM" },
    { 0xC09D, BTLS_KX_RSA, T, SHA256, BTLS_AES_256_CCM, "TLS_RSA_WITH_AES_256_CCM" },
    { 0xC0A0, BTLS_KX_RSA, T, SHA256, BTLS_AES_128_CCM_8, "TLS_RSA_WITH_AES_128_CCM_8" },
    { 0xC0A1, BTLS_KX_RSA, T, SHA256, BTLS_AES_256_CCM_8, "TLS_RSA_WITH_AES_256_CCM_8" },
    { 0x003C, BTLS_KX_RSA, T, SHA256, 0, "TLS_RSA_WITH_AES_128_CBC_SHA256" },
    { 0x003D, BTLS_KX_RSA, T, SHA256, 0, "TLS_RSA_WITH_AES_256_CBC_SHA256" },
    { 0x002F, BTLS_KX_RSA, S, SHA256, 0, "TLS_RSA_WITH_AES_128_CBC_SHA" },
    { 0x0035, BTLS_KX_RSA, S, SHA256, 0, "TLS_RSA_WITH_AES_256_CBC_SHA" },
    { 0xC008, BTLS_KX_ECDHE_ECDSA, S, SHA256, 0,
      "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA" },
    { 0xC012, BTLS_KX_ECDHE_RSA, S, SHA256, 0, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA" },
    { 0x000A, BTLS_KX_RSA, S, SHA256, 0, "TLS_RSA_WITH_3DES_EDE_CBC_SHA" },
};

struct name {
    unsigned id;
    const char *name;
};

static const struct name versions[] = {
    { 0x0301, "TLSv1" },   { 0x0302, "TLSv1.1" }, { 0x0303, "TLSv1.2" },
    { 0x0304, "TLSv1.3" }, { 0, NULL },
};

static const struct name groups[] = {
    { 29, "x25519" },    { 23, "secp256r1" }, { 24, "secp384r1" },
    { 25, "secp521r1" }, { 0, NULL },
};

static const struct name schemes[] = {
    { 0x0403, "ecdsa_secp256r1_sha256" },
    { 0x0503, "ecdsa_secp384r1_sha384" },
    { 0x0603, "ecdsa_secp521r1_sha512" },
    { 0x0303, "ecdsa_sha224" },
    { 0x0203, "ecdsa_sha1" },
    { 0x0401, "rsa_pkcs1_sha256" },
    { 0x0501, "rsa_pkcs1_sha384" },
    { 0x0601, "rsa_pkcs1_sha512" },
    { 0x0301, "rsa_pkcs1_sha224" },
    { 0x0201, "rsa_pkcs1_sha1" },
    { 0x0804, "rsa_pss_rsae_sha256" },
    { 0x0805, "rsa_pss_rsae_sha384" },
    { 0x0806, "rsa_pss_rsae_sha512" },
    { 0x0809, "rsa_pss_pss_sha256" },
    { 0x080A, "rsa_pss_pss_sha384" },
    { 0x080B, "rsa_pss_pss_sha512" },
    { 0x0807, "ed25519" },
    { 0, NULL },
};

/* The whole code, of which the name is the part behind "alert_". */
static const struct name alerts[] = {
    { 0, "alert_close_notify" },
    { 10, "alert_unexpected_message" },
    { 20, "alert_bad_record_mac" },
    { 21, "alert_decryption_failed" },
    { 22, "alert_record_overflow" },
    { 30, "alert_decompression_failure" },
    { 40, "alert_handshake_failure" },
    { 41, "alert_no_certificate" },
    { 42, "alert_bad_certificate" },
    { 43, "alert_unsupported_certificate" },
    { 44, "alert_certificate_revoked" },
    { 45, "alert_certificate_expired" },
    { 46, "alert_certificate_unknown" },
    { 47, "alert_illegal_parameter" },
    { 48, "alert_unknown_ca" },
    { 49, "alert_access_denied" },
    { 50, "alert_decode_error" },
    { 51, "alert_decrypt_error" },
    { 60, "alert_export_restriction" },
    { 70, "alert_protocol_version" },
    { 71, "alert_insufficient_security" },
    { 80, "alert_internal_error" },
    { 86, "alert_inappropriate_fallback" },
    { 90, "alert_user_canceled" },
    { 100, "alert_no_renegotiation" },
    { 109, "alert_missing_extension" },
    { 110, "alert_unsupported_extension" },
    { 111, "alert_certificate_unobtainable" },
    { 112, "alert_unrecognized_name" },
    { 113, "alert_bad_certificate_status_response" },
    { 114, "alert_bad_certificate_hash_value" },
    { 115, "alert_unknown_psk_identity" },
    { 116, "alert_certificate_required" },
    { 120, "alert_no_application_protocol" },
    { 121, "alert_ech_required" },
    { 0, NULL },
};

static const char *
name_of(const struct name *list, unsigned id)
{
    for (; list->name != NULL; list++) {
        if (list->id == id)
            return list->name;
    }
    return NULL;
}

static unsigned
id_of(const struct name *list, const char *name)
{
    for (; list->name != NULL; list++) {
        if (strcmp(list->name, name) == 0)
            return list->id;
    }
    return 0;
}

const btls_suite *
btls_suites(size_t *n)
{
    *n = sizeof suites / sizeof suites[0];
    return suites;
}

const btls_suite *
btls_suite_by_id(unsigned id)
{
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        if (suites[i].id == id)
            return &suites[i];
    }
    return NULL;
}

const btls_suite *
btls_suite_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        if (strcmp(suites[i].name, name) == 0)
            return &suites[i];
    }
    return NULL;
}

const char *
btls_version_name(unsigned version)
{
    return name_of(versions, version);
}

unsigned
btls_version_by_name(const char *name)
{
    return id_of(versions, name);
}

const char *
btls_group_name(unsigned group)
{
    return name_of(groups, group);
}

unsigned
btls_group_by_name(const char *name)
{
    return id_of(groups, name);
}

const char *
btls_signature_scheme_name(unsigned scheme)
{
    return name_of(schemes, scheme);
}

unsigned
btls_signature_scheme_by_name(const char *name)
{
    return id_of(schemes, name);
}

int
btls_signature_scheme_hash(unsigned scheme)
{
    unsigned hash = scheme >> 8, algorithm = scheme & 0xFF;
    if ((algorithm == 1 || algorithm == 3) && hash >= br_sha1_ID && hash <= br_sha512_ID)
        return (int)hash;
    return 0;
}

const char *
btls_alert_name(int alert)
{
    const char *code = name_of(alerts, (unsigned)alert);
    return code == NULL ? NULL : code + sizeof "alert_" - 1;
}

const char *
btls_alert_code(int alert)
{
    const char *code = name_of(alerts, (unsigned)alert);
    return code == NULL ? "alert_unknown" : code;
}
