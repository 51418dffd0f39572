/* config.h -- immutable settings that any number of sessions share. */
#ifndef BTLS_TLS_CONFIG_H
#define BTLS_TLS_CONFIG_H

#include "core/bytes.h"
#include "core/error.h"
#include "pki/chain.h"
#include "pki/key.h"
#include "pki/trust.h"
#include "tls/names.h"

#define BTLS_CONFIG_SUITES 48
#define BTLS_CONFIG_IDENTITIES 16
#define BTLS_CONFIG_ALPN 16
#define BTLS_CONFIG_PINS 16

enum btls_verify_client { BTLS_CLIENT_NONE, BTLS_CLIENT_REQUEST, BTLS_CLIENT_REQUIRE };

/* A certificate chain and the private key of its leaf. */
typedef struct {
    const btls_chain *chain;
    const btls_key *key;
    br_x509_certificate der[BTLS_CHAIN_CERTIFICATES]; /* the chain as BearSSL wants it */
} btls_identity;

struct btls_cache;

/* Whoever makes it owns what the pointers point at and keeps it alive as long as the
 * config. */
typedef struct {
    uint16_t min_version, max_version;
    uint16_t suites[BTLS_CONFIG_SUITES]; /* in order of preference */
    size_t suite_count;
    uint32_t groups; /* bit NamedGroup set: may be used */
    unsigned hashes; /* bit BearSSL hash id set: may be used in signatures */
    btls_identity identities[BTLS_CONFIG_IDENTITIES];
    size_t identity_count;
    const btls_trust *trust; /* NULL: nobody */
    enum btls_verify_client verify_client;
    const char *alpn[BTLS_CONFIG_ALPN];
    size_t alpn_count;
    uint8_t pins[BTLS_CONFIG_PINS][32];
    size_t pin_count;
    unsigned insecure;        /* BTLS_INSECURE_* (pki/verify.h) */
    size_t max_fragment;      /* bytes of plaintext in a record */
    size_t trace;             /* how many events to keep; 0: no trace */
    int keylog;               /* collect key log lines */
    struct btls_cache *cache; /* what a server resumes; NULL: nothing */
    uint8_t id[16];           /* random: tells whose ticket it is */
} btls_config;

/* Sets what a config has when nothing is asked for: TLS 1.2, modern suites, all groups.
 * *c is overwritten. 0, or -1 with *e set (no random bytes for the id). */
int btls_config_init(btls_config *c, btls_error *e);

/* Adds an identity: the key must be that of the chain's first certificate
 * (config_key_mismatch), and there is room for BTLS_CONFIG_IDENTITIES. */
int btls_config_add_identity(btls_config *c, const btls_chain *chain, const btls_key *key,
                             btls_error *e);

/* To be called once when all is set: what contradicts itself is said here and not in the
 * middle of a handshake (versions in the wrong order, no suite that a version can use,
 * ...). */
int btls_config_check(const btls_config *c, btls_error *e);

/* What a session's engine must hash: bits of BearSSL hash ids. */
unsigned btls_config_hashes(const btls_config *c);

#endif
