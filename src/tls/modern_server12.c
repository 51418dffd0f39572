/* modern_server12.c -- a server's TLS 1.2 handshake (RFC 5246, 7.3; RFC 8422; RFC 7627;
 * RFC 5077). */
#include <string.h>

#include "crypto/random.h"
#include "tls/modern.h"

#define STATUS_TYPE_OCSP 1

/* ---- the choice ---- */

/* The first of our groups that the client has; who names none takes any (RFC 8422, 4). */
static int
choose_group(modern *m, const btls_client_hello *h)
{
    const btls_config *c = m->s->config;
    btls_span groups;
    btls_error e;
    m->group = 0;
    m->hs->curves = ~(uint32_t)0;
    if (!btls_extensions_has(&h->x, BTLS_EXT_SUPPORTED_GROUPS)) {
        m->group = btls_config_has_group(c, 23) ? 23 : c->groups[0];
        return 0;
    }
    if (btls_extension_list16(&h->x, BTLS_EXT_SUPPORTED_GROUPS, &groups, &e) != 0)
        return btls_modern_fail_with(m, &e);
    for (unsigned i = 0; i < 32; i++) {
        if (!btls_list16_has(groups, i))
            m->hs->curves &= ~((uint32_t)1 << i);
    }
    for (size_t i = 0; i < c->group_count && m->group == 0; i++) {
        if (btls_list16_has(groups, c->groups[i]))
            m->group = c->groups[i];
    }
    return m->group != 0 ? 0 : btls_server_no_common(m, "group");
}

/* A client that speaks only what is old could be served, if the config named that. */
static int
hint_at_classic(modern *m, const btls_client_hello *h)
{
    size_t n;
    const btls_suite *suites = btls_suites(&n);
    for (size_t i = 0; i < n; i++) {
        if ((suites[i].flags & BTLS_SUITE_MODERN) ||
            !btls_list16_has(h->suites, suites[i].id))
            continue;
        btls_error_hint(
            &m->s->error,
            "the client offers only old suites: cipher_suites can name one of "
            "them, such as %s",
            suites[i].name);
        break;
    }
    return -1;
}

/* The first suite of ours that the client has and one of our keys can sign for. */
static int
choose_suite(modern *m, const btls_client_hello *h)
{
    /* Who says nothing takes SHA-1 (RFC 5246, 7.4.1.4.1), which a config may name. */
    static const uint8_t sha1[] = { 0x02, 0x01, 0x02, 0x03 };
    const btls_config *c = m->s->config;
    btls_span schemes = { sha1, sizeof sha1 };
    btls_error e;
    if (btls_extensions_has(&h->x, BTLS_EXT_SIGNATURE_ALGORITHMS) &&
        btls_extension_list16(&h->x, BTLS_EXT_SIGNATURE_ALGORITHMS, &schemes, &e) != 0)
        return btls_modern_fail_with(m, &e);
    for (size_t i = 0; i < c->suite_count; i++) {
        const btls_suite *suite = btls_suite_by_id(c->suites[i]);
        if (!(suite->flags & BTLS_SUITE_MODERN) || btls_suite_is_13(suite) ||
            !btls_list16_has(h->suites, suite->id))
            continue;
        m->suite = suite;
        if (btls_auth_choose(m, schemes)) {
            btls_transcript_choose(&m->hs->transcript, suite->hash);
            return 0;
        }
    }
    m->suite = NULL;
    btls_server_no_common(m, "cipher suite that one of its keys can sign for");
    return hint_at_classic(m, h);
}

/* ---- resumption ---- */

/* RFC 7627, 5.3; RFC 6066, 3; RFC 5246, 7.4.1.2. 1, 0, or -1: the session has failed. */
static int
fits(modern *m, const btls_client_hello *h, const btls_resumption *r)
{
    const btls_config *c = m->s->config;
    int by_id = h->x.body[BTLS_EXT_SESSION_TICKET].n == 0;
    int has_suite = btls_list16_has(h->suites, r->cipher_suite);
    /* RFC 5246, 7.4.1.2: who asks for a session by its id must offer its suite. */
    if (r->version != BTLS_TLS12 || (!has_suite && !by_id) ||
        !btls_config_has_suite(c, r->cipher_suite) ||
        !btls_resumption_usable(r, m->s->server_name, btls_session_time(m->s),
                                (c->insecure & BTLS_INSECURE_NO_TIME) != 0) ||
        !btls_session_may_resume_client(m->s, r))
        return 0;
    if (!has_suite)
        return btls_modern_fail(m, "peer_illegal_parameter", BTLS_ALERT_ILLEGAL_PARAMETER,
                                "the client resumes a session without offering its "
                                "cipher suite");
    if (!(btls_suite_by_id(r->cipher_suite)->flags & BTLS_SUITE_MODERN))
        return 0;
    if (r->extended_master_secret && !m->extended_master_secret)
        return btls_modern_fail(m, "peer_extended_master_secret",
                                BTLS_ALERT_HANDSHAKE_FAILURE,
                                "the client resumes a session without its extended "
                                "master secret");
    return r->extended_master_secret == m->extended_master_secret;
}

