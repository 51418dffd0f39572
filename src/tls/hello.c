/* hello.c -- ClientHello and ServerHello of TLS 1.2 and 1.3, read into views of their
 * bytes. */
#include "tls/hello.h"

#include <string.h>

#include "pki/name.h"
#include "tls/names.h"

#define NAME_TYPE_HOST_NAME 0
#define STATUS_TYPE_OCSP 1

/* SHA-256 of "HelloRetryRequest". */
const uint8_t btls_retry_request_random[BTLS_RANDOM_SIZE] = {
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C,
    0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB,
    0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
};
const uint8_t btls_downgrade_12[8] = { 'D', 'O', 'W', 'N', 'G', 'R', 'D', 1 };
const uint8_t btls_downgrade_11[8] = { 'D', 'O', 'W', 'N', 'G', 'R', 'D', 0 };

static int
malformed(btls_error *e, const char *what)
{
    return btls_error_set(e, "peer_malformed_message", BTLS_ALERT_DECODE_ERROR,
                          "the %s is malformed", what);
}

int
btls_client_hello_read(btls_client_hello *h, btls_span message, btls_error *e)
{
    btls_reader m = btls_reader_of(message);
    memset(h, 0, sizeof *h);
    btls_read_u8(&m);
    btls_reader r = btls_reader_of(btls_read_vec24(&m));
    h->legacy_version = btls_read_u16(&r);
    h->random = btls_read_bytes(&r, BTLS_RANDOM_SIZE);
    h->session_id = btls_read_vec8(&r);
    h->suites = btls_read_vec16(&r);
    h->compressions = btls_read_vec8(&r);
    if (btls_read_more(&r)) /* before TLS 1.2 there need not be any (RFC 5246, 7.4.1.2) */
        h->extensions = btls_read_vec16(&r);
    if (!btls_read_end(&r) || !btls_read_end(&m) ||
        h->session_id.n > BTLS_SESSION_ID_MAX || !btls_list16_valid(h->suites) ||
        h->compressions.n == 0)
        return malformed(e, "ClientHello");
    return btls_extension_list_read(&h->x, h->extensions, BTLS_IN_CLIENT_HELLO, 0, e);
}

/* What ServerHello negotiates must be known before its extensions can be judged: those of
 * TLS 1.3 are those of a hello with supported_versions, whatever that says. */
static int
find_version(btls_server_hello *h, btls_span list)
{
    btls_reader r = btls_reader_of(list);
    h->version = h->legacy_version;
    while (btls_read_more(&r)) {
        unsigned code = btls_read_u16(&r);
        btls_reader body = btls_reader_of(btls_read_vec16(&r));
        if (code != 43 || r.bad)
            continue;
        h->version_selected = 1;
        h->version = btls_read_u16(&body);
        if (!btls_read_end(&body))
            return -1;
    }
    return 0;
}

int
btls_server_hello_read(btls_server_hello *h, btls_span message, uint32_t offered,
                       btls_error *e)
{
    btls_reader m = btls_reader_of(message);
    memset(h, 0, sizeof *h);
    btls_read_u8(&m);
    btls_reader r = btls_reader_of(btls_read_vec24(&m));
    h->legacy_version = btls_read_u16(&r);
    h->random = btls_read_bytes(&r, BTLS_RANDOM_SIZE);
    h->session_id = btls_read_vec8(&r);
    h->suite = btls_read_u16(&r);
    h->compression = btls_read_u8(&r);
    btls_span list = { NULL, 0 };
    if (btls_read_more(&r))
        list = btls_read_vec16(&r);
    if (!btls_read_end(&r) || !btls_read_end(&m) || h->session_id.n > BTLS_SESSION_ID_MAX)
        return malformed(e, "ServerHello");
    if (find_version(h, list) != 0)
        return malformed(e, "extension supported_versions");
    h->is_retry_request =
        memcmp(h->random.p, btls_retry_request_random, BTLS_RANDOM_SIZE) == 0 &&
        h->version == BTLS_TLS13;
    unsigned where = h->is_retry_request   ? BTLS_IN_HELLO_RETRY_REQUEST
                     : h->version_selected ? BTLS_IN_SERVER_HELLO
                                           : BTLS_IN_SERVER_HELLO_12;
    return btls_extension_list_read(&h->x, list, where, offered, e);
}

