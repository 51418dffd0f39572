/* config.c -- immutable settings that any number of sessions share. */
#include "tls/config.h"

#include <string.h>

#include "crypto/random.h"

#define HASH_BIT(id) (1u << (id))

/* What a config has when none are named, in order of preference. */
static const uint16_t default_groups[] = { 29, 23, 24, 25 };
static const uint16_t default_schemes[] = {
    0x0403, 0x0807, 0x0804, 0x0503, 0x0805, 0x0603, 0x0806, /* ECDSA, Ed25519, PSS */
    0x0809, 0x080A, 0x080B,                                 /* keys that only do PSS */
    0x0401, 0x0501, 0x0601,                                 /* TLS 1.2, certificates */
};

int
btls_config_init(btls_config *c, btls_error *e)
{
    memset(c, 0, sizeof *c);
    c->min_version = BTLS_TLS12;
    c->max_version = BTLS_TLS13;
    size_t n;
    const btls_suite *suites = btls_suites(&n);
    for (size_t i = 0; i < n; i++) {
        if (suites[i].flags & BTLS_SUITE_DEFAULT)
            c->suites[c->suite_count++] = suites[i].id;
    }
    c->group_count = sizeof default_groups / sizeof default_groups[0];
    memcpy(c->groups, default_groups, sizeof default_groups);
    c->scheme_count = sizeof default_schemes / sizeof default_schemes[0];
    memcpy(c->schemes, default_schemes, sizeof default_schemes);
    c->max_fragment = 16384;
    return btls_random(c->id, sizeof c->id, e);
}

int
btls_config_add_identity(btls_config *c, const btls_chain *chain, const btls_key *key,
                         btls_error *e)
{
    if (c->identity_count == BTLS_CONFIG_IDENTITIES)
        return btls_error_set(e, "config_too_many_identities", BTLS_NO_ALERT,
                              "a config holds at most %d identities",
                              BTLS_CONFIG_IDENTITIES);
    btls_certificate leaf;
    if (btls_certificate_parse(&leaf, btls_chain_at(chain, 0), e) != 0)
        return -1;
    if (!btls_key_matches(key, &leaf)) {
        char subject[160];
        btls_certificate_subject(&leaf, subject, sizeof subject);
        btls_error_set(e, "config_key_mismatch", BTLS_NO_ALERT,
                       "the key does not belong to the certificate of %s", subject);
        btls_error_hint(
            e, "the first certificate of the file must be the one that was issued "
               "for this key");
        return -1;
    }
    btls_identity *id = &c->identities[c->identity_count++];
    id->chain = chain;
    id->key = key;
    for (size_t i = 0; i < chain->count; i++) {
        btls_span der = btls_chain_at(chain, i);
        /* BearSSL only reads it; its type lacks the const. */
        id->der[i].data = (unsigned char *)(uintptr_t)der.p;
        id->der[i].data_len = der.n;
    }
    return 0;
}

/* The versions that a suite belongs to. */
static int
suite_serves(const btls_suite *suite, unsigned version)
{
    if (version == BTLS_TLS13)
        return btls_suite_is_13(suite);
    return !btls_suite_is_13(suite) &&
           (version == BTLS_TLS12 || !(suite->flags & BTLS_SUITE_TLS12));
}

static int
serves(const btls_config *c, unsigned version)
{
    for (size_t i = 0; i < c->suite_count; i++) {
        if (suite_serves(btls_suite_by_id(c->suites[i]), version))
            return 1;
    }
    return 0;
}

int
btls_config_settle(btls_config *c, btls_error *e)
{
    if (c->min_version > c->max_version)
        return btls_error_set(e, "config_versions", BTLS_NO_ALERT,
                              "min_version (%s) is above max_version (%s)",
                              btls_version_name(c->min_version),
                              btls_version_name(c->max_version));
    unsigned asked = c->max_version;
    while (c->max_version > c->min_version && !serves(c, c->max_version))
        c->max_version--;
    while (c->min_version < c->max_version && !serves(c, c->min_version))
        c->min_version++;
    if (serves(c, c->max_version))
        return 0;
    btls_error_set(e, "config_cipher_suites", BTLS_NO_ALERT,
                   "no cipher suite of the config exists in %s",
                   btls_version_name(asked));
    btls_error_hint(e,
                    asked == BTLS_TLS13
                        ? "TLS 1.3 has suites of its own, such as TLS_AES_128_GCM_SHA256"
                        : "below TLS 1.2 there are only the ..._CBC_SHA suites, and "
                          "they must be named in cipher_suites");
    return -1;
}

int
btls_config_names_classic(const btls_config *c)
{
    if (c->min_version < BTLS_TLS12)
        return 1;
    for (size_t i = 0; i < c->suite_count; i++) {
        if (!(btls_suite_by_id(c->suites[i])->flags & BTLS_SUITE_MODERN))
            return 1;
    }
    return 0;
}

uint32_t
btls_config_group_mask(const btls_config *c)
{
    uint32_t mask = 0;
    for (size_t i = 0; i < c->group_count; i++)
        mask |= (uint32_t)1 << c->groups[i];
    return mask;
}

unsigned
btls_config_signing_hashes(const btls_config *c)
{
    unsigned mask = 0;
    for (size_t i = 0; i < c->scheme_count; i++) {
        int hash = btls_signature_scheme_hash(c->schemes[i]);
        if (hash != 0)
            mask |= HASH_BIT(hash);
    }
    return mask;
}

unsigned
btls_config_hashes(const btls_config *c)
{
    /* SHA-256 and SHA-384 are the PRF's and the transcript's, whatever may sign. */
    unsigned hashes =
        btls_config_signing_hashes(c) | HASH_BIT(br_sha256_ID) | HASH_BIT(br_sha384_ID);
    if (c->min_version < BTLS_TLS12)
        hashes |= HASH_BIT(br_md5_ID) | HASH_BIT(br_sha1_ID);
    for (size_t i = 0; i < c->suite_count; i++) {
        if (btls_suite_by_id(c->suites[i])->flags & BTLS_SUITE_SHA1)
            hashes |= HASH_BIT(br_sha1_ID);
    }
    return hashes;
}

static int
has(const uint16_t *list, size_t count, unsigned value)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == value)
            return 1;
    }
    return 0;
}

int
btls_config_has_suite(const btls_config *c, unsigned suite)
{
    return has(c->suites, c->suite_count, suite);
}

int
btls_config_has_group(const btls_config *c, unsigned group)
{
    return has(c->groups, c->group_count, group);
}

int
btls_config_has_scheme(const btls_config *c, unsigned scheme)
{
    return has(c->schemes, c->scheme_count, scheme);
}
