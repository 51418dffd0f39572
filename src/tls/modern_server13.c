/* modern_server13.c -- a server's TLS 1.3 handshake (RFC 8446, 2). */
#include <string.h>

#include "crypto/random.h"
#include "tls/modern.h"

#define PSK_DHE_KE 1
#define COOKIE_SIZE 32

static int
missing(modern *m, int extension)
{
    return btls_modern_fail(m, "peer_missing_extension", BTLS_ALERT_MISSING_EXTENSION,
                            "the client's ClientHello has no %s",
                            btls_extension_name(extension));
}

/* RFC 8446, 9.2: what a ClientHello of TLS 1.3 must have. */
static int
check_extensions(modern *m, const btls_client_hello *h)
{
    const btls_extensions *x = &h->x;
    int groups = btls_extensions_has(x, BTLS_EXT_SUPPORTED_GROUPS);
    if (btls_extensions_has(x, BTLS_EXT_PRE_SHARED_KEY)) {
        if (!btls_extensions_has(x, BTLS_EXT_PSK_KEY_EXCHANGE_MODES))
            return missing(m, BTLS_EXT_PSK_KEY_EXCHANGE_MODES);
        if (x->last != BTLS_EXT_PRE_SHARED_KEY) /* 4.2.11 */
            return btls_modern_fail(m, "peer_extension_misplaced",
                                    BTLS_ALERT_ILLEGAL_PARAMETER,
                                    "the client's pre_shared_key is not its last "
                                    "extension");
    } else if (!btls_extensions_has(x, BTLS_EXT_SIGNATURE_ALGORITHMS)) {
        return missing(m, BTLS_EXT_SIGNATURE_ALGORITHMS);
    }
    if (!groups)
        return missing(m, BTLS_EXT_SUPPORTED_GROUPS);
    if (!btls_extensions_has(x, BTLS_EXT_KEY_SHARE))
        return missing(m, BTLS_EXT_KEY_SHARE);
    return 0;
}

/* The first of ours that the client has; after a retry, the same again. */
static int
choose_suite(modern *m, const btls_client_hello *h)
{
    const btls_config *c = m->s->config;
    if (m->hs->retried)
        return btls_list16_has(h->suites, m->suite->id)
                   ? 0
                   : btls_server_no_common(m, "cipher suite");
    m->suite = NULL;
    for (size_t i = 0; i < c->suite_count && m->suite == NULL; i++) {
        const btls_suite *suite = btls_suite_by_id(c->suites[i]);
        if (btls_suite_is_13(suite) && btls_list16_has(h->suites, suite->id))
            m->suite = suite;
    }
    if (m->suite == NULL)
        return btls_server_no_common(m, "cipher suite of TLS 1.3");
    btls_transcript_choose(&m->hs->transcript, m->suite->hash);
    return 0;
}

/* Finds the share of a group; every share must be of a group that the client supports,
 * in that order, none twice (4.2.8). */
static int
find_share(modern *m, const btls_client_hello *h, btls_span groups, unsigned group,
           btls_span *share)
{
    btls_reader r = btls_reader_of(h->x.body[BTLS_EXT_KEY_SHARE]);
    btls_reader list = btls_reader_of(btls_read_vec16(&r)),
                order = btls_reader_of(groups);
    int count = 0;
    *share = (btls_span){ NULL, 0 };
    if (!btls_read_end(&r))
        return btls_modern_malformed(m, "extension key_share");
    while (btls_read_more(&list)) {
        unsigned one = btls_read_u16(&list), g = 0;
        btls_span key = btls_read_vec16(&list);
        if (list.bad || key.n == 0)
            return btls_modern_malformed(m, "extension key_share");
        while (btls_read_more(&order) && (g = btls_read_u16(&order)) != one)
            ;
        if (g != one)
            return btls_modern_fail(m, "peer_illegal_parameter",
                                    BTLS_ALERT_ILLEGAL_PARAMETER,
                                    "the client's key shares do not follow its "
                                    "supported_groups");
        count++;
        if (one == group)
            *share = key;
    }
    if (m->hs->retried && (count != 1 || share->p == NULL)) /* 4.1.2 */
        return btls_modern_fail(m, "peer_illegal_parameter", BTLS_ALERT_ILLEGAL_PARAMETER,
                                "the client's second key_share is not the one that was "
                                "asked for");
    return 0;
}

