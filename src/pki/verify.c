/* verify.c -- the one place that decides whether a peer's certificate chain is believed:
 * a path to somebody trusted, the usage, the name, the pins. */
#include "pki/verify.h"

#include <string.h>

#include "pki/name.h"
#include "pki/path.h"

#define BAD_CERTIFICATE 42

static int
check_name(const btls_path_search *s, btls_error *e)
{
    const btls_certificate *leaf = &s->path[0]->c;
    const char *name = s->policy->server_name;
    char names[200];
    if (name == NULL || (s->policy->insecure & BTLS_INSECURE_NO_NAME) ||
        btls_name_matches(leaf, name))
        return 0;
    btls_name_list(leaf, names, sizeof names);
    if (names[0] != '\0')
        btls_error_set(e, "certificate_name_mismatch", BAD_CERTIFICATE,
                       "the server's certificate is for %s, not for %s", names, name);
    else
        btls_error_set(
            e, "certificate_name_mismatch", BAD_CERTIFICATE,
            "the server's certificate names no host at all, so it is not for %s", name);
    btls_error_hint(
        e, "%s",
        names[0] != '\0'
            ? "connect by a name of the certificate, or give that as the server name"
            : "it needs a subjectAltName: the common name has not counted for years");
    e->position = 0;
    return -1;
}

static int
check_pins(const btls_path_search *s, btls_error *e)
{
    uint8_t hash[32];
    char subject[120];
    if (s->policy->pin_count == 0)
        return 0;
    btls_certificate_spki_sha256(&s->path[0]->c, hash);
    for (size_t i = 0; i < s->policy->pin_count; i++) {
        if (memcmp(s->policy->pins[i], hash, sizeof hash) == 0)
            return 0;
    }
    btls_certificate_subject(&s->path[0]->c, subject, sizeof subject);
    btls_error_set(e, "certificate_pin_mismatch", BAD_CERTIFICATE,
                   "the %s's certificate (%s) has none of the pinned public keys",
                   s->policy->usage == BTLS_USAGE_SERVER ? "server" : "client", subject);
    btls_error_hint(e, "either its key was changed, or somebody is in between");
    e->position = 0;
    return -1;
}

/* What is wrong with the peer's own certificate needs no path to be told. */
static int
report_leaf(btls_path_search *s, btls_path *path, btls_error *e)
{
    s->closest.at = 0;
    s->closest_path[0] = s->path[0];
    s->closest_length = 1;
    return btls_path_report(s, path, e);
}

/* A certificate that was itself given as trust needs no path, only to be of today. */
static int
find_path(btls_path_search *s, btls_path *path, btls_error *e)
{
    const btls_verify_policy *policy = s->policy;
    const btls_path_node *leaf = s->path[0];
    if (btls_trust_has(policy->trust, leaf->c.der)) {
        if (!btls_path_check_time(policy, leaf, &s->closest))
            return report_leaf(s, path, e);
    } else {
        if (!btls_path_check_own(policy, leaf, 1, &s->closest))
            return report_leaf(s, path, e);
        int result = btls_path_search_run(s, e);
        if (result != 0)
            return result < 0 ? -1 : btls_path_report(s, path, e);
    }
    if (!btls_path_check_usage(policy, leaf, &s->closest) ||
        !btls_path_check_key_usage(leaf, &s->closest))
        return report_leaf(s, path, e);
    path->count = s->length;
    for (size_t i = 0; i < s->length; i++)
        path->at[i] = s->path[i]->number;
    return 0;
}

static int
judge(btls_path_search *s, btls_path *path, btls_error *e)
{
    if (btls_path_search_init(s, e) != 0)
        return -1;
    path->count = 1;
    if (s->nodes[0]->is_malformed) {
        btls_certificate leaf;
        btls_certificate_parse(&leaf, btls_chain_at(s->chain, 0), e);
        e->position = 0;
        return -1;
    }
    if (!(s->policy->insecure & BTLS_INSECURE_NO_VERIFY) &&
        (find_path(s, path, e) != 0 || check_name(s, e) != 0))
        return -1;
    return check_pins(s, e);
}

int
btls_verify(const btls_verify_policy *policy, const btls_chain *chain, btls_path *path,
            btls_error *e)
{
    btls_path found = { 0, { 0 } };
    if (path != NULL)
        *path = found;
    if (chain->count == 0)
        return btls_error_set(
            e, "certificate_missing", BAD_CERTIFICATE, "%s sent no certificate",
            policy->usage == BTLS_USAGE_SERVER ? "the server" : "the client");
    btls_path_search *s = btls_zalloc(chain->bytes.alloc, sizeof *s);
    if (s == NULL)
        return btls_error_memory(e);
    s->policy = policy;
    s->chain = chain;
    int result = judge(s, &found, e);
    if (path != NULL)
        *path = found;
    btls_path_search_clear(s);
    btls_free(chain->bytes.alloc, s, sizeof *s);
    return result;
}

static int
append(btls_chain *to, btls_span der, btls_error *e)
{
    if (btls_chain_append(to, der.p, der.n, e) != 0)
        return -1;
    return btls_chain_end_certificate(to, e);
}

static int
append_anchor(btls_chain *to, const btls_trust *trust, size_t i, btls_error *e)
{
    size_t size = btls_trust_at(trust, i).size;
    uint8_t *der = btls_zalloc(to->bytes.alloc, size);
    if (der == NULL)
        return btls_error_memory(e);
    btls_trust_certificate(trust, i, der);
    int result = append(to, (btls_span){ der, size }, e);
    btls_free(to->bytes.alloc, der, size);
    return result;
}

int
btls_path_chain(const btls_path *path, const btls_chain *chain, const btls_trust *trust,
                btls_chain *to, btls_error *e)
{
    for (size_t i = 0; i < path->count; i++) {
        int n = path->at[i];
        if (n >= 0 ? append(to, btls_chain_at(chain, (size_t)n), e) != 0
                   : append_anchor(to, trust, (size_t)(-1 - n), e) != 0)
            return -1;
    }
    return 0;
}
