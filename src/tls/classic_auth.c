/* classic_auth.c -- which certificate we show and how we sign: BearSSL's server policy
 * and client certificate classes, over the identities of the config. */
#include <string.h>

#include "tls/classic.h"
#include "tls/hello.h"
#include "tls/identity.h"

/* Where choices->algo_id is a hash, BearSSL wants it like this. */
#define ALGO_HASH 0xFF00

/* SHA-256 is the one that everybody has; SHA-1 only where the peer has nothing else. */
static const uint8_t hash_order[] = {
    br_sha256_ID, br_sha384_ID, br_sha512_ID, br_sha224_ID, br_sha1_ID,
};

/* The best hash of a bit mask, or 0. A P-384 or P-521 key is signed with as much as it is
 * worth. */
static int
best_hash(const btls_key *key, unsigned mask)
{
    if (btls_key_curve(key) == BR_EC_secp384r1 && (mask >> br_sha384_ID & 1))
        return br_sha384_ID;
    if (btls_key_curve(key) == BR_EC_secp521r1 && (mask >> br_sha512_ID & 1))
        return br_sha512_ID;
    for (size_t i = 0; i < sizeof hash_order; i++) {
        if (mask >> hash_order[i] & 1)
            return hash_order[i];
    }
    return 0;
}

static unsigned
scheme_of(const btls_key *key, int hash)
{
    return (unsigned)hash << 8 | (btls_key_type(key) == BR_KEYTYPE_RSA ? 1u : 3u);
}

/* Signs in place, as both classes want it. 0 on failure. */
static size_t
sign(classic *c, int hash, unsigned char *data, size_t hash_len, size_t size)
{
    uint8_t signature[512];
    size_t n = btls_key_sign_hash(c->s->identity->key, hash, data, hash_len, signature,
                                  sizeof signature);
    if (n > size)
        return 0;
    memcpy(data, signature, n);
    return n;
}

/* ---- server ---- */

static classic *
of_policy(const br_ssl_server_policy_class *const *ctx)
{
    return ((const btls_classic_hook *)(const void *)ctx)->c;
}

/* The hash with which a key of this identity would sign for this client (+1, so that 0 is
 * a "no"), or 1 when the suite needs no signature. */
static int
fits(const classic *c, const btls_suite *suite, const btls_key *key,
     const btls_client_hello *hello)
{
    int wanted =
        suite->key_exchange == BTLS_KX_ECDHE_ECDSA ? BR_KEYTYPE_EC : BR_KEYTYPE_RSA;
    if (btls_key_type(key) != wanted ||
        (hello != NULL && !btls_client_hello_takes_curve(hello, btls_key_curve(key))))
        return 0;
    if (suite->key_exchange == BTLS_KX_RSA)
        return 1;
    if (br_ssl_engine_get_version(&c->br.eng) < BTLS_TLS12)
        return 1 + (wanted == BR_KEYTYPE_RSA
                        ? 0
                        : br_sha1_ID); /* RFC 4346, 7.4.3; RFC 8422, 5.4 */
    unsigned hashes = br_ssl_server_get_client_hashes(&c->br.server);
    int hash = best_hash(key, (wanted == BR_KEYTYPE_EC ? hashes >> 8 : hashes) & 0xFF &
                                  btls_config_signing_hashes(c->s->config));
    return hash == 0 ? 0 : 1 + hash;
}

static int
choose_server(const br_ssl_server_policy_class **ctx, const br_ssl_server_context *server,
              br_ssl_server_choices *choices)
{
    classic *c = of_policy(ctx);
    const btls_config *config = c->s->config;
    unsigned usable = btls_identities_for(config, c->s->server_name);
    size_t n;
    const br_suite_translated *suites = br_ssl_server_get_client_suites(server, &n);
    btls_client_hello hello;
    btls_error e;
    /* BearSSL has read it, too, but does not tell what the client did not say. It is not
     * there when an alert came first: then any curve will do. */
    int read = btls_client_hello_read(&hello, btls_peek_message(&c->s->hello), &e) == 0;
    c->full = 1;
    for (size_t k = 0; k < n; k++) {
        const btls_suite *suite = btls_suite_by_id(suites[k][0]);
        for (size_t i = 0; i < config->identity_count && suite != NULL; i++) {
            const btls_identity *id = &config->identities[i];
            int fit = usable >> i & 1 ? fits(c, suite, id->key, read ? &hello : NULL) : 0;
            if (fit == 0)
                continue;
            c->s->identity = id;
            choices->cipher_suite = suite->id;
            choices->algo_id = ALGO_HASH + (unsigned)(fit - 1);
            choices->chain = id->der;
            choices->chain_len = id->chain->count;
            if (suite->key_exchange != BTLS_KX_RSA)
                c->scheme = scheme_of(id->key, fit - 1);
            return 1;
        }
    }
    return 0;
}

/* RSA key transport: constant-time whatever the padding is (RFC 5246, 7.4.7.1); BearSSL
 * goes on with random bytes when this says 0. */
static uint32_t
server_key_exchange(const br_ssl_server_policy_class **ctx, unsigned char *data,
                    size_t *len)
{
    const btls_identity *id = of_policy(ctx)->s->identity;
    const br_rsa_private_key *rsa = id == NULL ? NULL : btls_key_rsa(id->key);
    return rsa == NULL
               ? 0
               : br_rsa_ssl_decrypt(br_rsa_private_get_default(), rsa, data, *len);
}

static size_t
server_sign(const br_ssl_server_policy_class **ctx, unsigned algo_id, unsigned char *data,
            size_t hash_len, size_t size)
{
    return sign(of_policy(ctx), (int)(algo_id & 0xFF), data, hash_len, size);
}

