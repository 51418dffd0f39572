/* schedule.h -- the key schedule of TLS 1.3 (RFC 8446, 7): one function a formula. */
#ifndef BTLS_TLS_SCHEDULE_H
#define BTLS_TLS_SCHEDULE_H

#include "crypto/hash.h"

/* Bytes of the longest label of HKDF-Expand-Label: "tls13 " comes before it. */
#define BTLS_LABEL_MAX 249

/* A secret of the schedule; its size is the hash's. */
typedef uint8_t btls_secret[48];

/* What has to be kept; wiped by whoever owns it. */
typedef struct {
    int hash;
    btls_secret secret;         /* Early, then Handshake, then Master Secret */
    btls_secret client, server; /* traffic secrets in force, or next */
    btls_secret exporter, resumption;
} btls_schedule;

/* 7.1: HKDF-Expand-Label. The label has at most BTLS_LABEL_MAX bytes, the context 255. */
void btls_expand_label(int hash, btls_span secret, const char *label, btls_span context,
                       uint8_t *out, size_t n);
/* 7.1: Derive-Secret over a transcript's hash. */
void btls_derive_secret(int hash, const uint8_t *secret, const char *label,
                        btls_span transcript_hash, uint8_t *out);

/* Begins with the PSK, or without one (an empty span). */
void btls_schedule_early(btls_schedule *s, int hash, btls_span psk);
/* Goes on with the (EC)DHE secret: client and server handshake traffic secrets over
 * ClientHello..ServerHello. */
void btls_schedule_handshake(btls_schedule *s, btls_span shared, btls_span transcript);
/* Goes on to the Master Secret: application traffic secrets and exporter secret over
 * ClientHello..server Finished. */
void btls_schedule_master(btls_schedule *s, btls_span transcript);
/* Resumption secret over ClientHello..client Finished; the Master Secret is wiped. */
void btls_schedule_resumption(btls_schedule *s, btls_span transcript);

/* 7.2: the next generation of a traffic secret, in place. */
void btls_schedule_update(int hash, uint8_t *secret);
/* 7.3: key and IV of a traffic secret. */
void btls_schedule_keys(int hash, const uint8_t *secret, uint8_t *key, size_t key_size,
                        uint8_t iv[12]);
/* 4.4.4: verify_data of Finished; returns its size. */
size_t btls_schedule_finished(int hash, const uint8_t *secret, btls_span transcript,
                              uint8_t *out);
/* 4.2.11.2: a binder over the hash of a truncated ClientHello; returns its size. */
size_t btls_schedule_binder(int hash, btls_span psk, int external, btls_span transcript,
                            uint8_t *out);
/* 4.6.1: the PSK of a ticket. Returns its size. */
size_t btls_schedule_ticket(const btls_schedule *s, btls_span nonce, uint8_t *out);
/* 7.5: exporter. 0, or -1 when the label is longer than BTLS_LABEL_MAX bytes or n is more
 * than 255 times the hash's size. */
int btls_schedule_export(const btls_schedule *s, const char *label, btls_span context,
                         uint8_t *out, size_t n);

#endif
