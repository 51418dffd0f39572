/* classic.h -- the parts of the classic engine, for each other: BearSSL's own TLS 1.0
 * to 1.2 client and server behind engine.h. Nobody outside src/tls/classic*.c includes
 * this.
 *
 *   classic_setup.c    contexts, algorithms, buffers, random numbers
 *   classic.c          when it has opened, what goes to the wire, alerts, questions
 *   classic_input.c    what comes from the wire
 *   classic_auth.c     which certificate we show, and our signatures: BearSSL's policy
 * classes classic_x509.c     the peer's chain and the server's cache: BearSSL's x509 and
 * cache classes classic_records.c  record classes that let the trace see what is
 * encrypted classic_errors.c   BearSSL's errors as failures of ours */
#ifndef BTLS_TLS_CLASSIC_H
#define BTLS_TLS_CLASSIC_H

#include <bearssl.h>

#include "tls/session.h"

#define BTLS_RECORD_HEADER 5
/* The longest prefix of a protected record: an explicit AES-CBC IV. */
#define BTLS_RECORD_PREFIX 16
/* What protection adds to a record at most, its header included. */
#define BTLS_RECORD_OUT_OVERHEAD 85

/* A BearSSL object with a vtable first, and the way back to the engine that it belongs
 * to. */
typedef struct classic classic;
typedef struct {
    union {
        const br_x509_class *x509;
        const br_ssl_client_certificate_class *client;
        const br_ssl_server_policy_class *server;
        const br_ssl_session_cache_class *cache;
    } vtable;
    classic *c;
} btls_classic_hook;

struct classic {
    btls_engine base;
    btls_session *s;
    size_t size; /* of this block, buffers included */

    /* All three start with the engine context. A BearSSL context never moves. */
    union {
        br_ssl_engine_context eng;
        br_ssl_client_context client;
        br_ssl_server_context server;
    } br;
    br_ec_impl ec;          /* BearSSL's, less the groups that the config leaves out */
    btls_classic_hook x509; /* br_x509_class */
    btls_classic_hook
        auth; /* br_ssl_client_certificate_class or br_ssl_server_policy_class */
    btls_classic_hook cache; /* br_ssl_session_cache_class */
    br_x509_pkey peer_key;
    long process; /* in which the generator was seeded */

    /* The record that is arriving. */
    uint8_t header[BTLS_RECORD_HEADER];
    size_t header_have;
    size_t body_left;
    int direct;         /* application data: opened in the session's queue */
    size_t prefix_size; /* of what stands before the ciphertext */
    uint8_t prefix[BTLS_RECORD_PREFIX];
    size_t prefix_have;
    uint8_t small[2]; /* an alert or change_cipher_spec for the trace */
    size_t small_have;

    btls_messages messages[2]; /* handshake bytes: received, sent */
    int sent_encrypted;        /* our ChangeCipherSpec is out */
    unsigned alerts;           /* received in a row */
    int opened, close_sent;
    int full;        /* certificates were exchanged: not resumed */
    unsigned scheme; /* of the server's key exchange signature, from TLS 1.2 on */
    btls_resumption candidate; /* server: found in the cache, not yet certain */
    int has_candidate;
    btls_queue dn;   /* client: the authority name that is arriving */
    unsigned wanted; /* client: bit i: identity i was issued by a requested authority */
};

static inline br_ssl_engine_context *
btls_classic_eng(classic *c)
{
    return &c->br.eng;
}

extern const btls_engine_class btls_classic_class;

/* classic.c: moves what BearSSL has for the wire into the session's queue and looks what
 * it has come to. */
void btls_classic_pump(classic *c);
void btls_classic_no_memory(classic *c);
/* classic_setup.c: fresh random bytes for BearSSL's generator if this process has not
 * given any. 0, or -1: the session has failed. */
int btls_classic_seed(classic *c);
/* classic_input.c */
void btls_classic_feed(btls_engine *e, const uint8_t *p, size_t n);
/* Plaintext of records as it passes, for the trace and for what the engine does not tell.
 */
void btls_classic_saw(classic *c, int sent, int content_type, unsigned version,
                      int encrypted, btls_span bytes);

/* classic_auth.c: installs the certificate policy of the role. */
void btls_classic_set_auth(classic *c);
/* classic_x509.c */
void btls_classic_set_x509(classic *c);
void btls_classic_set_cache(classic *c);
/* classic_records.c: installs the record classes. */
void btls_classic_set_records(classic *c);
/* classic_errors.c: fails the session for a BearSSL error code. */
void btls_classic_fail(classic *c, int err);

#endif