/* Of the groups that both have: the first of ours for which there is a share, else the
 * first of ours, which then costs a HelloRetryRequest. */
static int
choose_group(modern *m, const btls_client_hello *h, btls_span *share)
{
    const btls_config *c = m->s->config;
    btls_span groups;
    btls_error e;
    unsigned best = 0;
    if (btls_extension_list16(&h->x, BTLS_EXT_SUPPORTED_GROUPS, &groups, &e) != 0)
        return btls_modern_fail_with(m, &e);
    if (m->hs->retried)
        return find_share(m, h, groups, m->group, share);
    for (size_t i = 0; i < c->group_count; i++) {
        if (!btls_list16_has(groups, c->groups[i]))
            continue;
        if (best == 0)
            best = c->groups[i];
        if (find_share(m, h, groups, c->groups[i], share) != 0)
            return -1;
        if (share->p != NULL) {
            m->group = c->groups[i];
            return 0;
        }
    }
    if (best == 0)
        return btls_server_no_common(m, "group");
    m->group = best;
    return find_share(m, h, groups, best, share);
}

static void
write_hello_head(modern *m, btls_writer *w, const uint8_t random[BTLS_RANDOM_SIZE])
{
    btls_write_u16(w, BTLS_TLS12);
    btls_write_bytes(w, random, BTLS_RANDOM_SIZE);
    btls_write_vec(w, 1, (btls_span){ m->hs->session_id, m->hs->session_id_size });
    btls_write_u16(w, m->suite->id);
    btls_write_u8(w, 0);
}

static void
write_version(btls_writer *w)
{
    btls_mark body = btls_write_extension(w, BTLS_EXT_SUPPORTED_VERSIONS);
    btls_write_u16(w, BTLS_TLS13);
    btls_write_end(w, body);
}

/* RFC 8446, 4.1.4. The cookie is there to be echoed: a client that cannot is told apart
 * from one that only repeats itself. */
static int
send_retry_request(modern *m)
{
    handshake *hs = m->hs;
    uint8_t cookie[COOKIE_SIZE];
    btls_writer w;
    btls_error e;
    if (btls_keys_check_boundary(m) != 0)
        return -1;
    if (btls_random(cookie, sizeof cookie, &e) != 0)
        return btls_modern_fail_with(m, &e);
    if (!btls_queue_push(&hs->cookie, cookie, sizeof cookie))
        return btls_modern_no_memory(m);
    btls_transcript_retry(&hs->transcript, m->suite->hash);
    btls_mark message = btls_send_begin(m, &w, BTLS_SERVER_HELLO);
    write_hello_head(m, &w, btls_retry_request_random);
    btls_mark list = btls_write_begin(&w, 2);
    write_version(&w);
    btls_mark body = btls_write_extension(&w, BTLS_EXT_KEY_SHARE);
    btls_write_u16(&w, m->group);
    btls_write_end(&w, body);
    body = btls_write_extension(&w, BTLS_EXT_COOKIE);
    btls_write_vec(&w, 2, (btls_span){ cookie, sizeof cookie });
    btls_write_end(&w, body);
    btls_write_end(&w, list);
    hs->retried = 1;
    if (btls_send_end(m, &w, message) != 0 || btls_send_flight(m) != 0 ||
        btls_send_compatible_ccs(m) != 0)
        return -1;
    return BTLS_WAIT_CH2;
}

static int
check_cookie(modern *m, const btls_client_hello *h)
{
    if (!btls_extensions_has(&h->x, BTLS_EXT_COOKIE))
        return m->hs->retried ? missing(m, BTLS_EXT_COOKIE) : 0;
    btls_reader r = btls_reader_of(h->x.body[BTLS_EXT_COOKIE]);
    btls_span cookie = btls_read_vec16(&r);
    if (!btls_read_end(&r) || cookie.n == 0)
        return btls_modern_malformed(m, "extension cookie");
    if (!btls_span_equal(cookie, btls_queue_bytes(&m->hs->cookie)))
        return btls_modern_fail(m, "peer_illegal_parameter", BTLS_ALERT_ILLEGAL_PARAMETER,
                                "the client's cookie is not the one that it was given");
    return 0;
}

