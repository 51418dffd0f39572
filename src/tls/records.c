/* records.c -- the record layer of the modern engine. */
#include "tls/records.h"

#include <string.h>

#define EXPLICIT_NONCE 8
/* How much longer than 2^14 a protected record may ever be (RFC 5246, 6.2.3; RFC 8446,
 * 5.2). */
#define EXPANSION_12 2048
#define EXPANSION_13 256
/* Records under one key: RFC 8446, 5.5 has 2^24.5 for AES-GCM, RFC 9147, 4.5.3 has 2^23
 * for AES-CCM. The power of two below is simpler to trust. */
#define GCM_WORN ((uint64_t)1 << 24)
#define CCM_WORN ((uint64_t)1 << 22)
/* Bytes of early data that a client may have sent in vain: what servers commonly allow.
 */
#define EARLY_DATA_MAX 16384

void
btls_records_init(btls_records *r)
{
    memset(r, 0, sizeof *r);
    r->peer = "the peer";
    r->limits[0] = r->limits[1] = r->plain_limit = BTLS_FULL_FRAGMENT;
}

void
btls_records_wipe(btls_records *r)
{
    btls_wipe(r, sizeof *r);
}

void
btls_records_set_version(btls_records *r, unsigned version)
{
    r->version = version;
}

/* TLS 1.2 sends the varying half of an AES nonce along (RFC 5288, 3; RFC 6655, 3). */
static size_t
explicit_size(const btls_records *r, const btls_direction *d)
{
    return r->version < BTLS_TLS13 && d->aead.kind != BTLS_CHACHA20_POLY1305
               ? EXPLICIT_NONCE
               : 0;
}

void
btls_records_install(btls_records *r, int sent, enum btls_aead_kind kind,
                     const uint8_t *key, const uint8_t *iv)
{
    btls_direction *d = &r->directions[sent];
    btls_wipe(d, sizeof *d);
    btls_aead_init(&d->aead, kind, key);
    d->active = 1;
    memcpy(d->iv, iv, BTLS_AEAD_NONCE - explicit_size(r, d));
}

void
btls_records_limit_sent(btls_records *r, size_t limit)
{
    r->limits[1] = limit;
}

void
btls_records_limit_received(btls_records *r, size_t limit)
{
    r->limits[0] = limit;
}

void
btls_records_limit_plain(btls_records *r, size_t limit)
{
    r->plain_limit = limit;
}

void
btls_records_pad(btls_records *r, size_t multiple)
{
    r->padding = multiple;
}

void
btls_records_skip_early_data(btls_records *r)
{
    r->skip_early_data = 1;
}

int
btls_records_worn(const btls_records *r)
{
    const btls_direction *d = &r->directions[1];
    if (!d->active || r->version < BTLS_TLS13)
        return 0;
    switch (d->aead.kind) {
    case BTLS_CHACHA20_POLY1305:
        return 0; /* the sequence numbers end first */
    case BTLS_AES_128_GCM:
    case BTLS_AES_256_GCM:
        return d->sequence >= GCM_WORN;
    default:
        return d->sequence >= CCM_WORN;
    }
}

/* ---- nonces and additional data ---- */

static void
put64(uint8_t *to, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)(v >> (56 - 8 * i));
}

/* RFC 8446, 5.3 and RFC 7905, 2: IV xor sequence number; else IV and explicit part. */
static void
make_nonce(const btls_direction *d, const uint8_t *explicit_part,
           uint8_t nonce[BTLS_AEAD_NONCE])
{
    uint8_t sequence[8];
    memcpy(nonce, d->iv, BTLS_AEAD_NONCE);
    if (explicit_part != NULL) {
        memcpy(nonce + 4, explicit_part, EXPLICIT_NONCE);
        return;
    }
    put64(sequence, d->sequence);
    for (int i = 0; i < 8; i++)
        nonce[4 + i] ^= sequence[i];
}

/* RFC 8446, 5.2: the header; RFC 5246, 6.2.3.3: sequence number, type, version and the
 * length of the plaintext. */
