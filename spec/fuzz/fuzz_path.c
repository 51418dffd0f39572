/* fuzz_path.c -- a chain and those who are trusted: the search for a path, its rules and
 * its report. Rules are looked at before signatures, so changed certificates get that
 * far, and the trusted ones further. */
#include <string.h>

#include "common.h"
#include "pki/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define NOW 1780272000

static int
refuse(void *ud, const btls_certificate *c, const btls_certificate *issuer,
       const btls_public_key *issuer_key, size_t position, int64_t now, btls_error *e)
{
    (void)c, (void)issuer_key, (void)position;
    FUZZ_CHECK(now == NOW && issuer->der.n > 0);
    if (*(const int *)ud)
        return btls_error_set(e, "certificate_revoked", 44, "was revoked");
    return 0;
}

static void
check_path(const btls_path *path, const btls_chain *chain, const btls_trust *trust)
{
    btls_chain all;
    btls_error e;
    btls_chain_init(&all, &fuzz_alloc);
    FUZZ_CHECK(path->count <= BTLS_PATH_MAX);
    FUZZ_CHECK(btls_path_chain(path, chain, trust, &all, &e) == 0);
    FUZZ_CHECK(all.count == path->count);
    btls_chain_clear(&all);
}

/* A byte of switches, then certificates, each behind a byte that says where it goes and
 * two of length. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    btls_reader r = btls_reader_of((btls_span){ p, n });
    btls_trust *trust = btls_trust_new(&fuzz_alloc);
    btls_chain chain;
    btls_path path;
    btls_error e;
    unsigned switches = btls_read_u8(&r);
    int revoked = switches >> 4 & 1;
    btls_revocation revocation = { refuse, &revoked };
    btls_chain_init(&chain, &fuzz_alloc);
    while (btls_read_more(&r)) {
        unsigned where = btls_read_u8(&r);
        btls_span der = btls_read_vec16(&r);
        if (where & 1)
            btls_trust_add(trust, der, &e);
        if ((where & 2) && btls_chain_append(&chain, der.p, der.n, &e) == 0)
            btls_chain_end_certificate(&chain, &e);
    }
    btls_verify_policy policy = {
        .trust = switches & 1 ? trust : fuzz_client_config()->trust,
        .server_name = switches & 2 ? "www.example.test" : NULL,
        .usage = switches & 4 ? BTLS_USAGE_CLIENT : BTLS_USAGE_SERVER,
        .insecure = switches & 8 ? BTLS_INSECURE_NO_TIME : 0,
        .now = NOW,
        .revocation = &revocation,
    };
    memset(&e, 0, sizeof e);
    if (btls_verify(&policy, &chain, &path, &e) == 0)
        FUZZ_CHECK(path.count > 0);
    else
        FUZZ_CHECK(e.code != NULL && e.message[0] != '\0' &&
                   (e.position < 0 || (size_t)e.position < BTLS_PATH_MAX + 1));
    check_path(&path, &chain, policy.trust);
    btls_chain_clear(&chain);
    btls_trust_free(trust);
    return 0;
}
