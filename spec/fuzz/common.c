/* common.c -- what the fuzzers share: memory, the files of spec/pki, sessions. */
#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls/channel.h"
#include "tls/ticket.h"

#define NOW 1780272000 /* spec/pki/manifest.lua */
#define FILES 32
#define FILE_SIZE 65536

/* The size stands before the block. */
static void *
allocate(void *ud, void *p, size_t old_size, size_t new_size)
{
    size_t *block = p == NULL ? NULL : (size_t *)p - 2;
    (void)ud;
    FUZZ_CHECK(block == NULL || block[0] == old_size);
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    block = realloc(block, new_size + 2 * sizeof *block);
    if (block == NULL)
        return NULL;
    block[0] = new_size;
    return block + 2;
}

const btls_alloc fuzz_alloc = { allocate, NULL };

btls_span
fuzz_file(const char *name)
{
    const char *dir = getenv("BEARTLS_PKI");
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir != NULL ? dir : "spec/pki", name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        exit(1);
    }
    /* Reachable for ever: no leak. */
    static uint8_t *kept[FILES];
    static size_t count;
    FUZZ_CHECK(count < FILES);
    uint8_t *bytes = kept[count++] = malloc(FILE_SIZE);
    btls_span s = { bytes, fread(bytes, 1, FILE_SIZE, f) };
    fclose(f);
    return s;
}

const btls_chain *
fuzz_chain(btls_chain *chain, const char *name)
{
    btls_error e;
    if (chain->count > 0)
        return chain;
    btls_chain_init(chain, &fuzz_alloc);
    FUZZ_CHECK(btls_read_chain(chain, fuzz_file(name), (btls_span){ NULL, 0 }, &e) == 0);
    return chain;
}

static btls_config *
make_config(const char *name, int modern, unsigned max_version)
{
    static const btls_span none = { NULL, 0 };
    char file[64];
    btls_error e;
    btls_config *c = malloc(sizeof *c);
    btls_chain *chain = malloc(sizeof *chain);
    btls_read_count count;
    size_t n;
    const btls_suite *suites = btls_suites(&n);
    btls_trust *trust = btls_trust_new(&fuzz_alloc);
    btls_chain_init(chain, &fuzz_alloc);
    FUZZ_CHECK(btls_config_init(c, &e) == 0);
    snprintf(file, sizeof file, "%s.pem", name);
    FUZZ_CHECK(btls_read_chain(chain, fuzz_file(file), none, &e) == 0);
    snprintf(file, sizeof file, "%s.key", name);
    btls_key *key = btls_read_key(&fuzz_alloc, fuzz_file(file), none, &e);
    FUZZ_CHECK(key != NULL && btls_config_add_identity(c, chain, key, &e) == 0);
    FUZZ_CHECK(btls_read_trust(trust, fuzz_file("trust.pem"), &count, &e) == 0);
    c->trust = trust;
    c->min_version = modern ? BTLS_TLS12 : BTLS_TLS10;
    c->max_version = (uint16_t)max_version;
    c->trace = 64;
    c->keylog = 1;
    c->alpn[c->alpn_count++] = "h2";
    c->alpn[c->alpn_count++] = "http/1.1";
    if (!modern)
        c->suite_count = 0;
    for (size_t i = 0; i < n && !modern; i++)
        c->suites[c->suite_count++] = suites[i].id;
    FUZZ_CHECK(btls_config_settle(c, &e) == 0);
    return c;
}

const btls_config *
fuzz_client_config(void)
{
    static btls_config *c;
    if (c == NULL)
        c = make_config("client_ec", 0, BTLS_TLS13);
    return c;
}

const btls_config *
fuzz_server_config(void)
{
    static btls_config *c;
    if (c == NULL) {
        c = make_config("server_ec", 0, BTLS_TLS13);
        c->verify_client = BTLS_CLIENT_REQUIRE;
        c->cache = btls_cache_new(&fuzz_alloc);
    }
    return c;
}

const btls_config *
fuzz_modern_config(int is_client, unsigned max_version)
{
    static btls_config *configs[2][2];
    static const uint8_t ticket_key[BTLS_TICKET_KEY_SIZE] =
        "a key for the tickets of fuzzers";
    btls_config **c = &configs[is_client][max_version == BTLS_TLS13];
    if (*c != NULL)
        return *c;
    *c = make_config(is_client ? "client_ec" : "server_ec", 1, max_version);
    (*c)->tickets = 1;
    if (!is_client) {
        (*c)->verify_client = BTLS_CLIENT_REQUIRE;
        (*c)->cache = btls_cache_new(&fuzz_alloc);
        (*c)->ticket_keys = calloc(1, sizeof *(*c)->ticket_keys);
        FUZZ_CHECK(btls_ticket_add_key((*c)->ticket_keys, ticket_key));
    }
    return *c;
}

void
fuzz_session_of(btls_session *s, const btls_config *config, int is_client,
                btls_resumption *ticket)
{
    btls_error e;
    memset(s, 0, sizeof *s);
    s->alloc = fuzz_alloc;
    FUZZ_CHECK(btls_session_start(s, config, is_client, is_client ? "localhost" : NULL,
                                  NOW, ticket, &e) == 0);
}

void
fuzz_session(btls_session *s, int is_client)
{
    fuzz_session_of(s, is_client ? fuzz_client_config() : fuzz_server_config(), is_client,
                    NULL);
}

uint8_t *
fuzz_drain(btls_session *s, size_t *n)
{
    btls_span b = btls_queue_bytes(&s->out);
    uint8_t *copy = malloc(b.n + 1);
    if (b.n > 0)
        memcpy(copy, b.p, b.n);
    *n = b.n;
    btls_queue_take(&s->out, b.n);
    return copy;
}

void
fuzz_session_end(btls_session *s)
{
    uint8_t out[BTLS_CHANNEL_MAX];
    size_t n;
    btls_info info;
    btls_error e;
    if (s->engine != NULL) {
        s->engine->cls->info(s->engine, &info);
        s->engine->cls->export_(s->engine, "EXPERIMENTAL", (btls_span){ NULL, 0 }, out,
                                sizeof out, &e);
    }
    btls_channel_server_end_point(s, out, &n, &e);
    btls_session_why_no_data(s, &e);
    FUZZ_CHECK(e.code != NULL && e.message[0] != '\0');
    if (btls_session_failed(s)) {
        FUZZ_CHECK(s->state == BTLS_STATE_FAILED && s->error.message[0] != '\0');
        FUZZ_CHECK(!s->alert_pending);
    }
    btls_session_write(s, (const uint8_t *)"x", 1, &e);
    btls_session_close(s);
    btls_session_feed_end(s);
    btls_session_clear(s);
}
