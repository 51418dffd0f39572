/* chain.h -- a list of certificates as DER, leaf first: ours from a file or the peer's as
 * sent. */
#ifndef BTLS_PKI_CHAIN_H
#define BTLS_PKI_CHAIN_H

#include "core/bytes.h"
#include "core/error.h"

/* What a peer may send at most. Real chains have up to five certificates of about 2 kB;
 * conformance suites try one of 51. */
#define BTLS_CHAIN_CERTIFICATES 64
#define BTLS_CHAIN_BYTES 131072

typedef struct {
    btls_queue bytes;
    uint32_t ends[BTLS_CHAIN_CERTIFICATES]; /* offset behind certificate i */
    size_t count;                           /* of those that are complete */
} btls_chain;

/* An empty chain that allocates from a. Released by btls_chain_clear. */
void btls_chain_init(btls_chain *c, const btls_alloc *a);
void btls_chain_clear(btls_chain *c);

/* Adds bytes to the certificate that is being received, in any split. Returns 0, or -1
 * with *e set: chain longer than BTLS_CHAIN_BYTES (certificate_chain_too_long), no
 * memory. */
int btls_chain_append(btls_chain *c, const void *p, size_t n, btls_error *e);
/* The certificate that is being received is complete. 0, or -1 with *e set
 * (certificate_chain_too_long when there are more than BTLS_CHAIN_CERTIFICATES). */
int btls_chain_end_certificate(btls_chain *c, btls_error *e);

/* DER of certificate i (0 the leaf), owned by the chain, valid until it grows or is
 * cleared. */
btls_span btls_chain_at(const btls_chain *c, size_t i);

#endif
