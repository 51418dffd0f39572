/* resumption.c -- what both sides remember of a session to resume it, and its encoding.
 */
#include "tls/resumption.h"

#include <string.h>

#include "pki/certificate.h"

/* The first bytes of an encoding; the last is the version of the layout. */
static const uint8_t magic[] = { 'b', 't', 'l', 's', 1 };

void
btls_resumption_init(btls_resumption *r, const btls_alloc *a)
{
    memset(r, 0, sizeof *r);
    btls_chain_init(&r->peer, a);
}

void
btls_resumption_clear(btls_resumption *r)
{
    btls_chain_clear(&r->peer);
    btls_wipe(r, sizeof *r);
}

static int
push_uint(btls_queue *q, uint64_t v, size_t size)
{
    uint8_t b[8];
    for (size_t i = 0; i < size; i++)
        b[i] = (uint8_t)(v >> (8 * (size - 1 - i)));
    return btls_queue_push(q, b, size);
}

int
btls_resumption_encode(const btls_resumption *r, btls_queue *out, btls_error *e)
{
    size_t name = strlen(r->server_name);
    int ok = btls_queue_push(out, magic, sizeof magic) && push_uint(out, r->version, 2) &&
             push_uint(out, r->cipher_suite, 2) &&
             push_uint(out, (uint64_t)r->created, 8) &&
             push_uint(out, (uint64_t)(r->verified != 0), 1) &&
             btls_queue_push(out, r->config_id, sizeof r->config_id) &&
             btls_queue_push(out, r->master_secret, sizeof r->master_secret) &&
             push_uint(out, r->id_size, 1) && btls_queue_push(out, r->id, r->id_size) &&
             push_uint(out, name, 1) && btls_queue_push(out, r->server_name, name) &&
             push_uint(out, r->peer.count, 1);
    for (size_t i = 0; ok && i < r->peer.count; i++) {
        btls_span der = btls_chain_at(&r->peer, i);
        ok = push_uint(out, der.n, 3) && btls_queue_push(out, der.p, der.n);
    }
    return ok ? 0 : btls_error_memory(e);
}

static int
malformed(btls_error *e)
{
    return btls_error_set(e, "config_ticket_malformed", BTLS_NO_ALERT,
                          "these bytes are not a ticket of beartls");
}

static uint64_t
read_u64(btls_reader *r)
{
    uint64_t high = btls_read_u16(r);
    high = high << 16 | btls_read_u16(r);
    high = high << 16 | btls_read_u16(r);
    return high << 16 | btls_read_u16(r);
}

static int
read_into(btls_reader *in, void *to, size_t n)
{
    btls_span s = btls_read_bytes(in, n);
    memcpy(to, s.p, s.n);
    return s.n == n;
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
    r->created = (int64_t)read_u64(&in);
    r->verified = btls_read_u8(&in) == 1;
    read_into(&in, r->config_id, sizeof r->config_id);
    read_into(&in, r->master_secret, sizeof r->master_secret);
    btls_span id = btls_read_vec8(&in), name = btls_read_vec8(&in);
    if (in.bad || id.n > sizeof r->id || name.n >= sizeof r->server_name)
        return malformed(e);
    memcpy(r->id, id.p, id.n);
    r->id_size = id.n;
    memcpy(r->server_name, name.p, name.n);
    r->server_name[name.n] = '\0';
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
    if (now < r->created || now - r->created > BTLS_RESUMPTION_LIFETIME)
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