static int
send_server_hello(modern *m)
{
    handshake *hs = m->hs;
    btls_writer w;
    btls_error e;
    if (btls_random(hs->server_random, sizeof hs->server_random, &e) != 0)
        return btls_modern_fail_with(m, &e);
    btls_mark message = btls_send_begin(m, &w, BTLS_SERVER_HELLO);
    write_hello_head(m, &w, hs->server_random);
    btls_mark list = btls_write_begin(&w, 2);
    write_version(&w);
    btls_mark body = btls_write_extension(&w, BTLS_EXT_KEY_SHARE);
    btls_write_u16(&w, m->group);
    btls_write_vec(&w, 2, (btls_span){ hs->public_key, hs->public_size });
    btls_write_end(&w, body);
    if (hs->psk_selected)
        btls_psk_answer(m, &w);
    btls_write_end(&w, list);
    return btls_send_end(m, &w, message);
}

/* Our share, the secret of both, and the handshake keys. */
static int
agree(modern *m, btls_span share)
{
    handshake *hs = m->hs;
    uint8_t shared[BTLS_GROUP_SECRET_MAX];
    size_t n;
    /* Before the answer, which the client could not bring together with an alert. */
    if (btls_keys_check_boundary(m) != 0)
        return -1;
    if (btls_group_generate(m->group, &hs->random.vtable, hs->private_key,
                            &hs->private_size, hs->public_key, &hs->public_size) != 0)
        return btls_modern_fail(m, "io_crypto", BTLS_ALERT_INTERNAL_ERROR,
                                "no key could be made for the group %s",
                                btls_group_name(m->group));
    if (btls_group_share(m->group, hs->private_key, hs->private_size, share.p, share.n,
                         shared, &n) != 0)
        return btls_modern_fail(m, "peer_bad_key_share", BTLS_ALERT_ILLEGAL_PARAMETER,
                                "the client's key_share is not a key of %s",
                                btls_group_name(m->group));
    btls_wipe(hs->private_key, sizeof hs->private_key);
    int bad = send_server_hello(m) != 0 || btls_send_flight(m) != 0 ||
              (!hs->retried && btls_send_compatible_ccs(m) != 0) ||
              btls_keys_handshake(m, btls_psk_secret(m), (btls_span){ shared, n }) != 0;
    btls_wipe(shared, sizeof shared);
    return bad ? -1 : 0;
}

/* RFC 8446, 4.3.1. */
static int
send_encrypted_extensions(modern *m, const btls_client_hello *h)
{
    btls_writer w;
    btls_mark message = btls_send_begin(m, &w, BTLS_ENCRYPTED_EXTENSIONS);
    btls_mark list = btls_write_begin(&w, 2);
    if (m->s->server_name[0] != '\0')
        btls_write_empty_extension(&w, BTLS_EXT_SERVER_NAME);
    if (m->alpn != NULL)
        btls_offer_alpn(m, &w);
    btls_offer_answer_limits(m, h, &w);
    btls_write_end(&w, list);
    return btls_send_end(m, &w, message);
}

/* RFC 8446, 4.3.2. */
static int
send_certificate_request(modern *m)
{
    btls_writer w;
    btls_mark message = btls_send_begin(m, &w, BTLS_CERTIFICATE_REQUEST);
    btls_write_u8(&w, 0);
    btls_mark list = btls_write_begin(&w, 2);
    btls_offer_schemes(m, &w);
    btls_auth_write_authorities(m, &w);
    btls_write_end(&w, list);
    m->hs->certificate_requested = 1;
    return btls_send_end(m, &w, message);
}

static int
send_flight(modern *m, const btls_client_hello *h)
{
    static const btls_span no_context = { NULL, 0 };
    const btls_config *c = m->s->config;
    if (send_encrypted_extensions(m, h) != 0)
        return -1;
    if (!m->hs->psk_selected) {
        if (c->verify_client != BTLS_CLIENT_NONE && send_certificate_request(m) != 0)
            return -1;
        if (btls_auth_send_certificate(m, no_context) != 0 ||
            btls_auth_send_verify(m) != 0)
            return -1;
    }
    if (btls_auth_send_finished(m) != 0 || btls_send_flight(m) != 0)
        return -1;
    return btls_keys_application(m) != 0 ? -1 : btls_keys_install_application(m, 1);
}

