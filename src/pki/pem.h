/* pem.h -- PEM (RFC 7468) as it is found in files: CRLF, text between blocks, no newline
 * at the end, several objects. */
#ifndef BTLS_PKI_PEM_H
#define BTLS_PKI_PEM_H

#include "core/bytes.h"
#include "core/error.h"

typedef struct {
    btls_span rest;    /* text that has not been looked at */
    unsigned line;     /* of its first byte, from 1 */
    char label[48];    /* of the block that was found: "CERTIFICATE" */
    int encrypted;     /* it has a Proc-Type: 4,ENCRYPTED header (RFC 1421) */
    char dek_info[64]; /* then the value of its DEK-Info header: "AES-256-CBC,HEX" */
} btls_pem;

void btls_pem_init(btls_pem *pem, btls_span text);

/* 1 when the text could be DER instead: it begins with a SEQUENCE. */
int btls_pem_is_der(btls_span text);

/* Finds the next block and puts its bytes into out, which is cleared first. 1, 0 when
 * there is none left, or -1 with *e set (config_pem_malformed, with the line). Decoding
 * takes a time that depends on the bytes: fine for keys that come from files, which is
 * all that PEM is for. */
int btls_pem_next(btls_pem *pem, btls_queue *out, btls_error *e);

/* Appends a block. 1, or 0 when there is no memory. */
int btls_pem_push(btls_queue *q, const char *label, btls_span bytes);
/* How many characters n bytes become. */
#define BTLS_BASE64_SIZE(n) (((n) + 2) / 3 * 4)
/* Writes base64 without line breaks, BTLS_BASE64_SIZE(bytes.n) characters and a NUL. */
void btls_base64(char *to, btls_span bytes);

#endif
