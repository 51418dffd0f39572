/* der.h -- strict DER (X.690, 10): minimal lengths, definite lengths only, tags below 31.
 */
#ifndef BTLS_PKI_DER_H
#define BTLS_PKI_DER_H

#include "core/bytes.h"

/* Tags as they stand in the first byte. */
enum {
    BTLS_DER_BOOLEAN = 0x01,
    BTLS_DER_INTEGER = 0x02,
    BTLS_DER_BIT_STRING = 0x03,
    BTLS_DER_OCTET_STRING = 0x04,
    BTLS_DER_NULL = 0x05,
    BTLS_DER_OID = 0x06,
    BTLS_DER_UTC_TIME = 0x17,
    BTLS_DER_GENERALIZED_TIME = 0x18,
    BTLS_DER_SEQUENCE = 0x30,
    BTLS_DER_SET = 0x31
};
/* [n] in context, constructed or primitive. */
#define BTLS_DER_CONTEXT(n) (0xA0 | (n))
#define BTLS_DER_CONTEXT_PRIMITIVE(n) (0x80 | (n))

/* The tag of the next element, or 0 at the end. */
unsigned btls_der_next(const btls_reader *r);
/* The contents of the next element, which must have that tag; else the reader is bad. */
btls_span btls_der_read(btls_reader *r, unsigned tag);
/* The next element with its tag and length. */
btls_span btls_der_read_whole(btls_reader *r, unsigned tag);
/* The contents of the next element whatever it is; *tag gets what it is. */
btls_span btls_der_read_any(btls_reader *r, unsigned *tag);
/* A reader of the contents of the next element. */
btls_reader btls_der_enter(btls_reader *r, unsigned tag);
/* The contents of an OBJECT IDENTIFIER: complete arcs in as few bytes as they need. */
btls_span btls_der_read_oid(btls_reader *r);
/* A non-negative INTEGER without its leading zero byte; not minimal or negative: bad. */
btls_span btls_der_read_unsigned(btls_reader *r);
/* A small non-negative INTEGER, at most 2^31-1. */
uint32_t btls_der_read_small(btls_reader *r);
/* A BIT STRING whose number of bits is a multiple of 8. */
btls_span btls_der_read_octets(btls_reader *r);
/* A BOOLEAN, which DER writes as 00 or FF. */
int btls_der_read_boolean(btls_reader *r);
/* UTCTime or GeneralizedTime, as RFC 5280, 4.1.2.5 writes them: seconds since
 * 1970-01-01T00:00:00Z. */
int64_t btls_der_read_time(btls_reader *r);

/* Is the OBJECT IDENTIFIER with these contents this one? `oid` is an array of its content
 * bytes. */
#define BTLS_OID_IS(span, oid) btls_span_equal((span), (btls_span){ (oid), sizeof(oid) })

/* Writing: appends a tag and length, or a whole element. 1, or 0 when there is no memory.
 */
int btls_der_push_header(btls_queue *q, unsigned tag, size_t n);
int btls_der_push(btls_queue *q, unsigned tag, const void *p, size_t n);
/* An INTEGER from big-endian bytes without sign. */
int btls_der_push_unsigned(btls_queue *q, const uint8_t *p, size_t n);
/* Makes one element of what was pushed since the queue had `from` bytes: its tag and
 * length are put before that. */
int btls_der_wrap(btls_queue *q, unsigned tag, size_t from);
/* How many bytes an element with n bytes of contents has in all. */
size_t btls_der_size(size_t n);

#endif
