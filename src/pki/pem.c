/* pem.c -- PEM (RFC 7468) as it is found in files. */
#include "pki/pem.h"

#include <stdio.h>
#include <string.h>

#define LINE 64
#define LINE_BYTES 48

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
btls_pem_init(btls_pem *pem, btls_span text)
{
    memset(pem, 0, sizeof *pem);
    pem->rest = text;
    pem->line = 1;
}

int
btls_pem_is_der(btls_span text)
{
    return text.n > 2 && text.p[0] == 0x30 &&
           (text.p[1] & 0x80 || text.p[1] == text.n - 2);
}

/* The next line without its end (LF, CRLF or CR) and without spaces around it. */
static btls_span
next_line(btls_pem *pem)
{
    btls_span line = { pem->rest.p, 0 };
    while (line.n < pem->rest.n && line.p[line.n] != '\n' && line.p[line.n] != '\r')
        line.n++;
    size_t used = line.n;
    if (used < pem->rest.n && pem->rest.p[used] == '\r')
        used++;
    if (used < pem->rest.n && pem->rest.p[used] == '\n')
        used++;
    pem->rest.p += used;
    pem->rest.n -= used;
    pem->line++;
    while (line.n > 0 && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t'))
        line.n--;
    while (line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t')) {
        line.p++;
        line.n--;
    }
    return line;
}

/* When the line is -----<what> LABEL-----, its label. */
static btls_span
label_of(btls_span line, const char *what)
{
    size_t n = strlen(what);
    btls_span none = { NULL, 0 };
    if (line.n < n + 5 || memcmp(line.p, what, n) != 0 ||
        memcmp(line.p + line.n - 5, "-----", 5) != 0)
        return none;
    return (btls_span){ line.p + n, line.n - n - 5 };
}

/* 0 to 63, -1 for '=', -2 for what is no base64. */
static int
value_of(uint8_t c)
{
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return c == '=' ? -1 : at == NULL ? -2 : (int)(at - digits);
}

struct decoder {
    uint32_t bits;
    unsigned have;   /* digits in bits */
    unsigned padded; /* '=' seen */
};

/* Decodes a line. 0 when it is no base64, -1 when there is no memory, else 1. */
static int
decode_line(struct decoder *d, btls_span line, btls_queue *out)
{
    for (size_t i = 0; i < line.n; i++) {
        int v = value_of(line.p[i]);
        if (v == -2 || (d->padded > 0 && v >= 0))
            return 0;
        d->padded += v == -1;
        d->bits = d->bits << 6 | (uint32_t)(v < 0 ? 0 : v);
        if (++d->have < 4)
            continue;
        uint8_t three[3] = { (uint8_t)(d->bits >> 16), (uint8_t)(d->bits >> 8),
                             (uint8_t)d->bits };
        if (d->padded > 2 || (d->padded > 0 && i + 1 < line.n))
            return 0;
        if (!btls_queue_push(out, three, 3 - d->padded))
            return -1;
        d->have = 0;
        d->bits = 0;
    }
    return 1;
}

static int
malformed(const btls_pem *pem, const char *what, btls_error *e)
{
    return btls_error_set(e, "config_pem_malformed", BTLS_NO_ALERT, "line %u: %s",
                          pem->line - 1, what);
}

/* Skips the headers of a block in the old form ("Proc-Type: 4,ENCRYPTED"); what was read
 * is its first base64 line. */
static btls_span
skip_headers(btls_pem *pem, btls_span line)
{
    if (memchr(line.p, ':', line.n) == NULL)
        return line;
    for (; pem->rest.n > 0 && line.n > 0; line = next_line(pem)) {
        if (line.n >= 9 && memcmp(line.p + line.n - 9, "ENCRYPTED", 9) == 0)
            pem->encrypted = 1;
    }
    return next_line(pem);
}

static int
read_block(btls_pem *pem, btls_queue *out, btls_error *e)
{
    struct decoder d = { 0, 0, 0 };
    btls_span line = skip_headers(pem, next_line(pem));
    for (;; line = next_line(pem)) {
        btls_span end = label_of(line, "-----END ");
        if (end.p != NULL) {
            if (end.n != strlen(pem->label) || memcmp(end.p, pem->label, end.n) != 0)
                return malformed(pem, "the END does not fit the BEGIN", e);
            if (d.have != 0)
                return malformed(pem, "the base64 before it is cut off", e);
            return 1;
        }
        int ok = decode_line(&d, line, out);
        if (ok < 0)
            return btls_error_memory(e);
        if (!ok)
            return malformed(pem, "this is not base64", e);
        if (pem->rest.n == 0)
            return malformed(pem, "the file ends inside a block", e);
    }
}

int
btls_pem_next(btls_pem *pem, btls_queue *out, btls_error *e)
{
    btls_queue_clear(out);
    pem->encrypted = 0;
    while (pem->rest.n > 0) {
        btls_span label = label_of(next_line(pem), "-----BEGIN ");
        if (label.p == NULL)
            continue;
        if (label.n >= sizeof pem->label)
            return malformed(pem, "the block has a name that is too long", e);
        memcpy(pem->label, label.p, label.n);
        pem->label[label.n] = '\0';
        return read_block(pem, out, e);
    }
    return 0;
}

static void
encode_three(const uint8_t *p, size_t n, char four[4])
{
    uint32_t bits =
        (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0) | (n > 2 ? p[2] : 0u);
    for (int i = 3; i >= 0; i--, bits >>= 6)
        four[i] = (size_t)i > n ? '=' : digits[bits & 63];
}

void
btls_base64(char *to, btls_span bytes)
{
    for (size_t i = 0; i < bytes.n; i += 3, to += 4)
        encode_three(bytes.p + i, bytes.n - i < 3 ? bytes.n - i : 3, to);
    *to = '\0';
}

/* In lines of 64 characters. */
static int
push_base64(btls_queue *q, btls_span bytes)
{
    char line[LINE + 2];
    for (size_t i = 0; i < bytes.n; i += LINE_BYTES) {
        btls_span part = { bytes.p + i,
                           bytes.n - i < LINE_BYTES ? bytes.n - i : LINE_BYTES };
        btls_base64(line, part);
        size_t n = BTLS_BASE64_SIZE(part.n);
        line[n] = '\n';
        if (!btls_queue_push(q, line, n + 1))
            return 0;
    }
    return 1;
}

int
btls_pem_push(btls_queue *q, const char *label, btls_span bytes)
{
    char line[80];
    int n = snprintf(line, sizeof line, "-----BEGIN %s-----\n", label);
    if (!btls_queue_push(q, line, (size_t)n) || !push_base64(q, bytes))
        return 0;
    n = snprintf(line, sizeof line, "-----END %s-----\n", label);
    return btls_queue_push(q, line, (size_t)n);
}
