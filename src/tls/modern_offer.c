/* modern_offer.c -- the extensions that both roles and both versions treat alike:
 * signature schemes, ALPN (RFC 7301), limits of records (RFC 8449; RFC 6066, 4). */
#include <string.h>

#include "tls/failure.h"
#include "tls/modern.h"

#define RECORD_SIZE_MIN 64
#define FULL_FRAGMENT 16384

void
btls_offer_schemes(modern *m, btls_writer *w)
{
    const btls_config *c = m->s->config;
    btls_mark body = btls_write_extension(w, BTLS_EXT_SIGNATURE_ALGORITHMS);
    btls_mark list = btls_write_begin(w, 2);
    for (size_t i = 0; i < c->scheme_count; i++)
        btls_write_u16(w, c->schemes[i]);
    btls_write_end(w, list);
    btls_write_end(w, body);
    m->hs->offered |= BTLS_EXT_BIT(BTLS_EXT_SIGNATURE_ALGORITHMS);
}

/* ---- ALPN ---- */

static btls_span
text_span(const char *text)
{
    return (btls_span){ (const uint8_t *)text, strlen(text) };
}

void
btls_offer_alpn(modern *m, btls_writer *w)
{
    const btls_config *c = m->s->config;
    if (c->alpn_count == 0)
        return;
    btls_mark body = btls_write_extension(w, BTLS_EXT_ALPN);
    btls_mark list = btls_write_begin(w, 2);
    if (m->s->is_client) {
        for (size_t i = 0; i < c->alpn_count; i++)
            btls_write_vec(w, 1, text_span(c->alpn[i]));
        m->hs->offered |= BTLS_EXT_BIT(BTLS_EXT_ALPN);
    } else {
        btls_write_vec(w, 1, text_span(m->alpn));
    }
    btls_write_end(w, list);
    btls_write_end(w, body);
}

static int
list_has(btls_span list, btls_span name)
{
    btls_reader r = btls_reader_of(list);
    while (btls_read_more(&r)) {
        if (btls_span_equal(btls_read_vec8(&r), name))
            return 1;
    }
    return 0;
}

int
btls_offer_choose_alpn(modern *m, const btls_client_hello *h)
{
    const btls_config *c = m->s->config;
    m->alpn = NULL;
    if (!btls_extensions_has(&h->x, BTLS_EXT_ALPN))
        return 0;
    btls_reader r = btls_reader_of(h->x.body[BTLS_EXT_ALPN]);
    btls_span list = btls_read_vec16(&r); /* its form was checked */
    for (size_t i = 0; i < c->alpn_count; i++) {
        if (list_has(list, text_span(c->alpn[i]))) {
            m->alpn = c->alpn[i];
            return 0;
        }
    }
    if (c->alpn_count == 0)
        return 0;
    return btls_fail_refusal(m->s, BTLS_ALERT_NO_APPLICATION_PROTOCOL);
}

int
btls_offer_read_alpn(modern *m, btls_span body)
{
    const btls_config *c = m->s->config;
    btls_reader r = btls_reader_of(body);
    btls_reader list = btls_reader_of(btls_read_vec16(&r));
    btls_span name = btls_read_vec8(&list);
    if (!btls_read_end(&r) || !btls_read_end(&list) || name.n == 0)
        return btls_modern_malformed(m, "extension "
                                        "application_layer_protocol_negotiation");
    for (size_t i = 0; i < c->alpn_count; i++) {
        if (btls_span_equal(name, text_span(c->alpn[i]))) {
            m->alpn = c->alpn[i];
            return 0;
        }
    }
    return btls_modern_fail(m, "peer_no_application_protocol",
                            BTLS_ALERT_ILLEGAL_PARAMETER,
                            "the server chose a protocol that was not offered");
}

/* ---- limits ---- */

/* What we take in a record, as record_size_limit counts it: TLS 1.3's includes the byte
 * of the content type (RFC 8449, 4). */
static unsigned
our_limit(const modern *m, int version13)
{
    return (unsigned)m->s->config->max_fragment + (version13 ? 1 : 0);
}

static unsigned
fragment_code(size_t size)
{
    unsigned code = 1;
    for (size_t s = 512; s < size; s *= 2)
        code++;
    return code;
}

void
btls_offer_limits(modern *m, btls_writer *w)
{
    const btls_config *c = m->s->config;
    if (c->max_fragment >= FULL_FRAGMENT)
        return;
    btls_mark body = btls_write_extension(w, BTLS_EXT_RECORD_SIZE_LIMIT);
    btls_write_u16(w, our_limit(m, c->max_version >= BTLS_TLS13));
    btls_write_end(w, body);
    body = btls_write_extension(w, BTLS_EXT_MAX_FRAGMENT_LENGTH);
    btls_write_u8(w, fragment_code(c->max_fragment));
    btls_write_end(w, body);
    m->hs->offered |= BTLS_EXT_BIT(BTLS_EXT_RECORD_SIZE_LIMIT) |
                      BTLS_EXT_BIT(BTLS_EXT_MAX_FRAGMENT_LENGTH);
}

