/* read.c -- certificates and trust from a text: PEM with one or more objects, DER, or
 * PKCS#12. */
#include "pki/read.h"

#include <string.h>

#include "pki/certificate.h"
#include "pki/pem.h"
#include "pki/pkcs12.h"

/* ---- certificates ---- */

static int
add_der(btls_chain *chain, btls_span der, btls_error *e)
{
    btls_certificate c;
    if (btls_certificate_parse(&c, der, e) != 0 ||
        btls_chain_append(chain, der.p, der.n, e) != 0)
        return -1;
    return btls_chain_end_certificate(chain, e);
}

static int
is_certificate_label(const char *label)
{
    return strcmp(label, "CERTIFICATE") == 0 || strcmp(label, "X509 CERTIFICATE") == 0;
}

static int
no_certificate(btls_error *e, const char *label)
{
    if (label[0] != '\0')
        btls_error_set(e, "config_no_certificate", BTLS_NO_ALERT,
                       "there is no certificate in it, but a %s", label);
    else
        btls_error_set(e, "config_no_certificate", BTLS_NO_ALERT,
                       "there is no certificate in it");
    btls_error_hint(e, "a certificate begins with -----BEGIN CERTIFICATE-----");
    return -1;
}

static int
add_pem(btls_chain *chain, btls_span text, btls_queue *block, btls_error *e)
{
    btls_pem pem;
    char other[sizeof pem.label] = "";
    int found;
    btls_pem_init(&pem, text);
    while ((found = btls_pem_next(&pem, block, e)) > 0) {
        if (!is_certificate_label(pem.label))
            memcpy(other, pem.label, sizeof other);
        else if (add_der(chain, btls_queue_bytes(block), e) != 0)
            return -1;
    }
    if (found < 0)
        return -1;
    return chain->count > 0 ? 0 : no_certificate(e, other);
}

static int
add_pkcs12(btls_chain *chain, btls_span text, btls_span password, btls_error *e)
{
    btls_key *key;
    if (btls_pkcs12_read(chain->bytes.alloc, text, password, &key, chain, e) != 0)
        return -1;
    btls_key_free(key);
    return chain->count > 0 ? 0 : no_certificate(e, "");
}

int
btls_read_chain(btls_chain *chain, btls_span text, btls_span password, btls_error *e)
{
    btls_queue block;
    if (btls_pkcs12_is(text))
        return add_pkcs12(chain, text, password, e);
    if (btls_pem_is_der(text))
        return add_der(chain, text, e);
    btls_queue_init(&block, chain->bytes.alloc);
    int bad = add_pem(chain, text, &block, e);
    btls_queue_clear(&block);
    return bad;
}

/* ---- trust ---- */

/* From this size on a text is a bundle: room is made for all of it at once. A text that
 * is something else, however long, gets no more than MOST_RESERVED. */
#define BUNDLE 16384
#define MOST_RESERVED 262144

/* One certificate that cannot be used must not lose the others of a bundle; want of
 * memory must. */
static int
add_anchor(btls_trust *trust, btls_span der, btls_read_count *count, btls_error *e)
{
    if (btls_trust_add(trust, der, e) == 0)
        count->added++;
    else if (strcmp(e->code, "io_out_of_memory") == 0)
        return -1;
    else
        count->skipped++;
    return 0;
}

static int
add_blocks(btls_trust *trust, btls_span text, btls_queue *block, btls_read_count *count,
           btls_error *e)
{
    btls_pem pem;
    int found;
    btls_pem_init(&pem, text);
    while ((found = btls_pem_next(&pem, block, e)) > 0) {
        int is_trusted =
            strcmp(pem.label, "TRUSTED CERTIFICATE") == 0; /* OpenSSL's own form */
        if (is_trusted)
            count->skipped++;
        else if (is_certificate_label(pem.label) &&
                 add_anchor(trust, btls_queue_bytes(block), count, e) != 0)
            return -1;
    }
    return found;
}

static int
add_pem_anchors(btls_trust *trust, btls_span text, btls_read_count *count, btls_error *e)
{
    size_t most = text.n / 3 * 2; /* base64, headers, and issuers that are left out */
    btls_queue block;
    if (text.n >= BUNDLE &&
        btls_trust_reserve(trust, most < MOST_RESERVED ? most : MOST_RESERVED, e) != 0)
        return -1;
    btls_queue_init(&block, btls_trust_alloc(trust));
    int bad = add_blocks(trust, text, &block, count, e);
    btls_queue_clear(&block);
    if (text.n >= BUNDLE)
        btls_trust_trim(trust);
    return bad;
}

int
btls_read_trust(btls_trust *trust, btls_span text, btls_read_count *count, btls_error *e)
{
    int bad;
    *count = (btls_read_count){ 0, 0 };
    no_certificate(e, "");
    if (btls_pem_is_der(text))
        bad = add_anchor(trust, text, count, e);
    else
        bad = add_pem_anchors(trust, text, count, e);
    return bad || count->added == 0 ? -1 : 0;
}

/* ---- revocation lists ---- */

static int
add_lists(btls_crls *crls, btls_span text, btls_queue *block, btls_error *e)
{
    btls_pem pem;
    size_t before = btls_crls_count(crls);
    int found;
    btls_pem_init(&pem, text);
    while ((found = btls_pem_next(&pem, block, e)) > 0) {
        if (strcmp(pem.label, "X509 CRL") == 0 &&
            btls_crls_add(crls, btls_queue_bytes(block), e) != 0)
            return -1;
    }
    if (found < 0)
        return -1;
    if (btls_crls_count(crls) > before)
        return 0;
    return btls_error_set(e, "config_no_crl", BTLS_NO_ALERT,
                          "there is no revocation list in it");
}

int
btls_read_crls(btls_crls *crls, const btls_alloc *a, btls_span text, btls_error *e)
{
    btls_queue block;
    if (btls_pem_is_der(text))
        return btls_crls_add(crls, text, e);
    btls_queue_init(&block, a);
    int bad = add_lists(crls, text, &block, e);
    btls_queue_clear(&block);
    return bad;
}
