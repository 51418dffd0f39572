/* config_identity.c -- one hash of all in a config that decides who we are and whom we
 * believe. Each setting goes into it as its name, its length and its bytes, so that no
 * two configs say the same. */
#include "tls/config_identity.h"

#include <string.h>

#include "crypto/hash_set.h"

/* Changes when what goes into the hash does. */
static const char version[] = "beartls config identity 1";

typedef struct {
    br_sha256_context hash;
} digest;

static void
put_number(digest *d, uint64_t v)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(v >> (56 - 8 * i));
    br_sha256_update(&d->hash, bytes, sizeof bytes);
}

static void
put_bytes(digest *d, const char *name, const void *p, size_t n)
{
    br_sha256_update(&d->hash, name, strlen(name) + 1);
    put_number(d, n);
    br_sha256_update(&d->hash, p, n);
}

static void
put_span(digest *d, const char *name, btls_span bytes)
{
    put_bytes(d, name, bytes.p, bytes.n);
}

static void
put_setting(digest *d, const char *name, uint64_t v)
{
    put_bytes(d, name, NULL, 0);
    put_number(d, v);
}

static void
put_list(digest *d, const char *name, const uint16_t *list, size_t count)
{
    put_setting(d, name, count);
    for (size_t i = 0; i < count; i++)
        put_number(d, list[i]);
}

static void
put_identities(digest *d, const btls_config *c)
{
    put_setting(d, "identities", c->identity_count);
    for (size_t i = 0; i < c->identity_count; i++) {
        const btls_identity *id = &c->identities[i];
        put_setting(d, "chain", id->chain->count);
        for (size_t k = 0; k < id->chain->count; k++)
            put_span(d, "certificate", btls_chain_at(id->chain, k));
        put_span(d, "staple", id->staple);
    }
}

static void
put_negotiation(digest *d, const btls_config *c)
{
    put_setting(d, "min_version", c->min_version);
    put_setting(d, "max_version", c->max_version);
    put_list(d, "cipher_suites", c->suites, c->suite_count);
    put_list(d, "groups", c->groups, c->group_count);
    put_list(d, "signature_schemes", c->schemes, c->scheme_count);
    put_setting(d, "alpn", c->alpn_count);
    for (size_t i = 0; i < c->alpn_count; i++)
        put_bytes(d, "protocol", c->alpn[i], strlen(c->alpn[i]));
    put_setting(d, "max_fragment", c->max_fragment);
}

static void
put_shared_keys(digest *d, const btls_config *c)
{
    put_setting(d, "psks", c->psk_count);
    for (size_t i = 0; i < c->psk_count; i++) {
        put_span(d, "identity", c->psks[i].identity);
        put_span(d, "key", c->psks[i].key);
    }
    put_setting(d, "tickets", (uint64_t)c->tickets);
    put_bytes(d, "ticket_keys", c->ticket_keys_id, sizeof c->ticket_keys_id);
}

static int
put_crls(digest *d, const btls_config *c, const btls_alloc *a, btls_error *e)
{
    size_t count = btls_crls_count(c->crls), size = count * 32;
    uint8_t set[32];
    uint8_t(*hashes)[32] = count > 0 ? btls_zalloc(a, size) : NULL;
    if (count > 0 && hashes == NULL)
        return btls_error_memory(e);
    for (size_t i = 0; i < count; i++)
        btls_hash(br_sha256_ID, &btls_crls_at(c->crls, i)->der, 1, hashes[i]);
    btls_hash_set(hashes, count, set);
    btls_free(a, hashes, size);
    put_setting(d, "crls", c->crls != NULL);
    put_bytes(d, "crls", set, sizeof set);
    put_setting(d, "crl_required", c->crl_required);
    return 0;
}

static int
put_trust(digest *d, const btls_config *c, const btls_alloc *a, btls_error *e)
{
    uint8_t set[32], pins[BTLS_CONFIG_PINS][32];
    if (btls_trust_digest(c->trust, set, e) != 0 || put_crls(d, c, a, e) != 0)
        return -1;
    put_setting(d, "trust", c->trust != NULL);
    put_bytes(d, "trust", set, sizeof set);
    memcpy(pins, c->pins, sizeof pins);
    btls_hash_set(pins, c->pin_count, set);
    put_setting(d, "pins", c->pin_count > 0);
    put_bytes(d, "pins", set, sizeof set);
    put_setting(d, "verify_client", c->verify_client);
    put_setting(d, "insecure", c->insecure);
    return 0;
}

int
btls_config_identity(const btls_config *c, const btls_alloc *a, int own_clock,
                     uint8_t out[BTLS_CONFIG_IDENTITY_SIZE], btls_error *e)
{
    digest d;
    br_sha256_init(&d.hash);
    put_bytes(&d, version, c->id, own_clock ? sizeof c->id : 0);
    put_identities(&d, c);
    put_negotiation(&d, c);
    put_shared_keys(&d, c);
    int bad = put_trust(&d, c, a, e);
    br_sha256_out(&d.hash, out);
    btls_wipe(&d, sizeof d);
    return bad;
}
