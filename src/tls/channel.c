/* channel.c -- what ties an application's own authentication to the session. */
#include "tls/channel.h"

#include <string.h>

/* The hash that signed the certificate, or SHA-256 where that was MD5 or SHA-1 (RFC
 * 5929, 4.1) or where the signature has none of its own. The algorithms' OIDs, by their
 * last arcs. */
static const br_hash_class *
hash_of(btls_span oid)
{
    static const uint8_t pkcs1[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01 };
    static const uint8_t ecdsa[] = { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03 };
    unsigned last = oid.n > 0 ? oid.p[oid.n - 1] : 0;
    int is_pkcs1 = oid.n == sizeof pkcs1 + 1 && memcmp(oid.p, pkcs1, sizeof pkcs1) == 0;
    int is_ecdsa = oid.n == sizeof ecdsa + 1 && memcmp(oid.p, ecdsa, sizeof ecdsa) == 0;
    if ((is_pkcs1 && last == 12) || (is_ecdsa && last == 3))
        return &br_sha384_vtable;
    if ((is_pkcs1 && last == 13) || (is_ecdsa && last == 4))
        return &br_sha512_vtable;
    if ((is_pkcs1 && last == 14) || (is_ecdsa && last == 1))
        return &br_sha224_vtable;
    return &br_sha256_vtable;
}

int
btls_channel_server_end_point(const btls_session *s, uint8_t out[BTLS_CHANNEL_MAX],
                              size_t *n, btls_error *e)
{
    const btls_chain *chain = s->is_client          ? &s->peer
                              : s->identity != NULL ? s->identity->chain
                                                    : NULL;
    if (chain == NULL || chain->count == 0)
        return btls_error_set(
            e, "want_read", BTLS_NO_ALERT,
            "no certificate of the server has been seen in this session");
    btls_certificate leaf;
    if (btls_certificate_parse(&leaf, btls_chain_at(chain, 0), e) != 0)
        return -1;
    const br_hash_class *hash = hash_of(leaf.signature_oid);
    br_hash_compat_context h;
    hash->init(&h.vtable);
    hash->update(&h.vtable, leaf.der.p, leaf.der.n);
    hash->out(&h.vtable, out);
    *n = hash->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;
    return 0;
}

int
btls_channel_is_unique(const btls_session *s, btls_error *e)
{
    (void)s;
    btls_error_set(
        e, "channel_binding_unavailable", BTLS_NO_ALERT,
        "this session has no extended master secret, without which the binding would not "
        "be unique");
    btls_error_hint(e, "use tls-server-end-point");
    return -1;
}
