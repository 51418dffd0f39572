/* classic.c -- the classic engine: BearSSL's own handshake (TLS 1.0 to 1.2) behind
 * engine.h: when it has opened, what it has for the wire, sealing, alerts and questions.
 *
 * A server's ServerHello of this engine does not say that the server could do better (the
 * sentinel in its random: RFC 8446, 4.1.3; the modern engine's does). BearSSL makes
 * that random in the same step in which it writes and hashes the message, from the
 * generator that is a part of its context: nothing of ours is called in between, and to
 * change the context there would be to edit the engine while it runs. What is lost is a
 * second check: Finished covers the hellos, unless the key exchange itself is broken, and
 * TLS_FALLBACK_SCSV is refused for both engines (modern_server.c). */
#include "tls/classic.h"

#include <string.h>

#include "tls/keylog.h"

static classic *
of(btls_engine *e)
{
    return (classic *)(void *)e;
}

static void
remember(classic *c)
{
    btls_session *s = c->s;
    const br_ssl_session_parameters *p = &c->br.eng.session;
    btls_resumption *r = &s->resumption;
    r->version = p->version;
    r->cipher_suite = p->cipher_suite;
    memcpy(r->id, p->session_id, sizeof r->id);
    r->id_size = p->session_id_len;
    memcpy(r->secret, p->master_secret, sizeof r->secret);
    r->secret_size = sizeof r->secret;
    memcpy(r->config_id, s->config->id, sizeof r->config_id);
    memcpy(r->server_name, s->server_name, sizeof r->server_name);
    r->verified = s->verified;
    s->has_resumption = p->session_id_len > 0;
}

/* A resumed session keeps the verdict on the peer, and its age, from the session that it
 * goes on with. */
static void
take_over(classic *c, btls_resumption *from)
{
    btls_session *s = c->s;
    s->verified = btls_session_takes_verdict(s, from);
    btls_chain_clear(&s->peer);
    s->peer = from->peer;
    s->peer.bytes.alloc = &s->alloc;
    btls_chain_init(&from->peer, &s->alloc);
    s->resumption.created = from->created;
}

/* The handshake is finished on both sides. */
static void
opened(classic *c)
{
    btls_session *s = c->s;
    c->opened = 1;
    s->idle_records = 0;
    s->resumption.created = btls_session_time(s);
    if (!c->full && s->is_client)
        take_over(c, s->offered);
    else if (!c->full && c->has_candidate)
        take_over(c, &c->candidate);
    remember(c);
    btls_keylog_add(s, "CLIENT_RANDOM", c->br.eng.client_random,
                    (btls_span){ c->br.eng.session.master_secret, 48 });
    if (s->is_client)
        btls_session_keep_ticket(s);
    else if (c->full && s->has_resumption)
        btls_session_keep_id(s);
    btls_session_opened(s);
}

void
btls_classic_no_memory(classic *c)
{
    btls_error e;
    btls_error_memory(&e);
    btls_session_fail_with(c->s, &e);
}

/* What BearSSL has come to: failed, closed, open. */
static void
look(classic *c)
{
    br_ssl_engine_context *eng = btls_classic_eng(c);
    if (br_ssl_engine_current_state(eng) == BR_SSL_CLOSED) {
        int err = br_ssl_engine_last_error(eng);
        if (err != BR_ERR_OK)
            btls_classic_fail(c, err);
        else
            btls_session_peer_closed(c->s);
    } else if (eng->application_data == 1 && !c->opened && !btls_session_failed(c->s)) {
        opened(c);
    }
}

/* A record of ours from BearSSL's buffer, before its ChangeCipherSpec. */
static void
saw_plain_record(classic *c, const uint8_t *record, size_t n)
{
    btls_span body = { record + BTLS_RECORD_HEADER, n - BTLS_RECORD_HEADER };
    btls_classic_saw(c, 1, record[0], (unsigned)record[1] << 8 | record[2], 0, body);
    if (record[0] == BTLS_CHANGE_CIPHER_SPEC)
        c->sent_encrypted = 1;
}

/* Everything that BearSSL has for the wire goes into the session's queue. */
void
btls_classic_pump(classic *c)
{
    br_ssl_engine_context *eng = btls_classic_eng(c);
    unsigned char *record;
    size_t n;
    while (!btls_session_failed(c->s) &&
           (record = br_ssl_engine_sendrec_buf(eng, &n)) != NULL) {
        if (!c->sent_encrypted)
            saw_plain_record(c, record, n);
        if (!btls_queue_push(&c->s->out, record, n)) {
            btls_classic_no_memory(c);
            return;
        }
        br_ssl_engine_sendrec_ack(eng, n);
    }
    look(c);
}

/* ---- to the wire ---- */

/* Seals one record behind the queue's tail. Returns how many of the n bytes it took, 0
 * when there is no memory. */