static int
find_session(modern *m, const btls_client_hello *h)
{
    handshake *hs = m->hs;
    btls_span ticket = h->x.body[BTLS_EXT_SESSION_TICKET];
    btls_resumption_clear(&hs->candidate);
    btls_resumption_init(&hs->candidate, &m->s->alloc);
    if (ticket.n > 0) {
        int opened = btls_session_open_ticket(m->s, ticket, &hs->candidate);
        hs->ticket_ages = opened == 2;
        return opened;
    }
    return hs->session_id_size == BTLS_SESSION_ID_MAX &&
           btls_session_recall_id(m->s, hs->session_id, &hs->candidate);
}

/* ---- messages ---- */

static void
write_hello_extensions(modern *m, const btls_client_hello *h, btls_writer *w)
{
    handshake *hs = m->hs;
    btls_mark body;
    if (!m->resumed && m->s->server_name[0] != '\0')
        btls_write_empty_extension(w, BTLS_EXT_SERVER_NAME);
    if (m->extended_master_secret)
        btls_write_empty_extension(w, BTLS_EXT_EXTENDED_MASTER_SECRET);
    if (hs->secure_renegotiation) {
        body = btls_write_extension(w, BTLS_EXT_RENEGOTIATION_INFO);
        btls_write_u8(w, 0);
        btls_write_end(w, body);
    }
    if (btls_extensions_has(&h->x, BTLS_EXT_EC_POINT_FORMATS)) {
        body = btls_write_extension(w, BTLS_EXT_EC_POINT_FORMATS);
        btls_write_u8(w, 1);
        btls_write_u8(w, 0); /* uncompressed */
        btls_write_end(w, body);
    }
    if (hs->ticket_expected)
        btls_write_empty_extension(w, BTLS_EXT_SESSION_TICKET);
    if (hs->status_expected)
        btls_write_empty_extension(w, BTLS_EXT_STATUS_REQUEST);
    if (m->alpn != NULL)
        btls_offer_alpn(m, w);
    btls_offer_answer_limits(m, h, w);
}

static int
send_hello(modern *m, const btls_client_hello *h)
{
    handshake *hs = m->hs;
    btls_writer w;
    btls_error e;
    if (btls_random(hs->server_random, sizeof hs->server_random, &e) != 0)
        return btls_modern_fail_with(m, &e);
    if (m->s->config->max_version >= BTLS_TLS13) /* RFC 8446, 4.1.3 */
        memcpy(hs->server_random + BTLS_RANDOM_SIZE - 8, btls_downgrade_12, 8);
    btls_mark message = btls_send_begin(m, &w, BTLS_SERVER_HELLO);
    btls_write_u16(&w, BTLS_TLS12);
    btls_write_bytes(&w, hs->server_random, sizeof hs->server_random);
    btls_write_vec(&w, 1, (btls_span){ hs->session_id, hs->session_id_size });
    btls_write_u16(&w, m->suite->id);
    btls_write_u8(&w, 0);
    btls_mark list = btls_write_begin(&w, 2);
    write_hello_extensions(m, h, &w);
    if (btls_queue_size(w.q) == list.at + 2 && !w.bad)
        w.q->tail -= 2; /* no extensions, no list (RFC 5246, 7.4.1.3) */
    else
        btls_write_end(&w, list);
    return btls_send_end(m, &w, message);
}

static int
send_status(modern *m)
{
    btls_writer w;
    btls_mark message = btls_send_begin(m, &w, BTLS_CERTIFICATE_STATUS);
    btls_write_u8(&w, STATUS_TYPE_OCSP);
    btls_write_vec(&w, 3, m->s->identity->staple);
    return btls_send_end(m, &w, message);
}

