/* path_check.c -- the rules for one certificate of a path, and for an issuer above others
 * (RFC 5280, 6.1.3 to 6.1.5). What OpenSSL, Go and browsers alike let pass is let pass
 * here too, though a CA should not have written it: no key identifiers, basicConstraints
 * that are not critical, a commonName that is no subjectAltName. */
#include "pki/path.h"

#include "pki/dn.h"
#include "pki/name_constraints.h"

#define MIN_RSA_BITS 2048

static int
fail(btls_fault *fault, enum btls_fault_kind kind)
{
    fault->kind = kind;
    return 0;
}

static int
break_rule(btls_fault *fault, const char *text)
{
    fault->text = text;
    return fail(fault, BTLS_FAULT_RULE);
}

int
btls_path_check_time(const btls_verify_policy *policy, const btls_path_node *n,
                     btls_fault *fault)
{
    if (policy->insecure & BTLS_INSECURE_NO_TIME)
        return 1;
    if (policy->now < n->c.not_before)
        return fail(fault, BTLS_FAULT_NOT_YET_VALID);
    return policy->now <= n->c.not_after || fail(fault, BTLS_FAULT_EXPIRED);
}

int
btls_path_check_usage(const btls_verify_policy *policy, const btls_path_node *n,
                      btls_fault *fault)
{
    unsigned wanted =
        BTLS_EKU_ANY | (policy->usage == BTLS_USAGE_SERVER ? BTLS_EKU_SERVER_AUTH
                                                           : BTLS_EKU_CLIENT_AUTH);
    return !n->c.has_extended_key_usage || (n->c.extended_key_usage & wanted) ||
           fail(fault, BTLS_FAULT_WRONG_USAGE);
}

int
btls_path_check_key_usage(const btls_path_node *n, btls_fault *fault)
{
    const unsigned wanted = BTLS_KU_DIGITAL_SIGNATURE | BTLS_KU_KEY_ENCIPHERMENT;
    return n->c.is_ca || !n->c.has_key_usage || (n->c.key_usage & wanted) ||
           fail(fault, BTLS_FAULT_KEY_USAGE);
}

/* RFC 5280, 4.2: what has to be critical, and what must not be. */
static int
check_extensions(const btls_certificate *c, btls_fault *fault)
{
    const unsigned never = BTLS_EXT_AUTHORITY_KEY_ID | BTLS_EXT_SUBJECT_KEY_ID |
                           BTLS_EXT_AUTHORITY_INFO,
                   always = BTLS_EXT_POLICY_CONSTRAINTS | BTLS_EXT_INHIBIT_ANY_POLICY;
    if (c->unknown_critical.p != NULL) {
        fault->detail = c->unknown_critical;
        return fail(fault, BTLS_FAULT_CRITICAL_EXTENSION);
    }
    if (c->critical & never)
        return break_rule(fault, "has a critical extension that may not be critical");
    if (c->extensions & ~c->critical & always)
        return break_rule(fault, "has policy constraints that are not critical");
    if (!c->is_ca && btls_certificate_has(c, BTLS_EXT_NAME_CONSTRAINTS))
        return break_rule(fault, "has name constraints, but is no CA");
    return 1;
}

static int
check_key(const btls_path_node *n, btls_fault *fault)
{
    if (!n->has_key)
        return fail(fault, BTLS_FAULT_UNSUPPORTED_KEY);
    if (n->key.kind != BTLS_KEY_RSA && n->key.kind != BTLS_KEY_RSA_PSS)
        return 1;
    fault->number = btls_public_key_bits(&n->key);
    if (fault->number < MIN_RSA_BITS)
        return fail(fault, BTLS_FAULT_WEAK_KEY);
    if (fault->number % 8 != 0)
        return break_rule(fault, "has an RSA key whose bits do not make whole bytes");
    if (!(n->key.e.p[n->key.e.n - 1] & 1) || (n->key.e.n == 1 && n->key.e.p[0] < 3))
        return break_rule(fault, "has an RSA key whose exponent is not odd and above 1");
    return 1;
}

static int
is_strong(int hash)
{
    return hash != br_md5_ID && hash != br_sha1_ID;
}

/* Not for anchors: nobody looks at the signatures on them. */
static int
check_algorithm(const btls_path_node *n, btls_fault *fault)
{
    if (!n->has_algorithm)
        return fail(fault, BTLS_FAULT_UNSUPPORTED_SIGNATURE);
    return (is_strong(n->algorithm.hash) && is_strong(n->algorithm.mask_hash)) ||
           fail(fault, BTLS_FAULT_WEAK_SIGNATURE);
}

