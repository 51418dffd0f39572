/* session.h -- one TLS connection without I/O: it owns the byte queues, the verdict on
 * the peer, the failure and the trace, and offers them to its engine as services. */
#ifndef BTLS_TLS_SESSION_H
#define BTLS_TLS_SESSION_H

#include "pki/verify.h"
#include "tls/config.h"
#include "tls/engine.h"
#include "tls/peek.h"
#include "tls/resumption.h"
#include "tls/store.h"
#include "tls/trace.h"

enum btls_state {
    BTLS_STATE_HELLO, /* a server that pauses, or asks its store, has the ClientHello */
    BTLS_STATE_HANDSHAKE,
    BTLS_STATE_OPEN,
    BTLS_STATE_CLOSING, /* we sent close_notify, the peer's is awaited */
    BTLS_STATE_CLOSED,
    BTLS_STATE_FAILED
};

/* Everything below is read by the binding; engines change it only through the services.
 */
typedef struct btls_session {
    btls_alloc alloc;
    const btls_config *config; /* whoever made the session keeps it alive */
    int is_client;
    char server_name[256]; /* client: whom to verify and, if no address, to ask for;
                              server: SNI */
    int64_t now; /* seconds since the epoch for this session; -1: the system's clock */

    btls_engine *engine; /* a server has none before the ClientHello is there */
    btls_peek hello;     /* server: what has come until then */
    int pause;           /* server: wait for btls_session_select */
    enum btls_state state;
    int transport_ended; /* feed(nil) was called */
    int closed_by_peer;  /* its close_notify came */

    btls_queue in;  /* application data that has arrived */
    btls_queue out; /* ciphertext for the wire */

    btls_error error;  /* of a failed session */
    int alert_pending; /* the failure's alert is still to be queued */

    btls_chain peer;               /* as sent, or as remembered when resumed */
    btls_path path;                /* from the peer to an anchor, or, when that failed,
                                    * what came closest; none when resumed */
    int verified;                  /* the peer's chain was verified */
    int was_open;                  /* the handshake was finished */
    int staple_asked;              /* client: it has asked for an OCSP response */
    btls_queue staple;             /* client: the server's OCSP response, DER */
    const btls_identity *identity; /* what we showed, NULL for nothing */

    btls_trace trace;
    btls_queue keylog;        /* NSS key log lines that nobody has taken yet */
    btls_resumption *offered; /* client: what it tries to resume, NULL once it is open;
                                 owned */
    int has_resumption;       /* `resumption` can be used for a ticket */
    btls_resumption resumption;
    int uses_store;         /* somebody serves the config's store for this session */
    btls_store *store;      /* what it wants and has; NULL: no such config; owned */
    size_t idle_records;    /* records since the last progress */
    size_t handshake_bytes; /* from the peer */
} btls_session;

/* Makes a session in *s (all zeros but alloc, which the ticket must use too).
 * server_name: NUL-terminated, for a client the name or address to verify, else NULL.
 * ticket (client, may be NULL): taken over, and offered if it fits. 0, or -1 with *e set;
 * then btls_session_clear still has to be called. */
int btls_session_start(btls_session *s, const btls_config *config, int is_client,
                       const char *server_name, int64_t now, btls_resumption *ticket,
                       btls_error *e);
/* Wipes everything and gives it back. */
void btls_session_clear(btls_session *s);

/* Server: the session is to stop in BTLS_STATE_HELLO. To be called before anything is
 * fed. */
void btls_session_pause(btls_session *s);
/* The ClientHello message of a session in BTLS_STATE_HELLO, valid until it goes on. */
btls_span btls_session_client_hello(const btls_session *s);
/* 1 when it waits there for a config. */
int btls_session_is_paused(const btls_session *s);
/* Goes on from BTLS_STATE_HELLO with that config, which whoever calls keeps alive. 0, or
 * -1: the session has failed. */
int btls_session_select(btls_session *s, const btls_config *config);
/* Ends a session that is in BTLS_STATE_HELLO: there is no answer for that client, which
 * gets an unrecognized_name alert (RFC 6066, 3). message: why, for our side. Always -1:
 * config_refused. */
int btls_session_refuse(btls_session *s, const char *message);
/* Somebody will serve the config's store for this session: a server then stops in
 * BTLS_STATE_HELLO when the client offers something that could be there. To be called
 * before anything is fed; else tickets and ids of a config with a store are neither given
 * nor taken. where (client): see btls_store_client_key. 0, or -1: the session has failed.
 */
int btls_session_use_store(btls_session *s, btls_span where);
/* Server, in BTLS_STATE_HELLO: the key that is to be looked up next: 1, or 0 when there
 * is none. *once: it is to be taken out of the store. */
int btls_session_wanted_key(const btls_session *s, uint8_t key[BTLS_STORE_KEY_SIZE],
                            int *once);
/* What the store has under that key; empty: nothing. After the last one the session goes
 * on. 0, or -1: the session has failed. */
