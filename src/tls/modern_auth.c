/* modern_auth.c -- certificates shown and seen, and signatures on the handshake: who is
 * who (RFC 8446, 4.4; the choice and the check of a signature serve TLS 1.2 too). */
#include <string.h>

#include "tls/modern.h"
#include "tls/signature_scheme.h"

#define STATUS_TYPE_OCSP 1
#define CONTEXT_PADDING 64

/* ---- schemes ---- */

/* RFC 8446, 4.2.3: a scheme goes with a kind of key, and in TLS 1.3 with a curve. */
static int
scheme_fits(const modern *m, const btls_signature_scheme *scheme,
            const btls_public_key *key)
{
    btls_signature_scheme wanted = *scheme;
    if (m->version == BTLS_TLS13 && !btls_signature_scheme_in_13(scheme))
        return 0;
    if (m->version != BTLS_TLS13)
        wanted.curve = 0;
    return btls_signature_scheme_fits(&wanted, key);
}

unsigned
btls_auth_scheme(const modern *m, const btls_key *key, btls_span schemes)
{
    const btls_config *c = m->s->config;
    for (size_t i = 0; i < c->scheme_count; i++) {
        const btls_signature_scheme *scheme = btls_signature_scheme_find(c->schemes[i]);
        if (scheme != NULL && btls_list16_has(schemes, scheme->id) &&
            scheme_fits(m, scheme, btls_key_public(key)))
            return scheme->id;
    }
    return 0;
}

/* TLS 1.2: the suite says which kind of key signs for a server, certificate_types (RFC
 * 5246, 7.4.4; RFC 8422, 5.5) which for a client; and a server's must be on a curve that
 * the client knows (RFC 8422, 5.1.1). */
static int
fits_12(const modern *m, const btls_key *key)
{
    const handshake *hs = m->hs;
    enum btls_key_kind kind = btls_key_kind(key);
    int rsa = kind == BTLS_KEY_RSA || kind == BTLS_KEY_RSA_PSS;
    if (m->version == BTLS_TLS13)
        return 1;
    if (m->s->is_client)
        return rsa ? hs->rsa_wanted : hs->ecdsa_wanted;
    if (rsa == (m->suite->key_exchange == BTLS_KX_ECDHE_ECDSA))
        return 0;
    return kind != BTLS_KEY_EC || (hs->curves >> btls_key_public(key)->curve & 1);
}

int
btls_auth_choose(modern *m, btls_span schemes)
{
    btls_session *s = m->s;
    const btls_config *c = s->config;
    unsigned usable = s->is_client ? (1u << c->identity_count) - 1
                                   : btls_identities_for(c, s->server_name);
    s->identity = NULL;
    for (size_t i = 0; i < c->identity_count; i++) {
        const btls_identity *id = &c->identities[i];
        int preferred = m->hs->authorities >> i & 1;
        if (!(usable >> i & 1) || !fits_12(m, id->key) ||
            (s->identity != NULL && !preferred))
            continue;
        unsigned scheme = btls_auth_scheme(m, id->key, schemes);
        if (scheme == 0)
            continue;
        s->identity = id;
        m->hs->our_scheme = scheme;
        if (!s->is_client || preferred)
            break;
    }
    return s->identity != NULL;
}

int
btls_auth_sign(modern *m, btls_writer *w, btls_span message)
{
    const btls_signature_scheme *scheme = btls_signature_scheme_find(m->hs->our_scheme);
    uint8_t signature[BTLS_SIGNATURE_MAX];
    size_t n = btls_key_sign(m->s->identity->key, &scheme->algorithm,
                             &m->hs->random.vtable, message, signature, sizeof signature);
    if (n == 0)
        return btls_modern_fail(m, "io_crypto", BTLS_ALERT_INTERNAL_ERROR,
                                "the handshake could not be signed with our key");
    btls_write_vec(w, 2, (btls_span){ signature, n });
    if (!m->s->is_client)
        m->scheme = scheme->id;
    return 0;
}

static const char *
peer_name(const modern *m)
{
    return btls_session_peer_name(m->s);
}

/* Who has a keyUsage must be allowed to sign by it, whether or not the certificate is
 * believed otherwise (RFC 8446, 4.4.2.2; RFC 5246, 7.4.2 and 7.4.6). */
static int
check_key_usage(modern *m, const btls_certificate *leaf)
{
    char subject[120];
    btls_error e;
    if (!leaf->has_key_usage || (leaf->key_usage & BTLS_KU_DIGITAL_SIGNATURE))
        return 0;
    btls_certificate_subject(leaf, subject, sizeof subject);
    btls_error_set(&e, "certificate_wrong_usage", BTLS_ALERT_UNSUPPORTED_CERTIFICATE,
                   "%s's certificate (%s) has a key that may not sign the handshake",
                   peer_name(m), subject);
    btls_error_hint(&e, "its key usage lacks digitalSignature");
    e.position = 0;
    return btls_modern_fail_with(m, &e);
}

