/* modern.h -- the parts of the modern engine, for each other: TLS 1.3 (RFC 8446) and
 * TLS 1.2 with ECDHE, AEAD and extended master secret (RFC 5246, 5289, 7627), ours on
 * BearSSL's primitives. Nobody outside src/tls/modern*.c includes this.
 *
 *   modern.c           the engine: its beginning and end, failures, questions
 *   modern_input.c     records in, messages to their handlers
 *   modern_send.c      messages, flights, application data, alerts to the wire
 *   modern_keys.c      which keys are in force when
 *   modern_keys12.c    ... in TLS 1.2
 *   modern_auth.c      certificates shown and seen, signatures on the handshake
 *   modern_auth12.c    ... in the form of TLS 1.2
 *   modern_psk.c       tickets and external keys in the hellos
 *   modern_offer.c     extensions that both roles and versions treat alike
 *   modern_client.c    ClientHello, ServerHello, HelloRetryRequest
 *   modern_client13.c  the rest of a client's TLS 1.3 handshake
 *   modern_client12.c  ... of its TLS 1.2 handshake
 *   modern_server.c    what a ClientHello is answered with
 *   modern_server13.c  a server's TLS 1.3 handshake
 *   modern_server12.c  ... and its TLS 1.2 handshake
 *   modern_post.c      after the handshake: tickets, KeyUpdate
 *
 * A handshake is a table of rows; the dispatcher in modern_input.c alone assigns the
 * state, updates the transcript and the trace. A handler returns the next state. */
#ifndef BTLS_TLS_MODERN_H
#define BTLS_TLS_MODERN_H

#include <bearssl.h>

#include "core/writer.h"
#include "crypto/group.h"
#include "pki/spki.h"
#include "tls/hello.h"
#include "tls/identity.h"
#include "tls/names.h"
#include "tls/records.h"
#include "tls/schedule.h"
#include "tls/session.h"
#include "tls/ticket.h"
#include "tls/transcript.h"

/* HandshakeType (RFC 8446, 4; RFC 5246, 7.4; RFC 6066, 8; RFC 5077, 3.3). */
enum {
    BTLS_HELLO_REQUEST = 0,
    BTLS_CLIENT_HELLO = 1,
    BTLS_SERVER_HELLO = 2,
    BTLS_NEW_SESSION_TICKET = 4,
    BTLS_END_OF_EARLY_DATA = 5,
    BTLS_ENCRYPTED_EXTENSIONS = 8,
    BTLS_CERTIFICATE_MESSAGE = 11,
    BTLS_SERVER_KEY_EXCHANGE = 12,
    BTLS_CERTIFICATE_REQUEST = 13,
    BTLS_SERVER_HELLO_DONE = 14,
    BTLS_CERTIFICATE_VERIFY = 15,
    BTLS_CLIENT_KEY_EXCHANGE = 16,
    BTLS_FINISHED = 20,
    BTLS_CERTIFICATE_STATUS = 22,
    BTLS_KEY_UPDATE = 24
};

/* AlertLevel (RFC 8446, 6). */
enum { BTLS_LEVEL_WARNING = 1, BTLS_LEVEL_FATAL = 2 };

/* What is awaited: RFC 8446, appendix A; those of TLS 1.2 named alike. */
enum btls_handshake_state {
    BTLS_WAIT_SH = 1, /* client: ServerHello or HelloRetryRequest */
    BTLS_WAIT_EE,
    BTLS_WAIT_CERT_CR,
    BTLS_WAIT_CERT,
    BTLS_WAIT_CV,
    BTLS_WAIT_FINISHED,
    BTLS_WAIT_CH,  /* server: the first ClientHello */
    BTLS_WAIT_CH2, /* server: the one after HelloRetryRequest */
    BTLS_CONNECTED,
    /* TLS 1.2 */
    BTLS_WAIT_CERT_12,
    BTLS_WAIT_STATUS_SKE_12, /* client: CertificateStatus or ServerKeyExchange */
    BTLS_WAIT_SKE_12,
    BTLS_WAIT_CR_SHD_12, /* client: CertificateRequest or ServerHelloDone */
    BTLS_WAIT_SHD_12,
    BTLS_WAIT_TICKET_CCS_12, /* client: NewSessionTicket is announced */
    BTLS_WAIT_CKE_12,
    BTLS_WAIT_CV_12,
    BTLS_WAIT_CCS_12,
    BTLS_WAIT_FINISHED_12
};

