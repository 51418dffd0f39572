/* attacker.c -- what the specs need and no program should have: records of any kind,
 * sealed with a session's own keys, and processes that are forked. A module for Lua of
 * its own, which knows how a session is made up.
 *
 * Given as LD_PRELOAD besides, it can take getrandom away from the process. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#include "binding/session.h"
#include "tls/classic.h"
#include "tls/modern.h"

/* The longest plaintext, and room around it for what protection adds. */
#define MOST 20000
#define AROUND 256

static int
seal_modern(lua_State *L, btls_session *s, int type, btls_span plaintext)
{
    modern *m = (modern *)(void *)s->engine;
    btls_queue out;
    btls_queue_init(&out, &s->alloc);
    int ok = btls_records_send(&m->records, type, plaintext, &out);
    btls_span record = btls_queue_bytes(&out);
    if (ok)
        lua_pushlstring(L, (const char *)record.p, record.n);
    btls_queue_clear(&out);
    return ok ? 1 : luaL_error(L, "no memory");
}

/* The classes themselves cannot be compared: this module has its own copies of them. */
static int
is_modern(const btls_session *s)
{
    btls_info info;
    s->engine->cls->info(s->engine, &info);
    return info.version == BTLS_TLS13 || !btls_config_names_classic(s->config);
}

/* attacker.seal(session, content_type, plaintext [, version]) -> record: what the session
 * would send, in the current epoch; it counts the record as sent. */
static int
seal(lua_State *L)
{
    static uint8_t buffer[MOST + 2 * AROUND];
    btls_session_object *o = luaL_checkudata(L, 1, BTLS_SESSION);
    luaL_argcheck(L, o->session.engine != NULL, 1, "wiped");
    size_t n;
    const char *p = luaL_checklstring(L, 3, &n);
    luaL_argcheck(L, n <= MOST, 3, "too long");
    if (is_modern(&o->session))
        return seal_modern(L, &o->session, (int)luaL_checkinteger(L, 2),
                           (btls_span){ (const uint8_t *)p, n });
    classic *c = (classic *)(void *)o->session.engine;
    const br_sslrec_out_class **out = &c->br.eng.out.vtable;
    int type = (int)luaL_checkinteger(L, 2);
    unsigned version = (unsigned)luaL_optinteger(L, 4, c->br.eng.version_out);
    for (size_t i = 0; i < n; i++)
        buffer[AROUND + i] = (uint8_t)p[i];
    uint8_t *record = (*out)->encrypt(out, type, version, buffer + AROUND, &n);
    lua_pushlstring(L, (const char *)record, n);
    return 1;
}

/* The message at index i of the list at 2; empty when there is none. */
static btls_span
message_at(lua_State *L, int i)
{
    size_t n = 0;
    lua_rawgeti(L, 2, i);
    const char *p = lua_tolstring(L, -1, &n);
    lua_pop(L, 1); /* the list keeps it */
    return (btls_span){ (const uint8_t *)p, n };
}

/* attacker.replay(client session, messages, private key) -> session: it goes on as if it
 * had said the ClientHello in `messages` with that key for its share: { hello } or
 * { hello, HelloRetryRequest, second hello }. TLS 1.3 with a hash of SHA-256. */
static int
replay(lua_State *L)
{
    btls_session_object *o = luaL_checkudata(L, 1, BTLS_SESSION);
    size_t n;
    const char *key = luaL_checklstring(L, 3, &n);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_argcheck(L, o->session.engine != NULL && is_modern(&o->session), 1,
                  "not modern");
    modern *m = (modern *)(void *)o->session.engine;
    handshake *hs = m->hs;
    btls_client_hello h;
    btls_error e;
    luaL_argcheck(L, hs != NULL, 1, "no handshake");
    luaL_argcheck(L, n <= sizeof hs->private_key, 3, "too long");
    btls_span first = message_at(L, 1), retry = message_at(L, 2), last = first;
    btls_transcript_init(&hs->transcript);
    btls_transcript_add(&hs->transcript, first);
    if (retry.n > 0) {
        last = message_at(L, 3);
        btls_transcript_retry(&hs->transcript, br_sha256_ID);
        btls_transcript_add(&hs->transcript, retry);
        btls_transcript_add(&hs->transcript, last);
    }
    luaL_argcheck(L, btls_client_hello_read(&h, last, &e) == 0, 2, "no ClientHello");
    hs->offered = h.x.present;
    memcpy(hs->client_random, h.random.p, sizeof hs->client_random);
    memcpy(hs->session_id, h.session_id.p, h.session_id.n);
    hs->session_id_size = h.session_id.n;
    memcpy(hs->private_key, key, n);
    hs->private_size = n;
    btls_span share = h.x.body[BTLS_EXT_KEY_SHARE];
    hs->share_group = share.n < 4 ? 0 : (unsigned)share.p[2] << 8 | share.p[3];
    lua_settop(L, 1);
    return 1;
}

static void
install(modern *m, int sent, const uint8_t *secret)
{
    uint8_t key[BTLS_AEAD_KEY_MAX], iv[BTLS_AEAD_NONCE];
    btls_schedule_keys(br_sha256_ID, secret, key, btls_aead_key_size(m->suite->aead), iv);
    btls_records_install(&m->records, sent, m->suite->aead, key, iv);
}

/* The transcript up to a ServerHello, or over HelloRetryRequest to it: messages 1 to
 * `last`. */
static void
replay_hellos(lua_State *L, btls_transcript *t, int last)
{
    btls_transcript_init(t);
    btls_transcript_choose(t, br_sha256_ID);
    btls_transcript_add(t, message_at(L, 1));
    if (last > 2)
        btls_transcript_retry(t, br_sha256_ID);
    for (int i = 2; i <= last; i++)
        btls_transcript_add(t, message_at(L, i));
}

