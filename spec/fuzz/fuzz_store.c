/* fuzz_store.c -- a server with a store: bytes from the wire, and what the store answers
 * to them; what a client finds in its own. The first byte says how long the values are
 * that are made of the other end of the input. */
#include "common.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const btls_config *
store_config(void)
{
    static btls_config c;
    btls_error e;
    if (c.suite_count == 0) {
        c = *fuzz_modern_config(0, BTLS_TLS13);
        c.store = 1;
        FUZZ_CHECK(btls_config_make_store_secret(&c, &e) == 0);
    }
    return &c;
}

/* Everything that is wanted is answered, so that the session goes on. */
static void
answer(btls_session *s, btls_span value)
{
    uint8_t key[BTLS_STORE_KEY_SIZE];
    int once, count = 0;
    while (btls_session_wanted_key(s, key, &once)) {
        FUZZ_CHECK(s->state == BTLS_STATE_HELLO && ++count <= BTLS_STORE_WANTED);
        btls_session_resume_with(s, value);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const uint8_t key[BTLS_STORE_KEY_SIZE];
    const btls_config *c = store_config();
    btls_session s;
    btls_queue ticket;
    size_t size = n > 0 && p[0] < n ? p[0] : 0;
    btls_span value = { p + n - size, size };
    fuzz_session_of(&s, c, 0, NULL);
    FUZZ_CHECK(btls_session_use_store(&s, (btls_span){ NULL, 0 }) == 0);
    if (n > 1)
        btls_session_feed(&s, p + 1, n - 1);
    answer(&s, value);
    FUZZ_CHECK(s.state != BTLS_STATE_HELLO && s.state != BTLS_STATE_OPEN);
    if (s.store != NULL) {
        btls_store_entry *entry = btls_store_next(s.store);
        FUZZ_CHECK(entry == NULL || entry->task == BTLS_STORE_FORGET);
    }
    fuzz_session_end(&s);
    btls_queue_init(&ticket, &fuzz_alloc);
    FUZZ_CHECK(!btls_store_open_ticket(c, key, value, &ticket));
    btls_queue_clear(&ticket);
    return 0;
}