static const br_ssl_server_policy_class policy_class = {
    sizeof(btls_classic_hook),
    choose_server,
    server_key_exchange,
    server_sign,
};

/* BearSSL asks for a client certificate only when it has a name to put into the list of
 * authorities, so a server that trusts nobody by name (pins alone) says the empty name.
 */
static void
request_client_certificate(classic *c)
{
    static unsigned char empty_name[] = { 0x30, 0x00 };
    static const br_x500_name nobody = { empty_name, sizeof empty_name };
    const btls_config *config = c->s->config;
    if (config->verify_client == BTLS_CLIENT_NONE)
        return;
    size_t count;
    const br_x500_name *subjects = btls_trust_subjects(config->trust, &count);
    if (count > 0)
        br_ssl_server_set_trust_anchor_names(&c->br.server, subjects, count);
    else
        br_ssl_server_set_trust_anchor_names(&c->br.server, &nobody, 1);
    if (config->verify_client == BTLS_CLIENT_REQUEST)
        br_ssl_engine_add_flags(&c->br.eng, BR_OPT_TOLERATE_NO_CLIENT_AUTH);
}

/* ---- client ---- */

static classic *
of_client(const br_ssl_client_certificate_class *const *ctx)
{
    return ((const btls_classic_hook *)(const void *)ctx)->c;
}

static void
start_name_list(const br_ssl_client_certificate_class **ctx)
{
    of_client(ctx)->wanted = 0;
}

static void
start_name(const br_ssl_client_certificate_class **ctx, size_t len)
{
    (void)len;
    btls_queue_clear(&of_client(ctx)->dn);
}

static void
append_name(const br_ssl_client_certificate_class **ctx, const unsigned char *data,
            size_t len)
{
    /* Without memory the name just does not match. */
    btls_queue_push(&of_client(ctx)->dn, data, len);
}

static void
end_name(const br_ssl_client_certificate_class **ctx)
{
    classic *c = of_client(ctx);
    const btls_config *config = c->s->config;
    btls_span name = btls_queue_bytes(&c->dn);
    for (size_t i = 0; i < config->identity_count; i++) {
        if (btls_identity_issued_by(&config->identities[i], name))
            c->wanted |= 1u << i;
    }
    btls_queue_clear(&c->dn);
}

static void
end_name_list(const br_ssl_client_certificate_class **ctx)
{
    (void)ctx;
}

/* auth_types: bit h: RSA with hash h; bit 8+h: ECDSA with hash h (h = 0: MD5 and SHA-1,
 * below TLS 1.2). -1: none. */
static int
client_hash(const classic *c, const btls_key *key, uint32_t auth_types)
{
    int is_rsa = btls_key_type(key) == BR_KEYTYPE_RSA;
    unsigned mask = (is_rsa ? auth_types : auth_types >> 8) & 0xFF;
    if (btls_key_type(key) == 0)
        return -1;
    if (br_ssl_engine_get_version(&c->br.eng) < BTLS_TLS12) {
        int hash = is_rsa ? 0 : br_sha1_ID;
        return mask >> hash & 1 ? hash : -1;
    }
    int hash = best_hash(key, mask & ~1u);
    return hash == 0 ? -1 : hash;
}

/* The first identity that can sign and that a requested authority issued; else, since
 * many servers ask for authorities carelessly, the first that can sign; else none (RFC
 * 5246, 7.4.6). */
static void
choose_client(const br_ssl_client_certificate_class **ctx,
              const br_ssl_client_context *client, uint32_t auth_types,
              br_ssl_client_certificate *choices)
{
    (void)client;
    classic *c = of_client(ctx);
    const btls_config *config = c->s->config;
    const btls_identity *chosen = NULL;
    choices->chain = NULL;
    choices->chain_len = 0;
    for (size_t i = 0; i < config->identity_count; i++) {
        const btls_identity *id = &config->identities[i];
        int asked_for = c->wanted >> i & 1;
        if (client_hash(c, id->key, auth_types) < 0 || (chosen != NULL && !asked_for))
            continue;
        chosen = id;
        if (asked_for)
            break;
    }
    c->s->identity = chosen;
    if (chosen == NULL)
        return;
    choices->auth_type =
        btls_key_type(chosen->key) == BR_KEYTYPE_RSA ? BR_AUTH_RSA : BR_AUTH_ECDSA;
    choices->hash_id = client_hash(c, chosen->key, auth_types);
    choices->chain = chosen->der;
    choices->chain_len = chosen->chain->count;
}

/* Static ECDH is never chosen. */
static uint32_t
client_key_exchange(const br_ssl_client_certificate_class **ctx, unsigned char *data,
                    size_t *len)
{
    (void)ctx;
    (void)data;
    (void)len;
    return 0;
}

static size_t
client_sign(const br_ssl_client_certificate_class **ctx, int hash_id, size_t hash_len,
            unsigned char *data, size_t size)
{
    return sign(of_client(ctx), hash_id, data, hash_len, size);
}

static const br_ssl_client_certificate_class client_class = {
    sizeof(btls_classic_hook),
    start_name_list,
    start_name,
    append_name,
    end_name,
    end_name_list,
    choose_client,
    client_key_exchange,
    client_sign,
};

void
btls_classic_set_auth(classic *c)
{
    c->auth.c = c;
    if (!c->s->is_client) {
        c->auth.vtable.server = &policy_class;
        br_ssl_server_set_policy(&c->br.server, &c->auth.vtable.server);
        request_client_certificate(c);
    } else if (c->s->config->identity_count > 0) {
        c->auth.vtable.client = &client_class;
        br_ssl_client_set_client_certificate(&c->br.client, &c->auth.vtable.client);
    }
}
