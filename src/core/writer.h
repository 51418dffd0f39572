/* writer.h -- builds TLS structures behind what is in a queue: big-endian numbers, and
 * vectors whose length is filled in when they end (RFC 8446, 3). */
#ifndef BTLS_CORE_WRITER_H
#define BTLS_CORE_WRITER_H

#include "core/bytes.h"

/* Once there was no memory or a vector was too long it is `bad` for good and writes
 * nothing, so that an emitter reads like the structure it builds and asks once, at the
 * end. */
typedef struct {
    btls_queue *q;
    int bad;
} btls_writer;

btls_writer btls_writer_of(btls_queue *q);
void btls_write_u8(btls_writer *w, unsigned v);
void btls_write_u16(btls_writer *w, unsigned v);
void btls_write_u24(btls_writer *w, uint32_t v);
void btls_write_u32(btls_writer *w, uint32_t v);
void btls_write_bytes(btls_writer *w, const void *p, size_t n);
/* A whole vector with a length of 1, 2 or 3 bytes. */
void btls_write_vec(btls_writer *w, unsigned length_size, btls_span bytes);

/* Begins a vector with a length of 1, 2 or 3 bytes; what is written until btls_write_end
 * is given this mark is its contents. Vectors nest. */
typedef struct {
    size_t at; /* of its length, from the queue's first byte */
    unsigned length_size;
} btls_mark;

btls_mark btls_write_begin(btls_writer *w, unsigned length_size);
void btls_write_end(btls_writer *w, btls_mark mark);

#endif
