/* seal.c -- bytes sealed with a key for whoever else has it. */
#include "crypto/seal.h"

#include <string.h>

#include "crypto/aead.h"
#include "crypto/random.h"

#define TAG_SIZE (BTLS_SEAL_OVERHEAD - BTLS_AEAD_NONCE)

int
btls_seal(const uint8_t key[BTLS_SEAL_KEY_SIZE], btls_span aad, btls_span plain,
          btls_queue *out, btls_error *e)
{
    btls_aead aead;
    uint8_t nonce[BTLS_AEAD_NONCE];
    if (btls_random(nonce, sizeof nonce, e) != 0)
        return -1;
    uint8_t *to = btls_queue_room(out, plain.n + BTLS_SEAL_OVERHEAD);
    if (to == NULL)
        return btls_error_memory(e);
    memcpy(to, nonce, sizeof nonce);
    if (plain.n > 0)
        memcpy(to + sizeof nonce, plain.p, plain.n);
    btls_aead_init(&aead, BTLS_AES_256_GCM, key);
    btls_aead_seal(&aead, nonce, aad, to + sizeof nonce, plain.n);
    btls_wipe(&aead, sizeof aead);
    btls_queue_grew(out, plain.n + BTLS_SEAL_OVERHEAD);
    return 0;
}

int
btls_unseal(const uint8_t key[BTLS_SEAL_KEY_SIZE], btls_span aad, btls_span sealed,
            btls_queue *plain)
{
    btls_aead aead;
    if (sealed.n < BTLS_SEAL_OVERHEAD)
        return 0;
    size_t n = sealed.n - BTLS_SEAL_OVERHEAD;
    uint8_t *to = btls_queue_room(plain, n + TAG_SIZE);
    if (to == NULL)
        return 0;
    memcpy(to, sealed.p + BTLS_AEAD_NONCE, n + TAG_SIZE);
    btls_aead_init(&aead, BTLS_AES_256_GCM, key);
    int ok = btls_aead_open(&aead, sealed.p, aad, to, n);
    btls_wipe(&aead, sizeof aead);
    if (ok)
        btls_queue_grew(plain, n);
    return ok;
}
