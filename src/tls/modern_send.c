/* modern_send.c -- what goes to the wire: handshake messages in flights, application
 * data, change_cipher_spec, alerts. */
#include <string.h>

#include "tls/modern.h"

/* ---- handshake ---- */

btls_mark
btls_send_begin(modern *m, btls_writer *w, unsigned type)
{
    *w = btls_writer_of(&m->flight);
    btls_write_u8(w, type);
    return btls_write_begin(w, 3);
}

int
btls_send_end(modern *m, btls_writer *w, btls_mark mark)
{
    btls_write_end(w, mark);
    if (w->bad)
        return btls_modern_no_memory(m);
    btls_span all = btls_queue_bytes(&m->flight);
    btls_span message = { all.p + mark.at - 1, all.n - (mark.at - 1) };
    btls_trace_add(&m->s->trace, 1, BTLS_HANDSHAKE, BTLS_TLS12,
                   btls_records_protected(&m->records, 1), message);
    return m->hs == NULL ? 0 : btls_modern_hash(m, message);
}

int
btls_send_flight(modern *m)
{
    btls_span all = btls_queue_bytes(&m->flight);
    if (all.n == 0)
        return 0;
    int ok = btls_records_send(&m->records, BTLS_HANDSHAKE, all, &m->s->out);
    btls_queue_clear(&m->flight);
    return ok ? 0 : btls_modern_no_memory(m);
}

int
btls_send_ccs(modern *m)
{
    static const uint8_t one = 1;
    btls_span body = { &one, 1 };
    btls_trace_add(&m->s->trace, 1, BTLS_CHANGE_CIPHER_SPEC, BTLS_TLS12, 0, body);
    if (btls_records_send_plain(BTLS_CHANGE_CIPHER_SPEC, body, &m->s->out))
        return 0;
    return btls_modern_no_memory(m);
}

/* RFC 8446, D.4: only where the client asked for it with a session id. */
int
btls_send_compatible_ccs(modern *m)
{
    handshake *hs = m->hs;
    if (hs->compatible_ccs_sent || hs->session_id_size == 0)
        return 0;
    hs->compatible_ccs_sent = 1;
    return btls_send_ccs(m);
}

/* ---- application data ---- */

/* RFC 8446, 5.5: new keys before the AEAD has protected too much with the old ones. */
static int
renew_keys(modern *m)
{
    if (m->version != BTLS_TLS13)
        return 0;
    if (!m->key_update_requested && !btls_records_worn(&m->records))
        return 0;
    return btls_post_update_keys(m, 0);
}

/* An event a record. */
static void
trace_data(modern *m, size_t n)
{
    size_t limit = m->records.limits[1];
    for (; m->s->trace.limit > 0 && n > 0; n -= n < limit ? n : limit)
        btls_trace_add(&m->s->trace, 1, BTLS_APPLICATION_DATA, BTLS_TLS12, 1,
                       (btls_span){ NULL, n < limit ? n : limit });
}

void
btls_modern_write(btls_engine *e, const uint8_t *p, size_t n)
{
    modern *m = (modern *)(void *)e;
    if (n == 0 || renew_keys(m) != 0)
        return;
    trace_data(m, n);
    if (!btls_records_send(&m->records, BTLS_APPLICATION_DATA, (btls_span){ p, n },
                           &m->s->out))
        btls_modern_no_memory(m);
}

/* ---- alerts ---- */

/* Behind a close_notify comes nothing, not even an alert (RFC 8446, 6.1; RFC 5246,
 * 7.2.1). */
static void
send_alert(modern *m, int level, int description)
{
    if (m->close_sent)
        return;
    uint8_t body[2] = { (uint8_t)level, (uint8_t)description };
    btls_span alert = { body, sizeof body };
    btls_trace_add(&m->s->trace, 1, BTLS_ALERT, BTLS_TLS12,
                   btls_records_protected(&m->records, 1), alert);
    /* Without memory the peer sees the connection end, which must do. */
    btls_records_send(&m->records, BTLS_ALERT, alert, &m->s->out);
}

/* What waited to be sent is not sent any more: the alert is what counts. */
void
btls_modern_alert(btls_engine *e, int description)
{
    modern *m = (modern *)(void *)e;
    btls_queue_clear(&m->flight);
    send_alert(m, BTLS_LEVEL_FATAL, description);
}

void
btls_modern_warn(modern *m, int description)
{
    send_alert(m, BTLS_LEVEL_WARNING, description);
}

void
btls_modern_close(btls_engine *e)
{
    modern *m = (modern *)(void *)e;
    if (m->close_sent)
        return;
    btls_send_flight(m);
    if (m->hs != NULL) /* RFC 8446, 6.1: a handshake that is given up is cancelled */
        btls_modern_warn(m, BTLS_ALERT_USER_CANCELED);
    btls_modern_warn(m, BTLS_ALERT_CLOSE_NOTIFY);
    m->close_sent = 1;
}
