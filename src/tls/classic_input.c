/* classic_input.c -- bytes from the wire. Handshake records go through BearSSL;
 * application data does not: it is opened with the engine's record class right in the
 * session's queue, so that a byte is copied once on its way in and once on its way out.
 */
#include "tls/classic.h"

#include <string.h>

#include "tls/failure.h"
#include "tls/hello.h"

#define FULL_FRAGMENT 16384
/* What a peer may send before the handshake is finished. */
#define HANDSHAKE_BYTES 262144

/* ---- what passes in the clear ---- */

/* ECParameters, point, SignatureAndHashAlgorithm (RFC 8422, 5.4; RFC 5246, 7.4.3). */
static void
note_server_key_exchange(classic *c, btls_span message)
{
    btls_reader r = btls_reader_of(message);
    btls_read_bytes(&r, 4);
    btls_read_u8(&r);
    btls_read_u16(&r);
    btls_read_vec8(&r);
    c->scheme = btls_read_u16(&r);
}

static void
on_message(classic *c, int sent, unsigned version, int encrypted, btls_span message)
{
    btls_session *s = c->s;
    btls_trace_add(&s->trace, sent, BTLS_HANDSHAKE, version, encrypted, message);
    if (sent || c->opened)
        return;
    if (message.p[0] == 0) {
        if (s->is_client)
            btls_session_idle_record(s); /* a hello_request is no progress */
        else
            btls_classic_fail(c, BR_ERR_UNEXPECTED);
        return;
    }
    s->idle_records = 0;
    if (message.p[0] == 12 && s->is_client)
        note_server_key_exchange(c, message);
    if (message.p[0] == 1 && !s->is_client)
        btls_hello_server_name(message, s->server_name);
}

void
btls_classic_saw(classic *c, int sent, int content_type, unsigned version, int encrypted,
                 btls_span bytes)
{
    btls_messages *m = &c->messages[sent];
    btls_span message;
    if (content_type != BTLS_HANDSHAKE) {
        btls_trace_add(&c->s->trace, sent, content_type, version, encrypted, bytes);
        return;
    }
    int bad = btls_messages_add(m, bytes);
    if (bad < 0)
        btls_classic_no_memory(c);
    else if (bad > 0 && !sent)
        btls_session_fail(c->s, "peer_message_too_long", BTLS_ALERT_DECODE_ERROR,
                          "%s sent a handshake message of more than %d bytes",
                          btls_session_peer_name(c->s), BTLS_MESSAGE_BYTES);
    if (bad != 0)
        return;
    while (btls_messages_ready(m, &message)) {
        on_message(c, sent, version, encrypted, message);
        btls_messages_next(m);
    }
}

static void
feed_bearssl(classic *c, const uint8_t *p, size_t n)
{
    br_ssl_engine_context *eng = btls_classic_eng(c);
    while (n > 0 && !btls_session_failed(c->s)) {
        size_t room;
        unsigned char *to = br_ssl_engine_recvrec_buf(eng, &room);
        if (to == NULL)
            break; /* closed: what comes after close_notify is ignored */
        size_t k = n < room ? n : room;
        memcpy(to, p, k);
        br_ssl_engine_recvrec_ack(eng, k);
        btls_classic_pump(c);
        p += k;
        n -= k;
    }
}

/* ---- records from the wire ---- */

static unsigned
header_version(const classic *c)
{
    return (unsigned)c->header[1] << 8 | c->header[2];
}

static size_t
header_length(const classic *c)
{
    return (size_t)c->header[3] << 8 | c->header[4];
}

/* Application data of an open (1) or closing (2) session. */
static int
is_direct(classic *c)
{
    return c->header[0] == BTLS_APPLICATION_DATA && c->br.eng.incrypt &&
           c->br.eng.application_data != 0;
}

/* What BearSSL checks of a header, for the records that it does not get to see (RFC
 * 5246, 6.2). */
static int
check_direct_header(classic *c)
{
    br_ssl_engine_context *eng = btls_classic_eng(c);
    if (header_version(c) != eng->version_in) {
        btls_classic_fail(c, BR_ERR_BAD_VERSION);
        return 0;
    }
    if (!eng->in.vtable->check_length(&eng->in.vtable, header_length(c))) {
        btls_classic_fail(c, BR_ERR_BAD_LENGTH);
        return 0;
    }
    return 1;
}

static void
begin_record(classic *c)
{
    btls_session *s = c->s;
    size_t n = header_length(c);
    if (c->header[0] < BTLS_CHANGE_CIPHER_SPEC || c->header[0] > BTLS_APPLICATION_DATA ||
        c->header[1] != 3) {
        btls_fail_not_tls(s, c->header, c->opened || s->handshake_bytes > 0);
        return;
    }
    c->direct = is_direct(c);
    c->alerts = c->header[0] == BTLS_ALERT ? c->alerts + 1 : 0;
    c->body_left = n;
    c->prefix_have = 0;
    c->small_have = 0;
    /* An empty record that is not protected (RFC 5246, 6.2.1), and data in the middle of
     * a message: BearSSL would let them pass. */
    if ((n == 0 && !c->br.eng.incrypt) || (c->header[0] == BTLS_APPLICATION_DATA &&
                                           btls_queue_size(&c->messages[0].bytes) > 0)) {
        btls_classic_fail(c, BR_ERR_UNEXPECTED);
        return;
    }
    if (c->direct) {
        /* Nothing is held yet, so that nothing has to be moved for it. */
        if (check_direct_header(c) && !btls_queue_headroom(&s->in, c->prefix_size))
            btls_classic_no_memory(c);
        return;
    }
    if (c->alerts > BTLS_WARNINGS_IN_A_ROW) {
        btls_session_fail(s, "peer_too_many_records", BTLS_ALERT_UNEXPECTED_MESSAGE,
                          "%s sent more than %d warnings in a row",
                          btls_session_peer_name(s), BTLS_WARNINGS_IN_A_ROW);
        return;
    }
    if ((c->opened || n == 0 || c->header[0] != BTLS_HANDSHAKE) &&
        btls_session_idle_record(s) != 0)
        return;
    s->handshake_bytes += n;
    if (!c->opened && s->handshake_bytes > HANDSHAKE_BYTES) {
        btls_session_fail(s, "peer_message_too_long", BTLS_ALERT_ILLEGAL_PARAMETER,
                          "%s sent more than %d bytes of handshake",
                          btls_session_peer_name(s), HANDSHAKE_BYTES);
        return;
    }
    feed_bearssl(c, c->header, BTLS_RECORD_HEADER);
}

