/* ticket.c -- a server's tickets. A ticket is: key name (16 bytes), nonce (12),
 * AES-256-GCM of the encoded resumption, tag (16); the key name is authenticated. */
#include "tls/ticket.h"

#include <string.h>

#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "crypto/random.h"

#define NAME_SIZE 16
#define NONCE_SIZE 12

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

int
btls_ticket_seal(btls_ticket_keys *t, const btls_resumption *r, int64_t now,
                 btls_queue *out, btls_error *e)
{
    btls_aead aead;
    uint8_t nonce[NONCE_SIZE], tag[BTLS_AEAD_TAG_MAX] = { 0 };
    btls_resumption without = *r;
    if (rotate(t, now, e) != 0 || btls_random(nonce, sizeof nonce, e) != 0)
        return -1;
    btls_queue_init(&without.ticket, r->peer.bytes.alloc);
    size_t start = btls_queue_size(out);
    if (!btls_queue_push(out, t->keys[0].name, NAME_SIZE) ||
        !btls_queue_push(out, nonce, NONCE_SIZE))
        return btls_error_memory(e);
    size_t plain = btls_queue_size(out);
    if (btls_resumption_encode(&without, out, e) != 0)
        return -1;
    size_t n = btls_queue_size(out) - plain;
    if (n > BTLS_TICKET_MAX)
        return btls_error_set(e, "ticket_too_long", BTLS_NO_ALERT,
                              "what a ticket would have to hold is too long");
    if (!btls_queue_push(out, tag, 16))
        return btls_error_memory(e);
    uint8_t *p = out->p + out->head;
    btls_aead_init(&aead, BTLS_AES_256_GCM, t->keys[0].key);
    btls_aead_seal(&aead, nonce, (btls_span){ p + start, NAME_SIZE }, p + plain, n);
    btls_wipe(&aead, sizeof aead);
    return 0;
}

static int
open_with(const btls_ticket_key *k, btls_span ticket, btls_queue *plain)
{
    btls_aead aead;
    size_t head = NAME_SIZE + NONCE_SIZE, n = ticket.n - head;
    if (!btls_queue_push(plain, ticket.p + head, n))
        return 0;
    btls_aead_init(&aead, BTLS_AES_256_GCM, k->key);
    int ok =
        btls_aead_open(&aead, ticket.p + NAME_SIZE, (btls_span){ ticket.p, NAME_SIZE },
                       plain->p + plain->head, n - 16);
    btls_wipe(&aead, sizeof aead);
    return ok;
}

int
btls_ticket_open(const btls_ticket_keys *t, btls_span ticket, btls_resumption *r)
{
    btls_queue plain;
    btls_error ignored;
    int ok = 0;
    if (ticket.n < NAME_SIZE + NONCE_SIZE + 16)
        return 0;
    btls_queue_init(&plain, r->ticket.alloc);
    for (size_t i = 0; i < t->count; i++) {
        if (memcmp(t->keys[i].name, ticket.p, NAME_SIZE) != 0)
            continue;
        btls_span bytes;
        ok = open_with(&t->keys[i], ticket, &plain);
        bytes = btls_queue_bytes(&plain);
        bytes.n = ok ? bytes.n - 16 : 0;
        ok = ok && btls_resumption_decode(r, bytes, &ignored) == 0;
        ok = ok && i > 0 ? 2 : ok;
        break;
    }
    btls_queue_clear(&plain);
    return ok;
}
