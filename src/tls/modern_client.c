/* modern_client.c -- the hellos of a client: one ClientHello that offers TLS 1.3 and 1.2,
 * and what ServerHello or HelloRetryRequest makes of it (RFC 8446, 4.1). */
#include <string.h>

#include "crypto/random.h"
#include "pki/name.h"
#include "tls/modern.h"

#define PSK_DHE_KE 1
#define STATUS_TYPE_OCSP 1
#define POINT_FORMAT_UNCOMPRESSED 0

static int
offers_13(const modern *m)
{
    return m->s->config->max_version >= BTLS_TLS13;
}

static int
offers_12(const modern *m)
{
    return m->s->config->min_version <= BTLS_TLS12;
}

/* ---- ClientHello ---- */

/* SNI is a DNS name without its trailing dot, and never an address (RFC 6066, 3). */
static void
offer_server_name(modern *m, btls_writer *w)
{
    const char *name = m->s->server_name;
    uint8_t ip[16];
    size_t n = strlen(name), ip_size;
    if (n == 0 || btls_name_is_ip(name, ip, &ip_size) || !btls_name_is_dns(name))
        return;
    btls_mark body = btls_write_extension(w, BTLS_EXT_SERVER_NAME);
    btls_mark list = btls_write_begin(w, 2);
    btls_write_u8(w, 0); /* host_name */
    btls_write_vec(w, 2, (btls_span){ (const uint8_t *)name, n - (name[n - 1] == '.') });
    btls_write_end(w, list);
    btls_write_end(w, body);
    m->hs->offered |= BTLS_EXT_BIT(BTLS_EXT_SERVER_NAME);
}

static void
offer_groups(modern *m, btls_writer *w)
{
    const btls_config *c = m->s->config;
    btls_mark body = btls_write_extension(w, BTLS_EXT_SUPPORTED_GROUPS);
    btls_mark list = btls_write_begin(w, 2);
    for (size_t i = 0; i < c->group_count; i++)
        btls_write_u16(w, c->groups[i]);
    btls_write_end(w, list);
    btls_write_end(w, body);
    m->hs->offered |= BTLS_EXT_BIT(BTLS_EXT_SUPPORTED_GROUPS);
}

static void
offer_status(modern *m, btls_writer *w)
{
    btls_mark body = btls_write_extension(w, BTLS_EXT_STATUS_REQUEST);
    btls_write_u8(w, STATUS_TYPE_OCSP);
    btls_write_u16(w, 0); /* any responder */
    btls_write_u16(w, 0); /* no extensions */
    btls_write_end(w, body);
    m->s->staple_asked = 1;
    m->hs->offered |= BTLS_EXT_BIT(BTLS_EXT_STATUS_REQUEST);
}

/* What only TLS 1.2 looks at. */
static void
offer_12(modern *m, btls_writer *w)
{
    handshake *hs = m->hs;
    const btls_resumption *r = m->s->offered;
    btls_write_empty_extension(w, BTLS_EXT_EXTENDED_MASTER_SECRET);
    btls_mark body = btls_write_extension(w, BTLS_EXT_RENEGOTIATION_INFO);
    btls_write_u8(w, 0); /* RFC 5746, 3.4: this is the first handshake */
    btls_write_end(w, body);
    body = btls_write_extension(w, BTLS_EXT_EC_POINT_FORMATS);
    btls_write_u8(w, 1);
    btls_write_u8(w, POINT_FORMAT_UNCOMPRESSED);
    btls_write_end(w, body);
    hs->offered |= BTLS_EXT_BIT(BTLS_EXT_EXTENDED_MASTER_SECRET) |
                   BTLS_EXT_BIT(BTLS_EXT_RENEGOTIATION_INFO) |
                   BTLS_EXT_BIT(BTLS_EXT_EC_POINT_FORMATS);
    if (!m->s->config->tickets)
        return;
    body = btls_write_extension(w, BTLS_EXT_SESSION_TICKET);
    if (r != NULL && r->version == BTLS_TLS12) {
        btls_span ticket = btls_queue_bytes(&r->ticket);
        btls_write_bytes(w, ticket.p, ticket.n);
    }
    btls_write_end(w, body);
    hs->offered |= BTLS_EXT_BIT(BTLS_EXT_SESSION_TICKET);
}

