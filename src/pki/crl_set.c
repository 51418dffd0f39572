/* crl_set.c -- a set of revocation lists, each with an index of its serial numbers, so
 * that what a handshake asks costs the same however long a list is. */
#include <string.h>

#include "crypto/hash.h"
#include "pki/crl.h"
#include "pki/der.h"

struct item {
    btls_crl crl;
    uint8_t *bytes;
    uint32_t *index; /* offsets of the entries in crl.revoked, by serial number */
    /* The last key that the signature was checked with, and how that ended. */
    uint8_t key_hash[32];
    enum { UNCHECKED, WRONG, RIGHT } verdict;
};

struct btls_crls {
    btls_alloc alloc;
    struct item **items;
    size_t count, cap;
};

btls_crls *
btls_crls_new(const btls_alloc *a)
{
    btls_crls *c = btls_zalloc(a, sizeof *c);
    if (c != NULL)
        c->alloc = *a;
    return c;
}

static void
free_item(const btls_alloc *a, struct item *item)
{
    btls_free(a, item->index, item->crl.count * sizeof *item->index);
    btls_free(a, item->bytes, item->crl.der.n);
    btls_free(a, item, sizeof *item);
}

void
btls_crls_free(btls_crls *c)
{
    if (c == NULL)
        return;
    btls_alloc a = c->alloc;
    for (size_t i = 0; i < c->count; i++)
        free_item(&a, c->items[i]);
    btls_free(&a, c->items, c->cap * sizeof(struct item *));
    btls_free(&a, c, sizeof *c);
}

size_t
btls_crls_count(const btls_crls *c)
{
    return c == NULL ? 0 : c->count;
}

const btls_crl *
btls_crls_at(const btls_crls *c, size_t i)
{
    return &c->items[i]->crl;
}

/* ---- the index ---- */

static btls_span
entry_at(const btls_crl *crl, uint32_t offset, btls_revoked *r)
{
    btls_reader list =
        btls_reader_of((btls_span){ crl->revoked.p + offset, crl->revoked.n - offset });
    return btls_crl_read_entry(&list, r);
}

static btls_span
serial_at(const btls_crl *crl, uint32_t offset)
{
    btls_reader list =
        btls_reader_of((btls_span){ crl->revoked.p + offset, crl->revoked.n - offset });
    btls_reader entry = btls_der_enter(&list, BTLS_DER_SEQUENCE);
    return btls_der_read(&entry, BTLS_DER_INTEGER);
}

/* Any order will do that puts the same numbers together. */
static int
compare(btls_span a, btls_span b)
{
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return memcmp(a.p, b.p, a.n);
}

/* Moves the offset at i down its heap of n. */
static void
sift(const btls_crl *crl, uint32_t *index, size_t i, size_t n)
{
    uint32_t moved = index[i];
    btls_span serial = serial_at(crl, moved);
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        btls_span larger = serial_at(crl, index[child]);
        if (child + 1 < n) {
            btls_span right = serial_at(crl, index[child + 1]);
            if (compare(larger, right) < 0) {
                larger = right;
                child++;
            }
        }
        if (compare(larger, serial) <= 0)
            break;
        index[i] = index[child];
    }
    index[i] = moved;
}

/* Heap sort: bounded whatever order a list comes in. */
static void
make_index(const btls_crl *crl, uint32_t *index)
{
    btls_reader list = btls_reader_of(crl->revoked);
    for (size_t i = 0; i < crl->count; i++) {
        index[i] = (uint32_t)(list.p - crl->revoked.p);
        btls_der_read(&list, BTLS_DER_SEQUENCE);
    }
    for (size_t i = crl->count / 2; i > 0; i--)
        sift(crl, index, i - 1, crl->count);
    for (size_t n = crl->count; n > 1; n--) {
        uint32_t largest = index[0];
        index[0] = index[n - 1];
        index[n - 1] = largest;
        sift(crl, index, 0, n - 1);
    }
}

int
btls_crls_find(const btls_crls *c, size_t i, btls_span serial, btls_revoked *r)
{
    const struct item *item = c->items[i];
    size_t low = 0, high = item->crl.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(serial_at(&item->crl, item->index[middle]), serial);
        if (order == 0) {
            entry_at(&item->crl, item->index[middle], r);
            return 1;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

/* ---- adding ---- */

static int
grow(btls_crls *c)
{
    size_t cap = c->cap == 0 ? 4 : c->cap * 2;
    struct item **items = btls_zalloc(&c->alloc, cap * sizeof(struct item *));
    if (items == NULL)
        return 0;
    if (c->count > 0)
        memcpy(items, c->items, c->count * sizeof(struct item *));
    btls_free(&c->alloc, c->items, c->cap * sizeof(struct item *));
    c->items = items;
    c->cap = cap;
    return 1;
}

/* A copy of a list that has been read; NULL when there is no memory. */
static struct item *
new_item(const btls_alloc *a, const btls_crl *read)
{
    btls_error e;
    struct item *item = btls_zalloc(a, sizeof *item);
    if (item == NULL)
        return NULL;
    item->crl.der.n = read->der.n;
    item->crl.count = read->count;
    item->bytes = btls_zalloc(a, read->der.n);
    item->index =
        read->count > 0 ? btls_zalloc(a, read->count * sizeof *item->index) : NULL;
    if (item->bytes == NULL || (item->index == NULL && read->count > 0)) {
        free_item(a, item);
        return NULL;
    }
    memcpy(item->bytes, read->der.p, read->der.n);
    btls_crl_parse(&item->crl, (btls_span){ item->bytes, read->der.n }, &e);
    make_index(&item->crl, item->index);
    return item;
}

int
btls_crls_add(btls_crls *c, btls_span der, btls_error *e)
{
    btls_crl crl;
    if (der.n > BTLS_CRL_BYTES || c->count >= BTLS_CRLS_MAX)
        return btls_error_set(e, "crl_too_large", BTLS_NO_ALERT,
                              "a revocation list of more than %d bytes, or more than %d "
                              "lists",
                              BTLS_CRL_BYTES, BTLS_CRLS_MAX);
    if (btls_crl_parse(&crl, der, e) != 0)
        return -1;
    if (c->count == c->cap && !grow(c))
        return btls_error_memory(e);
    struct item *item = new_item(&c->alloc, &crl);
    if (item == NULL)
        return btls_error_memory(e);
    c->items[c->count++] = item;
    return 0;
}

/* ---- the signature ---- */

int
btls_crls_signed_by(const btls_crls *c, size_t i, const btls_public_key *key,
                    btls_span spki)
{
    struct item *item = c->items[i];
    uint8_t hash[32];
    btls_hash(br_sha256_ID, &spki, 1, hash);
    if (item->verdict == UNCHECKED || memcmp(item->key_hash, hash, sizeof hash) != 0) {
        const btls_crl *crl = &item->crl;
        int right = btls_signature_verify(&crl->algorithm, key, crl->tbs, crl->signature);
        memcpy(item->key_hash, hash, sizeof hash);
        item->verdict = right ? RIGHT : WRONG;
    }
    return item->verdict == RIGHT;
}
