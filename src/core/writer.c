/* writer.c -- builds TLS structures behind what is in a queue. */
#include "core/writer.h"

btls_writer
btls_writer_of(btls_queue *q)
{
    return (btls_writer){ q, 0 };
}

void
btls_write_bytes(btls_writer *w, const void *p, size_t n)
{
    if (!w->bad && !btls_queue_push(w->q, p, n))
        w->bad = 1;
}

static void
write_uint(btls_writer *w, uint32_t v, unsigned size)
{
    uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
                     (uint8_t)v };
    btls_write_bytes(w, b + sizeof b - size, size);
}

void
btls_write_u8(btls_writer *w, unsigned v)
{
    write_uint(w, v, 1);
}

void
btls_write_u16(btls_writer *w, unsigned v)
{
    write_uint(w, v, 2);
}

void
btls_write_u24(btls_writer *w, uint32_t v)
{
    write_uint(w, v, 3);
}

void
btls_write_u32(btls_writer *w, uint32_t v)
{
    write_uint(w, v, 4);
}

void
btls_write_vec(btls_writer *w, unsigned length_size, btls_span bytes)
{
    btls_mark mark = btls_write_begin(w, length_size);
    btls_write_bytes(w, bytes.p, bytes.n);
    btls_write_end(w, mark);
}

btls_mark
btls_write_begin(btls_writer *w, unsigned length_size)
{
    btls_mark mark = { btls_queue_size(w->q), length_size };
    write_uint(w, 0, length_size);
    return mark;
}

void
btls_write_end(btls_writer *w, btls_mark mark)
{
    if (w->bad)
        return;
    size_t n = btls_queue_size(w->q) - mark.at - mark.length_size;
    if (n >> (8 * mark.length_size) != 0) {
        w->bad = 1;
        return;
    }
    for (unsigned i = 0; i < mark.length_size; i++)
        w->q->p[w->q->head + mark.at + i] =
            (uint8_t)(n >> (8 * (mark.length_size - 1 - i)));
}
