/* keylog.c -- lines in NSS key log format. */
#include "tls/keylog.h"

#include <string.h>

static char *
put_hex(char *to, const uint8_t *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *to++ = digits[p[i] >> 4];
        *to++ = digits[p[i] & 15];
    }
    return to;
}

void
btls_keylog_add(btls_session *s, const char *label, const uint8_t client_random[32],
                btls_span secret)
{
    char line[40 + 64 + 1 + 128 + 1], *to = line;
    size_t n = strlen(label);
    if (!s->config->keylog || n >= 40 || secret.n > 64)
        return;
    memcpy(to, label, n);
    to += n;
    *to++ = ' ';
    to = put_hex(to, client_random, 32);
    *to++ = ' ';
    to = put_hex(to, secret.p, secret.n);
    *to++ = '\n';
    /* Watching never breaks a session: without memory there is no line. */
    btls_queue_push(&s->keylog, line, (size_t)(to - line));
    btls_wipe(line, sizeof line);
}
