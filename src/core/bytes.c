/* bytes.c -- memory, byte spans, a bounded reader, growable buffers, wiping. */
#include "core/bytes.h"

#include <string.h>

/* An idle queue keeps only what the next small record would ask for again. */
#define QUEUE_STARTS_WITH 512
#define QUEUE_KEEPS QUEUE_STARTS_WITH

void *
btls_zalloc(const btls_alloc *a, size_t n)
{
    void *p = a->f(a->ud, NULL, 0, n);
    if (p != NULL)
        memset(p, 0, n);
    return p;
}

void
btls_free(const btls_alloc *a, void *p, size_t n)
{
    if (p == NULL)
        return;
    btls_wipe(p, n);
    a->f(a->ud, p, n, 0);
}

void
btls_wipe(void *p, size_t n)
{
    /* A volatile pointer to memset: the call cannot be proved to be without effect. */
    static void *(*const volatile set)(void *, int, size_t) = memset;
    if (n > 0)
        set(p, 0, n);
}

int
btls_equal(const void *a, const void *b, size_t n)
{
    const volatile uint8_t *x = a, *y = b;
    unsigned diff = 0;
    for (size_t i = 0; i < n; i++)
        diff |= (unsigned)(x[i] ^ y[i]);
    return (int)(1u & ((diff - 1) >> 8));
}

/* All ones when v is not 0, else 0. volatile: compilers that see that it is one of two
 * values make a branch of what depends on it. */
static uint64_t
mask_of(uint64_t v)
{
    const volatile uint64_t mask = 0 - ((v | (0 - v)) >> 63);
    return mask;
}

static uint64_t
select(uint64_t mask, uint64_t yes, uint64_t no)
{
    return (yes & mask) | (no & ~mask);
}

size_t
btls_size_unpadded(const uint8_t *p, size_t n)
{
    if (n == 0 || p[n - 1] != 0)
        return n;
    /* The last word that is not all zeros, and where it stands. */
    uint64_t word, last = 0, at = 0, size = 0;
    uint8_t bytes[sizeof last];
    size_t i;
    for (i = 0; i + sizeof word <= n; i += sizeof word) {
        memcpy(&word, p + i, sizeof word);
        uint64_t mask = mask_of(word);
        last = select(mask, word, last);
        at = select(mask, i, at);
    }
    memcpy(bytes, &last, sizeof bytes);
    for (size_t k = 0; k < sizeof bytes; k++)
        size = select(mask_of(bytes[k]), k + 1, size);
    size += at;
    for (; i < n; i++)
        size = select(mask_of(p[i]), i + 1, size);
    return (size_t)size;
}

