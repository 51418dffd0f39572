/* modern_server.c -- what a ClientHello is answered with: version, suite, group, and
 * which handshake goes on (RFC 8446, 4.1.1, 4.2.1; RFC 5246, 7.4.1). */
#include <string.h>

#include "tls/failure.h"
#include "tls/modern.h"
#include "tls/signature_scheme.h"

static int
wrong(modern *m, const char *what)
{
    return btls_modern_fail(m, "peer_illegal_parameter", BTLS_ALERT_ILLEGAL_PARAMETER,
                            "the client's ClientHello %s", what);
}

/* Whether a scheme of ours goes with the key and is among the client's. */
static int
has_scheme_for(const btls_config *c, enum btls_key_kind kind, btls_span schemes)
{
    for (size_t i = 0; i < c->scheme_count; i++) {
        const btls_signature_scheme *s = btls_signature_scheme_find(c->schemes[i]);
        if (s != NULL && s->kind == kind && btls_list16_has(schemes, s->id))
            return 1;
    }
    return 0;
}

/* Whether a certificate could be shown with a suite of TLS 1.2, and its key sign. */
static int
has_key_for(const btls_config *c, const btls_suite *suite, const btls_client_hello *h,
            btls_span schemes)
{
    for (size_t i = 0; i < c->identity_count; i++) {
        const btls_key *key = c->identities[i].key;
        enum btls_key_kind kind = btls_key_kind(key);
        int ecdsa = kind == BTLS_KEY_EC || kind == BTLS_KEY_ED25519;
        if (ecdsa == (suite->key_exchange == BTLS_KX_ECDHE_ECDSA) &&
            has_scheme_for(c, kind, schemes) &&
            btls_client_hello_takes_curve(h, btls_key_curve(key)))
            return 1;
    }
    return 0;
}

/* A client that has none of our groups may yet have a suite that needs none (RFC 8422,
 * 4).
 */
static int
has_group(const btls_config *c, const btls_client_hello *h)
{
    btls_span groups;
    btls_error e;
    if (!btls_extensions_has(&h->x, BTLS_EXT_SUPPORTED_GROUPS) ||
        btls_extension_list16(&h->x, BTLS_EXT_SUPPORTED_GROUPS, &groups, &e) != 0)
        return 1;
    for (size_t i = 0; i < c->group_count; i++) {
        if (btls_list16_has(groups, c->groups[i]))
            return 1;
    }
    return 0;
}

/* The modern engine could answer it in TLS 1.2. */
static int
answers_12(const btls_config *c, const btls_client_hello *h)
{
    /* RFC 5246, 7.4.1.4.1: who names no schemes takes SHA-1. */
    static const uint8_t sha1[] = { 2, 1, 2, 3 };
    btls_span schemes = { sha1, sizeof sha1 };
    btls_error e;
    if (btls_extensions_has(&h->x, BTLS_EXT_SIGNATURE_ALGORITHMS) &&
        btls_extension_list16(&h->x, BTLS_EXT_SIGNATURE_ALGORITHMS, &schemes, &e) != 0)
        return 1; /* and refuses it */
    if (!has_group(c, h))
        return 0;
    for (size_t i = 0; i < c->suite_count; i++) {
        const btls_suite *suite = btls_suite_by_id(c->suites[i]);
        if ((suite->flags & BTLS_SUITE_MODERN) && !btls_suite_is_13(suite) &&
            btls_list16_has(h->suites, suite->id) && has_key_for(c, suite, h, schemes))
            return 1;
    }
    return 0;
}

/* RFC 7507, 3: the client tried better before, and we could have answered that. */
static int
is_fallback(const btls_config *c, const btls_client_hello *h, unsigned version)
{
    return btls_list16_has(h->suites, BTLS_FALLBACK_SCSV) && version < c->max_version;
}

/* RFC 5246, 7.4.1.2; RFC 8446, 4.1.2: TLS 1.3 has no others than null. */
static int
has_compressions(const btls_client_hello *h, unsigned version)
{
    return memchr(h->compressions.p, 0, h->compressions.n) != NULL &&
           (version != BTLS_TLS13 || h->compressions.n == 1);
}

/* Nobody may answer it: the modern engine refuses it with the right alert, whatever the
 * version, and BearSSL would not. */
static int
is_wrong(const btls_config *c, const btls_client_hello *h, unsigned version)
{
    char name[256];
    btls_error e;
    int listed = btls_extensions_has(&h->x, BTLS_EXT_SUPPORTED_VERSIONS);
    return (version == 0 && listed) || is_fallback(c, h, version) ||
           !has_compressions(h, version) ||
           btls_client_hello_server_name(h, name, &e) != 0 ||
           btls_client_hello_check(h, version, &e) != 0;
}

int
btls_modern_answers(const btls_config *config, btls_span message)
{
    btls_client_hello hello;
    unsigned version;
    btls_error e;
    if (!btls_config_names_classic(config))
        return 1;
    if (message.n == 0) /* BearSSL knows the old ways of being no ClientHello */
        return 0;
    if (btls_client_hello_read(&hello, message, &e) != 0 ||
        btls_client_hello_version(&hello, config->min_version, config->max_version,
                                  &version, &e) != 0)
        return 1;
    return version == BTLS_TLS13 ||
           (version == BTLS_TLS12 && answers_12(config, &hello)) ||
           is_wrong(config, &hello, version);
}