/* Who shows a certificate must have one that the client can check. */
static int
choose_certificate(modern *m, const btls_client_hello *h)
{
    btls_span schemes;
    btls_error e;
    if (!btls_extensions_has(&h->x, BTLS_EXT_SIGNATURE_ALGORITHMS))
        return missing(m, BTLS_EXT_SIGNATURE_ALGORITHMS);
    if (btls_extension_list16(&h->x, BTLS_EXT_SIGNATURE_ALGORITHMS, &schemes, &e) != 0)
        return btls_modern_fail_with(m, &e);
    return btls_auth_choose(m, schemes)
               ? 0
               : btls_server_no_common(m, "signature scheme for its keys");
}

/* Early data is refused: what was sent of it will be skipped (4.2.10). */
static void
expect_early_data(modern *m, const btls_client_hello *h)
{
    if (btls_extensions_has(&h->x, BTLS_EXT_EARLY_DATA))
        btls_records_skip_early_data(&m->records);
}

int
btls_server13_on_client_hello(modern *m, const btls_client_hello *h, btls_span message)
{
    handshake *hs = m->hs;
    btls_span share;
    if (check_extensions(m, h) != 0 || check_cookie(m, h) != 0 ||
        choose_suite(m, h) != 0 || choose_group(m, h, &share) != 0)
        return -1;
    expect_early_data(m, h);
    if (share.p == NULL)
        return send_retry_request(m);
    if (btls_offer_choose_alpn(m, h) != 0 || btls_psk_choose(m, h, message) != 0)
        return -1;
    if (!hs->psk_selected && choose_certificate(m, h) != 0)
        return -1;
    if (btls_offer_read_client_limits(m, h) != 0 || agree(m, share) != 0 ||
        send_flight(m, h) != 0)
        return -1;
    return hs->certificate_requested ? BTLS_WAIT_CERT : BTLS_WAIT_FINISHED;
}

static int
on_certificate(modern *m, btls_span message)
{
    btls_session *s = m->s;
    if (btls_auth_read_certificate(m, message) != 0)
        return -1;
    if (s->peer.count > 0)
        return btls_session_judge(s) == 0 ? BTLS_WAIT_CV : -1;
    if (s->config->verify_client == BTLS_CLIENT_REQUIRE) { /* 4.4.2.4 */
        btls_modern_fail(m, "certificate_missing", BTLS_ALERT_CERTIFICATE_REQUIRED,
                         "the client sent no certificate");
        btls_error_hint(&s->error, "this server requires one: verify_client");
        return -1;
    }
    return BTLS_WAIT_FINISHED;
}

static int
on_certificate_verify(modern *m, btls_span message)
{
    return btls_auth_read_verify(m, message) == 0 ? BTLS_WAIT_FINISHED : -1;
}

static int
on_finished(modern *m, btls_span message)
{
    if (btls_auth_read_finished(m, message) != 0 ||
        btls_keys_install_application(m, 0) != 0)
        return -1;
    btls_keys_resumption(m);
    m->rows = btls_rows_server_open;
    btls_modern_remember(m);
    if (btls_post_send_tickets(m) != 0)
        return -1;
    return btls_modern_open(m);
}

const btls_row btls_rows_server13[] = {
    { BTLS_WAIT_CH2, BTLS_CLIENT_HELLO, 1, btls_server_on_second_hello }, /* 4.1.2 */
    { BTLS_WAIT_CERT, BTLS_CERTIFICATE_MESSAGE, 1, on_certificate },      /* 4.4.2 */
    { BTLS_WAIT_CV, BTLS_CERTIFICATE_VERIFY, 1, on_certificate_verify },  /* 4.4.3 */
    { BTLS_WAIT_FINISHED, BTLS_FINISHED, 1, on_finished },                /* 4.4.4 */
    { 0, 0, 0, NULL },
};
