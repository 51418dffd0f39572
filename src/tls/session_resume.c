/* session_resume.c -- what a session does to be resumed, and to resume another: tickets,
 * ids, a server's memory, a store that the program keeps. */
#include <string.h>

#include "tls/session.h"
#include "tls/ticket.h"

/* ---- a client's ticket ---- */

/* A ticket is offered when the config resumes at all and still allows its version and
 * suite, and when it is for this name and young enough. */
static int
may_offer(const btls_session *s, const btls_resumption *t)
{
    const btls_config *c = s->config;
    int suite = 0;
    for (size_t i = 0; i < c->suite_count; i++)
        suite |= c->suites[i] == t->cipher_suite;
    if (!c->tickets || !suite || t->version < c->min_version ||
        t->version > c->max_version)
        return 0;
    return btls_resumption_usable(
        t, s->server_name, btls_session_time(s),
        (c->insecure & (BTLS_INSECURE_NO_VERIFY | BTLS_INSECURE_NO_TIME)) != 0);
}

/* The verdict that a ticket of another config carries is not ours: its chain is judged
 * again. */
static int
judge_ticket(btls_session *s, btls_resumption *t)
{
    btls_error e;
    if (memcmp(t->config_id, s->config->id, sizeof s->config->id) == 0)
        return 1;
    t->verified = btls_session_is_verifying(s);
    return btls_session_verify(s, &t->peer, NULL, &e) == 0;
}

void
btls_session_forget_offered(btls_session *s)
{
    if (s->offered == NULL)
        return;
    btls_resumption_clear(s->offered);
    btls_free(&s->alloc, s->offered, sizeof *s->offered);
    s->offered = NULL;
}

void
btls_session_offer(btls_session *s, btls_resumption *ticket)
{
    s->offered = ticket;
    if (ticket != NULL && !(may_offer(s, ticket) && judge_ticket(s, ticket)))
        btls_session_forget_offered(s);
}

/* ---- the verdict goes on ---- */

int
btls_session_may_resume_client(btls_session *s, const btls_resumption *r)
{
    const btls_config *c = s->config;
    btls_error e;
    if (r->peer.count == 0)
        return c->verify_client != BTLS_CLIENT_REQUIRE;
    if (memcmp(r->config_id, c->id, sizeof c->id) == 0)
        return 1;
    return c->verify_client != BTLS_CLIENT_NONE &&
           btls_session_verify(s, &r->peer, NULL, &e) == 0;
}

int
btls_session_takes_verdict(const btls_session *s, const btls_resumption *r)
{
    if (memcmp(r->config_id, s->config->id, sizeof r->config_id) == 0)
        return r->verified;
    return r->peer.count > 0 && btls_session_is_verifying(s);
}

int
btls_session_take_over(btls_session *s, const btls_resumption *r)
{
    btls_error e;
    btls_chain_clear(&s->peer);
    for (size_t i = 0; i < r->peer.count; i++) {
        btls_span der = btls_chain_at(&r->peer, i);
        if (btls_chain_append(&s->peer, der.p, der.n, &e) != 0 ||
            btls_chain_end_certificate(&s->peer, &e) != 0)
            return btls_session_fail_with(s, &e);
    }
    s->verified = btls_session_takes_verdict(s, r);
    return 0;
}

/* ---- a server's memory ---- */

int
btls_session_gives_tickets(const btls_session *s)
{
    return s->config->store ? s->store != NULL : s->config->ticket_keys != NULL;
}

int
btls_session_seal_ticket(btls_session *s, btls_queue *out, btls_error *e)
{
    const btls_config *c = s->config;
    btls_resumption r = s->resumption;
    uint8_t handle[BTLS_HANDLE_SIZE];
    int bad;
    r.peer = s->peer; /* borrowed */
    if (c->store) {
        bad = s->store == NULL || btls_store_keep(s->store, c, &r, 0, handle, e) != 0;
        if (!bad && !btls_queue_push(out, handle, sizeof handle))
            bad = btls_error_memory(e);
        btls_wipe(handle, sizeof handle);
    } else {
        bad = btls_ticket_seal(c->ticket_keys, &r, btls_session_time(s), out, e);
    }
    btls_wipe(&r, sizeof r);
    return bad ? -1 : 0;
}

int
btls_session_open_ticket(btls_session *s, btls_span ticket, btls_resumption *r)
{
    const btls_config *c = s->config;
    if (c->store)
        return s->store != NULL && btls_store_open(s->store, ticket, r);
    return c->ticket_keys != NULL ? btls_ticket_open(c->ticket_keys, ticket, r) : 0;
}

int
btls_session_keeps_ids(const btls_session *s)
{
    return s->config->store ? s->store != NULL : s->config->cache != NULL;
}

void
btls_session_keep_id(btls_session *s)
{
    const btls_config *c = s->config;
    btls_error ignored;
    if (s->resumption.id_size != BTLS_SESSION_ID_MAX || !btls_session_keeps_ids(s))
        return;
    btls_resumption r = s->resumption;
    r.peer = s->peer; /* borrowed */
    if (c->store)
        btls_store_keep(s->store, c, &r, 1, r.id, &ignored);
    else
        btls_cache_put(c->cache, &r);
    btls_wipe(&r, sizeof r);
}

int
btls_session_recall_id(btls_session *s, const uint8_t id[BTLS_SESSION_ID_MAX],
                       btls_resumption *r)
{
    const btls_config *c = s->config;
    if (!btls_session_keeps_ids(s))
        return 0;
    return c->store ? btls_store_open(s->store, (btls_span){ id, BTLS_SESSION_ID_MAX }, r)
                    : btls_cache_get(c->cache, id, r);
}

void
btls_session_keep_ticket(btls_session *s)
{
    btls_error ignored;
    if (s->store == NULL || !s->has_resumption)
        return;
    btls_resumption r = s->resumption;
    r.peer = s->peer; /* borrowed */
    btls_store_keep_ticket(s->store, s->config, &r, btls_session_time(s), &ignored);
    btls_wipe(&r, sizeof r);
}

void
btls_session_forget(btls_session *s)
{
    if (s->store != NULL)
        btls_store_forget(s->store);
    if (!s->is_client && s->has_resumption && s->config->cache != NULL)
        btls_cache_remove(s->config->cache, s->resumption.id);
    s->has_resumption = 0;
}

/* ---- the store ---- */

int
btls_session_use_store(btls_session *s, btls_span where)
{
    btls_error e;
    s->uses_store = 1;
    if (!s->config->store || s->store != NULL)
        return 0;
    s->store = btls_store_new(&s->alloc);
    if (s->store == NULL) {
        btls_error_memory(&e);
        return btls_session_fail_with(s, &e);
    }
    if (s->is_client)
        btls_store_name_tickets(s->store, s->config, s->server_name, where);
    return 0;
}

int
btls_session_wants(btls_session *s, const btls_client_hello *hello)
{
    if (s->store == NULL || !s->config->store || s->store->asked)
        return 0;
    s->store->asked = 1;
    btls_store_want(s->store, s->config, hello);
    return s->store->wanted > 0;
}

int
btls_session_wanted_key(const btls_session *s, uint8_t key[BTLS_STORE_KEY_SIZE],
                        int *once)
{
    return s->state == BTLS_STATE_HELLO && s->store != NULL && s->store->asked &&
           btls_store_wanted_key(s->store, key, once);
}
