/* fuzz_ticket.c -- a ticket that was kept elsewhere: decoding, encoding, offering it. */
#include "common.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
offer(btls_span bytes)
{
    btls_session s;
    btls_error e;
    btls_resumption *r = btls_zalloc(&fuzz_alloc, sizeof *r);
    btls_resumption_init(r, &fuzz_alloc);
    FUZZ_CHECK(btls_resumption_decode(r, bytes, &e) == 0);
    memset(&s, 0, sizeof s);
    s.alloc = fuzz_alloc;
    FUZZ_CHECK(btls_session_start(&s, fuzz_client_config(), 1, "localhost", 1780272000, r,
                                  &e) == 0);
    btls_session_clear(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    btls_resumption r;
    btls_error e;
    btls_queue out;
    btls_resumption_init(&r, &fuzz_alloc);
    btls_queue_init(&out, &fuzz_alloc);
    if (btls_resumption_decode(&r, (btls_span){ p, n }, &e) == 0) {
        FUZZ_CHECK(btls_resumption_encode(&r, &out, &e) == 0);
        btls_resumption_usable(&r, r.server_name, 1780272000, 0);
        btls_resumption_clear(&r);
        btls_resumption_init(&r, &fuzz_alloc);
        FUZZ_CHECK(btls_resumption_decode(&r, btls_queue_bytes(&out), &e) == 0);
        offer((btls_span){ p, n });
    }
    btls_resumption_clear(&r);
    btls_queue_clear(&out);
    return 0;
}