int
btls_list16_has(btls_span list, unsigned value)
{
    btls_reader r = btls_reader_of(list);
    while (btls_read_more(&r)) {
        if (btls_read_u16(&r) == value && !r.bad)
            return 1;
    }
    return 0;
}

int
btls_list16_valid(btls_span list)
{
    return list.n > 0 && list.n % 2 == 0;
}

int
btls_extension_list16(const btls_extensions *x, int index, btls_span *list, btls_error *e)
{
    btls_reader r = btls_reader_of(x->body[index]);
    *list = btls_read_vec16(&r);
    if (btls_read_end(&r) && btls_list16_valid(*list))
        return 0;
    return btls_error_set(e, "peer_malformed_message", BTLS_ALERT_DECODE_ERROR,
                          "the extension %s is malformed", btls_extension_name(index));
}

int
btls_client_hello_takes_curve(const btls_client_hello *h, int curve)
{
    btls_span groups;
    btls_error e;
    return curve == 0 || !btls_extensions_has(&h->x, BTLS_EXT_SUPPORTED_GROUPS) ||
           btls_extension_list16(&h->x, BTLS_EXT_SUPPORTED_GROUPS, &groups, &e) != 0 ||
           btls_list16_has(groups, (unsigned)curve);
}

int
btls_client_hello_version(const btls_client_hello *h, unsigned min, unsigned max,
                          unsigned *version, btls_error *e)
{
    *version = 0;
    if (!btls_extensions_has(&h->x, BTLS_EXT_SUPPORTED_VERSIONS)) {
        /* Without the extension nobody means TLS 1.3, whatever stands there. */
        unsigned best = max < BTLS_TLS12 ? max : BTLS_TLS12;
        if (h->legacy_version < best)
            best = h->legacy_version;
        *version = best >= min ? best : 0;
        return 0;
    }
    btls_reader r = btls_reader_of(h->x.body[BTLS_EXT_SUPPORTED_VERSIONS]);
    btls_span list = btls_read_vec8(&r);
    if (!btls_read_end(&r) || !btls_list16_valid(list))
        return malformed(e, "extension supported_versions");
    r = btls_reader_of(list);
    while (btls_read_more(&r)) {
        unsigned v = btls_read_u16(&r);
        if (v >= min && v <= max && v > *version)
            *version = v;
    }
    return 0;
}

/* Vectors, whose lengths have `size` bytes, that none of them is empty. */
static int
is_filled(btls_span list, int size)
{
    btls_reader r = btls_reader_of(list);
    int empty = 0;
    while (btls_read_more(&r))
        empty |= (size == 1 ? btls_read_vec8(&r) : btls_read_vec16(&r)).n == 0;
    return !empty && !r.bad;
}

/* A list of them with at least one (RFC 7301, 3.1; RFC 8446, 4.2.4). */
static int
is_filled_list(btls_span body, int size)
{
    btls_reader r = btls_reader_of(body);
    btls_span list = btls_read_vec16(&r);
    return btls_read_end(&r) && list.n > 0 && is_filled(list, size);
}

/* RFC 6066, 8: what a status_request asks for; other types are none of ours. */
static int
is_status_request(btls_span body)
{
    btls_reader r = btls_reader_of(body);
    unsigned type = btls_read_u8(&r);
    if (r.bad || type != STATUS_TYPE_OCSP)
        return !r.bad;
    int filled = is_filled(btls_read_vec16(&r), 2);
    btls_read_vec16(&r);
    return filled && btls_read_end(&r);
}

/* RFC 8446, 4.2.9: a vector of bytes that must not be empty. */
static int
is_mode_list(btls_span body)
{
    btls_reader r = btls_reader_of(body);
    btls_span list = btls_read_vec8(&r);
    return btls_read_end(&r) && list.n > 0;
}

/* What TLS 1.3 alone knows. */
static int
check_13(const btls_extensions *x, btls_error *e)
{
    if (btls_extensions_has(x, BTLS_EXT_PSK_KEY_EXCHANGE_MODES) &&
        !is_mode_list(x->body[BTLS_EXT_PSK_KEY_EXCHANGE_MODES]))
        return malformed(e, "extension psk_key_exchange_modes");
    if (btls_extensions_has(x, BTLS_EXT_CERTIFICATE_AUTHORITIES) &&
        !is_filled_list(x->body[BTLS_EXT_CERTIFICATE_AUTHORITIES], 2))
        return malformed(e, "extension certificate_authorities");
    if (x->body[BTLS_EXT_EARLY_DATA].n != 0)
        return malformed(e, "extension early_data");
    if (x->body[BTLS_EXT_POST_HANDSHAKE_AUTH].n != 0)
        return malformed(e, "extension post_handshake_auth");
    return 0;
}