static int
send_key_exchange(modern *m)
{
    handshake *hs = m->hs;
    btls_writer w;
    if (btls_group_generate(m->group, &hs->random.vtable, hs->private_key,
                            &hs->private_size, hs->public_key, &hs->public_size) != 0)
        return btls_modern_fail(m, "io_crypto", BTLS_ALERT_INTERNAL_ERROR,
                                "no key could be made for the group %s",
                                btls_group_name(m->group));
    btls_mark message = btls_send_begin(m, &w, BTLS_SERVER_KEY_EXCHANGE);
    size_t start = btls_queue_size(w.q);
    btls_write_u8(&w, 3); /* named_curve */
    btls_write_u16(&w, m->group);
    btls_write_vec(&w, 1, (btls_span){ hs->public_key, hs->public_size });
    if (!w.bad && btls_auth12_sign_params(m, &w, start) != 0)
        return -1;
    return btls_send_end(m, &w, message);
}

/* RFC 5246, 7.4.4. */
static int
send_certificate_request(modern *m)
{
    const btls_config *c = m->s->config;
    btls_writer w;
    btls_mark message = btls_send_begin(m, &w, BTLS_CERTIFICATE_REQUEST);
    btls_write_u8(&w, 2);
    btls_write_u8(&w, 64); /* ecdsa_sign, which Ed25519 belongs to (RFC 8422, 5.5) */
    btls_write_u8(&w, 1);  /* rsa_sign */
    btls_mark list = btls_write_begin(&w, 2);
    for (size_t i = 0; i < c->scheme_count; i++)
        btls_write_u16(&w, c->schemes[i]);
    btls_write_end(&w, list);
    list = btls_write_begin(&w, 2);
    btls_auth_write_names(m, &w);
    btls_write_end(&w, list);
    m->hs->certificate_requested = 1;
    return btls_send_end(m, &w, message);
}

static int
send_done(modern *m)
{
    btls_writer w;
    btls_mark message = btls_send_begin(m, &w, BTLS_SERVER_HELLO_DONE);
    return btls_send_end(m, &w, message) != 0 ? -1 : btls_send_flight(m);
}

static int
full_handshake(modern *m, const btls_client_hello *h)
{
    handshake *hs = m->hs;
    const btls_config *c = m->s->config;
    btls_error e;
    if (choose_group(m, h) != 0 || choose_suite(m, h) != 0)
        return -1;
    hs->status_expected = m->s->identity->staple.n > 0 &&
                          btls_extensions_has(&h->x, BTLS_EXT_STATUS_REQUEST);
    /* An id only for those who can do nothing with a ticket. */
    hs->session_id_size =
        hs->ticket_expected || !btls_session_keeps_ids(m->s) ? 0 : BTLS_SESSION_ID_MAX;
    if (btls_random(hs->session_id, sizeof hs->session_id, &e) != 0)
        return btls_modern_fail_with(m, &e);
    if (send_hello(m, h) != 0 || btls_auth12_send_certificate(m) != 0 ||
        (hs->status_expected && send_status(m) != 0) || send_key_exchange(m) != 0)
        return -1;
    if (c->verify_client != BTLS_CLIENT_NONE && send_certificate_request(m) != 0)
        return -1;
    if (send_done(m) != 0)
        return -1;
    return hs->certificate_requested ? BTLS_WAIT_CERT_12 : BTLS_WAIT_CKE_12;
}

/* RFC 5077, 3.3: before our ChangeCipherSpec. */
static int
send_ticket(modern *m)
{
    btls_session *s = m->s;
    btls_writer w;
    btls_error e;
    if (!m->hs->ticket_expected)
        return 0;
    btls_modern_remember(m);
    btls_mark message = btls_send_begin(m, &w, BTLS_NEW_SESSION_TICKET);
    btls_write_u32(&w, BTLS_RESUMPTION_LIFETIME);
    btls_mark ticket = btls_write_begin(&w, 2);
    /* One that does not fit is empty: the client shall forget the old one. */
    if (!w.bad)
        btls_session_seal_ticket(s, w.q, &e);
    btls_write_end(&w, ticket);
    return btls_send_end(m, &w, message);
}

static int
abbreviated_handshake(modern *m, const btls_client_hello *h)
{
    handshake *hs = m->hs;
    m->resumed = 1;
    /* OpenSSL's clients forget a ticket that they used when there is a new one at once.
     */
    hs->ticket_expected = hs->ticket_expected && hs->ticket_ages;
    m->suite = btls_suite_by_id(hs->candidate.cipher_suite);
    btls_transcript_choose(&hs->transcript, m->suite->hash);
    hs->resumed_from = &hs->candidate;
    memcpy(hs->master_secret, hs->candidate.secret, sizeof hs->master_secret);
    if (btls_session_take_over(m->s, &hs->candidate) != 0 || send_hello(m, h) != 0 ||
        send_ticket(m) != 0 || btls_auth12_send_finished(m) != 0)
        return -1;
    return BTLS_WAIT_CCS_12;
}

