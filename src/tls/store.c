/* store.c -- what a session wants from a store that the program keeps, and has for it. */
#include "tls/store.h"

#include <string.h>

#include "crypto/hkdf.h"
#include "crypto/random.h"
#include "crypto/seal.h"
#include "tls/ticket.h"

/* A server looks for handles among so many identities of a hello. */
#define IDENTITIES_SEEN 8

btls_store *
btls_store_new(const btls_alloc *a)
{
    btls_store *t = btls_zalloc(a, sizeof *t);
    if (t == NULL)
        return NULL;
    btls_resumption_init(&t->state, a);
    for (size_t i = 0; i < BTLS_STORE_ENTRIES; i++)
        btls_queue_init(&t->entries[i].value, a);
    return t;
}

void
btls_store_free(btls_store *t, const btls_alloc *a)
{
    if (t == NULL)
        return;
    btls_resumption_clear(&t->state);
    for (size_t i = 0; i < BTLS_STORE_ENTRIES; i++)
        btls_queue_clear(&t->entries[i].value);
    btls_free(a, t, sizeof *t);
}

/* ---- names and keys ---- */

static btls_span
span_of(const char *text)
{
    return (btls_span){ (const uint8_t *)text, strlen(text) };
}

/* What is of use in one version is nowhere to be found in the other. */
static unsigned
kind_of(unsigned version)
{
    return version == BTLS_TLS13 ? 3 : 2;
}

/* From a handle: under which name its session is kept, and sealed with which key. */
static void
derive(const uint8_t handle[BTLS_HANDLE_SIZE], unsigned version, const char *label,
       uint8_t out[32])
{
    char info[40] = { 0 };
    size_t n = strlen(label);
    memcpy(info, label, n);
    info[n] = (char)kind_of(version);
    btls_hkdf_expand(br_sha256_ID, (btls_span){ handle, BTLS_HANDLE_SIZE },
                     (btls_span){ (const uint8_t *)info, n + 1 }, out, 32);
}

#define NAME "beartls store name"
#define KEY "beartls store key"

static btls_span
secret_of(const btls_config *c)
{
    return (btls_span){ c->store_secret, sizeof c->store_secret };
}

int
btls_config_make_store_secret(btls_config *c, btls_error *e)
{
    if (c->ticket_keys == NULL || c->ticket_keys->count == 0)
        return btls_random(c->store_secret, sizeof c->store_secret, e);
    const btls_ticket_key *k = &c->ticket_keys->keys[0];
    btls_hkdf_expand(br_sha256_ID, (btls_span){ k->key, sizeof k->key },
                     span_of("beartls client ticket secret"), c->store_secret,
                     sizeof c->store_secret);
    return 0;
}

/* Which certificates this client could show: a ticket stands for one of them. */
static void
hash_identities(const btls_config *c, uint8_t out[BTLS_HASH_MAX])
{
    btls_span leaves[BTLS_CONFIG_IDENTITIES];
    for (size_t i = 0; i < c->identity_count; i++)
        leaves[i] = btls_chain_at(c->identities[i].chain, 0);
    btls_hash(br_sha256_ID, leaves, c->identity_count, out);
}

void
btls_store_client_key(const btls_config *c, const char *server_name, btls_span where,
                      unsigned slot, uint8_t key[BTLS_STORE_KEY_SIZE])
{
    uint8_t number = (uint8_t)slot, mac[BTLS_HASH_MAX], identities[BTLS_HASH_MAX];
    hash_identities(c, identities);
    const btls_span parts[] = {
        span_of("beartls client ticket name"),
        { &number, 1 },
        { identities, 32 },
        { (const uint8_t *)server_name, strlen(server_name) + 1 },
        where,
    };
    btls_hmac(br_sha256_ID, secret_of(c), parts, sizeof parts / sizeof parts[0], mac);
    memcpy(key, mac, BTLS_STORE_KEY_SIZE);
}

static void
client_seal_key(const btls_config *c, uint8_t key[BTLS_SEAL_KEY_SIZE])
{
    btls_hkdf_expand(br_sha256_ID, secret_of(c), span_of("beartls client ticket key"),
                     key, BTLS_SEAL_KEY_SIZE);
}

/* ---- what the ClientHello offers ---- */

static int
is_external(const btls_config *c, btls_span identity)
{
    for (size_t i = 0; i < c->psk_count; i++) {
        if (btls_span_equal(c->psks[i].identity, identity))
            return 1;
    }
    return 0;
}

