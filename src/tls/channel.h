/* channel.h -- what ties an application's own authentication to the session (RFC 5056,
 * 5929, 9266). */
#ifndef BTLS_TLS_CHANNEL_H
#define BTLS_TLS_CHANNEL_H

#include "tls/session.h"

#define BTLS_CHANNEL_MAX 64

/* tls-server-end-point (RFC 5929, 4.1): the hash of the server's certificate. *n gets its
 * size. 0, or -1 with *e set (want_read before there is a certificate). */
int btls_channel_server_end_point(const btls_session *s, uint8_t out[BTLS_CHANNEL_MAX],
                                  size_t *n, btls_error *e);

/* Whether tls-unique and tls-exporter may be given out: only when the master secret is
 * bound to the whole handshake (extended master secret, RFC 7627), or another session
 * could have the same value. 0, or -1 with *e set (channel_binding_unavailable). */
int btls_channel_is_unique(const btls_session *s, btls_error *e);

#endif