static btls_span
make_aad(const btls_records *r, const btls_direction *d, const uint8_t *header,
         size_t plain_size, uint8_t aad[13])
{
    if (r->version >= BTLS_TLS13) {
        memcpy(aad, header, BTLS_RECORD_HEADER_SIZE);
        return (btls_span){ aad, BTLS_RECORD_HEADER_SIZE };
    }
    put64(aad, d->sequence);
    memcpy(aad + 8, header, 3);
    aad[11] = (uint8_t)(plain_size >> 8);
    aad[12] = (uint8_t)plain_size;
    return (btls_span){ aad, 13 };
}

/* ---- receiving ---- */

/* The sentences go on behind the peer's name. */
static int
overflow(const btls_records *r, btls_error *e)
{
    return btls_error_set(e, "peer_record_length", BTLS_ALERT_RECORD_OVERFLOW,
                          "%s sent a record that is longer than it may be", r->peer);
}

static int
changed(const btls_records *r, btls_error *e)
{
    return btls_error_set(e, "peer_bad_record_mac", BTLS_ALERT_BAD_RECORD_MAC,
                          "%s sent a record that was changed on its way", r->peer);
}

static int
unexpected(const btls_records *r, btls_error *e, const char *what)
{
    return btls_error_set(e, "peer_unexpected_message", BTLS_ALERT_UNEXPECTED_MESSAGE,
                          "%s sent %s", r->peer, what);
}

static size_t
header_length(const btls_records *r)
{
    return (size_t)r->header[3] << 8 | r->header[4];
}

/* A record of TLS 1.3 that is in the clear although there are keys: the compatible
 * change_cipher_spec (RFC 8446, 5), or the alert of a peer that has not got as far as
 * having any. */
static int
in_the_clear(const btls_records *r)
{
    return !r->directions[0].active ||
           (r->version >= BTLS_TLS13 && (r->header[0] == BTLS_CHANGE_CIPHER_SPEC ||
                                         (r->header[0] == BTLS_ALERT && !r->opened)));
}

/* The longest record that could be in order. A protected one cannot be longer than its
 * plaintext and what its AEAD adds; early data has keys that we do not know. */
static size_t
longest(const btls_records *r)
{
    const btls_direction *d = &r->directions[0];
    if (r->skip_early_data && r->header[0] == BTLS_APPLICATION_DATA)
        return BTLS_FULL_FRAGMENT + EXPANSION_13;
    if (in_the_clear(r))
        return r->plain_limit;
    return r->limits[0] + explicit_size(r, d) + (r->version >= BTLS_TLS13) +
           btls_aead_tag_size(d->aead.kind);
}

static int
begin_record(btls_records *r, btls_error *e)
{
    const uint8_t *h = r->header;
    if (h[0] < BTLS_CHANGE_CIPHER_SPEC || h[0] > BTLS_APPLICATION_DATA)
        return btls_error_set(e, "peer_bad_record", BTLS_ALERT_UNEXPECTED_MESSAGE,
                              "%s sent something that is no TLS record", r->peer);
    /* TLS 1.3 ignores the version (RFC 8446, 5.1); before, what is not 3.x is none. */
    if (r->version < BTLS_TLS13 &&
        (h[1] != 3 || (r->version != 0 && ((unsigned)h[1] << 8 | h[2]) != r->version)))
        return btls_error_set(e, "peer_version", BTLS_ALERT_PROTOCOL_VERSION,
                              "%s sent a record of another version than was negotiated",
                              r->peer);
    if (header_length(r) > longest(r))
        return overflow(r, e);
    r->body_left = header_length(r);
    r->explicit_left = in_the_clear(r) ? 0 : explicit_size(r, &r->directions[0]);
    return 0;
}

static int
take_body(btls_records *r, btls_queue *q, const uint8_t **p, size_t *n)
{
    while (r->explicit_left > 0 && r->body_left > 0 && *n > 0) {
        r->explicit_nonce[EXPLICIT_NONCE - r->explicit_left] = **p;
        r->explicit_left--;
        r->body_left--;
        (*p)++;
        (*n)--;
    }
    size_t k = *n < r->body_left ? *n : r->body_left;
    /* Room for all that is here, whatever is in it: no growing in steps. */
    if (k > 0 && (btls_queue_room(q, *n) == NULL || !btls_queue_hold(q, *p, k)))
        return 0;
    *p += k;
    *n -= k;
    r->body_left -= k;
    return 1;
}

