/* fuzz_crl.c -- a revocation list: reading it, looking it up, and the verdict with it. */
#include "common.h"
#include "pki/revocation.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define NOW 1780272000

/* Every serial number that is in it is found, and found to be what it says. */
static void
look(const btls_crls *crls)
{
    const btls_crl *crl = btls_crls_at(crls, 0);
    btls_reader r = btls_reader_of(crl->revoked);
    size_t count = 0;
    while (btls_read_more(&r)) {
        btls_revoked entry, found;
        btls_span serial = btls_crl_read_entry(&r, &entry);
        FUZZ_CHECK(!r.bad && btls_crls_find(crls, 0, serial, &found));
        btls_crl_reason_name(found.reason);
        count++;
    }
    FUZZ_CHECK(count == crl->count);
}

static void
judge(const btls_crls *crls)
{
    static btls_chain kept;
    const btls_chain *chain = fuzz_chain(&kept, "server_chain_ec.pem");
    btls_error e;
    for (int required = BTLS_CRL_OPTIONAL; required <= BTLS_CRL_CHAIN; required++) {
        btls_revocation_policy policy = { .crls = crls,
                                          .required = (enum btls_crl_required)required };
        btls_revocation hook = btls_revocation_hook(&policy);
        btls_verify_policy verify = { .trust = fuzz_client_config()->trust,
                                      .usage = BTLS_USAGE_SERVER,
                                      .now = NOW,
                                      .revocation = &hook };
        e.code = NULL;
        FUZZ_CHECK(btls_verify(&verify, chain, NULL, &e) == 0 || e.code != NULL);
    }
    btls_certificate c;
    FUZZ_CHECK(btls_certificate_parse(&c, btls_chain_at(chain, 0), &e) == 0);
    btls_crl_covers(btls_crls_at(crls, 0), &c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    btls_error e;
    btls_crls *crls = btls_crls_new(&fuzz_alloc);
    if (btls_crls_add(crls, (btls_span){ p, n }, &e) == 0) {
        look(crls);
        judge(crls);
    } else {
        FUZZ_CHECK(e.code != NULL && btls_crls_count(crls) == 0);
    }
    btls_crls_free(crls);
    return 0;
}
