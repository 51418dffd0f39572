/* password.h -- keys from passwords: PBKDF2, the derivation of PKCS#12, and that of old
 * PEM files. */
#ifndef BTLS_CRYPTO_PASSWORD_H
#define BTLS_CRYPTO_PASSWORD_H

#include <bearssl.h>

#include "core/bytes.h"

/* Bytes of a password and of a salt at most; so that what is derived from them can be on
 * the stack. */
#define BTLS_PASSWORD_MAX 1024
#define BTLS_SALT_MAX 1024

/* PBKDF2 (RFC 8018, 5.2) with HMAC and the hash of that BearSSL number: n bytes to out.
 * `rounds` is the iteration count. 1, or 0 when the hash is unknown, rounds is 0, or salt
 * or password are too long. */
int btls_pbkdf2(int hash, btls_span password, btls_span salt, uint32_t rounds,
                uint8_t *out, size_t n);

/* What the derivation of PKCS#12 is for (RFC 7292, B.3). */
enum btls_pkcs12_purpose { BTLS_PKCS12_KEY = 1, BTLS_PKCS12_IV, BTLS_PKCS12_MAC };

/* The derivation of PKCS#12 (RFC 7292, B.2). The password is what
 * btls_password_to_utf16() made of it. As above. */
int btls_pkcs12_derive(int hash, enum btls_pkcs12_purpose purpose, btls_span password,
                       btls_span salt, uint32_t rounds, uint8_t *out, size_t n);

/* Bytes that a password becomes at most, with the two zeros at its end. */
#define BTLS_UTF16_MAX (2 * BTLS_PASSWORD_MAX + 2)

/* A password as PKCS#12 wants it: UTF-16, big-endian, with two zero bytes at the end (RFC
 * 7292, B.1). What is no UTF-8 is taken for Latin-1, as old programs did. Returns the
 * number of bytes in out; 0 when the password is too long. */
size_t btls_password_to_utf16(btls_span password, uint8_t out[BTLS_UTF16_MAX]);

/* What OpenSSL derives for an encrypted PEM block of the old form: MD5 over what came
 * before, the password and 8 bytes of salt, again and again. */
void btls_pem_derive(btls_span password, const uint8_t salt[8], uint8_t *out, size_t n);

#endif
