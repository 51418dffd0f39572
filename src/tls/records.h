/* records.h -- the record layer of the modern engine: TLS 1.3 (RFC 8446, 5) and TLS 1.2
 * with AEAD suites (RFC 5246, 6.2; RFC 5288; RFC 6655; RFC 7905). Records are opened
 * where their plaintext is wanted and sealed where they leave, so that a byte is copied
 * once on its way in and once on its way out.
 *
 * What belongs to the whole record is checked here; whether it is welcome at this point
 * of the handshake is the engine's business. */
#ifndef BTLS_TLS_RECORDS_H
#define BTLS_TLS_RECORDS_H

#include "core/bytes.h"
#include "core/error.h"
#include "crypto/aead.h"
#include "tls/names.h"
#include "tls/trace.h"

#define BTLS_RECORD_HEADER_SIZE 5
#define BTLS_FULL_FRAGMENT 16384

/* The keys of one direction. */
typedef struct {
    int active; /* records are protected */
    btls_aead aead;
    uint8_t iv[BTLS_AEAD_NONCE];
    uint64_t sequence;
} btls_direction;

/* Must not be moved once keys are installed (btls_aead). */
typedef struct {
    const char *peer;             /* for sentences: "the peer", or a better name */
    unsigned version;             /* negotiated; 0: not yet */
    btls_direction directions[2]; /* received, sent */
    size_t limits[2];             /* bytes of plaintext in a protected record */
    size_t plain_limit;           /* ... in a received one that is not protected */
    size_t padding;               /* what is sent is padded to a multiple of it; 0: not */
    int opened;                   /* a protected record has been received */
    int skip_early_data;          /* what cannot be opened is refused early data */
    size_t skipped;
    /* The record that is arriving. */
    uint8_t header[BTLS_RECORD_HEADER_SIZE];
    size_t header_have, body_left;
    uint8_t explicit_nonce[8]; /* TLS 1.2, AES */
    size_t explicit_left;
} btls_records;

/* A record that has arrived. */
typedef struct {
    int type;         /* content type; of TLS 1.3, the inner one */
    unsigned version; /* of the header */
    int encrypted;
    btls_span body; /* held in the queue until btls_records_done */
} btls_record;

enum btls_record_result {
    BTLS_RECORD_MORE,    /* all bytes are taken, no record is complete */
    BTLS_RECORD_READY,   /* *record is there */
    BTLS_RECORD_SKIPPED, /* refused early data, gone already */
    BTLS_RECORD_BAD /* *e says why, with its alert; nothing may be received any more */
};

void btls_records_init(btls_records *r);
void btls_records_wipe(btls_records *r);
/* From now on records are as this version has them. Before, they may have any version of
 * the form 3.x, and a ClientHello leaves as version 3.1 (RFC 8446, 5.1). */
void btls_records_set_version(btls_records *r, unsigned version);

/* Protects what is received (0) or sent (1) from now on; the version is set already. The
 * key has btls_aead_key_size(kind) bytes, the IV 12, or 4 with AES in TLS 1.2 (the rest
 * is ignored). The sequence begins at 0. */
void btls_records_install(btls_records *r, int sent, enum btls_aead_kind kind,
                          const uint8_t *key, const uint8_t *iv);
static inline int
btls_records_protected(const btls_records *r, int sent)
{
    return r->directions[sent].active;
}

/* Bytes of content that may be in a record: in what we send; in what we receive, of
 * which RFC 8449, 4 limits the protected records alone. In TLS 1.3 the content type and
 * padding come on top, as one byte, so the value of the extension is one more. */
void btls_records_limit_sent(btls_records *r, size_t limit);
void btls_records_limit_received(btls_records *r, size_t limit);
/* The same for records received in the clear (RFC 6066, 4: max_fragment_length). */
void btls_records_limit_plain(btls_records *r, size_t limit);

/* TLS 1.3: what is sent is padded, content type included, to a multiple of this many
 * bytes where the limit allows it (RFC 8446, 5.4); 0: not. */
void btls_records_pad(btls_records *r, size_t multiple);

/* Server: the client has announced early data, which we refuse: records that cannot be
 * opened are skipped, up to a limit, until one can be; before there are keys (after a
 * HelloRetryRequest) all application data is, until the next ClientHello (RFC 8446,
 * 4.2.10). */
void btls_records_skip_early_data(btls_records *r);

/* Takes bytes from the wire (moves *p and *n on) until a record is complete. Its body is
 * held behind the tail of q, opened in place; btls_records_done lets it go, or, when
 * `keep` is set, appends it to what is in q. Nothing else may be done with q in between.
 * On BTLS_RECORD_BAD drop what q holds (btls_queue_commit(q, 0)). */
enum btls_record_result btls_records_receive(btls_records *r, btls_queue *q,
                                             const uint8_t **p, size_t *n,
                                             btls_record *record, btls_error *e);
void btls_records_done(btls_queue *q, const btls_record *record, int keep);

/* The header of what is arriving, for who wants to say what it could be instead. */
static inline const uint8_t *
btls_records_header(const btls_records *r)
{
    return r->header;
}

/* Puts bytes into as many records as they need, at the end of out; nothing makes one
 * empty record. 1, or 0 when there is no memory (or, after 2^64 - 1 records, no sequence
 * number). */
int btls_records_send(btls_records *r, int type, btls_span bytes, btls_queue *out);
/* One record that is never protected: change_cipher_spec. */
int btls_records_send_plain(int type, btls_span bytes, btls_queue *out);

/* TLS 1.3: 1 when the key that we send with has protected as much as it should (RFC 8446,
 * 5.5), so that a KeyUpdate is due. */
int btls_records_worn(const btls_records *r);

#endif
