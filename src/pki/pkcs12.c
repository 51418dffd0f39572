/* pkcs12.c -- PKCS#12 files (RFC 7292). */
#include "pki/pkcs12.h"

#include <string.h>

#include "crypto/hash.h"
#include "crypto/password.h"
#include "pki/ber.h"
#include "pki/certificate.h"
#include "pki/der.h"
#include "pki/pbe.h"

/* Bags inside bags. */
#define DEPTH_MAX 4

#define PKCS(...) 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, __VA_ARGS__

static const uint8_t oid_data[] = { PKCS(7, 1) };
static const uint8_t oid_encrypted_data[] = { PKCS(7, 6) };
static const uint8_t oid_x509[] = { PKCS(9, 22, 1) };
/* Behind it the number of the bag's kind (RFC 7292, 4.2). */
static const uint8_t oid_bag[] = { PKCS(12, 10, 1) };
enum { KEY_BAG = 1, SHROUDED_KEY_BAG, CERT_BAG, CRL_BAG, SECRET_BAG, SAFE_CONTENTS_BAG };

struct file {
    const btls_alloc *alloc;
    btls_pbe pbe;
    btls_key *key;
    btls_chain found; /* certificates in the file's order */
    btls_error *e;
};

static int
malformed(struct file *f)
{
    return btls_error_set(f->e, "config_pkcs12_malformed", BTLS_NO_ALERT,
                          "the PKCS#12 file is malformed");
}

static int
unsupported(struct file *f, const char *what)
{
    return btls_error_set(f->e, "config_pkcs12_unsupported", BTLS_NO_ALERT,
                          "the PKCS#12 file has %s, which cannot be used here", what);
}

/* ---- bags ---- */

static int
add_key(struct file *f, btls_key *key)
{
    if (key == NULL)
        return -1;
    if (f->key != NULL) {
        btls_key_free(key);
        return btls_error_set(f->e, "config_key_ambiguous", BTLS_NO_ALERT,
                              "there are two private keys in it");
    }
    f->key = key;
    return 0;
}

/* CertBag (RFC 7292, 4.2.3); of what is no X.509 certificate there is no use. */
static int
add_certificate(struct file *f, btls_reader *value)
{
    btls_certificate c;
    btls_reader bag = btls_der_enter(value, BTLS_DER_SEQUENCE);
    btls_span kind = btls_der_read(&bag, BTLS_DER_OID);
    btls_reader wrapped = btls_der_enter(&bag, BTLS_DER_CONTEXT(0));
    if (bag.bad)
        return malformed(f);
    if (!BTLS_OID_IS(kind, oid_x509))
        return 0;
    btls_span der = btls_der_read(&wrapped, BTLS_DER_OCTET_STRING);
    if (!btls_read_end(&wrapped) || !btls_read_end(&bag))
        return malformed(f);
    if (btls_certificate_parse(&c, der, f->e) != 0 ||
        btls_chain_append(&f->found, der.p, der.n, f->e) != 0)
        return -1;
    return btls_chain_end_certificate(&f->found, f->e);
}

static int read_bags(struct file *f, btls_reader bags, int depth);

/* SafeBag (RFC 7292, 4.2); its attributes are names for people. */
static int
read_bag(struct file *f, btls_reader *bags, int depth)
{
    btls_reader bag = btls_der_enter(bags, BTLS_DER_SEQUENCE);
    btls_span oid = btls_der_read(&bag, BTLS_DER_OID);
    btls_reader value = btls_der_enter(&bag, BTLS_DER_CONTEXT(0));
    size_t prefix = sizeof oid_bag;
    if (btls_read_more(&bag))
        btls_der_read(&bag, BTLS_DER_SET);
    if (!btls_read_end(&bag) || value.bad)
        return malformed(f);
    if (oid.n != prefix + 1 || memcmp(oid.p, oid_bag, prefix) != 0)
        return 0;
    btls_span whole = { value.p, value.left };
    switch (oid.p[prefix]) {
    case KEY_BAG:
        return add_key(f, btls_key_parse(f->alloc, whole, f->e));
    case SHROUDED_KEY_BAG:
        return add_key(f, btls_key_decrypt(f->alloc, whole, &f->pbe, f->e));
    case CERT_BAG:
        return add_certificate(f, &value);
    case SAFE_CONTENTS_BAG:
        return read_bags(f, btls_der_enter(&value, BTLS_DER_SEQUENCE), depth - 1);
    default: /* CRLs and secrets */
        return 0;
    }
}

