/* modern_client12.c -- a client's TLS 1.2 handshake from ServerHello on (RFC 5246, 7.3;
 * RFC 8422; RFC 7627; RFC 5077). */
#include <string.h>

#include "tls/modern.h"

#define STATUS_TYPE_OCSP 1
#define CERTIFICATE_TYPE_RSA 1
#define CERTIFICATE_TYPE_ECDSA 64

static int
wrong(modern *m, const char *what)
{
    return btls_modern_fail(m, "peer_illegal_parameter", BTLS_ALERT_ILLEGAL_PARAMETER,
                            "the server %s", what);
}

/* Extensions whose answer has no contents. */
static int
check_empty(modern *m, const btls_extensions *x)
{
    static const int empty[] = { BTLS_EXT_SERVER_NAME, BTLS_EXT_EXTENDED_MASTER_SECRET,
                                 BTLS_EXT_SESSION_TICKET, BTLS_EXT_STATUS_REQUEST };
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        if (x->body[empty[i]].n != 0)
            return btls_modern_malformed(m, btls_extension_name(empty[i]));
    }
    return 0;
}

static int
read_extensions(modern *m, const btls_extensions *x)
{
    handshake *hs = m->hs;
    if (check_empty(m, x) != 0)
        return -1;
    if (btls_keys12_check_renegotiation(m, x) != 0 ||
        btls_keys12_check_point_formats(m, x) != 0)
        return -1;
    if (btls_extensions_has(x, BTLS_EXT_ALPN) &&
        btls_offer_read_alpn(m, x->body[BTLS_EXT_ALPN]) != 0)
        return -1;
    m->extended_master_secret = btls_extensions_has(x, BTLS_EXT_EXTENDED_MASTER_SECRET);
    hs->ticket_expected = btls_extensions_has(x, BTLS_EXT_SESSION_TICKET);
    hs->status_expected = btls_extensions_has(x, BTLS_EXT_STATUS_REQUEST);
    return btls_offer_read_limits(m, x);
}

/* The server goes on with the session that we offered (RFC 5246, 7.3). */
static int
resume(modern *m, const btls_server_hello *h)
{
    handshake *hs = m->hs;
    const btls_resumption *r = m->s->offered;
    if (r->cipher_suite != h->suite || r->version != h->version)
        return wrong(m, "resumes a session with another version or cipher suite");
    /* RFC 7627, 5.3: neither up nor down. */
    if (r->extended_master_secret != m->extended_master_secret)
        return btls_modern_fail(m, "peer_extended_master_secret",
                                BTLS_ALERT_HANDSHAKE_FAILURE,
                                "the server resumes a session with%s extended master "
                                "secret",
                                m->extended_master_secret ? "" : "out");
    m->resumed = 1;
    hs->resumed_from = r;
    memcpy(hs->master_secret, r->secret, sizeof hs->master_secret);
    if (btls_session_take_over(m->s, r) != 0)
        return -1;
    return hs->ticket_expected ? BTLS_WAIT_TICKET_CCS_12 : BTLS_WAIT_CCS_12;
}

int
btls_client12_on_server_hello(modern *m, const btls_server_hello *h)
{
    handshake *hs = m->hs;
    const btls_resumption *r = m->s->offered;
    btls_span ours = { hs->session_id, hs->session_id_size };
    int echoed = ours.n > 0 && btls_span_equal(h->session_id, ours);
    if (read_extensions(m, &h->x) != 0)
        return -1;
    if (echoed && r != NULL && r->version == BTLS_TLS12)
        return resume(m, h);
    if (echoed) /* RFC 8446, D.4: the id was made up, so there is nothing to resume */
        return wrong(m, "resumes a session that never was");
    memcpy(hs->session_id, h->session_id.p, h->session_id.n);
    hs->session_id_size = h->session_id.n;
    return BTLS_WAIT_CERT_12;
}

static int
on_certificate(modern *m, btls_span message)
{
    if (btls_auth12_read_certificate(m, message) != 0)
        return -1;
    if (m->s->peer.count == 0)
        return btls_modern_fail(m, "certificate_missing", BTLS_ALERT_DECODE_ERROR,
                                "the server sent no certificate");
    return m->hs->status_expected ? BTLS_WAIT_STATUS_SKE_12 : BTLS_WAIT_SKE_12;
}

