/* session.c -- one TLS connection without I/O: queues, verdict, failure, life. */
#include "tls/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/system.h"
#include "tls/hello.h"
#include "tls/names.h"

/* A peer that sends more records in a row without application data or a handshake message
 * is only keeping us busy. As many as other implementations bear. */
#define IDLE_RECORDS 32

const char *
btls_session_peer_name(const btls_session *s)
{
    return s->is_client ? "the server" : "the client";
}

int64_t
btls_session_time(const btls_session *s)
{
    return s->now >= 0 ? s->now : btls_system_time();
}

int
btls_session_verify(const btls_session *s, const btls_chain *chain, btls_path *path,
                    btls_error *e)
{
    const btls_config *c = s->config;
    btls_revocation_policy revocation = {
        .crls = c->crls,
        .required = c->crl_required,
        .may_be_late = (c->insecure & BTLS_INSECURE_NO_TIME) != 0,
    };
    if (chain == &s->peer) {
        revocation.staple = btls_queue_bytes(&s->staple);
        revocation.staple_asked = s->staple_asked;
    }
    btls_revocation hook = btls_revocation_hook(&revocation);
    btls_verify_policy policy = {
        .trust = c->trust,
        .server_name = s->is_client ? s->server_name : NULL,
        .usage = s->is_client ? BTLS_USAGE_SERVER : BTLS_USAGE_CLIENT,
        .now = btls_session_time(s),
        .insecure = c->insecure,
        .pins = (const uint8_t(*)[32])c->pins,
        .pin_count = c->pin_count,
        .revocation = &hook,
    };
    return btls_verify(&policy, chain, path, e);
}

int
btls_session_is_verifying(const btls_session *s)
{
    const btls_config *c = s->config;
    return !(c->insecure & BTLS_INSECURE_NO_VERIFY) || c->pin_count > 0;
}

/* The engine that the config, or the ClientHello that has come, asks for (design,
 * section 2). */
static int
start_engine(btls_session *s, btls_error *e)
{
    int modern = s->is_client
                     ? !btls_config_names_classic(s->config)
                     : btls_modern_answers(s->config, btls_peek_message(&s->hello));
    s->engine = modern ? btls_modern_new(s, e) : btls_classic_new(s, e);
    return s->engine == NULL ? -1 : 0;
}

int
btls_session_start(btls_session *s, const btls_config *config, int is_client,
                   const char *server_name, int64_t now, btls_resumption *ticket,
                   btls_error *e)
{
    s->config = config;
    s->is_client = is_client;
    s->now = now;
    s->state = BTLS_STATE_HANDSHAKE;
    btls_peek_init(&s->hello, &s->alloc);
    btls_queue_init(&s->in, &s->alloc);
    btls_queue_init(&s->out, &s->alloc);
    btls_queue_init(&s->keylog, &s->alloc);
    btls_queue_init(&s->staple, &s->alloc);
    btls_chain_init(&s->peer, &s->alloc);
    btls_resumption_init(&s->resumption, &s->alloc);
    btls_trace_init(&s->trace, &s->alloc, config->trace);
    if (server_name != NULL)
        snprintf(s->server_name, sizeof s->server_name, "%s", server_name);
    btls_session_offer(s, ticket);
    return is_client ? start_engine(s, e) : 0;
}

void
btls_session_clear(btls_session *s)
{
    if (s->config == NULL)
        return;
    if (s->engine != NULL)
        s->engine->cls->free(s->engine);
    btls_session_forget_offered(s);
    btls_peek_clear(&s->hello);
    btls_queue_clear(&s->in);
    btls_queue_clear(&s->out);
    btls_queue_clear(&s->keylog);
    btls_queue_clear(&s->staple);
    btls_chain_clear(&s->peer);
    btls_resumption_clear(&s->resumption);
    btls_trace_clear(&s->trace);
    btls_store_free(s->store, &s->alloc);
    btls_wipe(s, sizeof *s);
}

int
btls_session_fail_with(btls_session *s, const btls_error *e)
{
    if (!btls_session_failed(s)) {
        s->error = *e;
        if (strncmp(e->code, "peer_", 5) == 0 && e->hint[0] == '\0')
            btls_error_hint(&s->error,
                            "%s does not keep to TLS, or something on the way meddles; "
                            "with trace = true, failure().trace shows what came",
                            btls_session_peer_name(s));
        s->state = BTLS_STATE_FAILED;
        s->alert_pending = e->alert != BTLS_NO_ALERT && !e->sent_by_peer;
        if (e->alert != BTLS_NO_ALERT)
            btls_session_forget(s);
    }
    return -1;
}

