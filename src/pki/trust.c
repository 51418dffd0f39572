/* trust.c -- whom we believe: trust anchors, made from certificates. A system has some
 * 150 of them and a program looks at one or two, so they are kept as they came, one after
 * the other, found by a hash of the subject, and read when they are asked for. Roots are
 * self-issued: they say their own name twice, and it is kept once. */
#include "pki/trust.h"

#include <string.h>

#include "crypto/hash_set.h"
#include "pki/certificate.h"
#include "pki/der.h"
#include "pki/dn_compare.h"
#include "pki/spki.h"

#define NONE UINT32_MAX
#define MIN_BYTES 2048
#define MIN_ANCHORS 8

/* The certificate of an anchor in the store's bytes. */
struct entry {
    uint32_t at;      /* of its first byte */
    uint32_t size;    /* of what is kept */
    uint32_t subject; /* offset of the subject in it */
    uint32_t issuer;  /* where the issuer, equal to the subject, was left out; 0: nowhere
                       */
    uint32_t next;    /* anchor with the same hash, a later one, or NONE */
    uint32_t is_ca;
};

struct btls_trust {
    btls_alloc alloc;
    uint8_t *bytes;
    size_t used, room;
    struct entry *entries;
    size_t count, cap;
    uint32_t *buckets; /* first anchor of each hash, or NONE */
    size_t bucket_count;
    /* Made when it is asked for, the subjects for the engine that is BearSSL's own;
     * behind a pointer, since asking does not change what is believed. */
    struct list {
        br_x500_name *subjects;
        size_t count;
        uint8_t digest[32];
        int digested;
    } * list;
};

btls_trust *
btls_trust_new(const btls_alloc *a)
{
    btls_trust *t = btls_zalloc(a, sizeof *t);
    if (t == NULL)
        return NULL;
    t->alloc = *a;
    t->list = btls_zalloc(a, sizeof *t->list);
    if (t->list != NULL)
        return t;
    btls_trust_free(t);
    return NULL;
}

static void
forget_list(btls_trust *t)
{
    if (t->list == NULL)
        return;
    btls_free(&t->alloc, t->list->subjects, t->list->count * sizeof *t->list->subjects);
    memset(t->list, 0, sizeof *t->list);
}

void
btls_trust_free(btls_trust *t)
{
    if (t == NULL)
        return;
    btls_alloc a = t->alloc;
    forget_list(t);
    btls_free(&a, t->list, sizeof *t->list);
    btls_free(&a, t->bytes, t->room);
    btls_free(&a, t->entries, t->cap * sizeof *t->entries);
    btls_free(&a, t->buckets, t->bucket_count * sizeof *t->buckets);
    btls_free(&a, t, sizeof *t);
}

/* ---- memory ---- */

/* Moves an array to one of another size. 1, or 0 when there is no memory: then it stays
 * as it was. Nothing in a store is secret, so nothing is wiped. */
static int
resize(btls_trust *t, void **p, size_t from, size_t to)
{
    void *moved = *p;
    if (to != from)
        moved = t->alloc.f(t->alloc.ud, *p, from, to);
    if (moved == NULL && to > 0)
        return 0;
    *p = moved;
    return 1;
}

static int
set_room(btls_trust *t, size_t room)
{
    void *p = t->bytes;
    if (room > NONE || !resize(t, &p, t->room, room))
        return 0;
    t->bytes = p;
    t->room = room;
    return 1;
}

static int
set_cap(btls_trust *t, size_t cap)
{
    void *p = t->entries;
    if (!resize(t, &p, t->cap * sizeof *t->entries, cap * sizeof *t->entries))
        return 0;
    t->entries = p;
    t->cap = cap;
    return 1;
}

/* It grows by half, so that adding is linear. */
int
btls_trust_reserve(btls_trust *t, size_t bytes, btls_error *e)
{
    size_t need = t->used + bytes,
           room = t->room == 0 ? MIN_BYTES : t->room + t->room / 2;
    if (need <= t->room || set_room(t, need > room ? need : room))
        return 0;
    return btls_error_memory(e);
}

void
btls_trust_trim(btls_trust *t)
{
    forget_list(t);
    set_room(t, t->used);
    set_cap(t, t->count);
}

/* ---- the index ---- */

