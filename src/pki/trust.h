/* trust.h -- whom we believe: trust anchors read from certificates. */
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

/* What the store allocates with. */
const btls_alloc *btls_trust_alloc(const btls_trust *t);

size_t btls_trust_count(const btls_trust *t);
/* The anchors for br_x509_minimal, owned by the store, valid until the next add. */
const br_x509_trust_anchor *btls_trust_anchors(const btls_trust *t);

/* 1 when this very certificate was added. t may be NULL. */
int btls_trust_has(const btls_trust *t, btls_span der);
/* 1 when there is a CA of that name (a whole Name). t may be NULL. */
int btls_trust_names(const btls_trust *t, btls_span name);

#endif
