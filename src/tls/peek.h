/* peek.h -- finds the ClientHello in what a client has sent, before an engine is chosen:
 * a server decides by it which engine answers, may stop to look at it, and a program may
 * route by it without a session. */
#ifndef BTLS_TLS_PEEK_H
#define BTLS_TLS_PEEK_H

#include "core/bytes.h"

enum btls_peeked {
    BTLS_PEEK_MORE,  /* the ClientHello is not complete */
    BTLS_PEEK_HELLO, /* it is */
    BTLS_PEEK_OTHER  /* this is something else, or more than BTLS_MESSAGE_BYTES */
};

/* What has come so far. */
typedef struct {
    btls_queue wire;    /* as it came, for the engine */
    btls_queue message; /* the handshake message in it, header included */
    size_t parsed;      /* bytes of wire whose records were looked at */
} btls_peek;

void btls_peek_init(btls_peek *p, const btls_alloc *a);
void btls_peek_clear(btls_peek *p);

/* Takes n more bytes from the wire. *out_of_memory is set to 1 when there is none; the
 * result is then meaningless. */
enum btls_peeked btls_peek_feed(btls_peek *p, const uint8_t *bytes, size_t n,
                                int *out_of_memory);

/* The first message, if all of it has come, as after BTLS_PEEK_HELLO; else nothing. */
btls_span btls_peek_message(const btls_peek *p);

#endif
