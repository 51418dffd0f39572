/* hkdf.c -- HMAC and HKDF over BearSSL's HMAC. */
#include "crypto/hkdf.h"

#include <string.h>

size_t
btls_hmac(int hash, btls_span key, const btls_span *parts, size_t count,
          uint8_t out[BTLS_HASH_MAX])
{
    br_hmac_key_context k;
    br_hmac_context c;
    br_hmac_key_init(&k, btls_hash_class(hash), key.p, key.n);
    br_hmac_init(&c, &k, 0);
    for (size_t i = 0; i < count; i++)
        br_hmac_update(&c, parts[i].p, parts[i].n);
    size_t n = br_hmac_out(&c, out);
    btls_wipe(&k, sizeof k);
    btls_wipe(&c, sizeof c);
    return n;
}

void
btls_hkdf_extract(int hash, btls_span salt, btls_span ikm, uint8_t out[BTLS_HASH_MAX])
{
    btls_hmac(hash, salt, &ikm, 1, out);
}

/* T(i) = HMAC(PRK, T(i-1) | info | i), one behind the other. */
void
btls_hkdf_expand(int hash, btls_span prk, btls_span info, uint8_t *out, size_t n)
{
    uint8_t t[BTLS_HASH_MAX], next[BTLS_HASH_MAX];
    btls_span previous = { t, 0 };
    for (uint8_t i = 1; n > 0; i++) {
        const btls_span parts[] = { previous, info, { &i, 1 } };
        previous.n = btls_hmac(hash, prk, parts, 3, next);
        memcpy(t, next, previous.n);
        size_t k = n < previous.n ? n : previous.n;
        memcpy(out, t, k);
        out += k;
        n -= k;
    }
    btls_wipe(t, sizeof t);
    btls_wipe(next, sizeof next);
}
