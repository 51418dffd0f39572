/* constant_time.c -- our own cryptography with secrets that valgrind takes for undefined:
 * it then tells of each branch and each address that depends on them. With an argument
 * there is one such branch on purpose, which has to be found. See constant_time.sh. */
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "crypto/aead.h"
#include "crypto/ed25519.h"
#include "crypto/group.h"
#include "crypto/password.h"
#include "crypto/rsa_pss.h"
#include "tls/schedule.h"

#define HIDE(x) VALGRIND_MAKE_MEM_UNDEFINED(&(x), sizeof(x))
#define SHOW(x) VALGRIND_MAKE_MEM_DEFINED(&(x), sizeof(x))

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

/* What a peer's binder, Finished or tag is compared with; whether it is equal is public.
 */
static void
check_equal(void)
{
    uint8_t a[32] = "what is expected", b[32] = "what has come";
    HIDE(a);
    int equal = btls_equal(a, b, sizeof a);
    SHOW(equal);
}

/* From a PSK and a key exchange to traffic keys, Finished, binder, ticket and exporter.
 */
static void
check_schedule(int hash)
{
    static const btls_span transcript = { (const uint8_t *)"a transcript's hash", 19 };
    uint8_t psk[32] = "key", shared[32] = "secret", out[48], key[32], iv[12];
    btls_schedule s;
    HIDE(psk);
    HIDE(shared);
    btls_schedule_binder(hash, (btls_span){ psk, sizeof psk }, 1, transcript, out);
    btls_schedule_early(&s, hash, (btls_span){ psk, sizeof psk });
    btls_schedule_handshake(&s, (btls_span){ shared, sizeof shared }, transcript);
    btls_schedule_finished(hash, s.client, transcript, out);
    btls_schedule_master(&s, transcript);
    btls_schedule_keys(hash, s.server, key, sizeof key, iv);
    btls_schedule_update(hash, s.server);
    btls_schedule_export(&s, "label", transcript, out, sizeof out);
    btls_schedule_resumption(&s, transcript);
    btls_schedule_ticket(&s, transcript, out);
}

/* Records and tickets are sealed with these, and opened; what came over the wire is
 * public, and so is whether the tag is right. */
static int
check_aead(enum btls_aead_kind kind)
{
    static const uint8_t nonce[BTLS_AEAD_NONCE];
    static const btls_span aad = { nonce, sizeof nonce };
    uint8_t key[BTLS_AEAD_KEY_MAX] = "key", data[100 + BTLS_AEAD_TAG_MAX] = "plaintext";
    btls_aead a;
    HIDE(key);
    HIDE(data);
    btls_aead_init(&a, kind, key);
    btls_aead_seal(&a, nonce, aad, data, 100);
    SHOW(data);
    int good = btls_aead_open(&a, nonce, aad, data, 100);
    SHOW(good);
    HIDE(data);
    btls_aead_seal(&a, nonce, aad, data, 100);
    SHOW(data);
    data[0] ^= 1;
    int bad = btls_aead_open(&a, nonce, aad, data, 100);
    SHOW(bad);
    return good && !bad;
}

/* Both sides of a key exchange; the shares are public once they are there. */
static int
check_group(int group)
{
    static const uint8_t fill[] = { 0x35, 0x4a };
    uint8_t key[2][BTLS_GROUP_PRIVATE_MAX], share[2][BTLS_GROUP_PUBLIC_MAX];
    uint8_t secret[2][BTLS_GROUP_SECRET_MAX];
    size_t size = group == 29 || group == 23 ? 32 : group == 24 ? 48 : 66, n, k;
    int bad = 0;
    for (int i = 0; i < 2; i++) {
        memset(key[i], fill[i], size);
        key[i][0] = 0; /* below the order of each group */
        HIDE(key[i]);
        bad |= btls_group_public(group, key[i], size, share[i], &n);
        SHOW(bad);
        SHOW(share[i]);
    }
    for (int i = 0; i < 2; i++) {
        bad |= btls_group_share(group, key[i], size, share[1 - i], n, secret[i], &k);
        SHOW(bad);
        SHOW(secret[i]);
    }
    return !bad && memcmp(secret[0], secret[1], k) == 0;
}

/* The salt, and what is signed with it, is not known before the signature is. */
static int
check_pss(void)
{
    static const btls_pss pss = { br_sha256_ID, br_sha256_ID, 32 };
    uint8_t hash[32] = "a hash", em[256];
    br_hmac_drbg_context random;
    br_hmac_drbg_init(&random, &br_sha256_vtable, "seed", 4);
    HIDE(random.K);
    HIDE(random.V);
    int good = btls_pss_encode(&pss, hash, &random.vtable, 2048, em);
    SHOW(good);
    SHOW(em);
    return good && btls_pss_check(&pss, hash, 2048, em);
}

/* Whether there is padding at all may show: not how much. */
static int
check_padding(void)
{
    uint8_t record[300] = { 1 };
    HIDE(record);
    SHOW(record[sizeof record - 1]);
    size_t n = btls_size_unpadded(record, sizeof record);
    SHOW(n);
    return n == 1;
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
    check_equal();
    check_schedule(br_sha256_ID);
    check_schedule(br_sha384_ID);
    if (!check_pss() || !check_padding())
        return 1;
    for (int group = 23; group <= 29; group += group == 25 ? 4 : 1) {
        if (!check_group(group))
            return 1;
    }
    static const enum btls_aead_kind kinds[] = { BTLS_AES_128_GCM, BTLS_AES_256_GCM,
                                                 BTLS_CHACHA20_POLY1305,
                                                 BTLS_AES_128_CCM };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!check_aead(kinds[i]))
            return 1;
    }
    return argc > 1 ? leak() : 0;
}
