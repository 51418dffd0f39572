/* system.c -- what differs between operating systems: random bytes, the process, clocks.
 */
#include "core/system.h"

#include <time.h>

#if defined(_WIN32)

#include <windows.h>

#include <bcrypt.h>

int
btls_system_random(void *p, size_t n)
{
    return BCryptGenRandom(NULL, p, (ULONG)n, BCRYPT_USE_SYSTEM_PREFERRED_RNG) == 0;
}

long
btls_system_process(void)
{
    return (long)GetCurrentProcessId();
}

double
btls_system_clock(void)
{
    LARGE_INTEGER now, per_second;
    QueryPerformanceFrequency(&per_second);
    QueryPerformanceCounter(&now);
    return (double)now.QuadPart / (double)per_second.QuadPart;
}

#else

#include <errno.h>
#include <unistd.h>
#if defined(__linux__) || defined(__APPLE__)
#include <sys/random.h>
#endif

int
btls_system_random(void *p, size_t n)
{
    unsigned char *to = p;
    while (n > 0) {
#if defined(__linux__)
        ssize_t got = getrandom(to, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
#else
        /* getentropy gives at most 256 bytes a call. */
        size_t want = n < 256 ? n : 256;
        ssize_t got = getentropy(to, want) == 0 ? (ssize_t)want : -1;
#endif
        if (got <= 0)
            return 0;
        to += got;
        n -= (size_t)got;
    }
    return 1;
}

long
btls_system_process(void)
{
    return (long)getpid();
}

double
btls_system_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#endif

int64_t
btls_system_time(void)
{
    return (int64_t)time(NULL);
}
