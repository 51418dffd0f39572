/* key_encrypted.c -- private keys that are encrypted with a password:
 * EncryptedPrivateKeyInfo (RFC 5958, 3). */
#include <string.h>

#include "pki/der.h"
#include "pki/key.h"

/* The algorithm and the data of an EncryptedPrivateKeyInfo. 0 when it is none. */
static int
open_info(btls_span der, btls_span *algorithm, btls_span *data)
{
    btls_reader r = btls_reader_of(der);
    btls_reader s = btls_der_enter(&r, BTLS_DER_SEQUENCE);
    *algorithm = btls_der_read(&s, BTLS_DER_SEQUENCE);
    *data = btls_der_read(&s, BTLS_DER_OCTET_STRING);
    return btls_read_end(&s) && btls_read_end(&r);
}

int
btls_key_is_encrypted(btls_span der)
{
    btls_span algorithm, data;
    return open_info(der, &algorithm, &data);
}

btls_key *
btls_key_decrypt(const btls_alloc *a, btls_span der, btls_pbe *p, btls_error *e)
{
    btls_span algorithm, data;
    btls_queue plain;
    btls_key *k = NULL;
    if (!open_info(der, &algorithm, &data)) {
        btls_error_set(e, "config_key_malformed", BTLS_NO_ALERT,
                       "the encrypted private key is malformed");
        return NULL;
    }
    btls_queue_init(&plain, a);
    if (btls_pbe_decrypt(p, algorithm, data, &plain, e) == 0) {
        k = btls_key_parse(a, btls_queue_bytes(&plain), e);
        if (k == NULL && strcmp(e->code, "config_key_malformed") == 0)
            btls_pbe_wrong(e); /* the padding was right by chance */
    }
    btls_queue_clear(&plain);
    return k;
}

int
btls_key_encode_encrypted(const btls_key *k, btls_span password,
                          const br_prng_class **random, btls_queue *out, btls_error *e)
{
    btls_queue plain;
    btls_queue_init(&plain, out->alloc);
    int bad = btls_key_encode(k, &plain, e) != 0 ||
              btls_pbe_encrypt(password, random, btls_queue_bytes(&plain), out, e) != 0;
    btls_queue_clear(&plain);
    return bad ? -1 : 0;
}
