/* pem.c -- PEM (RFC 7468) as it is found in files. */
#include "pki/pem.h"

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
    const uint8_t *from = pem->rest.p, *end = from + pem->rest.n, *p = from;
    while (p < end && *p != '\n' && *p != '\r')
        p++;
    btls_span line = { from, (size_t)(p - from) };
    if (p < end && *p == '\r')
        p++;
    if (p < end && *p == '\n')
        p++;
    pem->rest = (btls_span){ p, (size_t)(end - p) };
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
    static const int8_t values['z' - '+' + 1] = {
        62, -2, -2, -2, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -2, /* + / 0 */
        -2, -2, -1, -2, -2, -2, 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  /* = A */
        10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, /* K */
        -2, -2, -2, -2, -2, -2, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, /* a */
        36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, /* k */
    };
    return c < '+' || c > 'z' ? -2 : values[c - '+'];
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
    size_t n = 0;
    uint8_t *to = btls_queue_room(out, (d->have + line.n) / 4 * 3 + 1);
    if (to == NULL)
        return -1;
    for (size_t i = 0; i < line.n; i++) {
        int v = value_of(line.p[i]);
        if (v == -2 || (d->padded > 0 && v >= 0))
            return 0;
        d->padded += v == -1;
        d->bits = d->bits << 6 | (uint32_t)(v < 0 ? 0 : v);
        if (++d->have < 4)
            continue;
        if (d->padded > 2 || (d->padded > 0 && i + 1 < line.n))
            return 0;
        to[n++] = (uint8_t)(d->bits >> 16);
        to[n++] = (uint8_t)(d->bits >> 8);
        to[n++] = (uint8_t)d->bits;
        d->have = 0;
        d->bits = 0;
    }
    btls_queue_grew(out, n > 0 && d->have == 0 ? n - d->padded : n);
    return 1;
}

static int
malformed(const btls_pem *pem, const char *what, btls_error *e)
{
    return btls_error_set(e, "config_pem_malformed", BTLS_NO_ALERT, "line %u: %s",
                          pem->line - 1, what);
}

/* Looks at a header of a block in the old form: "Proc-Type: 4,ENCRYPTED", "DEK-Info:
 * ...".
 */
static void
read_header(btls_pem *pem, btls_span line)
{
    static const char dek_info[] = "DEK-Info: ";
    size_t prefix = sizeof dek_info - 1;
    if (line.n >= 9 && memcmp(line.p + line.n - 9, "ENCRYPTED", 9) == 0)
        pem->encrypted = 1;
    if (line.n > prefix && line.n - prefix < sizeof pem->dek_info &&
        memcmp(line.p, dek_info, prefix) == 0) {
        memcpy(pem->dek_info, line.p + prefix, line.n - prefix);
        pem->dek_info[line.n - prefix] = '\0';
    }
}

/* Reads the headers of a block in the old form; what was read is its first base64 line.
 */
static btls_span
skip_headers(btls_pem *pem, btls_span line)
{
    if (memchr(line.p, ':', line.n) == NULL)
        return line;
    for (; pem->rest.n > 0 && line.n > 0; line = next_line(pem))
        read_header(pem, line);
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
    pem->dek_info[0] = '\0';
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

/* "-----BEGIN label-----" or the like; a label may be of any length. */
static int
push_boundary(btls_queue *q, const char *begin, const char *label)
{
    return btls_queue_push(q, begin, strlen(begin)) &&
           btls_queue_push(q, label, strlen(label)) && btls_queue_push(q, "-----\n", 6);
}

int
btls_pem_push(btls_queue *q, const char *label, btls_span bytes)
{
    return push_boundary(q, "-----BEGIN ", label) && push_base64(q, bytes) &&
           push_boundary(q, "-----END ", label);
}