static void
offer_versions(modern *m, btls_writer *w)
{
    btls_mark body = btls_write_extension(w, BTLS_EXT_SUPPORTED_VERSIONS);
    btls_mark list = btls_write_begin(w, 1);
    btls_write_u16(w, BTLS_TLS13);
    if (offers_12(m))
        btls_write_u16(w, BTLS_TLS12);
    btls_write_end(w, list);
    btls_write_end(w, body);
    m->hs->offered |= BTLS_EXT_BIT(BTLS_EXT_SUPPORTED_VERSIONS);
}

static void
offer_key_share(modern *m, btls_writer *w)
{
    handshake *hs = m->hs;
    btls_mark body = btls_write_extension(w, BTLS_EXT_KEY_SHARE);
    btls_mark list = btls_write_begin(w, 2);
    btls_write_u16(w, hs->share_group);
    btls_write_vec(w, 2, (btls_span){ hs->public_key, hs->public_size });
    btls_write_end(w, list);
    btls_write_end(w, body);
    hs->offered |= BTLS_EXT_BIT(BTLS_EXT_KEY_SHARE);
}

/* What only TLS 1.3 looks at, but for pre_shared_key. */
static void
offer_13(modern *m, btls_writer *w)
{
    handshake *hs = m->hs;
    btls_span cookie = btls_queue_bytes(&hs->cookie);
    offer_versions(m, w);
    offer_key_share(m, w);
    btls_mark body = btls_write_extension(w, BTLS_EXT_PSK_KEY_EXCHANGE_MODES);
    btls_write_u8(w, 1);
    btls_write_u8(w, PSK_DHE_KE);
    btls_write_end(w, body);
    hs->offered |= BTLS_EXT_BIT(BTLS_EXT_PSK_KEY_EXCHANGE_MODES);
    if (cookie.n > 0) {
        body = btls_write_extension(w, BTLS_EXT_COOKIE);
        btls_write_vec(w, 2, cookie);
        btls_write_end(w, body);
    }
}

static void
write_suites(modern *m, btls_writer *w)
{
    const btls_config *c = m->s->config;
    btls_mark list = btls_write_begin(w, 2);
    for (size_t i = 0; i < c->suite_count; i++) {
        const btls_suite *suite = btls_suite_by_id(c->suites[i]);
        if (btls_suite_is_13(suite) ? offers_13(m) : offers_12(m))
            btls_write_u16(w, suite->id);
    }
    btls_write_end(w, list);
}

/* The session id: that of the session to be resumed, or, with TLS 1.3, random bytes that
 * let middleboxes take it for a resumption (RFC 8446, D.4). */
static int
choose_session_id(modern *m, btls_error *e)
{
    handshake *hs = m->hs;
    const btls_resumption *r = m->s->offered;
    int with_ticket = r != NULL && btls_queue_size(&r->ticket) > 0;
    if (r != NULL && r->version == BTLS_TLS12 && r->id_size > 0) {
        memcpy(hs->session_id, r->id, r->id_size);
        hs->session_id_size = r->id_size;
        return 0;
    }
    if (!offers_13(m) && !with_ticket)
        return 0;
    /* RFC 5077, 3.4: an id that the server echoes tells that it took the ticket. */
    hs->session_id_size = BTLS_SESSION_ID_MAX;
    return btls_random(hs->session_id, BTLS_SESSION_ID_MAX, e);
}

static int
make_share(modern *m, unsigned group, btls_error *e)
{
    handshake *hs = m->hs;
    hs->share_group = group;
    if (btls_group_generate(group, &hs->random.vtable, hs->private_key, &hs->private_size,
                            hs->public_key, &hs->public_size) == 0)
        return 0;
    return btls_error_set(e, "config_groups", BTLS_ALERT_INTERNAL_ERROR,
                          "no key could be made for the group %s",
                          btls_group_name(group));
}

