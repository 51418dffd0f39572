/* fuzz_signature.c -- a public key and a signature by it, of any kind. The first two
 * bytes say how long the key is. */
#include "common.h"
#include "crypto/signature.h"
#include "pki/signature.h"
#include "pki/spki.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const btls_span message = { (const uint8_t *)"a message", 9 };
    static const btls_signature_algorithm all[] = {
        { BTLS_SIGNATURE_PKCS1, br_sha256_ID, 0, 0 },
        { BTLS_SIGNATURE_PSS, br_sha256_ID, 32, 0 },
        { BTLS_SIGNATURE_PSS, br_sha512_ID, 20, br_sha1_ID },
        { BTLS_SIGNATURE_ECDSA, br_sha384_ID, 0, 0 },
        { BTLS_SIGNATURE_ED25519, 0, 0, 0 },
    };
    btls_reader r = btls_reader_of((btls_span){ p, n });
    btls_span spki = btls_read_vec16(&r);
    btls_public_key key;
    btls_error e;
    if (r.bad || btls_spki_parse(spki, &key, &e) != 0)
        return 0;
    btls_span signature = { r.p, r.left };
    FUZZ_CHECK(btls_public_key_bits(&key) > 0 && btls_public_key_equal(&key, &key));
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (btls_signature_fits(&all[i], &key))
            btls_signature_verify(&all[i], &key, message, signature);
    }
    return 0;
}
