/* keylog.h -- lines in NSS key log format, with which Wireshark decrypts a capture. */
#ifndef BTLS_TLS_KEYLOG_H
#define BTLS_TLS_KEYLOG_H

#include "tls/session.h"

/* Adds "LABEL random secret" to what waits for the program, if the config wants it. */
void btls_keylog_add(btls_session *s, const char *label, const uint8_t client_random[32],
                     btls_span secret);

#endif
