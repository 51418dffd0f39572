/* path_search.c -- looks for a path from the peer's certificate to an anchor, depth first
 * and bounded, the likeliest issuer first. It is done strictly, where a certificate that
 * breaks a rule is no way to go; when that finds nothing, it is done leniently, to see
 * whether there would be a path but for a fault, and to tell which. Signatures that were
 * checked once are remembered, so that the second time costs little. */
#include "pki/path.h"

#include <string.h>

#include "pki/dn.h"
#include "pki/dn_compare.h"
#include "pki/signature.h"

/* Work for one verdict. A signature of RSA to 4096 bits or on P-256 counts 1. */
#define SIGNATURES 100
#define STEPS 2000
#define NAMES 250000

/* A longer RSA exponent would make one signature as dear as a hundred. */
#define EXPONENT_BYTES 8

enum { UNKNOWN, GOOD, BAD };

/* How telling a dead end is, besides how far it is from the peer's certificate. */
enum { RANK_NO_ISSUER, RANK_OTHER_KEY, RANK_FAULT, RANKS };

/* ---- certificates ---- */

static void
fill(btls_path_node *n)
{
    btls_error e;
    n->is_self_issued = btls_dn_equal(n->c.issuer, n->c.subject);
    n->has_key = btls_certificate_public_key(&n->c, &n->key, &e) == 0 &&
                 n->key.e.n <= EXPONENT_BYTES;
    n->has_algorithm = btls_signature_algorithm_parse(n->c.algorithm, &n->algorithm);
    n->subject_hash = btls_dn_hash(n->c.subject);
    n->issuer_hash = btls_dn_hash(n->c.issuer);
}

static btls_path_node *
new_node(btls_path_search *s, int number)
{
    btls_path_node *n = btls_zalloc(s->chain->bytes.alloc, sizeof *n);
    if (n != NULL) {
        n->number = number;
        n->is_anchor = number < 0;
        s->nodes[s->node_count++] = n;
    }
    return n;
}

/* Certificates besides the peer's own may be anything: those that are malformed or there
 * twice are not used. */
int
btls_path_search_init(btls_path_search *s, btls_error *e)
{
    s->signatures = SIGNATURES;
    s->steps = STEPS;
    s->names = NAMES;
    for (size_t i = 0; i < s->chain->count; i++) {
        btls_error ignored;
        btls_path_node *n = new_node(s, (int)i);
        if (n == NULL)
            return btls_error_memory(e);
        btls_span der = btls_chain_at(s->chain, i);
        n->is_malformed = btls_certificate_parse(&n->c, der, &ignored) != 0;
        n->is_usable = !n->is_malformed;
        if (n->is_usable)
            fill(n);
        for (size_t k = 0; k < i; k++)
            n->is_usable &= !btls_span_equal(s->nodes[k]->c.der, der);
    }
    s->chain_count = s->chain->count;
    s->path[0] = s->nodes[0];
    s->length = 1;
    return 0;
}

void
btls_path_search_clear(btls_path_search *s)
{
    const btls_alloc *a = s->chain->bytes.alloc;
    for (size_t i = 0; i < s->node_count; i++) {
        btls_free(a, s->nodes[i]->block, s->nodes[i]->block_size);
        btls_free(a, s->nodes[i], sizeof *s->nodes[i]);
    }
    s->node_count = 0;
}

static int
load_anchor(btls_path_search *s, size_t i, btls_error *e)
{
    btls_error ignored;
    btls_path_node *n = new_node(s, -1 - (int)i);
    if (n == NULL)
        return btls_error_memory(e);
    size_t size = btls_trust_at(s->policy->trust, i).size;
    n->block = btls_zalloc(s->chain->bytes.alloc, size);
    if (n->block == NULL)
        return btls_error_memory(e);
    n->block_size = size;
    btls_trust_certificate(s->policy->trust, i, n->block);
    n->is_usable =
        btls_certificate_parse(&n->c, (btls_span){ n->block, size }, &ignored) == 0;
    if (n->is_usable)
        fill(n);
    return 0;
}

/* The anchors of that name become nodes. */
static int
load_anchors(btls_path_search *s, btls_span name, btls_error *e)
{
    const btls_trust *t = s->policy->trust;
    for (size_t i = 0; (i = btls_trust_find(t, name, i)) < btls_trust_count(t); i++) {
        int is_there = s->node_count == BTLS_PATH_NODES;
        for (size_t k = s->chain_count; k < s->node_count; k++)
            is_there |= s->nodes[k]->number == -1 - (int)i;
        if (!is_there && load_anchor(s, i, e) != 0)
            return -1;
    }
    return 0;
}

/* ---- signatures ---- */

