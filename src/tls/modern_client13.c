/* modern_client13.c -- a client's TLS 1.3 handshake from ServerHello on (RFC 8446, 2). */
#include "tls/modern.h"

static int
read_key_share(modern *m, const btls_server_hello *h, btls_span *peer)
{
    if (!btls_extensions_has(&h->x, BTLS_EXT_KEY_SHARE))
        return btls_modern_fail(m, "peer_missing_extension", BTLS_ALERT_MISSING_EXTENSION,
                                "the server's ServerHello has no key_share");
    btls_reader r = btls_reader_of(h->x.body[BTLS_EXT_KEY_SHARE]);
    unsigned group = btls_read_u16(&r);
    *peer = btls_read_vec16(&r);
    if (!btls_read_end(&r) || peer->n == 0)
        return btls_modern_malformed(m, "extension key_share");
    if (group != m->hs->share_group)
        return btls_modern_fail(m, "peer_illegal_parameter", BTLS_ALERT_ILLEGAL_PARAMETER,
                                "the server's key_share is of a group for which none was "
                                "sent");
    m->group = group;
    return 0;
}

int
btls_client13_on_server_hello(modern *m, const btls_server_hello *h)
{
    handshake *hs = m->hs;
    btls_span peer = { NULL, 0 }, psk = { NULL, 0 };
    uint8_t shared[BTLS_GROUP_SECRET_MAX];
    size_t n;
    if (read_key_share(m, h, &peer) != 0 || btls_psk_accepted(m, h, &psk) != 0)
        return -1;
    if (btls_group_share(m->group, hs->private_key, hs->private_size, peer.p, peer.n,
                         shared, &n) != 0)
        return btls_modern_fail(m, "peer_bad_key_share", BTLS_ALERT_ILLEGAL_PARAMETER,
                                "the server's key_share is not a key of %s",
                                btls_group_name(m->group));
    int bad = btls_keys_handshake(m, psk, (btls_span){ shared, n });
    btls_wipe(shared, sizeof shared);
    btls_wipe(hs->private_key, sizeof hs->private_key);
    return bad ? -1 : BTLS_WAIT_EE;
}

/* RFC 8446, 4.3.1. */
static int
on_encrypted_extensions(modern *m, btls_span message)
{
    btls_extensions x;
    btls_error e;
    btls_reader r = btls_reader_of(btls_message_body(message));
    btls_span list = btls_read_vec16(&r);
    if (!btls_read_end(&r))
        return btls_modern_malformed(m, "EncryptedExtensions");
    if (btls_extension_list_read(&x, list, BTLS_IN_ENCRYPTED_EXTENSIONS, m->hs->offered,
                                 &e) != 0)
        return btls_modern_fail_with(m, &e);
    if (btls_extensions_has(&x, BTLS_EXT_SERVER_NAME) &&
        x.body[BTLS_EXT_SERVER_NAME].n != 0)
        return btls_modern_malformed(m, "extension server_name");
    if (btls_extensions_has(&x, BTLS_EXT_ALPN) &&
        btls_offer_read_alpn(m, x.body[BTLS_EXT_ALPN]) != 0)
        return -1;
    if (btls_offer_read_limits(m, &x) != 0)
        return -1;
    return m->hs->psk_selected ? BTLS_WAIT_FINISHED : BTLS_WAIT_CERT_CR;
}

