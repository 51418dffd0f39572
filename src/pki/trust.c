/* trust.c -- whom we believe: trust anchors read from certificates. */
#include "pki/trust.h"

#include <string.h>

#include "pki/certificate.h"

/* What is kept of an anchor besides br_x509_trust_anchor: its fingerprint, and the block
 * that holds its name and key. */
struct origin {
    uint8_t fingerprint[32];
    uint8_t *block;
    size_t size;
};

struct btls_trust {
    btls_alloc alloc;
    br_x509_trust_anchor *anchors;
    struct origin *origins;
    size_t count, cap;
};

btls_trust *
btls_trust_new(const btls_alloc *a)
{
    btls_trust *t = btls_zalloc(a, sizeof *t);
    if (t != NULL)
        t->alloc = *a;
    return t;
}

void
btls_trust_free(btls_trust *t)
{
    if (t == NULL)
        return;
    btls_alloc a = t->alloc;
    for (size_t i = 0; i < t->count; i++)
        btls_free(&a, t->origins[i].block, t->origins[i].size);
    btls_free(&a, t->anchors, t->cap * sizeof *t->anchors);
    btls_free(&a, t->origins, t->cap * sizeof *t->origins);
    btls_free(&a, t, sizeof *t);
}

static void
fingerprint(btls_span der, uint8_t out[32])
{
    br_sha256_context h;
    br_sha256_init(&h);
    br_sha256_update(&h, der.p, der.n);
    br_sha256_out(&h, out);
}

int
btls_trust_has(const btls_trust *t, btls_span der)
{
    uint8_t f[32];
    if (t == NULL)
        return 0;
    fingerprint(der, f);
    for (size_t i = 0; i < t->count; i++) {
        if (memcmp(t->origins[i].fingerprint, f, sizeof f) == 0)
            return 1;
    }
    return 0;
}

/* Both arrays grow together; what one got and the other did not is given back. */
static int
grow(btls_trust *t)
{
    size_t cap = t->cap == 0 ? 8 : t->cap * 2;
    br_x509_trust_anchor *anchors = btls_zalloc(&t->alloc, cap * sizeof *anchors);
    struct origin *origins = btls_zalloc(&t->alloc, cap * sizeof *origins);
    if (anchors == NULL || origins == NULL) {
        btls_free(&t->alloc, anchors, cap * sizeof *anchors);
        btls_free(&t->alloc, origins, cap * sizeof *origins);
        return 0;
    }
    if (t->count > 0) {
        memcpy(anchors, t->anchors, t->count * sizeof *anchors);
        memcpy(origins, t->origins, t->count * sizeof *origins);
    }
    btls_free(&t->alloc, t->anchors, t->cap * sizeof *anchors);
    btls_free(&t->alloc, t->origins, t->cap * sizeof *origins);
    t->anchors = anchors;
    t->origins = origins;
    t->cap = cap;
    return 1;
}

/* Copies n bytes to *to, moves *to on, and says where the copy is. */
static unsigned char *
copy(uint8_t **to, const void *p, size_t n)
{
    unsigned char *at = *to;
    memcpy(at, p, n);
    *to += n;
    return at;
}

/* A name and a key in one block. */
static int
keep(btls_trust *t, const btls_certificate *c, const br_x509_pkey *key, btls_error *e)
{
    int is_rsa = key->key_type == BR_KEYTYPE_RSA;
    size_t key_size = is_rsa ? key->key.rsa.nlen + key->key.rsa.elen : key->key.ec.qlen;
    struct origin *o = &t->origins[t->count];
    br_x509_trust_anchor *ta = &t->anchors[t->count];
    o->size = c->subject.n + key_size;
    o->block = btls_zalloc(&t->alloc, o->size);
    if (o->block == NULL)
        return btls_error_memory(e);
    uint8_t *to = o->block;
    ta->dn.data = copy(&to, c->subject.p, c->subject.n);
    ta->dn.len = c->subject.n;
    ta->pkey = *key;
    if (is_rsa) {
        ta->pkey.key.rsa.n = copy(&to, key->key.rsa.n, key->key.rsa.nlen);
        ta->pkey.key.rsa.e = copy(&to, key->key.rsa.e, key->key.rsa.elen);
    } else {
        ta->pkey.key.ec.q = copy(&to, key->key.ec.q, key->key.ec.qlen);
    }
    /* Roots of version 1 cannot say that they are a CA. */
    int old_root = c->version < 3 && btls_span_equal(c->issuer, c->subject);
    ta->flags = c->is_ca || old_root ? BR_X509_TA_CA : 0;
    fingerprint(c->der, o->fingerprint);
    t->count++;
    return 0;
}

int
btls_trust_add(btls_trust *t, btls_span der, btls_error *e)
{
    btls_certificate c;
    btls_public_key pub;
    br_x509_pkey key;
    if (btls_certificate_parse(&c, der, e) != 0 ||
        btls_certificate_public_key(&c, &pub, e) != 0)
        return -1;
    if (!btls_public_key_bearssl(&pub, &key))
        return btls_error_set(e, "certificate_unsupported_key", 43,
                              "the certificate has an %s key of %d bits, which cannot be "
                              "used here",
                              btls_key_kind_name(pub.kind), btls_public_key_bits(&pub));
    if (btls_trust_has(t, der))
        return 0;
    if (t->count == t->cap && !grow(t))
        return btls_error_memory(e);
    return keep(t, &c, &key, e);
}

const btls_alloc *
btls_trust_alloc(const btls_trust *t)
{
    return &t->alloc;
}

size_t
btls_trust_count(const btls_trust *t)
{
    return t->count;
}

const br_x509_trust_anchor *
btls_trust_anchors(const btls_trust *t)
{
    return t->anchors;
}

int
btls_trust_names(const btls_trust *t, btls_span name)
{
    for (size_t i = 0; t != NULL && i < t->count; i++) {
        btls_span dn = { t->anchors[i].dn.data, t->anchors[i].dn.len };
        if ((t->anchors[i].flags & BR_X509_TA_CA) && btls_span_equal(dn, name))
            return 1;
    }
    return 0;
}
