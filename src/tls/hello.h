/* hello.h -- ClientHello and ServerHello of TLS 1.2 and 1.3, read into views of their
 * bytes (RFC 8446, 4.1; RFC 5246, 7.4.1), and what is asked of them. Writing them is the
 * handshakes' (modern_client.c, modern_server*.c). */
#ifndef BTLS_TLS_HELLO_H
#define BTLS_TLS_HELLO_H

#include "core/bytes.h"
#include "tls/extensions.h"

#define BTLS_RANDOM_SIZE 32
#define BTLS_SESSION_ID_MAX 32

/* Signalling suites: RFC 5746, 3.3 and RFC 7507, 2. */
#define BTLS_EMPTY_RENEGOTIATION_INFO_SCSV 0x00FF
#define BTLS_FALLBACK_SCSV 0x5600

typedef struct btls_client_hello {
    unsigned legacy_version;
    btls_span random;
    btls_span session_id;
    btls_span suites;       /* list of 16-bit numbers */
    btls_span compressions; /* list of bytes */
    btls_span extensions;   /* the contents of their list, the unknown ones too */
    btls_extensions x;
} btls_client_hello;

/* Reads a whole ClientHello message (header included). 0, or -1 with *e set
 * (decode_error, illegal_parameter). */
int btls_client_hello_read(btls_client_hello *h, btls_span message, btls_error *e);

/* The forms of extensions whose contents nobody may ever look at: a server that needs
 * none of them still says that they are malformed. `version` is the one that the hello is
 * answered in. 0, or -1 with *e set (decode_error). */
int btls_client_hello_check(const btls_client_hello *h, unsigned version, btls_error *e);

typedef struct {
    unsigned version; /* what it negotiates: supported_versions, else legacy_version */
    int version_selected; /* it has supported_versions */
    unsigned legacy_version;
    btls_span random;
    btls_span session_id;
    unsigned suite;
    unsigned compression;
    int is_retry_request; /* HelloRetryRequest (RFC 8446, 4.1.3) */
    btls_extensions x;
} btls_server_hello;

/* Reads a whole ServerHello message; `offered` are the bits of the extensions that were
 * sent. 0, or -1 with *e set. */
int btls_server_hello_read(btls_server_hello *h, btls_span message, uint32_t offered,
                           btls_error *e);

/* The random of a ServerHello that is a HelloRetryRequest. */
extern const uint8_t btls_retry_request_random[BTLS_RANDOM_SIZE];
/* The last eight bytes of a random that say that the server could do more than it
 * negotiated (RFC 8446, 4.1.3), for TLS 1.2 and for what is below. */
extern const uint8_t btls_downgrade_12[8];
extern const uint8_t btls_downgrade_11[8];

/* 1 when the list of 16-bit numbers holds that one. */
int btls_list16_has(btls_span list, unsigned value);
/* 1 when it could be such a list: not empty, an even number of bytes. */
int btls_list16_valid(btls_span list);

/* The 16-bit list in an extension that consists of one (supported_groups,
 * signature_algorithms ...). 0, or -1 with *e set (decode_error). */
int btls_extension_list16(const btls_extensions *x, int index, btls_span *list,
                          btls_error *e);

/* 1 when a server may show an EC key on that curve (BearSSL's number; 0: it is none) in
 * TLS 1.2 and below: it is among the groups of the client, or that names none (RFC 8422,
 * 5.1.1). */
int btls_client_hello_takes_curve(const btls_client_hello *h, int curve);

/* The highest version that both offer and [min, max] allow; 0 when there is none.
 * supported_versions counts alone when it is there (RFC 8446, 4.2.1 and D.2). 0 or
 * -1 with *e set when that extension is malformed. */
int btls_client_hello_version(const btls_client_hello *h, unsigned min, unsigned max,
                              unsigned *version, btls_error *e);

/* The host name that was asked for, in lower case and ended with NUL; "" when there is
 * none, or something that is no DNS name. 0, or -1 with *e set (RFC 6066, 3): the
 * extension is malformed (decode_error), or has two host names, or one that is not of
 * ASCII (illegal_parameter). */
int btls_client_hello_server_name(const btls_client_hello *h, char name[256],
                                  btls_error *e);

/* The same from a whole message that nobody has checked: 1, or 0 when it is malformed
 * (name is "" then, and the engine will say why). */
int btls_hello_server_name(btls_span message, char name[256]);

#endif
