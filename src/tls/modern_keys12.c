/* modern_keys12.c -- TLS 1.2: from the premaster secret to keys in force, Finished, and
 * what the hellos of both sides have in common (RFC 5246, 8.1, 6.3; RFC 7627; RFC 5746).
 */
#include <string.h>

#include "tls/keylog.h"
#include "tls/modern.h"
#include "tls/prf.h"

/* RFC 5746, 3.4, 3.6: in a first handshake there is nothing to be bound to. */
int
btls_keys12_check_renegotiation(modern *m, const btls_extensions *x)
{
    btls_span body = x->body[BTLS_EXT_RENEGOTIATION_INFO];
    if (!btls_extensions_has(x, BTLS_EXT_RENEGOTIATION_INFO))
        return 0;
    if (body.n == 0 || body.n != 1 + (size_t)body.p[0])
        return btls_modern_malformed(m, "extension renegotiation_info");
    if (body.n == 1)
        return 0;
    return btls_modern_fail(m, "peer_renegotiation_info", BTLS_ALERT_HANDSHAKE_FAILURE,
                            "%s takes this for a renegotiation, which it is not",
                            btls_session_peer_name(m->s));
}

/* RFC 8422, 5.1.2. */
int
btls_keys12_check_point_formats(modern *m, const btls_extensions *x)
{
    if (!btls_extensions_has(x, BTLS_EXT_EC_POINT_FORMATS))
        return 0;
    btls_reader r = btls_reader_of(x->body[BTLS_EXT_EC_POINT_FORMATS]);
    btls_span formats = btls_read_vec8(&r);
    if (!btls_read_end(&r) || formats.n == 0)
        return btls_modern_malformed(m, "extension ec_point_formats");
    if (memchr(formats.p, 0, formats.n) != NULL)
        return 0;
    return btls_modern_fail(m, "peer_illegal_parameter", BTLS_ALERT_ILLEGAL_PARAMETER,
                            "%s does not take uncompressed points",
                            btls_session_peer_name(m->s));
}

int
btls_keys12_master(modern *m, btls_span premaster)
{
    handshake *hs = m->hs;
    if (m->extended_master_secret) {
        uint8_t hash[BTLS_HASH_MAX];
        size_t n = btls_transcript_hash(&hs->transcript, hash);
        btls_prf_extended_master(m->suite->hash, premaster, (btls_span){ hash, n },
                                 hs->master_secret);
    } else {
        btls_prf_master(m->suite->hash, premaster, hs->client_random, hs->server_random,
                        hs->master_secret);
    }
    return 0;
}

void
btls_keys12_log(modern *m)
{
    btls_keylog_add(m->s, "CLIENT_RANDOM", m->hs->client_random,
                    (btls_span){ m->hs->master_secret, sizeof m->hs->master_secret });
}

/* The keys of one direction, from the key block (RFC 5246, 6.3). */
static int
install(modern *m, int sent)
{
    handshake *hs = m->hs;
    btls_prf_keys keys;
    btls_prf_key_block(m->suite, hs->master_secret, hs->client_random, hs->server_random,
                       &keys);
    int client = sent == m->s->is_client;
    btls_records_install(&m->records, sent, m->suite->aead,
                         client ? keys.client_key : keys.server_key,
                         client ? keys.client_iv : keys.server_iv);
    btls_wipe(&keys, sizeof keys);
    btls_trace_key(&m->s->trace, sent, BTLS_TRACE_APPLICATION_KEYS);
    return 0;
}

int
btls_on_ccs_12(modern *m)
{
    return install(m, 0) == 0 ? BTLS_WAIT_FINISHED_12 : -1;
}

static void
compute_finished(modern *m, int client, const btls_transcript *t, uint8_t out[12])
{
    uint8_t hash[BTLS_HASH_MAX];
    size_t n = btls_transcript_hash(t, hash);
    btls_prf_finished(m->suite->hash, m->hs->master_secret, client,
                      (btls_span){ hash, n }, out);
    memcpy(m->verify_data[client ? 0 : 1], out, 12);
}

int
btls_auth12_send_finished(modern *m)
{
    uint8_t verify_data[12];
    btls_writer w;
    if (btls_send_flight(m) != 0 || btls_send_ccs(m) != 0 || install(m, 1) != 0)
        return -1;
    compute_finished(m, m->s->is_client, &m->hs->transcript, verify_data);
    btls_mark message = btls_send_begin(m, &w, BTLS_FINISHED);
    btls_write_bytes(&w, verify_data, sizeof verify_data);
    return btls_send_end(m, &w, message) != 0 ? -1 : btls_send_flight(m);
}

int
btls_auth12_read_finished(modern *m, btls_span message)
{
    uint8_t expected[12];
    btls_span got = btls_message_body(message);
    compute_finished(m, !m->s->is_client, &m->hs->before, expected);
    if (got.n != sizeof expected)
        return btls_modern_malformed(m, "Finished");
    if (btls_equal(got.p, expected, sizeof expected))
        return 0;
    return btls_modern_fail(
        m, "peer_bad_finished", BTLS_ALERT_DECRYPT_ERROR,
        "%s has seen another handshake than we have: somebody changed "
        "it on the way",
        btls_session_peer_name(m->s));
}