/* RFC 6066, 8: announced, but it need not come. */
static int
on_certificate_status(modern *m, btls_span message)
{
    btls_reader r = btls_reader_of(btls_message_body(message));
    unsigned type = btls_read_u8(&r);
    btls_span response = btls_read_vec24(&r);
    if (!btls_read_end(&r) || type != STATUS_TYPE_OCSP || response.n == 0)
        return btls_modern_malformed(m, "CertificateStatus");
    if (!btls_queue_push(&m->s->staple, response.p, response.n))
        return btls_modern_no_memory(m);
    return BTLS_WAIT_SKE_12;
}

static int
fail_share(modern *m)
{
    return btls_modern_fail(m, "peer_bad_key_share", BTLS_ALERT_ILLEGAL_PARAMETER,
                            "the server's key is not one of %s",
                            btls_group_name(m->group));
}

/* The verdict waits for this message, since a stapled response belongs to it; then the
 * server's share and its signature (RFC 8422, 5.4). */
static int
on_server_key_exchange(modern *m, btls_span message)
{
    handshake *hs = m->hs;
    btls_span body = btls_message_body(message);
    btls_reader r = btls_reader_of(body);
    unsigned curve_type = btls_read_u8(&r), group = btls_read_u16(&r);
    btls_span point = btls_read_vec8(&r);
    btls_span params = { body.p, body.n - r.left };
    unsigned scheme = btls_read_u16(&r);
    btls_span signature = btls_read_vec16(&r);
    if (!btls_read_end(&r) || point.n == 0)
        return btls_modern_malformed(m, "ServerKeyExchange");
    if (curve_type != 3 || !btls_config_has_group(m->s->config, group))
        return wrong(m, "chooses a group that was not offered");
    if (btls_session_judge(m->s) != 0 || btls_auth12_check_key(m) != 0)
        return -1;
    if (btls_auth12_verify_params(m, params, scheme, signature) != 0)
        return -1;
    m->group = group;
    if (point.n > sizeof hs->peer_share)
        return fail_share(m);
    memcpy(hs->peer_share, point.p, point.n);
    hs->peer_share_size = point.n;
    return BTLS_WAIT_CR_SHD_12;
}

/* RFC 5246, 7.4.4. */
static int
on_certificate_request(modern *m, btls_span message)
{
    handshake *hs = m->hs;
    btls_reader r = btls_reader_of(btls_message_body(message));
    btls_span types = btls_read_vec8(&r), schemes = btls_read_vec16(&r);
    btls_span names = btls_read_vec16(&r);
    if (!btls_read_end(&r) || types.n == 0 || !btls_list16_valid(schemes))
        return btls_modern_malformed(m, "CertificateRequest");
    hs->certificate_requested = 1;
    hs->rsa_wanted = memchr(types.p, CERTIFICATE_TYPE_RSA, types.n) != NULL;
    hs->ecdsa_wanted = memchr(types.p, CERTIFICATE_TYPE_ECDSA, types.n) != NULL;
    hs->authorities = 0;
    btls_reader list = btls_reader_of(names);
    while (btls_read_more(&list))
        btls_auth_note_authority(m, btls_read_vec16(&list));
    if (list.bad)
        return btls_modern_malformed(m, "CertificateRequest");
    if (!btls_queue_push(&hs->peer_schemes, schemes.p, schemes.n))
        return btls_modern_no_memory(m);
    return BTLS_WAIT_SHD_12;
}

static int
send_key_exchange(modern *m, uint8_t *shared, size_t *n)
{
    handshake *hs = m->hs;
    btls_writer w;
    if (btls_group_generate(m->group, &hs->random.vtable, hs->private_key,
                            &hs->private_size, hs->public_key, &hs->public_size) != 0)
        return btls_modern_fail(m, "io_crypto", BTLS_ALERT_INTERNAL_ERROR,
                                "no key could be made for the group %s",
                                btls_group_name(m->group));
    if (btls_group_share(m->group, hs->private_key, hs->private_size, hs->peer_share,
                         hs->peer_share_size, shared, n) != 0)
        return fail_share(m);
    btls_wipe(hs->private_key, sizeof hs->private_key);
    btls_mark message = btls_send_begin(m, &w, BTLS_CLIENT_KEY_EXCHANGE);
    btls_write_vec(&w, 1, (btls_span){ hs->public_key, hs->public_size });
    return btls_send_end(m, &w, message);
}

