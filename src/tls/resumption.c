/* resumption.c -- what both sides remember of a session to resume it, and its encoding.
 */
#include "tls/resumption.h"

#include <string.h>

#include "core/writer.h"
#include "pki/certificate.h"

/* The first bytes of an encoding; the last is the version of the layout. */
static const uint8_t magic[] = { 'b', 't', 'l', 's', 2 };

void
btls_resumption_init(btls_resumption *r, const btls_alloc *a)
{
    memset(r, 0, sizeof *r);
    btls_queue_init(&r->ticket, a);
    btls_chain_init(&r->peer, a);
}

void
btls_resumption_clear(btls_resumption *r)
{
    if (r->ticket.alloc != NULL)
        btls_queue_clear(&r->ticket);
    btls_chain_clear(&r->peer);
    btls_wipe(r, sizeof *r);
}

static btls_span
text_span(const char *text)
{
    return (btls_span){ (const uint8_t *)text, strlen(text) };
}

int
btls_resumption_encode(const btls_resumption *r, btls_queue *out, btls_error *e)
{
    btls_writer w = btls_writer_of(out);
    btls_span ticket = btls_queue_bytes(&r->ticket);
    btls_write_bytes(&w, magic, sizeof magic);
    btls_write_u16(&w, r->version);
    btls_write_u16(&w, r->cipher_suite);
    btls_write_u32(&w, (uint32_t)((uint64_t)r->created >> 32));
    btls_write_u32(&w, (uint32_t)r->created);
    btls_write_u8(&w, (r->verified ? 1u : 0u) | (r->extended_master_secret ? 2u : 0u));
    btls_write_u32(&w, r->age_add);
    btls_write_u32(&w, r->lifetime);
    btls_write_bytes(&w, r->config_id, sizeof r->config_id);
    btls_write_vec(&w, 1, (btls_span){ r->secret, r->secret_size });
    btls_write_vec(&w, 1, (btls_span){ r->id, r->id_size });
    btls_write_vec(&w, 1, text_span(r->server_name));
    btls_write_vec(&w, 1, text_span(r->alpn));
    btls_write_vec(&w, 2, ticket);
    btls_write_u8(&w, (unsigned)r->peer.count);
    for (size_t i = 0; i < r->peer.count; i++)
        btls_write_vec(&w, 3, btls_chain_at(&r->peer, i));
    return w.bad ? btls_error_memory(e) : 0;
}

int
btls_resumption_copy(btls_resumption *to, const btls_resumption *from)
{
    btls_queue bytes;
    btls_error e;
    btls_queue_init(&bytes, to->ticket.alloc);
    int ok = btls_resumption_encode(from, &bytes, &e) == 0 &&
             btls_resumption_decode(to, btls_queue_bytes(&bytes), &e) == 0;
    btls_queue_clear(&bytes);
    return ok;
}

static int
malformed(btls_error *e)
{
    return btls_error_set(e, "config_ticket_malformed", BTLS_NO_ALERT,
                          "these bytes are not a ticket of beartls");
}

static uint32_t
read_u32(btls_reader *r)
{
    uint32_t high = btls_read_u16(r);
    return high << 16 | btls_read_u16(r);
}

/* A vector of at most `cap` bytes to `to`; returns its size. */
static size_t
read_vec(btls_reader *in, void *to, size_t cap)
{
    btls_span s = btls_read_vec8(in);
    if (s.n > cap) {
        in->bad = 1;
        return 0;
    }
    memcpy(to, s.p, s.n);
    return s.n;
}

/* ... and a NUL behind it. */
static void
read_text(btls_reader *in, char to[256])
{
    to[read_vec(in, to, 255)] = '\0';
}

int
btls_resumption_decode(btls_resumption *r, btls_span bytes, btls_error *e)
{
    btls_reader in = btls_reader_of(bytes);
    if (!btls_span_equal(btls_read_bytes(&in, sizeof magic),
                         (btls_span){ magic, sizeof magic }))
        return malformed(e);
    r->version = (uint16_t)btls_read_u16(&in);
    r->cipher_suite = (uint16_t)btls_read_u16(&in);
    uint64_t created = (uint64_t)read_u32(&in) << 32;
    r->created = (int64_t)(created | read_u32(&in));
    unsigned flags = btls_read_u8(&in);
    r->verified = flags & 1;
    r->extended_master_secret = flags >> 1 & 1;
    r->age_add = read_u32(&in);
    r->lifetime = read_u32(&in);
    btls_span id = btls_read_bytes(&in, sizeof r->config_id);
    memcpy(r->config_id, id.p, id.n);
    r->secret_size = read_vec(&in, r->secret, sizeof r->secret);
    r->id_size = read_vec(&in, r->id, sizeof r->id);
    read_text(&in, r->server_name);
    read_text(&in, r->alpn);
    btls_span ticket = btls_read_vec16(&in);
    if (in.bad)
        return malformed(e);
    if (!btls_queue_push(&r->ticket, ticket.p, ticket.n))
        return btls_error_memory(e);
    for (unsigned left = btls_read_u8(&in); left > 0 && !in.bad; left--) {
        btls_span der = btls_read_vec24(&in);
        if (btls_chain_append(&r->peer, der.p, der.n, e) != 0 ||
            btls_chain_end_certificate(&r->peer, e) != 0)
            return -1;
    }
    return btls_read_end(&in) ? 0 : malformed(e);
}

int
btls_resumption_usable(const btls_resumption *r, const char *server_name, int64_t now,
                       int ignore_time)
{
    if (strcmp(r->server_name, server_name) != 0)
        return 0;
    int64_t lifetime = r->lifetime > 0 ? r->lifetime : BTLS_RESUMPTION_LIFETIME;
    /* A ticket may claim to be as old as can be written. */
    if (now < r->created || (uint64_t)now - (uint64_t)r->created > (uint64_t)lifetime)
        return 0;
    for (size_t i = 0; i < r->peer.count && !ignore_time; i++) {
        btls_certificate c;
        btls_error e;
        if (btls_certificate_parse(&c, btls_chain_at(&r->peer, i), &e) != 0 ||
            now < c.not_before || now > c.not_after)
            return 0;
    }
    return 1;
}
