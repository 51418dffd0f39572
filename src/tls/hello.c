/* hello.c -- what must be known of a ClientHello before an engine reads it. */
#include "tls/hello.h"

#include <string.h>

#include "pki/name.h"

#define EXTENSION_SERVER_NAME 0
#define NAME_TYPE_HOST_NAME 0

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

static void
read_server_name(btls_span extension, char name[256])
{
    btls_reader r = btls_reader_of(extension);
    btls_reader list = btls_reader_of(btls_read_vec16(&r));
    while (btls_read_more(&list)) {
        unsigned type = btls_read_u8(&list);
        btls_span host = btls_read_vec16(&list);
        if (type == NAME_TYPE_HOST_NAME && !list.bad) {
            copy_name(host, name);
            return;
        }
    }
}

int
btls_hello_server_name(btls_span message, char name[256])
{
    name[0] = '\0';
    btls_reader m = btls_reader_of(message);
    btls_read_u8(&m);
    btls_reader r = btls_reader_of(btls_read_vec24(&m));
    btls_read_u16(&r);       /* legacy_version */
    btls_read_bytes(&r, 32); /* random */
    btls_read_vec8(&r);      /* legacy_session_id */
    btls_read_vec16(&r);     /* cipher_suites */
    btls_read_vec8(&r);      /* legacy_compression_methods */
    if (!btls_read_more(&r))
        return !r.bad;
    btls_reader extensions = btls_reader_of(btls_read_vec16(&r));
    while (btls_read_more(&extensions)) {
        unsigned type = btls_read_u16(&extensions);
        btls_span body = btls_read_vec16(&extensions);
        if (type == EXTENSION_SERVER_NAME && !extensions.bad)
            read_server_name(body, name);
    }
    return btls_read_end(&r) && !extensions.bad;
}
