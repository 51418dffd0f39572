/* pbe.c -- encryption with a password. */
#include "pki/pbe.h"

#include <string.h>

#include "crypto/hash.h"
#include "pki/der.h"

#define KEY_MAX 32
#define BLOCK_MAX 16
#define OUR_SALT 16

#define PKCS(...) 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, __VA_ARGS__

static const uint8_t oid_pbes2[] = { PKCS(0x01, 0x05, 0x0D) };
static const uint8_t oid_pbkdf2[] = { PKCS(0x01, 0x05, 0x0C) };
static const uint8_t oid_pkcs12_3des[] = { PKCS(0x01, 0x0C, 0x01, 0x03) };
static const uint8_t oid_hmac_sha256[] = { PKCS(0x02, 0x09) };
/* Known, so that it can be said what is not supported. */
static const uint8_t oid_pkcs12_rc2_40[] = { PKCS(0x01, 0x0C, 0x01, 0x06) };
static const uint8_t oid_scrypt[] = {
    0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47, 0x04, 0x0B
};

static const struct cipher {
    const char *name; /* in DEK-Info */
    uint8_t key_size;
    uint8_t block_size;
    uint8_t oid_size;
    uint8_t oid[9];
    const br_block_cbcdec_class *decrypt;
} ciphers[] = {
#define AES(n)                                            \
    9,                                                    \
    {                                                     \
        0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, n \
    }
    { "AES-256-CBC", 32, 16, AES(42), &br_aes_ct64_cbcdec_vtable },
    { "AES-192-CBC", 24, 16, AES(22), &br_aes_ct64_cbcdec_vtable },
    { "AES-128-CBC", 16, 16, AES(2), &br_aes_ct64_cbcdec_vtable },
    { "DES-EDE3-CBC", 24, 8, 8, { PKCS(0x03, 0x07) }, &br_des_ct_cbcdec_vtable },
#undef AES
};
#define CIPHERS (sizeof ciphers / sizeof ciphers[0])
static const struct cipher *const aes256 = &ciphers[0], *const triple_des = &ciphers[3];

btls_pbe
btls_pbe_of(btls_span password)
{
    return (btls_pbe){ password, BTLS_PBE_ROUNDS, 0 };
}

static int
malformed(btls_error *e)
{
    return btls_error_set(e, "config_key_malformed", BTLS_NO_ALERT,
                          "how it is encrypted is malformed");
}

static int
unsupported(btls_error *e, const char *what)
{
    btls_error_set(e, "config_key_unsupported", BTLS_NO_ALERT,
                   "it is encrypted with %s, which cannot be used here", what);
    btls_error_hint(e, "PBES2 with PBKDF2 and AES can be used: openssl pkcs8 -topk8 -v2 "
                       "aes256 -in FILE -out NEW makes it so");
    return -1;
}

int
btls_pbe_wrong(btls_error *e)
{
    btls_error_set(e, "config_key_password", BTLS_NO_ALERT, "the password is wrong");
    btls_error_hint(e, "if it is right, then the file is damaged");
    return -1;
}

int
btls_pbe_spend(btls_pbe *p, uint32_t rounds, btls_error *e)
{
    if (rounds == 0)
        return malformed(e);
    if (rounds > p->rounds_left)
        return btls_error_set(e, "config_key_unsupported", BTLS_NO_ALERT,
                              "it wants more than %d rounds to make a key of a password, "
                              "which would take too long",
                              BTLS_PBE_ROUNDS);
    p->rounds_left -= rounds;
    return 0;
}

/* ---- CBC ---- */

/* Decrypts data behind what is in out and takes the padding off (RFC 8018, 6.1.1). */
static int
decrypt_cbc(const struct cipher *c, const uint8_t *key, const uint8_t *iv, btls_span data,
            btls_queue *out, btls_error *e)
{
    union {
        const br_block_cbcdec_class *class;
        br_aes_gen_cbcdec_keys aes;
        br_des_gen_cbcdec_keys des;
    } keys;
    uint8_t chained[BLOCK_MAX];
    if (data.n == 0 || data.n % c->block_size != 0)
        return malformed(e);
    uint8_t *p = btls_queue_room(out, data.n);
    if (p == NULL)
        return btls_error_memory(e);
    memcpy(p, data.p, data.n);
    memcpy(chained, iv, c->block_size);
    c->decrypt->init(&keys.class, key, c->key_size);
    c->decrypt->run(&keys.class, chained, p, data.n);
    btls_wipe(&keys, sizeof keys);
    size_t padding = p[data.n - 1];
    int ok = padding > 0 && padding <= c->block_size;
    for (size_t i = 1; ok && i <= padding; i++)
        ok = p[data.n - i] == padding;
    if (!ok) {
        btls_wipe(p, data.n);
        return btls_pbe_wrong(e);
    }
    btls_queue_grew(out, data.n - padding);
    btls_wipe(p + data.n - padding, padding);
    return 0;
}