int
btls_auth_verify(modern *m, unsigned number, btls_span message, btls_span signature)
{
    const btls_signature_scheme *scheme = btls_signature_scheme_find(number);
    btls_certificate leaf;
    btls_public_key key;
    btls_error e;
    if (btls_certificate_parse(&leaf, btls_chain_at(&m->s->peer, 0), &e) != 0 ||
        btls_spki_parse(leaf.spki, &key, &e) != 0)
        return btls_modern_fail_with(m, &e);
    if (check_key_usage(m, &leaf) != 0)
        return -1;
    if (scheme == NULL || !btls_config_has_scheme(m->s->config, number) ||
        !scheme_fits(m, scheme, &key))
        return btls_modern_fail(m, "peer_signature_scheme", BTLS_ALERT_ILLEGAL_PARAMETER,
                                "%s signed the handshake with a scheme (0x%04x) that was "
                                "not offered or does not go with its certificate",
                                peer_name(m), number);
    if (m->s->is_client)
        m->scheme = number;
    if (btls_signature_verify(&scheme->algorithm, &key, message, signature))
        return 0;
    return btls_modern_fail(m, "peer_bad_signature", BTLS_ALERT_DECRYPT_ERROR,
                            "%s's signature on the handshake is wrong: it does not have "
                            "the key of its certificate",
                            peer_name(m));
}

/* ---- Certificate ---- */

static void
write_entry(modern *m, btls_writer *w, size_t i)
{
    const btls_identity *id = m->s->identity;
    btls_write_vec(w, 3, btls_chain_at(id->chain, i));
    btls_mark list = btls_write_begin(w, 2);
    if (i == 0 && id->staple.n > 0 && !m->s->is_client &&
        (m->hs->offered >> BTLS_EXT_STATUS_REQUEST & 1)) { /* 4.4.2.1 */
        btls_mark body = btls_write_extension(w, BTLS_EXT_STATUS_REQUEST);
        btls_write_u8(w, STATUS_TYPE_OCSP);
        btls_write_vec(w, 3, id->staple);
        btls_write_end(w, body);
    }
    btls_write_end(w, list);
}

int
btls_auth_send_certificate(modern *m, btls_span context)
{
    const btls_identity *id = m->s->identity;
    btls_writer w;
    btls_mark message = btls_send_begin(m, &w, BTLS_CERTIFICATE_MESSAGE);
    btls_write_vec(&w, 1, context);
    btls_mark list = btls_write_begin(&w, 3);
    for (size_t i = 0; id != NULL && i < id->chain->count; i++)
        write_entry(m, &w, i);
    btls_write_end(&w, list);
    return btls_send_end(m, &w, message);
}

static int
read_staple(modern *m, btls_span body)
{
    btls_reader r = btls_reader_of(body);
    unsigned type = btls_read_u8(&r);
    btls_span response = btls_read_vec24(&r);
    if (!btls_read_end(&r) || type != STATUS_TYPE_OCSP || response.n == 0)
        return btls_modern_malformed(m, "extension status_request");
    if (!btls_queue_push(&m->s->staple, response.p, response.n))
        return btls_modern_no_memory(m);
    return 0;
}

static int
read_entry(modern *m, btls_reader *list)
{
    btls_session *s = m->s;
    btls_extensions x;
    btls_error e;
    btls_span der = btls_read_vec24(list), extensions = btls_read_vec16(list);
    if (list->bad || der.n == 0)
        return btls_modern_malformed(m, "Certificate");
    uint32_t asked = s->is_client ? m->hs->offered : 0;
    if (btls_extension_list_read(&x, extensions, BTLS_IN_CERTIFICATE, asked, &e) != 0 ||
        btls_chain_append(&s->peer, der.p, der.n, &e) != 0 ||
        btls_chain_end_certificate(&s->peer, &e) != 0)
        return btls_modern_fail_with(m, &e);
    if (s->peer.count == 1 && btls_extensions_has(&x, BTLS_EXT_STATUS_REQUEST))
        return read_staple(m, x.body[BTLS_EXT_STATUS_REQUEST]);
    return 0;
}

int
btls_auth_read_certificate(modern *m, btls_span message)
{
    btls_reader r = btls_reader_of(btls_message_body(message));
    btls_span context = btls_read_vec8(&r), certificates = btls_read_vec24(&r);
    if (!btls_read_end(&r))
        return btls_modern_malformed(m, "Certificate");
    if (context.n != 0)
        return btls_modern_fail(m, "peer_illegal_parameter", BTLS_ALERT_ILLEGAL_PARAMETER,
                                "%s's Certificate has a context that was not asked for",
                                peer_name(m));
    btls_chain_clear(&m->s->peer);
    btls_reader list = btls_reader_of(certificates);
    while (btls_read_more(&list)) {
        if (read_entry(m, &list) != 0)
            return -1;
    }
    return 0;
}