static void
write_hello(modern *m, btls_writer *w)
{
    handshake *hs = m->hs;
    btls_write_u16(w, BTLS_TLS12);
    btls_write_bytes(w, hs->client_random, sizeof hs->client_random);
    btls_write_vec(w, 1, (btls_span){ hs->session_id, hs->session_id_size });
    write_suites(m, w);
    btls_write_u8(w, 1); /* legacy_compression_methods: null */
    btls_write_u8(w, 0);
    btls_mark list = btls_write_begin(w, 2);
    offer_server_name(m, w);
    if (offers_12(m))
        offer_12(m, w);
    offer_groups(m, w);
    btls_offer_alpn(m, w);
    offer_status(m, w);
    btls_offer_schemes(m, w);
    if (offers_13(m))
        offer_13(m, w);
    btls_offer_limits(m, w);
    /* The last one, since the binders are over all that is before them (4.2.11). */
    btls_psk_offer(m, w);
    btls_write_end(w, list);
}

static int
first_hello(modern *m)
{
    handshake *hs = m->hs;
    btls_error e;
    if (btls_random(hs->client_random, sizeof hs->client_random, &e) != 0 ||
        choose_session_id(m, &e) != 0 ||
        (offers_13(m) && make_share(m, m->s->config->groups[0], &e) != 0))
        return btls_modern_fail_with(m, &e);
    return 0;
}

int
btls_client_send_hello(modern *m)
{
    btls_writer w;
    m->hs->offered = 0;
    if (!m->hs->retried && first_hello(m) != 0)
        return -1;
    btls_mark message = btls_send_begin(m, &w, BTLS_CLIENT_HELLO);
    write_hello(m, &w);
    if (btls_psk_bind(m, &w, message) != 0 || btls_send_end(m, &w, message) != 0)
        return -1;
    return btls_send_flight(m);
}

/* ---- ServerHello ---- */

static int
wrong(modern *m, const char *what)
{
    return btls_modern_fail(m, "peer_illegal_parameter", BTLS_ALERT_ILLEGAL_PARAMETER,
                            "the server's ServerHello %s", what);
}

/* What both versions have in common. */
static int
check_hello(modern *m, const btls_server_hello *h)
{
    const btls_config *c = m->s->config;
    const btls_suite *suite = btls_suite_by_id(h->suite);
    /* 4.2.1: the extension chooses TLS 1.3 or nothing that we know, and nothing else can
     * choose it. */
    if (h->version_selected && h->version != BTLS_TLS13 && h->legacy_version > BTLS_SSL30)
        return wrong(m, "chooses a version that was not offered");
    if (h->version < c->min_version || h->version > c->max_version ||
        h->legacy_version <= BTLS_SSL30 || /* D.5 */
        (h->version == BTLS_TLS13 && !h->version_selected)) {
        btls_modern_fail(m, "peer_version", BTLS_ALERT_PROTOCOL_VERSION,
                         "the server wants %s, which was not offered",
                         btls_version_name(h->version) != NULL
                             ? btls_version_name(h->version)
                             : "an unknown version");
        btls_error_hint(&m->s->error, "the option min_version can allow older versions");
        return -1;
    }
    if (h->version == BTLS_TLS13 && h->legacy_version != BTLS_TLS12)
        return wrong(m, "has another legacy_version than TLS 1.2");
    if (suite == NULL || !btls_config_has_suite(c, suite->id) ||
        btls_suite_is_13(suite) != (h->version == BTLS_TLS13))
        return wrong(m, "chooses a cipher suite that was not offered for its version");
    if (h->compression != 0)
        return wrong(m, "chooses compression");
    return 0;
}