int
btls_server_no_common(modern *m, const char *what)
{
    btls_modern_fail(m, "peer_nothing_in_common", BTLS_ALERT_HANDSHAKE_FAILURE,
                     "the client and this server have no %s in common", what);
    btls_error_hint(&m->s->error, "%s", btls_refusal_hint(BTLS_ALERT_HANDSHAKE_FAILURE));
    return -1;
}

/* What the client sends besides what a second ClientHello may change: RFC 8446, 4.1.2. */
static void
fingerprint(const btls_client_hello *h, uint8_t out[32])
{
    static const uint32_t may_change =
        BTLS_EXT_BIT(BTLS_EXT_KEY_SHARE) | BTLS_EXT_BIT(BTLS_EXT_EARLY_DATA) |
        BTLS_EXT_BIT(BTLS_EXT_COOKIE) | BTLS_EXT_BIT(BTLS_EXT_PRE_SHARED_KEY) |
        BTLS_EXT_BIT(BTLS_EXT_PADDING);
    br_sha256_context c;
    br_sha256_init(&c);
    const btls_span parts[] = { h->random, h->session_id, h->suites, h->compressions };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        br_sha256_update(&c, parts[i].p, parts[i].n);
    btls_reader list = btls_reader_of(h->extensions);
    while (btls_read_more(&list)) {
        unsigned code = btls_read_u16(&list);
        btls_span body = btls_read_vec16(&list);
        int index = btls_extension_index(code);
        uint8_t head[4] = { (uint8_t)(code >> 8), (uint8_t)code, (uint8_t)(body.n >> 8),
                            (uint8_t)body.n };
        if (index < 0) /* its RFC may allow other contents, but not another place */
            br_sha256_update(&c, head, 2);
        else if (!(may_change >> index & 1)) {
            br_sha256_update(&c, head, sizeof head);
            br_sha256_update(&c, body.p, body.n);
        }
    }
    br_sha256_out(&c, out);
}

static int
check_second_hello(modern *m, const btls_client_hello *h)
{
    handshake *hs = m->hs;
    uint8_t now[32];
    fingerprint(h, now);
    if (!hs->retried) {
        memcpy(hs->retry_check, now, sizeof now);
        return 0;
    }
    if (memcmp(hs->retry_check, now, sizeof now) != 0)
        return wrong(m, "after the HelloRetryRequest differs in what must stay the same");
    if (btls_extensions_has(&h->x, BTLS_EXT_EARLY_DATA)) /* 4.2.10 */
        return wrong(m, "after the HelloRetryRequest announces early data");
    return 0;
}

static int
fail_version(modern *m, const btls_client_hello *h)
{
    const btls_config *c = m->s->config;
    const char *best = btls_version_name(h->legacy_version);
    btls_modern_fail(m, "peer_version", BTLS_ALERT_PROTOCOL_VERSION,
                     "the client speaks no version from %s to %s",
                     btls_version_name(c->min_version),
                     btls_version_name(c->max_version));
    btls_error_hint(&m->s->error,
                    "it says %s; the options min_version and max_version say what this "
                    "server takes",
                    best != NULL ? best : "an unknown one");
    return -1;
}

static int
check_hello(modern *m, const btls_client_hello *h)
{
    const btls_config *c = m->s->config;
    btls_error e;
    unsigned version;
    if (h->legacy_version <= BTLS_SSL30) /* RFC 8446, D.5 */
        return fail_version(m, h);
    if (btls_client_hello_version(h, c->min_version, c->max_version, &version, &e) != 0 ||
        btls_client_hello_server_name(h, m->s->server_name, &e) != 0)
        return btls_modern_fail_with(m, &e);
    if (version == 0)
        return fail_version(m, h);
    if (is_fallback(c, h, version))
        return btls_fail_refusal(m->s, BTLS_ALERT_INAPPROPRIATE_FALLBACK);
    if (!has_compressions(h, version))
        return wrong(m, "has wrong compression methods");
    if (btls_client_hello_check(h, version, &e) != 0)
        return btls_modern_fail_with(m, &e);
    if (version < BTLS_TLS12) /* it came here only to be refused */
        return fail_version(m, h);
    if (m->hs->retried && version != BTLS_TLS13)
        return wrong(m, "after the HelloRetryRequest takes TLS 1.3 back");
    m->version = version;
    return check_second_hello(m, h);
}

static int
on_client_hello(modern *m, btls_span message)
{
    handshake *hs = m->hs;
    btls_client_hello h;
    btls_error e;
    if (btls_client_hello_read(&h, message, &e) != 0)
        return btls_modern_fail_with(m, &e);
    if (check_hello(m, &h) != 0)
        return -1;
    hs->offered = h.x.present;
    memcpy(hs->client_random, h.random.p, sizeof hs->client_random);
    memcpy(hs->session_id, h.session_id.p, h.session_id.n);
    hs->session_id_size = h.session_id.n;
    btls_records_set_version(&m->records, m->version);
    m->rows = m->version == BTLS_TLS13 ? btls_rows_server13 : btls_rows_server12;
    return m->version == BTLS_TLS13 ? btls_server13_on_client_hello(m, &h, message)
                                    : btls_server12_on_client_hello(m, &h);
}

int
btls_server_on_second_hello(modern *m, btls_span message)
{
    return on_client_hello(m, message);
}

const btls_row btls_rows_server_hello[] = {
    { BTLS_WAIT_CH, BTLS_CLIENT_HELLO, 1, on_client_hello }, /* 4.1.2 */
    { 0, 0, 0, NULL },
};
