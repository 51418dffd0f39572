/* primitives_tls.c -- transcripts, the key schedule of TLS 1.3 and the PRF of TLS 1.2 for
 * the specs with vectors. */
#include <string.h>

#include "primitives.h"
#include "tls/names.h"
#include "tls/prf.h"
#include "tls/schedule.h"
#include "tls/transcript.h"

/* A secret of the schedule's size at i. */
static const uint8_t *
check_secret(lua_State *L, int i, int hash)
{
    btls_span s = check_bytes(L, i);
    luaL_argcheck(L, s.n == btls_hash_size(hash), i, "wrong size");
    return s.p;
}

/* ---- transcripts: objects ---- */

#define TRANSCRIPT "primitives.transcript"

static btls_transcript *
check_transcript(lua_State *L)
{
    return luaL_checkudata(L, 1, TRANSCRIPT);
}

static btls_transcript *
push_transcript(lua_State *L)
{
    btls_transcript *t = lua_newuserdata(L, sizeof *t);
    luaL_getmetatable(L, TRANSCRIPT);
    lua_setmetatable(L, -2);
    return t;
}

/* primitives.transcript() -> object */
static int
transcript(lua_State *L)
{
    btls_transcript_init(push_transcript(L));
    return 1;
}

/* transcript:add(message) -> itself */
static int
transcript_add(lua_State *L)
{
    btls_transcript_add(check_transcript(L), check_bytes(L, 2));
    lua_settop(L, 1);
    return 1;
}

/* transcript:choose(hash) -> itself */
static int
transcript_choose(lua_State *L)
{
    btls_transcript_choose(check_transcript(L), opt_hash(L, 2));
    lua_settop(L, 1);
    return 1;
}

/* transcript:retry(hash) -> itself */
static int
transcript_retry(lua_State *L)
{
    btls_transcript_retry(check_transcript(L), opt_hash(L, 2));
    lua_settop(L, 1);
    return 1;
}

/* transcript:hash() -> bytes */
static int
transcript_hash(lua_State *L)
{
    uint8_t out[BTLS_HASH_MAX];
    push_bytes(L, out, btls_transcript_hash(check_transcript(L), out));
    return 1;
}

/* transcript:fork() -> another one that goes on from here */
static int
transcript_fork(lua_State *L)
{
    const btls_transcript *t = check_transcript(L);
    *push_transcript(L) = *t;
    return 1;
}

/* ---- the key schedule: a string that holds a btls_schedule is its state ---- */

static btls_schedule
check_schedule(lua_State *L)
{
    btls_schedule s;
    btls_span bytes = check_bytes(L, 1);
    luaL_argcheck(L, bytes.n == sizeof s, 1, "no schedule");
    memcpy(&s, bytes.p, sizeof s);
    return s;
}

static void
push_secret(lua_State *L, const btls_schedule *s, const char *name, const uint8_t *secret)
{
    push_bytes(L, secret, btls_hash_size(s->hash));
    lua_setfield(L, -2, name);
}

/* The state, and its secrets by name. */
static int
push_schedule(lua_State *L, const btls_schedule *s)
{
    push_bytes(L, s, sizeof *s);
    lua_newtable(L);
    push_secret(L, s, "secret", s->secret);
    push_secret(L, s, "client", s->client);
    push_secret(L, s, "server", s->server);
    push_secret(L, s, "exporter", s->exporter);
    push_secret(L, s, "resumption", s->resumption);
    return 2;
}

/* primitives.schedule(hash [, psk]) -> state, secrets */
static int
schedule(lua_State *L)
{
    btls_schedule s;
    memset(&s, 0, sizeof s);
    btls_schedule_early(&s, opt_hash(L, 1), opt_bytes(L, 2));
    return push_schedule(L, &s);
}

/* primitives.schedule_handshake(state, shared secret, transcript hash) -> state, secrets
 */
