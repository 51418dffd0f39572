/* cache.c -- a server's memory of sessions: a hash table with a list from the most to the
 * least recently used (declared in resumption.h). */
#include <string.h>

#include "tls/resumption.h"

#define BUCKETS 256

/* Encoded, so that an entry is one block of just its size. */
typedef struct entry {
    struct entry *next_in_bucket;
    struct entry *newer, *older;
    uint8_t id[32];
    size_t size;
    uint8_t bytes[];
} entry;

struct btls_cache {
    btls_alloc alloc;
    entry *buckets[BUCKETS];
    entry *newest, *oldest;
    size_t count;
};

btls_cache *
btls_cache_new(const btls_alloc *a)
{
    btls_cache *c = btls_zalloc(a, sizeof *c);
    if (c != NULL)
        c->alloc = *a;
    return c;
}

/* Ids are random bytes that we made ourselves: the first one spreads evenly. */
static entry **
bucket_of(btls_cache *c, const uint8_t id[32])
{
    return &c->buckets[id[0]];
}

/* The pointer that points at the entry with that id, or at NULL. */
static entry **
find(btls_cache *c, const uint8_t id[32])
{
    entry **at = bucket_of(c, id);
    while (*at != NULL && !btls_equal((*at)->id, id, 32))
        at = &(*at)->next_in_bucket;
    return at;
}

static void
unlink_from_list(btls_cache *c, entry *e)
{
    if (e->newer != NULL)
        e->newer->older = e->older;
    else
        c->newest = e->older;
    if (e->older != NULL)
        e->older->newer = e->newer;
    else
        c->oldest = e->newer;
}

static void
put_first(btls_cache *c, entry *e)
{
    e->newer = NULL;
    e->older = c->newest;
    if (c->newest != NULL)
        c->newest->newer = e;
    else
        c->oldest = e;
    c->newest = e;
}

void
btls_cache_remove(btls_cache *c, const uint8_t id[32])
{
    entry **at = find(c, id);
    entry *e = *at;
    if (e == NULL)
        return;
    *at = e->next_in_bucket;
    unlink_from_list(c, e);
    c->count--;
    btls_free(&c->alloc, e, sizeof *e + e->size);
}

void
btls_cache_free(btls_cache *c)
{
    if (c == NULL)
        return;
    while (c->oldest != NULL)
        btls_cache_remove(c, c->oldest->id);
    btls_alloc a = c->alloc;
    btls_free(&a, c, sizeof *c);
}

void
btls_cache_put(btls_cache *c, const btls_resumption *r)
{
    btls_error ignored;
    btls_queue q;
    btls_queue_init(&q, &c->alloc);
    btls_cache_remove(c, r->id);
    if (btls_resumption_encode(r, &q, &ignored) == 0) {
        btls_span bytes = btls_queue_bytes(&q);
        entry *e = btls_zalloc(&c->alloc, sizeof *e + bytes.n);
        if (e != NULL) {
            memcpy(e->id, r->id, sizeof e->id);
            e->size = bytes.n;
            memcpy(e->bytes, bytes.p, bytes.n);
            e->next_in_bucket = *bucket_of(c, e->id);
            *bucket_of(c, e->id) = e;
            put_first(c, e);
            if (++c->count > BTLS_CACHE_ENTRIES)
                btls_cache_remove(c, c->oldest->id);
        }
    }
    btls_queue_clear(&q);
}

int
btls_cache_get(btls_cache *c, const uint8_t id[32], btls_resumption *r)
{
    btls_error ignored;
    entry *e = *find(c, id);
    if (e == NULL)
        return 0;
    unlink_from_list(c, e);
    put_first(c, e);
    return btls_resumption_decode(r, (btls_span){ e->bytes, e->size }, &ignored) == 0;
}
