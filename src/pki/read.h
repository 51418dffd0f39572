/* read.h -- certificates, keys and trust from a text: PEM with one or more objects, or
 * DER. */
#ifndef BTLS_PKI_READ_H
#define BTLS_PKI_READ_H

#include "pki/chain.h"
#include "pki/key.h"
#include "pki/trust.h"

/* Appends all certificates of the text to the chain. 0, or -1 with *e set
 * (config_no_certificate, config_pem_malformed, certificate_malformed ...). */
int btls_read_chain(btls_chain *chain, btls_span text, btls_error *e);

/* The one private key of the text; the caller's, to be freed with btls_key_free. NULL
 * with *e set (config_no_key, config_key_ambiguous, config_key_encrypted ...). */
btls_key *btls_read_key(const btls_alloc *a, btls_span text, btls_error *e);

typedef struct {
    int added;
    int skipped; /* certificates that cannot be used */
} btls_read_count;

/* Adds all certificates of the text as anchors. One that cannot be used does not lose the
 * others: it is counted. 0 when at least one was added, or -1 with *e set
 * (config_no_certificate ...). */
int btls_read_trust(btls_trust *trust, btls_span text, btls_read_count *count,
                    btls_error *e);

#endif
