/* path.h -- the search for a path from the peer's certificate to an anchor: what
 * path_search.c, path_check.c, path_policy.c and verify_report.c share. */
#ifndef BTLS_PKI_PATH_H
#define BTLS_PKI_PATH_H

#include "crypto/signature.h"
#include "pki/general_name.h"
#include "pki/verify.h"

/* Certificates that are looked at, sent and trusted ones together. */
#define BTLS_PATH_NODES 96

enum btls_fault_kind {
    BTLS_FAULT_NONE,
    BTLS_FAULT_EXPIRED,
    BTLS_FAULT_NOT_YET_VALID,
    BTLS_FAULT_CRITICAL_EXTENSION, /* detail: its OID */
    BTLS_FAULT_RULE,               /* text: the rule that is broken */
    BTLS_FAULT_WEAK_KEY,           /* text, number: why, bits */
    BTLS_FAULT_UNSUPPORTED_KEY,
    BTLS_FAULT_WEAK_SIGNATURE,
    BTLS_FAULT_UNSUPPORTED_SIGNATURE,
    BTLS_FAULT_NOT_CA,
    BTLS_FAULT_NO_CERT_SIGN,
    BTLS_FAULT_WRONG_USAGE,
    BTLS_FAULT_KEY_USAGE,
    BTLS_FAULT_PATH_LENGTH,     /* number: how many CAs it allows below */
    BTLS_FAULT_NAME_CONSTRAINT, /* name, constraint: what is not kept; by: whose */
    BTLS_FAULT_POLICY,
    BTLS_FAULT_REVOKED,        /* error: what policy->revocation said */
    BTLS_FAULT_MALFORMED,      /* number: which one of the chain */
    BTLS_FAULT_NO_ISSUER,      /* nobody of that name is there */
    BTLS_FAULT_UNTRUSTED_ROOT, /* self-signed */
    BTLS_FAULT_BAD_SIGNATURE,  /* not by any issuer of that name */
    BTLS_FAULT_TOO_DEEP,
    BTLS_FAULT_TOO_COMPLEX
};

typedef struct {
    enum btls_fault_kind kind;
    size_t at; /* position in the path */
    size_t by;
    int number;
    const char *text;
    btls_span detail;
    int constraint; /* enum btls_constraint */
    btls_general_name name;
} btls_fault;

/* A certificate that paths may go through. */
typedef struct {
    btls_certificate c;
    int number; /* as in btls_path */
    int is_anchor;
    int is_malformed;
    int is_usable; /* well-formed, and no duplicate of an earlier one */
    int is_self_issued;
    int has_key;
    int has_algorithm;
    btls_public_key key;
    btls_signature_algorithm algorithm; /* of the signature on it */
    uint32_t subject_hash, issuer_hash;
    uint8_t *block; /* an anchor's own copy of its certificate */
    size_t block_size;
} btls_path_node;

typedef struct {
    const btls_verify_policy *policy;
    const btls_chain *chain;
    btls_path_node *nodes[BTLS_PATH_NODES];
    size_t node_count;
    size_t chain_count;                        /* the first nodes are the chain's */
    const btls_path_node *path[BTLS_PATH_MAX]; /* the peer's certificate first */
    size_t length;
    long signatures, steps, names; /* work that is left */

    int is_lenient;   /* faults do not end a path but are noted */
    btls_fault fault; /* of this path, the first one */

    /* The path that came closest, for the report. */
    btls_fault closest;
    int closest_rank;
    const btls_path_node *closest_path[BTLS_PATH_MAX + 1];
    size_t closest_length;
    btls_error revocation; /* what the hook said last */

    uint8_t signed_by[BTLS_PATH_NODES][BTLS_PATH_NODES]; /* child, issuer: see
                                                          * path_search.c */
} btls_path_search;

/* Reads the chain. A search with all bytes zero but policy and chain. 0, or -1 with *e
 * set when there is no memory; btls_path_search_clear is due in any case. */
int btls_path_search_init(btls_path_search *s, btls_error *e);
void btls_path_search_clear(btls_path_search *s);

/* Looks for a path from certificate 0. 0 with s->path; 1 when there is none, with
 * s->closest; -1 with *e set when there is no memory. */
int btls_path_search_run(btls_path_search *s, btls_error *e);

/* What is wrong with a certificate by itself. 1, or 0 with *fault set (but for `at`). */
int btls_path_check_own(const btls_verify_policy *policy, const btls_path_node *n,
                        int is_leaf, btls_fault *fault);

/* Is it valid now? */
int btls_path_check_time(const btls_verify_policy *policy, const btls_path_node *n,
                         btls_fault *fault);

/* Does extendedKeyUsage, if it is there, allow the policy's usage? */
int btls_path_check_usage(const btls_verify_policy *policy, const btls_path_node *n,
                          btls_fault *fault);

/* Does keyUsage, if it is there, allow what handshakes do: signing, or deciphering
 * secrets? CAs that show their own certificate are not asked. */
int btls_path_check_key_usage(const btls_path_node *n, btls_fault *fault);

/* May `issuer` stand above s->path? Everything but its signature. */
int btls_path_check_issuer(btls_path_search *s, const btls_path_node *issuer,
                           btls_fault *fault);

/* Is there a certificate policy on s->path, which an anchor was found for, when one is
 * required? */
int btls_path_check_policies(btls_path_search *s, btls_fault *fault);

/* Turns s->closest into *e and its path into *path. Returns -1. */
int btls_path_report(const btls_path_search *s, btls_path *path, btls_error *e);

#endif
