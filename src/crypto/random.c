/* random.c -- random bytes from the system. BearSSL 0.6 would seed itself from RDRAND alone where
 * the processor has it; we never rely on that. */
#include "crypto/random.h"

#include "core/bytes.h"

#if defined(_WIN32)
#include <windows.h>

#include <bcrypt.h>
#else
#include <errno.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/random.h>
#endif
#if defined(__APPLE__)
#include <sys/random.h>
#endif
#endif

#if defined(_WIN32)
static int
fill(unsigned char *p, size_t n)
{
    return BCryptGenRandom(NULL, p, (ULONG)n, BCRYPT_USE_SYSTEM_PREFERRED_RNG) == 0;
}
#elif defined(__linux__)
static int
fill(unsigned char *p, size_t n)
{
    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return 0;
        p += got;
        n -= (size_t)got;
    }
    return 1;
}
#else
static int
fill(unsigned char *p, size_t n)
{
    /* getentropy gives at most 256 bytes a call. */
    while (n > 0) {
        size_t k = n < 256 ? n : 256;
        if (getentropy(p, k) != 0)
            return 0;
        p += k;
        n -= k;
    }
    return 1;
}
#endif

int
btls_random(void *p, size_t n, btls_error *e)
{
    if (fill(p, n))
        return 0;
    return btls_error_set(e, "io_no_random", 80, "the system gave no random bytes");
}

long
btls_random_process(void)
{
#if defined(_WIN32)
    return (long)GetCurrentProcessId();
#else
    return (long)getpid();
#endif
}

int
btls_random_drbg(br_hmac_drbg_context *drbg, btls_error *e)
{
    unsigned char seed[48];
    if (btls_random(seed, sizeof seed, e) != 0)
        return -1;
    br_hmac_drbg_init(drbg, &br_sha256_vtable, seed, sizeof seed);
    btls_wipe(seed, sizeof seed);
    return 0;
}
