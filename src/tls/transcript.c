/* transcript.c -- the hash of all handshake messages so far. */
#include "tls/transcript.h"

#define MESSAGE_HASH 254

void
btls_transcript_init(btls_transcript *t)
{
    t->hash = 0;
    br_sha256_init(&t->sha256);
    br_sha384_init(&t->sha384);
}

void
btls_transcript_add(btls_transcript *t, btls_span bytes)
{
    if (t->hash != br_sha384_ID)
        br_sha256_update(&t->sha256, bytes.p, bytes.n);
    if (t->hash != br_sha256_ID)
        br_sha384_update(&t->sha384, bytes.p, bytes.n);
}

void
btls_transcript_choose(btls_transcript *t, int hash)
{
    t->hash = hash;
}

void
btls_transcript_retry(btls_transcript *t, int hash)
{
    uint8_t first[BTLS_HASH_MAX];
    t->hash = hash;
    size_t n = btls_transcript_hash(t, first);
    const uint8_t header[4] = { MESSAGE_HASH, 0, 0, (uint8_t)n };
    btls_transcript_init(t);
    t->hash = hash;
    btls_transcript_add(t, (btls_span){ header, sizeof header });
    btls_transcript_add(t, (btls_span){ first, n });
}

size_t
btls_transcript_hash(const btls_transcript *t, uint8_t out[BTLS_HASH_MAX])
{
    if (t->hash == br_sha384_ID) {
        br_sha384_out(&t->sha384, out);
        return br_sha384_SIZE;
    }
    br_sha256_out(&t->sha256, out);
    return br_sha256_SIZE;
}
