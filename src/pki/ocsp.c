/* ocsp.c -- reads OCSP responses (RFC 6960, 4.2.1). */
#include "pki/ocsp.h"

#include <string.h>

#include "crypto/hash.h"
#include "pki/der.h"
#include "pki/dn.h"
#include "pki/signature.h"

#define ENUMERATED 0x0A
#define BAD_CERTIFICATE_STATUS_RESPONSE 113

/* Extensions of responses that are not critical tell nothing that matters here (4.4). */
static int
has_critical(btls_reader *r, unsigned tag)
{
    int critical = 0;
    if (btls_der_next(r) != tag)
        return 0;
    btls_reader wrapped = btls_der_enter(r, tag);
    btls_reader list = btls_der_enter(&wrapped, BTLS_DER_SEQUENCE);
    while (btls_read_more(&list)) {
        btls_reader extension = btls_der_enter(&list, BTLS_DER_SEQUENCE);
        btls_der_read_oid(&extension);
        if (btls_der_next(&extension) == BTLS_DER_BOOLEAN)
            critical |= btls_der_read_boolean(&extension);
        btls_der_read(&extension, BTLS_DER_OCTET_STRING);
        list.bad |= !btls_read_end(&extension);
    }
    r->bad |= list.bad || !btls_read_end(&wrapped);
    return critical;
}

static int64_t
read_generalized_time(btls_reader *r)
{
    if (btls_der_next(r) != BTLS_DER_GENERALIZED_TIME)
        r->bad = 1;
    return btls_der_read_time(r);
}

static void
read_responder(btls_ocsp *o, btls_reader *r)
{
    if (btls_der_next(r) == BTLS_DER_CONTEXT(1)) {
        btls_reader name = btls_der_enter(r, BTLS_DER_CONTEXT(1));
        o->responder_name = btls_dn_read(&name);
        r->bad |= !btls_read_end(&name);
    } else {
        btls_reader key = btls_der_enter(r, BTLS_DER_CONTEXT(2));
        o->responder_key = btls_der_read(&key, BTLS_DER_OCTET_STRING);
        r->bad |= !btls_read_end(&key) || o->responder_key.n != br_sha1_SIZE;
    }
}

/* ResponseData */
static void
read_data(btls_ocsp *o, btls_reader *r)
{
    if (btls_der_next(r) == BTLS_DER_CONTEXT(0)) /* v1 is the default: not written */
        r->bad = 1;
    read_responder(o, r);
    o->produced_at = read_generalized_time(r);
    o->answers = btls_der_read(r, BTLS_DER_SEQUENCE);
    o->unknown_critical = has_critical(r, BTLS_DER_CONTEXT(1));
    btls_reader answers = btls_reader_of(o->answers);
    while (btls_read_more(&answers))
        btls_ocsp_read_answer(&answers);
    r->bad |= answers.bad;
}

/* BasicOCSPResponse */
static void
read_basic(btls_ocsp *o, btls_reader *r)
{
    btls_reader basic = btls_der_enter(r, BTLS_DER_SEQUENCE);
    btls_reader look = basic;
    o->tbs = btls_der_read_whole(&look, BTLS_DER_SEQUENCE);
    btls_reader data = btls_der_enter(&basic, BTLS_DER_SEQUENCE);
    read_data(o, &data);
    btls_span algorithm = btls_der_read(&basic, BTLS_DER_SEQUENCE);
    if (!btls_signature_algorithm_parse(algorithm, &o->algorithm))
        memset(&o->algorithm, 0, sizeof o->algorithm);
    o->signature = btls_der_read_octets(&basic);
    if (btls_der_next(&basic) == BTLS_DER_CONTEXT(0)) {
        btls_reader certs = btls_der_enter(&basic, BTLS_DER_CONTEXT(0));
        o->certificates = btls_der_read(&certs, BTLS_DER_SEQUENCE);
        basic.bad |= !btls_read_end(&certs);
    }
    r->bad |= !btls_read_end(&data) || !btls_read_end(&basic);
}

