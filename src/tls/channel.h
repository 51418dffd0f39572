/* channel.h -- what ties an application's own authentication to the session (RFC 5056,
 * 5929, 9266). */
#ifndef BTLS_TLS_CHANNEL_H
#define BTLS_TLS_CHANNEL_H

#include "tls/session.h"

#define BTLS_CHANNEL_MAX 64

/* tls-server-end-point (RFC 5929, 4.1): the hash of the server's certificate. *n gets its
 * size. 0, or -1 with *e set (want_read before there is a certificate). */
int btls_channel_server_end_point(btls_session *s, uint8_t out[BTLS_CHANNEL_MAX],
                                  size_t *n, btls_error *e);

/* tls-unique (RFC 5929, 3): TLS 1.2 with extended master secret only, or another session
 * could have the same value. As above (channel_binding_unavailable). */
int btls_channel_unique(btls_session *s, uint8_t out[BTLS_CHANNEL_MAX], size_t *n,
                        btls_error *e);

/* tls-exporter (RFC 9266): TLS 1.3, or TLS 1.2 with extended master secret. As above. */
int btls_channel_exporter(btls_session *s, uint8_t out[BTLS_CHANNEL_MAX], size_t *n,
                          btls_error *e);

#endif
