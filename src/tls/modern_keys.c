/* modern_keys.c -- which keys of TLS 1.3 are in force when (RFC 8446, 7). */
#include <string.h>

#include "tls/keylog.h"
#include "tls/modern.h"

/* A Finished of ours, or of the peer, is made with the secret of its sender. */
static const uint8_t *
secret_of(const modern *m, int client)
{
    return client ? m->schedule.client : m->schedule.server;
}

static btls_span
transcript_hash(const btls_transcript *t, uint8_t out[BTLS_HASH_MAX])
{
    return (btls_span){ out, btls_transcript_hash(t, out) };
}

int
btls_keys_check_boundary(modern *m)
{
    if (btls_queue_size(&m->incoming.bytes) == m->handling)
        return 0;
    return btls_modern_fail(m, "peer_unexpected_message", BTLS_ALERT_UNEXPECTED_MESSAGE,
                            "%s sent more in a record than the message that ends its "
                            "flight",
                            btls_session_peer_name(m->s));
}

static int
install(modern *m, int sent, int what)
{
    uint8_t key[BTLS_AEAD_KEY_MAX], iv[BTLS_AEAD_NONCE];
    const uint8_t *secret = secret_of(m, sent == m->s->is_client);
    if (!sent && btls_keys_check_boundary(m) != 0)
        return -1;
    if (sent && btls_send_flight(m) != 0)
        return -1;
    btls_schedule_keys(m->suite->hash, secret, key, btls_aead_key_size(m->suite->aead),
                       iv);
    btls_records_install(&m->records, sent, m->suite->aead, key, iv);
    btls_wipe(key, sizeof key);
    btls_wipe(iv, sizeof iv);
    btls_trace_key(&m->s->trace, sent, what);
    return 0;
}

static void
log_secret(modern *m, const char *label, const uint8_t *secret)
{
    btls_keylog_add(m->s, label, m->hs->client_random,
                    (btls_span){ secret, btls_hash_size(m->suite->hash) });
}

int
btls_keys_handshake(modern *m, btls_span psk, btls_span shared)
{
    uint8_t hash[BTLS_HASH_MAX];
    btls_schedule *s = &m->schedule;
    btls_schedule_early(s, m->suite->hash, psk);
    btls_schedule_handshake(s, shared, transcript_hash(&m->hs->transcript, hash));
    /* Finished is made with them when the application's are there already. */
    memcpy(m->hs->client_secret, s->client, sizeof s->client);
    memcpy(m->hs->server_secret, s->server, sizeof s->server);
    log_secret(m, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", s->client);
    log_secret(m, "SERVER_HANDSHAKE_TRAFFIC_SECRET", s->server);
    if (install(m, 0, BTLS_TRACE_HANDSHAKE_KEYS) != 0)
        return -1;
    /* The compatible change_cipher_spec comes before what is protected (D.4). */
    if (m->s->is_client && btls_send_compatible_ccs(m) != 0)
        return -1;
    return install(m, 1, BTLS_TRACE_HANDSHAKE_KEYS);
}

int
btls_keys_application(modern *m)
{
    uint8_t hash[BTLS_HASH_MAX];
    btls_schedule *s = &m->schedule;
    btls_schedule_master(s, transcript_hash(&m->hs->transcript, hash));
    log_secret(m, "CLIENT_TRAFFIC_SECRET_0", s->client);
    log_secret(m, "SERVER_TRAFFIC_SECRET_0", s->server);
    log_secret(m, "EXPORTER_SECRET", s->exporter);
    return 0;
}

int
btls_keys_install_application(modern *m, int sent)
{
    return install(m, sent, BTLS_TRACE_APPLICATION_KEYS);
}

void
btls_keys_resumption(modern *m)
{
    uint8_t hash[BTLS_HASH_MAX];
    btls_schedule_resumption(&m->schedule, transcript_hash(&m->hs->transcript, hash));
}

int
btls_keys_update(modern *m, int sent)
{
    uint8_t *secret = sent == m->s->is_client ? m->schedule.client : m->schedule.server;
    btls_schedule_update(m->suite->hash, secret);
    return install(m, sent, BTLS_TRACE_UPDATED_KEYS);
}

size_t
btls_keys_finished(modern *m, int client, const btls_transcript *t,
                   uint8_t out[BTLS_HASH_MAX])
{
    uint8_t hash[BTLS_HASH_MAX];
    const uint8_t *secret = client ? m->hs->client_secret : m->hs->server_secret;
    size_t n =
        btls_schedule_finished(m->suite->hash, secret, transcript_hash(t, hash), out);
    memcpy(m->verify_data[client ? 0 : 1], out, n);
    return n;
}

void
btls_keys_binder(const btls_psk *psk, const btls_transcript *before, btls_span truncated,
                 uint8_t *out)
{
    uint8_t hash[BTLS_HASH_MAX];
    btls_transcript t = *before;
    btls_transcript_choose(&t, psk->hash);
    btls_transcript_add(&t, truncated);
    btls_schedule_binder(psk->hash, psk->secret, psk->ticket == NULL,
                         transcript_hash(&t, hash), out);
}

size_t
btls_keys_ticket_secret(const modern *m, btls_span nonce, uint8_t out[48])
{
    return btls_schedule_ticket(&m->schedule, nonce, out);
}
