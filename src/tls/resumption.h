/* resumption.h -- what both sides remember of a session to resume it, as one value: by
 * its id (RFC 5246, 7.3, F.1.4), by a ticket (RFC 5077), or as a PSK (RFC 8446, 4.6.1);
 * its encoding; and the server's cache of them. */
#ifndef BTLS_TLS_RESUMPTION_H
#define BTLS_TLS_RESUMPTION_H

#include "core/bytes.h"
#include "core/error.h"
#include "pki/chain.h"

/* Older ones are not resumed: in seconds. */
#define BTLS_RESUMPTION_LIFETIME 7200
/* A server's cache holds at most so many; the least recently used goes first. */
#define BTLS_CACHE_ENTRIES 1024

typedef struct {
    uint16_t version;
    uint16_t cipher_suite;
    uint8_t id[32];
    size_t id_size;
    uint8_t secret[48];         /* TLS 1.2: the master secret; TLS 1.3: the PSK */
    size_t secret_size;         /* 48, or the size of the suite's hash */
    int extended_master_secret; /* TLS 1.2 (RFC 7627, 5.3) */
    btls_queue ticket;     /* what the server gave to the client; empty at the server */
    uint32_t age_add;      /* TLS 1.3: obfuscates the ticket's age */
    uint32_t lifetime;     /* seconds that the server gave it; 0: it gave none */
    char alpn[256];        /* "" for none */
    int64_t created;       /* seconds since the epoch, by the config's clock */
    uint8_t config_id[16]; /* of the config whose verdict on the peer this carries */
    int verified;          /* the peer's chain was verified */
    char server_name[256]; /* as sent in SNI, "" for none */
    btls_chain peer; /* the peer's certificates, for peer_certificate() and the verdict */
} btls_resumption;

void btls_resumption_init(btls_resumption *r, const btls_alloc *a);
/* Makes *to, which is initialised, a copy. 1, or 0 when there is no memory. */
int btls_resumption_copy(btls_resumption *to, const btls_resumption *from);
/* Wipes and gives back. */
void btls_resumption_clear(btls_resumption *r);

/* Appends the encoding to out: it holds the master secret, so whoever keeps it must keep
 * it secret. 0, or -1 with *e set. */
int btls_resumption_encode(const btls_resumption *r, btls_queue *out, btls_error *e);
/* Reads an encoding into an initialised *r. 0, or -1 with *e set
 * (config_ticket_malformed). */
int btls_resumption_decode(btls_resumption *r, btls_span bytes, btls_error *e);

/* 1 when it may be resumed at `now` under that name: not too old, same server_name, and
 * every certificate of the peer still inside its validity (unless ignore_time). */
int btls_resumption_usable(const btls_resumption *r, const char *server_name, int64_t now,
                           int ignore_time);

typedef struct btls_cache btls_cache;

/* NULL when there is no memory. */
btls_cache *btls_cache_new(const btls_alloc *a);
void btls_cache_free(btls_cache *c);
/* Remembers it under its id; without memory it forgets it, which costs a full handshake
 * later. */
void btls_cache_put(btls_cache *c, const btls_resumption *r);
/* 1 with *r filled (initialised before) when there is one with that id, else 0. */
int btls_cache_get(btls_cache *c, const uint8_t id[32], btls_resumption *r);
/* Forgets it: its connection ended in a fatal alert (RFC 5246, 7.2.2). */
void btls_cache_remove(btls_cache *c, const uint8_t id[32]);

#endif
