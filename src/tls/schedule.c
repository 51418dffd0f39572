/* schedule.c -- the key schedule of TLS 1.3. */
#include "tls/schedule.h"

#include <string.h>

#include "crypto/hkdf.h"

#define PREFIX "tls13 "
#define PREFIX_SIZE (sizeof PREFIX - 1)
#define CONTEXT_MAX 255 /* a ticket's nonce may be that long */

static btls_span
secret_span(int hash, const uint8_t *secret)
{
    return (btls_span){ secret, btls_hash_size(hash) };
}

/* HkdfLabel: length, "tls13 " + label, context. */
void
btls_expand_label(int hash, btls_span secret, const char *label, btls_span context,
                  uint8_t *out, size_t n)
{
    uint8_t info[2 + 1 + PREFIX_SIZE + BTLS_LABEL_MAX + 1 + CONTEXT_MAX];
    uint8_t *p = info;
    size_t label_size = strlen(label);
    *p++ = (uint8_t)(n >> 8);
    *p++ = (uint8_t)n;
    *p++ = (uint8_t)(PREFIX_SIZE + label_size);
    memcpy(p, PREFIX, PREFIX_SIZE);
    p += PREFIX_SIZE;
    memcpy(p, label, label_size);
    p += label_size;
    *p++ = (uint8_t)context.n;
    if (context.n > 0)
        memcpy(p, context.p, context.n);
    p += context.n;
    btls_hkdf_expand(hash, secret, (btls_span){ info, (size_t)(p - info) }, out, n);
}

void
btls_derive_secret(int hash, const uint8_t *secret, const char *label,
                   btls_span transcript_hash, uint8_t *out)
{
    btls_expand_label(hash, secret_span(hash, secret), label, transcript_hash, out,
                      btls_hash_size(hash));
}

static btls_span
empty_hash(int hash, uint8_t out[BTLS_HASH_MAX])
{
    return (btls_span){ out, btls_hash(hash, NULL, 0, out) };
}

/* From one stage to the next: Derive-Secret(., "derived", ""), then HKDF-Extract. */
static void
next_stage(btls_schedule *s, btls_span ikm)
{
    uint8_t salt[BTLS_HASH_MAX], empty[BTLS_HASH_MAX], next[BTLS_HASH_MAX];
    btls_derive_secret(s->hash, s->secret, "derived", empty_hash(s->hash, empty), salt);
    btls_hkdf_extract(s->hash, secret_span(s->hash, salt), ikm, next);
    memcpy(s->secret, next, btls_hash_size(s->hash));
    btls_wipe(salt, sizeof salt);
    btls_wipe(next, sizeof next);
}

static btls_span
zeros(int hash)
{
    static const uint8_t z[BTLS_HASH_MAX];
    return (btls_span){ z, btls_hash_size(hash) };
}

static void
early_secret(int hash, btls_span psk, uint8_t *out)
{
    uint8_t secret[BTLS_HASH_MAX];
    btls_hkdf_extract(hash, zeros(hash), psk.n > 0 ? psk : zeros(hash), secret);
    memcpy(out, secret, btls_hash_size(hash));
    btls_wipe(secret, sizeof secret);
}

void
btls_schedule_early(btls_schedule *s, int hash, btls_span psk)
{
    s->hash = hash;
    early_secret(hash, psk, s->secret);
}

void
btls_schedule_handshake(btls_schedule *s, btls_span shared, btls_span transcript)
{
    next_stage(s, shared);
    btls_derive_secret(s->hash, s->secret, "c hs traffic", transcript, s->client);
    btls_derive_secret(s->hash, s->secret, "s hs traffic", transcript, s->server);
}

void
btls_schedule_master(btls_schedule *s, btls_span transcript)
{
    next_stage(s, zeros(s->hash));
    btls_derive_secret(s->hash, s->secret, "c ap traffic", transcript, s->client);
    btls_derive_secret(s->hash, s->secret, "s ap traffic", transcript, s->server);
    btls_derive_secret(s->hash, s->secret, "exp master", transcript, s->exporter);
}

void
btls_schedule_resumption(btls_schedule *s, btls_span transcript)
{
    btls_derive_secret(s->hash, s->secret, "res master", transcript, s->resumption);
    btls_wipe(s->secret, sizeof s->secret);
}

void
btls_schedule_update(int hash, uint8_t *secret)
{
    uint8_t next[BTLS_HASH_MAX];
    btls_expand_label(hash, secret_span(hash, secret), "traffic upd",
                      (btls_span){ NULL, 0 }, next, btls_hash_size(hash));
    memcpy(secret, next, btls_hash_size(hash));
    btls_wipe(next, sizeof next);
}

void
btls_schedule_keys(int hash, const uint8_t *secret, uint8_t *key, size_t key_size,
                   uint8_t iv[12])
{
    static const btls_span none = { NULL, 0 };
    btls_expand_label(hash, secret_span(hash, secret), "key", none, key, key_size);
    btls_expand_label(hash, secret_span(hash, secret), "iv", none, iv, 12);
}

size_t
btls_schedule_finished(int hash, const uint8_t *secret, btls_span transcript,
                       uint8_t *out)
{
    uint8_t key[BTLS_HASH_MAX];
    btls_expand_label(hash, secret_span(hash, secret), "finished", (btls_span){ NULL, 0 },
                      key, btls_hash_size(hash));
    size_t n = btls_hmac(hash, secret_span(hash, key), &transcript, 1, out);
    btls_wipe(key, sizeof key);
    return n;
}

size_t
btls_schedule_binder(int hash, btls_span psk, int external, btls_span transcript,
                     uint8_t *out)
{
    uint8_t early[BTLS_HASH_MAX], key[BTLS_HASH_MAX], empty[BTLS_HASH_MAX];
    early_secret(hash, psk, early);
    btls_derive_secret(hash, early, external ? "ext binder" : "res binder",
                       empty_hash(hash, empty), key);
    size_t n = btls_schedule_finished(hash, key, transcript, out);
    btls_wipe(early, sizeof early);
    btls_wipe(key, sizeof key);
    return n;
}

size_t
btls_schedule_ticket(const btls_schedule *s, btls_span nonce, uint8_t *out)
{
    size_t n = btls_hash_size(s->hash);
    btls_expand_label(s->hash, secret_span(s->hash, s->resumption), "resumption", nonce,
                      out, n);
    return n;
}

int
btls_schedule_export(const btls_schedule *s, const char *label, btls_span context,
                     uint8_t *out, size_t n)
{
    uint8_t secret[BTLS_HASH_MAX], empty[BTLS_HASH_MAX], hashed[BTLS_HASH_MAX];
    if (strlen(label) > BTLS_LABEL_MAX || n > 255 * btls_hash_size(s->hash))
        return -1;
    btls_derive_secret(s->hash, s->exporter, label, empty_hash(s->hash, empty), secret);
    btls_span h = { hashed, btls_hash(s->hash, &context, 1, hashed) };
    btls_expand_label(s->hash, secret_span(s->hash, secret), "exporter", h, out, n);
    btls_wipe(secret, sizeof secret);
    return 0;
}
