/* system.h -- what differs between operating systems, and nothing else: random bytes, the
 * process, clocks. */
#ifndef BTLS_CORE_SYSTEM_H
#define BTLS_CORE_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

/* Fills n bytes from the system's generator (getrandom, getentropy, BCryptGenRandom). 1,
 * or 0 when it gives none. */
int btls_system_random(void *p, size_t n);

/* A number that differs in a forked child. */
long btls_system_process(void);

/* Seconds since some moment, never going back: for differences. */
double btls_system_clock(void);

/* Seconds since 1970-01-01T00:00:00Z. */
int64_t btls_system_time(void);

#endif