static int
schedule_handshake(lua_State *L)
{
    btls_schedule s = check_schedule(L);
    btls_schedule_handshake(&s, check_bytes(L, 2), check_bytes(L, 3));
    return push_schedule(L, &s);
}

/* primitives.schedule_master(state, transcript hash) -> state, secrets */
static int
schedule_master(lua_State *L)
{
    btls_schedule s = check_schedule(L);
    btls_schedule_master(&s, check_bytes(L, 2));
    return push_schedule(L, &s);
}

/* primitives.schedule_resumption(state, transcript hash) -> state, secrets */
static int
schedule_resumption(lua_State *L)
{
    btls_schedule s = check_schedule(L);
    btls_schedule_resumption(&s, check_bytes(L, 2));
    return push_schedule(L, &s);
}

/* primitives.schedule_ticket(state, nonce) -> psk */
static int
schedule_ticket(lua_State *L)
{
    uint8_t out[BTLS_HASH_MAX];
    btls_schedule s = check_schedule(L);
    push_bytes(L, out, btls_schedule_ticket(&s, check_bytes(L, 2), out));
    return 1;
}

/* primitives.schedule_export(state, label, context, n) -> n bytes or nil */
static int
schedule_export(lua_State *L)
{
    uint8_t out[65536];
    btls_schedule s = check_schedule(L);
    size_t n = (size_t)luaL_checkinteger(L, 4);
    luaL_argcheck(L, n <= sizeof out, 4, "too many");
    if (btls_schedule_export(&s, luaL_checkstring(L, 2), opt_bytes(L, 3), out, n) != 0)
        return 0;
    push_bytes(L, out, n);
    return 1;
}

/* primitives.expand_label(hash, secret, label, context, n) -> n bytes */
static int
expand_label(lua_State *L)
{
    uint8_t out[1024];
    size_t n = (size_t)luaL_checkinteger(L, 5);
    luaL_argcheck(L, n <= sizeof out, 5, "too many");
    btls_expand_label(opt_hash(L, 1), check_bytes(L, 2), luaL_checkstring(L, 3),
                      check_bytes(L, 4), out, n);
    push_bytes(L, out, n);
    return 1;
}

/* primitives.traffic_keys(hash, secret, key size) -> key, iv */
static int
traffic_keys(lua_State *L)
{
    uint8_t key[32], iv[12];
    int hash = opt_hash(L, 1);
    size_t n = (size_t)luaL_checkinteger(L, 3);
    luaL_argcheck(L, n <= sizeof key, 3, "too many");
    btls_schedule_keys(hash, check_secret(L, 2, hash), key, n, iv);
    push_bytes(L, key, n);
    push_bytes(L, iv, sizeof iv);
    return 2;
}

/* primitives.traffic_update(hash, secret) -> the next secret */
static int
traffic_update(lua_State *L)
{
    btls_secret secret;
    int hash = opt_hash(L, 1);
    memcpy(secret, check_secret(L, 2, hash), btls_hash_size(hash));
    btls_schedule_update(hash, secret);
    push_bytes(L, secret, btls_hash_size(hash));
    return 1;
}

/* primitives.finished(hash, secret, transcript hash) -> verify_data */
static int
finished(lua_State *L)
{
    uint8_t out[BTLS_HASH_MAX];
    int hash = opt_hash(L, 1);
    push_bytes(
        L, out,
        btls_schedule_finished(hash, check_secret(L, 2, hash), check_bytes(L, 3), out));
    return 1;
}

/* primitives.binder(hash, psk, external, transcript hash) -> binder */
static int
binder(lua_State *L)
{
    uint8_t out[BTLS_HASH_MAX];
    push_bytes(L, out,
               btls_schedule_binder(opt_hash(L, 1), check_bytes(L, 2),
                                    lua_toboolean(L, 3), check_bytes(L, 4), out));
    return 1;
}

/* ---- TLS 1.2 ---- */

static const uint8_t *
check_size(lua_State *L, int i, size_t n)
{
    btls_span s = check_bytes(L, i);
    luaL_argcheck(L, s.n == n, i, "wrong size");
    return s.p;
}

