/* fuzz_key.c -- a private key: reading it, writing it, using it. */
#include "common.h"
#include "pki/key.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const uint8_t hash[32] = { 1, 2, 3 };
    uint8_t signature[512];
    btls_error e;
    btls_queue a, b;
    btls_key *k = btls_key_parse(&fuzz_alloc, (btls_span){ p, n }, &e);
    if (k == NULL) {
        FUZZ_CHECK(e.code != NULL);
        return 0;
    }
    btls_queue_init(&a, &fuzz_alloc);
    btls_queue_init(&b, &fuzz_alloc);
    FUZZ_CHECK(btls_key_encode_public(k, &a, &e) == 0);
    btls_queue_clear(&a);
    /* What was written is read as the same key. */
    FUZZ_CHECK(btls_key_encode(k, &a, &e) == 0);
    btls_key *again = btls_key_parse(&fuzz_alloc, btls_queue_bytes(&a), &e);
    FUZZ_CHECK(again != NULL && btls_key_encode(again, &b, &e) == 0);
    FUZZ_CHECK(btls_span_equal(btls_queue_bytes(&a), btls_queue_bytes(&b)));
    btls_key_free(again);
    btls_key_sign_hash(k, br_sha256_ID, hash, sizeof hash, signature, sizeof signature);
    if (btls_key_rsa(k) != NULL) {
        size_t size = (btls_key_rsa(k)->n_bitlen + 7) / 8;
        memset(signature, 1, sizeof signature);
        br_rsa_ssl_decrypt(br_rsa_private_get_default(), btls_key_rsa(k), signature,
                           size);
    }
    btls_queue_clear(&a);
    btls_queue_clear(&b);
    btls_key_free(k);
    return 0;
}
