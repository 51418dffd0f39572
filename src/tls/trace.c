/* trace.c -- what was sent and received, kept for whoever wants to watch. */
#include "tls/trace.h"

#include <string.h>

#include "core/system.h"

#define MESSAGE_HEADER 4

void
btls_trace_init(btls_trace *t, const btls_alloc *a, size_t limit)
{
    memset(t, 0, sizeof *t);
    t->alloc = a;
    t->limit = limit;
    if (limit > 0)
        t->began = btls_system_clock();
}

void
btls_trace_clear(btls_trace *t)
{
    while (t->first != NULL)
        btls_trace_drop_first(t);
}

const btls_event *
btls_trace_first(const btls_trace *t)
{
    return t->first;
}

void
btls_trace_drop_first(btls_trace *t)
{
    btls_event *e = t->first;
    t->first = e->next;
    if (t->first == NULL)
        t->last = NULL;
    t->count--;
    btls_free(t->alloc, e, sizeof *e + e->raw_size);
}

void
btls_trace_add(btls_trace *t, int sent, int content_type, unsigned version, int encrypted,
               btls_span message)
{
    if (t->limit == 0)
        return;
    size_t raw_size = content_type == BTLS_APPLICATION_DATA ? 0 : message.n;
    btls_event *e = btls_zalloc(t->alloc, sizeof *e + raw_size);
    if (e == NULL) {
        t->dropped++;
        return;
    }
    e->time = btls_system_clock() - t->began;
    e->sent = (uint8_t)sent;
    e->content_type = (uint8_t)content_type;
    e->version = (uint16_t)version;
    e->encrypted = (uint8_t)encrypted;
    e->length = message.n;
    e->raw_size = raw_size;
    if (raw_size > 0)
        memcpy(e->raw, message.p, raw_size);
    if (t->count == t->limit) {
        btls_trace_drop_first(t);
        t->dropped++;
    }
    if (t->last != NULL)
        t->last->next = e;
    else
        t->first = e;
    t->last = e;
    t->count++;
}

void
btls_trace_key(btls_trace *t, int sent, int what)
{
    uint8_t which = (uint8_t)what;
    btls_trace_add(t, sent, BTLS_TRACE_KEYS, 0, 1, (btls_span){ &which, 1 });
}

void
btls_messages_init(btls_messages *m, const btls_alloc *a)
{
    btls_queue_init(&m->bytes, a);
}

void
btls_messages_clear(btls_messages *m)
{
    btls_queue_clear(&m->bytes);
}

/* Length of the first message with its header, or 0 when the header is not there yet. */
static size_t
first_length(const btls_messages *m)
{
    btls_span b = btls_queue_bytes(&m->bytes);
    if (b.n < MESSAGE_HEADER)
        return 0;
    return MESSAGE_HEADER + ((size_t)b.p[1] << 16 | (size_t)b.p[2] << 8 | b.p[3]);
}

int
btls_messages_add(btls_messages *m, btls_span bytes)
{
    if (!btls_queue_push(&m->bytes, bytes.p, bytes.n))
        return -1;
    return first_length(m) > BTLS_MESSAGE_BYTES;
}

int
btls_messages_ready(const btls_messages *m, btls_span *message)
{
    size_t n = first_length(m);
    btls_span b = btls_queue_bytes(&m->bytes);
    if (n == 0 || b.n < n)
        return 0;
    *message = (btls_span){ b.p, n };
    return 1;
}

void
btls_messages_next(btls_messages *m)
{
    btls_queue_take(&m->bytes, first_length(m));
}
