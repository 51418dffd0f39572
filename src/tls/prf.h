/* prf.h -- what TLS 1.2 derives from its secrets (RFC 5246, 5, 6.3, 7.4.9, 8.1; RFC 7627;
 * RFC 5705). `hash` is the suite's: br_sha256_ID or br_sha384_ID. */
#ifndef BTLS_TLS_PRF_H
#define BTLS_TLS_PRF_H

#include "core/bytes.h"
#include "tls/names.h"

#define BTLS_MASTER_SIZE 48
#define BTLS_VERIFY_DATA_SIZE 12

/* 8.1. The randoms have 32 bytes each. */
void btls_prf_master(int hash, btls_span premaster, const uint8_t *client_random,
                     const uint8_t *server_random, uint8_t master[BTLS_MASTER_SIZE]);
/* RFC 7627, 4: over the hash of ClientHello..ClientKeyExchange. */
void btls_prf_extended_master(int hash, btls_span premaster, btls_span session_hash,
                              uint8_t master[BTLS_MASTER_SIZE]);

/* The key block of an AEAD suite (6.3): no MAC keys; IVs of 4 bytes, or of 12 with
 * ChaCha20-Poly1305 (RFC 7905, 2). */
typedef struct {
    uint8_t client_key[32], server_key[32];
    uint8_t client_iv[12], server_iv[12];
} btls_prf_keys;

void btls_prf_key_block(const btls_suite *suite, const uint8_t master[BTLS_MASTER_SIZE],
                        const uint8_t *client_random, const uint8_t *server_random,
                        btls_prf_keys *keys);

/* 7.4.9: of the client's or the server's Finished, over a transcript's hash. */
void btls_prf_finished(int hash, const uint8_t master[BTLS_MASTER_SIZE], int client,
                       btls_span transcript, uint8_t out[BTLS_VERIFY_DATA_SIZE]);

/* RFC 5705, 4. context.p NULL: without a context. */
void btls_prf_export(int hash, const uint8_t master[BTLS_MASTER_SIZE], const char *label,
                     const uint8_t *client_random, const uint8_t *server_random,
                     btls_span context, uint8_t *out, size_t n);

#endif
