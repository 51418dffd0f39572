/* crl.c -- reads certificate revocation lists (RFC 5280, 5). */
#include "pki/crl.h"

#include <string.h>

#include "pki/der.h"
#include "pki/dn.h"
#include "pki/general_name.h"
#include "pki/signature.h"

#define ENUMERATED 0x0A

/* Extensions: 2.5.29.n */
enum {
    EXT_ISSUER_ALT_NAME = 18,
    EXT_CRL_NUMBER = 20,
    EXT_REASON = 21,
    EXT_INVALIDITY_DATE = 24,
    EXT_DELTA = 27,
    EXT_DISTRIBUTION_POINT = 28,
    EXT_AUTHORITY_KEY_ID = 35,
    EXT_FRESHEST = 46
};

struct extension {
    int number; /* n of 2.5.29.n, 0: another one */
    int critical;
    btls_reader value;
};

/* The next extension of a list of them. */
static struct extension
read_extension(btls_reader *list)
{
    struct extension x = { 0, 0, { NULL, 0, 0 } };
    btls_reader r = btls_der_enter(list, BTLS_DER_SEQUENCE);
    btls_span oid = btls_der_read_oid(&r);
    if (btls_der_next(&r) == BTLS_DER_BOOLEAN) {
        x.critical = btls_der_read_boolean(&r);
        r.bad |= !x.critical;
    }
    x.value = btls_der_enter(&r, BTLS_DER_OCTET_STRING);
    list->bad |= !btls_read_end(&r);
    if (oid.n == 3 && oid.p[0] == 0x55 && oid.p[1] == 0x1D)
        x.number = oid.p[2];
    return x;
}

/* What cannot be used is said in words. */
struct parse {
    btls_crl *crl;
    const char *unsupported;
};

static void
read_authority_key_id(btls_crl *crl, btls_reader *r)
{
    btls_reader s = btls_der_enter(r, BTLS_DER_SEQUENCE);
    if (btls_der_next(&s) == BTLS_DER_CONTEXT_PRIMITIVE(0))
        crl->authority_key_id = btls_der_read(&s, BTLS_DER_CONTEXT_PRIMITIVE(0));
    /* The issuer's name and serial number add nothing. */
    r->bad |= s.bad;
}

/* A BOOLEAN [n] that is there only when it is TRUE. */
static int
read_flag(btls_reader *r, unsigned n)
{
    if (btls_der_next(r) != BTLS_DER_CONTEXT_PRIMITIVE(n))
        return 0;
    btls_span v = btls_der_read(r, BTLS_DER_CONTEXT_PRIMITIVE(n));
    r->bad |= v.n != 1 || v.p[0] != 0xFF;
    return 1;
}

static void
read_distribution_point(struct parse *p, btls_reader *r)
{
    btls_crl *crl = p->crl;
    btls_reader s = btls_der_enter(r, BTLS_DER_SEQUENCE);
    if (btls_der_next(&s) == BTLS_DER_CONTEXT(0)) {
        btls_reader point = btls_der_enter(&s, BTLS_DER_CONTEXT(0));
        if (btls_der_next(&point) == BTLS_DER_CONTEXT(0))
            crl->names = btls_general_names_read(&point, BTLS_DER_CONTEXT(0), 0);
        else
            p->unsupported = "names its distribution point relative to another";
        s.bad |= p->unsupported == NULL && !btls_read_end(&point);
    }
    crl->scope |= read_flag(&s, 1) ? BTLS_CRL_ONLY_USERS : 0;
    crl->scope |= read_flag(&s, 2) ? BTLS_CRL_ONLY_CAS : 0;
    if (btls_der_next(&s) == BTLS_DER_CONTEXT_PRIMITIVE(3)) {
        btls_der_read(&s, BTLS_DER_CONTEXT_PRIMITIVE(3));
        crl->scope |= BTLS_CRL_SOME_REASONS;
    }
    if (read_flag(&s, 4))
        p->unsupported = "is indirect: it speaks for other issuers";
    crl->scope |= read_flag(&s, 5) ? BTLS_CRL_ONLY_ATTRIBUTES : 0;
    r->bad |= !btls_read_end(&s);
}