/* primitives.master(hash, premaster, client random, server random) -> master secret */
static int
master(lua_State *L)
{
    uint8_t out[BTLS_MASTER_SIZE];
    btls_prf_master(opt_hash(L, 1), check_bytes(L, 2), check_size(L, 3, 32),
                    check_size(L, 4, 32), out);
    push_bytes(L, out, sizeof out);
    return 1;
}

/* primitives.extended_master(hash, premaster, session hash) -> master secret */
static int
extended_master(lua_State *L)
{
    uint8_t out[BTLS_MASTER_SIZE];
    btls_prf_extended_master(opt_hash(L, 1), check_bytes(L, 2), check_bytes(L, 3), out);
    push_bytes(L, out, sizeof out);
    return 1;
}

/* primitives.key_block(suite, master, client random, server random) -> client key, server
 * key, client IV, server IV (32 and 12 bytes each, zeros behind) */
static int
key_block(lua_State *L)
{
    btls_prf_keys keys;
    const btls_suite *suite = btls_suite_by_name(luaL_checkstring(L, 1));
    luaL_argcheck(L, suite != NULL && suite->aead != 0, 1, "no such AEAD suite");
    btls_prf_key_block(suite, check_size(L, 2, BTLS_MASTER_SIZE), check_size(L, 3, 32),
                       check_size(L, 4, 32), &keys);
    push_bytes(L, keys.client_key, sizeof keys.client_key);
    push_bytes(L, keys.server_key, sizeof keys.server_key);
    push_bytes(L, keys.client_iv, sizeof keys.client_iv);
    push_bytes(L, keys.server_iv, sizeof keys.server_iv);
    return 4;
}

/* primitives.finished_12(hash, master, is client, transcript hash) -> verify_data */
static int
finished_12(lua_State *L)
{
    uint8_t out[BTLS_VERIFY_DATA_SIZE];
    btls_prf_finished(opt_hash(L, 1), check_size(L, 2, BTLS_MASTER_SIZE),
                      lua_toboolean(L, 3), check_bytes(L, 4), out);
    push_bytes(L, out, sizeof out);
    return 1;
}

/* primitives.export_12(hash, master, label, client random, server random, context, n) ->
 * n bytes */
static int
export_12(lua_State *L)
{
    uint8_t out[256];
    size_t n = (size_t)luaL_checkinteger(L, 7);
    luaL_argcheck(L, n <= sizeof out, 7, "too many");
    btls_prf_export(opt_hash(L, 1), check_size(L, 2, BTLS_MASTER_SIZE),
                    luaL_checkstring(L, 3), check_size(L, 4, 32), check_size(L, 5, 32),
                    opt_bytes(L, 6), out, n);
    push_bytes(L, out, n);
    return 1;
}

static const luaL_Reg functions[] = {
    { "transcript", transcript },
    { "schedule", schedule },
    { "schedule_handshake", schedule_handshake },
    { "schedule_master", schedule_master },
    { "schedule_resumption", schedule_resumption },
    { "schedule_ticket", schedule_ticket },
    { "schedule_export", schedule_export },
    { "expand_label", expand_label },
    { "traffic_keys", traffic_keys },
    { "traffic_update", traffic_update },
    { "finished", finished },
    { "binder", binder },
    { "master", master },
    { "extended_master", extended_master },
    { "key_block", key_block },
    { "finished_12", finished_12 },
    { "export_12", export_12 },
    { NULL, NULL },
};

static const luaL_Reg transcript_methods[] = {
    { "add", transcript_add },     { "choose", transcript_choose },
    { "retry", transcript_retry }, { "hash", transcript_hash },
    { "fork", transcript_fork },   { NULL, NULL },
};

void
add_tls(lua_State *L)
{
    luaL_newmetatable(L, TRANSCRIPT);
    lua_newtable(L);
    btls_setfuncs(L, transcript_methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    btls_setfuncs(L, functions);
}
