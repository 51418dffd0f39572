/* fuzz_modern.c -- a peer of the modern engine that has the keys. It says what a real
 * peer says, message by message: as it is, changed, or something else in its place, in
 * records that are protected as they have to be. First byte: bit 0 the session that is
 * put to the test is a client, bit 1 TLS 1.2, bit 2 resumed. Then one byte says what to
 * do, and what it needs follows. */
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "tls/modern.h"

#define MESSAGE_MOST 1024

typedef struct {
    btls_span input;
    btls_session tested, peer;
    btls_records forged; /* protects as the peer does at that point of its trace */
    size_t said;         /* events of the peer's trace that have been followed */
    int changed;         /* what the tested session hears is not what the peer said */
    int must_fail;       /* a message of the handshake was changed */
} fuzz;

static size_t
take(fuzz *f, int bytes)
{
    size_t v = 0;
    for (; bytes > 0; bytes--) {
        v <<= 8;
        if (f->input.n > 0) {
            v |= *f->input.p++;
            f->input.n--;
        }
    }
    return v;
}

static modern *
engine_of(const btls_session *s)
{
    return (modern *)(void *)s->engine;
}

/* The peer's handshake keys of TLS 1.3 are only where a handshake still goes on. */
static void
install_handshake_keys(fuzz *f)
{
    const modern *m = engine_of(&f->peer);
    const handshake *hs = m->hs != NULL ? m->hs : engine_of(&f->tested)->hs;
    uint8_t key[BTLS_AEAD_KEY_MAX], iv[BTLS_AEAD_NONCE];
    if (hs == NULL)
        return;
    btls_schedule_keys(m->suite->hash,
                       f->peer.is_client ? hs->client_secret : hs->server_secret, key,
                       btls_aead_key_size(m->suite->aead), iv);
    btls_records_install(&f->forged, 1, m->suite->aead, key, iv);
}

static void
install(fuzz *f, int what)
{
    const modern *m = engine_of(&f->peer);
    btls_records_set_version(&f->forged, m->version);
    if (what == BTLS_TRACE_HANDSHAKE_KEYS) {
        install_handshake_keys(f);
        return;
    }
    f->forged.directions[1] = m->records.directions[1];
    f->forged.directions[1].sequence = 0;
}

static void
feed(fuzz *f, int type, btls_span body)
{
    btls_queue out;
    btls_queue_init(&out, &fuzz_alloc);
    FUZZ_CHECK(btls_records_send(&f->forged, type, body, &out));
    btls_span record = btls_queue_bytes(&out);
    int bad = btls_session_feed(&f->tested, record.p, record.n);
    FUZZ_CHECK((bad != 0) == btls_session_failed(&f->tested));
    btls_queue_clear(&out);
}

/* What the tested session says goes to the peer as long as the two agree. */
static void
answer(fuzz *f)
{
    size_t n;
    uint8_t *bytes = fuzz_drain(&f->tested, &n);
    if (!f->changed && n > 0)
        btls_session_feed(&f->peer, bytes, n);
    free(bytes);
}

/* The next handshake message that the peer said; what it did before, is done too. NULL:
 * it has no more to say. */
static const btls_event *
next_message(fuzz *f)
{
    const btls_event *e = btls_trace_first(&f->peer.trace);
    for (size_t i = 0; i < f->said && e != NULL; i++)
        e = e->next;
    for (; e != NULL; e = e->next) {
        f->said++;
        if (!e->sent)
            continue;
        if (e->content_type == BTLS_TRACE_KEYS)
            install(f, e->raw[0]);
        else if (e->content_type == BTLS_CHANGE_CIPHER_SPEC)
            btls_session_feed(&f->tested, (const uint8_t *)"\x14\x03\x03\0\1\1", 6);
        else if (e->content_type == BTLS_HANDSHAKE)
            return e;
    }
    return NULL;
}