static int
read_bags(struct file *f, btls_reader bags, int depth)
{
    if (depth == 0 || bags.bad)
        return malformed(f);
    while (btls_read_more(&bags)) {
        if (read_bag(f, &bags, depth) != 0)
            return -1;
    }
    return bags.bad ? malformed(f) : 0;
}

/* SafeContents, which is BER itself. */
static int
read_safe_contents(struct file *f, btls_span ber)
{
    btls_queue der;
    btls_queue_init(&der, f->alloc);
    int bad = btls_ber_to_der(ber, &der, f->e);
    if (!bad) {
        btls_reader r = btls_reader_of(btls_queue_bytes(&der));
        btls_reader bags = btls_der_enter(&r, BTLS_DER_SEQUENCE);
        bad = btls_read_end(&r) ? read_bags(f, bags, DEPTH_MAX) : malformed(f);
    }
    btls_queue_clear(&der);
    return bad;
}

/* ---- contents ---- */

/* encryptedContent, [0] IMPLICIT OCTET STRING, in one piece or in several. */
static int
read_encrypted_content(btls_reader *r, btls_queue *out)
{
    if (btls_der_next(r) == BTLS_DER_CONTEXT_PRIMITIVE(0)) {
        btls_span whole = btls_der_read(r, BTLS_DER_CONTEXT_PRIMITIVE(0));
        return btls_queue_push(out, whole.p, whole.n);
    }
    btls_reader pieces = btls_der_enter(r, BTLS_DER_CONTEXT(0));
    int ok = 1;
    while (ok && btls_read_more(&pieces)) {
        btls_span piece = btls_der_read(&pieces, BTLS_DER_OCTET_STRING);
        ok = btls_queue_push(out, piece.p, piece.n);
    }
    r->bad |= pieces.bad;
    return ok;
}

/* EncryptedData (RFC 5652, 8): version, and what is encrypted and how. */
static int
read_encrypted_data(struct file *f, btls_reader *value)
{
    btls_queue data, plain;
    btls_reader s = btls_der_enter(value, BTLS_DER_SEQUENCE);
    btls_der_read_small(&s);
    btls_reader info = btls_der_enter(&s, BTLS_DER_SEQUENCE);
    btls_span kind = btls_der_read(&info, BTLS_DER_OID);
    btls_span algorithm = btls_der_read(&info, BTLS_DER_SEQUENCE);
    btls_queue_init(&data, f->alloc);
    btls_queue_init(&plain, f->alloc);
    int bad = -1;
    if (!read_encrypted_content(&info, &data))
        btls_error_memory(f->e);
    else if (s.bad || !btls_read_end(&info) || !BTLS_OID_IS(kind, oid_data))
        malformed(f);
    else
        bad = btls_pbe_decrypt(&f->pbe, algorithm, btls_queue_bytes(&data), &plain, f->e);
    if (!bad)
        bad = read_safe_contents(f, btls_queue_bytes(&plain));
    btls_queue_clear(&data);
    btls_queue_clear(&plain);
    return bad;
}

/* ContentInfo: its kind, and a reader of its value. */
static btls_span
enter_content(btls_reader *r, btls_reader *value)
{
    btls_reader s = btls_der_enter(r, BTLS_DER_SEQUENCE);
    btls_span kind = btls_der_read(&s, BTLS_DER_OID);
    *value = btls_der_enter(&s, BTLS_DER_CONTEXT(0));
    r->bad |= !btls_read_end(&s);
    return kind;
}

/* AuthenticatedSafe (RFC 7292, 4.1). */
static int
read_contents(struct file *f, btls_reader *contents)
{
    while (btls_read_more(contents)) {
        btls_reader value;
        int bad;
        btls_span kind = enter_content(contents, &value);
        if (contents->bad)
            break;
        if (BTLS_OID_IS(kind, oid_data))
            bad = read_safe_contents(f, btls_der_read(&value, BTLS_DER_OCTET_STRING));
        else if (BTLS_OID_IS(kind, oid_encrypted_data))
            bad = read_encrypted_data(f, &value);
        else
            bad = unsupported(f, "contents that are encrypted for somebody's key");
        if (bad)
            return -1;
        if (!btls_read_end(&value))
            break;
    }
    return btls_read_end(contents) ? 0 : malformed(f);
}

