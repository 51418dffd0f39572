/* modern_input.c -- bytes from the wire: records, the messages in them and their
 * handlers, alerts and change_cipher_spec of the peer (RFC 8446, 5, 6). */
#include <string.h>

#include "tls/failure.h"
#include "tls/modern.h"

/* What a peer may send before the handshake is finished. */
#define HANDSHAKE_BYTES 262144

static int
unexpected(modern *m, const char *what)
{
    return btls_modern_fail(m, "peer_unexpected_message", BTLS_ALERT_UNEXPECTED_MESSAGE,
                            "%s sent %s, which does not belong here",
                            btls_session_peer_name(m->s), what);
}

/* ---- messages ---- */

static const btls_row *
find_row(const modern *m, unsigned type)
{
    for (const btls_row *row = m->rows; row->on != NULL; row++) {
        if (row->state == m->state && row->message == type)
            return row;
    }
    return NULL;
}

/* The one place that assigns the state. */
static int
dispatch(modern *m, btls_span message, const btls_record *record)
{
    unsigned type = message.p[0];
    const btls_row *row = find_row(m, type);
    btls_trace_add(&m->s->trace, 0, BTLS_HANDSHAKE, record->version, record->encrypted,
                   message);
    /* A wish to renegotiate in the middle of a handshake is ignored (RFC 5246,
     * 7.4.1.1). */
    if (row == NULL && type == BTLS_HELLO_REQUEST && message.n == 4 && m->hs != NULL &&
        m->s->is_client && m->version != BTLS_TLS13)
        return btls_session_idle_record(m->s);
    if (row == NULL)
        return unexpected(m, "a handshake message");
    if (m->hs != NULL && row->hashed) {
        m->hs->before = m->hs->transcript;
        if (btls_modern_hash(m, message) != 0)
            return -1;
    }
    if (!m->opened)
        m->s->idle_records = 0;
    m->handling = message.n;
    int next = row->on(m, message);
    m->handling = 0;
    if (next < 0)
        return -1;
    m->state = next;
    return 0;
}

/* What begins is longer than any message. */
static int
refuse_length(modern *m)
{
    if (find_row(m, btls_queue_bytes(&m->incoming.bytes).p[0]) == NULL)
        return unexpected(m, "a handshake message");
    return btls_modern_fail(m, "peer_message_too_long", BTLS_ALERT_DECODE_ERROR,
                            "%s sent a handshake message of more than %d bytes",
                            btls_session_peer_name(m->s), BTLS_MESSAGE_BYTES);
}

static int
on_handshake(modern *m, const btls_record *record)
{
    btls_span message;
    if (record->body.n == 0)
        return unexpected(m, "an empty handshake record");
    int bad = btls_messages_add(&m->incoming, record->body);
    if (bad < 0)
        return btls_modern_no_memory(m);
    if (bad)
        return refuse_length(m);
    while (btls_messages_ready(&m->incoming, &message)) {
        if (dispatch(m, message, record) != 0)
            return -1;
        btls_messages_next(&m->incoming);
    }
    if (btls_queue_size(&m->incoming.bytes) == 0)
        btls_messages_clear(&m->incoming); /* there may never be another */
    return 0;
}

/* ---- other records ---- */

/* RFC 8446, 5 and D.4; RFC 5246, 7.1. */
static int
on_change_cipher_spec(modern *m, const btls_record *record)
{
    int right = record->body.n == 1 && record->body.p[0] == 1;
    btls_trace_add(&m->s->trace, 0, BTLS_CHANGE_CIPHER_SPEC, record->version,
                   record->encrypted, record->body);
    if (!right || record->encrypted || m->hs == NULL || m->state == BTLS_WAIT_CH ||
        btls_queue_size(&m->incoming.bytes) > 0)
        return unexpected(m, "a change_cipher_spec");
    if (m->version == BTLS_TLS12) {
        if (m->state != BTLS_WAIT_CCS_12)
            return unexpected(m, "a change_cipher_spec");
        int next = btls_on_ccs_12(m);
        if (next < 0)
            return -1;
        m->state = next;
        return 0;
    }
    m->hs->early_ccs_seen = m->version == 0;
    return btls_session_idle_record(m->s);
}

static int
on_close_notify(modern *m)
{
    if (!m->opened)
        return btls_fail_peer_alert(m->s, BTLS_ALERT_CLOSE_NOTIFY);
    m->closed_by_peer = 1;
    /* TLS 1.3 closes one direction: we may go on writing (RFC 8446, 6.1). Before, the
     * answer comes at once, and the session is over (RFC 5246, 7.2.1). */
    if (m->version == BTLS_TLS13 && !m->close_sent) {
        btls_session_half_closed(m->s);
        return 0;
    }
    btls_modern_close(&m->base);
    btls_session_peer_closed(m->s);
    return 0;
}

