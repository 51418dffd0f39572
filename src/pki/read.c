/* read.c -- certificates, keys and trust from a text: PEM with one or more objects, or
 * DER. */
#include "pki/read.h"

#include <string.h>

#include "pki/certificate.h"
#include "pki/pem.h"

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

int
btls_read_chain(btls_chain *chain, btls_span text, btls_error *e)
{
    btls_queue block;
    if (btls_pem_is_der(text))
        return add_der(chain, text, e);
    btls_queue_init(&block, chain->bytes.alloc);
    int bad = add_pem(chain, text, &block, e);
    btls_queue_clear(&block);
    return bad;
}

/* ---- keys ---- */

static int
is_key_label(const char *label)
{
    return strcmp(label, "PRIVATE KEY") == 0 || strcmp(label, "RSA PRIVATE KEY") == 0 ||
           strcmp(label, "EC PRIVATE KEY") == 0;
}

static int
encrypted(btls_error *e)
{
    btls_error_set(e, "config_key_encrypted", BTLS_NO_ALERT,
                   "the private key is encrypted, and encrypted keys cannot be read yet");
    btls_error_hint(e, "openssl pkey -in FILE -out PLAIN takes the encryption off");
    return -1;
}

static int
no_key(btls_error *e, const char *label)
{
    if (label[0] != '\0')
        return btls_error_set(e, "config_no_key", BTLS_NO_ALERT,
                              "there is no private key in it, but a %s", label);
    return btls_error_set(e, "config_no_key", BTLS_NO_ALERT,
                          "there is no private key in it");
}

/* The one key of a PEM text goes to *key, or into *e why there is none. */
static int
read_pem_key(const btls_alloc *a, btls_span text, btls_queue *block, btls_key **key,
             btls_error *e)
{
    btls_pem pem;
    char other[sizeof pem.label] = "";
    int found;
    btls_pem_init(&pem, text);
    while ((found = btls_pem_next(&pem, block, e)) > 0) {
        if (pem.encrypted || strcmp(pem.label, "ENCRYPTED PRIVATE KEY") == 0)
            return encrypted(e);
        if (!is_key_label(pem.label)) {
            if (strcmp(pem.label, "EC PARAMETERS") != 0)
                memcpy(other, pem.label, sizeof other);
            continue;
        }
        if (*key != NULL)
            return btls_error_set(e, "config_key_ambiguous", BTLS_NO_ALERT,
                                  "there are two private keys in it");
        *key = btls_key_parse(a, btls_queue_bytes(block), e);
        if (*key == NULL)
            return -1;
    }
    if (found < 0)
        return -1;
    return *key != NULL ? 0 : no_key(e, other);
}

btls_key *
btls_read_key(const btls_alloc *a, btls_span text, btls_error *e)
{
    btls_queue block;
    btls_key *key = NULL;
    if (btls_pem_is_der(text))
        return btls_key_parse(a, text, e);
    btls_queue_init(&block, a);
    int bad = read_pem_key(a, text, &block, &key, e);
    btls_queue_clear(&block);
    if (!bad)
        return key;
    btls_key_free(key);
    return NULL;
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