int
btls_session_fail(btls_session *s, const char *code, int alert, const char *fmt, ...)
{
    btls_error e;
    char sentence[sizeof e.message];
    va_list args;
    va_start(args, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, args);
    va_end(args);
    btls_error_set(&e, code, alert, "%s", sentence);
    return btls_session_fail_with(s, &e);
}

int
btls_session_judge(btls_session *s)
{
    btls_error e;
    if (btls_session_verify(s, &s->peer, &s->path, &e) != 0)
        return btls_session_fail_with(s, &e);
    s->verified = btls_session_is_verifying(s);
    return 0;
}

void
btls_session_opened(btls_session *s)
{
    if (s->state != BTLS_STATE_HANDSHAKE)
        return;
    s->state = BTLS_STATE_OPEN;
    s->was_open = 1;
    btls_session_forget_offered(s);
}

void
btls_session_peer_closed(btls_session *s)
{
    s->closed_by_peer = 1;
    if (s->state == BTLS_STATE_HANDSHAKE) {
        btls_error e;
        btls_error_set(&e, btls_alert_code(0), 0,
                       "%s closed the session in the middle of the handshake",
                       btls_session_peer_name(s));
        e.sent_by_peer = 1;
        btls_session_fail_with(s, &e);
    } else if (s->state != BTLS_STATE_FAILED) {
        s->state = BTLS_STATE_CLOSED;
    }
}

void
btls_session_half_closed(btls_session *s)
{
    s->closed_by_peer = 1;
}

int
btls_session_idle_record(btls_session *s)
{
    if (++s->idle_records <= IDLE_RECORDS)
        return 0;
    return btls_session_fail(s, "peer_too_many_records", BTLS_ALERT_UNEXPECTED_MESSAGE,
                             "%s sent %d records in a row that bring nothing",
                             btls_session_peer_name(s), IDLE_RECORDS);
}

/* Every failure that has an alert sends it, once, when the engine is not in the middle of
 * something. */
static int
settle(btls_session *s)
{
    if (!btls_session_failed(s))
        return 0;
    if (s->alert_pending && s->engine != NULL) {
        s->alert_pending = 0;
        s->engine->cls->alert(s->engine, s->error.alert);
    }
    return -1;
}

/* Server: the engine is chosen by what has come, and gets all of it. */
static int
start_answering(btls_session *s, btls_error *e)
{
    s->state = BTLS_STATE_HANDSHAKE;
    return start_engine(s, e);
}

/* ... but first a store is asked for what the client offers. */
static int
answer_hello(btls_session *s)
{
    btls_client_hello hello;
    btls_error e;
    btls_span message = btls_peek_message(&s->hello);
    if (message.n > 0 && btls_client_hello_read(&hello, message, &e) == 0 &&
        btls_session_wants(s, &hello)) {
        s->state = BTLS_STATE_HELLO;
        return 0;
    }
    if (start_answering(s, &e) != 0)
        return btls_session_fail_with(s, &e);
    btls_span wire = btls_queue_bytes(&s->hello.wire);
    s->engine->cls->feed(s->engine, wire.p, wire.n);
    btls_peek_clear(&s->hello);
    return settle(s);
}

static int
feed_hello(btls_session *s, const uint8_t *p, size_t n)
{
    int out_of_memory;
    btls_error e;
    enum btls_peeked peeked = btls_peek_feed(&s->hello, p, n, &out_of_memory);
    if (out_of_memory) {
        btls_error_memory(&e);
        return btls_session_fail_with(s, &e);
    }
    if (btls_queue_size(&s->hello.wire) > 4 * (size_t)BTLS_MESSAGE_BYTES)
        return btls_session_fail(s, "peer_too_many_records",
                                 BTLS_ALERT_UNEXPECTED_MESSAGE,
                                 "%s went on sending without waiting for an answer",
                                 btls_session_peer_name(s));
    if (peeked == BTLS_PEEK_MORE || s->state == BTLS_STATE_HELLO)
        return 0;
    if (peeked == BTLS_PEEK_HELLO && s->pause) {
        s->state = BTLS_STATE_HELLO;
        return 0;
    }
    return answer_hello(s);
}

int
btls_session_feed(btls_session *s, const uint8_t *p, size_t n)
{
    if (btls_session_failed(s))
        return -1;
    if (s->state == BTLS_STATE_CLOSED || s->closed_by_peer)
        return 0; /* RFC 8446, 6.1: what comes after a closure alert is ignored */
    if (s->engine == NULL)
        return feed_hello(s, p, n);
    s->engine->cls->feed(s->engine, p, n);
    return settle(s);
}

void
btls_session_pause(btls_session *s)
{
    s->pause = 1;
}

btls_span
btls_session_client_hello(const btls_session *s)
{
    return btls_peek_message(&s->hello);
}

int
btls_session_is_paused(const btls_session *s)
{
    return s->state == BTLS_STATE_HELLO && (s->store == NULL || !s->store->asked);
}

