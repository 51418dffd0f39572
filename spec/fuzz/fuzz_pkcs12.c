/* fuzz_pkcs12.c -- a PKCS#12 file or an encrypted key, and its password. */
#include "common.h"
#include "pki/pkcs12.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const btls_span password = { (const uint8_t *)"secret", 6 };
    btls_span file = { p, n };
    btls_error e;
    btls_chain chain;
    btls_key *key = NULL;
    e.code = NULL;
    btls_chain_init(&chain, &fuzz_alloc);
    if (btls_pkcs12_read(&fuzz_alloc, file, password, &key, &chain, &e) != 0)
        FUZZ_CHECK(e.code != NULL && key == NULL);
    btls_key_free(key);
    btls_chain_clear(&chain);
    if (btls_key_is_encrypted(file)) {
        btls_pbe pbe = btls_pbe_of(password);
        key = btls_key_decrypt(&fuzz_alloc, file, &pbe, &e);
        FUZZ_CHECK(key != NULL || e.code != NULL);
        btls_key_free(key);
    }
    return 0;
}
