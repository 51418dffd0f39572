/* random.h -- random bytes from the system; the only file that differs between systems. */
#ifndef BTLS_CRYPTO_RANDOM_H
#define BTLS_CRYPTO_RANDOM_H

#include <bearssl.h>

#include "core/error.h"

/* Fills n bytes from the system's generator (getrandom, getentropy or BCryptGenRandom). Never blocks after
 * boot. 0, or -1 with *e set (io_no_random): then nothing may go on. */
int btls_random(void *p, size_t n, btls_error *e);

/* A number that changes in a forked child: who keeps a generator seeds it again when this differs from
 * what it was at the last seeding. */
long btls_random_process(void);

/* A BearSSL generator (HMAC-DRBG with SHA-256) seeded from the system. 0, or -1 with *e set. */
int btls_random_drbg(br_hmac_drbg_context *drbg, btls_error *e);

#endif
