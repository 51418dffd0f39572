/* bytes.h -- memory, byte spans, a bounded reader, growable buffers, wiping. No TLS, no
 * crypto. */
#ifndef BTLS_CORE_BYTES_H
#define BTLS_CORE_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* Where memory comes from: the same shape as lua_Alloc, so that everything that beartls
 * allocates is the Lua state's own. f(ud, NULL, 0, n) allocates, f(ud, p, old, 0) frees
 * and cannot fail, anything else resizes; NULL means that there is no memory. */
typedef struct {
    void *(*f)(void *ud, void *p, size_t old_size, size_t new_size);
    void *ud;
} btls_alloc;

/* n bytes of zeros, or NULL. Released by btls_free with the same n. */
void *btls_zalloc(const btls_alloc *a, size_t n);

/* Wipes n bytes at p and gives them back. p may be NULL. */
void btls_free(const btls_alloc *a, void *p, size_t n);

/* Overwrites n bytes at p with zeros; the compiler cannot leave it out. */
void btls_wipe(void *p, size_t n);

/* 1 when the n bytes at a and b are equal, else 0, in a time that depends on n alone. */
int btls_equal(const void *a, const void *b, size_t n);

/* The size of n bytes at p without the zeros at their end. The time depends on n, and on
 * whether there are any: not on how many. */
size_t btls_size_unpadded(const uint8_t *p, size_t n);

/* Bytes that somebody else owns. */
typedef struct {
    const uint8_t *p;
    size_t n;
} btls_span;

/* 1 when two spans hold the same bytes; public data only (leaves at the first
 * difference). */
int btls_span_equal(btls_span a, btls_span b);

/* A reader that never leaves its bytes. Once something was missing it is `bad` for good
 * and yields zeros and empty spans, so that a parser reads like the structure it parses
 * and asks once, at the end. Vectors are TLS's: a big-endian length of 1, 2 or 3 bytes
 * before the bytes (RFC 8446, 3.4). */
typedef struct {
    const uint8_t *p;
    size_t left;
    int bad;
} btls_reader;

btls_reader btls_reader_of(btls_span bytes);
unsigned btls_read_u8(btls_reader *r);
unsigned btls_read_u16(btls_reader *r);
uint32_t btls_read_u24(btls_reader *r);
btls_span btls_read_bytes(btls_reader *r, size_t n);
btls_span btls_read_vec8(btls_reader *r);
btls_span btls_read_vec16(btls_reader *r);
btls_span btls_read_vec24(btls_reader *r);
/* 1 when nothing was missing and nothing is left, else 0. */
int btls_read_end(const btls_reader *r);
/* 1 while there is something left and nothing was missing: the condition of a list's
 * loop. */
int btls_read_more(const btls_reader *r);

/* A queue of bytes: appended at the end, taken from the front, contiguous. It grows by
 * doubling, so appending is linear; what has been taken is reclaimed when space is
 * needed. Behind its tail it can hold bytes that do not count yet: a record that is still
 * arriving is put where its plaintext will be, so that opening it in place needs no
 * further copy. */
typedef struct {
    const btls_alloc *alloc;
    uint8_t *p;
    size_t cap;
    size_t head; /* first byte that has not been taken */
    size_t tail; /* first byte that is not in the queue */
    size_t held; /* bytes behind the tail that are in use but do not count yet */
} btls_queue;

void btls_queue_init(btls_queue *q, const btls_alloc *a);
/* Room for n more bytes behind what is there and held, or NULL when there is no memory.
 * Valid until the next call that changes the queue. btls_queue_grew() then says how many
 * of them were filled. */
uint8_t *btls_queue_room(btls_queue *q, size_t n);
void btls_queue_grew(btls_queue *q, size_t n);
/* 1, or 0 when there is no memory (the queue is then as it was). */
int btls_queue_push(btls_queue *q, const void *p, size_t n);
btls_span btls_queue_bytes(const btls_queue *q);
static inline size_t
btls_queue_size(const btls_queue *q)
{
    return q->tail - q->head;
}
/* Forgets the first n bytes; a queue that is empty gives back what an idle connection
 * should not hold. */
void btls_queue_take(btls_queue *q, size_t n);
/* Wipes and forgets what is behind the first n bytes. */
void btls_queue_cut(btls_queue *q, size_t n);
/* Wipes what was used and gives back the memory; the queue is empty and may be used
 * again. */
void btls_queue_clear(btls_queue *q);

/* Appends n bytes that do not count yet. 1, or 0 when there is no memory. */
int btls_queue_hold(btls_queue *q, const void *p, size_t n);
/* Makes sure that there are at least n bytes of the queue's memory before its tail (they
 * may be earlier data: save them before writing there). 1, or 0 when there is no memory.
 */
int btls_queue_headroom(btls_queue *q, size_t n);
/* The first n bytes that are held count from now on; the others are dropped. */
void btls_queue_commit(btls_queue *q, size_t n);

#endif