/* The content type is the last byte that is not zero (RFC 8446, 5.4). How much padding
 * there was is known to the two ends alone: looking for it must not tell. */
static int
strip_padding(const btls_records *r, btls_record *record, btls_error *e)
{
    btls_span *b = &record->body;
    if (b->n > r->limits[0] + 1) /* while early data was awaited */
        return overflow(r, e);
    b->n = btls_size_unpadded(b->p, b->n);
    if (b->n == 0)
        return unexpected(r, e, "a record that is nothing but padding");
    record->type = b->p[--b->n];
    if (record->type < BTLS_ALERT || record->type > BTLS_APPLICATION_DATA)
        return unexpected(r, e, "a protected record of a type that it must not have");
    return 0;
}

/* Opens n bytes at data, tag included, in place. */
static int
open_record(btls_records *r, uint8_t *data, size_t n, btls_record *record, btls_error *e)
{
    btls_direction *d = &r->directions[0];
    uint8_t nonce[BTLS_AEAD_NONCE], aad[13];
    size_t tag = btls_aead_tag_size(d->aead.kind);
    if (r->version >= BTLS_TLS13 && record->type != BTLS_APPLICATION_DATA)
        return unexpected(r, e, "a record that is not protected although it has to be");
    if (d->sequence == UINT64_MAX)
        return btls_error_set(e, "peer_too_many_records", BTLS_ALERT_INTERNAL_ERROR,
                              "%s sent more records than there are sequence numbers",
                              r->peer);
    if (n < tag)
        return changed(r, e);
    n -= tag;
    make_nonce(d, explicit_size(r, d) > 0 ? r->explicit_nonce : NULL, nonce);
    if (!btls_aead_open(&d->aead, nonce, make_aad(r, d, r->header, n, aad), data, n))
        return changed(r, e);
    d->sequence++;
    r->opened = 1;
    r->skip_early_data = 0;
    record->body = (btls_span){ data, n };
    record->encrypted = 1;
    return r->version >= BTLS_TLS13 ? strip_padding(r, record, e) : 0;
}

/* RFC 8446, 4.2.10. Records that cannot be opened, and before there are keys all
 * application data, until there is something else. */
static int
is_refused_early_data(btls_records *r, const btls_record *record, int opened)
{
    /* Its keys are as secret to us as its content: tag and content type are assumed. */
    static const size_t around = BTLS_AEAD_TAG_MAX + 1;
    size_t n = header_length(r);
    if (!r->skip_early_data || opened || record->type != BTLS_APPLICATION_DATA)
        return 0;
    r->skipped += n > around ? n - around : 1;
    return r->skipped <= EARLY_DATA_MAX;
}

static enum btls_record_result
finish_record(btls_records *r, btls_queue *q, btls_record *record, btls_error *e)
{
    uint8_t *data = q->p == NULL ? NULL : q->p + q->tail;
    int clear = in_the_clear(r), bad = 0;
    r->header_have = 0;
    record->type = r->header[0];
    record->version = (unsigned)r->header[1] << 8 | r->header[2];
    record->encrypted = 0;
    record->body = (btls_span){ data, q->held };
    if (!clear)
        bad = open_record(r, data, q->held, record, e);
    if (is_refused_early_data(r, record, record->encrypted)) {
        btls_queue_commit(q, 0);
        return BTLS_RECORD_SKIPPED;
    }
    if (clear && record->type == BTLS_HANDSHAKE)
        r->skip_early_data = 0; /* a second ClientHello: it announces no more */
    /* RFC 8446, 5.1; RFC 5246, 6.2.1 */
    if (!bad && record->body.n == 0 && record->type != BTLS_APPLICATION_DATA)
        bad = unexpected(r, e, "an empty record of a type that must not be");
    return bad ? BTLS_RECORD_BAD : BTLS_RECORD_READY;
}

enum btls_record_result
btls_records_receive(btls_records *r, btls_queue *q, const uint8_t **p, size_t *n,
                     btls_record *record, btls_error *e)
{
    while (r->header_have < BTLS_RECORD_HEADER_SIZE) {
        if (*n == 0)
            return BTLS_RECORD_MORE;
        r->header[r->header_have++] = *(*p)++;
        (*n)--;
        if (r->header_have == BTLS_RECORD_HEADER_SIZE && begin_record(r, e) != 0)
            return BTLS_RECORD_BAD;
    }
    if (!take_body(r, q, p, n)) {
        btls_error_memory(e);
        return BTLS_RECORD_BAD;
    }
    return r->body_left > 0 ? BTLS_RECORD_MORE : finish_record(r, q, record, e);
}