static btls_span
subject_of(const btls_trust *t, size_t i)
{
    const struct entry *n = &t->entries[i];
    btls_reader r = btls_reader_of(
        (btls_span){ t->bytes + n->at + n->subject, n->size - n->subject });
    return btls_der_read_whole(&r, BTLS_DER_SEQUENCE);
}

/* Appends anchor i to the list of its hash, so that lists are in the order of numbers. */
static void
link_entry(btls_trust *t, size_t i)
{
    uint32_t *at = &t->buckets[btls_dn_hash(subject_of(t, i)) & (t->bucket_count - 1)];
    while (*at != NONE)
        at = &t->entries[*at].next;
    *at = (uint32_t)i;
    t->entries[i].next = NONE;
}

/* At least as many buckets as anchors, a power of two. */
static int
grow_index(btls_trust *t)
{
    size_t n = t->bucket_count == 0 ? MIN_ANCHORS : t->bucket_count * 2;
    void *p = t->buckets;
    if (t->count < t->bucket_count)
        return 1;
    if (!resize(t, &p, t->bucket_count * sizeof *t->buckets, n * sizeof *t->buckets))
        return 0;
    t->buckets = p;
    t->bucket_count = n;
    memset(p, 0xFF, n * sizeof *t->buckets);
    for (size_t i = 0; i < t->count; i++)
        link_entry(t, i);
    return 1;
}

size_t
btls_trust_find(const btls_trust *t, btls_span subject, size_t from)
{
    if (t == NULL || t->count == 0)
        return 0;
    uint32_t i = t->buckets[btls_dn_hash(subject) & (t->bucket_count - 1)];
    while (i != NONE && (i < from || !btls_dn_equal(subject_of(t, i), subject)))
        i = t->entries[i].next;
    return i == NONE ? t->count : i;
}

/* ---- what is in it ---- */

const btls_alloc *
btls_trust_alloc(const btls_trust *t)
{
    return &t->alloc;
}

size_t
btls_trust_memory(const btls_trust *t)
{
    return sizeof *t + sizeof *t->list + t->list->count * sizeof *t->list->subjects +
           t->room + t->cap * sizeof *t->entries + t->bucket_count * sizeof *t->buckets;
}

size_t
btls_trust_count(const btls_trust *t)
{
    return t == NULL ? 0 : t->count;
}

btls_anchor
btls_trust_at(const btls_trust *t, size_t i)
{
    const struct entry *n = &t->entries[i];
    btls_anchor anchor = { subject_of(t, i), { NULL, 0 }, n->size, (int)n->is_ca };
    const uint8_t *behind = anchor.subject.p + anchor.subject.n;
    btls_reader r = btls_reader_of(
        (btls_span){ behind, (size_t)(t->bytes + n->at + n->size - behind) });
    anchor.spki = btls_der_read_whole(&r, BTLS_DER_SEQUENCE);
    if (n->issuer > 0)
        anchor.size += anchor.subject.n;
    return anchor;
}

void
btls_trust_certificate(const btls_trust *t, size_t i, uint8_t *out)
{
    const struct entry *n = &t->entries[i];
    const uint8_t *from = t->bytes + n->at;
    if (n->issuer > 0) {
        btls_span subject = subject_of(t, i);
        memcpy(out, from, n->issuer);
        memcpy(out + n->issuer, subject.p, subject.n);
        out += n->issuer + subject.n;
    }
    memcpy(out, from + n->issuer, n->size - n->issuer);
}

/* The SHA-256 of the certificate of anchor i. */
static void
hash_certificate(const btls_trust *t, size_t i, uint8_t out[32])
{
    const struct entry *n = &t->entries[i];
    const uint8_t *from = t->bytes + n->at;
    btls_span subject = subject_of(t, i);
    btls_span parts[] = { { from, n->issuer },
                          { subject.p, n->issuer > 0 ? subject.n : 0 },
                          { from + n->issuer, n->size - n->issuer } };
    btls_hash(br_sha256_ID, parts, sizeof parts / sizeof parts[0], out);
}

int
btls_trust_digest(const btls_trust *t, uint8_t out[32], btls_error *e)
{
    if (btls_trust_count(t) == 0) {
        btls_hash_set(NULL, 0, out);
        return 0;
    }
    if (!t->list->digested) {
        size_t size = t->count * 32;
        uint8_t(*hashes)[32] = btls_zalloc(&t->alloc, size);
        if (hashes == NULL)
            return btls_error_memory(e);
        for (size_t i = 0; i < t->count; i++)
            hash_certificate(t, i, hashes[i]);
        btls_hash_set(hashes, t->count, t->list->digest);
        btls_free(&t->alloc, hashes, size);
        t->list->digested = 1;
    }
    memcpy(out, t->list->digest, 32);
    return 0;
}

