/* fuzz_wire.c -- a mutual handshake and data between two sessions, over a wire that
 * changes what the input says: five bytes for each change. */
#include "common.h"

#include <stdlib.h>
#include <string.h>

#include "tls/names.h"

#define FLIGHTS 16

struct wire {
    const uint8_t *p;
    size_t n;
    int changed;
};

/* Changes a flight of n bytes in *bytes, which may be replaced; returns its new size. */
static size_t
change(struct wire *w, unsigned flight, uint8_t **bytes, size_t n)
{
    for (size_t i = 0; i + 5 <= w->n; i += 5) {
        const uint8_t *c = w->p + i;
        size_t at = (size_t)c[1] << 8 | c[2];
        if (c[0] >> 4 != flight || n == 0)
            continue;
        at %= n;
        w->changed = 1;
        switch (c[0] & 3) {
        case 0:
            (*bytes)[at] ^= c[3] != 0 ? c[3] : 1;
            break;
        case 1: /* cut out */
            if (c[4] < n - at) {
                memmove(*bytes + at, *bytes + at + c[4], n - at - c[4]);
                n -= c[4];
            } else {
                n = at;
            }
            break;
        case 2: /* repeat */
            *bytes = realloc(*bytes, n + c[4] + 1);
            if (c[4] > n - at)
                break;
            memmove(*bytes + at + c[4], *bytes + at, n - at);
            n += c[4];
            break;
        default: /* put in */
            *bytes = realloc(*bytes, n + 2);
            memmove(*bytes + at + 1, *bytes + at, n - at);
            (*bytes)[at] = c[3];
            n++;
        }
    }
    return n;
}

static int
carry(struct wire *w, unsigned flight, btls_session *from, btls_session *to)
{
    size_t n;
    uint8_t *bytes = fuzz_drain(from, &n);
    int moved = n > 0;
    n = change(w, flight, &bytes, n);
    btls_session_feed(to, bytes, n);
    free(bytes);
    return moved;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    btls_session client, server;
    btls_error e;
    struct wire w = { p, n, 0 };
    static const char text[] = "what the server says";
#ifdef MODERN
    fuzz_session_of(&client, fuzz_modern_config(1, BTLS_TLS13), 1, NULL);
    fuzz_session_of(&server, fuzz_modern_config(0, BTLS_TLS13), 0, NULL);
#else
    fuzz_session(&client, 1);
    fuzz_session(&server, 0);
#endif
    for (unsigned flight = 0; flight < FLIGHTS; flight += 2) {
        int there = carry(&w, flight, &client, &server);
        int back = carry(&w, flight + 1, &server, &client);
        if (!there && !back)
            break;
        if (flight == 4)
            btls_session_write(&server, (const uint8_t *)text, sizeof text, &e);
    }
    btls_span got = btls_queue_bytes(&client.in);
    FUZZ_CHECK(got.n == 0 || (got.n == sizeof text && memcmp(got.p, text, got.n) == 0));
    FUZZ_CHECK(btls_queue_size(&server.in) == 0);
    if (!w.changed)
        FUZZ_CHECK(client.state == BTLS_STATE_OPEN && server.state == BTLS_STATE_OPEN);
    fuzz_session_end(&client);
    fuzz_session_end(&server);
    return 0;
}
