/* name_constraints.c -- may this CA stand above these names? Whatever is not certainly
 * inside of what is permitted, or may be inside of what is excluded, is refused. */
#include "pki/name_constraints.h"

#include <string.h>

#include "pki/der.h"
#include "pki/dn.h"
#include "pki/dn_compare.h"
#include "pki/name.h"

static btls_span
behind(btls_span s, size_t n)
{
    return (btls_span){ s.p + n, s.n - n };
}

/* ---- hosts ---- */

/* Is the host inside ("a.example" in "example"), whatever labels it has more? */
static int
ends_with(btls_span host, btls_span domain)
{
    return host.n > domain.n && host.p[host.n - domain.n - 1] == '.' &&
           btls_name_same(behind(host, host.n - domain.n), domain);
}

static int
is_host_or_domain(btls_span constraint)
{
    if (constraint.n > 0 && constraint.p[0] == '.')
        constraint = behind(constraint, 1);
    return btls_name_is_host(constraint);
}

/* ".example" is what is below example, "example" that host: URIs and e-mail. */
static int
host_matches(btls_span host, btls_span constraint)
{
    if (constraint.n > 0 && constraint.p[0] == '.')
        return ends_with(host, behind(constraint, 1));
    return btls_name_same(host, constraint);
}

/* ---- dNSName ---- */

/* Example.com is itself and everything below; "" is everything. A leading dot, which DNS
 * constraints do not have but many CAs write, leaves out the name itself, unless that
 * would exclude less. */
static int
dns_matches(btls_span name, btls_span constraint, int excluding)
{
    int is_wildcard = btls_name_is_wildcard(name);
    btls_span host = is_wildcard ? behind(name, 2) : name;
    int below_only = constraint.n > 0 && constraint.p[0] == '.';
    btls_span domain = below_only ? behind(constraint, 1) : constraint;
    if (!btls_name_is_host(host))
        return excluding;
    if (domain.n == 0 || ends_with(host, domain))
        return 1;
    if (btls_name_same(host, domain))
        return is_wildcard || !below_only || excluding;
    if (!is_wildcard || !excluding)
        return 0;
    /* May the wildcard stand for the one label that the constraint has more? */
    const uint8_t *dot = memchr(domain.p, '.', domain.n);
    return dot != NULL &&
           btls_name_same(host, behind(domain, (size_t)(dot + 1 - domain.p)));
}

/* ---- iPAddress: an address and a mask ---- */

static int
is_mask(btls_span mask)
{
    unsigned gap = 0;
    for (size_t i = 0; i < mask.n * 8; i++) {
        unsigned bit = mask.p[i / 8] >> (7 - i % 8) & 1;
        if (bit && gap)
            return 0;
        gap |= !bit;
    }
    return 1;
}

static int
ip_matches(btls_span ip, btls_span constraint)
{
    if (constraint.n != 2 * ip.n)
        return 0;
    for (size_t i = 0; i < ip.n; i++) {
        if ((ip.p[i] ^ constraint.p[i]) & constraint.p[ip.n + i])
            return 0;
    }
    return 1;
}

/* ---- rfc822Name ---- */

/* local@host, with one @. */
static int
split_mailbox(btls_span mailbox, btls_span *local, btls_span *host)
{
    const uint8_t *at = memchr(mailbox.p, '@', mailbox.n);
    if (at == NULL || at == mailbox.p)
        return 0;
    *local = (btls_span){ mailbox.p, (size_t)(at - mailbox.p) };
    *host = behind(mailbox, local->n + 1);
    return btls_name_is_host(*host);
}

static int
email_matches(btls_span name, btls_span constraint, int excluding)
{
    btls_span local, host, its_local, its_host;
    if (!split_mailbox(name, &local, &host))
        return excluding;
    if (split_mailbox(constraint, &its_local, &its_host))
        return btls_span_equal(local, its_local) && btls_name_same(host, its_host);
    return host_matches(host, constraint);
}

/* ---- uniformResourceIdentifier ---- */

/* The host of scheme://user@host:port/path, which has to be a name. */
static int
uri_host(btls_span uri, btls_span *host)
{
    uint8_t ip[16];
    char text[256];
    size_t from = 0, n, ip_size;
    while (from + 2 < uri.n && memcmp(uri.p + from, "://", 3) != 0)
        from++;
    if (from + 2 >= uri.n)
        return 0;
    *host = behind(uri, from + 3);
    for (n = 0; n < host->n && memchr("/?#", host->p[n], 3) == NULL; n++) {
        if (host->p[n] == '@') {
            *host = behind(*host, n + 1);
            n = (size_t)-1;
        }
    }
    host->n = n;
    const uint8_t *port = memchr(host->p, ':', host->n);
    if (port != NULL)
        host->n = (size_t)(port - host->p);
    if (!btls_name_is_host(*host))
        return 0;
    memcpy(text, host->p, host->n);
    text[host->n] = '\0';
    return !btls_name_is_ip(text, ip, &ip_size);
}

static int
uri_matches(btls_span uri, btls_span constraint, int excluding)
{
    btls_span host;
    return uri_host(uri, &host) ? host_matches(host, constraint) : excluding;
}

/* ---- one name ---- */

static int
is_understood(enum btls_general_name_type type)
{
    return type == BTLS_NAME_DNS || type == BTLS_NAME_IP || type == BTLS_NAME_EMAIL ||
           type == BTLS_NAME_URI || type == BTLS_NAME_DIRECTORY;
}

/* Does the name match a constraint of its own type? `excluding` says which way doubt
 * goes. */
