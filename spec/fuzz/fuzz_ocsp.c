/* fuzz_ocsp.c -- an OCSP response: reading it, and the verdict with it. */
#include "common.h"
#include "pki/ocsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define NOW 1780272000

static void
look(const btls_ocsp *o)
{
    btls_reader r = btls_reader_of(o->answers);
    while (btls_read_more(&r)) {
        btls_ocsp_answer a = btls_ocsp_read_answer(&r);
        FUZZ_CHECK(!r.bad);
        btls_crl_reason_name(a.revoked.reason);
    }
}

static void
read_certificate(const char *name, btls_chain *kept, btls_certificate *c)
{
    btls_error e;
    btls_span der = btls_chain_at(fuzz_chain(kept, name), 0);
    FUZZ_CHECK(btls_certificate_parse(c, der, &e) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static btls_chain leaf_chain, issuer_chain;
    btls_certificate leaf, issuer;
    btls_public_key key;
    btls_error e;
    btls_ocsp o;
    if (btls_ocsp_parse(&o, (btls_span){ p, n }, &e) == 0)
        look(&o);
    read_certificate("server_ec.pem", &leaf_chain, &leaf);
    read_certificate("root_ec.pem", &issuer_chain, &issuer);
    FUZZ_CHECK(btls_certificate_public_key(&issuer, &key, &e) == 0);
    e.code = NULL;
    FUZZ_CHECK(btls_ocsp_check((btls_span){ p, n }, &leaf, &issuer, &key, NOW, &e) >= 0 ||
               e.code != NULL);
    return 0;
}
