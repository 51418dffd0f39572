/* modern_psk.c -- pre-shared keys in the hellos of TLS 1.3: tickets and external keys
 * (RFC 8446, 4.2.11, 4.6.1). Always with an (EC)DHE exchange besides. */
#include <string.h>

#include "tls/modern.h"

#define PSK_DHE_KE 1
/* A server looks at so many identities of a hello. */
#define IDENTITIES_TRIED 8

static const btls_suite *
suite_of_hash(const btls_config *c, int hash)
{
    for (size_t i = 0; i < c->suite_count; i++) {
        const btls_suite *suite = btls_suite_by_id(c->suites[i]);
        if (btls_suite_is_13(suite) && suite->hash == hash)
            return suite;
    }
    return NULL;
}

static btls_span
secret_of(const btls_resumption *r)
{
    return (btls_span){ r->secret, r->secret_size };
}

/* A ticket's session goes on: so does the verdict on the peer. */
static int
take_over(modern *m)
{
    const btls_resumption *r = m->hs->psk.ticket;
    m->resumed = r != NULL;
    return r == NULL ? 0 : btls_session_take_over(m->s, r);
}

/* ---- client ---- */

/* What this hello can offer: the ticket, then the external keys. After a retry only what
 * goes with the suite that was chosen (4.1.4). */
static void
collect(modern *m)
{
    handshake *hs = m->hs;
    const btls_config *c = m->s->config;
    const btls_resumption *r = m->s->offered;
    hs->psk_count = 0;
    if (c->max_version < BTLS_TLS13)
        return;
    if (r != NULL && r->version == BTLS_TLS13) {
        const btls_suite *suite = btls_suite_by_id(r->cipher_suite);
        if (suite != NULL && suite_of_hash(c, suite->hash) != NULL)
            hs->psks[hs->psk_count++] =
                (btls_psk){ btls_queue_bytes(&r->ticket), secret_of(r), suite->hash, r };
    }
    for (size_t i = 0; i < c->psk_count && hs->psk_count < BTLS_PSKS_OFFERED; i++) {
        const btls_external_psk *x = &c->psks[i];
        if (suite_of_hash(c, br_sha256_ID) != NULL)
            hs->psks[hs->psk_count++] =
                (btls_psk){ x->identity, x->key, br_sha256_ID, NULL };
    }
    size_t kept = 0;
    for (size_t i = 0; i < hs->psk_count; i++) {
        if (!hs->retried || hs->psks[i].hash == m->suite->hash)
            hs->psks[kept++] = hs->psks[i];
    }
    hs->psk_count = kept;
}

/* 4.2.11.1: what the server sees of the ticket's age is masked. */
static uint32_t
obfuscated_age(const modern *m, const btls_psk *psk)
{
    if (psk->ticket == NULL)
        return 0;
    int64_t age = btls_session_time(m->s) - psk->ticket->created;
    return (uint32_t)(age * 1000) + psk->ticket->age_add;
}

/* The size of the list of binders, with the two bytes of its length. */
static size_t
binders_size(const handshake *hs)
{
    size_t n = 2;
    for (size_t i = 0; i < hs->psk_count; i++)
        n += 1 + btls_hash_size(hs->psks[i].hash);
    return n;
}

void
btls_psk_offer(modern *m, btls_writer *w)
{
    static const uint8_t zeros[BTLS_HASH_MAX];
    handshake *hs = m->hs;
    collect(m);
    if (hs->psk_count == 0)
        return;
    btls_mark body = btls_write_extension(w, BTLS_EXT_PRE_SHARED_KEY);
    btls_mark list = btls_write_begin(w, 2);
    for (size_t i = 0; i < hs->psk_count; i++) {
        btls_write_vec(w, 2, hs->psks[i].identity);
        btls_write_u32(w, obfuscated_age(m, &hs->psks[i]));
    }
    btls_write_end(w, list);
    list = btls_write_begin(w, 2);
    for (size_t i = 0; i < hs->psk_count; i++)
        btls_write_vec(w, 1, (btls_span){ zeros, btls_hash_size(hs->psks[i].hash) });
    btls_write_end(w, list);
    btls_write_end(w, body);
    hs->offered |= BTLS_EXT_BIT(BTLS_EXT_PRE_SHARED_KEY);
}