static int
read_authenticated_safe(struct file *f, btls_span ber)
{
    btls_queue der;
    btls_queue_init(&der, f->alloc);
    int bad = btls_ber_to_der(ber, &der, f->e);
    if (!bad) {
        btls_reader r = btls_reader_of(btls_queue_bytes(&der));
        btls_reader contents = btls_der_enter(&r, BTLS_DER_SEQUENCE);
        bad = btls_read_end(&r) ? read_contents(f, &contents) : malformed(f);
    }
    btls_queue_clear(&der);
    return bad;
}

/* ---- the MAC ---- */

struct mac {
    int hash;
    btls_span digest, salt;
    uint32_t rounds;
};

/* 1 when the digest is the HMAC over data with what is derived of that password. */
static int
is_mac(const struct mac *m, btls_span utf16, btls_span data)
{
    uint8_t key[BTLS_HASH_MAX], digest[BTLS_HASH_MAX];
    br_hmac_key_context keys;
    br_hmac_context hmac;
    size_t n = btls_hash_size(m->hash);
    if (m->digest.n != n ||
        !btls_pkcs12_derive(m->hash, BTLS_PKCS12_MAC, utf16, m->salt, m->rounds, key, n))
        return 0;
    br_hmac_key_init(&keys, btls_hash_class(m->hash), key, n);
    br_hmac_init(&hmac, &keys, 0);
    br_hmac_update(&hmac, data.p, data.n);
    br_hmac_out(&hmac, digest);
    btls_wipe(key, sizeof key);
    btls_wipe(&keys, sizeof keys);
    return btls_equal(digest, m->digest.p, n);
}

/* With the empty password some programs leave out the two zeros at its end. */
static int
check_mac(struct file *f, const struct mac *m, btls_span data)
{
    uint8_t password[BTLS_UTF16_MAX];
    size_t n = btls_password_to_utf16(f->pbe.password, password);
    if (btls_pbe_spend(&f->pbe, m->rounds, f->e) != 0)
        return -1;
    int ok = n > 0 && is_mac(m, (btls_span){ password, n }, data);
    if (!ok && f->pbe.password.n == 0) {
        if (btls_pbe_spend(&f->pbe, m->rounds, f->e) != 0)
            return -1;
        ok = f->pbe.is_bare = is_mac(m, (btls_span){ password, 0 }, data);
    }
    btls_wipe(password, sizeof password);
    return ok ? 0 : btls_pbe_wrong(f->e);
}

/* MacData (RFC 7292, 4). */
static int
read_mac(struct file *f, btls_reader *r, btls_span data)
{
    struct mac m = { 0, { NULL, 0 }, { NULL, 0 }, 1 };
    btls_reader s = btls_der_enter(r, BTLS_DER_SEQUENCE);
    btls_reader info = btls_der_enter(&s, BTLS_DER_SEQUENCE);
    btls_reader algorithm = btls_der_enter(&info, BTLS_DER_SEQUENCE);
    m.hash = btls_hash_by_oid(btls_der_read(&algorithm, BTLS_DER_OID));
    m.digest = btls_der_read(&info, BTLS_DER_OCTET_STRING);
    m.salt = btls_der_read(&s, BTLS_DER_OCTET_STRING);
    if (btls_read_more(&s))
        m.rounds = btls_der_read_small(&s);
    if (algorithm.bad || !btls_read_end(&info) || !btls_read_end(&s))
        return malformed(f);
    if (m.hash == 0)
        return unsupported(f, "a MAC of an unknown kind");
    return check_mac(f, &m, data);
}

