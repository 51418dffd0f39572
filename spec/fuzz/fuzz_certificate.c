/* fuzz_certificate.c -- one certificate: reading it, its names and key, and the verdict
 * on it. */
#include "common.h"
#include "pki/dn.h"
#include "pki/name.h"
#include "pki/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
look(const btls_certificate *c)
{
    char text[64];
    uint8_t hash[32];
    btls_public_key key;
    br_x509_pkey usable;
    btls_error e;
    btls_dn_text(c->subject, text, sizeof text);
    btls_dn_text(c->issuer, text, sizeof text);
    btls_dn_common_name(c->subject, text, sizeof text);
    btls_name_list(c, text, sizeof text);
    btls_name_matches(c, "www.example.test");
    btls_name_matches(c, "127.0.0.1");
    btls_name_matches(c, "::1");
    btls_certificate_subject(c, text, sizeof text);
    btls_certificate_spki_sha256(c, hash);
    btls_signature_algorithm_name(c->signature_oid);
    if (btls_certificate_public_key(c, &key, &e) == 0)
        btls_public_key_bearssl(&key, &usable);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    btls_certificate c;
    btls_error e;
    btls_chain chain;
    btls_trust *own = btls_trust_new(&fuzz_alloc);
    btls_chain_init(&chain, &fuzz_alloc);
    if (btls_certificate_parse(&c, (btls_span){ p, n }, &e) == 0)
        look(&c);
    else
        FUZZ_CHECK(e.code != NULL);
    btls_trust_add(own, (btls_span){ p, n }, &e);
    if (btls_chain_append(&chain, p, n, &e) == 0 &&
        btls_chain_end_certificate(&chain, &e) == 0) {
        btls_verify_policy policy = { .trust = fuzz_client_config()->trust,
                                      .server_name = "localhost",
                                      .usage = BTLS_USAGE_SERVER,
                                      .now = 1780272000 };
        e.code = NULL;
        FUZZ_CHECK(btls_verify(&policy, &chain, NULL, &e) == 0 || e.code != NULL);
        policy.trust = own;
        policy.insecure = BTLS_INSECURE_NO_TIME | BTLS_INSECURE_NO_NAME;
        btls_verify(&policy, &chain, NULL, &e);
    }
    btls_chain_clear(&chain);
    btls_trust_free(own);
    return 0;
}