/* 4.2.11.2: each binder is a MAC over the hello up to the binders. */
int
btls_psk_bind(modern *m, btls_writer *w, btls_mark message)
{
    handshake *hs = m->hs;
    if (hs->psk_count == 0 || w->bad)
        return 0;
    uint8_t *p = w->q->p + w->q->head + message.at - 1;
    size_t n = btls_queue_size(w->q) - (message.at - 1), binders = binders_size(hs);
    uint8_t *at = p + n - binders + 2;
    /* The length of the message counts too, and is known only now. */
    for (unsigned i = 0; i < 3; i++)
        p[1 + i] = (uint8_t)((n - 4) >> (8 * (2 - i)));
    btls_span truncated = { p, n - binders };
    for (size_t i = 0; i < hs->psk_count; i++) {
        const btls_psk *psk = &hs->psks[i];
        size_t size = btls_hash_size(psk->hash);
        btls_keys_binder(psk, &hs->transcript, truncated, at + 1);
        at += 1 + size;
    }
    return 0;
}

int
btls_psk_accepted(modern *m, const btls_server_hello *h, btls_span *secret)
{
    handshake *hs = m->hs;
    if (!btls_extensions_has(&h->x, BTLS_EXT_PRE_SHARED_KEY))
        return 0;
    btls_reader r = btls_reader_of(h->x.body[BTLS_EXT_PRE_SHARED_KEY]);
    unsigned index = btls_read_u16(&r);
    if (!btls_read_end(&r))
        return btls_modern_malformed(m, "extension pre_shared_key");
    if (index >= hs->psk_count || hs->psks[index].hash != m->suite->hash)
        return btls_modern_fail(m, "peer_illegal_parameter", BTLS_ALERT_ILLEGAL_PARAMETER,
                                "the server chose a pre-shared key that was not offered, "
                                "or not with this cipher suite");
    hs->psk_selected = 1;
    hs->psk = hs->psks[index];
    *secret = hs->psk.secret;
    return take_over(m);
}

/* ---- server ---- */

static int
usable(const modern *m, const btls_resumption *r)
{
    const btls_config *c = m->s->config;
    const btls_suite *suite = btls_suite_by_id(r->cipher_suite);
    return r->version == BTLS_TLS13 && suite != NULL && suite->hash == m->suite->hash &&
           strcmp(r->alpn, m->alpn == NULL ? "" : m->alpn) == 0 &&
           btls_resumption_usable(r, m->s->server_name, btls_session_time(m->s),
                                  (c->insecure & BTLS_INSECURE_NO_TIME) != 0) &&
           btls_session_may_resume_client(m->s, r);
}

static int
find_external(modern *m, btls_span identity)
{
    const btls_config *c = m->s->config;
    for (size_t i = 0; i < c->psk_count && m->suite->hash == br_sha256_ID; i++) {
        if (!btls_span_equal(c->psks[i].identity, identity))
            continue;
        m->hs->psk = (btls_psk){ identity, c->psks[i].key, br_sha256_ID, NULL };
        return 1;
    }
    return 0;
}

static int
find_ticket(modern *m, btls_span identity)
{
    handshake *hs = m->hs;
    btls_session *s = m->s;
    btls_resumption_clear(&hs->candidate);
    btls_resumption_init(&hs->candidate, &s->alloc);
    if (!btls_session_open_ticket(s, identity, &hs->candidate) ||
        !usable(m, &hs->candidate))
        return 0;
    hs->psk =
        (btls_psk){ identity, secret_of(&hs->candidate), m->suite->hash, &hs->candidate };
    return 1;
}

/* The binder proves that the client has the key: always over what comes before the
 * binders (4.2.11.2). */
