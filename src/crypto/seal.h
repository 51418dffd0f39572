/* seal.h -- bytes that leave our hands, sealed with a key for whoever else has it:
 * AES-256-GCM with a random nonce. Sealed: nonce (12 bytes), ciphertext, tag (16). */
#ifndef BTLS_CRYPTO_SEAL_H
#define BTLS_CRYPTO_SEAL_H

#include "core/bytes.h"
#include "core/error.h"

#define BTLS_SEAL_KEY_SIZE 32
/* How much longer what is sealed gets. */
#define BTLS_SEAL_OVERHEAD 28

/* Appends `plain`, sealed, to out. `aad` is authenticated with it (may be empty). 0, or
 * -1 with *e set (no memory, no random): then nothing was appended. */
int btls_seal(const uint8_t key[BTLS_SEAL_KEY_SIZE], btls_span aad, btls_span plain,
              btls_queue *out, btls_error *e);

/* Appends what was sealed to `plain`. 1, or 0 when it is not what was sealed with this
 * key and aad, or when there is no memory: then nothing was appended. */
int btls_unseal(const uint8_t key[BTLS_SEAL_KEY_SIZE], btls_span aad, btls_span sealed,
                btls_queue *plain);

#endif
