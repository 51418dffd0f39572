/* extensions.c -- the extensions of hellos and other messages. */
#include "tls/extensions.h"

#include <string.h>

#include "tls/names.h"

#define CH BTLS_IN_CLIENT_HELLO
#define SH BTLS_IN_SERVER_HELLO
#define HRR BTLS_IN_HELLO_RETRY_REQUEST
#define EE BTLS_IN_ENCRYPTED_EXTENSIONS
#define CT BTLS_IN_CERTIFICATE
#define CR BTLS_IN_CERTIFICATE_REQUEST
#define NST BTLS_IN_NEW_SESSION_TICKET
#define SH12 BTLS_IN_SERVER_HELLO_12

/* RFC 8446, 4.2; for ServerHello of TLS 1.2 the RFC of each extension. */
static const struct {
    uint16_t code;
    uint16_t where;
    const char *name;
} known[BTLS_EXT_COUNT] = {
    [BTLS_EXT_SERVER_NAME] = { 0, CH | EE | SH12, "server_name" },
    [BTLS_EXT_MAX_FRAGMENT_LENGTH] = { 1, CH | EE | SH12, "max_fragment_length" },
    [BTLS_EXT_STATUS_REQUEST] = { 5, CH | CR | CT | SH12, "status_request" },
    /* In ServerHello of TLS 1.2 no RFC has it, but servers are known that send it. */
    [BTLS_EXT_SUPPORTED_GROUPS] = { 10, CH | EE | SH12, "supported_groups" },
    [BTLS_EXT_EC_POINT_FORMATS] = { 11, CH | SH12, "ec_point_formats" },
    [BTLS_EXT_SIGNATURE_ALGORITHMS] = { 13, CH | CR, "signature_algorithms" },
    [BTLS_EXT_ALPN] = { 16, CH | EE | SH12, "application_layer_protocol_negotiation" },
    [BTLS_EXT_SIGNED_CERTIFICATE_TIMESTAMP] = { 18, CH | CR | CT | SH12,
                                                "signed_certificate_timestamp" },
    [BTLS_EXT_PADDING] = { 21, CH, "padding" },
    [BTLS_EXT_EXTENDED_MASTER_SECRET] = { 23, CH | SH12, "extended_master_secret" },
    [BTLS_EXT_RECORD_SIZE_LIMIT] = { 28, CH | EE | SH12, "record_size_limit" },
    [BTLS_EXT_SESSION_TICKET] = { 35, CH | SH12, "session_ticket" },
    [BTLS_EXT_PRE_SHARED_KEY] = { 41, CH | SH, "pre_shared_key" },
    [BTLS_EXT_EARLY_DATA] = { 42, CH | EE | NST, "early_data" },
    [BTLS_EXT_SUPPORTED_VERSIONS] = { 43, CH | SH | HRR, "supported_versions" },
    [BTLS_EXT_COOKIE] = { 44, CH | HRR, "cookie" },
    [BTLS_EXT_PSK_KEY_EXCHANGE_MODES] = { 45, CH, "psk_key_exchange_modes" },
    [BTLS_EXT_CERTIFICATE_AUTHORITIES] = { 47, CH | CR, "certificate_authorities" },
    [BTLS_EXT_OID_FILTERS] = { 48, CR, "oid_filters" },
    [BTLS_EXT_POST_HANDSHAKE_AUTH] = { 49, CH, "post_handshake_auth" },
    [BTLS_EXT_SIGNATURE_ALGORITHMS_CERT] = { 50, CH | CR, "signature_algorithms_cert" },
    [BTLS_EXT_KEY_SHARE] = { 51, CH | SH | HRR, "key_share" },
    [BTLS_EXT_RENEGOTIATION_INFO] = { 0xFF01, CH | SH12, "renegotiation_info" },
};

/* Where what we do not know must be ignored, since the sender did not answer us. */
#define IGNORES_UNKNOWN (CH | CR | NST)
/* A cookie is the one thing that a server may bring up by itself (RFC 8446, 4.2). */
#define UNASKED (BTLS_EXT_BIT(BTLS_EXT_COOKIE))

int
btls_extension_index(unsigned code)
{
    for (int i = 0; i < BTLS_EXT_COUNT; i++) {
        if (known[i].code == code)
            return i;
    }
    return -1;
}

/* Every code point may stand there once (RFC 8446, 4.2), the unknown ones too. */
static int
seen_before(uint8_t seen[8192], unsigned code)
{
    int before = seen[code >> 3] >> (code & 7) & 1;
    seen[code >> 3] |= (uint8_t)(1 << (code & 7));
    return before;
}

static int
check_place(int index, unsigned code, unsigned where, uint32_t offered, btls_error *e)
{
    if (where & IGNORES_UNKNOWN) {
        if (index < 0 || (known[index].where & where))
            return 0;
    } else if (index < 0 || !((offered | UNASKED) >> index & 1)) {
        return btls_error_set(
            e, "peer_unsupported_extension", BTLS_ALERT_UNSUPPORTED_EXTENSION,
            "the server answered an extension (%u) that was not sent", code);
    } else if (known[index].where & where) {
        return 0;
    }
    return btls_error_set(e, "peer_extension_misplaced", BTLS_ALERT_ILLEGAL_PARAMETER,
                          "the extension %s stands in a message where it may not be",
                          known[index].name);
}

int
btls_extension_list_read(btls_extensions *x, btls_span list, unsigned where,
                         uint32_t offered, btls_error *e)
{
    uint8_t seen[8192] = { 0 };
    btls_reader r = btls_reader_of(list);
    memset(x, 0, sizeof *x);
    x->last = -1;
    while (btls_read_more(&r)) {
        unsigned code = btls_read_u16(&r);
        btls_span body = btls_read_vec16(&r);
        if (r.bad)
            break;
        if (seen_before(seen, code))
            return btls_error_set(e, "peer_extension_twice", BTLS_ALERT_ILLEGAL_PARAMETER,
                                  "an extension (%u) stands twice in one message", code);
        int index = btls_extension_index(code);
        if (check_place(index, code, where, offered, e) != 0)
            return -1;
        x->last = index;
        if (index >= 0) {
            x->present |= BTLS_EXT_BIT(index);
            x->body[index] = body;
        }
    }
    if (!btls_read_end(&r))
        return btls_error_set(e, "peer_malformed_message", BTLS_ALERT_DECODE_ERROR,
                              "a list of extensions is malformed");
    return 0;
}

btls_mark
btls_write_extension(btls_writer *w, int index)
{
    btls_write_u16(w, known[index].code);
    return btls_write_begin(w, 2);
}

void
btls_write_empty_extension(btls_writer *w, int index)
{
    btls_write_end(w, btls_write_extension(w, index));
}

const char *
btls_extension_name(int index)
{
    return known[index].name;
}
