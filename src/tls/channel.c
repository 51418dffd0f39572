/* channel.c -- what ties an application's own authentication to the session. */
#include "tls/channel.h"

#include <string.h>

#include "pki/certificate.h"
#include "pki/signature.h"

/* The hash that signed the certificate, or SHA-256 where that was MD5 or SHA-1 or where
 * the signature has none of its own (RFC 5929, 4.1). */
static const br_hash_class *
hash_of(btls_span oid)
{
    const br_hash_class *hash = btls_signature_algorithm_hash(oid);
    if (hash == NULL || hash == &br_md5_vtable || hash == &br_sha1_vtable)
        return &br_sha256_vtable;
    return hash;
}

int
btls_channel_server_end_point(btls_session *s, uint8_t out[BTLS_CHANNEL_MAX], size_t *n,
                              btls_error *e)
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

static int
unavailable(const btls_info *info, btls_error *e)
{
    if (info->version == 0)
        return btls_error_set(e, "want_read", BTLS_NO_ALERT,
                              "the handshake is not finished");
    if (info->version == BTLS_TLS13) {
        btls_error_set(e, "channel_binding_unavailable", BTLS_NO_ALERT,
                       "tls-unique does not exist in TLS 1.3");
        btls_error_hint(e, "use tls-exporter");
        return -1;
    }
    btls_error_set(
        e, "channel_binding_unavailable", BTLS_NO_ALERT,
        "this session has no extended master secret, without which the binding would not "
        "be unique");
    btls_error_hint(e, "use tls-server-end-point");
    return -1;
}

int
btls_channel_unique(btls_session *s, uint8_t out[BTLS_CHANNEL_MAX], size_t *n,
                    btls_error *e)
{
    btls_info info = btls_session_info(s);
    if (!info.unique)
        return unavailable(&info, e);
    /* RFC 5929, 3: the first Finished, which is the server's in a resumed session. */
    *n = info.finished_size;
    memcpy(out, info.finished[info.resumed ? 1 : 0], *n);
    return 0;
}

int
btls_channel_exporter(btls_session *s, uint8_t out[BTLS_CHANNEL_MAX], size_t *n,
                      btls_error *e)
{
    static const uint8_t empty[1];
    btls_info info = btls_session_info(s);
    if (info.version != BTLS_TLS13 && !info.unique)
        return unavailable(&info, e);
    *n = 32;
    return btls_session_export(s, "EXPORTER-Channel-Binding", (btls_span){ empty, 0 },
                               out, *n, e);
}
