/* read.h -- certificates, keys and trust from a text: PEM with one or more objects, DER,
 * or PKCS#12. */
#ifndef BTLS_PKI_READ_H
#define BTLS_PKI_READ_H

#include "pki/chain.h"
#include "pki/crl.h"
#include "pki/key.h"
#include "pki/trust.h"

/* Appends all certificates of the text to the chain, of a PKCS#12 file those that
 * btls_pkcs12_read gives; only that needs the password (p NULL: none). 0, or -1 with *e
 * set (config_no_certificate, config_pem_malformed, certificate_malformed ...). */
int btls_read_chain(btls_chain *chain, btls_span text, btls_span password, btls_error *e);

/* The one private key of the text, PEM, DER or PKCS#12, encrypted or not; the caller's,
 * to be freed with btls_key_free. The password (p NULL: none) is used only when it is
 * encrypted. NULL with *e set (config_no_key, config_key_ambiguous, config_key_encrypted:
 * a password is needed, config_key_password: it is wrong ...). */
btls_key *btls_read_key(const btls_alloc *a, btls_span text, btls_span password,
                        btls_error *e);

typedef struct {
    int added;
    int skipped; /* certificates that cannot be used */
} btls_read_count;

/* Adds all certificates of the text as anchors. One that cannot be used does not lose the
 * others: it is counted. 0 when at least one was added, or -1 with *e set
 * (config_no_certificate ...). */
int btls_read_trust(btls_trust *trust, btls_span text, btls_read_count *count,
                    btls_error *e);

/* Adds all revocation lists of the text, PEM or one in DER; a is for what is passing. 0,
 * or -1 with *e set (config_no_crl, and what btls_crls_add says). */
int btls_read_crls(btls_crls *crls, const btls_alloc *a, btls_span text, btls_error *e);

#endif