static void
want(btls_store *t, btls_span handle)
{
    if (handle.n == BTLS_HANDLE_SIZE && t->wanted < BTLS_STORE_WANTED)
        memcpy(t->handles[t->wanted++], handle.p, BTLS_HANDLE_SIZE);
}

static void
want_identities(btls_store *t, const btls_config *c, const btls_client_hello *h)
{
    btls_reader r = btls_reader_of(h->x.body[BTLS_EXT_PRE_SHARED_KEY]);
    btls_reader list = btls_reader_of(btls_read_vec16(&r));
    for (int i = 0; i < IDENTITIES_SEEN && btls_read_more(&list); i++) {
        btls_span identity = btls_read_vec16(&list);
        btls_read_bytes(&list, 4); /* its age */
        if (!list.bad && !is_external(c, identity))
            want(t, identity);
    }
}

void
btls_store_want(btls_store *t, const btls_config *c, const btls_client_hello *h)
{
    btls_error ignored;
    t->wanted = t->answered = 0;
    if (btls_client_hello_version(h, c->min_version, c->max_version, &t->version,
                                  &ignored) != 0)
        return;
    if (t->version == BTLS_TLS13) {
        want_identities(t, c, h);
    } else if (t->version != 0) {
        /* Beside a ticket the id is made up (RFC 5077, 3.4). */
        btls_span ticket = h->x.body[BTLS_EXT_SESSION_TICKET];
        want(t, ticket.n > 0 ? ticket : h->session_id);
    }
}

int
btls_store_wanted_key(const btls_store *t, uint8_t key[BTLS_STORE_KEY_SIZE], int *once)
{
    if (t->answered >= t->wanted)
        return 0;
    derive(t->handles[t->answered], t->version, NAME, key);
    *once = t->version == BTLS_TLS13;
    return 1;
}

/* ---- sealing ---- */

/* The state, by itself or sealed with the config's ticket keys. */
static int
wrap(const btls_config *c, const btls_resumption *r, btls_queue *out, btls_error *e)
{
    if (c->ticket_keys != NULL)
        return btls_ticket_seal(c->ticket_keys, r, r->created, out, e);
    return btls_resumption_encode(r, out, e);
}

static int
unwrap(const btls_config *c, btls_span bytes, btls_resumption *r)
{
    btls_error ignored;
    if (c->ticket_keys != NULL)
        return btls_ticket_open(c->ticket_keys, bytes, r) != 0;
    return btls_resumption_decode(r, bytes, &ignored) == 0;
}

/* Fills the entry with `plain`, sealed with that key under its name. */
static int
fill(btls_store_entry *entry, const uint8_t key[BTLS_SEAL_KEY_SIZE], btls_span plain,
     btls_error *e)
{
    btls_queue_clear(&entry->value);
    entry->task = BTLS_STORE_NOTHING;
    if (plain.n + BTLS_SEAL_OVERHEAD > BTLS_STORE_VALUE_MAX)
        return btls_error_set(e, "ticket_too_long", BTLS_NO_ALERT,
                              "what a store would have to keep is too long");
    if (btls_seal(key, (btls_span){ entry->key, sizeof entry->key }, plain, &entry->value,
                  e) != 0)
        return -1;
    entry->task = BTLS_STORE_PUT;
    entry->seconds = BTLS_RESUMPTION_LIFETIME;
    return 0;
}

static int
unseal(const uint8_t key[BTLS_SEAL_KEY_SIZE], const uint8_t name[BTLS_STORE_KEY_SIZE],
       btls_span value, btls_queue *plain)
{
    return value.n <= BTLS_STORE_VALUE_MAX &&
           btls_unseal(key, (btls_span){ name, BTLS_STORE_KEY_SIZE }, value, plain);
}

void
btls_store_answer(btls_store *t, const btls_config *c, btls_span value)
{
    uint8_t name[BTLS_STORE_KEY_SIZE], key[BTLS_SEAL_KEY_SIZE];
    const uint8_t *handle = t->handles[t->answered++];
    const btls_alloc *a = t->state.ticket.alloc;
    btls_queue plain;
    derive(handle, t->version, NAME, name);
    derive(handle, t->version, KEY, key);
    btls_queue_init(&plain, a);
    t->found = unseal(key, name, value, &plain) &&
               unwrap(c, btls_queue_bytes(&plain), &t->state) &&
               kind_of(t->state.version) == kind_of(t->version);
    btls_queue_clear(&plain);
    btls_wipe(key, sizeof key);
    if (t->found) {
        t->wanted = t->answered;
    } else {
        btls_resumption_clear(&t->state);
        btls_resumption_init(&t->state, a);
    }
}

