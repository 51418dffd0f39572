/* pkcs12.h -- PKCS#12 files (RFC 7292): a key and the certificates that go with it, as
 * client certificates are handed out. */
#ifndef BTLS_PKI_PKCS12_H
#define BTLS_PKI_PKCS12_H

#include "core/bytes.h"
#include "core/error.h"
#include "pki/chain.h"
#include "pki/key.h"

/* 1 when the text looks like PKCS#12, in DER or BER, rather than a certificate or key. */
int btls_pkcs12_is(btls_span text);

/* Reads a file that is protected by a password (p NULL: none was given, and the empty one
 * is tried). *key gets its private key, the caller's to free, or NULL when it has none;
 * chain (empty before) gets the key's certificate, and behind it those that issued it, as
 * far as the file has them; without a key all certificates in the file's order. Read are
 * BER and DER; the MAC of RFC 7292 with SHA-1, 224, 256, 384 or 512; encryption as in
 * btls_pbe_decrypt. 0, or -1 with *e set: config_pkcs12_malformed,
 * config_pkcs12_unsupported, config_key_encrypted (it needs a password),
 * config_key_password, config_key_ambiguous (more than one key), and those of the
 * certificates and the key. */
int btls_pkcs12_read(const btls_alloc *a, btls_span file, btls_span password,
                     btls_key **key, btls_chain *chain, btls_error *e);

#endif
