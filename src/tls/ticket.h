/* ticket.h -- a server's tickets: what it remembers of a session, sealed so that the
 * client keeps it (RFC 5077, 4; RFC 8446, 4.6.1). The keys can be shared by any number of
 * processes and hosts, which then resume each other's sessions. */
#ifndef BTLS_TLS_TICKET_H
#define BTLS_TLS_TICKET_H

#include "tls/resumption.h"

/* Of what a program gives as a key. */
#define BTLS_TICKET_KEY_SIZE 32
#define BTLS_TICKET_KEYS 8
/* Keys that we made ourselves seal for so long, in seconds, and open once more for so
 * long. */
#define BTLS_TICKET_ROTATION 43200
/* Longer ones are not given: 2^16-1 is what fits, and a record should carry it. */
#define BTLS_TICKET_MAX 16000
/* A client keeps none longer, in seconds (RFC 8446, 4.6.1). */
#define BTLS_TICKET_LIFETIME_MAX 604800

typedef struct {
    uint8_t name[16]; /* stands in the ticket; derived from the secret */
    uint8_t key[BTLS_TICKET_KEY_SIZE];
} btls_ticket_key;

/* The first one seals, all of them open. */
typedef struct btls_ticket_keys {
    btls_ticket_key keys[BTLS_TICKET_KEYS];
    size_t count;
    int given;       /* by the program, who rotates them; else by us */
    int64_t rotated; /* when the first one was made, seconds since the epoch */
} btls_ticket_keys;

/* Adds a key that the program gives, behind those that are there. 1, or 0 when there are
 * BTLS_TICKET_KEYS already. */
int btls_ticket_add_key(btls_ticket_keys *t, const uint8_t secret[BTLS_TICKET_KEY_SIZE]);
/* The SHA-256 of the names of all keys, in their order. */
void btls_ticket_keys_id(const btls_ticket_keys *t, uint8_t out[32]);
/* Forgets all keys, for others that the program gives. */
void btls_ticket_replace_keys(btls_ticket_keys *t);

/* Appends a ticket for r (whose own `ticket` is left out). `now` in seconds since the
 * epoch rotates the keys. 0, or -1 with *e set (no memory, no random,
 * ticket_too_long): then nothing was appended. */
int btls_ticket_seal(btls_ticket_keys *t, const btls_resumption *r, int64_t now,
                     btls_queue *out, btls_error *e);

/* Opens a ticket into an initialised *r. 1, or 2 when its key does not seal any more and
 * the client should be given a new one; or 0: it is none of ours, was changed, or its key
 * is gone, which costs a full handshake. */
int btls_ticket_open(const btls_ticket_keys *t, btls_span ticket, btls_resumption *r);

#endif
