/* path_policy.c -- certificate policies (RFC 5280, 6.1; RFC 9618), as far as they decide
 * for TLS: any policy will do, so the question is only whether there is one at all, and
 * only when a CA on the path requires one. The policies that are valid at one certificate
 * are a list; which of them came from which is of no interest. */
#include "pki/path.h"

#include "pki/der.h"

/* More valid policies than that are more than a path is worth. */
#define POLICIES 64

static const uint8_t any_policy[] = { 0x55, 0x1D, 0x20, 0x00 };

typedef struct {
    btls_span list[POLICIES]; /* OIDs, none twice, anyPolicy not among them */
    size_t count;
    int any;
    int full; /* one more would not have fitted */
} policies;

/* The counters of RFC 5280, 6.1.2: certificates until a policy is required, mapping is
 * over, anyPolicy counts no more. */
typedef struct {
    size_t explicit_policy, policy_mapping, inhibit_any;
    policies valid;
    int is_empty; /* no policy is valid, and none will be */
} state;

static int
contains(const policies *p, btls_span oid)
{
    for (size_t i = 0; i < p->count; i++) {
        if (btls_span_equal(p->list[i], oid))
            return 1;
    }
    return 0;
}

static void
add(policies *p, btls_span oid)
{
    if (contains(p, oid))
        return;
    if (p->count == POLICIES)
        p->full = 1;
    else
        p->list[p->count++] = oid;
}

static void
take_out(policies *p, btls_span oid)
{
    for (size_t i = 0; i < p->count; i++) {
        if (btls_span_equal(p->list[i], oid))
            p->list[i--] = p->list[--p->count];
    }
}

/* 6.1.3 (d): what the certificate asserts, of what is valid above it. */
static void
assert_policies(state *s, const btls_certificate *c, int any_counts)
{
    policies now = { .count = 0 };
    int has_any = 0;
    btls_reader r = btls_reader_of(c->policies);
    while (btls_read_more(&r)) {
        btls_reader information = btls_der_enter(&r, BTLS_DER_SEQUENCE);
        btls_span oid = btls_der_read_oid(&information);
        if (BTLS_OID_IS(oid, any_policy))
            has_any = 1;
        else if (s->valid.any || contains(&s->valid, oid))
            add(&now, oid);
    }
    if (has_any && any_counts) {
        for (size_t i = 0; i < s->valid.count; i++)
            add(&now, s->valid.list[i]);
        now.any = s->valid.any;
    }
    now.full |= s->valid.full;
    s->valid = now;
    s->is_empty |= now.count == 0 && !now.any;
}

/* 6.1.4 (a), (b): what is called differently below. 0 when anyPolicy is mapped. */
static int
map_policies(state *s, const btls_certificate *c)
{
    policies above = s->valid;
    btls_reader r = btls_reader_of(c->policy_mappings);
    while (btls_read_more(&r)) {
        btls_reader pair = btls_der_enter(&r, BTLS_DER_SEQUENCE);
        btls_span from = btls_der_read_oid(&pair), to = btls_der_read_oid(&pair);
        if (BTLS_OID_IS(from, any_policy) || BTLS_OID_IS(to, any_policy))
            return 0;
        take_out(&s->valid, from);
    }
    r = btls_reader_of(c->policy_mappings);
    while (s->policy_mapping > 0 && btls_read_more(&r)) {
        btls_reader pair = btls_der_enter(&r, BTLS_DER_SEQUENCE);
        btls_span from = btls_der_read_oid(&pair), to = btls_der_read_oid(&pair);
        if (above.any || contains(&above, from))
            add(&s->valid, to);
    }
    s->is_empty |= s->valid.count == 0 && !s->valid.any;
    return 1;
}

static void
count_down(size_t *counter)
{
    *counter -= *counter > 0;
}

static void
limit(size_t *counter, int given)
{
    if (given >= 0 && (size_t)given < *counter)
        *counter = (size_t)given;
}

/* 6.1.4: on to the certificate below. */
static int
go_down(state *s, const btls_path_node *n)
{
    if (!map_policies(s, &n->c))
        return 0;
    if (!n->is_self_issued) {
        count_down(&s->explicit_policy);
        count_down(&s->policy_mapping);
        count_down(&s->inhibit_any);
    }
    limit(&s->explicit_policy, n->c.require_explicit_policy);
    limit(&s->policy_mapping, n->c.inhibit_policy_mapping);
    limit(&s->inhibit_any, n->c.inhibit_any_policy);
    return 1;
}

static int
is_required(const btls_path_search *s)
{
    for (size_t i = 0; i < s->length; i++) {
        if (s->path[i]->c.require_explicit_policy >= 0)
            return 1;
    }
    return 0;
}

/* One certificate after the other, from the anchor down to the peer's own. 0 when it is
 * the one that has no valid policy, or maps what may not be mapped. */
static int
process(state *p, const btls_path_node *n, int is_last)
{
    assert_policies(p, &n->c, p->inhibit_any > 0 || (!is_last && n->is_self_issued));
    if (!is_last)
        return (p->explicit_policy > 0 || !p->is_empty) && go_down(p, n);
    count_down(&p->explicit_policy); /* 6.1.5 */
    if (n->c.require_explicit_policy == 0)
        p->explicit_policy = 0;
    return p->explicit_policy > 0 || (!p->is_empty && !p->valid.full);
}

int
btls_path_check_policies(btls_path_search *s, btls_fault *fault)
{
    size_t never = s->length + 1;
    state p = { never, never, never, { .any = 1 }, 0 };
    if (!is_required(s))
        return 1;
    for (size_t i = s->length; i-- > 0;) {
        const btls_certificate *c = &s->path[i]->c;
        fault->at = i;
        s->names -= (long)(c->policies.n + c->policy_mappings.n) / 4;
        fault->kind = s->names <= 0 ? BTLS_FAULT_TOO_COMPLEX : BTLS_FAULT_POLICY;
        if (s->names <= 0 || !process(&p, s->path[i], i == 0))
            return 0;
    }
    fault->kind = BTLS_FAULT_NONE;
    return 1;
}
