/* classic_setup.c -- makes a classic engine for a session: BearSSL's contexts,
 * algorithms, buffers and random numbers set as the config says. */
#include <string.h>

#include "core/system.h"
#include "crypto/random.h"
#include "pki/name.h"
#include "tls/classic.h"
#include "tls/hello.h"

/* BearSSL's buffers only carry handshake messages, which it takes and gives in pieces.
 * What has to fit is an encrypted handshake record, and those are short in TLS 1.2. */
#define HANDSHAKE_FRAGMENT 4096
#define IN_OVERHEAD 325
#define OUT_OVERHEAD BTLS_RECORD_OUT_OVERHEAD
#define FULL_FRAGMENT 16384
#define HASHES 6

/* A process that was forked off in the middle of a handshake must not go on with its
 * parent's random numbers. */
int
btls_classic_seed(classic *c)
{
    uint8_t entropy[48];
    btls_error e;
    if (c->process == btls_system_process())
        return 0;
    if (btls_random(entropy, sizeof entropy, &e) != 0)
        return btls_session_fail_with(c->s, &e);
    br_ssl_engine_inject_entropy(btls_classic_eng(c), entropy, sizeof entropy);
    btls_wipe(entropy, sizeof entropy);
    c->process = btls_system_process();
    return 0;
}

/* Signatures are verified on any curve of BearSSL's, whatever groups the config leaves
 * for the key exchange. */
static uint32_t
verify_ecdsa(const br_ec_impl *impl, const void *hash, size_t hash_len,
             const br_ec_public_key *key, const void *signature, size_t n)
{
    (void)impl;
    return br_ecdsa_vrfy_asn1_get_default()(br_ec_get_default(), hash, hash_len, key,
                                            signature, n);
}

/* BearSSL 0.6 writes a whole point whatever the length it was given, and does not mind a
 * secret of zeros, which every party could know (RFC 8422, 5.11). */
static uint32_t
multiply(unsigned char *point, size_t n, const unsigned char *scalar, size_t scalar_size,
         int curve)
{
    const br_ec_impl *impl = br_ec_get_default();
    size_t size;
    unsigned any = 0;
    impl->generator(curve, &size);
    if (n != size || !impl->mul(point, n, scalar, scalar_size, curve))
        return 0;
    for (size_t i = 0; i < n; i++)
        any |= point[i];
    return any != 0;
}

static void
set_algorithms(classic *c)
{
    static const br_hash_class *const hashes[] = {
        &br_md5_vtable,    &br_sha1_vtable,   &br_sha224_vtable,
        &br_sha256_vtable, &br_sha384_vtable, &br_sha512_vtable,
    };
    br_ssl_engine_context *eng = btls_classic_eng(c);
    unsigned wanted = btls_config_hashes(c->s->config);
    for (int id = 1; id <= HASHES; id++) {
        if (wanted >> id & 1)
            br_ssl_engine_set_hash(eng, id, hashes[id - 1]);
    }
    br_ssl_engine_set_prf10(eng, br_tls10_prf);
    br_ssl_engine_set_prf_sha256(eng, br_tls12_sha256_prf);
    br_ssl_engine_set_prf_sha384(eng, br_tls12_sha384_prf);
    br_ssl_engine_set_default_aes_gcm(eng);
    br_ssl_engine_set_default_chapol(eng);
    br_ssl_engine_set_default_aes_ccm(eng);
    br_ssl_engine_set_default_aes_cbc(eng);
    br_ssl_engine_set_default_des_cbc(eng);
    btls_classic_set_records(c);
    c->ec = *br_ec_get_default();
    c->ec.supported_curves &= btls_config_group_mask(c->s->config);
    c->ec.mul = multiply;
    br_ssl_engine_set_ec(eng, &c->ec);
    br_ssl_engine_set_ecdsa(eng, verify_ecdsa);
    br_ssl_engine_set_default_rsavrfy(eng);
}

/* The suites of TLS 1.3 are the modern engine's. */
static void
set_suites(br_ssl_engine_context *eng, const btls_config *config)
{
    uint16_t suites[BTLS_CONFIG_SUITES];
    size_t n = 0;
    for (size_t i = 0; i < config->suite_count; i++) {
        if (!btls_suite_is_13(btls_suite_by_id(config->suites[i])))
            suites[n++] = config->suites[i];
    }
    br_ssl_engine_set_suites(eng, suites, n);
}

/* What the client lists in supported_versions counts alone (RFC 8446, 4.2.1), and BearSSL
 * does not know it: the highest of them is the highest that BearSSL may choose. */
static unsigned
max_version(const btls_session *s)
{
    const btls_config *config = s->config;
    unsigned most = config->max_version < BTLS_TLS12 ? config->max_version : BTLS_TLS12;
    unsigned version;
    btls_client_hello hello;
    btls_error e;
    btls_span message = btls_peek_message(&s->hello);
    if (s->is_client || message.n == 0 ||
        btls_client_hello_read(&hello, message, &e) != 0 ||
        btls_client_hello_version(&hello, config->min_version, most, &version, &e) != 0 ||
        version == 0)
        return most;
    return version;
}