static void
read_list_extension(struct parse *p, btls_reader *list)
{
    struct extension x = read_extension(list);
    switch (x.number) {
    case EXT_AUTHORITY_KEY_ID:
        read_authority_key_id(p->crl, &x.value);
        break;
    case EXT_CRL_NUMBER:
        p->crl->number = btls_der_read_unsigned(&x.value);
        break;
    case EXT_DISTRIBUTION_POINT:
        read_distribution_point(p, &x.value);
        break;
    case EXT_DELTA:
        p->unsupported = "is a delta: it only adds to another one";
        return;
    default:
        if (x.critical)
            p->unsupported = "has a critical extension that is not understood";
        return;
    }
    list->bad |= !btls_read_end(&x.value);
}

/* 5.1.2.6, 5.3; certificateIssuer, which only indirect lists have, is not understood. */
btls_span
btls_crl_read_entry(btls_reader *list, btls_revoked *revoked)
{
    memset(revoked, 0, sizeof *revoked);
    btls_reader r = btls_der_enter(list, BTLS_DER_SEQUENCE);
    btls_span serial = btls_der_read(&r, BTLS_DER_INTEGER);
    revoked->date = btls_der_read_time(&r);
    if (btls_der_next(&r) == BTLS_DER_SEQUENCE) {
        btls_reader extensions = btls_der_enter(&r, BTLS_DER_SEQUENCE);
        while (btls_read_more(&extensions)) {
            struct extension x = read_extension(&extensions);
            if (x.number == EXT_REASON) {
                btls_span v = btls_der_read(&x.value, ENUMERATED);
                extensions.bad |= !btls_read_end(&x.value) || v.n != 1;
                revoked->reason = extensions.bad ? 0 : v.p[0];
            } else if (x.number != EXT_INVALIDITY_DATE) {
                revoked->unknown_critical |= x.critical;
            }
        }
        r.bad |= extensions.bad;
    }
    list->bad |= !btls_read_end(&r) || serial.n == 0;
    return serial;
}

static void
read_entries(struct parse *p, btls_reader *tbs)
{
    p->crl->revoked = btls_der_read(tbs, BTLS_DER_SEQUENCE);
    btls_reader list = btls_reader_of(p->crl->revoked);
    while (btls_read_more(&list)) {
        btls_revoked revoked;
        btls_crl_read_entry(&list, &revoked);
        if (revoked.unknown_critical)
            p->unsupported =
                "has an entry with a critical extension that is not understood";
        p->crl->count++;
    }
    tbs->bad |= list.bad;
}

static int
is_time(unsigned tag)
{
    return tag == BTLS_DER_UTC_TIME || tag == BTLS_DER_GENERALIZED_TIME;
}

/* TBSCertList (5.1), whose signature algorithm comes back. */
static btls_span
read_tbs(struct parse *p, btls_reader *tbs)
{
    btls_crl *crl = p->crl;
    int version = 1;
    if (btls_der_next(tbs) == BTLS_DER_INTEGER) {
        version = (int)btls_der_read_small(tbs) + 1;
        tbs->bad |= version != 2;
    }
    btls_span algorithm = btls_der_read(tbs, BTLS_DER_SEQUENCE);
    crl->issuer = btls_dn_read(tbs);
    crl->this_update = btls_der_read_time(tbs);
    crl->next_update = INT64_MAX;
    if (is_time(btls_der_next(tbs)))
        crl->next_update = btls_der_read_time(tbs);
    if (btls_der_next(tbs) == BTLS_DER_SEQUENCE)
        read_entries(p, tbs);
    if (btls_der_next(tbs) == BTLS_DER_CONTEXT(0)) {
        btls_reader wrapped = btls_der_enter(tbs, BTLS_DER_CONTEXT(0));
        btls_reader list = btls_der_enter(&wrapped, BTLS_DER_SEQUENCE);
        while (btls_read_more(&list))
            read_list_extension(p, &list);
        tbs->bad |= list.bad || !btls_read_end(&wrapped) || version < 2;
    }
    return algorithm;
}