/* RFC 8446, 4.3.2. */
static int
on_certificate_request(modern *m, btls_span message)
{
    handshake *hs = m->hs;
    btls_extensions x;
    btls_error e;
    btls_span schemes;
    btls_reader r = btls_reader_of(btls_message_body(message));
    btls_span context = btls_read_vec8(&r), list = btls_read_vec16(&r);
    if (!btls_read_end(&r))
        return btls_modern_malformed(m, "CertificateRequest");
    if (context.n != 0)
        return btls_modern_fail(m, "peer_illegal_parameter", BTLS_ALERT_ILLEGAL_PARAMETER,
                                "the server's CertificateRequest has a context in the "
                                "handshake");
    if (btls_extension_list_read(&x, list, BTLS_IN_CERTIFICATE_REQUEST, 0, &e) != 0)
        return btls_modern_fail_with(m, &e);
    if (!btls_extensions_has(&x, BTLS_EXT_SIGNATURE_ALGORITHMS))
        return btls_modern_fail(m, "peer_missing_extension", BTLS_ALERT_MISSING_EXTENSION,
                                "the server's CertificateRequest has no "
                                "signature_algorithms");
    if ((btls_extensions_has(&x, BTLS_EXT_SIGNATURE_ALGORITHMS_CERT) &&
         btls_extension_list16(&x, BTLS_EXT_SIGNATURE_ALGORITHMS_CERT, &schemes, &e) !=
             0) ||
        btls_extension_list16(&x, BTLS_EXT_SIGNATURE_ALGORITHMS, &schemes, &e) != 0)
        return btls_modern_fail_with(m, &e);
    hs->certificate_requested = 1;
    hs->authorities = 0;
    if (btls_extensions_has(&x, BTLS_EXT_CERTIFICATE_AUTHORITIES) &&
        btls_auth_read_authorities(m, x.body[BTLS_EXT_CERTIFICATE_AUTHORITIES]) != 0)
        return -1;
    btls_queue_clear(&hs->peer_schemes);
    if (!btls_queue_push(&hs->peer_schemes, schemes.p, schemes.n))
        return btls_modern_no_memory(m);
    return BTLS_WAIT_CERT;
}

static int
on_certificate(modern *m, btls_span message)
{
    if (btls_auth_read_certificate(m, message) != 0)
        return -1;
    if (m->s->peer.count == 0) /* 4.4.2.4 */
        return btls_modern_fail(m, "certificate_missing", BTLS_ALERT_DECODE_ERROR,
                                "the server sent no certificate");
    return btls_session_judge(m->s) == 0 ? BTLS_WAIT_CV : -1;
}

static int
on_certificate_verify(modern *m, btls_span message)
{
    return btls_auth_read_verify(m, message) == 0 ? BTLS_WAIT_FINISHED : -1;
}

/* Certificate, CertificateVerify and Finished of the client (RFC 8446, 4.4). */
static int
send_authentication(modern *m)
{
    static const btls_span no_context = { NULL, 0 };
    handshake *hs = m->hs;
    if (btls_send_compatible_ccs(m) != 0)
        return -1;
    if (hs->certificate_requested) {
        btls_auth_choose(m, btls_queue_bytes(&hs->peer_schemes));
        if (btls_auth_send_certificate(m, no_context) != 0 ||
            (m->s->identity != NULL && btls_auth_send_verify(m) != 0))
            return -1;
    }
    return btls_auth_send_finished(m) != 0 ? -1 : btls_send_flight(m);
}

static int
on_finished(modern *m, btls_span message)
{
    if (btls_auth_read_finished(m, message) != 0 || btls_keys_application(m) != 0 ||
        btls_keys_install_application(m, 0) != 0)
        return -1;
    if (send_authentication(m) != 0 || btls_keys_install_application(m, 1) != 0)
        return -1;
    btls_keys_resumption(m);
    m->rows = btls_rows_client_open;
    return btls_modern_open(m);
}

const btls_row btls_rows_client13[] = {
    { BTLS_WAIT_EE, BTLS_ENCRYPTED_EXTENSIONS, 1, on_encrypted_extensions }, /* 4.3.1 */
    { BTLS_WAIT_CERT_CR, BTLS_CERTIFICATE_REQUEST, 1,
      on_certificate_request },                                          /* 4.3.2 */
    { BTLS_WAIT_CERT_CR, BTLS_CERTIFICATE_MESSAGE, 1, on_certificate },  /* 4.4.2 */
    { BTLS_WAIT_CERT, BTLS_CERTIFICATE_MESSAGE, 1, on_certificate },     /* 4.4.2 */
    { BTLS_WAIT_CV, BTLS_CERTIFICATE_VERIFY, 1, on_certificate_verify }, /* 4.4.3 */
    { BTLS_WAIT_FINISHED, BTLS_FINISHED, 1, on_finished },               /* 4.4.4 */
    { 0, 0, 0, NULL },
};