/* Is anchor i, whose subject is `subject`, this certificate? */
static int
is_same(const btls_trust *t, size_t i, btls_span subject, btls_span der)
{
    const struct entry *n = &t->entries[i];
    const uint8_t *kept = t->bytes + n->at;
    size_t gap = n->issuer > 0 ? subject.n : 0;
    return der.n == n->size + gap && memcmp(der.p, kept, n->issuer) == 0 &&
           memcmp(der.p + n->issuer, subject.p, gap) == 0 &&
           memcmp(der.p + n->issuer + gap, kept + n->issuer, n->size - n->issuer) == 0;
}

static int
has(const btls_trust *t, btls_span subject, btls_span der)
{
    for (size_t i = 0; (i = btls_trust_find(t, subject, i)) < btls_trust_count(t); i++) {
        if (is_same(t, i, subject, der))
            return 1;
    }
    return 0;
}

int
btls_trust_has(const btls_trust *t, btls_span der)
{
    btls_certificate c;
    btls_error e;
    return btls_trust_count(t) > 0 && btls_certificate_parse(&c, der, &e) == 0 &&
           has(t, c.subject, der);
}

int
btls_trust_names(const btls_trust *t, btls_span name)
{
    for (size_t i = 0; (i = btls_trust_find(t, name, i)) < btls_trust_count(t); i++) {
        if (t->entries[i].is_ca)
            return 1;
    }
    return 0;
}

/* ---- adding ---- */

/* Room for one more of so many bytes. */
static int
make_room(btls_trust *t, size_t bytes, btls_error *e)
{
    if (btls_trust_reserve(t, bytes, e) != 0)
        return -1;
    if (t->count == t->cap && !set_cap(t, t->cap == 0 ? MIN_ANCHORS : t->cap * 2))
        return btls_error_memory(e);
    return grow_index(t) ? 0 : btls_error_memory(e);
}

static void
keep(btls_trust *t, const btls_certificate *c)
{
    struct entry *n = &t->entries[t->count];
    int self_issued = btls_span_equal(c->issuer, c->subject);
    size_t issuer = (size_t)(c->issuer.p - c->der.p);
    size_t behind = self_issued ? issuer + c->issuer.n : issuer;
    memset(n, 0, sizeof *n);
    n->at = (uint32_t)t->used;
    n->size = (uint32_t)(c->der.n - (behind - issuer));
    n->issuer = self_issued ? (uint32_t)issuer : 0;
    n->subject = (uint32_t)((size_t)(c->subject.p - c->der.p) - (behind - issuer));
    /* Roots of version 1 cannot say that they are a CA. */
    n->is_ca = c->is_ca || (c->version < 3 && self_issued);
    memcpy(t->bytes + t->used, c->der.p, issuer);
    memcpy(t->bytes + t->used + issuer, c->der.p + behind, c->der.n - behind);
    t->used += n->size;
    link_entry(t, t->count++);
}

int
btls_trust_add(btls_trust *t, btls_span der, btls_error *e)
{
    btls_certificate c;
    btls_public_key key;
    if (btls_certificate_parse(&c, der, e) != 0 ||
        btls_certificate_public_key(&c, &key, e) != 0)
        return -1;
    if (has(t, c.subject, der))
        return 0;
    if (make_room(t, der.n, e) != 0)
        return -1;
    forget_list(t);
    keep(t, &c);
    return 0;
}

/* ---- for BearSSL ---- */

const br_x500_name *
btls_trust_subjects(const btls_trust *t, size_t *count)
{
    *count = 0;
    if (btls_trust_count(t) == 0)
        return NULL;
    struct list *list = t->list;
    if (list->subjects == NULL) {
        list->subjects = btls_zalloc(&t->alloc, t->count * sizeof *list->subjects);
        if (list->subjects == NULL)
            return NULL;
        list->count = t->count;
        for (size_t i = 0; i < t->count; i++) {
            btls_span subject = subject_of(t, i);
            /* BearSSL only reads them. */
            list->subjects[i].data = t->bytes + (subject.p - t->bytes);
            list->subjects[i].len = subject.n;
        }
    }
    *count = list->count;
    return list->subjects;
}
