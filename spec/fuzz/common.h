/* common.h -- what the fuzzers share: memory, the files of spec/pki, sessions. */
#ifndef BTLS_FUZZ_COMMON_H
#define BTLS_FUZZ_COMMON_H

#include <stddef.h>
#include <stdint.h>

#include "pki/read.h"
#include "tls/session.h"

/* malloc behind btls_alloc; it checks that old_size is right. */
extern const btls_alloc fuzz_alloc;

/* The bytes of spec/pki/NAME (the directory is in $BEARTLS_PKI); they are never freed. */
btls_span fuzz_file(const char *name);

/* The chain of a file of spec/pki, read once for each `chain`, which is zero at first. */
const btls_chain *fuzz_chain(btls_chain *chain, const char *name);

/* Configs that work with each other: mutual, P-256, every suite, traced. */
const btls_config *fuzz_client_config(void);
const btls_config *fuzz_server_config(void);

/* Likewise for the modern engine, at most that version (BTLS_TLS12, BTLS_TLS13), with
 * tickets. */
const btls_config *fuzz_modern_config(int is_client, unsigned max_version);

/* A session of one of them; a client's offers the ticket, which it owns then (or NULL).
 */
void fuzz_session_of(btls_session *s, const btls_config *config, int is_client,
                     btls_resumption *ticket);
/* A session of one of the first two. Ended with fuzz_session_end, which asks all that can
 * be asked and checks what has to hold of every session. */
void fuzz_session(btls_session *s, int is_client);
void fuzz_session_end(btls_session *s);

/* What s has for the wire; the caller frees. */
uint8_t *fuzz_drain(btls_session *s, size_t *n);

/* Stops the fuzzer when what has to hold does not. */
#define FUZZ_CHECK(condition) \
    do {                      \
        if (!(condition))     \
            __builtin_trap(); \
    } while (0)

#endif