static int
on_alert(modern *m, const btls_record *record)
{
    btls_span b = record->body;
    btls_trace_add(&m->s->trace, 0, BTLS_ALERT, record->version, record->encrypted, b);
    if (b.n != 2)
        return btls_modern_malformed(m, "alert");
    unsigned level = b.p[0], description = b.p[1];
    if (level != BTLS_LEVEL_WARNING &&
        level != BTLS_LEVEL_FATAL) /* RFC 8446, 6.2: an invalid enum */
        return btls_modern_fail(m, "peer_illegal_parameter", BTLS_ALERT_ILLEGAL_PARAMETER,
                                "%s sent an alert of a level that does not exist (%u)",
                                btls_session_peer_name(m->s), level);
    if (description == BTLS_ALERT_CLOSE_NOTIFY)
        return on_close_notify(m);
    /* RFC 8446, 6: the level says nothing any more; user_canceled alone is no error. */
    int ignored = m->version == BTLS_TLS13 ? description == BTLS_ALERT_USER_CANCELED
                                           : level == BTLS_LEVEL_WARNING;
    if (ignored && m->version == BTLS_TLS13 && btls_queue_size(&m->incoming.bytes) > 0)
        return unexpected(m, "an alert in the middle of a message"); /* 5.1 */
    if (ignored && ++m->warnings > BTLS_WARNINGS_IN_A_ROW)
        return btls_modern_fail(m, "peer_too_many_records", BTLS_ALERT_UNEXPECTED_MESSAGE,
                                "%s sent more than %d warnings in a row",
                                btls_session_peer_name(m->s), BTLS_WARNINGS_IN_A_ROW);
    if (ignored)
        return btls_session_idle_record(m->s);
    return btls_fail_peer_alert(m->s, (int)description);
}

/* Returns 1 when the data is to be kept. */
static int
on_application_data(modern *m, const btls_record *record)
{
    btls_session *s = m->s;
    if (!m->opened || !record->encrypted || btls_queue_size(&m->incoming.bytes) > 0) {
        unexpected(m, "application data");
        return 0;
    }
    btls_trace_add(&s->trace, 0, BTLS_APPLICATION_DATA, record->version, 1, record->body);
    if (record->body.n == 0) {
        btls_session_idle_record(s);
        return 0;
    }
    s->idle_records = 0;
    m->key_updates = 0;
    if (btls_post_answer_update(m) != 0)
        return 0;
    /* Who has closed may still listen in TLS 1.3 (RFC 8446, 6.1), and not before. */
    return s->state == BTLS_STATE_OPEN || m->version == BTLS_TLS13;
}

static void
handle(modern *m, const btls_record *record)
{
    int keep = 0;
    if (record->type != BTLS_ALERT)
        m->warnings = 0;
    switch (record->type) {
    case BTLS_CHANGE_CIPHER_SPEC:
        on_change_cipher_spec(m, record);
        break;
    case BTLS_ALERT:
        on_alert(m, record);
        break;
    case BTLS_HANDSHAKE:
        if (m->opened && btls_session_idle_record(m->s) != 0)
            break;
        on_handshake(m, record);
        break;
    case BTLS_APPLICATION_DATA:
        keep = on_application_data(m, record);
        break;
    default:
        unexpected(m, "a record of an unknown type");
    }
    btls_records_done(&m->s->in, record, keep);
}

/* ---- bytes ---- */

static int
is_over(const modern *m)
{
    return btls_session_failed(m->s) || m->closed_by_peer;
}

static void
fail_record(modern *m, const btls_error *e)
{
    btls_session *s = m->s;
    btls_queue_commit(&s->in, 0);
    const uint8_t *h = btls_records_header(&m->records);
    int is_record =
        h[0] >= BTLS_CHANGE_CIPHER_SPEC && h[0] <= BTLS_APPLICATION_DATA && h[1] == 3;
    if (!is_record && !btls_records_protected(&m->records, 0))
        btls_fail_not_tls(s, h, m->version != 0 || s->handshake_bytes > 0);
    else
        btls_modern_fail_with(m, e);
}

static int
count_handshake_bytes(modern *m, const btls_record *record)
{
    btls_session *s = m->s;
    if (m->opened)
        return 0;
    s->handshake_bytes += record->body.n;
    if (s->handshake_bytes <= HANDSHAKE_BYTES)
        return 0;
    return btls_modern_fail(m, "peer_message_too_long", BTLS_ALERT_ILLEGAL_PARAMETER,
                            "%s sent more than %d bytes of handshake",
                            btls_session_peer_name(s), HANDSHAKE_BYTES);
}

void
btls_modern_feed(btls_engine *e, const uint8_t *p, size_t n)
{
    modern *m = (modern *)(void *)e;
    btls_session *s = m->s;
    btls_record record;
    btls_error error;
    if (btls_modern_seed(m) != 0)
        return;
    /* Room for all of it at once: no growing in steps. */
    if (m->opened && n > 0 && btls_queue_room(&s->in, n) == NULL) {
        btls_modern_no_memory(m);
        return;
    }
    while (!is_over(m)) {
        switch (btls_records_receive(&m->records, &s->in, &p, &n, &record, &error)) {
        case BTLS_RECORD_MORE:
            return;
        case BTLS_RECORD_SKIPPED:
            break;
        case BTLS_RECORD_BAD:
            fail_record(m, &error);
            return;
        default:
            if (count_handshake_bytes(m, &record) == 0)
                handle(m, &record);
        }
    }
}