/* attacker.replay_server(server session, { ClientHello, ServerHello, what follows up to
 * Finished }, private key, sequence) -> session: one that awaits the client's Certificate
 * or Finished goes on as if it had answered that, with that key for its share, and had
 * sent so many records under its application keys. HelloRetryRequest and the second
 * ClientHello may stand in between. */
static int
replay_server(lua_State *L)
{
    btls_session_object *o = luaL_checkudata(L, 1, BTLS_SESSION);
    size_t n, size = 0;
    const char *key = luaL_checklstring(L, 3, &n);
    int server_hello = message_at(L, 4).n > 0 ? 4 : 2;
    uint8_t hash[BTLS_HASH_MAX], shared[BTLS_GROUP_SECRET_MAX];
    btls_client_hello h;
    btls_error e;
    luaL_argcheck(L, o->session.engine != NULL && is_modern(&o->session), 1,
                  "not modern");
    modern *m = (modern *)(void *)o->session.engine;
    handshake *hs = m->hs;
    luaL_argcheck(
        L, hs != NULL && (m->state == BTLS_WAIT_FINISHED || m->state == BTLS_WAIT_CERT),
        1, "not that far");
    luaL_argcheck(L, btls_client_hello_read(&h, message_at(L, server_hello - 1), &e) == 0,
                  2, "no hello");
    btls_span share = h.x.body[BTLS_EXT_KEY_SHARE]; /* one: list, group, key */
    luaL_argcheck(L,
                  share.n > 6 &&
                      btls_group_share(m->group, (const uint8_t *)key, n, share.p + 6,
                                       share.n - 6, shared, &size) == 0,
                  3, "no key for that share");
    replay_hellos(L, &hs->transcript, server_hello);
    btls_schedule_early(&m->schedule, br_sha256_ID, (btls_span){ NULL, 0 });
    btls_schedule_handshake(
        &m->schedule, (btls_span){ shared, size },
        (btls_span){ hash, btls_transcript_hash(&hs->transcript, hash) });
    memcpy(hs->client_secret, m->schedule.client, sizeof hs->client_secret);
    install(m, 0, m->schedule.client);
    btls_transcript_add(&hs->transcript, message_at(L, server_hello + 1));
    btls_schedule_master(
        &m->schedule, (btls_span){ hash, btls_transcript_hash(&hs->transcript, hash) });
    install(m, 1, m->schedule.server);
    m->records.directions[1].sequence = (uint64_t)luaL_checkinteger(L, 4);
    lua_settop(L, 1);
    return 1;
}

/* attacker.age(sender, receiver, sequence): as if so many records had gone that way under
 * the keys that are in force, and arrived. */
static int
age(lua_State *L)
{
    for (int i = 1; i <= 2; i++) {
        btls_session_object *o = luaL_checkudata(L, i, BTLS_SESSION);
        luaL_argcheck(L, o->session.engine != NULL && is_modern(&o->session), i,
                      "not modern");
        modern *m = (modern *)(void *)o->session.engine;
        m->records.directions[i == 1].sequence = (uint64_t)luaL_checknumber(L, 3);
    }
    return 0;
}

#if defined(__linux__)

static void
run_child(lua_State *L, int to)
{
    size_t n = 0;
    lua_pushvalue(L, 1);
    int bad = lua_pcall(L, 0, 1, 0);
    const char *p = lua_tolstring(L, -1, &n);
    ssize_t written = p == NULL ? 0 : write(to, p, n);
    _exit(bad || written != (ssize_t)n);
}

/* attacker.fork(f) -> what f returns (a short string) in a child of this process, where
 * nothing else runs and nothing is closed. */
static int
fork_and_call(lua_State *L)
{
    int ends[2], status = -1;
    char buffer[4096];
    ssize_t n;
    luaL_checktype(L, 1, LUA_TFUNCTION);
    if (pipe(ends) != 0)
        return luaL_error(L, "no pipe");
    pid_t child = fork();
    if (child < 0)
        return luaL_error(L, "no child");
    if (child == 0)
        run_child(L, ends[1]);
    close(ends[1]);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    while ((n = read(ends[0], buffer, sizeof buffer)) > 0)
        luaL_addlstring(&b, buffer, (size_t)n);
    close(ends[0]);
    luaL_pushresult(&b);
    waitpid(child, &status, 0);
    if (status != 0)
        return luaL_error(L, "the child failed: %s", lua_tostring(L, -1));
    return 1;
}

static int no_random;

/* attacker.take_random(): from now on the system has none, if this file is preloaded. */
static int
take_random(lua_State *L)
{
    (void)L;
    no_random = 1;
    return 0;
}

/* In front of libc's, where this is preloaded. */
BTLS_EXPORT ssize_t getrandom(void *p, size_t n, unsigned flags);

BTLS_EXPORT ssize_t
getrandom(void *p, size_t n, unsigned flags)
{
    if (!no_random)
        return (ssize_t)syscall(SYS_getrandom, p, n, flags);
    errno = ENOSYS;
    return -1;
}

#endif

BTLS_EXPORT int luaopen_attacker(lua_State *L);

BTLS_EXPORT int
luaopen_attacker(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "seal", seal },
        { "replay", replay },
        { "replay_server", replay_server },
        { "age", age },
#if defined(__linux__)
        { "fork", fork_and_call },
        { "take_random", take_random },
#endif
        { NULL, NULL }
    };
    lua_newtable(L);
    btls_setfuncs(L, functions);
    return 1;
}
