/* failure.h -- failures that both engines meet: alerts of the peer, and peers that do not
 * speak TLS at all. */
#ifndef BTLS_TLS_FAILURE_H
#define BTLS_TLS_FAILURE_H

#include "tls/session.h"

/* The peer ended the session with that alert (RFC 8446, 6). Always -1. */
int btls_fail_peer_alert(btls_session *s, int alert);

/* A server refuses what a client offers, with that alert: the code, sentence and hint for
 * it. Always -1. */
int btls_fail_refusal(btls_session *s, int alert);
/* The hint alone, for who can say more exactly what is wrong. */
const char *btls_refusal_hint(int alert);

/* Five bytes that should be the header of a record are none; `after` others that were.
 * Always -1. */
int btls_fail_not_tls(btls_session *s, const uint8_t header[5], int after);

#endif
