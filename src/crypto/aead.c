/* aead.c -- authenticated encryption of records, over BearSSL. */
#include "crypto/aead.h"

#include <string.h>

/* The fastest constant-time implementations that this machine has. BearSSL asks the
 * processor each time, which is slow in a virtual machine. The answer does not change, so
 * that it does not matter when two threads ask at once. */
typedef struct {
    const br_block_ctr_class *ctr;
    const br_block_ctrcbc_class *ctrcbc;
    br_ghash ghash;
    br_chacha20_run chacha20;
    br_poly1305_run poly1305;
} implementations;

static implementations best;

static void
choose_best(void)
{
    static int known;
    if (__atomic_load_n(&known, __ATOMIC_ACQUIRE))
        return;
    implementations i = {
        br_aes_x86ni_ctr_get_vtable(), br_aes_x86ni_ctrcbc_get_vtable(),
        br_ghash_pclmul_get(),         br_chacha20_sse2_get(),
        br_poly1305_ctmulq_get(),
    };
    best.ctr = i.ctr != NULL ? i.ctr : &br_aes_ct64_ctr_vtable;
    best.ctrcbc = i.ctrcbc != NULL ? i.ctrcbc : &br_aes_ct64_ctrcbc_vtable;
    best.ghash = i.ghash != NULL ? i.ghash : br_ghash_ctmul64;
    best.chacha20 = i.chacha20 != NULL ? i.chacha20 : br_chacha20_ct_run;
    best.poly1305 = i.poly1305 != NULL ? i.poly1305 : br_poly1305_ctmul_run;
    __atomic_store_n(&known, 1, __ATOMIC_RELEASE);
}

size_t
btls_aead_key_size(enum btls_aead_kind kind)
{
    switch (kind) {
    case BTLS_AES_128_GCM:
    case BTLS_AES_128_CCM:
    case BTLS_AES_128_CCM_8:
        return 16;
    default:
        return 32;
    }
}

size_t
btls_aead_tag_size(enum btls_aead_kind kind)
{
    return kind == BTLS_AES_128_CCM_8 || kind == BTLS_AES_256_CCM_8 ? 8 : 16;
}

void
btls_aead_init(btls_aead *a, enum btls_aead_kind kind, const uint8_t *key)
{
    size_t n = btls_aead_key_size(kind);
    choose_best();
    a->kind = kind;
    switch (kind) {
    case BTLS_AES_128_GCM:
    case BTLS_AES_256_GCM:
        best.ctr->init(&a->u.gcm.aes.vtable, key, n);
        br_gcm_init(&a->u.gcm.gcm, &a->u.gcm.aes.vtable, best.ghash);
        break;
    case BTLS_CHACHA20_POLY1305:
        memcpy(a->u.chacha20_key, key, n);
        break;
    default:
        best.ctrcbc->init(&a->u.ccm.aes.vtable, key, n);
        br_ccm_init(&a->u.ccm.ccm, &a->u.ccm.aes.vtable);
    }
}

/* Runs over the data and leaves the tag that belongs to it in `tag`. */
static void
run(btls_aead *a, const uint8_t *nonce, btls_span aad, uint8_t *data, size_t n,
    int encrypt, uint8_t tag[BTLS_AEAD_TAG_MAX])
{
    size_t tag_size = btls_aead_tag_size(a->kind);
    switch (a->kind) {
    case BTLS_AES_128_GCM:
    case BTLS_AES_256_GCM:
        br_gcm_reset(&a->u.gcm.gcm, nonce, BTLS_AEAD_NONCE);
        br_gcm_aad_inject(&a->u.gcm.gcm, aad.p, aad.n);
        br_gcm_flip(&a->u.gcm.gcm);
        br_gcm_run(&a->u.gcm.gcm, encrypt, data, n);
        br_gcm_get_tag(&a->u.gcm.gcm, tag);
        break;
    case BTLS_CHACHA20_POLY1305:
        best.poly1305(a->u.chacha20_key, nonce, data, n, aad.p, aad.n, tag, best.chacha20,
                      encrypt);
        break;
    default:
        br_ccm_reset(&a->u.ccm.ccm, nonce, BTLS_AEAD_NONCE, aad.n, n, tag_size);
        br_ccm_aad_inject(&a->u.ccm.ccm, aad.p, aad.n);
        br_ccm_flip(&a->u.ccm.ccm);
        br_ccm_run(&a->u.ccm.ccm, encrypt, data, n);
        br_ccm_get_tag(&a->u.ccm.ccm, tag);
    }
}

void
btls_aead_seal(btls_aead *a, const uint8_t nonce[BTLS_AEAD_NONCE], btls_span aad,
               uint8_t *data, size_t n)
{
    uint8_t tag[BTLS_AEAD_TAG_MAX];
    run(a, nonce, aad, data, n, 1, tag);
    memcpy(data + n, tag, btls_aead_tag_size(a->kind));
}

int
btls_aead_open(btls_aead *a, const uint8_t nonce[BTLS_AEAD_NONCE], btls_span aad,
               uint8_t *data, size_t n)
{
    uint8_t tag[BTLS_AEAD_TAG_MAX];
    run(a, nonce, aad, data, n, 0, tag);
    if (btls_equal(tag, data + n, btls_aead_tag_size(a->kind)))
        return 1;
    btls_wipe(data, n);
    return 0;
}
