/* classic_x509.c -- BearSSL hands over the peer's chain and asks about sessions to
 * resume; the verdict is ours. */
#include <string.h>

#include "tls/classic.h"
#include "tls/hello.h"

static classic *
of_x509(const br_x509_class *const *ctx)
{
    return ((const btls_classic_hook *)(const void *)ctx)->c;
}

static void
start_chain(const br_x509_class **ctx, const char *server_name)
{
    (void)server_name; /* names are matched in pki/verify.c */
    classic *c = of_x509(ctx);
    c->full = 1;
    btls_chain_clear(&c->s->peer);
}

static void
start_cert(const br_x509_class **ctx, uint32_t length)
{
    (void)ctx;
    (void)length; /* BTLS_CHAIN_BYTES bounds what comes */
}

static void
append(const br_x509_class **ctx, const unsigned char *buf, size_t len)
{
    btls_session *s = of_x509(ctx)->s;
    btls_error e;
    if (!btls_session_failed(s) && btls_chain_append(&s->peer, buf, len, &e) != 0)
        btls_session_fail_with(s, &e);
}

static void
end_cert(const br_x509_class **ctx)
{
    btls_session *s = of_x509(ctx)->s;
    btls_error e;
    if (!btls_session_failed(s) && btls_chain_end_certificate(&s->peer, &e) != 0)
        btls_session_fail_with(s, &e);
}

/* Any error number will do: the failure itself is in the session already. */
static unsigned
end_chain(const br_x509_class **ctx)
{
    classic *c = of_x509(ctx);
    btls_session *s = c->s;
    btls_certificate leaf;
    btls_public_key key;
    btls_error e;
    if (btls_session_failed(s) || btls_session_judge(s) != 0)
        return BR_ERR_X509_NOT_TRUSTED;
    if (btls_certificate_parse(&leaf, btls_chain_at(&s->peer, 0), &e) != 0 ||
        btls_certificate_public_key(&leaf, &key, &e) != 0) {
        btls_session_fail_with(s, &e);
        return BR_ERR_X509_UNSUPPORTED;
    }
    if (!btls_public_key_bearssl(&key, &c->peer_key)) {
        btls_error_set(&e, "certificate_unsupported_key", 43,
                       "the peer's certificate has an %s key, which cannot be used with "
                       "this version of TLS",
                       btls_key_kind_name(key.kind));
        btls_session_fail_with(s, &e);
        return BR_ERR_X509_UNSUPPORTED;
    }
    return 0;
}

static const br_x509_pkey *
get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
    classic *c = of_x509(ctx);
    btls_certificate leaf;
    btls_error e;
    if (btls_session_failed(c->s) ||
        btls_certificate_parse(&leaf, btls_chain_at(&c->s->peer, 0), &e) != 0)
        return NULL;
    if (usages != NULL) {
        *usages = 0;
        if (!leaf.has_key_usage || (leaf.key_usage & BTLS_KU_DIGITAL_SIGNATURE))
            *usages |= BR_KEYTYPE_SIGN;
        if (!leaf.has_key_usage || (leaf.key_usage & BTLS_KU_KEY_ENCIPHERMENT))
            *usages |= BR_KEYTYPE_KEYX;
    }
    return &c->peer_key;
}

static const br_x509_class x509_class = {
    sizeof(btls_classic_hook),
    start_chain,
    start_cert,
    append,
    end_cert,
    end_chain,
    get_pkey,
};

void
btls_classic_set_x509(classic *c)
{
    c->x509.vtable.x509 = &x509_class;
    c->x509.c = c;
    br_ssl_engine_set_x509(btls_classic_eng(c), &c->x509.vtable.x509);
}

/* Saving waits until the handshake is finished: see opened() in classic.c. */
static void
cache_save(const br_ssl_session_cache_class **ctx, br_ssl_server_context *server,
           const br_ssl_session_parameters *params)
{
    (void)ctx;
    (void)server;
    (void)params;
}

/* RFC 5246, 7.4.1.2: who asks for a session by its id must offer its suite. */
static int
offers_suite(classic *c, unsigned suite)
{
    btls_client_hello hello;
    btls_error e;
    if (btls_client_hello_read(&hello, btls_peek_message(&c->s->hello), &e) != 0 ||
        btls_list16_has(hello.suites, suite))
        return 1;
    btls_session_fail(c->s, "peer_illegal_parameter", BTLS_ALERT_ILLEGAL_PARAMETER,
                      "the client resumes a session without offering its cipher suite");
    return 0;
}

/* A store may have it from another config, or from the other engine. BearSSL, which would
 * resume with whatever it is given, knows no extended master secret (RFC 7627, 5.3). */
static int
fits(const btls_session *s, const btls_resumption *r)
{
    const btls_config *c = s->config;
    return r->version >= c->min_version && r->version <= c->max_version &&
           btls_config_has_suite(c, r->cipher_suite) && !r->extended_master_secret &&
           btls_resumption_usable(r, s->server_name, btls_session_time(s),
                                  (c->insecure & BTLS_INSECURE_NO_TIME) != 0);
}

/* The server name of this ClientHello is known already (btls_classic_saw): a session is
 * resumed only under the name that it was made for (RFC 6066, 3). */
static int
cache_load(const br_ssl_session_cache_class **ctx, br_ssl_server_context *server,
           br_ssl_session_parameters *params)
{
    (void)server;
    classic *c = ((const btls_classic_hook *)(const void *)ctx)->c;
    btls_session *s = c->s;
    btls_resumption_clear(&c->candidate);
    btls_resumption_init(&c->candidate, &s->alloc);
    c->has_candidate = btls_session_recall_id(s, params->session_id, &c->candidate) &&
                       fits(s, &c->candidate) &&
                       btls_session_may_resume_client(s, &c->candidate);
    if (!c->has_candidate || !offers_suite(c, c->candidate.cipher_suite))
        return 0;
    params->version = c->candidate.version;
    params->cipher_suite = c->candidate.cipher_suite;
    memcpy(params->master_secret, c->candidate.secret, sizeof params->master_secret);
    return 1;
}

static const br_ssl_session_cache_class cache_class = {
    sizeof(btls_classic_hook),
    cache_save,
    cache_load,
};

void
btls_classic_set_cache(classic *c)
{
    c->cache.vtable.cache = &cache_class;
    c->cache.c = c;
    if (btls_session_keeps_ids(c->s))
        br_ssl_server_set_cache(&c->br.server, &c->cache.vtable.cache);
}