static void
say(fuzz *f, int how)
{
    uint8_t copy[MESSAGE_MOST + 4];
    const btls_event *e = next_message(f);
    if (e == NULL)
        return;
    size_t n = e->raw_size;
    if (how == 0 || n > MESSAGE_MOST) {
        feed(f, BTLS_HANDSHAKE, (btls_span){ e->raw, n });
        return;
    }
    memcpy(copy, e->raw, n);
    size_t at = take(f, 2) % n;
    if (how == 1) { /* another byte */
        uint8_t mask = (uint8_t)take(f, 1);
        copy[at] ^= mask != 0 ? mask : 1;
    } else if (how == 2 && at >= 4) { /* one more; the length is right */
        memmove(copy + at + 1, copy + at, n - at);
        copy[at] = (uint8_t)take(f, 1);
        n++;
    } else { /* cut off; the length is right */
        n = at < 4 ? 4 : at;
    }
    copy[1] = how == 1 ? copy[1] : 0;
    if (how != 1) {
        copy[2] = (uint8_t)((n - 4) >> 8);
        copy[3] = (uint8_t)(n - 4);
    }
    if (n != e->raw_size || memcmp(copy, e->raw, n) != 0) {
        f->changed = 1;
        f->must_fail |= f->tested.state == BTLS_STATE_HANDSHAKE;
    }
    feed(f, BTLS_HANDSHAKE, (btls_span){ copy, n });
}

/* Anything at all: a message with a right header, or a record. */
static void
invent(fuzz *f, int is_message)
{
    uint8_t copy[MESSAGE_MOST + 4];
    int type = (int)take(f, 1);
    size_t n = take(f, 1) * 4, head = is_message ? 4 : 0;
    if (n > f->input.n)
        n = f->input.n;
    memcpy(copy + head, f->input.p, n);
    f->input.p += n;
    f->input.n -= n;
    if (is_message) {
        copy[0] = (uint8_t)type;
        copy[1] = 0;
        copy[2] = (uint8_t)(n >> 8);
        copy[3] = (uint8_t)n;
    }
    f->changed = 1;
    feed(f, is_message ? BTLS_HANDSHAKE : 20 + type % 5, (btls_span){ copy, head + n });
}

static void
act(fuzz *f)
{
    btls_error e;
    size_t what = take(f, 1);
    switch (what % 8) {
    case 5:
        invent(f, 1);
        break;
    case 6:
        invent(f, 0);
        break;
    case 7:
        btls_session_write(&f->tested, (const uint8_t *)"data", 4, &e);
        break;
    default:
        say(f, what % 8 > 3 ? 0 : (int)(what % 8));
    }
    answer(f);
}

/* A ticket of an earlier session, one for each version. */
static btls_resumption *
ticket_of(unsigned version)
{
    static btls_resumption *kept[2];
    btls_resumption **r = &kept[version == BTLS_TLS13];
    if (*r == NULL) {
        btls_session client, server;
        fuzz_session_of(&client, fuzz_modern_config(1, version), 1, NULL);
        fuzz_session_of(&server, fuzz_modern_config(0, version), 0, NULL);
        for (int i = 0; i < 4; i++) {
            size_t n;
            uint8_t *bytes = fuzz_drain(&client, &n);
            btls_session_feed(&server, bytes, n);
            free(bytes);
            bytes = fuzz_drain(&server, &n);
            btls_session_feed(&client, bytes, n);
            free(bytes);
        }
        FUZZ_CHECK(client.has_resumption);
        *r = malloc(sizeof **r);
        btls_resumption_init(*r, &fuzz_alloc);
        client.resumption.peer = client.peer; /* borrowed */
        FUZZ_CHECK(btls_resumption_copy(*r, &client.resumption));
        memset(&client.resumption.peer, 0, sizeof client.resumption.peer);
        fuzz_session_end(&client);
        fuzz_session_end(&server);
    }
    btls_resumption *copy = btls_zalloc(&fuzz_alloc, sizeof *copy);
    btls_resumption_init(copy, &fuzz_alloc);
    FUZZ_CHECK(btls_resumption_copy(copy, *r));
    return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static fuzz f;
    memset(&f, 0, sizeof f);
    f.input = (btls_span){ p, n };
    size_t first = take(&f, 1);
    int is_client = first & 1;
    unsigned version = first & 2 ? BTLS_TLS12 : BTLS_TLS13;
    btls_resumption *ticket = first & 4 ? ticket_of(version) : NULL;
    btls_records_init(&f.forged);
    fuzz_session_of(&f.tested, fuzz_modern_config(is_client, version), is_client,
                    is_client ? ticket : NULL);
    fuzz_session_of(&f.peer, fuzz_modern_config(!is_client, version), !is_client,
                    is_client ? NULL : ticket);
    answer(&f);
    while (f.input.n > 0 && f.tested.state != BTLS_STATE_FAILED) {
        act(&f);
        FUZZ_CHECK(!f.must_fail || f.tested.state == BTLS_STATE_HANDSHAKE ||
                   f.tested.state == BTLS_STATE_FAILED);
    }
    fuzz_session_end(&f.tested);
    fuzz_session_end(&f.peer);
    btls_records_wipe(&f.forged);
    return 0;
}
