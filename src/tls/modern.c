/* modern.c -- the modern engine: its beginning and end, what it remembers, failures and
 * questions. */
#include "tls/modern.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/system.h"
#include "crypto/random.h"
#include "tls/prf.h"

static modern *
of(btls_engine *e)
{
    return (modern *)(void *)e;
}

/* ---- failing ---- */

int
btls_modern_fail_with(modern *m, const btls_error *e)
{
    btls_session_fail_with(m->s, e);
    return BTLS_HANDLER_FAILED;
}

int
btls_modern_fail(modern *m, const char *code, int alert, const char *fmt, ...)
{
    btls_error e;
    char sentence[sizeof e.message];
    va_list args;
    va_start(args, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, args);
    va_end(args);
    btls_error_set(&e, code, alert, "%s", sentence);
    return btls_modern_fail_with(m, &e);
}

int
btls_modern_malformed(modern *m, const char *what)
{
    return btls_modern_fail(m, "peer_malformed_message", BTLS_ALERT_DECODE_ERROR,
                            "%s's %s is malformed", btls_session_peer_name(m->s), what);
}

int
btls_modern_no_memory(modern *m)
{
    btls_error e;
    btls_error_memory(&e);
    return btls_modern_fail_with(m, &e);
}

/* ---- the handshake's own memory ---- */

static int
new_handshake(modern *m, btls_error *e)
{
    const btls_alloc *a = &m->s->alloc;
    handshake *hs = btls_zalloc(a, sizeof *hs);
    if (hs == NULL)
        return btls_error_memory(e);
    m->hs = hs;
    btls_transcript_init(&hs->transcript);
    btls_queue_init(&hs->log, a);
    btls_queue_init(&hs->cookie, a);
    btls_queue_init(&hs->peer_schemes, a);
    btls_resumption_init(&hs->candidate, a);
    hs->process = btls_system_process();
    return btls_random_drbg(&hs->random, e);
}

int
btls_modern_seed(modern *m)
{
    handshake *hs = m->hs;
    btls_error e;
    if (hs == NULL || hs->process == btls_system_process())
        return 0;
    hs->process = btls_system_process();
    return btls_random_drbg(&hs->random, &e) == 0 ? 0 : btls_modern_fail_with(m, &e);
}

static void
free_handshake(modern *m)
{
    handshake *hs = m->hs;
    if (hs == NULL)
        return;
    btls_queue_clear(&hs->log);
    btls_queue_clear(&hs->cookie);
    btls_queue_clear(&hs->peer_schemes);
    btls_resumption_clear(&hs->candidate);
    btls_free(&m->s->alloc, hs, sizeof *hs);
    m->hs = NULL;
}

int
btls_modern_hash(modern *m, btls_span message)
{
    handshake *hs = m->hs;
    btls_transcript_add(&hs->transcript, message);
    /* TLS 1.2 may have to sign the messages themselves. */
    if (m->version == BTLS_TLS13)
        btls_queue_clear(&hs->log);
    else if (!btls_queue_push(&hs->log, message.p, message.n))
        return btls_modern_no_memory(m);
    return 0;
}

void
btls_modern_remember(modern *m)
{
    btls_session *s = m->s;
    btls_resumption *r = &s->resumption;
    handshake *hs = m->hs;
    r->version = (uint16_t)m->version;
    r->cipher_suite = m->suite->id;
    r->verified = s->verified;
    r->extended_master_secret = m->extended_master_secret;
    r->created = btls_session_time(s);
    memcpy(r->config_id, s->config->id, sizeof r->config_id);
    memcpy(r->server_name, s->server_name, sizeof r->server_name);
    snprintf(r->alpn, sizeof r->alpn, "%s", m->alpn == NULL ? "" : m->alpn);
    if (hs == NULL || m->version == BTLS_TLS13)
        return;
    memcpy(r->secret, hs->master_secret, sizeof r->secret);
    r->secret_size = sizeof r->secret;
    memcpy(r->id, hs->session_id, sizeof r->id);
    r->id_size = hs->session_id_size;
    if (m->resumed)
        r->created = hs->resumed_from->created;
}

/* TLS 1.2 by id: the server keeps it, the client may ask for it. */
static void
remember_id(modern *m)
{
    btls_session *s = m->s;
    btls_resumption *r = &s->resumption;
    btls_span ticket = btls_queue_bytes(&r->ticket);
    if (m->version == BTLS_TLS13)
        return;
    if (s->is_client && m->resumed && ticket.n == 0) { /* the old ticket stays good */
        ticket = btls_queue_bytes(&s->offered->ticket);
        btls_queue_push(&r->ticket, ticket.p, ticket.n);
    }
    s->has_resumption = s->config->tickets && (r->id_size > 0 || ticket.n > 0);
    if (s->is_client)
        btls_session_keep_ticket(s);
    else if (!m->resumed)
        btls_session_keep_id(s);
}

