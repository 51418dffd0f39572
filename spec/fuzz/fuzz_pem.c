/* fuzz_pem.c -- a text that may hold certificates, keys and trust. */
#include "common.h"
#include "pki/pem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Every block that is found is found again when it is written anew. */
static void
round_trip(btls_span text)
{
    btls_pem pem, again;
    btls_queue block, written, reread;
    btls_error e;
    btls_queue_init(&block, &fuzz_alloc);
    btls_queue_init(&written, &fuzz_alloc);
    btls_queue_init(&reread, &fuzz_alloc);
    btls_pem_init(&pem, text);
    while (btls_pem_next(&pem, &block, &e) > 0) {
        btls_queue_clear(&written);
        if (strlen(pem.label) == 0 || strcspn(pem.label, "\n\r \t-") != strlen(pem.label))
            continue;
        FUZZ_CHECK(btls_pem_push(&written, pem.label, btls_queue_bytes(&block)));
        btls_pem_init(&again, btls_queue_bytes(&written));
        FUZZ_CHECK(btls_pem_next(&again, &reread, &e) == 1);
        FUZZ_CHECK(strcmp(again.label, pem.label) == 0);
        FUZZ_CHECK(btls_span_equal(btls_queue_bytes(&block), btls_queue_bytes(&reread)));
    }
    btls_queue_clear(&block);
    btls_queue_clear(&written);
    btls_queue_clear(&reread);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const btls_span none = { NULL, 0 };
    btls_span text = { p, n };
    btls_error e;
    btls_chain chain;
    btls_read_count count;
    btls_trust *trust = btls_trust_new(&fuzz_alloc);
    round_trip(text);
    btls_chain_init(&chain, &fuzz_alloc);
    btls_read_chain(&chain, text, none, &e);
    btls_key_free(btls_read_key(&fuzz_alloc, text, none, &e));
    btls_read_trust(trust, text, &count, &e);
    btls_chain_clear(&chain);
    btls_trust_free(trust);
    return 0;
}
