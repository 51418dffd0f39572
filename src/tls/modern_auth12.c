/* modern_auth12.c -- TLS 1.2's form of certificates and signatures on the handshake
 * (RFC 5246, 7.4.2, 7.4.3, 7.4.8; RFC 8422, 5.3, 5.4). */
#include <string.h>

#include "tls/modern.h"

int
btls_auth12_send_certificate(modern *m)
{
    const btls_identity *id = m->s->identity;
    btls_writer w;
    btls_mark message = btls_send_begin(m, &w, BTLS_CERTIFICATE_MESSAGE);
    btls_mark list = btls_write_begin(&w, 3);
    for (size_t i = 0; id != NULL && i < id->chain->count; i++)
        btls_write_vec(&w, 3, btls_chain_at(id->chain, i));
    btls_write_end(&w, list);
    return btls_send_end(m, &w, message);
}

int
btls_auth12_read_certificate(modern *m, btls_span message)
{
    btls_chain *peer = &m->s->peer;
    btls_error e;
    btls_reader r = btls_reader_of(btls_message_body(message));
    btls_reader list = btls_reader_of(btls_read_vec24(&r));
    if (!btls_read_end(&r))
        return btls_modern_malformed(m, "Certificate");
    btls_chain_clear(peer);
    while (btls_read_more(&list)) {
        btls_span der = btls_read_vec24(&list);
        if (list.bad || der.n == 0)
            return btls_modern_malformed(m, "Certificate");
        if (btls_chain_append(peer, der.p, der.n, &e) != 0 ||
            btls_chain_end_certificate(peer, &e) != 0)
            return btls_modern_fail_with(m, &e);
    }
    return 0;
}

/* RFC 5246, 7.4.2: the certificate must have a key that signs as the suite says. */
int
btls_auth12_check_key(modern *m)
{
    btls_certificate leaf;
    btls_public_key key;
    btls_error e;
    if (btls_certificate_parse(&leaf, btls_chain_at(&m->s->peer, 0), &e) != 0 ||
        btls_spki_parse(leaf.spki, &key, &e) != 0)
        return btls_modern_fail_with(m, &e);
    int ecdsa = key.kind == BTLS_KEY_EC || key.kind == BTLS_KEY_ED25519;
    if (ecdsa == (m->suite->key_exchange == BTLS_KX_ECDHE_ECDSA))
        return 0;
    return btls_modern_fail(m, "peer_wrong_key", BTLS_ALERT_ILLEGAL_PARAMETER,
                            "the server's certificate has a key of another kind than its "
                            "cipher suite says");
}

/* What ServerKeyExchange signs: both randoms and the parameters. */
static int
collect_params(modern *m, btls_span params, btls_queue *out)
{
    handshake *hs = m->hs;
    btls_queue_init(out, &m->s->alloc);
    if (btls_queue_push(out, hs->client_random, sizeof hs->client_random) &&
        btls_queue_push(out, hs->server_random, sizeof hs->server_random) &&
        btls_queue_push(out, params.p, params.n))
        return 0;
    btls_queue_clear(out);
    return btls_modern_no_memory(m);
}

int
btls_auth12_verify_params(modern *m, btls_span params, unsigned scheme,
                          btls_span signature)
{
    btls_queue content;
    if (collect_params(m, params, &content) != 0)
        return -1;
    int bad = btls_auth_verify(m, scheme, btls_queue_bytes(&content), signature);
    btls_queue_clear(&content);
    return bad;
}

int
btls_auth12_sign_params(modern *m, btls_writer *w, size_t start)
{
    btls_queue content;
    btls_span all = btls_queue_bytes(w->q);
    btls_span params = { all.p + start, all.n - start };
    if (collect_params(m, params, &content) != 0)
        return -1;
    btls_write_u16(w, m->hs->our_scheme);
    int bad = btls_auth_sign(m, w, btls_queue_bytes(&content));
    btls_queue_clear(&content);
    return bad;
}

/* The signature is over the messages themselves, since its hash may be another than the
 * transcript's (RFC 5246, 7.4.8). */
int
btls_auth12_send_verify(modern *m)
{
    btls_writer w;
    btls_mark message = btls_send_begin(m, &w, BTLS_CERTIFICATE_VERIFY);
    btls_write_u16(&w, m->hs->our_scheme);
    if (btls_auth_sign(m, &w, btls_queue_bytes(&m->hs->log)) != 0)
        return -1;
    return btls_send_end(m, &w, message);
}

int
btls_auth12_read_verify(modern *m, btls_span message)
{
    btls_reader r = btls_reader_of(btls_message_body(message));
    unsigned scheme = btls_read_u16(&r);
    btls_span signature = btls_read_vec16(&r);
    if (!btls_read_end(&r))
        return btls_modern_malformed(m, "CertificateVerify");
    btls_span log = btls_queue_bytes(&m->hs->log);
    log.n -= message.n; /* up to, but without this message */
    return btls_auth_verify(m, scheme, log, signature);
}