static int
check_binder(modern *m, btls_span message, size_t binders_bytes, btls_span binder)
{
    handshake *hs = m->hs;
    uint8_t expected[BTLS_HASH_MAX];
    size_t size = btls_hash_size(m->suite->hash);
    btls_span truncated = { message.p, message.n - binders_bytes };
    btls_keys_binder(&hs->psk, &hs->before, truncated, expected);
    if (binder.n == size && btls_equal(binder.p, expected, size))
        return 0;
    btls_modern_fail(m, "peer_bad_binder", BTLS_ALERT_DECRYPT_ERROR,
                     "the client does not have the pre-shared key that it offers");
    btls_error_hint(&m->s->error, "%s",
                    hs->psk.ticket != NULL
                        ? "it got a ticket of ours that was made for another secret"
                        : "its key of that identity is not that of the option psks");
    return BTLS_HANDLER_FAILED;
}

static int
offers_dhe(const btls_client_hello *h)
{
    btls_reader r = btls_reader_of(h->x.body[BTLS_EXT_PSK_KEY_EXCHANGE_MODES]);
    btls_span modes = btls_read_vec8(&r);
    return !r.bad && modes.n > 0 && memchr(modes.p, PSK_DHE_KE, modes.n) != NULL;
}

static size_t
count_binders(btls_span list)
{
    size_t n = 0;
    btls_reader r = btls_reader_of(list);
    while (btls_read_more(&r)) {
        if (btls_read_vec8(&r).n < 32)
            return 0;
        n++;
    }
    return r.bad ? 0 : n;
}

static btls_span
binder_at(btls_span list, size_t index)
{
    btls_reader r = btls_reader_of(list);
    for (size_t i = 0; i < index; i++)
        btls_read_vec8(&r);
    return btls_read_vec8(&r);
}

int
btls_psk_choose(modern *m, const btls_client_hello *h, btls_span message)
{
    handshake *hs = m->hs;
    size_t count = 0, chosen = 0;
    int found = 0;
    /* A pre_shared_key has the modes beside it (4.2.9). Who names none may yet take a
     * ticket, and name them when it uses that. */
    hs->dhe_psk_offered =
        !btls_extensions_has(&h->x, BTLS_EXT_PSK_KEY_EXCHANGE_MODES) || offers_dhe(h);
    if (!btls_extensions_has(&h->x, BTLS_EXT_PRE_SHARED_KEY))
        return 0;
    btls_reader r = btls_reader_of(h->x.body[BTLS_EXT_PRE_SHARED_KEY]);
    btls_span identities = btls_read_vec16(&r), binders = btls_read_vec16(&r);
    btls_reader list = btls_reader_of(identities);
    if (!btls_read_end(&r) || identities.n == 0)
        return btls_modern_malformed(m, "extension pre_shared_key");
    while (btls_read_more(&list)) {
        btls_span identity = btls_read_vec16(&list);
        btls_read_bytes(&list, 4); /* the age matters only for early data */
        if (list.bad || identity.n == 0)
            return btls_modern_malformed(m, "extension pre_shared_key");
        if (!found && count < IDENTITIES_TRIED && hs->dhe_psk_offered &&
            (find_external(m, identity) || find_ticket(m, identity))) {
            found = 1;
            chosen = count;
        }
        count++;
    }
    size_t with = count_binders(binders);
    if (with == 0)
        return btls_modern_malformed(m, "extension pre_shared_key");
    if (with != count)
        return btls_modern_fail(m, "peer_illegal_parameter", BTLS_ALERT_ILLEGAL_PARAMETER,
                                "the client's pre_shared_key has %u identities but %u "
                                "binders",
                                (unsigned)count, (unsigned)with);
    if (!found)
        return 0;
    hs->psk_selected = 1;
    hs->psk_index = chosen;
    if (check_binder(m, message, 2 + binders.n, binder_at(binders, chosen)) != 0)
        return -1;
    return take_over(m);
}

void
btls_psk_answer(modern *m, btls_writer *w)
{
    btls_mark body = btls_write_extension(w, BTLS_EXT_PRE_SHARED_KEY);
    btls_write_u16(w, (unsigned)m->hs->psk_index);
    btls_write_end(w, body);
}

btls_span
btls_psk_secret(const modern *m)
{
    return m->hs->psk_selected ? m->hs->psk.secret : (btls_span){ NULL, 0 };
}
