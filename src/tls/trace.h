/* trace.h -- what was sent and received, kept for whoever wants to watch. Data only:
 * nothing is called, nothing decoded here, and no secret goes in. */
#ifndef BTLS_TLS_TRACE_H
#define BTLS_TLS_TRACE_H

#include "core/bytes.h"

/* Record content types (RFC 8446, 5.1). */
enum {
    BTLS_CHANGE_CIPHER_SPEC = 20,
    BTLS_ALERT = 21,
    BTLS_HANDSHAKE = 22,
    BTLS_APPLICATION_DATA = 23
};

/* Not a content type: the moment from which a direction's records have new keys; the raw
 * byte says which. */
#define BTLS_TRACE_KEYS 0
enum {
    BTLS_TRACE_HANDSHAKE_KEYS = 1,
    BTLS_TRACE_APPLICATION_KEYS,
    BTLS_TRACE_UPDATED_KEYS
};

typedef struct btls_event {
    struct btls_event *next;
    double time;  /* seconds since the session began */
    uint8_t sent; /* by us; else received */
    uint8_t content_type;
    uint8_t encrypted;
    uint16_t version; /* of the record */
    size_t length;    /* of the message, in bytes */
    size_t raw_size;  /* of raw: length, or 0 for application data, which is the program's
                         secret */
    uint8_t raw[];
} btls_event;

typedef struct {
    const btls_alloc *alloc;
    size_t limit; /* events kept; 0: no trace */
    size_t count;
    size_t dropped; /* the oldest ones, for want of room */
    btls_event *first, *last;
    double began;
} btls_trace;

void btls_trace_init(btls_trace *t, const btls_alloc *a, size_t limit);
void btls_trace_clear(btls_trace *t);

/* Keeps a message (nothing when the trace is off). Where there is no memory for it, it
 * counts as dropped: watching never breaks a session. */
void btls_trace_add(btls_trace *t, int sent, int content_type, unsigned version,
                    int encrypted, btls_span message);

/* Keeps the moment at which keys (BTLS_TRACE_*_KEYS) were installed. */
void btls_trace_key(btls_trace *t, int sent, int what);

/* The oldest event, or NULL; btls_trace_drop_first frees it. */
const btls_event *btls_trace_first(const btls_trace *t);
void btls_trace_drop_first(btls_trace *t);

/* Puts a stream of handshake bytes back together into messages, whatever the records
 * were. */
typedef struct {
    btls_queue bytes;
} btls_messages;

/* No handshake message may be longer. The longest that make sense are a ClientHello that
 * is full, of 65534 bytes of suites and 65535 of extensions, and certificate chains,
 * which have a limit of their own (pki/chain.h). */
#define BTLS_MESSAGE_BYTES 131400

void btls_messages_init(btls_messages *m, const btls_alloc *a);
void btls_messages_clear(btls_messages *m);
/* Adds bytes. 0, 1 when a message would be longer than BTLS_MESSAGE_BYTES, or -1: no
 * memory. */
int btls_messages_add(btls_messages *m, btls_span bytes);
/* 1 with *message (header included) when one is complete: handle it, then call
 * btls_messages_next. */
int btls_messages_ready(const btls_messages *m, btls_span *message);
void btls_messages_next(btls_messages *m);

#endif
