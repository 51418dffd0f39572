/* fuzz_session.c -- bytes from the wire for a server (CLIENT undefined) or a client; for
 * one that the modern engine alone serves (MODERN). The first byte says in which pieces
 * they come. */
#include "common.h"

#include "tls/names.h"

#ifdef CLIENT
#define IS_CLIENT 1
#else
#define IS_CLIENT 0
#endif

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    btls_session s;
    size_t piece = n > 0 && p[0] > 0 ? p[0] : SIZE_MAX;
#ifdef MODERN
    fuzz_session_of(&s, fuzz_modern_config(IS_CLIENT, BTLS_TLS13), IS_CLIENT, NULL);
#else
    fuzz_session(&s, IS_CLIENT);
#endif
    for (size_t i = n > 0; i < n;) {
        size_t k = n - i < piece ? n - i : piece;
        int bad = btls_session_feed(&s, p + i, k);
        FUZZ_CHECK((bad != 0) == btls_session_failed(&s));
        /* Who knows no key cannot get anything through. */
        FUZZ_CHECK(btls_queue_size(&s.in) == 0 && s.state != BTLS_STATE_OPEN);
        i += k;
    }
    fuzz_session_end(&s);
    return 0;
}