static int
wrong(modern *m, int extension)
{
    return btls_modern_fail(m, "peer_illegal_parameter", BTLS_ALERT_ILLEGAL_PARAMETER,
                            "%s's extension %s has a value that it must not have",
                            btls_session_peer_name(m->s), btls_extension_name(extension));
}

/* The peer's limit for what we send. */
static int
read_size_limit(modern *m, btls_span body)
{
    btls_reader r = btls_reader_of(body);
    unsigned limit = btls_read_u16(&r), extra = m->version == BTLS_TLS13;
    if (!btls_read_end(&r))
        return btls_modern_malformed(m, "extension record_size_limit");
    if (limit < RECORD_SIZE_MIN ||
        (m->s->is_client && limit > FULL_FRAGMENT + extra)) /* RFC 8449, 4 */
        return wrong(m, BTLS_EXT_RECORD_SIZE_LIMIT);
    if (limit - extra < m->s->config->max_fragment)
        btls_records_limit_sent(&m->records, limit - extra);
    return 0;
}

/* max_fragment_length is agreed on: it counts for every record from here on (RFC 6066,
 * 4), those in the clear too; in TLS 1.3 a ClientHello may yet come that knows nothing of
 * it. */
static void
limit_fragments(modern *m, size_t limit)
{
    if (limit < m->s->config->max_fragment)
        btls_records_limit_sent(&m->records, limit);
    btls_records_limit_received(&m->records, limit);
    if (m->version == BTLS_TLS12)
        btls_records_limit_plain(&m->records, limit);
}

int
btls_offer_read_limits(modern *m, const btls_extensions *x)
{
    const btls_config *c = m->s->config;
    int size = btls_extensions_has(x, BTLS_EXT_RECORD_SIZE_LIMIT);
    int fragment = btls_extensions_has(x, BTLS_EXT_MAX_FRAGMENT_LENGTH);
    if (size && fragment) /* RFC 8449, 5 */
        return wrong(m, BTLS_EXT_MAX_FRAGMENT_LENGTH);
    if (size) {
        btls_records_limit_received(&m->records, c->max_fragment);
        return read_size_limit(m, x->body[BTLS_EXT_RECORD_SIZE_LIMIT]);
    }
    if (!fragment)
        return 0;
    btls_span body = x->body[BTLS_EXT_MAX_FRAGMENT_LENGTH];
    if (body.n != 1)
        return btls_modern_malformed(m, "extension max_fragment_length");
    if (body.p[0] != fragment_code(c->max_fragment)) /* RFC 6066, 4 */
        return wrong(m, BTLS_EXT_MAX_FRAGMENT_LENGTH);
    limit_fragments(m, c->max_fragment);
    return 0;
}

int
btls_offer_read_client_limits(modern *m, const btls_client_hello *h)
{
    if (btls_extensions_has(&h->x, BTLS_EXT_RECORD_SIZE_LIMIT))
        return read_size_limit(m, h->x.body[BTLS_EXT_RECORD_SIZE_LIMIT]);
    if (!btls_extensions_has(&h->x, BTLS_EXT_MAX_FRAGMENT_LENGTH))
        return 0;
    btls_span body = h->x.body[BTLS_EXT_MAX_FRAGMENT_LENGTH]; /* one byte: checked */
    if (body.p[0] < 1 || body.p[0] > 4)
        return wrong(m, BTLS_EXT_MAX_FRAGMENT_LENGTH);
    limit_fragments(m, (size_t)256 << body.p[0]);
    return 0;
}

void
btls_offer_answer_limits(modern *m, const btls_client_hello *h, btls_writer *w)
{
    if (btls_extensions_has(&h->x, BTLS_EXT_RECORD_SIZE_LIMIT)) {
        btls_mark body = btls_write_extension(w, BTLS_EXT_RECORD_SIZE_LIMIT);
        btls_write_u16(w, our_limit(m, m->version == BTLS_TLS13));
        btls_write_end(w, body);
        btls_records_limit_received(&m->records, m->s->config->max_fragment);
    } else if (btls_extensions_has(&h->x, BTLS_EXT_MAX_FRAGMENT_LENGTH)) {
        btls_mark body = btls_write_extension(w, BTLS_EXT_MAX_FRAGMENT_LENGTH);
        btls_write_bytes(w, h->x.body[BTLS_EXT_MAX_FRAGMENT_LENGTH].p, 1);
        btls_write_end(w, body);
    }
}