int
btls_modern_open(modern *m)
{
    handshake *hs = m->hs;
    btls_modern_remember(m);
    remember_id(m);
    if (m->version == BTLS_TLS12) {
        btls_keys12_log(m);
        memcpy(m->randoms, hs->client_random, BTLS_RANDOM_SIZE);
        memcpy(m->randoms + BTLS_RANDOM_SIZE, hs->server_random, BTLS_RANDOM_SIZE);
        memcpy(m->master_secret, hs->master_secret, sizeof m->master_secret);
    }
    m->opened = 1;
    m->s->idle_records = 0;
    free_handshake(m);
    btls_session_opened(m->s);
    return BTLS_CONNECTED;
}

/* ---- questions ---- */

static int
modern_export(btls_engine *e, const char *label, btls_span context, uint8_t *out,
              size_t n, btls_error *error)
{
    modern *m = of(e);
    if (!m->opened)
        return btls_error_set(error, "want_read", BTLS_NO_ALERT,
                              "keying material can be exported only when the handshake "
                              "is finished");
    if (m->version == BTLS_TLS13) {
        if (btls_schedule_export(&m->schedule, label, context, out, n) == 0)
            return 0;
        return btls_error_set(error, "config_export", BTLS_NO_ALERT,
                              "TLS 1.3 exports at most 255 times its hash's size, under "
                              "labels of at most %d bytes",
                              BTLS_LABEL_MAX);
    }
    if (!m->extended_master_secret) /* RFC 7627, 5.4 and 6.2 */
        return btls_error_set(error, "export_unavailable", BTLS_NO_ALERT,
                              "this session has no extended master secret, without which "
                              "the keying material would not be unique");
    btls_prf_export(m->suite->hash, m->master_secret, label, m->randoms,
                    m->randoms + BTLS_RANDOM_SIZE, context, out, n);
    return 0;
}

static void
modern_info(const btls_engine *e, btls_info *info)
{
    const modern *m = (const modern *)(const void *)e;
    memset(info, 0, sizeof *info);
    if (!m->opened)
        return;
    info->version = m->version;
    info->cipher_suite = m->suite->id;
    info->resumed = m->resumed;
    info->group = m->group;
    info->signature_scheme = m->scheme;
    info->alpn = m->alpn;
    info->unique = m->extended_master_secret;
    if (info->unique || m->version == BTLS_TLS13) {
        memcpy(info->finished, m->verify_data, sizeof info->finished);
        info->finished_size =
            m->version == BTLS_TLS13 ? btls_hash_size(m->suite->hash) : 12;
    }
}

static void
modern_free(btls_engine *e)
{
    modern *m = of(e);
    btls_alloc a = m->s->alloc;
    free_handshake(m);
    btls_queue_clear(&m->flight);
    btls_messages_clear(&m->incoming);
    btls_records_wipe(&m->records);
    btls_free(&a, m, sizeof *m);
}

const btls_engine_class btls_modern_class = {
    btls_modern_feed, btls_modern_write, btls_modern_close, btls_modern_alert,
    modern_export,    modern_info,       modern_free,
};

static int
start(modern *m, btls_error *e)
{
    if (new_handshake(m, e) != 0)
        return -1;
    if (!m->s->is_client) {
        m->rows = btls_rows_server_hello;
        m->state = BTLS_WAIT_CH;
        return 0;
    }
    m->rows = btls_rows_client_hello;
    m->state = BTLS_WAIT_SH;
    if (btls_client_send_hello(m) == 0)
        return 0;
    *e = m->s->error;
    return -1;
}

btls_engine *
btls_modern_new(btls_session *s, btls_error *e)
{
    modern *m = btls_zalloc(&s->alloc, sizeof *m);
    if (m == NULL) {
        btls_error_memory(e);
        return NULL;
    }
    m->base.cls = &btls_modern_class;
    m->s = s;
    btls_queue_init(&m->flight, &s->alloc);
    btls_messages_init(&m->incoming, &s->alloc);
    btls_records_init(&m->records);
    m->records.peer = btls_session_peer_name(s);
    btls_records_limit_sent(&m->records, s->config->max_fragment);
    if (start(m, e) != 0) {
        modern_free(&m->base);
        return NULL;
    }
    return &m->base;
}
