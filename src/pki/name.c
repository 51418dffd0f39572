/* name.c -- does a certificate speak for this server name? (RFC 9525) */
#include "pki/name.h"

#include <stdio.h>
#include <string.h>

#include "pki/dn.h"

#define DNS_MAX 253
#define LABEL_MAX 63
/* Longer names are cut in messages. */
#define TEXT_MAX 253

static int
parse_ipv4(const char *s, uint8_t out[4])
{
    for (int i = 0; i < 4; i++) {
        unsigned v = 0, digits = 0;
        for (; *s >= '0' && *s <= '9'; s++, digits++)
            v = v * 10 + (unsigned)(*s - '0');
        if (digits < 1 || digits > 3 || v > 255 || (digits > 1 && s[-(int)digits] == '0'))
            return 0;
        out[i] = (uint8_t)v;
        if (i < 3 && *s++ != '.')
            return 0;
    }
    return *s == '\0';
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 4291, 2.2: eight groups, one run of zeros as "::", the last two groups perhaps as
 * IPv4. */
static int
parse_ipv6(const char *s, uint8_t out[16])
{
    uint8_t bytes[16];
    size_t n = 0, gap = 17;
    memset(out, 0, 16);
    if (s[0] == ':' && s[1] == ':') {
        gap = 0;
        s += 2;
    }
    while (*s != '\0') {
        unsigned v = 0, digits = 0;
        const char *group = s;
        for (; hex_value(*s) >= 0 && digits < 5; s++, digits++)
            v = v << 4 | (unsigned)hex_value(*s);
        if (*s == '.') {
            if (n > 12 || !parse_ipv4(group, bytes + n))
                return 0;
            n += 4;
            break;
        }
        if (digits < 1 || digits > 4 || n > 14)
            return 0;
        bytes[n++] = (uint8_t)(v >> 8);
        bytes[n++] = (uint8_t)v;
        if (*s == '\0')
            break;
        if (*s++ != ':' || *s == '\0')
            return 0;
        if (*s == ':') {
            if (gap != 17)
                return 0;
            gap = n;
            s++;
        }
    }
    if (gap == 17 ? n != 16 : n > 14)
        return 0;
    if (gap == 17)
        gap = n;
    memcpy(out, bytes, gap);
    memcpy(out + 16 - (n - gap), bytes + gap, n - gap);
    return 1;
}

int
btls_name_is_ip(const char *name, uint8_t out[16], size_t *n)
{
    if (parse_ipv4(name, out)) {
        *n = 4;
        return 1;
    }
    if (strchr(name, ':') == NULL || !parse_ipv6(name, out))
        return 0;
    *n = 16;
    return 1;
}

static int
is_label_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '_';
}

int
btls_name_is_host(btls_span name)
{
    size_t label = 0;
    const char *p = (const char *)name.p;
    if (name.n == 0 || name.n > DNS_MAX)
        return 0;
    for (size_t i = 0; i <= name.n; i++) {
        if (i < name.n && p[i] != '.') {
            if (!is_label_char(p[i]) || ++label > LABEL_MAX ||
                (label == 1 && p[i] == '-'))
                return 0;
        } else {
            if (label == 0 || p[i - 1] == '-')
                return 0;
            label = 0;
        }
    }
    return 1;
}

int
btls_name_is_dns(const char *name)
{
    size_t n = strlen(name);
    if (n > 0 && name[n - 1] == '.')
        n--;
    return btls_name_is_host((btls_span){ (const uint8_t *)name, n });
}

static uint8_t
lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

int
btls_name_same(btls_span a, btls_span b)
{
    if (a.n != b.n)
        return 0;
    for (size_t i = 0; i < a.n; i++) {
        if (lower(a.p[i]) != lower(b.p[i]))
            return 0;
    }
    return 1;
}

int
btls_name_is_wildcard(btls_span presented)
{
    return presented.n > 2 && presented.p[0] == '*' && presented.p[1] == '.';
}