/* PFX (RFC 7292, 4), with DER's lengths. */
static int
read_pfx(struct file *f, btls_span der)
{
    btls_reader r = btls_reader_of(der), value;
    btls_reader pfx = btls_der_enter(&r, BTLS_DER_SEQUENCE);
    uint32_t version = btls_der_read_small(&pfx);
    btls_span kind = enter_content(&pfx, &value);
    if (pfx.bad || version != 3 || !btls_read_end(&r))
        return malformed(f);
    if (!BTLS_OID_IS(kind, oid_data))
        return unsupported(f, "a signature instead of a password");
    btls_span contents = btls_der_read(&value, BTLS_DER_OCTET_STRING);
    if (!btls_read_end(&value))
        return malformed(f);
    if (btls_read_more(&pfx) && read_mac(f, &pfx, contents) != 0)
        return -1;
    return btls_read_end(&pfx) ? read_authenticated_safe(f, contents) : malformed(f);
}

/* ---- the chain ---- */

static int
copy_certificate(btls_chain *to, btls_span der, btls_error *e)
{
    if (btls_chain_append(to, der.p, der.n, e) != 0)
        return -1;
    return btls_chain_end_certificate(to, e);
}

/* The certificate of the key, or the first. */
static size_t
find_leaf(const struct file *f)
{
    btls_certificate c;
    for (size_t i = 0; f->key != NULL && i < f->found.count; i++) {
        if (btls_certificate_parse(&c, btls_chain_at(&f->found, i), f->e) == 0 &&
            btls_key_matches(f->key, &c))
            return i;
    }
    return 0;
}

/* An issuer of `c` that is not used yet; found.count when there is none. */
static size_t
find_issuer(const struct file *f, const btls_certificate *c, uint64_t used)
{
    btls_certificate other;
    for (size_t i = 0; i < f->found.count; i++) {
        if (!(used >> i & 1) &&
            btls_certificate_parse(&other, btls_chain_at(&f->found, i), f->e) == 0 &&
            btls_span_equal(other.subject, c->issuer))
            return i;
    }
    return f->found.count;
}

static int
put_in_order(struct file *f, btls_chain *chain)
{
    btls_certificate c;
    uint64_t used = 0; /* a bit for each of BTLS_CHAIN_CERTIFICATES */
    if (f->key == NULL) {
        for (size_t i = 0; i < f->found.count; i++) {
            if (copy_certificate(chain, btls_chain_at(&f->found, i), f->e) != 0)
                return -1;
        }
        return 0;
    }
    for (size_t i = find_leaf(f); i < f->found.count; i = find_issuer(f, &c, used)) {
        btls_span der = btls_chain_at(&f->found, i);
        used |= (uint64_t)1 << i;
        if (btls_certificate_parse(&c, der, f->e) != 0 ||
            copy_certificate(chain, der, f->e) != 0)
            return -1;
    }
    return 0;
}

int
btls_pkcs12_is(btls_span text)
{
    btls_reader r = btls_reader_of(text);
    unsigned tag = btls_read_u8(&r), length = btls_read_u8(&r);
    if (length > 0x80)
        btls_read_bytes(&r, length & 0x7F);
    return tag == BTLS_DER_SEQUENCE && btls_read_u24(&r) == 0x020103 &&
           btls_read_u8(&r) == BTLS_DER_SEQUENCE;
}

int
btls_pkcs12_read(const btls_alloc *a, btls_span file, btls_span password, btls_key **key,
                 btls_chain *chain, btls_error *e)
{
    static const btls_span empty = { (const uint8_t *)"", 0 };
    btls_pbe pbe = btls_pbe_of(password.p == NULL ? empty : password);
    struct file f = { a, pbe, NULL, { { 0 }, { 0 }, 0 }, e };
    btls_queue der;
    btls_queue_init(&der, a);
    btls_chain_init(&f.found, a);
    int bad = btls_ber_to_der(file, &der, e) != 0 ||
              read_pfx(&f, btls_queue_bytes(&der)) != 0 || put_in_order(&f, chain) != 0;
    btls_queue_clear(&der);
    btls_chain_clear(&f.found);
    *key = f.key;
    if (!bad)
        return 0;
    btls_key_free(f.key);
    *key = NULL;
    if (password.p == NULL && strcmp(e->code, "config_key_password") == 0)
        btls_error_set(e, "config_key_encrypted", BTLS_NO_ALERT,
                       "it is encrypted, and no password was given");
    return -1;
}
