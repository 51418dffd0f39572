/* hash_set.c -- one hash for a set of things, whatever order they came in. */
#include "crypto/hash_set.h"

#include <string.h>

static void
swap(uint8_t a[32], uint8_t b[32])
{
    uint8_t kept[32];
    memcpy(kept, a, sizeof kept);
    memcpy(a, b, sizeof kept);
    memcpy(b, kept, sizeof kept);
}

/* Moves hash i down its heap of n. */
static void
sift(uint8_t (*hashes)[32], size_t i, size_t n)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && memcmp(hashes[child], hashes[child + 1], 32) < 0)
            child++;
        if (memcmp(hashes[child], hashes[i], 32) <= 0)
            return;
        swap(hashes[child], hashes[i]);
    }
}

/* Heap sort: bounded whatever order they come in. */
static void
sort(uint8_t (*hashes)[32], size_t count)
{
    for (size_t i = count / 2; i > 0; i--)
        sift(hashes, i - 1, count);
    for (size_t n = count; n > 1; n--) {
        swap(hashes[0], hashes[n - 1]);
        sift(hashes, 0, n - 1);
    }
}

void
btls_hash_set(uint8_t (*hashes)[32], size_t count, uint8_t out[32])
{
    br_sha256_context state;
    sort(hashes, count);
    br_sha256_init(&state);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || memcmp(hashes[i - 1], hashes[i], 32) != 0)
            br_sha256_update(&state, hashes[i], 32);
    }
    br_sha256_out(&state, out);
}