static int
on_server_hello_done(modern *m, btls_span message)
{
    handshake *hs = m->hs;
    uint8_t shared[BTLS_GROUP_SECRET_MAX];
    size_t n = 0;
    if (message.n != 4)
        return btls_modern_malformed(m, "ServerHelloDone");
    if (btls_keys_check_boundary(m) != 0)
        return -1;
    if (hs->certificate_requested) {
        btls_auth_choose(m, btls_queue_bytes(&hs->peer_schemes));
        if (btls_auth12_send_certificate(m) != 0)
            return -1;
    }
    int bad = send_key_exchange(m, shared, &n) != 0 ||
              btls_keys12_master(m, (btls_span){ shared, n }) != 0;
    btls_wipe(shared, sizeof shared);
    if (bad || (m->s->identity != NULL && btls_auth12_send_verify(m) != 0))
        return -1;
    if (btls_auth12_send_finished(m) != 0)
        return -1;
    return hs->ticket_expected ? BTLS_WAIT_TICKET_CCS_12 : BTLS_WAIT_CCS_12;
}

/* RFC 5077, 3.3. */
static int
on_new_session_ticket(modern *m, btls_span message)
{
    btls_resumption *r = &m->s->resumption;
    btls_reader in = btls_reader_of(btls_message_body(message));
    uint32_t lifetime = btls_read_u16(&in);
    lifetime = lifetime << 16 | btls_read_u16(&in);
    btls_span ticket = btls_read_vec16(&in);
    if (!btls_read_end(&in))
        return btls_modern_malformed(m, "NewSessionTicket");
    btls_queue_clear(&r->ticket);
    if (!btls_queue_push(&r->ticket, ticket.p, ticket.n))
        return btls_modern_no_memory(m);
    if (ticket.n > 0)
        m->hs->session_id_size = 0; /* 3.4: the id of ServerHello is discarded */
    r->lifetime =
        lifetime > BTLS_TICKET_LIFETIME_MAX ? BTLS_TICKET_LIFETIME_MAX : lifetime;
    return BTLS_WAIT_CCS_12;
}

static int
on_finished(modern *m, btls_span message)
{
    if (btls_auth12_read_finished(m, message) != 0)
        return -1;
    if (m->resumed && btls_auth12_send_finished(m) != 0)
        return -1;
    m->rows = btls_rows_client_open12;
    return btls_modern_open(m);
}

const btls_row btls_rows_client12[] = {
    { BTLS_WAIT_CERT_12, BTLS_CERTIFICATE_MESSAGE, 1, on_certificate }, /* 7.4.2 */
    { BTLS_WAIT_STATUS_SKE_12, BTLS_CERTIFICATE_STATUS, 1, on_certificate_status },
    { BTLS_WAIT_STATUS_SKE_12, BTLS_SERVER_KEY_EXCHANGE, 1, on_server_key_exchange },
    { BTLS_WAIT_SKE_12, BTLS_SERVER_KEY_EXCHANGE, 1, on_server_key_exchange }, /* 7.4.3 */
    { BTLS_WAIT_CR_SHD_12, BTLS_CERTIFICATE_REQUEST, 1, on_certificate_request },
    { BTLS_WAIT_CR_SHD_12, BTLS_SERVER_HELLO_DONE, 1, on_server_hello_done },
    { BTLS_WAIT_SHD_12, BTLS_SERVER_HELLO_DONE, 1, on_server_hello_done }, /* 7.4.5 */
    { BTLS_WAIT_TICKET_CCS_12, BTLS_NEW_SESSION_TICKET, 1, on_new_session_ticket },
    { BTLS_WAIT_FINISHED_12, BTLS_FINISHED, 1, on_finished }, /* 7.4.9 */
    { 0, 0, 0, NULL },
};
