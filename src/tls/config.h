/* config.h -- immutable settings that any number of sessions share. */
#ifndef BTLS_TLS_CONFIG_H
#define BTLS_TLS_CONFIG_H

#include "core/bytes.h"
#include "core/error.h"
#include "pki/chain.h"
#include "pki/key.h"
#include "pki/revocation.h"
#include "pki/trust.h"
#include "tls/names.h"

#define BTLS_CONFIG_SUITES 48
#define BTLS_CONFIG_GROUPS 8
#define BTLS_CONFIG_SCHEMES 32
#define BTLS_CONFIG_IDENTITIES 16
#define BTLS_CONFIG_ALPN 16
#define BTLS_CONFIG_PSKS 4
#define BTLS_CONFIG_PINS 16

enum btls_verify_client { BTLS_CLIENT_NONE, BTLS_CLIENT_REQUEST, BTLS_CLIENT_REQUIRE };

/* A certificate chain and the private key of its leaf. */
typedef struct {
    const btls_chain *chain;
    const btls_key *key;
    br_x509_certificate der[BTLS_CHAIN_CERTIFICATES]; /* the chain as BearSSL wants it */
    btls_span staple; /* an OCSP response for the leaf, DER; empty: none */
} btls_identity;

/* A key that both sides have been given otherwise, and what it is called. */
typedef struct {
    btls_span identity, key;
} btls_external_psk;

struct btls_cache;
struct btls_ticket_keys;

/* Whoever makes it owns what the pointers point at and keeps it alive as long as the
 * config. */
typedef struct btls_config {
    uint16_t min_version, max_version;
    uint16_t suites[BTLS_CONFIG_SUITES]; /* in order of preference */
    size_t suite_count;
    uint16_t groups[BTLS_CONFIG_GROUPS]; /* NamedGroup, in order of preference */
    size_t group_count;
    uint16_t schemes[BTLS_CONFIG_SCHEMES]; /* SignatureScheme, likewise */
    size_t scheme_count;
    btls_identity identities[BTLS_CONFIG_IDENTITIES];
    size_t identity_count;
    const btls_trust *trust; /* NULL: nobody */
    const btls_crls *crls;   /* NULL: none */
    enum btls_crl_required crl_required;
    enum btls_verify_client verify_client;
    const char *alpn[BTLS_CONFIG_ALPN];
    size_t alpn_count;
    uint8_t pins[BTLS_CONFIG_PINS][32];
    size_t pin_count;
    unsigned insecure;                    /* BTLS_INSECURE_* (pki/verify.h) */
    size_t max_fragment;                  /* bytes of plaintext in a record */
    size_t trace;                         /* how many events to keep; 0: no trace */
    int keylog;                           /* collect key log lines */
    int tickets;                          /* sessions may be resumed */
    struct btls_cache *cache;             /* what a server resumes by id; NULL: nothing */
    struct btls_ticket_keys *ticket_keys; /* ... by ticket; NULL: nothing */
    uint8_t ticket_keys_id[32];           /* of those that it was made with; 0: none */
    int store;                            /* the program keeps all that (tls/store.h) */
    uint8_t store_secret[32];             /* seals a client's tickets there */
    btls_external_psk psks[BTLS_CONFIG_PSKS]; /* TLS 1.3, RFC 8446, 4.2.11 */
    size_t psk_count;
    uint8_t id[16]; /* random: tells whose ticket it is */
} btls_config;

/* Sets what a config has when nothing is asked for: TLS 1.2, modern suites, all groups.
 * *c is overwritten. 0, or -1 with *e set (no random bytes for the id). */
int btls_config_init(btls_config *c, btls_error *e);

/* Adds an identity: the key must be that of the chain's first certificate
 * (config_key_mismatch), and there is room for BTLS_CONFIG_IDENTITIES. */
int btls_config_add_identity(btls_config *c, const btls_chain *chain, const btls_key *key,
                             btls_error *e);

/* To be called once when all is set: versions for which no suite is named are left out,
 * and what contradicts itself is said here and not in the middle of a handshake (versions
 * in the wrong order, no suite that a version can use, ...). 0, or -1 with *e set. */
int btls_config_settle(btls_config *c, btls_error *e);

/* 1 when the config names what only the classic engine does: a version below TLS 1.2, or
 * a suite that is not ECDHE with an AEAD. A client then leaves TLS 1.3 out. */
int btls_config_names_classic(const btls_config *c);

/* For the classic engine: bits of the groups, of the BearSSL hashes that may sign, and of
 * those that it must compute. */
uint32_t btls_config_group_mask(const btls_config *c);
unsigned btls_config_signing_hashes(const btls_config *c);
unsigned btls_config_hashes(const btls_config *c);

/* 1 when the config's list has it. */
int btls_config_has_suite(const btls_config *c, unsigned suite);
int btls_config_has_group(const btls_config *c, unsigned group);
int btls_config_has_scheme(const btls_config *c, unsigned scheme);

#endif