int
btls_ocsp_parse(btls_ocsp *o, btls_span der, btls_error *e)
{
    static const uint8_t id_basic[] = { 0x2B, 0x06, 0x01, 0x05, 0x05,
                                        0x07, 0x30, 0x01, 0x01 };
    memset(o, 0, sizeof *o);
    btls_reader file = btls_reader_of(der);
    btls_reader response = btls_der_enter(&file, BTLS_DER_SEQUENCE);
    btls_span status = btls_der_read(&response, ENUMERATED);
    response.bad |= status.n != 1;
    o->status = response.bad ? 0 : status.p[0];
    if (o->status == BTLS_OCSP_SUCCESSFUL) {
        btls_reader wrapped = btls_der_enter(&response, BTLS_DER_CONTEXT(0));
        btls_reader bytes = btls_der_enter(&wrapped, BTLS_DER_SEQUENCE);
        btls_span type = btls_der_read_oid(&bytes);
        btls_reader basic = btls_der_enter(&bytes, BTLS_DER_OCTET_STRING);
        bytes.bad |= !BTLS_OID_IS(type, id_basic);
        read_basic(o, &basic);
        response.bad |=
            !btls_read_end(&basic) || !btls_read_end(&bytes) || !btls_read_end(&wrapped);
    }
    if (btls_read_end(&response) && btls_read_end(&file))
        return 0;
    return btls_error_set(e, "certificate_ocsp_malformed",
                          BAD_CERTIFICATE_STATUS_RESPONSE,
                          "came with an OCSP response that is not well-formed");
}

/* CertID */
static void
read_id(btls_ocsp_answer *a, btls_reader *r)
{
    btls_reader id = btls_der_enter(r, BTLS_DER_SEQUENCE);
    btls_reader algorithm = btls_der_enter(&id, BTLS_DER_SEQUENCE);
    a->hash = btls_hash_by_oid(btls_der_read_oid(&algorithm));
    if (btls_der_next(&algorithm) == BTLS_DER_NULL)
        btls_der_read(&algorithm, BTLS_DER_NULL);
    a->issuer_name_hash = btls_der_read(&id, BTLS_DER_OCTET_STRING);
    a->issuer_key_hash = btls_der_read(&id, BTLS_DER_OCTET_STRING);
    a->serial = btls_der_read(&id, BTLS_DER_INTEGER);
    r->bad |= !btls_read_end(&algorithm) || !btls_read_end(&id);
}

static void
read_state(btls_ocsp_answer *a, btls_reader *r)
{
    switch (btls_der_next(r)) {
    case BTLS_DER_CONTEXT_PRIMITIVE(0):
        a->state = BTLS_OCSP_GOOD;
        r->bad |= btls_der_read(r, BTLS_DER_CONTEXT_PRIMITIVE(0)).n != 0;
        break;
    case BTLS_DER_CONTEXT(1): {
        btls_reader info = btls_der_enter(r, BTLS_DER_CONTEXT(1));
        a->state = BTLS_OCSP_REVOKED;
        a->revoked.date = read_generalized_time(&info);
        if (btls_der_next(&info) == BTLS_DER_CONTEXT(0)) {
            btls_reader reason = btls_der_enter(&info, BTLS_DER_CONTEXT(0));
            btls_span v = btls_der_read(&reason, ENUMERATED);
            info.bad |= !btls_read_end(&reason) || v.n != 1;
            a->revoked.reason = info.bad ? 0 : v.p[0];
        }
        r->bad |= !btls_read_end(&info);
        break;
    }
    default:
        a->state = BTLS_OCSP_UNKNOWN;
        r->bad |= btls_der_read(r, BTLS_DER_CONTEXT_PRIMITIVE(2)).n != 0;
    }
}

btls_ocsp_answer
btls_ocsp_read_answer(btls_reader *r)
{
    btls_ocsp_answer a;
    memset(&a, 0, sizeof a);
    btls_reader single = btls_der_enter(r, BTLS_DER_SEQUENCE);
    read_id(&a, &single);
    read_state(&a, &single);
    a.this_update = read_generalized_time(&single);
    a.next_update = INT64_MAX;
    if (btls_der_next(&single) == BTLS_DER_CONTEXT(0)) {
        btls_reader next = btls_der_enter(&single, BTLS_DER_CONTEXT(0));
        a.next_update = read_generalized_time(&next);
        single.bad |= !btls_read_end(&next);
    }
    a.unknown_critical = has_critical(&single, BTLS_DER_CONTEXT(1));
    r->bad |= !btls_read_end(&single);
    return a;
}
