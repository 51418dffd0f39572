/* engine.h -- the interface behind which the engines stand (design, section 2): the
 * classic engine drives BearSSL's own handshake, the modern one will be ours. A session
 * has one engine; nothing above this line can tell which.
 *
 * An engine gets bytes and gives bytes. It works on its session's queues, reports through
 * the services of session.h (btls_session_fail and its neighbours), and never touches
 * Lua, a socket or a file. */
#ifndef BTLS_TLS_ENGINE_H
#define BTLS_TLS_ENGINE_H

#include "core/bytes.h"
#include "core/error.h"

struct btls_session;
typedef struct btls_engine btls_engine;

/* What was negotiated; zeros and NULL for what is not known (yet). */
typedef struct {
    unsigned version;
    unsigned cipher_suite;
    unsigned group;
    unsigned signature_scheme; /* with which the server signed its key exchange */
    const char *alpn;          /* owned by the config */
    int resumed;
    int unique; /* TLS 1.2 with extended master secret: the first Finished is tls-unique
                 */
    uint8_t finished[2][48]; /* verify_data of the client's Finished and the server's; in
                                TLS 1.2 with extended master secret only */
    size_t finished_size;    /* 0: not known */
} btls_info;

typedef struct {
    /* Takes all n bytes from the wire, in any split, or calls btls_session_fail. */
    void (*feed)(btls_engine *, const uint8_t *p, size_t n);
    /* Seals n bytes of application data into the session's out queue; only while open. */
    void (*write)(btls_engine *, const uint8_t *p, size_t n);
    /* Queues close_notify. */
    void (*close)(btls_engine *);
    /* Queues a fatal alert at the epoch that the peer can read; nothing else is sent
     * after it. */
    void (*alert)(btls_engine *, int description);
    /* Keying material (RFC 5705): n bytes to out. 0, or -1 with *e set. context.p NULL:
     * no context. */
    int (*export_)(btls_engine *, const char *label, btls_span context, uint8_t *out,
                   size_t n, btls_error *e);
    void (*info)(const btls_engine *, btls_info *);
    /* Wipes and frees the engine. */
    void (*free)(btls_engine *);
} btls_engine_class;

struct btls_engine {
    const btls_engine_class *cls;
};

/* The classic engine for a session that is otherwise ready (config, role, server_name,
 * ticket). Starts the handshake: a client's ClientHello is in the out queue afterwards.
 * NULL with *e set (no memory, no random). */
btls_engine *btls_classic_new(struct btls_session *s, btls_error *e);

/* The modern engine, ours: TLS 1.3, and TLS 1.2 with ECDHE and AEAD. As above. */
btls_engine *btls_modern_new(struct btls_session *s, btls_error *e);

struct btls_config;
/* 1 when the modern engine is the one to answer this ClientHello message (empty: what
 * came is none): it can, or it has to be refused, or nobody of the config could. */
int btls_modern_answers(const struct btls_config *config, btls_span message);

#endif
