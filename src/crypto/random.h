/* random.h -- random bytes and generators that are seeded from the system. */
#ifndef BTLS_CRYPTO_RANDOM_H
#define BTLS_CRYPTO_RANDOM_H

#include <bearssl.h>

#include "core/error.h"

/* Fills n bytes from the system's generator. 0, or -1 with *e set (io_no_random): then
 * nothing may go on. */
int btls_random(void *p, size_t n, btls_error *e);

/* A BearSSL generator (HMAC-DRBG with SHA-256) seeded from the system: BearSSL 0.6 itself
 * would believe RDRAND alone where the processor has it. 0, or -1 with *e set
 * (io_no_random). */
int btls_random_drbg(br_hmac_drbg_context *drbg, btls_error *e);

#endif
