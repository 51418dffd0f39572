/* random.c -- random bytes and generators that are seeded from the system. */
#include "crypto/random.h"

#include "core/bytes.h"
#include "core/system.h"

int
btls_random(void *p, size_t n, btls_error *e)
{
    if (btls_system_random(p, n))
        return 0;
    btls_error_set(e, "io_no_random", 80, "the system gave no random bytes");
    btls_error_hint(e,
                    "is getrandom forbidden here, by a container or a seccomp filter?");
    return -1;
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
