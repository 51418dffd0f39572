/* hello.h -- what must be known of a ClientHello before an engine reads it (RFC
 * 8446, 4.1.2; RFC 6066, 3). */
#ifndef BTLS_TLS_HELLO_H
#define BTLS_TLS_HELLO_H

#include "core/bytes.h"

/* Finds the host name that a ClientHello message (header included) asks for and writes
 * it, in lower case and ended with NUL, to name; "" when it asks for none or for
 * something that is no DNS name. 1, or 0 when the message is malformed (name is "" then,
 * and the engine will say why). */
int btls_hello_server_name(btls_span message, char name[256]);

#endif