static const struct cipher *
cipher_by_oid(btls_span oid)
{
    for (size_t i = 0; i < CIPHERS; i++) {
        if (btls_span_equal(oid, (btls_span){ ciphers[i].oid, ciphers[i].oid_size }))
            return &ciphers[i];
    }
    return NULL;
}

/* ---- PBES2 ---- */

/* id-hmacWithSHA1 ... as BearSSL's number of the hash; 0 when it is unknown. */
static int
hash_of_hmac(btls_span oid)
{
    static const int hashes[] = { br_sha1_ID, br_sha224_ID, br_sha256_ID, br_sha384_ID,
                                  br_sha512_ID };
    size_t prefix = sizeof oid_hmac_sha256 - 1;
    if (oid.n != prefix + 1 || memcmp(oid.p, oid_hmac_sha256, prefix) != 0 ||
        oid.p[prefix] < 7 || oid.p[prefix] > 11)
        return 0;
    return hashes[oid.p[prefix] - 7];
}

struct pbkdf2 {
    btls_span salt;
    uint32_t rounds;
    int hash;
    uint32_t key_size; /* 0: not said */
};

/* PBKDF2-params (RFC 8018, A.2). */
static int
read_pbkdf2(btls_reader *r, struct pbkdf2 *out, btls_error *e)
{
    btls_reader s = btls_der_enter(r, BTLS_DER_SEQUENCE);
    out->salt = btls_der_read(&s, BTLS_DER_OCTET_STRING);
    out->rounds = btls_der_read_small(&s);
    out->key_size = btls_der_next(&s) == BTLS_DER_INTEGER ? btls_der_read_small(&s) : 0;
    out->hash = br_sha1_ID;
    if (btls_read_more(&s)) {
        btls_reader prf = btls_der_enter(&s, BTLS_DER_SEQUENCE);
        out->hash = hash_of_hmac(btls_der_read(&prf, BTLS_DER_OID));
        if (btls_der_next(&prf) == BTLS_DER_NULL)
            btls_der_read(&prf, BTLS_DER_NULL);
        if (!prf.bad && out->hash == 0)
            return unsupported(e, "PBKDF2 with an unknown hash");
        s.bad |= !btls_read_end(&prf);
    }
    return btls_read_end(&s) && out->salt.n <= BTLS_SALT_MAX ? 0 : malformed(e);
}

/* PBES2-params (RFC 8018, A.4). */
static int
decrypt_pbes2(btls_pbe *p, btls_reader *r, btls_span data, btls_queue *out, btls_error *e)
{
    struct pbkdf2 kdf;
    uint8_t key[KEY_MAX];
    btls_reader s = btls_der_enter(r, BTLS_DER_SEQUENCE);
    btls_reader derivation = btls_der_enter(&s, BTLS_DER_SEQUENCE);
    btls_reader scheme = btls_der_enter(&s, BTLS_DER_SEQUENCE);
    btls_span oid = btls_der_read(&derivation, BTLS_DER_OID);
    if (BTLS_OID_IS(oid, oid_scrypt))
        return unsupported(e, "scrypt");
    if (!derivation.bad && !BTLS_OID_IS(oid, oid_pbkdf2))
        return unsupported(e, "an unknown derivation of the key");
    if (read_pbkdf2(&derivation, &kdf, e) != 0)
        return -1;
    const struct cipher *c = cipher_by_oid(btls_der_read(&scheme, BTLS_DER_OID));
    if (!scheme.bad && c == NULL)
        return unsupported(e, "another cipher than AES and 3DES in CBC mode");
    btls_span iv = btls_der_read(&scheme, BTLS_DER_OCTET_STRING);
    if (c == NULL || !btls_read_end(&derivation) || !btls_read_end(&scheme) ||
        !btls_read_end(&s) || !btls_read_end(r) || iv.n != c->block_size ||
        (kdf.key_size != 0 && kdf.key_size != c->key_size))
        return malformed(e);
    if (btls_pbe_spend(p, kdf.rounds, e) != 0)
        return -1;
    if (!btls_pbkdf2(kdf.hash, p->password, kdf.salt, kdf.rounds, key, c->key_size))
        return btls_pbe_wrong(e); /* it is too long to be right */
    int bad = decrypt_cbc(c, key, iv.p, data, out, e);
    btls_wipe(key, sizeof key);
    return bad;
}