int
btls_span_equal(btls_span a, btls_span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

btls_reader
btls_reader_of(btls_span bytes)
{
    return (btls_reader){ bytes.p, bytes.n, 0 };
}

btls_span
btls_read_bytes(btls_reader *r, size_t n)
{
    if (r->bad || n > r->left) {
        r->bad = 1;
        r->left = 0;
        return (btls_span){ r->p, 0 };
    }
    btls_span s = { r->p, n };
    r->p += n;
    r->left -= n;
    return s;
}

static uint32_t
read_uint(btls_reader *r, size_t n)
{
    btls_span s = btls_read_bytes(r, n);
    uint32_t v = 0;
    for (size_t i = 0; i < s.n; i++)
        v = v << 8 | s.p[i];
    return v;
}

unsigned
btls_read_u8(btls_reader *r)
{
    return read_uint(r, 1);
}

unsigned
btls_read_u16(btls_reader *r)
{
    return read_uint(r, 2);
}

uint32_t
btls_read_u24(btls_reader *r)
{
    return read_uint(r, 3);
}

btls_span
btls_read_vec8(btls_reader *r)
{
    return btls_read_bytes(r, read_uint(r, 1));
}

btls_span
btls_read_vec16(btls_reader *r)
{
    return btls_read_bytes(r, read_uint(r, 2));
}

btls_span
btls_read_vec24(btls_reader *r)
{
    return btls_read_bytes(r, read_uint(r, 3));
}

int
btls_read_end(const btls_reader *r)
{
    return !r->bad && r->left == 0;
}

int
btls_read_more(const btls_reader *r)
{
    return !r->bad && r->left > 0;
}

void
btls_queue_init(btls_queue *q, const btls_alloc *a)
{
    *q = (btls_queue){ a, NULL, 0, 0, 0, 0 };
}

/* Gives back the memory; only what was used is worth wiping. */
static void
release(btls_queue *q)
{
    if (q->p == NULL)
        return;
    btls_wipe(q->p, q->tail + q->held);
    q->alloc->f(q->alloc->ud, q->p, q->cap, 0);
}

static int
grow(btls_queue *q, size_t need)
{
    size_t cap = q->cap > 0 ? q->cap : QUEUE_STARTS_WITH;
    while (cap < need) {
        if (cap > SIZE_MAX / 2)
            return 0;
        cap *= 2;
    }
    /* Not realloc: what it leaves behind would not be wiped, and the taken part would be
     * copied too. */
    uint8_t *p = q->alloc->f(q->alloc->ud, NULL, 0, cap);
    if (p == NULL)
        return 0;
    size_t n = btls_queue_size(q);
    if (n + q->held > 0)
        memcpy(p, q->p + q->head, n + q->held);
    release(q);
    q->p = p;
    q->cap = cap;
    q->head = 0;
    q->tail = n;
    return 1;
}

/* Moves everything to offset `to`, which must leave it inside the memory. */
static void
move(btls_queue *q, size_t to)
{
    size_t n = btls_queue_size(q);
    memmove(q->p + to, q->p + q->head, n + q->held);
    q->head = to;
    q->tail = to + n;
}

uint8_t *
btls_queue_room(btls_queue *q, size_t n)
{
    size_t used = btls_queue_size(q) + q->held;
    if (n > SIZE_MAX - used)
        return NULL;
    if (q->cap - q->tail - q->held < n) {
        /* Moving down is allowed only when that much was taken before: linear overall. */
        if (q->p != NULL && used + n <= q->cap && used <= q->head)
            move(q, 0);
        else if (!grow(q, used + n))
            return NULL;
    }
    return q->p + q->tail + q->held;
}

void
btls_queue_grew(btls_queue *q, size_t n)
{
    q->tail += n;
}

int
btls_queue_push(btls_queue *q, const void *p, size_t n)
{
    if (n == 0)
        return 1;
    uint8_t *to = btls_queue_room(q, n);
    if (to == NULL)
        return 0;
    memcpy(to, p, n);
    q->tail += n;
    return 1;
}

btls_span
btls_queue_bytes(const btls_queue *q)
{
    return (btls_span){ q->p == NULL ? NULL : q->p + q->head, btls_queue_size(q) };
}

void
btls_queue_take(btls_queue *q, size_t n)
{
    q->head += n;
    if (q->head < q->tail || q->held > 0)
        return;
    if (q->cap > QUEUE_KEEPS)
        btls_queue_clear(q);
    else
        q->head = q->tail = 0;
}

void
btls_queue_cut(btls_queue *q, size_t n)
{
    if (n >= btls_queue_size(q))
        return;
    btls_wipe(q->p + q->head + n, btls_queue_size(q) - n);
    q->tail = q->head + n;
}

void
btls_queue_clear(btls_queue *q)
{
    release(q);
    *q = (btls_queue){ q->alloc, NULL, 0, 0, 0, 0 };
}

int
btls_queue_hold(btls_queue *q, const void *p, size_t n)
{
    uint8_t *to = btls_queue_room(q, n);
    if (to == NULL)
        return 0;
    memcpy(to, p, n);
    q->held += n;
    return 1;
}

int
btls_queue_headroom(btls_queue *q, size_t n)
{
    if (q->tail >= n)
        return 1;
    if (btls_queue_room(q, n) == NULL)
        return 0;
    if (q->tail < n)
        move(q, q->head + n);
    return 1;
}

void
btls_queue_commit(btls_queue *q, size_t n)
{
    q->tail += n;
    q->held = 0;
    btls_queue_take(q, 0);
}