static void
set_options(classic *c)
{
    br_ssl_engine_context *eng = btls_classic_eng(c);
    const btls_config *config = c->s->config;
    br_ssl_engine_set_versions(eng, config->min_version, max_version(c->s));
    set_suites(eng, config);
    br_ssl_engine_add_flags(eng, BR_OPT_NO_RENEGOTIATION | BR_OPT_FAIL_ON_ALPN_MISMATCH);
    if (!c->s->is_client)
        br_ssl_engine_add_flags(eng, BR_OPT_ENFORCE_SERVER_PREFERENCES);
    /* BearSSL only reads the names; its type lacks a const. */
    br_ssl_engine_set_protocol_names(eng, (const char **)(uintptr_t)config->alpn,
                                     config->alpn_count);
}

static size_t
buffer_fragment(const btls_config *config)
{
    return config->max_fragment < HANDSHAKE_FRAGMENT ? config->max_fragment
                                                     : HANDSHAKE_FRAGMENT;
}

static void
set_buffers(classic *c)
{
    br_ssl_engine_context *eng = btls_classic_eng(c);
    size_t fragment = buffer_fragment(c->s->config);
    uint8_t *buffers = (uint8_t *)(c + 1);
    br_ssl_engine_set_buffers_bidi(eng, buffers, fragment + IN_OVERHEAD,
                                   buffers + fragment + IN_OVERHEAD,
                                   fragment + OUT_OVERHEAD);
    /* BearSSL derives the fragment length that it negotiates from its buffers; ours do
     * not carry the application data. */
    if (c->s->config->max_fragment > HANDSHAKE_FRAGMENT) {
        eng->max_frag_len = FULL_FRAGMENT;
        eng->log_max_frag_len = 14;
    }
}

/* SNI is a DNS name without its trailing dot, and never an address (RFC 6066, 3). */
static const char *
sni_of(const btls_session *s, char name[256])
{
    uint8_t ip[16];
    size_t n = strlen(s->server_name), ip_size;
    if (n == 0 || btls_name_is_ip(s->server_name, ip, &ip_size))
        return NULL;
    memcpy(name, s->server_name, n + 1);
    if (name[n - 1] == '.')
        name[n - 1] = '\0';
    return name;
}

static int
start_client(classic *c)
{
    btls_session *s = c->s;
    char name[256];
    if (s->offered != NULL) {
        br_ssl_session_parameters p;
        memset(&p, 0, sizeof p);
        p.version = s->offered->version;
        p.cipher_suite = s->offered->cipher_suite;
        p.session_id_len = (unsigned char)s->offered->id_size;
        memcpy(p.session_id, s->offered->id, sizeof p.session_id);
        memcpy(p.master_secret, s->offered->secret, sizeof p.master_secret);
        br_ssl_engine_set_session_parameters(&c->br.eng, &p);
        btls_wipe(&p, sizeof p);
    }
    return br_ssl_client_reset(&c->br.client, sni_of(s, name), s->offered != NULL);
}

static int
start_server(classic *c)
{
    int ok = br_ssl_server_reset(&c->br.server);
    /* An alert before the version is chosen needs one too (RFC 5246, E.1); BearSSL would
     * write 0. */
    c->br.eng.version_out = BTLS_TLS10;
    return ok;
}

static int
start(classic *c, btls_error *e)
{
    int ok;
    if (c->s->is_client)
        br_ssl_client_zero(&c->br.client);
    else
        br_ssl_server_zero(&c->br.server);
    set_options(c);
    set_algorithms(c);
    if (c->s->is_client)
        br_ssl_client_set_default_rsapub(&c->br.client);
    btls_classic_set_x509(c);
    btls_classic_set_auth(c);
    if (!c->s->is_client)
        btls_classic_set_cache(c);
    set_buffers(c);
    c->process = -1;
    if (btls_classic_seed(c) != 0) {
        *e = c->s->error;
        return -1;
    }
    ok = c->s->is_client ? start_client(c) : start_server(c);
    btls_classic_pump(c);
    if (ok && !btls_session_failed(c->s))
        return 0;
    if (btls_session_failed(c->s)) {
        *e = c->s->error;
        return -1;
    }
    return btls_error_set(e, "config_unusable", BTLS_NO_ALERT,
                          "BearSSL cannot start with this config (error %d)",
                          br_ssl_engine_last_error(&c->br.eng));
}

btls_engine *
btls_classic_new(btls_session *s, btls_error *e)
{
    size_t size =
        sizeof(classic) + 2 * buffer_fragment(s->config) + IN_OVERHEAD + OUT_OVERHEAD;
    classic *c = btls_zalloc(&s->alloc, size);
    if (c == NULL) {
        btls_error_memory(e);
        return NULL;
    }
    c->base.cls = &btls_classic_class;
    c->s = s;
    c->size = size;
    btls_messages_init(&c->messages[0], &s->alloc);
    btls_messages_init(&c->messages[1], &s->alloc);
    btls_resumption_init(&c->candidate, &s->alloc);
    btls_queue_init(&c->dn, &s->alloc);
    if (start(c, e) != 0) {
        btls_classic_class.free(&c->base);
        return NULL;
    }
    return &c->base;
}
