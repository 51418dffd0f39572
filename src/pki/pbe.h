/* pbe.h -- encryption with a password (RFC 8018; RFC 7292, appendix C), as private keys
 * and PKCS#12 have it. */
#ifndef BTLS_PKI_PBE_H
#define BTLS_PKI_PBE_H

#include <bearssl.h>

#include "core/bytes.h"
#include "core/error.h"
#include "crypto/password.h"

/* Rounds of derivation that one file may ask for, all its parts together: some seconds.
 */
#ifndef BTLS_PBE_ROUNDS /* fuzzers have less time */
#define BTLS_PBE_ROUNDS 10000000
#endif

/* Rounds that we ask for when we encrypt. */
#define BTLS_PBE_OUR_ROUNDS 600000

/* A password, and what may still be spent on it. p NULL: none was given. */
typedef struct {
    btls_span password;
    uint32_t rounds_left;
    int is_bare; /* PKCS#12: an empty password without the two zeros at its end */
} btls_pbe;

/* For the file that is read next. */
btls_pbe btls_pbe_of(btls_span password);

/* Takes rounds off what is left. 0, or -1 with *e set (config_key_unsupported): that is
 * too much. */
int btls_pbe_spend(btls_pbe *p, uint32_t rounds, btls_error *e);

/* "the password is wrong" (config_key_password). Returns -1. */
int btls_pbe_wrong(btls_error *e);

/* Decrypts data behind what is in out. `algorithm` is the contents of the
 * AlgorithmIdentifier: PBES2 with PBKDF2 (HMAC with SHA-1, 224, 256, 384, 512) and
 * AES-128, 192, 256 or 3DES in CBC; or PKCS#12's SHA-1 and 3DES. 0, or -1 with *e set:
 * config_key_password when the padding is wrong, which is all that shows; a wrong
 * password may also pass (one in 256) and give nonsense. config_key_unsupported,
 * config_key_malformed. */
int btls_pbe_decrypt(btls_pbe *p, btls_span algorithm, btls_span data, btls_queue *out,
                     btls_error *e);

/* Writes an EncryptedPrivateKeyInfo (RFC 5958, 3) with `plain` in it behind what is in
 * out: PBES2, PBKDF2 with HMAC-SHA-256 and BTLS_PBE_OUR_ROUNDS rounds, AES-256-CBC. 0, or
 * -1 with *e set (config_key_password: too long). */
int btls_pbe_encrypt(btls_span password, const br_prng_class **random, btls_span plain,
                     btls_queue *out, btls_error *e);

/* Decrypts a PEM block of the old form (RFC 1421, 4.6.1.1) in place. dek_info is the
 * value of its DEK-Info header: "AES-256-CBC,HEX" (AES-128, 192, 256; DES-EDE3). 0, or -1
 * as above. */
int btls_pbe_decrypt_pem(btls_pbe *p, const char *dek_info, btls_queue *data,
                         btls_error *e);

#endif