static size_t
seal_record(classic *c, int type, const uint8_t *p, size_t n)
{
    br_ssl_engine_context *eng = btls_classic_eng(c);
    const br_sslrec_out_class **out = &eng->out.vtable;
    btls_queue *q = &c->s->out;
    size_t limit = eng->max_frag_len;
    size_t start = BTLS_RECORD_HEADER,
           end = BTLS_RECORD_OUT_OVERHEAD + (n < limit ? n : limit);
    uint8_t *to = btls_queue_room(q, end);
    if (to == NULL)
        return 0;
    (*out)->max_plaintext(out, &start, &end);
    if (n > end - start)
        n = end - start;
    if (n > limit)
        n = limit;
    memcpy(to + start, p, n);
    size_t size = n;
    unsigned version = eng->version_out != 0 ? eng->version_out : BTLS_TLS10;
    uint8_t *record = (*out)->encrypt(out, type, version, to + start, &size);
    if (record != to)
        memmove(to, record, size); /* CBC only */
    btls_queue_grew(q, size);
    return n;
}

static void
classic_write(btls_engine *e, const uint8_t *p, size_t n)
{
    classic *c = of(e);
    size_t limit = c->br.eng.max_frag_len;
    btls_classic_pump(c);
    if (btls_session_failed(c->s))
        return;
    /* Room for all records at once: no growing in steps. */
    if (btls_queue_room(&c->s->out, n + (n / limit + 1) * BTLS_RECORD_OUT_OVERHEAD) ==
        NULL) {
        btls_classic_no_memory(c);
        return;
    }
    while (n > 0) {
        size_t k = seal_record(c, BTLS_APPLICATION_DATA, p, n);
        if (k == 0) {
            btls_classic_no_memory(c);
            return;
        }
        p += k;
        n -= k;
    }
}

static void
classic_close(btls_engine *e)
{
    classic *c = of(e);
    br_ssl_engine_close(btls_classic_eng(c));
    btls_classic_pump(c);
    c->close_sent = 1;
}

/* A server that has chosen a version, be it one that we do not speak, understands alerts
 * in that one only. */
static void
set_clear_version(classic *c)
{
    br_ssl_engine_context *eng = btls_classic_eng(c);
    if (c->s->is_client && c->header[0] == BTLS_HANDSHAKE && c->header[1] == 3)
        eng->version_out = (unsigned)c->header[1] << 8 | c->header[2];
    else if (eng->version_out == 0)
        eng->version_out = BTLS_TLS10;
}

/* BearSSL 0.6 is silent about nearly all its failures, so we send the alert: with the
 * engine's own record class, which is the one of the current epoch. */
static void
classic_alert(btls_engine *e, int description)
{
    classic *c = of(e);
    uint8_t alert[2] = { 2, (uint8_t)description };
    if (c->close_sent) /* behind a close_notify comes nothing (RFC 5246, 7.2.1) */
        return;
    if (c->br.eng.out.vtable == &br_sslrec_out_clear_vtable) {
        set_clear_version(c);
        btls_classic_saw(c, 1, BTLS_ALERT, c->br.eng.version_out, 0,
                         (btls_span){ alert, sizeof alert });
    }
    /* Without memory the peer sees the connection end, which must do. */
    seal_record(c, BTLS_ALERT, alert, sizeof alert);
}

/* ---- questions ---- */

static int
classic_export(btls_engine *e, const char *label, btls_span context, uint8_t *out,
               size_t n, btls_error *error)
{
    classic *c = of(e);
    if (context.n <= 0xFFFF &&
        br_ssl_key_export(btls_classic_eng(c), out, n, label, context.p, context.n))
        return 0;
    return btls_error_set(
        error, "closed", BTLS_NO_ALERT,
        "keying material can be exported only while the session is open");
}

static void
classic_info(const btls_engine *e, btls_info *info)
{
    const classic *c = (const classic *)(const void *)e;
    const br_ssl_engine_context *eng = &c->br.eng;
    memset(info, 0, sizeof *info);
    if (!c->opened)
        return;
    const btls_suite *suite = btls_suite_by_id(eng->session.cipher_suite);
    info->version = eng->session.version;
    info->cipher_suite = eng->session.cipher_suite;
    info->resumed = !c->full;
    if (c->full && suite != NULL && suite->key_exchange != BTLS_KX_RSA) {
        info->group = eng->ecdhe_curve;
        if (info->version >= BTLS_TLS12)
            info->signature_scheme = c->scheme;
    }
    info->alpn =
        br_ssl_engine_get_selected_protocol((br_ssl_engine_context *)(uintptr_t)eng);
}

static void
classic_free(btls_engine *e)
{
    classic *c = of(e);
    btls_alloc a = c->s->alloc;
    btls_messages_clear(&c->messages[0]);
    btls_messages_clear(&c->messages[1]);
    btls_resumption_clear(&c->candidate);
    btls_queue_clear(&c->dn);
    btls_free(&a, c, c->size);
}

const btls_engine_class btls_classic_class = {
    btls_classic_feed, classic_write, classic_close, classic_alert,
    classic_export,    classic_info,  classic_free,
};