/* Bytes of a record that goes through BearSSL. */
static void
body_to_bearssl(classic *c, const uint8_t *p, size_t n)
{
    int type = c->header[0];
    if (!c->br.eng.incrypt && type == BTLS_HANDSHAKE) {
        btls_classic_saw(c, 0, type, header_version(c), 0, (btls_span){ p, n });
    } else if (!c->br.eng.incrypt) {
        for (size_t i = 0; i < n && c->small_have < sizeof c->small; i++)
            c->small[c->small_have++] = p[i];
        if (c->body_left == n)
            btls_classic_saw(c, 0, type, header_version(c), 0,
                             (btls_span){ c->small, c->small_have });
    }
    if (!btls_session_failed(c->s))
        feed_bearssl(c, p, n);
}

/* Bytes of application data: the explicit nonce or IV is kept aside, the ciphertext goes
 * where its plaintext will be. */
static void
body_to_queue(classic *c, const uint8_t *p, size_t n)
{
    while (n > 0 && c->prefix_have < c->prefix_size) {
        c->prefix[c->prefix_have++] = *p++;
        n--;
    }
    if (n > 0 && !btls_queue_hold(&c->s->in, p, n))
        btls_classic_no_memory(c);
}

/* RFC 6066, 4: who agreed on shorter fragments must send no longer ones. */
static size_t
fragment_limit(const br_ssl_engine_context *eng)
{
    return eng->peer_log_max_frag_len != 0 ? (size_t)1 << eng->peer_log_max_frag_len
                                           : FULL_FRAGMENT;
}

/* Opens the record that is held behind the queue's tail. BearSSL wants the prefix right
 * before the ciphertext, where earlier plaintext may be: that is put back afterwards. */
static void
open_record(classic *c)
{
    btls_session *s = c->s;
    btls_queue *q = &s->in;
    br_ssl_engine_context *eng = btls_classic_eng(c);
    uint8_t saved[BTLS_RECORD_PREFIX];
    size_t n = header_length(c);
    if (!btls_queue_headroom(q, c->prefix_size)) {
        btls_classic_no_memory(c);
        return;
    }
    uint8_t *at = q->p + q->tail - c->prefix_size;
    memcpy(saved, at, c->prefix_size);
    memcpy(at, c->prefix, c->prefix_size);
    uint8_t *plain = eng->in.vtable->decrypt(&eng->in.vtable, BTLS_APPLICATION_DATA,
                                             eng->version_in, at, &n);
    memcpy(at, saved, c->prefix_size);
    if (plain == NULL || n > fragment_limit(eng)) {
        btls_queue_commit(q, 0);
        btls_classic_fail(c, plain == NULL ? BR_ERR_BAD_MAC : BR_ERR_BAD_LENGTH);
    } else if (s->state != BTLS_STATE_OPEN) {
        btls_queue_commit(q, 0); /* we have closed: nobody will read it */
    } else {
        btls_queue_commit(q, n);
        if (n > 0)
            s->idle_records = 0;
        else
            btls_session_idle_record(s);
    }
}

static void
feed_body(classic *c, const uint8_t *p, size_t n)
{
    if (c->direct)
        body_to_queue(c, p, n);
    else
        body_to_bearssl(c, p, n);
    c->body_left -= n;
    if (c->body_left > 0 || btls_session_failed(c->s))
        return;
    if (c->direct)
        open_record(c);
    c->header_have = 0;
}

static int
is_over(const btls_session *s)
{
    return btls_session_failed(s) || s->state == BTLS_STATE_CLOSED;
}

void
btls_classic_feed(btls_engine *e, const uint8_t *p, size_t n)
{
    classic *c = (classic *)(void *)e;
    btls_session *s = c->s;
    if (!c->opened && btls_classic_seed(c) != 0)
        return;
    /* Room for all of it at once: no growing in steps. */
    if (c->opened && n > 0 && btls_queue_room(&s->in, n) == NULL) {
        btls_classic_no_memory(c);
        return;
    }
    while (n > 0 && !is_over(s)) {
        size_t k;
        if (c->header_have < BTLS_RECORD_HEADER) {
            c->header[c->header_have++] = *p;
            k = 1;
            if (c->header_have == BTLS_RECORD_HEADER) {
                begin_record(c);
                if (c->body_left == 0 && !is_over(s))
                    feed_body(c, p, 0);
            }
        } else {
            k = n < c->body_left ? n : c->body_left;
            feed_body(c, p, k);
        }
        p += k;
        n -= k;
    }
}