int
btls_server12_on_client_hello(modern *m, const btls_client_hello *h)
{
    handshake *hs = m->hs;
    const btls_extensions *x = &h->x;
    if (btls_keys_check_boundary(m) != 0)
        return -1;
    m->extended_master_secret = btls_extensions_has(x, BTLS_EXT_EXTENDED_MASTER_SECRET);
    hs->secure_renegotiation =
        btls_extensions_has(x, BTLS_EXT_RENEGOTIATION_INFO) ||
        btls_list16_has(h->suites, BTLS_EMPTY_RENEGOTIATION_INFO_SCSV);
    hs->ticket_expected = btls_extensions_has(x, BTLS_EXT_SESSION_TICKET) &&
                          btls_session_gives_tickets(m->s);
    if (btls_keys12_check_renegotiation(m, x) != 0 ||
        btls_keys12_check_point_formats(m, x) != 0 || btls_offer_choose_alpn(m, h) != 0 ||
        btls_offer_read_client_limits(m, h) != 0)
        return -1;
    int fit = find_session(m, h) ? fits(m, h, &hs->candidate) : 0;
    if (fit < 0)
        return -1;
    return fit ? abbreviated_handshake(m, h) : full_handshake(m, h);
}

static int
on_certificate(modern *m, btls_span message)
{
    btls_session *s = m->s;
    if (btls_auth12_read_certificate(m, message) != 0)
        return -1;
    if (s->peer.count > 0)
        return btls_session_judge(s) == 0 ? BTLS_WAIT_CKE_12 : -1;
    if (s->config->verify_client == BTLS_CLIENT_REQUIRE) { /* RFC 5246, 7.4.6 */
        btls_modern_fail(m, "certificate_missing", BTLS_ALERT_HANDSHAKE_FAILURE,
                         "the client sent no certificate");
        btls_error_hint(&s->error, "this server requires one: verify_client");
        return -1;
    }
    return BTLS_WAIT_CKE_12;
}

/* RFC 8422, 5.7. */
static int
on_client_key_exchange(modern *m, btls_span message)
{
    handshake *hs = m->hs;
    uint8_t shared[BTLS_GROUP_SECRET_MAX];
    size_t n;
    btls_reader r = btls_reader_of(btls_message_body(message));
    btls_span point = btls_read_vec8(&r);
    if (!btls_read_end(&r) || point.n == 0)
        return btls_modern_malformed(m, "ClientKeyExchange");
    if (btls_group_share(m->group, hs->private_key, hs->private_size, point.p, point.n,
                         shared, &n) != 0)
        return btls_modern_fail(m, "peer_bad_key_share", BTLS_ALERT_ILLEGAL_PARAMETER,
                                "the client's key is not one of %s",
                                btls_group_name(m->group));
    btls_wipe(hs->private_key, sizeof hs->private_key);
    int bad = btls_keys12_master(m, (btls_span){ shared, n });
    btls_wipe(shared, sizeof shared);
    if (bad)
        return -1;
    return m->s->peer.count > 0 ? BTLS_WAIT_CV_12 : BTLS_WAIT_CCS_12;
}

/* RFC 5246, 7.4.8. */
static int
on_certificate_verify(modern *m, btls_span message)
{
    return btls_auth12_read_verify(m, message) == 0 ? BTLS_WAIT_CCS_12 : -1;
}

static int
on_finished(modern *m, btls_span message)
{
    if (btls_auth12_read_finished(m, message) != 0)
        return -1;
    if (!m->resumed && (send_ticket(m) != 0 || btls_auth12_send_finished(m) != 0))
        return -1;
    m->rows = btls_rows_server_open12;
    return btls_modern_open(m);
}

const btls_row btls_rows_server12[] = {
    { BTLS_WAIT_CERT_12, BTLS_CERTIFICATE_MESSAGE, 1, on_certificate },        /* 7.4.6 */
    { BTLS_WAIT_CKE_12, BTLS_CLIENT_KEY_EXCHANGE, 1, on_client_key_exchange }, /* 7.4.7 */
    { BTLS_WAIT_CV_12, BTLS_CERTIFICATE_VERIFY, 1, on_certificate_verify },    /* 7.4.8 */
    { BTLS_WAIT_FINISHED_12, BTLS_FINISHED, 1, on_finished },                  /* 7.4.9 */
    { 0, 0, 0, NULL },
};
