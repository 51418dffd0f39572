/* config.c -- immutable settings that any number of sessions share. */
#include "tls/config.h"

#include <string.h>

#include "crypto/random.h"

#define HASH_BIT(id) (1u << (id))
#define SHA2                                                                    \
    (HASH_BIT(br_sha256_ID) | HASH_BIT(br_sha384_ID) | HASH_BIT(br_sha512_ID) | \
     HASH_BIT(br_sha224_ID))
#define GROUP_BIT(group) ((uint32_t)1 << (group))

int
btls_config_init(btls_config *c, btls_error *e)
{
    memset(c, 0, sizeof *c);
    c->min_version = BTLS_TLS12;
    c->max_version = BTLS_TLS12;
    size_t n;
    const btls_suite *suites = btls_suites(&n);
    for (size_t i = 0; i < n; i++) {
        if (suites[i].flags & BTLS_SUITE_DEFAULT)
            c->suites[c->suite_count++] = suites[i].id;
    }
    c->groups = GROUP_BIT(23) | GROUP_BIT(24) | GROUP_BIT(25) | GROUP_BIT(29);
    c->hashes = SHA2;
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

int
btls_config_check(const btls_config *c, btls_error *e)
{
    if (c->min_version > c->max_version)
        return btls_error_set(e, "config_versions", BTLS_NO_ALERT,
                              "min_version (%s) is above max_version (%s)",
                              btls_version_name(c->min_version),
                              btls_version_name(c->max_version));
    int usable = 0;
    for (size_t i = 0; i < c->suite_count; i++) {
        const btls_suite *s = btls_suite_by_id(c->suites[i]);
        unsigned since = btls_suite_is_13(s)           ? BTLS_TLS13
                         : s->flags & BTLS_SUITE_TLS12 ? BTLS_TLS12
                                                       : BTLS_TLS10;
        if (c->max_version >= since)
            usable = 1;
    }
    if (!usable) {
        btls_error_set(e, "config_cipher_suites", BTLS_NO_ALERT,
                       "no cipher suite of the config exists in %s",
                       btls_version_name(c->max_version));
        btls_error_hint(
            e, "below TLS 1.2 there are only the ..._CBC_SHA suites, and they must be "
               "named in cipher_suites");
        return -1;
    }
    return 0;
}

unsigned
btls_config_hashes(const btls_config *c)
{
    /* SHA-256 and SHA-384 are the PRF's and the transcript's, whatever may sign. */
    unsigned hashes = c->hashes | HASH_BIT(br_sha256_ID) | HASH_BIT(br_sha384_ID);
    if (c->min_version < BTLS_TLS12)
        hashes |= HASH_BIT(br_md5_ID) | HASH_BIT(br_sha1_ID);
    for (size_t i = 0; i < c->suite_count; i++) {
        if (btls_suite_by_id(c->suites[i])->flags & BTLS_SUITE_SHA1)
            hashes |= HASH_BIT(br_sha1_ID);
    }
    return hashes;
}
