/* config_identity.h -- one hash of all in a config that decides who we are and whom we
 * believe, for those who keep connections and must not give them to somebody else. */
#ifndef BTLS_TLS_CONFIG_IDENTITY_H
#define BTLS_TLS_CONFIG_IDENTITY_H

#include "tls/config.h"

#define BTLS_CONFIG_IDENTITY_SIZE 32

/* Writes the SHA-256 of the settings. Equal for configs whose settings are equal, in any
 * process; another one, as far as anybody knows how to find out, as soon as one of these
 * is another:
 *   - the identities in their order: each certificate of the chain (whose first one has
 *     the public half of the key in it) and the stapled response;
 *   - trust (the set of certificates), pins (the set), revocation lists (the set) and for
 *     which certificates there must be one, verify_client, what is insecure;
 *   - versions, suites, groups, signature schemes, protocols, each list in its order;
 *     max_fragment;
 *   - pre-shared keys in their order, each with its identity;
 *   - whether sessions may be resumed, and the ticket keys that it was made with.
 * Not in it: trace, key log, later ticket keys, where sessions are kept. With
 * `own_clock` the config's random id is in it as well, so that it is equal to none: what
 * two clocks say cannot be compared.
 *
 * A pre-shared key that can be guessed can be guessed from this, too. Temporary memory is
 * a's. 0, or -1 with *e set for want of it. */
int btls_config_identity(const btls_config *c, const btls_alloc *a, int own_clock,
                         uint8_t out[BTLS_CONFIG_IDENTITY_SIZE], btls_error *e);

#endif