/* Returned by a handler instead of a state: the session has failed. */
#define BTLS_HANDLER_FAILED (-1)

typedef struct modern modern;

/* A row of a handshake: in that state, that message goes to that handler. */
typedef struct {
    uint8_t state;                           /* enum btls_handshake_state */
    uint8_t message;                         /* HandshakeType */
    uint8_t hashed;                          /* it is part of the transcript */
    int (*on)(modern *m, btls_span message); /* header included; returns the next state */
} btls_row;

/* A pre-shared key that is offered or was chosen (RFC 8446, 4.2.11). */
typedef struct {
    btls_span identity, secret;
    int hash;
    const btls_resumption *ticket; /* NULL: an external key */
} btls_psk;

/* Of those that a client offers. */
#define BTLS_PSKS_OFFERED (1 + BTLS_CONFIG_PSKS)

/* What only the handshake needs: one block, wiped and given back when it is over. */
typedef struct {
    btls_transcript transcript;
    btls_transcript before; /* as it was before the message that is being handled */
    btls_queue log;         /* the messages themselves, for signatures of TLS 1.2 */
    br_hmac_drbg_context random;
    long process; /* in which it was seeded */
    uint8_t client_random[BTLS_RANDOM_SIZE];
    uint8_t server_random[BTLS_RANDOM_SIZE];
    uint8_t session_id[BTLS_SESSION_ID_MAX]; /* legacy_session_id, or the one resumed */
    size_t session_id_size;
    uint32_t offered; /* client: extensions in our hello; server: in the client's */
    int retried;      /* a HelloRetryRequest was sent or received */
    int compatible_ccs_sent, early_ccs_seen;

    unsigned share_group; /* client: of the share in its hello */
    uint8_t private_key[BTLS_GROUP_PRIVATE_MAX];
    size_t private_size;
    uint8_t public_key[BTLS_GROUP_PUBLIC_MAX];
    size_t public_size;
    uint8_t peer_share[BTLS_GROUP_PUBLIC_MAX]; /* TLS 1.2 client: the server's */
    size_t peer_share_size;
    btls_queue cookie;
    uint8_t retry_check[32]; /* server: of what a second ClientHello may not change */

    btls_psk psks[BTLS_PSKS_OFFERED]; /* client: as offered */
    size_t psk_count;
    int psk_selected; /* TLS 1.3: the handshake goes on with `psk` */
    btls_psk psk;
    size_t psk_index;
    int dhe_psk_offered;       /* server: the client may use tickets */
    btls_resumption candidate; /* server: what the client's ticket or id stands for */
    const btls_resumption *resumed_from; /* TLS 1.2 */

    int certificate_requested;    /* of us (client), by us (server) */
    btls_queue peer_schemes;      /* signature_algorithms of the peer */
    unsigned our_scheme;          /* with which we sign */
    unsigned authorities;         /* bit i: identity i was issued by one that was named */
    int rsa_wanted, ecdsa_wanted; /* TLS 1.2: certificate_types of the request */
    uint32_t curves; /* TLS 1.2 server: bit n: the client takes keys on the group n */
    int ticket_expected, status_expected; /* TLS 1.2: announced in ServerHello */
    int ticket_ages;                      /* server: its key will be gone soon */
    int secure_renegotiation;             /* TLS 1.2 server: the client knows RFC 5746 */
    btls_secret client_secret, server_secret; /* TLS 1.3: handshake traffic secrets */
    uint8_t master_secret[48];                /* TLS 1.2 */
} handshake;