static int
matches(const btls_general_name *name, btls_span constraint, int excluding)
{
    switch (name->type) {
    case BTLS_NAME_DNS:
        return dns_matches(name->value, constraint, excluding);
    case BTLS_NAME_IP:
        return ip_matches(name->value, constraint);
    case BTLS_NAME_EMAIL:
        return email_matches(name->value, constraint, excluding);
    case BTLS_NAME_URI:
        return uri_matches(name->value, constraint, excluding);
    case BTLS_NAME_DIRECTORY:
        return btls_dn_within(name->value, constraint);
    default:
        return excluding;
    }
}

static int
is_constraint(const btls_general_name *c)
{
    btls_span local, host;
    switch (c->type) {
    case BTLS_NAME_DNS:
        return c->value.n == 0 || is_host_or_domain(c->value);
    case BTLS_NAME_IP:
        return (c->value.n == 8 || c->value.n == 32) &&
               is_mask(behind(c->value, c->value.n / 2));
    case BTLS_NAME_EMAIL:
        return is_host_or_domain(c->value) || split_mailbox(c->value, &local, &host);
    case BTLS_NAME_URI:
        return is_host_or_domain(c->value);
    default:
        return 1;
    }
}

static btls_general_name
read_subtree(btls_reader *subtrees)
{
    btls_reader subtree = btls_der_enter(subtrees, BTLS_DER_SEQUENCE);
    return btls_general_name_read(&subtree);
}

/* Long names take long to compare. */
static void
charge(long *work, btls_span constraint)
{
    *work -= 1 + (long)(constraint.n / 32);
}

static enum btls_constraint
check_name(const btls_certificate *ca, const btls_general_name *name, long *work)
{
    int of_its_type = 0, inside = 0;
    btls_reader permitted = btls_reader_of(ca->permitted),
                excluded = btls_reader_of(ca->excluded);
    while (btls_read_more(&permitted) && *work > 0) {
        btls_general_name c = read_subtree(&permitted);
        charge(work, c.value);
        if (c.type != name->type)
            continue;
        of_its_type = 1;
        inside |= matches(name, c.value, 0);
    }
    if (of_its_type && !is_understood(name->type))
        return BTLS_CONSTRAINT_UNKNOWN_FORM;
    if (of_its_type && !inside)
        return BTLS_CONSTRAINT_NOT_PERMITTED;
    while (btls_read_more(&excluded) && *work > 0) {
        btls_general_name c = read_subtree(&excluded);
        charge(work, c.value);
        if (c.type == name->type && matches(name, c.value, 1))
            return is_understood(name->type) ? BTLS_CONSTRAINT_EXCLUDED
                                             : BTLS_CONSTRAINT_UNKNOWN_FORM;
    }
    return *work > 0 ? BTLS_CONSTRAINT_KEPT : BTLS_CONSTRAINT_TOO_MANY;
}

/* ---- all names ---- */

static enum btls_constraint
check_constraints(btls_span subtrees, long *work, btls_general_name *offender)
{
    btls_reader r = btls_reader_of(subtrees);
    while (btls_read_more(&r) && *work > 0) {
        *offender = read_subtree(&r);
        charge(work, offender->value);
        if (!is_constraint(offender))
            return BTLS_CONSTRAINT_MALFORMED;
    }
    return BTLS_CONSTRAINT_KEPT;
}

static enum btls_constraint
check_san(const btls_certificate *ca, const btls_certificate *c, long *work,
          btls_general_name *offender, int *has_email)
{
    btls_reader r = btls_reader_of(c->san);
    while (btls_read_more(&r)) {
        *offender = btls_general_name_read(&r);
        *has_email |= offender->type == BTLS_NAME_EMAIL;
        enum btls_constraint found = check_name(ca, offender, work);
        if (found != BTLS_CONSTRAINT_KEPT)
            return found;
    }
    return BTLS_CONSTRAINT_KEPT;
}

/* The subject itself and, when the subjectAltName has none, its e-mail addresses. */
static enum btls_constraint
check_subject(const btls_certificate *ca, const btls_certificate *c, long *work,
              btls_general_name *offender, int has_email)
{
    enum btls_constraint found = BTLS_CONSTRAINT_KEPT;
    btls_dn_cursor at = btls_dn_begin(c->subject);
    btls_dn_attribute a;
    if (!btls_dn_is_empty(c->subject)) {
        *offender = (btls_general_name){ BTLS_NAME_DIRECTORY, c->subject };
        found = check_name(ca, offender, work);
    }
    while (!has_email && found == BTLS_CONSTRAINT_KEPT && btls_dn_next(&at, &a)) {
        *offender = (btls_general_name){ BTLS_NAME_EMAIL, a.value };
        if (btls_span_equal(a.type, btls_oid_email))
            found = check_name(ca, offender, work);
    }
    return found;
}

enum btls_constraint
btls_name_constraints_check(const btls_certificate *ca, const btls_certificate *c,
                            long *work, btls_general_name *offender)
{
    int has_email = 0;
    if (!btls_certificate_has(ca, BTLS_EXT_NAME_CONSTRAINTS))
        return BTLS_CONSTRAINT_KEPT;
    enum btls_constraint found = check_constraints(ca->permitted, work, offender);
    if (found == BTLS_CONSTRAINT_KEPT)
        found = check_constraints(ca->excluded, work, offender);
    if (found == BTLS_CONSTRAINT_KEPT)
        found = check_san(ca, c, work, offender, &has_email);
    if (found == BTLS_CONSTRAINT_KEPT)
        found = check_subject(ca, c, work, offender, has_email);
    return found == BTLS_CONSTRAINT_KEPT && *work <= 0 ? BTLS_CONSTRAINT_TOO_MANY : found;
}
