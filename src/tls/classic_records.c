/* classic_records.c -- BearSSL's record classes, each wrapped so that what is protected
 * can be watched: `init` puts our vtable in place of BearSSL's, `decrypt` and `encrypt`
 * show the plaintext to the trace. */
#include "tls/classic.h"

/* The record contexts are the engine's `in` and `out`, and the engine is inside a
 * classic. */
static classic *
of_in(const void *ctx)
{
    return (classic *)(uintptr_t)((const char *)ctx - offsetof(classic, br.eng.in));
}

static classic *
of_out(const void *ctx)
{
    return (classic *)(uintptr_t)((const char *)ctx - offsetof(classic, br.eng.out));
}

static unsigned char *
show_received(const br_sslrec_in_class *cls, const br_sslrec_in_class **ctx, int type,
              unsigned version, void *payload, size_t *len)
{
    classic *c = of_in(ctx);
    unsigned char *plain = cls->decrypt(ctx, type, version, payload, len);
    if (plain == NULL)
        return NULL;
    /* RFC 5246, 6.2.1; BearSSL would let it pass. */
    if (*len == 0 && (type != BTLS_APPLICATION_DATA || !c->opened))
        btls_classic_fail(c, BR_ERR_UNEXPECTED);
    btls_classic_saw(c, 0, type, version, 1, (btls_span){ plain, *len });
    return plain;
}

static unsigned char *
show_sent(const br_sslrec_out_class *cls, const br_sslrec_out_class **ctx, int type,
          unsigned version, void *plaintext, size_t *len)
{
    btls_classic_saw(of_out(ctx), 1, type, version, 1, (btls_span){ plaintext, *len });
    return cls->encrypt(ctx, type, version, plaintext, len);
}

/* `decrypt` and `encrypt` of one mode; the wrapped classes themselves are filled in
 * below. */
#define WRAP(mode)                                                                       \
    static unsigned char *mode##_decrypt(const br_sslrec_in_class **ctx, int type,       \
                                         unsigned version, void *payload, size_t *len)   \
    {                                                                                    \
        return show_received(&br_sslrec_in_##mode##_vtable.inner, ctx, type, version,    \
                             payload, len);                                              \
    }                                                                                    \
    static unsigned char *mode##_encrypt(const br_sslrec_out_class **ctx, int type,      \
                                         unsigned version, void *plaintext, size_t *len) \
    {                                                                                    \
        return show_sent(&br_sslrec_out_##mode##_vtable.inner, ctx, type, version,       \
                         plaintext, len);                                                \
    }

WRAP(gcm)
WRAP(chapol)
WRAP(ccm)
WRAP(cbc)

static int
gcm_check_length(const br_sslrec_in_class *const *ctx, size_t n)
{
    return br_sslrec_in_gcm_vtable.inner.check_length(ctx, n);
}

static int
chapol_check_length(const br_sslrec_in_class *const *ctx, size_t n)
{
    return br_sslrec_in_chapol_vtable.inner.check_length(ctx, n);
}

static int
ccm_check_length(const br_sslrec_in_class *const *ctx, size_t n)
{
    return br_sslrec_in_ccm_vtable.inner.check_length(ctx, n);
}

static int
cbc_check_length(const br_sslrec_in_class *const *ctx, size_t n)
{
    return br_sslrec_in_cbc_vtable.inner.check_length(ctx, n);
}

static void
gcm_max_plaintext(const br_sslrec_out_class *const *ctx, size_t *start, size_t *end)
{
    br_sslrec_out_gcm_vtable.inner.max_plaintext(ctx, start, end);
}

static void
chapol_max_plaintext(const br_sslrec_out_class *const *ctx, size_t *start, size_t *end)
{
    br_sslrec_out_chapol_vtable.inner.max_plaintext(ctx, start, end);
}

static void
ccm_max_plaintext(const br_sslrec_out_class *const *ctx, size_t *start, size_t *end)
{
    br_sslrec_out_ccm_vtable.inner.max_plaintext(ctx, start, end);
}

static void
cbc_max_plaintext(const br_sslrec_out_class *const *ctx, size_t *start, size_t *end)
{
    br_sslrec_out_cbc_vtable.inner.max_plaintext(ctx, start, end);
}

static void gcm_in_init(const br_sslrec_in_gcm_class **ctx, const br_block_ctr_class *bc,
                        const void *key, size_t key_len, br_ghash gh, const void *iv);
static void gcm_out_init(const br_sslrec_out_gcm_class **ctx,
                         const br_block_ctr_class *bc, const void *key, size_t key_len,
                         br_ghash gh, const void *iv);
static void chapol_in_init(const br_sslrec_in_chapol_class **ctx, br_chacha20_run chacha,
                           br_poly1305_run poly, const void *key, const void *iv);
static void chapol_out_init(const br_sslrec_out_chapol_class **ctx,
                            br_chacha20_run chacha, br_poly1305_run poly, const void *key,
                            const void *iv);
static void ccm_in_init(const br_sslrec_in_ccm_class **ctx,
                        const br_block_ctrcbc_class *bc, const void *key, size_t key_len,
                        const void *iv, size_t tag_len);
static void ccm_out_init(const br_sslrec_out_ccm_class **ctx,
                         const br_block_ctrcbc_class *bc, const void *key, size_t key_len,
                         const void *iv, size_t tag_len);
static void cbc_in_init(const br_sslrec_in_cbc_class **ctx,
                        const br_block_cbcdec_class *bc, const void *key, size_t key_len,
                        const br_hash_class *dig, const void *mac_key, size_t mac_key_len,
                        size_t mac_len, const void *iv);