int btls_session_resume_with(btls_session *s, btls_span value);
/* What was negotiated; zeros while there is no engine. */
btls_info btls_session_info(const btls_session *s);
/* Keying material (RFC 5705; RFC 8446, 7.5): n bytes to out. context.p NULL: no context,
 * which TLS 1.3 takes for an empty one. 0, or -1 with *e set. */
int btls_session_export(btls_session *s, const char *label, btls_span context,
                        uint8_t *out, size_t n, btls_error *e);

/* Bytes from the wire, all of them. 0, or -1: failed, see s->error. */
int btls_session_feed(btls_session *s, const uint8_t *p, size_t n);
/* The transport has ended. 0 when that was in order, or -1: truncated, see s->error. */
int btls_session_feed_end(btls_session *s);
/* Application data for the peer, all of it. 0, or -1 with *e set: want_read (the
 * handshake is not finished), closed, or the failure. */
int btls_session_write(btls_session *s, const uint8_t *p, size_t n, btls_error *e);
/* 1 while more application data may come. */
int btls_session_may_receive(const btls_session *s);
/* Why there is nothing to read now: want_read, closed, truncated or the failure's code.
 */
void btls_session_why_no_data(const btls_session *s, btls_error *e);
/* Queues close_notify; harmless in every state. */
void btls_session_close(btls_session *s);

/* ---- services for engines ---- */

/* The session has failed: the first failure counts. The alert is queued when the engine
 * has returned. Always -1. */
int btls_session_fail(btls_session *s, const char *code, int alert, const char *fmt, ...)
    BTLS_PRINTF(4, 5);
int btls_session_fail_with(btls_session *s, const btls_error *e);
static inline int
btls_session_failed(const btls_session *s)
{
    return s->error.code != NULL;
}
/* "the server" or "the client": who is at the other end. */
const char *btls_session_peer_name(const btls_session *s);
/* Judges s->peer by the config: sets verified. 0, or -1: the session has failed. */
int btls_session_judge(btls_session *s);
/* The verdict of the config on s->peer, or on a ticket's chain. 0, or -1 with *e set. */
int btls_session_verify(const btls_session *s, const btls_chain *chain, btls_path *path,
                        btls_error *e);
/* 1 when that verdict says something: a chain or a pin is checked. */
int btls_session_is_verifying(const btls_session *s);
/* Server: may a session with this memory of its client go on? The verdict that it carries
 * must be what the config asks for; one of another config is judged again. */
int btls_session_may_resume_client(btls_session *s, const btls_resumption *r);
/* The verdict that goes on when r, which may, does: that of another config is not ours.
 */
int btls_session_takes_verdict(const btls_session *s, const btls_resumption *r);
/* A resumed session keeps the verdict on the peer, and the peer's certificates. 0, or -1
 * when there is no memory. */
int btls_session_take_over(btls_session *s, const btls_resumption *r);
/* Client: takes the ticket over, and offers it if it fits. */
void btls_session_offer(btls_session *s, btls_resumption *ticket);
/* ... which is needed no longer. */
void btls_session_forget_offered(btls_session *s);
/* Server: 1 when it gives tickets. */
int btls_session_gives_tickets(const btls_session *s);
/* Appends a ticket for s->resumption and the peer as it is. 0, or -1 with *e set: then
 * nothing was appended. */
int btls_session_seal_ticket(btls_session *s, btls_queue *out, btls_error *e);
/* Opens a client's ticket into an initialised *r: as btls_ticket_open. */
int btls_session_open_ticket(btls_session *s, btls_span ticket, btls_resumption *r);
/* Server, TLS 1.2 and below: 1 when it remembers sessions by id; remembers this one;
 * finds one, into an initialised *r: 1 or 0. */
int btls_session_keeps_ids(const btls_session *s);
void btls_session_keep_id(btls_session *s);
int btls_session_recall_id(btls_session *s, const uint8_t id[BTLS_SESSION_ID_MAX],
                           btls_resumption *r);
/* Client: has the store keep what resumes the session now. */
void btls_session_keep_ticket(btls_session *s);
/* RFC 5246, 7.2.2; RFC 8446, 6.2: what ended in a fatal alert is not resumed. */
void btls_session_forget(btls_session *s);
/* Server: 1 when the store has to be asked before this ClientHello is answered. */
int btls_session_wants(btls_session *s, const btls_client_hello *hello);
/* The handshake is finished. */
void btls_session_opened(btls_session *s);
/* The peer's close_notify came, or it has answered ours. */
void btls_session_peer_closed(btls_session *s);
/* The peer's close_notify came, but ours is not due yet (TLS 1.3): the session stays open
 * for writing. */
void btls_session_half_closed(btls_session *s);
/* Seconds since the epoch by the session's clock. */
int64_t btls_session_time(const btls_session *s);
/* So many warnings are borne: they mean little, and who sends nothing else means nothing
 * good. */
#define BTLS_WARNINGS_IN_A_ROW 4

/* Counts a record that brought no progress; fails the session when there are too many in
 * a row. */
int btls_session_idle_record(btls_session *s);

#endif
