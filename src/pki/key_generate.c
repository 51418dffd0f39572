/* key_generate.c -- making new private keys. */
#include <string.h>

#include "pki/der.h"
#include "pki/key_internal.h"

static btls_key *
no_memory(btls_error *e)
{
    btls_error_memory(e);
    return NULL;
}

/* RSAPrivateKey (RFC 8017, A.1.2) from BearSSL's parts. */
static int
push_rsa(btls_queue *q, const br_rsa_private_key *sk, const br_rsa_public_key *pk,
         const unsigned char *d, size_t d_size)
{
    static const uint8_t zero = 0;
    const unsigned char *parts[] = { &zero, pk->n,  pk->e,  d,     sk->p,
                                     sk->q, sk->dp, sk->dq, sk->iq };
    size_t sizes[] = { 1,        pk->nlen,  pk->elen,  d_size,   sk->plen,
                       sk->qlen, sk->dplen, sk->dqlen, sk->iqlen };
    btls_queue body;
    btls_queue_init(&body, q->alloc);
    int ok = 1;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        ok = ok && btls_der_push_unsigned(&body, parts[i], sizes[i]);
    btls_span inner = btls_queue_bytes(&body);
    ok = ok && btls_der_push(q, BTLS_DER_SEQUENCE, inner.p, inner.n);
    btls_queue_clear(&body);
    return ok;
}

static btls_key *
generate_rsa(const btls_alloc *a, unsigned bits, const br_prng_class **rng, btls_error *e)
{
    unsigned char private_part[BR_RSA_KBUF_PRIV_SIZE(4096)];
    unsigned char public_part[BR_RSA_KBUF_PUB_SIZE(4096)];
    unsigned char d[512];
    br_rsa_private_key sk;
    br_rsa_public_key pk;
    btls_queue q;
    btls_key *k = NULL;
    btls_queue_init(&q, a);
    size_t d_size = 0;
    if (br_rsa_keygen_get_default()(rng, &sk, private_part, &pk, public_part, bits,
                                    65537))
        d_size = br_rsa_compute_privexp_get_default()(d, &sk, 65537);
    if (d_size == 0)
        btls_error_set(e, "io_no_random", 80, "no RSA key was found");
    else if (!push_rsa(&q, &sk, &pk, d, d_size))
        no_memory(e);
    else
        k = btls_key_parse(a, btls_queue_bytes(&q), e);
    btls_queue_clear(&q);
    btls_wipe(private_part, sizeof private_part);
    btls_wipe(d, sizeof d);
    return k;
}

static btls_key *
generate_ec(const btls_alloc *a, int curve_number, const br_prng_class **rng,
            btls_error *e)
{
    unsigned char number[BR_EC_KBUF_PRIV_MAX_SIZE];
    size_t n = br_ec_keygen(rng, br_ec_get_default(), NULL, number, curve_number);
    btls_key *k = btls_key_make_ec(a, btls_curve_by_number(curve_number),
                                   (btls_span){ number, n }, e);
    btls_wipe(number, sizeof number);
    return k;
}

static btls_key *
generate_ed25519(const btls_alloc *a, const br_prng_class **rng, btls_error *e)
{
    uint8_t private_key[32];
    (*rng)->generate(rng, private_key, sizeof private_key);
    btls_key *k = btls_key_make_ed25519(a, private_key, e);
    btls_wipe(private_key, sizeof private_key);
    return k;
}

btls_key *
btls_key_generate(const btls_alloc *a, const char *kind, const br_prng_class **rng,
                  btls_error *e)
{
    static const struct {
        const char *kind;
        unsigned rsa_bits;
        int curve;
    } kinds[] = {
        { "rsa2048", 2048, 0 },
        { "rsa3072", 3072, 0 },
        { "rsa4096", 4096, 0 },
        { "p256", 0, BR_EC_secp256r1 },
        { "p384", 0, BR_EC_secp384r1 },
        { "p521", 0, BR_EC_secp521r1 },
        { "ed25519", 0, 0 },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, kind) != 0)
            continue;
        if (kinds[i].rsa_bits != 0)
            return generate_rsa(a, kinds[i].rsa_bits, rng, e);
        return kinds[i].curve != 0 ? generate_ec(a, kinds[i].curve, rng, e)
                                   : generate_ed25519(a, rng, e);
    }
    btls_error_set(e, "config_key_unsupported", BTLS_NO_ALERT,
                   "\"%.40s\" is no kind of key: p256, p384, p521, ed25519, rsa2048, "
                   "rsa3072 and rsa4096 are",
                   kind);
    return NULL;
}