static long
cost_of(const btls_public_key *k)
{
    if (k->kind == BTLS_KEY_EC)
        return k->curve == BR_EC_secp256r1 ? 1 : k->curve == BR_EC_secp384r1 ? 3 : 6;
    return btls_public_key_bits(k) > 4096 ? 4 : 1;
}

static size_t
index_of(const btls_path_search *s, const btls_path_node *n)
{
    size_t i = 0;
    while (s->nodes[i] != n)
        i++;
    return i;
}

static int
is_signed_by(btls_path_search *s, const btls_path_node *child,
             const btls_path_node *issuer)
{
    uint8_t *known = &s->signed_by[index_of(s, child)][index_of(s, issuer)];
    if (*known == UNKNOWN) {
        s->signatures -= cost_of(&issuer->key);
        if (s->signatures < 0)
            return 0;
        *known = btls_signature_verify(&child->algorithm, &issuer->key, child->c.tbs,
                                       child->c.signature)
                     ? GOOD
                     : BAD;
    }
    return *known == GOOD;
}

/* ---- what to say when there is no path ---- */

/* Keeps the path with `above` on it, if it is one, when it tells more than what was kept
 * before: the longer one, then the higher rank. */
static void
note(btls_path_search *s, const btls_path_node *above, int rank, const btls_fault *fault)
{
    rank += (int)s->length * RANKS;
    if (s->closest.kind != BTLS_FAULT_NONE && rank <= s->closest_rank)
        return;
    s->closest_rank = rank;
    s->closest = *fault;
    memcpy(s->closest_path, s->path, sizeof s->path);
    s->closest_length = s->length;
    if (above != NULL)
        s->closest_path[s->closest_length++] = above;
}

static void
note_kind(btls_path_search *s, const btls_path_node *above, int rank,
          enum btls_fault_kind kind, size_t at)
{
    btls_fault fault;
    memset(&fault, 0, sizeof fault);
    fault.kind = kind;
    fault.at = at;
    note(s, above, rank, &fault);
}

static void
note_no_issuer(btls_path_search *s)
{
    int is_root = s->path[s->length - 1]->is_self_issued;
    note_kind(s, NULL, RANK_NO_ISSUER,
              is_root ? BTLS_FAULT_UNTRUSTED_ROOT : BTLS_FAULT_NO_ISSUER, s->length - 1);
}

static int
is_exhausted(const btls_path_search *s)
{
    return s->signatures < 0 || s->steps < 0 || s->names <= 0;
}

/* ---- the search ---- */

/* 1: the identifiers match, 0: one is missing, -1: they name another key. */
static int
compare_identifiers(const btls_certificate *child, const btls_certificate *issuer)
{
    if (child->authority_key_id.p == NULL || issuer->subject_key_id.p == NULL)
        return 0;
    return btls_span_equal(child->authority_key_id, issuer->subject_key_id) ? 1 : -1;
}

/* The higher, the likelier that this is the way: the right key, valid now, trusted. */
static int
score_of(const btls_path_search *s, const btls_path_node *child,
         const btls_path_node *issuer)
{
    btls_fault ignored;
    return 4 * compare_identifiers(&child->c, &issuer->c) +
           2 * btls_path_check_time(s->policy, issuer, &ignored) + issuer->is_anchor;
}

/* A name with the same key on the path already would lead round in a circle. */
static int
is_on_path(const btls_path_search *s, const btls_path_node *n)
{
    for (size_t i = 0; i < s->length && !n->is_anchor; i++) {
        const btls_path_node *p = s->path[i];
        if (p->subject_hash == n->subject_hash && btls_span_equal(p->c.spki, n->c.spki) &&
            btls_dn_equal(p->c.subject, n->c.subject))
            return 1;
    }
    return 0;
}

/* Those who may have issued the top of the path, the likeliest first. */
static size_t
find_issuers(const btls_path_search *s, const btls_path_node *found[BTLS_PATH_NODES])
{
    const btls_path_node *top = s->path[s->length - 1];
    int scores[BTLS_PATH_NODES];
    size_t count = 0;
    for (size_t i = 0; i < s->node_count; i++) {
        const btls_path_node *n = s->nodes[i];
        if (!n->is_usable || n->subject_hash != top->issuer_hash ||
            !btls_dn_equal(n->c.subject, top->c.issuer) || is_on_path(s, n))
            continue;
        int score = score_of(s, top, n);
        size_t at = count++;
        for (; at > 0 && scores[at - 1] < score; at--) {
            scores[at] = scores[at - 1];
            found[at] = found[at - 1];
        }
        scores[at] = score;
        found[at] = n;
    }
    return count;
}