int
btls_crl_parse(btls_crl *crl, btls_span der, btls_error *e)
{
    struct parse p = { NULL, NULL };
    memset(crl, 0, sizeof *crl);
    crl->der = der;
    p.crl = crl;
    btls_reader file = btls_reader_of(der);
    btls_reader list = btls_der_enter(&file, BTLS_DER_SEQUENCE);
    btls_reader look = list;
    crl->tbs = btls_der_read_whole(&look, BTLS_DER_SEQUENCE);
    btls_reader tbs = btls_der_enter(&list, BTLS_DER_SEQUENCE);
    btls_span inner = read_tbs(&p, &tbs);
    btls_span outer = btls_der_read(&list, BTLS_DER_SEQUENCE);
    crl->signature = btls_der_read_octets(&list);
    if (!btls_read_end(&tbs) || !btls_read_end(&list) || !btls_read_end(&file) ||
        !btls_span_equal(inner, outer))
        return btls_error_set(e, "crl_malformed", BTLS_NO_ALERT,
                              "this is not a well-formed revocation list");
    if (p.unsupported == NULL && !btls_signature_algorithm_parse(outer, &crl->algorithm))
        p.unsupported = "is signed with an algorithm that is not known";
    if (p.unsupported == NULL)
        return 0;
    return btls_error_set(e, "crl_unsupported", BTLS_NO_ALERT,
                          "this revocation list cannot be used: it %s", p.unsupported);
}

/* ---- the scope ---- */

/* Is one of the names, GeneralNames' contents, among the others? */
static int
share_name(btls_span a, btls_span b)
{
    btls_reader x = btls_reader_of(a);
    while (btls_read_more(&x)) {
        btls_general_name one = btls_general_name_read(&x);
        btls_reader y = btls_reader_of(b);
        while (btls_read_more(&y)) {
            btls_general_name other = btls_general_name_read(&y);
            if (one.type == other.type && btls_span_equal(one.value, other.value))
                return 1;
        }
    }
    return 0;
}

static int
points_at(const btls_certificate *certificate, btls_span names)
{
    btls_reader points = btls_reader_of(certificate->crl_distribution);
    while (btls_read_more(&points)) {
        btls_reader point = btls_der_enter(&points, BTLS_DER_SEQUENCE);
        btls_reader where = btls_der_enter(&point, BTLS_DER_CONTEXT(0));
        btls_span full = btls_der_read(&where, BTLS_DER_CONTEXT(0));
        if (!where.bad && share_name(full, names))
            return 1;
    }
    return 0;
}

int
btls_crl_covers(const btls_crl *crl, const btls_certificate *certificate)
{
    if (crl->scope & (BTLS_CRL_ONLY_ATTRIBUTES | BTLS_CRL_SOME_REASONS) ||
        (crl->scope & BTLS_CRL_ONLY_USERS && certificate->is_ca) ||
        (crl->scope & BTLS_CRL_ONLY_CAS && !certificate->is_ca))
        return 0;
    return crl->names.p == NULL || points_at(certificate, crl->names);
}

const char *
btls_crl_reason_name(int reason)
{
    static const char *const names[] = {
        "unspecified",   "keyCompromise",        "cACompromise",    "affiliationChanged",
        "superseded",    "cessationOfOperation", "certificateHold", NULL,
        "removeFromCRL", "privilegeWithdrawn",   "aACompromise",
    };
    return reason < 0 || reason >= (int)(sizeof names / sizeof names[0]) ? NULL
                                                                         : names[reason];
}