/* ---- PKCS#12 ---- */

/* pbeWithSHAAnd3-KeyTripleDES-CBC (RFC 7292, appendix C): SHA-1. */
static int
decrypt_pkcs12(btls_pbe *p, btls_reader *r, btls_span data, btls_queue *out,
               btls_error *e)
{
    uint8_t key[24], iv[8], password[BTLS_UTF16_MAX];
    btls_reader s = btls_der_enter(r, BTLS_DER_SEQUENCE);
    btls_span salt = btls_der_read(&s, BTLS_DER_OCTET_STRING);
    uint32_t rounds = btls_der_read_small(&s);
    if (!btls_read_end(&s) || !btls_read_end(r) || salt.n > BTLS_SALT_MAX || salt.n == 0)
        return malformed(e);
    if (btls_pbe_spend(p, rounds, e) != 0)
        return -1;
    btls_span utf16 = { password, btls_password_to_utf16(p->password, password) };
    if (utf16.n == 0)
        return btls_pbe_wrong(e);
    if (p->is_bare)
        utf16.n = 0;
    btls_pkcs12_derive(br_sha1_ID, BTLS_PKCS12_KEY, utf16, salt, rounds, key, sizeof key);
    btls_pkcs12_derive(br_sha1_ID, BTLS_PKCS12_IV, utf16, salt, rounds, iv, sizeof iv);
    int bad = decrypt_cbc(triple_des, key, iv, data, out, e);
    btls_wipe(password, sizeof password);
    btls_wipe(key, sizeof key);
    return bad;
}

int
btls_pbe_decrypt(btls_pbe *p, btls_span algorithm, btls_span data, btls_queue *out,
                 btls_error *e)
{
    btls_reader r = btls_reader_of(algorithm);
    btls_span oid = btls_der_read(&r, BTLS_DER_OID);
    if (r.bad)
        return malformed(e);
    if (BTLS_OID_IS(oid, oid_pbes2))
        return decrypt_pbes2(p, &r, data, out, e);
    if (BTLS_OID_IS(oid, oid_pkcs12_3des))
        return decrypt_pkcs12(p, &r, data, out, e);
    if (BTLS_OID_IS(oid, oid_pkcs12_rc2_40)) {
        unsupported(e, "RC2 of 40 bits");
        btls_error_hint(e,
                        "openssl pkcs12 -legacy -in FILE -nodes -out NEW.pem reads it");
        return -1;
    }
    return unsupported(e, "an unknown algorithm");
}

/* ---- encrypting ---- */

static int
push_algorithm(btls_queue *q, const uint8_t *salt, const uint8_t *iv)
{
    static const uint8_t rounds[3] = { BTLS_PBE_OUR_ROUNDS >> 16,
                                       BTLS_PBE_OUR_ROUNDS >> 8 & 0xFF,
                                       BTLS_PBE_OUR_ROUNDS & 0xFF };
    size_t all = btls_queue_size(q);
    int ok = btls_der_push(q, BTLS_DER_OID, oid_pbes2, sizeof oid_pbes2);
    size_t parameters = btls_queue_size(q);
    ok = ok && btls_der_push(q, BTLS_DER_OID, oid_pbkdf2, sizeof oid_pbkdf2);
    size_t kdf = btls_queue_size(q);
    ok = ok && btls_der_push(q, BTLS_DER_OCTET_STRING, salt, OUR_SALT) &&
         btls_der_push_unsigned(q, rounds, sizeof rounds);
    size_t prf = btls_queue_size(q);
    ok = ok && btls_der_push(q, BTLS_DER_OID, oid_hmac_sha256, sizeof oid_hmac_sha256) &&
         btls_der_push_header(q, BTLS_DER_NULL, 0) &&
         btls_der_wrap(q, BTLS_DER_SEQUENCE, prf) &&
         btls_der_wrap(q, BTLS_DER_SEQUENCE, kdf) &&
         btls_der_wrap(q, BTLS_DER_SEQUENCE, parameters);
    size_t scheme = btls_queue_size(q);
    return ok && btls_der_push(q, BTLS_DER_OID, aes256->oid, aes256->oid_size) &&
           btls_der_push(q, BTLS_DER_OCTET_STRING, iv, aes256->block_size) &&
           btls_der_wrap(q, BTLS_DER_SEQUENCE, scheme) &&
           btls_der_wrap(q, BTLS_DER_SEQUENCE, parameters) &&
           btls_der_wrap(q, BTLS_DER_SEQUENCE, all);
}