static int
ask_revocation(btls_path_search *s, const btls_path_node *issuer, btls_fault *fault)
{
    const btls_revocation *r = s->policy->revocation;
    const btls_path_node *c = s->path[s->length - 1];
    if (r == NULL || r->check(r->ud, &c->c, &issuer->c, &issuer->key, s->length - 1,
                              s->policy->now, &s->revocation) == 0)
        return 1;
    fault->kind = BTLS_FAULT_REVOKED;
    fault->at = s->length - 1;
    return 0;
}

/* What can be said only of a whole path, and what costs more than the other rules. */
static int
check_last(btls_path_search *s, const btls_path_node *issuer, btls_fault *fault)
{
    return (!issuer->is_anchor || btls_path_check_policies(s, fault)) &&
           ask_revocation(s, issuer, fault);
}

/* Is the top of the path this issuer's work? */
static int
check_signature(btls_path_search *s, const btls_path_node *issuer)
{
    const btls_path_node *top = s->path[s->length - 1];
    if (!issuer->has_key) {
        note_kind(s, issuer, RANK_FAULT, BTLS_FAULT_UNSUPPORTED_KEY, s->length);
        return 0;
    }
    if (!top->has_algorithm) {
        note_kind(s, NULL, RANK_FAULT, BTLS_FAULT_UNSUPPORTED_SIGNATURE, s->length - 1);
        return 0;
    }
    if (is_signed_by(s, top, issuer))
        return 1;
    if (top->is_self_issued || compare_identifiers(&top->c, &issuer->c) < 0)
        note_no_issuer(s);
    else
        note_kind(s, issuer, RANK_OTHER_KEY, BTLS_FAULT_BAD_SIGNATURE, s->length - 1);
    return 0;
}

/* May the path go on with this issuer? When it may not, a lenient search notes why and
 * goes on nevertheless. */
static int
is_acceptable(btls_path_search *s, const btls_path_node *issuer)
{
    btls_fault fault;
    memset(&fault, 0, sizeof fault);
    if (!s->is_lenient)
        return btls_path_check_issuer(s, issuer, &fault) && check_signature(s, issuer) &&
               check_last(s, issuer, &fault);
    if (!check_signature(s, issuer))
        return 0;
    if (s->fault.kind == BTLS_FAULT_NONE &&
        (!btls_path_check_issuer(s, issuer, &fault) || !check_last(s, issuer, &fault)))
        s->fault = fault;
    return 1;
}

static int climb(btls_path_search *s, btls_error *e);

/* 0: a path was found with this issuer on it; 1: not; -1 no memory. */
static int
try_issuer(btls_path_search *s, const btls_path_node *issuer, btls_error *e)
{
    btls_fault before = s->fault;
    int result = 1;
    if (is_acceptable(s, issuer)) {
        s->path[s->length++] = issuer;
        result = issuer->is_anchor ? 0 : climb(s, e);
        if (result == 1)
            s->length--;
    }
    if (result == 1)
        s->fault = before;
    return result;
}

static int
climb(btls_path_search *s, btls_error *e)
{
    const btls_path_node *issuers[BTLS_PATH_NODES], *top = s->path[s->length - 1];
    if (load_anchors(s, top->c.issuer, e) != 0)
        return -1;
    size_t count = find_issuers(s, issuers);
    if (count == 0)
        note_no_issuer(s);
    if (count > 0 && s->length == BTLS_PATH_MAX) {
        note_kind(s, NULL, RANK_FAULT, BTLS_FAULT_TOO_DEEP, s->length - 1);
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        s->steps--;
        if (is_exhausted(s))
            return 1;
        int result = try_issuer(s, issuers[i], e);
        if (result != 1)
            return result;
    }
    return 1;
}

/* A chain that is not complete since one of its certificates is malformed: say that. */
static void
prefer_malformed(btls_path_search *s)
{
    for (size_t i = 1; i < s->chain_count; i++) {
        if (s->nodes[i]->is_malformed && s->closest.kind == BTLS_FAULT_NO_ISSUER) {
            s->closest.kind = BTLS_FAULT_MALFORMED;
            s->closest.number = (int)i;
        }
    }
}

int
btls_path_search_run(btls_path_search *s, btls_error *e)
{
    int result = climb(s, e);
    if (result != 1)
        return result;
    if (!is_exhausted(s)) {
        s->is_lenient = 1;
        result = climb(s, e);
    }
    if (result < 0)
        return -1;
    if (result == 0 && s->fault.kind == BTLS_FAULT_NONE)
        return 0;
    if (result == 0) {
        s->closest = s->fault;
        memcpy(s->closest_path, s->path, sizeof s->path);
        s->closest_length = s->length;
    } else if (is_exhausted(s)) {
        s->length = 1;
        s->closest.kind = BTLS_FAULT_NONE;
        note_kind(s, NULL, RANK_FAULT, BTLS_FAULT_TOO_COMPLEX, 0);
    } else {
        prefer_malformed(s);
    }
    return 1;
}