struct modern {
    btls_engine base;
    btls_session *s;
    handshake *hs; /* NULL once the handshake is over */
    const btls_row *rows;
    int state; /* enum btls_handshake_state; assigned in modern_input.c alone */
    int opened, close_sent, closed_by_peer, resumed, extended_master_secret;
    int key_update_requested; /* by the peer: our keys change before we write next */
    unsigned key_updates;     /* received since the last application data */
    unsigned warnings;        /* alerts in a row that were ignored */
    unsigned version;         /* 0: not negotiated yet */
    const btls_suite *suite;
    unsigned group;
    unsigned scheme;   /* with which the server signed */
    const char *alpn;  /* owned by the config */
    btls_queue flight; /* messages that wait to be put into records */
    btls_messages incoming;
    size_t handling; /* bytes of `incoming` that are being handled */
    btls_records records;
    btls_schedule schedule;                /* TLS 1.3 */
    uint8_t master_secret[48];             /* TLS 1.2, for the exporter */
    uint8_t randoms[2 * BTLS_RANDOM_SIZE]; /* likewise: client's, server's */
    uint8_t verify_data[2][48];            /* Finished of client and server */
};

extern const btls_engine_class btls_modern_class;

/* The tables. */
extern const btls_row btls_rows_client_hello[];
extern const btls_row btls_rows_client13[];
extern const btls_row btls_rows_client12[];
extern const btls_row btls_rows_server_hello[];
extern const btls_row btls_rows_server13[];
extern const btls_row btls_rows_server12[];

static inline btls_span
btls_message_body(btls_span message)
{
    return (btls_span){ message.p + 4, message.n - 4 };
}

/* ---- modern.c ---- */

/* Fails the session and returns BTLS_HANDLER_FAILED. */
int btls_modern_fail(modern *m, const char *code, int alert, const char *fmt, ...)
    BTLS_PRINTF(4, 5);
int btls_modern_fail_with(modern *m, const btls_error *e);
/* decode_error: "the %s is malformed". */
int btls_modern_malformed(modern *m, const char *what);
int btls_modern_no_memory(modern *m);
/* A process that was forked off in the middle of a handshake must not go on with its
 * parent's random numbers: seeds the generator again. 0 or -1. */
int btls_modern_seed(modern *m);
/* Adds a message to the transcript. 0 or -1. */
int btls_modern_hash(modern *m, btls_span message);
/* The handshake is over: the session is open, and what only it needed is wiped. Returns
 * BTLS_CONNECTED. */
int btls_modern_open(modern *m);
/* ALPN, scheme, version and suite into the session's resumption. */
void btls_modern_remember(modern *m);

/* ---- modern_input.c ---- */

void btls_modern_feed(btls_engine *e, const uint8_t *p, size_t n);

/* ---- modern_send.c ---- */

/* Begins a handshake message behind the flight that is waiting; ends it: its length,
 * transcript and trace. btls_send_end returns 0, or -1: the session has failed. */
btls_mark btls_send_begin(modern *m, btls_writer *w, unsigned type);
int btls_send_end(modern *m, btls_writer *w, btls_mark mark);
/* Puts the flight into records. 0 or -1. */
int btls_send_flight(modern *m);
/* A ChangeCipherSpec record: for middleboxes (TLS 1.3; once), or in earnest. */
int btls_send_compatible_ccs(modern *m);
int btls_send_ccs(modern *m);
void btls_modern_write(btls_engine *e, const uint8_t *p, size_t n);
void btls_modern_close(btls_engine *e);
void btls_modern_alert(btls_engine *e, int description);
void btls_modern_warn(modern *m, int description);

/* ---- modern_keys.c (TLS 1.3, RFC 8446, 7) ---- */

/* Nothing of a handshake message may be protected with the keys before and the rest with
 * those after a change (5.1), or come before the answer to what is in front of it: 0, or
 * -1 when there is more behind the message that is being handled. */