int
btls_client_hello_check(const btls_client_hello *h, unsigned version, btls_error *e)
{
    static const int lists[] = { BTLS_EXT_SUPPORTED_GROUPS, BTLS_EXT_SIGNATURE_ALGORITHMS,
                                 BTLS_EXT_SIGNATURE_ALGORITHMS_CERT };
    const btls_extensions *x = &h->x;
    btls_span ignored;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (btls_extensions_has(x, lists[i]) &&
            btls_extension_list16(x, lists[i], &ignored, e) != 0)
            return -1;
    }
    if (btls_extensions_has(x, BTLS_EXT_ALPN) &&
        !is_filled_list(x->body[BTLS_EXT_ALPN], 1))
        return malformed(e, "extension application_layer_protocol_negotiation");
    if (btls_extensions_has(x, BTLS_EXT_MAX_FRAGMENT_LENGTH) &&
        x->body[BTLS_EXT_MAX_FRAGMENT_LENGTH].n != 1)
        return malformed(e, "extension max_fragment_length");
    if (btls_extensions_has(x, BTLS_EXT_STATUS_REQUEST) &&
        !is_status_request(x->body[BTLS_EXT_STATUS_REQUEST]))
        return malformed(e, "extension status_request");
    if (version == BTLS_TLS13)
        return check_13(x, e);
    if (x->body[BTLS_EXT_EXTENDED_MASTER_SECRET].n !=
        0) /* of which TLS 1.3 knows nothing */
        return malformed(e, "extension extended_master_secret");
    return 0;
}

static void
copy_name(btls_span from, char name[256])
{
    if (from.n == 0 || from.n > 253 || memchr(from.p, 0, from.n) != NULL)
        return;
    for (size_t i = 0; i < from.n; i++) {
        char c = (char)from.p[i];
        name[i] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
    }
    name[from.n] = '\0';
    if (!btls_name_is_dns(name))
        name[0] = '\0';
}

/* A host name consists of what can be seen of ASCII (RFC 6066, 3). Which of it makes a
 * name of the DNS is left to copy_name: names with an underscore, and addresses, are sent
 * though they should not be. */
static int
is_visible(btls_span name)
{
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] <= 0x20 || name.p[i] >= 0x7F)
            return 0;
    }
    return 1;
}

int
btls_client_hello_server_name(const btls_client_hello *h, char name[256], btls_error *e)
{
    btls_span host = { NULL, 0 };
    int hosts = 0;
    name[0] = '\0';
    if (!btls_extensions_has(&h->x, BTLS_EXT_SERVER_NAME))
        return 0;
    btls_reader r = btls_reader_of(h->x.body[BTLS_EXT_SERVER_NAME]);
    btls_reader list = btls_reader_of(btls_read_vec16(&r));
    int bad = list.left == 0;
    while (btls_read_more(&list)) {
        unsigned type = btls_read_u8(&list);
        btls_span value = btls_read_vec16(&list);
        bad |= value.n == 0;
        if (type == NAME_TYPE_HOST_NAME) {
            host = value;
            hosts++;
        }
    }
    if (bad || !btls_read_end(&r) || list.bad)
        return malformed(e, "extension server_name");
    if (hosts > 1 || !is_visible(host)) /* RFC 6066, 3: one name of each type, in ASCII */
        return btls_error_set(e, "peer_illegal_parameter", BTLS_ALERT_ILLEGAL_PARAMETER,
                              "the client's server_name has %s",
                              hosts > 1 ? "more than one host name"
                                        : "a host name that cannot be one");
    copy_name(host, name);
    return 0;
}

int
btls_hello_server_name(btls_span message, char name[256])
{
    btls_client_hello h;
    btls_error e;
    name[0] = '\0';
    return btls_client_hello_read(&h, message, &e) == 0 &&
           btls_client_hello_server_name(&h, name, &e) == 0;
}
