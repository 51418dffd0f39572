/* dn_compare.h -- are two distinguished names the same? (RFC 5280, 7.1) */
#ifndef BTLS_PKI_DN_COMPARE_H
#define BTLS_PKI_DN_COMPARE_H

#include "core/bytes.h"

/* 1 when two whole Names are the same: text compared without regard to its encoding
 * (PrintableString, UTF8String ...), to the case of ASCII letters and to white space
 * beyond one space between words; other letters and other values as they are. */
int btls_dn_equal(btls_span a, btls_span b);

/* 1 when the whole Name begins with all of base: directoryName constraints (RFC 5280,
 * 4.2.1.10). */
int btls_dn_within(btls_span name, btls_span base);

/* A number that is the same for names that are the same. */
uint32_t btls_dn_hash(btls_span name);

#endif