int
btls_store_open(btls_store *t, btls_span handle, btls_resumption *r)
{
    if (!t->found || !btls_span_equal(handle, (btls_span){ t->handles[t->answered - 1],
                                                           BTLS_HANDLE_SIZE }))
        return 0;
    const btls_alloc *a = t->state.ticket.alloc;
    /* TLS 1.3 has it taken out of the store; else it is still there. */
    if (t->version != BTLS_TLS13) {
        derive(t->handles[t->answered - 1], t->version, NAME, t->entries[0].key);
        t->entries[0].task = BTLS_STORE_THERE;
    }
    btls_resumption_clear(r);
    *r = t->state;
    btls_wipe(&t->state, sizeof t->state);
    btls_resumption_init(&t->state, a);
    t->found = 0;
    return 1;
}

/* ---- keeping ---- */

int
btls_store_keep(btls_store *t, const btls_config *c, const btls_resumption *r,
                int has_handle, uint8_t handle[BTLS_HANDLE_SIZE], btls_error *e)
{
    uint8_t key[BTLS_SEAL_KEY_SIZE];
    btls_store_entry *entry = &t->entries[t->kept % BTLS_STORE_ENTRIES];
    btls_resumption without = *r;
    btls_queue plain;
    if (!has_handle && btls_random(handle, BTLS_HANDLE_SIZE, e) != 0)
        return -1;
    derive(handle, r->version, NAME, entry->key);
    derive(handle, r->version, KEY, key);
    btls_queue_init(&without.ticket, t->state.ticket.alloc);
    btls_queue_init(&plain, t->state.ticket.alloc);
    int bad = wrap(c, &without, &plain, e) != 0 ||
              fill(entry, key, btls_queue_bytes(&plain), e) != 0;
    btls_queue_clear(&plain);
    btls_wipe(key, sizeof key);
    t->kept += !bad;
    return bad ? -1 : 0;
}

void
btls_store_name_tickets(btls_store *t, const btls_config *c, const char *server_name,
                        btls_span where)
{
    for (unsigned i = 0; i < BTLS_STORE_ENTRIES; i++)
        btls_store_client_key(c, server_name, where, i, t->entries[i].key);
}

int
btls_store_keep_ticket(btls_store *t, const btls_config *c, const btls_resumption *r,
                       int64_t now, btls_error *e)
{
    uint8_t key[BTLS_SEAL_KEY_SIZE];
    btls_store_entry *entry = &t->entries[t->kept % BTLS_STORE_ENTRIES];
    btls_queue plain;
    btls_queue_init(&plain, t->state.ticket.alloc);
    client_seal_key(c, key);
    int64_t lifetime = r->lifetime > 0 ? r->lifetime : BTLS_RESUMPTION_LIFETIME;
    int bad = btls_resumption_encode(r, &plain, e) != 0 ||
              fill(entry, key, btls_queue_bytes(&plain), e) != 0;
    btls_queue_clear(&plain);
    btls_wipe(key, sizeof key);
    entry->seconds = lifetime - (now - r->created);
    if (entry->seconds < 1)
        entry->task = BTLS_STORE_NOTHING;
    t->kept += !bad;
    return bad ? -1 : 0;
}

int
btls_store_open_ticket(const btls_config *c, const uint8_t key[BTLS_STORE_KEY_SIZE],
                       btls_span value, btls_queue *ticket)
{
    uint8_t seal_key[BTLS_SEAL_KEY_SIZE];
    client_seal_key(c, seal_key);
    int ok = unseal(seal_key, key, value, ticket);
    btls_wipe(seal_key, sizeof seal_key);
    return ok;
}

btls_store_entry *
btls_store_next(btls_store *t)
{
    for (size_t i = 0; i < BTLS_STORE_ENTRIES; i++) {
        btls_store_entry *entry = &t->entries[i];
        if (entry->task == BTLS_STORE_PUT || entry->task == BTLS_STORE_FORGET)
            return entry;
    }
    return NULL;
}

void
btls_store_told(btls_store_entry *entry)
{
    entry->task = entry->task == BTLS_STORE_PUT ? BTLS_STORE_THERE : BTLS_STORE_NOTHING;
    btls_queue_clear(&entry->value);
}

void
btls_store_forget(btls_store *t)
{
    for (size_t i = 0; i < BTLS_STORE_ENTRIES; i++) {
        btls_store_entry *entry = &t->entries[i];
        if (entry->task == BTLS_STORE_THERE)
            entry->task = BTLS_STORE_FORGET;
        else if (entry->task == BTLS_STORE_PUT)
            entry->task = BTLS_STORE_NOTHING;
        btls_queue_clear(&entry->value);
    }
}
