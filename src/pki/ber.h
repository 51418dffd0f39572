/* ber.h -- makes DER's lengths of BER's (X.690, 8.1.3): PKCS#12 files are BER. */
#ifndef BTLS_PKI_BER_H
#define BTLS_PKI_BER_H

#include "core/bytes.h"
#include "core/error.h"

/* Appends to out what is in ber, each element with the shortest definite length, and
 * OCTET STRINGs in one piece (those with another tag stay as they are). Elements nest to
 * a bounded depth. Returns 0, or -1 with *e set (config_pkcs12_malformed). */
int btls_ber_to_der(btls_span ber, btls_queue *out, btls_error *e);

#endif
