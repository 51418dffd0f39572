/* identity.h -- which of the config's certificates speaks for us: by the server name that
 * a client asked for, by the authorities that a server asked for. */
#ifndef BTLS_TLS_IDENTITY_H
#define BTLS_TLS_IDENTITY_H

#include "tls/config.h"

/* Bits of the identities whose certificate is for that name; of all of them when none
 * is (the first is the default), and when name is "". */
unsigned btls_identities_for(const btls_config *config, const char *server_name);

/* 1 when a certificate of the chain was issued by that name (a whole Name). */
int btls_identity_issued_by(const btls_identity *id, btls_span name);

#endif
