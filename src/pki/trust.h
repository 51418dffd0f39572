/* trust.h -- whom we believe: trust anchors, made from certificates. */
#ifndef BTLS_PKI_TRUST_H
#define BTLS_PKI_TRUST_H

#include <bearssl.h>

#include "core/bytes.h"
#include "core/error.h"

typedef struct btls_trust btls_trust;

/* An empty store. NULL when there is no memory. Released by btls_trust_free. */
btls_trust *btls_trust_new(const btls_alloc *a);
void btls_trust_free(btls_trust *t);

/* Adds one certificate (DER, copied) as an anchor: a CA, or, when it is no CA, a
 * certificate that is trusted itself as a leaf. A certificate that is there already is
 * not added again. 0, or -1 with *e set; a certificate that cannot be used (unsupported
 * key) leaves the store as it was. */
int btls_trust_add(btls_trust *t, btls_span der, btls_error *e);

/* Makes room for so many more bytes of certificates at once, for who knows what comes. 0,
 * or -1 with *e set. */
int btls_trust_reserve(btls_trust *t, size_t bytes, btls_error *e);
/* Gives back the room that was not needed; more may be added nevertheless. */
void btls_trust_trim(btls_trust *t);

/* What the store allocates with. */
const btls_alloc *btls_trust_alloc(const btls_trust *t);

/* How many bytes of memory the store holds. */
size_t btls_trust_memory(const btls_trust *t);

/* How many anchors there are. t may be NULL. */
size_t btls_trust_count(const btls_trust *t);

/* An anchor as views into the store, valid until the next add or trim. */
typedef struct {
    btls_span subject; /* whole Name */
    btls_span spki;    /* whole SubjectPublicKeyInfo */
    size_t size;       /* of its certificate in bytes */
    int is_ca;         /* basicConstraints cA, or a self-issued certificate below v3 */
} btls_anchor;

/* Anchor i, of 0 .. btls_trust_count() - 1. */
btls_anchor btls_trust_at(const btls_trust *t, size_t i);
/* Writes the certificate of anchor i as it was added, btls_trust_at(t, i).size bytes. */
void btls_trust_certificate(const btls_trust *t, size_t i, uint8_t *out);

/* The number of the first anchor of that subject (a whole Name, compared as btls_dn_equal
 * does) from number `from` on; btls_trust_count() when there is none. It costs a hash of
 * the name: for (i = 0; (i = btls_trust_find(t, name, i)) < btls_trust_count(t); i++) t
 * may be NULL. */
size_t btls_trust_find(const btls_trust *t, btls_span subject, size_t from);

/* 1 when this very certificate was added. t may be NULL. */
int btls_trust_has(const btls_trust *t, btls_span der);
/* 1 when there is a CA of that name (a whole Name). t may be NULL. */
int btls_trust_names(const btls_trust *t, btls_span name);

/* The hash of the set of its certificates (crypto/hash_set.h), whatever order they were
 * added in; t may be NULL: nobody. It is kept: the second time costs nothing until
 * something is added. 0, or -1 with *e set for want of memory. */
int btls_trust_digest(const btls_trust *t, uint8_t out[32], btls_error *e);

/* The subjects of all anchors as BearSSL wants them, owned by the store, valid until the
 * next add or trim. NULL when there are none or there is no memory for the list; *count
 * says how many there are. t may be NULL. */
const br_x500_name *btls_trust_subjects(const btls_trust *t, size_t *count);

#endif