void
btls_records_done(btls_queue *q, const btls_record *record, int keep)
{
    btls_queue_commit(q, keep ? record->body.n : 0);
}

/* ---- sending ---- */

static void
put_header(uint8_t *to, int type, unsigned version, size_t n)
{
    to[0] = (uint8_t)type;
    to[1] = (uint8_t)(version >> 8);
    to[2] = (uint8_t)version;
    to[3] = (uint8_t)(n >> 8);
    to[4] = (uint8_t)n;
}

/* Appends content type and padding to n bytes of content; returns the size of all. */
static size_t
close_inner(const btls_records *r, int type, uint8_t *data, size_t n)
{
    size_t most = r->limits[1] + 1, size = n + 1;
    if (r->padding > 0)
        size += (r->padding - size % r->padding) % r->padding;
    if (size > most)
        size = most;
    data[n] = (uint8_t)type;
    memset(data + n + 1, 0, size - n - 1);
    return size;
}

/* One record at `to`, where there is room; returns its size. */
static size_t
seal_record(btls_records *r, int type, btls_span plain, uint8_t *to)
{
    btls_direction *d = &r->directions[1];
    uint8_t nonce[BTLS_AEAD_NONCE], aad[13];
    size_t before = explicit_size(r, d), n = plain.n;
    uint8_t *data = to + BTLS_RECORD_HEADER_SIZE + before;
    if (before > 0)
        put64(data - before, d->sequence);
    make_nonce(d, before > 0 ? data - before : NULL, nonce);
    if (n > 0)
        memcpy(data, plain.p, n);
    if (r->version >= BTLS_TLS13) {
        n = close_inner(r, type, data, n);
        type = BTLS_APPLICATION_DATA;
    }
    size_t body = before + n + btls_aead_tag_size(d->aead.kind);
    put_header(to, type, BTLS_TLS12, body);
    btls_aead_seal(&d->aead, nonce, make_aad(r, d, to, n, aad), data, n);
    d->sequence++;
    return BTLS_RECORD_HEADER_SIZE + body;
}

static size_t
clear_record(const btls_records *r, int type, btls_span plain, uint8_t *to)
{
    int first = r->version == 0 && type == BTLS_HANDSHAKE;
    put_header(to, type, first ? BTLS_TLS10 : BTLS_TLS12, plain.n);
    if (plain.n > 0)
        memcpy(to + BTLS_RECORD_HEADER_SIZE, plain.p, plain.n);
    return BTLS_RECORD_HEADER_SIZE + plain.n;
}

int
btls_records_send(btls_records *r, int type, btls_span bytes, btls_queue *out)
{
    /* What a record has besides its plaintext, at most. */
    const size_t around =
        BTLS_RECORD_HEADER_SIZE + EXPLICIT_NONCE + 1 + BTLS_AEAD_TAG_MAX + r->padding;
    size_t limit = r->limits[1];
    int active = r->directions[1].active;
    /* Room for all of them at once: no growing in steps. */
    if (btls_queue_room(out, bytes.n + (bytes.n / limit + 1) * around) == NULL)
        return 0;
    do {
        btls_span part = { bytes.p, bytes.n < limit ? bytes.n : limit };
        uint8_t *to = btls_queue_room(out, part.n + around);
        if (to == NULL || (active && r->directions[1].sequence == UINT64_MAX))
            return 0;
        btls_queue_grew(out, active ? seal_record(r, type, part, to)
                                    : clear_record(r, type, part, to));
        bytes.p += part.n;
        bytes.n -= part.n;
    } while (bytes.n > 0);
    return 1;
}

int
btls_records_send_plain(int type, btls_span bytes, btls_queue *out)
{
    uint8_t header[BTLS_RECORD_HEADER_SIZE];
    put_header(header, type, BTLS_TLS12, bytes.n);
    return btls_queue_push(out, header, sizeof header) &&
           btls_queue_push(out, bytes.p, bytes.n);
}