/* ---- CertificateVerify ---- */

/* What is signed: 64 spaces, a context string, a zero, the transcript's hash. */
static size_t
signed_content(const modern *m, int by_client, const btls_transcript *t,
               uint8_t out[CONTEXT_PADDING + 40 + BTLS_HASH_MAX])
{
    static const char *const contexts[] = { "TLS 1.3, server CertificateVerify",
                                            "TLS 1.3, client CertificateVerify" };
    const char *context = contexts[by_client != 0];
    size_t n = strlen(context) + 1;
    (void)m;
    memset(out, 0x20, CONTEXT_PADDING);
    memcpy(out + CONTEXT_PADDING, context, n);
    return CONTEXT_PADDING + n + btls_transcript_hash(t, out + CONTEXT_PADDING + n);
}

int
btls_auth_send_verify(modern *m)
{
    uint8_t content[CONTEXT_PADDING + 40 + BTLS_HASH_MAX];
    btls_writer w;
    size_t n = signed_content(m, m->s->is_client, &m->hs->transcript, content);
    btls_mark message = btls_send_begin(m, &w, BTLS_CERTIFICATE_VERIFY);
    btls_write_u16(&w, m->hs->our_scheme);
    if (btls_auth_sign(m, &w, (btls_span){ content, n }) != 0)
        return -1;
    return btls_send_end(m, &w, message);
}

int
btls_auth_read_verify(modern *m, btls_span message)
{
    uint8_t content[CONTEXT_PADDING + 40 + BTLS_HASH_MAX];
    btls_reader r = btls_reader_of(btls_message_body(message));
    unsigned scheme = btls_read_u16(&r);
    btls_span signature = btls_read_vec16(&r);
    if (!btls_read_end(&r))
        return btls_modern_malformed(m, "CertificateVerify");
    size_t n = signed_content(m, !m->s->is_client, &m->hs->before, content);
    return btls_auth_verify(m, scheme, (btls_span){ content, n }, signature);
}

/* ---- Finished ---- */

int
btls_auth_send_finished(modern *m)
{
    uint8_t verify_data[BTLS_HASH_MAX];
    btls_writer w;
    size_t n = btls_keys_finished(m, m->s->is_client, &m->hs->transcript, verify_data);
    btls_mark message = btls_send_begin(m, &w, BTLS_FINISHED);
    btls_write_bytes(&w, verify_data, n);
    return btls_send_end(m, &w, message);
}

int
btls_auth_read_finished(modern *m, btls_span message)
{
    uint8_t expected[BTLS_HASH_MAX];
    btls_span got = btls_message_body(message);
    size_t n = btls_keys_finished(m, !m->s->is_client, &m->hs->before, expected);
    if (got.n != n)
        return btls_modern_malformed(m, "Finished");
    if (btls_equal(got.p, expected, n))
        return 0;
    return btls_modern_fail(
        m, "peer_bad_finished", BTLS_ALERT_DECRYPT_ERROR,
        "%s has seen another handshake than we have: somebody changed "
        "it on the way",
        peer_name(m));
}

/* ---- certificate_authorities (4.2.4) ---- */

void
btls_auth_note_authority(modern *m, btls_span name)
{
    const btls_config *c = m->s->config;
    for (size_t i = 0; i < c->identity_count; i++) {
        if (btls_identity_issued_by(&c->identities[i], name))
            m->hs->authorities |= 1u << i;
    }
}

int
btls_auth_read_authorities(modern *m, btls_span body)
{
    btls_reader r = btls_reader_of(body);
    btls_span names = btls_read_vec16(&r);
    btls_reader list = btls_reader_of(names);
    int bad = names.n == 0;
    while (btls_read_more(&list)) {
        btls_span name = btls_read_vec16(&list);
        bad |= name.n == 0;
        btls_auth_note_authority(m, name);
    }
    if (bad || list.bad || !btls_read_end(&r))
        return btls_modern_malformed(m, "extension certificate_authorities");
    return 0;
}

/* Names of trusted authorities, so that the client can choose; as many as fit in a
 * sensible message. */
void
btls_auth_write_names(modern *m, btls_writer *w)
{
    const btls_trust *trust = m->s->config->trust;
    size_t n = trust == NULL ? 0 : btls_trust_count(trust);
    for (size_t i = 0; i < n && i < 64; i++)
        btls_write_vec(w, 2, btls_trust_at(trust, i).subject);
}

void
btls_auth_write_authorities(modern *m, btls_writer *w)
{
    const btls_trust *trust = m->s->config->trust;
    if (trust == NULL || btls_trust_count(trust) == 0)
        return;
    btls_mark body = btls_write_extension(w, BTLS_EXT_CERTIFICATE_AUTHORITIES);
    btls_mark list = btls_write_begin(w, 2);
    btls_auth_write_names(m, w);
    btls_write_end(w, list);
    btls_write_end(w, body);
}
