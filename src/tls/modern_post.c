/* modern_post.c -- TLS 1.3 after the handshake: tickets and KeyUpdate (RFC 8446, 4.6);
 * and what TLS 1.2 does instead: refuse to renegotiate. */
#include <string.h>

#include "crypto/random.h"
#include "tls/modern.h"

/* A peer that only changes its keys keeps us busy. */
#define KEY_UPDATES_IN_A_ROW 32
#define TICKETS_SENT 2

static int
on_new_session_ticket(modern *m, btls_span message)
{
    btls_session *s = m->s;
    btls_resumption *r = &s->resumption;
    btls_extensions x;
    btls_error e;
    btls_reader in = btls_reader_of(btls_message_body(message));
    uint32_t lifetime = btls_read_u16(&in);
    lifetime = lifetime << 16 | btls_read_u16(&in);
    uint32_t age_add = btls_read_u16(&in);
    age_add = age_add << 16 | btls_read_u16(&in);
    btls_span nonce = btls_read_vec8(&in), ticket = btls_read_vec16(&in);
    btls_span list = btls_read_vec16(&in);
    if (!btls_read_end(&in) || ticket.n == 0)
        return btls_modern_malformed(m, "NewSessionTicket");
    if (btls_extension_list_read(&x, list, BTLS_IN_NEW_SESSION_TICKET, 0, &e) != 0)
        return btls_modern_fail_with(m, &e);
    if (btls_extensions_has(&x, BTLS_EXT_EARLY_DATA) &&
        x.body[BTLS_EXT_EARLY_DATA].n != 4) /* max_early_data_size (4.2.10) */
        return btls_modern_malformed(m, "extension early_data");
    if (lifetime == 0 || !s->config->tickets)
        return BTLS_CONNECTED;
    btls_queue_clear(&r->ticket);
    if (!btls_queue_push(&r->ticket, ticket.p, ticket.n))
        return btls_modern_no_memory(m);
    btls_modern_remember(m);
    r->secret_size = btls_keys_ticket_secret(m, nonce, r->secret);
    r->age_add = age_add;
    r->lifetime =
        lifetime < BTLS_TICKET_LIFETIME_MAX ? lifetime : BTLS_TICKET_LIFETIME_MAX;
    r->created = btls_session_time(s);
    s->has_resumption = 1;
    btls_session_keep_ticket(s);
    return BTLS_CONNECTED;
}

/* One ticket; each has a PSK of its own (4.6.1). */
static int
send_ticket(modern *m, uint8_t number)
{
    btls_session *s = m->s;
    btls_resumption *r = &s->resumption;
    btls_writer w;
    btls_error e;
    uint8_t age_add[4];
    if (btls_random(age_add, sizeof age_add, &e) != 0)
        return btls_modern_fail_with(m, &e);
    r->secret_size = btls_keys_ticket_secret(m, (btls_span){ &number, 1 }, r->secret);
    btls_queue sealed;
    btls_queue_init(&sealed, &s->alloc);
    int bad = btls_session_seal_ticket(s, &sealed, &e) != 0;
    if (!bad) {
        btls_mark message = btls_send_begin(m, &w, BTLS_NEW_SESSION_TICKET);
        btls_write_u32(&w, BTLS_RESUMPTION_LIFETIME);
        btls_write_bytes(&w, age_add, sizeof age_add);
        btls_write_vec(&w, 1, (btls_span){ &number, 1 });
        btls_write_vec(&w, 2, btls_queue_bytes(&sealed));
        btls_write_u16(&w, 0);
        bad = btls_send_end(m, &w, message) != 0;
    } else {
        bad = 0; /* what cannot be sealed is not resumed: a full handshake next time */
    }
    btls_queue_clear(&sealed);
    return bad ? -1 : 0;
}

int
btls_post_send_tickets(modern *m)
{
    if (!btls_session_gives_tickets(m->s) || !m->hs->dhe_psk_offered)
        return 0;
    for (uint8_t i = 0; i < TICKETS_SENT; i++) {
        if (send_ticket(m, i) != 0)
            return -1;
    }
    return btls_send_flight(m);
}

/* RFC 8446, 4.6.3. */
static int
on_key_update(modern *m, btls_span message)
{
    btls_span body = btls_message_body(message);
    if (body.n != 1)
        return btls_modern_malformed(m, "KeyUpdate");
    if (body.p[0] > 1)
        return btls_modern_fail(m, "peer_illegal_parameter", BTLS_ALERT_ILLEGAL_PARAMETER,
                                "%s's KeyUpdate asks for something unknown",
                                btls_session_peer_name(m->s));
    if (++m->key_updates > KEY_UPDATES_IN_A_ROW)
        return btls_modern_fail(m, "peer_too_many_records", BTLS_ALERT_UNEXPECTED_MESSAGE,
                                "%s changed its keys %d times without sending any data",
                                btls_session_peer_name(m->s), KEY_UPDATES_IN_A_ROW);
    if (btls_keys_update(m, 0) != 0)
        return -1;
    /* Several requests get one answer: btls_post_answer_update, or when we write. */
    if (body.p[0] == 1)
        m->key_update_requested = 1;
    return BTLS_CONNECTED;
}

int
btls_post_answer_update(modern *m)
{
    if (!m->key_update_requested || m->close_sent || btls_queue_size(&m->s->out) > 0)
        return 0;
    return btls_post_update_keys(m, 0);
}

int
btls_post_update_keys(modern *m, int request)
{
    btls_writer w;
    m->key_update_requested = 0;
    btls_mark message = btls_send_begin(m, &w, BTLS_KEY_UPDATE);
    btls_write_u8(&w, request ? 1 : 0);
    if (btls_send_end(m, &w, message) != 0 || btls_send_flight(m) != 0)
        return -1;
    return btls_keys_update(m, 1);
}

/* TLS 1.2: a wish to renegotiate is refused, and the session goes on (RFC 5246, 7.2.2).
 */
static int
on_hello_request(modern *m, btls_span message)
{
    if (message.n != 4)
        return btls_modern_malformed(m, "HelloRequest");
    if (btls_session_idle_record(m->s) != 0)
        return -1;
    btls_modern_warn(m, BTLS_ALERT_NO_RENEGOTIATION);
    return BTLS_CONNECTED;
}

static int
on_renegotiation(modern *m, btls_span message)
{
    (void)message;
    if (btls_session_idle_record(m->s) != 0)
        return -1;
    btls_modern_warn(m, BTLS_ALERT_NO_RENEGOTIATION);
    return BTLS_CONNECTED;
}

const btls_row btls_rows_client_open[] = {
    { BTLS_CONNECTED, BTLS_NEW_SESSION_TICKET, 0, on_new_session_ticket }, /* 4.6.1 */
    { BTLS_CONNECTED, BTLS_KEY_UPDATE, 0, on_key_update },                 /* 4.6.3 */
    { 0, 0, 0, NULL },
};
const btls_row btls_rows_server_open[] = {
    { BTLS_CONNECTED, BTLS_KEY_UPDATE, 0, on_key_update }, /* 4.6.3 */
    { 0, 0, 0, NULL },
};
const btls_row btls_rows_client_open12[] = {
    { BTLS_CONNECTED, BTLS_HELLO_REQUEST, 0, on_hello_request }, /* RFC 5246, 7.4.1.1 */
    { 0, 0, 0, NULL },
};
const btls_row btls_rows_server_open12[] = {
    { BTLS_CONNECTED, BTLS_CLIENT_HELLO, 0, on_renegotiation }, /* RFC 5246, 7.4.1.2 */
    { 0, 0, 0, NULL },
};