/* HelloRetryRequest must change something, and only what it may (RFC 8446, 4.1.4). */
static int
on_retry_request(modern *m, const btls_server_hello *h, btls_span message)
{
    handshake *hs = m->hs;
    btls_error e;
    unsigned group = 0;
    if (hs->retried)
        return btls_modern_fail(m, "peer_unexpected_message",
                                BTLS_ALERT_UNEXPECTED_MESSAGE,
                                "the server sent a second HelloRetryRequest");
    if (btls_extensions_has(&h->x, BTLS_EXT_KEY_SHARE)) {
        btls_reader r = btls_reader_of(h->x.body[BTLS_EXT_KEY_SHARE]);
        group = btls_read_u16(&r);
        if (!btls_read_end(&r))
            return btls_modern_malformed(m, "extension key_share");
        if (!btls_config_has_group(m->s->config, group) || group == hs->share_group)
            return wrong(m, "asks for a group that was not offered, or sent already");
    }
    if (btls_extensions_has(&h->x, BTLS_EXT_COOKIE)) {
        btls_reader r = btls_reader_of(h->x.body[BTLS_EXT_COOKIE]);
        btls_span cookie = btls_read_vec16(&r);
        if (!btls_read_end(&r) || cookie.n == 0)
            return btls_modern_malformed(m, "extension cookie");
        if (!btls_queue_push(&hs->cookie, cookie.p, cookie.n))
            return btls_modern_no_memory(m);
    } else if (group == 0) {
        return wrong(m, "asks for a retry that would change nothing");
    }
    if (btls_keys_check_boundary(m) != 0)
        return -1;
    m->version = BTLS_TLS13;
    m->suite = btls_suite_by_id(h->suite);
    btls_records_set_version(&m->records, BTLS_TLS13);
    hs->retried = 1;
    /* 4.4.1: the first ClientHello counts as its hash. */
    hs->transcript = hs->before;
    btls_transcript_retry(&hs->transcript, m->suite->hash);
    btls_transcript_add(&hs->transcript, message);
    if (group != 0 && make_share(m, group, &e) != 0)
        return btls_modern_fail_with(m, &e);
    if (btls_send_compatible_ccs(m) != 0 || btls_client_send_hello(m) != 0)
        return -1;
    return BTLS_WAIT_SH;
}

/* RFC 8446, 4.1.3: a server that can do better must not have been talked out of it. */
static int
check_downgrade(modern *m, const btls_server_hello *h)
{
    const uint8_t *end = h->random.p + BTLS_RANDOM_SIZE - 8;
    if (offers_13(m) && (memcmp(end, btls_downgrade_12, 8) == 0 ||
                         memcmp(end, btls_downgrade_11, 8) == 0))
        return btls_modern_fail(m, "peer_downgraded", BTLS_ALERT_ILLEGAL_PARAMETER,
                                "the server can speak TLS 1.3 but was made to answer in "
                                "%s: somebody changed the ClientHello",
                                btls_version_name(h->version));
    if (m->hs->retried)
        return wrong(m, "falls back to TLS 1.2 after a HelloRetryRequest");
    if (m->hs->early_ccs_seen)
        return btls_modern_fail(m, "peer_unexpected_message",
                                BTLS_ALERT_UNEXPECTED_MESSAGE,
                                "the server changed keys before there were any");
    return 0;
}

static int
on_server_hello(modern *m, btls_span message)
{
    handshake *hs = m->hs;
    btls_server_hello h;
    btls_error e;
    if (btls_server_hello_read(&h, message, hs->offered, &e) != 0)
        return btls_modern_fail_with(m, &e);
    if (check_hello(m, &h) != 0)
        return -1;
    if (h.version == BTLS_TLS13 &&
        !btls_span_equal(h.session_id,
                         (btls_span){ hs->session_id, hs->session_id_size }))
        return wrong(m, "does not echo the session id");
    if (hs->retried && h.version == BTLS_TLS13 && m->suite->id != h.suite &&
        !h.is_retry_request)
        return wrong(m, "chooses another cipher suite than the HelloRetryRequest did");
    if (h.is_retry_request)
        return on_retry_request(m, &h, message);
    if (h.version != BTLS_TLS13 && check_downgrade(m, &h) != 0)
        return -1;
    m->version = h.version;
    m->suite = btls_suite_by_id(h.suite);
    memcpy(hs->server_random, h.random.p, sizeof hs->server_random);
    btls_transcript_choose(&hs->transcript, m->suite->hash);
    btls_records_set_version(&m->records, m->version);
    m->rows = m->version == BTLS_TLS13 ? btls_rows_client13 : btls_rows_client12;
    return m->version == BTLS_TLS13 ? btls_client13_on_server_hello(m, &h)
                                    : btls_client12_on_server_hello(m, &h);
}

const btls_row btls_rows_client_hello[] = {
    { BTLS_WAIT_SH, BTLS_SERVER_HELLO, 1, on_server_hello }, /* 4.1.3, 4.1.4 */
    { 0, 0, 0, NULL },
};
