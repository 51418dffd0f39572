/* transcript.h -- the hash of all handshake messages so far (RFC 8446, 4.4.1). A copy of
 * the structure is a fork of it. */
#ifndef BTLS_TLS_TRANSCRIPT_H
#define BTLS_TLS_TRANSCRIPT_H

#include "crypto/hash.h"

/* Until the suite is known, both hashes that it could need are computed. */
typedef struct {
    int hash; /* chosen: br_sha256_ID or br_sha384_ID; 0: not yet */
    br_sha256_context sha256;
    br_sha384_context sha384;
} btls_transcript;

void btls_transcript_init(btls_transcript *t);
void btls_transcript_add(btls_transcript *t, btls_span bytes);
/* From now on only this hash is computed. */
void btls_transcript_choose(btls_transcript *t, int hash);
/* HelloRetryRequest: what came so far (the first ClientHello) is replaced by the message
 * message_hash; chooses the hash, too. */
void btls_transcript_retry(btls_transcript *t, int hash);
/* The hash so far, which goes on; returns its size. The hash must have been chosen. */
size_t btls_transcript_hash(const btls_transcript *t, uint8_t out[BTLS_HASH_MAX]);

#endif