static void cbc_out_init(const br_sslrec_out_cbc_class **ctx,
                         const br_block_cbcenc_class *bc, const void *key, size_t key_len,
                         const br_hash_class *dig, const void *mac_key,
                         size_t mac_key_len, size_t mac_len, const void *iv);

static const br_sslrec_in_gcm_class gcm_in = {
    { sizeof(br_sslrec_gcm_context), gcm_check_length, gcm_decrypt }, gcm_in_init
};
static const br_sslrec_out_gcm_class gcm_out = {
    { sizeof(br_sslrec_gcm_context), gcm_max_plaintext, gcm_encrypt }, gcm_out_init
};
static const br_sslrec_in_chapol_class chapol_in = {
    { sizeof(br_sslrec_chapol_context), chapol_check_length, chapol_decrypt },
    chapol_in_init
};
static const br_sslrec_out_chapol_class chapol_out = {
    { sizeof(br_sslrec_chapol_context), chapol_max_plaintext, chapol_encrypt },
    chapol_out_init
};
static const br_sslrec_in_ccm_class ccm_in = {
    { sizeof(br_sslrec_ccm_context), ccm_check_length, ccm_decrypt }, ccm_in_init
};
static const br_sslrec_out_ccm_class ccm_out = {
    { sizeof(br_sslrec_ccm_context), ccm_max_plaintext, ccm_encrypt }, ccm_out_init
};
static const br_sslrec_in_cbc_class cbc_in = {
    { sizeof(br_sslrec_in_cbc_context), cbc_check_length, cbc_decrypt }, cbc_in_init
};
static const br_sslrec_out_cbc_class cbc_out = {
    { sizeof(br_sslrec_out_cbc_context), cbc_max_plaintext, cbc_encrypt }, cbc_out_init
};

static void
gcm_in_init(const br_sslrec_in_gcm_class **ctx, const br_block_ctr_class *bc,
            const void *key, size_t key_len, br_ghash gh, const void *iv)
{
    br_sslrec_in_gcm_vtable.init(ctx, bc, key, key_len, gh, iv);
    *ctx = &gcm_in;
    of_in(ctx)->prefix_size = 8; /* explicit nonce: RFC 5288, 3 */
}

static void
gcm_out_init(const br_sslrec_out_gcm_class **ctx, const br_block_ctr_class *bc,
             const void *key, size_t key_len, br_ghash gh, const void *iv)
{
    br_sslrec_out_gcm_vtable.init(ctx, bc, key, key_len, gh, iv);
    *ctx = &gcm_out;
}

static void
chapol_in_init(const br_sslrec_in_chapol_class **ctx, br_chacha20_run chacha,
               br_poly1305_run poly, const void *key, const void *iv)
{
    br_sslrec_in_chapol_vtable.init(ctx, chacha, poly, key, iv);
    *ctx = &chapol_in;
    of_in(ctx)->prefix_size = 0; /* RFC 7905, 2 */
}

static void
chapol_out_init(const br_sslrec_out_chapol_class **ctx, br_chacha20_run chacha,
                br_poly1305_run poly, const void *key, const void *iv)
{
    br_sslrec_out_chapol_vtable.init(ctx, chacha, poly, key, iv);
    *ctx = &chapol_out;
}

static void
ccm_in_init(const br_sslrec_in_ccm_class **ctx, const br_block_ctrcbc_class *bc,
            const void *key, size_t key_len, const void *iv, size_t tag_len)
{
    br_sslrec_in_ccm_vtable.init(ctx, bc, key, key_len, iv, tag_len);
    *ctx = &ccm_in;
    of_in(ctx)->prefix_size = 8; /* explicit nonce: RFC 6655, 3 */
}

static void
ccm_out_init(const br_sslrec_out_ccm_class **ctx, const br_block_ctrcbc_class *bc,
             const void *key, size_t key_len, const void *iv, size_t tag_len)
{
    br_sslrec_out_ccm_vtable.init(ctx, bc, key, key_len, iv, tag_len);
    *ctx = &ccm_out;
}

static void
cbc_in_init(const br_sslrec_in_cbc_class **ctx, const br_block_cbcdec_class *bc,
            const void *key, size_t key_len, const br_hash_class *dig,
            const void *mac_key, size_t mac_key_len, size_t mac_len, const void *iv)
{
    br_sslrec_in_cbc_vtable.init(ctx, bc, key, key_len, dig, mac_key, mac_key_len,
                                 mac_len, iv);
    *ctx = &cbc_in;
    of_in(ctx)->prefix_size = iv == NULL ? bc->block_size : 0; /* RFC 4346, 6.2.3.2 */
}

static void
cbc_out_init(const br_sslrec_out_cbc_class **ctx, const br_block_cbcenc_class *bc,
             const void *key, size_t key_len, const br_hash_class *dig,
             const void *mac_key, size_t mac_key_len, size_t mac_len, const void *iv)
{
    br_sslrec_out_cbc_vtable.init(ctx, bc, key, key_len, dig, mac_key, mac_key_len,
                                  mac_len, iv);
    *ctx = &cbc_out;
}

void
btls_classic_set_records(classic *c)
{
    br_ssl_engine_context *eng = &c->br.eng;
    br_ssl_engine_set_gcm(eng, &gcm_in, &gcm_out);
    br_ssl_engine_set_chapol(eng, &chapol_in, &chapol_out);
    br_ssl_engine_set_ccm(eng, &ccm_in, &ccm_out);
    br_ssl_engine_set_cbc(eng, &cbc_in, &cbc_out);
}
