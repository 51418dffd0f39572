/* chain.c -- a list of certificates as DER, leaf first. */
#include "pki/chain.h"

void
btls_chain_init(btls_chain *c, const btls_alloc *a)
{
    btls_queue_init(&c->bytes, a);
    c->count = 0;
}

void
btls_chain_clear(btls_chain *c)
{
    btls_queue_clear(&c->bytes);
    c->count = 0;
}

static int
too_long(btls_error *e)
{
    return btls_error_set(
        e, "certificate_chain_too_long", 42,
        "the certificate chain is longer than %d certificates or %d bytes",
        BTLS_CHAIN_CERTIFICATES, BTLS_CHAIN_BYTES);
}

int
btls_chain_append(btls_chain *c, const void *p, size_t n, btls_error *e)
{
    if (n > BTLS_CHAIN_BYTES - btls_queue_size(&c->bytes) ||
        c->count == BTLS_CHAIN_CERTIFICATES)
        return too_long(e);
    return btls_queue_push(&c->bytes, p, n) ? 0 : btls_error_memory(e);
}

int
btls_chain_end_certificate(btls_chain *c, btls_error *e)
{
    if (c->count == BTLS_CHAIN_CERTIFICATES)
        return too_long(e);
    c->ends[c->count++] = (uint32_t)btls_queue_size(&c->bytes);
    return 0;
}

btls_span
btls_chain_at(const btls_chain *c, size_t i)
{
    size_t from = i == 0 ? 0 : c->ends[i - 1];
    btls_span all = btls_queue_bytes(&c->bytes);
    if (all.n == 0)
        return all; /* certificates of no bytes, and nothing that could be pointed at */
    return (btls_span){ all.p + from, c->ends[i] - from };
}