static btls_span
behind(btls_span s, size_t n)
{
    return (btls_span){ s.p + n, s.n - n };
}

/* One presented dNSName against one reference name (RFC 9525, 6.3). */
static int
dns_matches(btls_span presented, btls_span name)
{
    if (!btls_name_is_wildcard(presented))
        return btls_name_is_host(presented) && btls_name_same(presented, name);
    /* The wildcard is one whole label, and what follows it has at least two. */
    btls_span rest = behind(presented, 2);
    const uint8_t *dot = memchr(name.p, '.', name.n);
    return dot != NULL && btls_name_is_host(rest) &&
           memchr(rest.p, '.', rest.n) != NULL &&
           btls_name_same(rest, behind(name, (size_t)(dot + 1 - name.p)));
}

int
btls_name_matches(const btls_certificate *c, const char *name)
{
    uint8_t ip[16];
    btls_span address = { ip, 0 }, host = { (const uint8_t *)name, strlen(name) };
    int is_ip = btls_name_is_ip(name, ip, &address.n);
    if (!is_ip && !btls_name_is_dns(name))
        return 0;
    if (!is_ip && name[host.n - 1] == '.')
        host.n--;
    btls_reader r = btls_reader_of(c->san);
    while (btls_read_more(&r)) {
        btls_general_name san = btls_general_name_read(&r);
        if (is_ip && san.type == BTLS_NAME_IP && btls_span_equal(san.value, address))
            return 1;
        if (!is_ip && san.type == BTLS_NAME_DNS && dns_matches(san.value, host))
            return 1;
    }
    return 0;
}

void
btls_name_ip_text(btls_span ip, char *out, size_t size)
{
    out[0] = '\0';
    if (ip.n == 4) {
        snprintf(out, size, "%u.%u.%u.%u", ip.p[0], ip.p[1], ip.p[2], ip.p[3]);
        return;
    }
    /* The longest run of zero groups becomes "::" (RFC 5952, 4.2). */
    unsigned groups[8], at = 8, run = 1;
    for (unsigned i = 0; ip.n == 16 && i < 8; i++)
        groups[i] = (unsigned)ip.p[2 * i] << 8 | ip.p[2 * i + 1];
    for (unsigned i = 0; ip.n == 16 && i < 8; i++) {
        unsigned k = i;
        while (k < 8 && groups[k] == 0)
            k++;
        if (k - i > run) {
            at = i;
            run = k - i;
        }
    }
    size_t n = 0;
    for (unsigned i = 0; ip.n == 16 && i < 8 && n < size; i++) {
        if (i == at) {
            n += (size_t)snprintf(out + n, size - n, "::");
            i += run - 1;
        } else {
            n += (size_t)snprintf(out + n, size - n, "%s%x",
                                  i > 0 && out[n - 1] != ':' ? ":" : "", groups[i]);
        }
    }
}

void
btls_name_text(const btls_general_name *name, char *out, size_t size)
{
    out[0] = '\0';
    if (name->type == BTLS_NAME_IP)
        btls_name_ip_text(name->value, out, size);
    else if (name->type == BTLS_NAME_DIRECTORY)
        btls_dn_text(name->value, out, size);
    else if (name->type == BTLS_NAME_DNS || name->type == BTLS_NAME_EMAIL ||
             name->type == BTLS_NAME_URI)
        snprintf(out, size, "%.*s",
                 (int)(name->value.n < TEXT_MAX ? name->value.n : TEXT_MAX),
                 (const char *)name->value.p);
}

void
btls_name_list(const btls_certificate *c, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    btls_reader r = btls_reader_of(c->san);
    while (btls_read_more(&r) && n + 1 < size) {
        char text[TEXT_MAX + 1];
        btls_general_name name = btls_general_name_read(&r);
        if (name.type != BTLS_NAME_DNS && name.type != BTLS_NAME_IP)
            continue;
        btls_name_text(&name, text, sizeof text);
        n += (size_t)snprintf(out + n, size - n, "%s%s", n > 0 ? ", " : "", text);
    }
}
