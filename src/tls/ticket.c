/* ticket.c -- a server's tickets. A ticket is: key name (16 bytes), then the encoded
 * resumption, sealed (seal.h); the key name is authenticated. */
#include "tls/ticket.h"

#include <string.h>

#include "crypto/hkdf.h"
#include "crypto/random.h"
#include "crypto/seal.h"

#define NAME_SIZE 16

/* The name that clients see tells nothing about the key. */
static void
derive(btls_ticket_key *k, const uint8_t secret[BTLS_TICKET_KEY_SIZE])
{
    static const char name[] = "beartls ticket name", key[] = "beartls ticket key";
    btls_span s = { secret, BTLS_TICKET_KEY_SIZE };
    btls_hkdf_expand(br_sha256_ID, s,
                     (btls_span){ (const uint8_t *)name, sizeof name - 1 }, k->name,
                     sizeof k->name);
    btls_hkdf_expand(br_sha256_ID, s, (btls_span){ (const uint8_t *)key, sizeof key - 1 },
                     k->key, sizeof k->key);
}

int
btls_ticket_add_key(btls_ticket_keys *t, const uint8_t secret[BTLS_TICKET_KEY_SIZE])
{
    if (t->count == BTLS_TICKET_KEYS)
        return 0;
    t->given = 1;
    derive(&t->keys[t->count++], secret);
    return 1;
}

void
btls_ticket_keys_id(const btls_ticket_keys *t, uint8_t out[32])
{
    btls_span names[BTLS_TICKET_KEYS];
    for (size_t i = 0; i < t->count; i++)
        names[i] = (btls_span){ t->keys[i].name, sizeof t->keys[i].name };
    btls_hash(br_sha256_ID, names, t->count, out);
}

void
btls_ticket_replace_keys(btls_ticket_keys *t)
{
    btls_wipe(t, sizeof *t);
    t->given = 1;
}

/* A key of our own seals for one period and opens for one more. */
static int
rotate(btls_ticket_keys *t, int64_t now, btls_error *e)
{
    uint8_t secret[BTLS_TICKET_KEY_SIZE];
    if (t->given ||
        (t->count > 0 && now - t->rotated < BTLS_TICKET_ROTATION && now >= t->rotated))
        return 0;
    if (btls_random(secret, sizeof secret, e) != 0)
        return -1;
    t->keys[1] = t->keys[0];
    derive(&t->keys[0], secret);
    t->count = t->count == 0 ? 1 : 2;
    t->rotated = now;
    btls_wipe(secret, sizeof secret);
    return 0;
}

/* Whatever goes wrong, nothing that is not sealed stays in `out`: TLS 1.2 sends tickets
 * in the clear. */
int
btls_ticket_seal(btls_ticket_keys *t, const btls_resumption *r, int64_t now,
                 btls_queue *out, btls_error *e)
{
    btls_resumption without = *r;
    btls_queue plain;
    size_t start = btls_queue_size(out);
    if (rotate(t, now, e) != 0)
        return -1;
    const btls_ticket_key *k = &t->keys[0];
    btls_queue_init(&without.ticket, r->peer.bytes.alloc);
    btls_queue_init(&plain, out->alloc);
    int bad = btls_resumption_encode(&without, &plain, e) != 0;
    if (!bad && btls_queue_size(&plain) > BTLS_TICKET_MAX)
        bad = btls_error_set(e, "ticket_too_long", BTLS_NO_ALERT,
                             "what a ticket would have to hold is too long");
    if (!bad && !btls_queue_push(out, k->name, NAME_SIZE))
        bad = btls_error_memory(e);
    bad = bad || btls_seal(k->key, (btls_span){ k->name, NAME_SIZE },
                           btls_queue_bytes(&plain), out, e) != 0;
    if (bad)
        btls_queue_cut(out, start);
    btls_queue_clear(&plain);
    return bad ? -1 : 0;
}

int
btls_ticket_open(const btls_ticket_keys *t, btls_span ticket, btls_resumption *r)
{
    btls_queue plain;
    btls_error ignored;
    int ok = 0;
    if (ticket.n < NAME_SIZE)
        return 0;
    btls_queue_init(&plain, r->ticket.alloc);
    for (size_t i = 0; i < t->count; i++) {
        const btls_ticket_key *k = &t->keys[i];
        if (memcmp(k->name, ticket.p, NAME_SIZE) != 0)
            continue;
        btls_span sealed = { ticket.p + NAME_SIZE, ticket.n - NAME_SIZE };
        ok = btls_unseal(k->key, (btls_span){ k->name, NAME_SIZE }, sealed, &plain) &&
             btls_resumption_decode(r, btls_queue_bytes(&plain), &ignored) == 0;
        ok = ok && i > 0 ? 2 : ok;
        break;
    }
    btls_queue_clear(&plain);
    return ok;
}