/* The OCTET STRING with plain, padded and encrypted. */
static int
push_encrypted(btls_queue *q, const uint8_t *key, const uint8_t *iv, btls_span plain)
{
    br_aes_ct64_cbcenc_keys keys;
    uint8_t chained[BLOCK_MAX], padding[BLOCK_MAX];
    size_t from = btls_queue_size(q), n = BLOCK_MAX - plain.n % BLOCK_MAX;
    memset(padding, (int)n, n);
    if (!btls_queue_push(q, plain.p, plain.n) || !btls_queue_push(q, padding, n))
        return 0;
    uint8_t *at = (uint8_t *)(uintptr_t)btls_queue_bytes(q).p + from;
    memcpy(chained, iv, sizeof chained);
    br_aes_ct64_cbcenc_init(&keys, key, aes256->key_size);
    br_aes_ct64_cbcenc_run(&keys, chained, at, plain.n + n);
    btls_wipe(&keys, sizeof keys);
    return btls_der_wrap(q, BTLS_DER_OCTET_STRING, from);
}

int
btls_pbe_encrypt(btls_span password, const br_prng_class **random, btls_span plain,
                 btls_queue *out, btls_error *e)
{
    uint8_t salt[OUR_SALT], iv[BLOCK_MAX], key[KEY_MAX];
    size_t from = btls_queue_size(out);
    (*random)->generate(random, salt, sizeof salt);
    (*random)->generate(random, iv, sizeof iv);
    if (!btls_pbkdf2(br_sha256_ID, password, (btls_span){ salt, sizeof salt },
                     BTLS_PBE_OUR_ROUNDS, key, sizeof key))
        return btls_error_set(e, "config_key_password", BTLS_NO_ALERT,
                              "the password is longer than %d bytes", BTLS_PASSWORD_MAX);
    int ok = push_algorithm(out, salt, iv) && push_encrypted(out, key, iv, plain) &&
             btls_der_wrap(out, BTLS_DER_SEQUENCE, from);
    btls_wipe(key, sizeof key);
    return ok ? 0 : btls_error_memory(e);
}

/* ---- old PEM ---- */

static int
hex_digit(char c)
{
    static const char digits[] = "0123456789ABCDEF0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits) % 16;
}

/* 1 when text is n bytes in hexadecimal and no more. */
static int
read_hex(const char *text, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++, text += 2) {
        int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0)
            return 0;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return *text == '\0';
}

int
btls_pbe_decrypt_pem(btls_pbe *p, const char *dek_info, btls_queue *data, btls_error *e)
{
    uint8_t key[KEY_MAX], iv[BLOCK_MAX];
    const struct cipher *c = NULL;
    const char *comma = strchr(dek_info, ',');
    size_t name = comma == NULL ? 0 : (size_t)(comma - dek_info);
    btls_queue plain;
    for (size_t i = 0; i < CIPHERS; i++) {
        if (strlen(ciphers[i].name) == name &&
            memcmp(ciphers[i].name, dek_info, name) == 0)
            c = &ciphers[i];
    }
    if (name == 0)
        return malformed(e);
    if (c == NULL)
        return unsupported(e, "another cipher than AES and 3DES in CBC mode");
    if (!read_hex(comma + 1, iv, c->block_size))
        return malformed(e);
    btls_pem_derive(p->password, iv, key, c->key_size);
    btls_queue_init(&plain, data->alloc);
    int bad = decrypt_cbc(c, key, iv, btls_queue_bytes(data), &plain, e);
    btls_wipe(key, sizeof key);
    btls_queue_clear(data);
    *data = plain;
    return bad;
}
