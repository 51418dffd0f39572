/* name.h -- does a certificate speak for this server name? (RFC 9525, RFC 6125) */
#ifndef BTLS_PKI_NAME_H
#define BTLS_PKI_NAME_H

#include "pki/certificate.h"
#include "pki/general_name.h"

/* 1 when `name` is an IPv4 or IPv6 address in text (no brackets, no zone); its 4 or 16
 * bytes go to out and their number to *n. An address is never sent as SNI (RFC 6066, 3).
 */
int btls_name_is_ip(const char *name, uint8_t out[16], size_t *n);

/* 1 when it could be a DNS name: labels of letters, digits, hyphens and underscores
 * of 1..63 bytes, at most 253 in all, one trailing dot allowed. */
int btls_name_is_dns(const char *name);

/* 1 when it is a DNS name as certificates have it: the same without a trailing dot, and
 * no wildcard. */
int btls_name_is_host(btls_span name);

/* 1 when a dNSName begins with a wildcard label and has something behind it. */
int btls_name_is_wildcard(btls_span presented);

/* 1 when two names are the same but for the case of ASCII letters. */
int btls_name_same(btls_span a, btls_span b);

/* 1 when a subjectAltName of the certificate matches: dNSName case-insensitively, one
 * whole leftmost label wildcard that stands for exactly one label and never directly
 * above a public suffix of one label ("*.com"), a trailing dot of `name` ignored;
 * iPAddress byte for byte when `name` is an address. Never the Common Name. */
int btls_name_matches(const btls_certificate *c, const char *name);

/* An address of 4 or 16 bytes in text (RFC 5952); "" for another length. size is at
 * least 46. */
void btls_name_ip_text(btls_span ip, char *out, size_t size);

/* A name in words for a message, cut to size-1 bytes (size is at least 46); "" for types
 * that have no text. */
void btls_name_text(const btls_general_name *name, char *out, size_t size);

/* The SAN names in words for a message: "a.example, *.b.example, 192.0.2.1" cut to size-1
 * bytes;
 * "" when there are none. */
void btls_name_list(const btls_certificate *c, char *out, size_t size);

#endif
