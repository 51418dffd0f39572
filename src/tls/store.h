/* store.h -- what a session wants from a store that the program keeps, and has for it
 * (RFC 5246, F.1.4; RFC 8446, 8.1). The session does no I/O: it names keys, takes values
 * and queues what is to be kept.
 *
 * A server gives its client a handle: random bytes that say nothing. Under a name that is
 * derived from the handle the store keeps the session, sealed with a key that is derived
 * from the handle too, and sealed once more when the config has ticket keys. So whoever
 * reads the store alone learns nothing. A client keeps its tickets there likewise, under
 * a secret of its config. */
#ifndef BTLS_TLS_STORE_H
#define BTLS_TLS_STORE_H

#include "tls/config.h"
#include "tls/hello.h"
#include "tls/resumption.h"

/* Of what a client is given: as long as a session id can be. */
#define BTLS_HANDLE_SIZE 32
/* Under what the store keeps a value. */
#define BTLS_STORE_KEY_SIZE 32
/* Longer values are neither kept nor believed. */
#define BTLS_STORE_VALUE_MAX 65536
/* So many handles of a ClientHello are looked up, at most. */
#define BTLS_STORE_WANTED 2
/* So many tickets of a session are kept: that is what a server of ours gives. */
#define BTLS_STORE_ENTRIES 2

/* What the program is to do about a key. */
enum btls_store_task {
    BTLS_STORE_NOTHING,
    BTLS_STORE_PUT,   /* keep the value */
    BTLS_STORE_THERE, /* nothing more: it was handed over */
    BTLS_STORE_FORGET /* what was handed over must not be used any more */
};

typedef struct {
    enum btls_store_task task;
    uint8_t key[BTLS_STORE_KEY_SIZE];
    btls_queue value;
    int64_t seconds; /* how long to keep it */
} btls_store_entry;

typedef struct btls_store {
    /* Server: what the ClientHello asks for, and how far that is answered. */
    int asked; /* the ClientHello has been looked at */
    uint8_t handles[BTLS_STORE_WANTED][BTLS_HANDLE_SIZE];
    size_t wanted, answered;
    unsigned version; /* of the handles */
    int found;        /* `state` is what handles[answered - 1] stands for */
    btls_resumption state;
    btls_store_entry entries[BTLS_STORE_ENTRIES];
    size_t kept; /* how many were queued so far */
} btls_store;

/* Sets the secret under which clients of the config keep their tickets: a random one, or
 * of its first ticket key, with which other processes have the same. 0, or -1 with *e
 * set. */
int btls_config_make_store_secret(btls_config *c, btls_error *e);

/* NULL when there is no memory. Released by btls_store_free, which wipes. */
btls_store *btls_store_new(const btls_alloc *a);
void btls_store_free(btls_store *t, const btls_alloc *a);

/* ---- server ---- */

/* Notes which handles the ClientHello offers for the version that the config negotiates:
 * a few identities of pre_shared_key (TLS 1.3), a ticket or a session id (below). */
void btls_store_want(btls_store *t, const btls_config *c, const btls_client_hello *h);
/* The key of the next one that is wanted: 1, or 0 when there is none. TLS 1.3 wants it to
 * be taken out of the store, so that it is used once; else it stays there. */
int btls_store_wanted_key(const btls_store *t, uint8_t key[BTLS_STORE_KEY_SIZE],
                          int *once);
/* What the store has under that key (empty: nothing). What does not fit is as good as
 * nothing. */
void btls_store_answer(btls_store *t, const btls_config *c, btls_span value);
/* Fills the initialised *r with what the store had for that handle. 1, or 0: nothing. It
 * is given once. */
int btls_store_open(btls_store *t, btls_span handle, btls_resumption *r);
/* Queues r under a new handle, which is written to `handle`; with has_handle under the
 * one that is there. 0, or -1 with *e set. */
int btls_store_keep(btls_store *t, const btls_config *c, const btls_resumption *r,
                    int has_handle, uint8_t handle[BTLS_HANDLE_SIZE], btls_error *e);

/* ---- client ---- */

/* The key of ticket `slot` (below BTLS_STORE_ENTRIES) for that server: `where` tells
 * servers of one name apart. Tickets are for clients that show the same certificates. */
void btls_store_client_key(const btls_config *c, const char *server_name, btls_span where,
                           unsigned slot, uint8_t key[BTLS_STORE_KEY_SIZE]);
/* Sets the keys for tickets of this session, before the first. */
void btls_store_name_tickets(btls_store *t, const btls_config *c, const char *server_name,
                             btls_span where);
/* Queues a ticket, for as long as it is good from `now` on; the oldest makes way. 0, or
 * -1 with *e set. */
int btls_store_keep_ticket(btls_store *t, const btls_config *c, const btls_resumption *r,
                           int64_t now, btls_error *e);
/* Appends the encoded ticket that was kept under that key. 1, or 0: it is none of this
 * config's. */
int btls_store_open_ticket(const btls_config *c, const uint8_t key[BTLS_STORE_KEY_SIZE],
                           btls_span value, btls_queue *ticket);

/* ---- both ---- */

/* The next entry that the program has to do something about, or NULL; and that it has
 * been told. */
btls_store_entry *btls_store_next(btls_store *t);
void btls_store_told(btls_store_entry *entry);
/* The session has failed: what was kept of it must not be resumed (RFC 5246, 7.2.2;
 * RFC 8446, 6.2). */
void btls_store_forget(btls_store *t);

#endif
