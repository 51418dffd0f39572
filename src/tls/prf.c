/* prf.c -- what TLS 1.2 derives from its secrets, over BearSSL's PRF. */
#include "tls/prf.h"

#include <string.h>

#include "crypto/aead.h"

#define RANDOM_SIZE 32

static void
prf(int hash, btls_span secret, const char *label, const br_tls_prf_seed_chunk *seed,
    size_t count, uint8_t *out, size_t n)
{
    if (hash == br_sha384_ID)
        br_tls12_sha384_prf(out, n, secret.p, secret.n, label, count, seed);
    else
        br_tls12_sha256_prf(out, n, secret.p, secret.n, label, count, seed);
}

static btls_span
master_span(const uint8_t *master)
{
    return (btls_span){ master, BTLS_MASTER_SIZE };
}

void
btls_prf_master(int hash, btls_span premaster, const uint8_t *client_random,
                const uint8_t *server_random, uint8_t master[BTLS_MASTER_SIZE])
{
    const br_tls_prf_seed_chunk seed[] = { { client_random, RANDOM_SIZE },
                                           { server_random, RANDOM_SIZE } };
    prf(hash, premaster, "master secret", seed, 2, master, BTLS_MASTER_SIZE);
}

void
btls_prf_extended_master(int hash, btls_span premaster, btls_span session_hash,
                         uint8_t master[BTLS_MASTER_SIZE])
{
    const br_tls_prf_seed_chunk seed[] = { { session_hash.p, session_hash.n } };
    prf(hash, premaster, "extended master secret", seed, 1, master, BTLS_MASTER_SIZE);
}

void
btls_prf_key_block(const btls_suite *suite, const uint8_t master[BTLS_MASTER_SIZE],
                   const uint8_t *client_random, const uint8_t *server_random,
                   btls_prf_keys *keys)
{
    const br_tls_prf_seed_chunk seed[] = { { server_random, RANDOM_SIZE },
                                           { client_random, RANDOM_SIZE } };
    size_t key = btls_aead_key_size(suite->aead);
    size_t iv = suite->aead == BTLS_CHACHA20_POLY1305 ? 12 : 4;
    uint8_t block[2 * (32 + 12)];
    memset(keys, 0, sizeof *keys);
    prf(suite->hash, master_span(master), "key expansion", seed, 2, block,
        2 * (key + iv));
    memcpy(keys->client_key, block, key);
    memcpy(keys->server_key, block + key, key);
    memcpy(keys->client_iv, block + 2 * key, iv);
    memcpy(keys->server_iv, block + 2 * key + iv, iv);
    btls_wipe(block, sizeof block);
}

void
btls_prf_finished(int hash, const uint8_t master[BTLS_MASTER_SIZE], int client,
                  btls_span transcript, uint8_t out[BTLS_VERIFY_DATA_SIZE])
{
    const br_tls_prf_seed_chunk seed[] = { { transcript.p, transcript.n } };
    prf(hash, master_span(master), client ? "client finished" : "server finished", seed,
        1, out, BTLS_VERIFY_DATA_SIZE);
}

void
btls_prf_export(int hash, const uint8_t master[BTLS_MASTER_SIZE], const char *label,
                const uint8_t *client_random, const uint8_t *server_random,
                btls_span context, uint8_t *out, size_t n)
{
    uint8_t size[2] = { (uint8_t)(context.n >> 8), (uint8_t)context.n };
    const br_tls_prf_seed_chunk seed[] = { { client_random, RANDOM_SIZE },
                                           { server_random, RANDOM_SIZE },
                                           { size, sizeof size },
                                           { context.p, context.n } };
    prf(hash, master_span(master), label, seed, context.p == NULL ? 2 : 4, out, n);
}
