/* extensions.h -- the extensions of hellos and other messages: which there are, where
 * each may stand, and reading a list of them (RFC 8446, 4.2). */
#ifndef BTLS_TLS_EXTENSIONS_H
#define BTLS_TLS_EXTENSIONS_H

#include "core/bytes.h"
#include "core/error.h"
#include "core/writer.h"

/* Those that beartls knows; an index, not the code point. */
enum {
    BTLS_EXT_SERVER_NAME,
    BTLS_EXT_MAX_FRAGMENT_LENGTH,
    BTLS_EXT_STATUS_REQUEST,
    BTLS_EXT_SUPPORTED_GROUPS,
    BTLS_EXT_EC_POINT_FORMATS,
    BTLS_EXT_SIGNATURE_ALGORITHMS,
    BTLS_EXT_ALPN,
    BTLS_EXT_SIGNED_CERTIFICATE_TIMESTAMP,
    BTLS_EXT_PADDING,
    BTLS_EXT_EXTENDED_MASTER_SECRET,
    BTLS_EXT_RECORD_SIZE_LIMIT,
    BTLS_EXT_SESSION_TICKET,
    BTLS_EXT_PRE_SHARED_KEY,
    BTLS_EXT_EARLY_DATA,
    BTLS_EXT_SUPPORTED_VERSIONS,
    BTLS_EXT_COOKIE,
    BTLS_EXT_PSK_KEY_EXCHANGE_MODES,
    BTLS_EXT_CERTIFICATE_AUTHORITIES,
    BTLS_EXT_OID_FILTERS,
    BTLS_EXT_POST_HANDSHAKE_AUTH,
    BTLS_EXT_SIGNATURE_ALGORITHMS_CERT,
    BTLS_EXT_KEY_SHARE,
    BTLS_EXT_RENEGOTIATION_INFO,
    BTLS_EXT_COUNT
};

/* Where a list of extensions stands. */
enum {
    BTLS_IN_CLIENT_HELLO = 1,
    BTLS_IN_SERVER_HELLO = 2, /* of TLS 1.3 */
    BTLS_IN_HELLO_RETRY_REQUEST = 4,
    BTLS_IN_ENCRYPTED_EXTENSIONS = 8,
    BTLS_IN_CERTIFICATE = 16,
    BTLS_IN_CERTIFICATE_REQUEST = 32,
    BTLS_IN_NEW_SESSION_TICKET = 64,
    BTLS_IN_SERVER_HELLO_12 = 128 /* of TLS 1.2 */
};

#define BTLS_EXT_BIT(index) (1u << (index))

/* A list that was read: the body of each extension that beartls knows. */
typedef struct {
    uint32_t present; /* BTLS_EXT_BIT of each that is there */
    btls_span body[BTLS_EXT_COUNT];
    int last; /* index of the last one, -1 when that is unknown or there is none */
} btls_extensions;

/* Reads the contents of a list. `offered`: for an answer, the bits of what was asked for
 * with. 0, or -1 with *e set: peer_malformed_message (decode_error);
 * peer_extension_twice, peer_extension_misplaced (illegal_parameter: RFC 8446, 4.2);
 * peer_unsupported_extension (unsupported_extension). What is unknown is ignored where it
 * was not asked for by us: in a ClientHello, CertificateRequest and NewSessionTicket. */
int btls_extension_list_read(btls_extensions *x, btls_span list, unsigned where,
                             uint32_t offered, btls_error *e);

static inline int
btls_extensions_has(const btls_extensions *x, int index)
{
    return (x->present >> index & 1) != 0;
}

/* Begins an extension: its code point and the vector of its body, for btls_write_end. */
btls_mark btls_write_extension(btls_writer *w, int index);
/* An extension whose body is empty. */
void btls_write_empty_extension(btls_writer *w, int index);

/* The index of a code point, -1 for one that is unknown. */
int btls_extension_index(unsigned code);
/* "server_name" ... for messages. */
const char *btls_extension_name(int index);

#endif