int btls_keys_check_boundary(modern *m);
/* From the PSK (or none) and the ECDHE secret, over ClientHello..ServerHello: the
 * handshake keys, installed in both directions. 0 or -1. */
int btls_keys_handshake(modern *m, btls_span psk, btls_span shared);
/* Over ClientHello..server Finished: the application secrets; nothing is installed. */
int btls_keys_application(modern *m);
/* Installs a direction's application keys. 0 or -1. */
int btls_keys_install_application(modern *m, int sent);
/* Over ClientHello..client Finished. */
void btls_keys_resumption(modern *m);
/* The next generation of a direction's application keys (7.2). 0 or -1. */
int btls_keys_update(modern *m, int sent);
/* verify_data of a side's Finished over that transcript; returns its size. */
size_t btls_keys_finished(modern *m, int client, const btls_transcript *t,
                          uint8_t out[BTLS_HASH_MAX]);
/* The binder of a key over a hello that ends before its binders; `before` is the
 * transcript before that hello. */
void btls_keys_binder(const btls_psk *psk, const btls_transcript *before,
                      btls_span truncated, uint8_t *out);
/* The PSK that goes with a ticket of that nonce; returns its size. */
size_t btls_keys_ticket_secret(const modern *m, btls_span nonce, uint8_t out[48]);

/* ---- modern_auth.c ---- */

/* The scheme with which the key signs for a peer that takes `schemes`; 0: none. */
unsigned btls_auth_scheme(const modern *m, const btls_key *key, btls_span schemes);
/* Chooses s->identity and hs->our_scheme for the peer's schemes: server by name, client
 * by authorities. 1, or 0: none fits. */
int btls_auth_choose(modern *m, btls_span schemes);
/* Signs `message` with s->identity by hs->our_scheme behind the writer's contents, as a
 * 16-bit vector. */
int btls_auth_sign(modern *m, btls_writer *w, btls_span message);
/* Checks the peer's signature over `message`: the scheme must be one of ours and fit its
 * key. 0 or -1 (illegal_parameter, decrypt_error). */
int btls_auth_verify(modern *m, unsigned scheme, btls_span message, btls_span signature);
/* Certificate of TLS 1.3 (4.4.2): sends ours (none: empty); reads the peer's into
 * s->peer. */
int btls_auth_send_certificate(modern *m, btls_span context);
int btls_auth_read_certificate(modern *m, btls_span message);
/* CertificateVerify (4.4.3). */
int btls_auth_send_verify(modern *m);
int btls_auth_read_verify(modern *m, btls_span message);
/* Finished (4.4.4): sends ours; checks the peer's. 0 or -1. */
int btls_auth_send_finished(modern *m);
int btls_auth_read_finished(modern *m, btls_span message);

/* certificate_authorities (4.2.4): notes which of our identities the names ask for. */
int btls_auth_read_authorities(modern *m, btls_span body);
void btls_auth_note_authority(modern *m, btls_span name);
/* The extension, and the list of names that TLS 1.2 has in CertificateRequest. */
void btls_auth_write_authorities(modern *m, btls_writer *w);
void btls_auth_write_names(modern *m, btls_writer *w);

/* ---- modern_psk.c ---- */

/* Client: writes pre_shared_key with empty binders; fills them in when the message is
 * complete. */
void btls_psk_offer(modern *m, btls_writer *w);
int btls_psk_bind(modern *m, btls_writer *w, btls_mark message);
/* Client: the server's choice; *secret gets the key, or nothing. 0 or -1. */
int btls_psk_accepted(modern *m, const btls_server_hello *h, btls_span *secret);
/* Server: chooses one that the client offers and proves. 0 (hs->psk_selected) or -1. */
int btls_psk_choose(modern *m, const btls_client_hello *h, btls_span message);
void btls_psk_answer(modern *m, btls_writer *w);
btls_span btls_psk_secret(const modern *m);

