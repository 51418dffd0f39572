/* peek.c -- finds the ClientHello in what a client has sent. */
#include "tls/peek.h"

#include <string.h>

#include "tls/trace.h"

#define RECORD_HEADER 5
#define MESSAGE_HEADER 4
#define CLIENT_HELLO 1
#define FULL_FRAGMENT 16384

void
btls_peek_init(btls_peek *p, const btls_alloc *a)
{
    btls_queue_init(&p->wire, a);
    btls_queue_init(&p->message, a);
    p->parsed = 0;
}

void
btls_peek_clear(btls_peek *p)
{
    if (p->wire.alloc == NULL)
        return;
    btls_queue_clear(&p->wire);
    btls_queue_clear(&p->message);
    p->parsed = 0;
}

static size_t
message_length(const btls_peek *p)
{
    btls_span m = btls_queue_bytes(&p->message);
    if (m.n < MESSAGE_HEADER)
        return 0;
    return MESSAGE_HEADER + ((size_t)m.p[1] << 16 | (size_t)m.p[2] << 8 | m.p[3]);
}

static enum btls_peeked
judge(const btls_peek *p)
{
    btls_span m = btls_queue_bytes(&p->message);
    size_t n = message_length(p);
    if ((m.n > 0 && m.p[0] != CLIENT_HELLO) || n > BTLS_MESSAGE_BYTES)
        return BTLS_PEEK_OTHER;
    return n > 0 && m.n >= n ? BTLS_PEEK_HELLO : BTLS_PEEK_MORE;
}

/* The first bytes of a record tell already that it is none of a ClientHello. */
static int
looks_wrong(btls_span record)
{
    static const uint8_t wanted[] = { BTLS_HANDSHAKE, 3 };
    size_t n = record.n < sizeof wanted ? record.n : sizeof wanted;
    if (memcmp(record.p, wanted, n) != 0)
        return 1;
    if (record.n < RECORD_HEADER)
        return 0;
    size_t length = (size_t)record.p[3] << 8 | record.p[4];
    return length == 0 || length > FULL_FRAGMENT;
}

enum btls_peeked
btls_peek_feed(btls_peek *p, const uint8_t *bytes, size_t n, int *out_of_memory)
{
    *out_of_memory = 0;
    if (n == 0) /* there may be no bytes at all yet to point at */
        return BTLS_PEEK_MORE;
    *out_of_memory = !btls_queue_push(&p->wire, bytes, n);
    while (!*out_of_memory) {
        btls_span wire = btls_queue_bytes(&p->wire);
        btls_span record = { wire.p + p->parsed, wire.n - p->parsed };
        if (record.n > 0 && looks_wrong(record))
            return BTLS_PEEK_OTHER;
        if (wire.n > 2 * (size_t)BTLS_MESSAGE_BYTES)
            return BTLS_PEEK_OTHER;
        if (record.n < RECORD_HEADER)
            return BTLS_PEEK_MORE;
        size_t length = (size_t)record.p[3] << 8 | record.p[4];
        if (record.n < RECORD_HEADER + length)
            return BTLS_PEEK_MORE;
        *out_of_memory = !btls_queue_push(&p->message, record.p + RECORD_HEADER, length);
        p->parsed += RECORD_HEADER + length;
        enum btls_peeked peeked = judge(p);
        if (peeked != BTLS_PEEK_MORE)
            return peeked;
    }
    return BTLS_PEEK_MORE;
}

btls_span
btls_peek_message(const btls_peek *p)
{
    btls_span m = btls_queue_bytes(&p->message);
    size_t n = message_length(p);
    /* A message that is refused for its length may be announced only. */
    return (btls_span){ m.p, m.n >= n ? n : 0 };
}