int
btls_session_select(btls_session *s, const btls_config *config)
{
    s->config = config;
    if (s->uses_store && btls_session_use_store(s, (btls_span){ NULL, 0 }) != 0)
        return -1;
    return answer_hello(s);
}

int
btls_session_resume_with(btls_session *s, btls_span value)
{
    btls_store_answer(s->store, s->config, value);
    if (s->store->answered < s->store->wanted)
        return 0;
    return answer_hello(s);
}

int
btls_session_refuse(btls_session *s, const char *message)
{
    btls_error e;
    if (start_answering(s, &e) != 0) /* which sends the alert */
        return btls_session_fail_with(s, &e);
    btls_peek_clear(&s->hello);
    btls_session_fail(s, "config_refused", BTLS_ALERT_UNRECOGNIZED_NAME, "%s", message);
    return settle(s);
}

int
btls_session_export(btls_session *s, const char *label, btls_span context, uint8_t *out,
                    size_t n, btls_error *e)
{
    if (s->engine == NULL)
        return btls_error_set(e, "want_read", BTLS_NO_ALERT,
                              "the handshake has not begun");
    return s->engine->cls->export_(s->engine, label, context, out, n, e);
}

btls_info
btls_session_info(const btls_session *s)
{
    btls_info info;
    memset(&info, 0, sizeof info);
    if (s->engine != NULL)
        s->engine->cls->info(s->engine, &info);
    return info;
}

int
btls_session_feed_end(btls_session *s)
{
    s->transport_ended = 1;
    if (btls_session_failed(s))
        return -1;
    if (s->closed_by_peer)
        return 0;
    switch (s->state) {
    case BTLS_STATE_CLOSING:
        /* We asked for the end; many peers answer by closing the connection only. */
        s->state = BTLS_STATE_CLOSED;
        return 0;
    case BTLS_STATE_CLOSED:
        return 0;
    case BTLS_STATE_HELLO:
    case BTLS_STATE_HANDSHAKE:
        btls_session_fail(s, "truncated", BTLS_NO_ALERT,
                          "%s closed the connection in the middle of the handshake",
                          btls_session_peer_name(s));
        btls_error_hint(
            &s->error,
            s->is_client ? "does it speak TLS 1.2 on this port, and does it want another "
                           "server name, or a client certificate?"
                         : "a client that does not trust the certificate often leaves "
                           "without an alert");
        return -1;
    default:
        return btls_session_fail(
            s, "truncated", BTLS_NO_ALERT,
            "%s closed the connection without a close_notify: what it sent "
            "may be incomplete",
            btls_session_peer_name(s));
    }
}

int
btls_session_write(btls_session *s, const uint8_t *p, size_t n, btls_error *e)
{
    if (btls_session_failed(s)) {
        *e = s->error;
        return -1;
    }
    if (s->state <= BTLS_STATE_HANDSHAKE)
        return btls_error_set(e, "want_read", BTLS_NO_ALERT,
                              "the handshake is not finished: feed what %s sends first",
                              btls_session_peer_name(s));
    if (s->state != BTLS_STATE_OPEN)
        return btls_error_set(e, "closed", BTLS_NO_ALERT, "the session is closed");
    s->engine->cls->write(s->engine, p, n);
    if (settle(s) != 0) {
        *e = s->error;
        return -1;
    }
    return 0;
}

int
btls_session_may_receive(const btls_session *s)
{
    if (s->closed_by_peer || s->state > BTLS_STATE_CLOSING)
        return 0;
    /* Who has closed may still listen in TLS 1.3 (RFC 8446, 6.1), and not before. */
    return s->state != BTLS_STATE_CLOSING || btls_session_info(s).version == BTLS_TLS13;
}

void
btls_session_why_no_data(const btls_session *s, btls_error *e)
{
    if (btls_session_failed(s))
        *e = s->error;
    else if (!btls_session_may_receive(s))
        btls_error_set(e, "closed", BTLS_NO_ALERT, "the session is closed");
    else
        btls_error_set(e, "want_read", BTLS_NO_ALERT, "nothing has arrived yet");
}

void
btls_session_close(btls_session *s)
{
    btls_error e;
    if (s->state > BTLS_STATE_OPEN)
        return;
    if (s->engine == NULL && start_engine(s, &e) != 0) {
        btls_session_fail_with(s, &e);
        return;
    }
    /* Nobody answers in the middle of a handshake. */
    int answered = s->transport_ended || s->closed_by_peer;
    s->state =
        answered || s->state != BTLS_STATE_OPEN ? BTLS_STATE_CLOSED : BTLS_STATE_CLOSING;
    s->engine->cls->close(s->engine);
    settle(s);
}