/* ---- modern_offer.c ---- */

/* Writes signature_algorithms, alpn and so on, as a hello or a request needs them. */
void btls_offer_schemes(modern *m, btls_writer *w);
void btls_offer_alpn(modern *m, btls_writer *w);
/* The server's choice among the client's protocols: 0 or -1 (no_application_protocol). */
int btls_offer_choose_alpn(modern *m, const btls_client_hello *h);
/* The server's answer as the client reads it: it must be one of ours (RFC 7301, 3.1). */
int btls_offer_read_alpn(modern *m, btls_span body);
/* Fragment limits: record_size_limit (RFC 8449), max_fragment_length (RFC 6066, 4). */
void btls_offer_limits(modern *m, btls_writer *w);
int btls_offer_read_limits(modern *m, const btls_extensions *x);
int btls_offer_read_client_limits(modern *m, const btls_client_hello *h);
void btls_offer_answer_limits(modern *m, const btls_client_hello *h, btls_writer *w);

/* ---- modern_client.c, modern_server.c ---- */

/* Sends the (first or second) ClientHello. 0 or -1. */
int btls_client_send_hello(modern *m);
/* Goes on with a ServerHello of TLS 1.2; returns the next state. */
int btls_client12_on_server_hello(modern *m, const btls_server_hello *h);
int btls_client13_on_server_hello(modern *m, const btls_server_hello *h);
/* A ClientHello that negotiates that version; returns the next state. */
int btls_server13_on_client_hello(modern *m, const btls_client_hello *h,
                                  btls_span message);
int btls_server12_on_client_hello(modern *m, const btls_client_hello *h);
int btls_server_on_second_hello(modern *m, btls_span message);
/* The server has no `what` that the client has: handshake_failure. Always -1. */
int btls_server_no_common(modern *m, const char *what);

/* ---- modern_keys12.c, modern_auth12.c ---- */

/* Both sides' hellos: 0 or -1. */
int btls_keys12_check_renegotiation(modern *m, const btls_extensions *x);
int btls_keys12_check_point_formats(modern *m, const btls_extensions *x);
/* The master secret, from the premaster secret and, extended, the transcript. */
int btls_keys12_master(modern *m, btls_span premaster);
/* A line for the key log. */
void btls_keys12_log(modern *m);
/* change_cipher_spec has come: the next state, or -1. */
int btls_on_ccs_12(modern *m);
int btls_auth12_send_certificate(modern *m);
int btls_auth12_read_certificate(modern *m, btls_span message);
/* Client: the key of the server's certificate is of the kind that the suite says. */
int btls_auth12_check_key(modern *m);
/* The signature on the parameters of ServerKeyExchange; signing: over what stands behind
 * `start` in the writer's queue. */
int btls_auth12_verify_params(modern *m, btls_span params, unsigned scheme,
                              btls_span signature);
int btls_auth12_sign_params(modern *m, btls_writer *w, size_t start);
int btls_auth12_send_verify(modern *m);
int btls_auth12_read_verify(modern *m, btls_span message);
/* change_cipher_spec, keys and Finished. */
int btls_auth12_send_finished(modern *m);
int btls_auth12_read_finished(modern *m, btls_span message);

/* ---- modern_post.c ---- */

extern const btls_row btls_rows_client_open[]; /* NewSessionTicket, KeyUpdate */
extern const btls_row btls_rows_server_open[];
extern const btls_row btls_rows_client_open12[]; /* wishes to renegotiate */
extern const btls_row btls_rows_server_open12[];
/* Sends NewSessionTicket messages (TLS 1.3 server). 0 or -1. */
int btls_post_send_tickets(modern *m);
/* Sends KeyUpdate and changes our keys. 0 or -1. */
int btls_post_update_keys(modern *m, int request);
/* Answers the peer's request for a KeyUpdate as soon as it goes on with data, unless
 * something still waits to be sent: then writing does. 0 or -1. */
int btls_post_answer_update(modern *m);

#endif