/* A self-signed certificate whose key identifiers differ says that its key is another
 * one. */
static int
check_identifiers(const btls_path_node *n, btls_fault *fault)
{
    const btls_certificate *c = &n->c;
    if (!n->is_self_issued || !btls_certificate_has(c, BTLS_EXT_AUTHORITY_KEY_ID))
        return 1;
    if (c->authority_key_id.p != NULL &&
        (c->subject_key_id.p == NULL ||
         btls_span_equal(c->authority_key_id, c->subject_key_id)))
        return 1;
    return !n->has_key || !n->has_algorithm ||
           !btls_signature_verify(&n->algorithm, &n->key, c->tbs, c->signature) ||
           break_rule(fault, "has an authority key identifier that is not its own key's");
}

static int
check_leaf(const btls_certificate *c, btls_fault *fault)
{
    int may_sign = c->has_key_usage && (c->key_usage & BTLS_KU_KEY_CERT_SIGN);
    if (may_sign && !c->is_ca)
        return break_rule(fault, "has a key that signs certificates, but is no CA");
    if (c->is_ca && c->has_key_usage && !may_sign)
        return break_rule(fault, "is a CA, but its key does not sign certificates");
    if (btls_dn_is_empty(c->subject) && !(c->critical & BTLS_EXT_SAN))
        return break_rule(fault,
                          "has no subject, and no subjectAltName that is critical");
    return 1;
}

int
btls_path_check_own(const btls_verify_policy *policy, const btls_path_node *n,
                    int is_leaf, btls_fault *fault)
{
    if (!btls_path_check_time(policy, n, fault) || !check_extensions(&n->c, fault) ||
        !check_key(n, fault))
        return 0;
    if (n->is_anchor)
        return check_identifiers(n, fault);
    return check_algorithm(n, fault) && (!is_leaf || check_leaf(&n->c, fault));
}

/* Roots of version 1 cannot say that they are a CA; that they are trusted does. */
static int
check_ca(const btls_path_node *n, btls_fault *fault)
{
    int is_old_root = n->is_anchor && n->is_self_issued && n->c.version < 3;
    if (!n->c.is_ca && !is_old_root)
        return fail(fault, BTLS_FAULT_NOT_CA);
    if (n->c.has_key_usage && !(n->c.key_usage & BTLS_KU_KEY_CERT_SIGN))
        return fail(fault, BTLS_FAULT_NO_CERT_SIGN);
    return !btls_dn_is_empty(n->c.subject) || break_rule(fault, "is a CA without a name");
}

/* CAs below the issuer that count: all but those that were issued by themselves. */
static int
check_path_length(const btls_path_search *s, const btls_path_node *issuer,
                  btls_fault *fault)
{
    int below = 0;
    for (size_t i = 1; i < s->length; i++)
        below += !s->path[i]->is_self_issued;
    fault->number = issuer->c.path_length;
    return issuer->c.path_length < 0 || below <= issuer->c.path_length ||
           fail(fault, BTLS_FAULT_PATH_LENGTH);
}

static int
check_names(btls_path_search *s, const btls_path_node *issuer, btls_fault *fault)
{
    for (size_t i = 0; i < s->length; i++) {
        if (i > 0 && s->path[i]->is_self_issued)
            continue;
        enum btls_constraint found = btls_name_constraints_check(
            &issuer->c, &s->path[i]->c, &s->names, &fault->name);
        if (found == BTLS_CONSTRAINT_KEPT)
            continue;
        fault->at = found == BTLS_CONSTRAINT_MALFORMED ? s->length : i;
        fault->by = s->length;
        fault->constraint = (int)found;
        return fail(fault, found == BTLS_CONSTRAINT_TOO_MANY
                               ? BTLS_FAULT_TOO_COMPLEX
                               : BTLS_FAULT_NAME_CONSTRAINT);
    }
    return 1;
}

int
btls_path_check_issuer(btls_path_search *s, const btls_path_node *issuer,
                       btls_fault *fault)
{
    fault->at = s->length;
    return btls_path_check_own(s->policy, issuer, 0, fault) && check_ca(issuer, fault) &&
           btls_path_check_usage(s->policy, issuer, fault) &&
           check_path_length(s, issuer, fault) && check_names(s, issuer, fault);
}
