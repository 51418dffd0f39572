/* constant_time.c -- our own cryptography with secrets that valgrind takes for undefined:
 * it then tells of each branch and each address that depends on them. With an argument
 * there is one such branch on purpose, which has to be found. See constant_time.sh. */
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "crypto/ed25519.h"
#include "crypto/password.h"

#define HIDE(x) VALGRIND_MAKE_MEM_UNDEFINED((x), sizeof(x))
#define SHOW(x) VALGRIND_MAKE_MEM_DEFINED((x), sizeof(x))

/* The public key and the signature are public, once they are there. */
static int
check_ed25519(uint8_t fill)
{
    static const btls_span message = { (const uint8_t *)"a message", 9 };
    uint8_t private_key[32], public_key[32], signature[BTLS_ED25519_SIGNATURE];
    memset(private_key, fill, sizeof private_key);
    HIDE(private_key);
    btls_ed25519_public(private_key, public_key);
    SHOW(public_key);
    btls_ed25519_sign(private_key, public_key, message, signature);
    SHOW(signature);
    return btls_ed25519_verify(public_key, message,
                               (btls_span){ signature, sizeof signature });
}

static void
check_password(void)
{
    static const btls_span salt = { (const uint8_t *)"salt", 4 };
    uint8_t password[8] = "password", key[32];
    const btls_span secret = { password, sizeof password };
    HIDE(password);
    btls_pbkdf2(br_sha256_ID, secret, salt, 3, key, sizeof key);
    btls_pkcs12_derive(br_sha256_ID, BTLS_PKCS12_KEY, secret, salt, 3, key, sizeof key);
}

static int
leak(void)
{
    uint8_t secret[1] = { 0 };
    HIDE(secret);
    return secret[0] == 1 ? puts("one") : 0;
}

int
main(int argc, char **argv)
{
    (void)argv;
    for (unsigned fill = 0; fill < 256; fill += 51) {
        if (!check_ed25519((uint8_t)fill))
            return 1;
    }
    check_password();
    return argc > 1 ? leak() : 0;
}
