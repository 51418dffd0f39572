/* aead.h -- authenticated encryption of records (RFC 8446, 5.2; RFC 5288, 6655, 7905),
 * over BearSSL's fastest implementations for this machine. */
#ifndef BTLS_CRYPTO_AEAD_H
#define BTLS_CRYPTO_AEAD_H

#include <bearssl.h>

#include "core/bytes.h"

enum btls_aead_kind {
    BTLS_AES_128_GCM = 1,
    BTLS_AES_256_GCM,
    BTLS_CHACHA20_POLY1305,
    BTLS_AES_128_CCM,
    BTLS_AES_256_CCM,
    BTLS_AES_128_CCM_8,
    BTLS_AES_256_CCM_8
};

#define BTLS_AEAD_KEY_MAX 32
#define BTLS_AEAD_TAG_MAX 16
#define BTLS_AEAD_NONCE 12

/* Once initialised it must not be moved: BearSSL points from one part to another. Wiped
 * by whoever owns it. */
typedef struct {
    enum btls_aead_kind kind;
    union {
        struct {
            br_aes_gen_ctr_keys aes;
            br_gcm_context gcm;
        } gcm;
        struct {
            br_aes_gen_ctrcbc_keys aes;
            br_ccm_context ccm;
        } ccm;
        uint8_t chacha20_key[32];
    } u;
} btls_aead;

/* Bytes of the key and of the tag. */
size_t btls_aead_key_size(enum btls_aead_kind kind);
size_t btls_aead_tag_size(enum btls_aead_kind kind);

void btls_aead_init(btls_aead *a, enum btls_aead_kind kind, const uint8_t *key);

/* Encrypts n bytes in place and writes the tag behind them. */
void btls_aead_seal(btls_aead *a, const uint8_t nonce[BTLS_AEAD_NONCE], btls_span aad,
                    uint8_t *data, size_t n);

/* Decrypts n bytes in place, with the tag behind them. 1, or 0 when the tag is wrong:
 * then the bytes are wiped. */
int btls_aead_open(btls_aead *a, const uint8_t nonce[BTLS_AEAD_NONCE], btls_span aad,
                   uint8_t *data, size_t n);

#endif
