/* read_key.c -- a private key from a text: PEM with other objects beside it, DER, or
 * PKCS#12; encrypted or not. */
#include <string.h>

#include "pki/pem.h"
#include "pki/pkcs12.h"
#include "pki/read.h"

struct reading {
    const btls_alloc *alloc;
    btls_pbe pbe;
    btls_key *key;
    btls_error *e;
};

static int
is_key_label(const char *label)
{
    return strcmp(label, "PRIVATE KEY") == 0 || strcmp(label, "RSA PRIVATE KEY") == 0 ||
           strcmp(label, "EC PRIVATE KEY") == 0 ||
           strcmp(label, "ENCRYPTED PRIVATE KEY") == 0;
}

static int
no_password(btls_error *e)
{
    return btls_error_set(e, "config_key_encrypted", BTLS_NO_ALERT,
                          "the private key is encrypted, and no password was given");
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

static int
read_der(struct reading *r, btls_span der)
{
    int is_encrypted = btls_key_is_encrypted(der);
    if (is_encrypted && r->pbe.password.p == NULL)
        return no_password(r->e);
    r->key = is_encrypted ? btls_key_decrypt(r->alloc, der, &r->pbe, r->e)
                          : btls_key_parse(r->alloc, der, r->e);
    return r->key == NULL ? -1 : 0;
}

/* What the block holds when it is encrypted in the old form; it is decrypted in place. */
static int
read_old_pem(struct reading *r, const btls_pem *pem, btls_queue *block)
{
    if (r->pbe.password.p == NULL)
        return no_password(r->e);
    if (btls_pbe_decrypt_pem(&r->pbe, pem->dek_info, block, r->e) != 0)
        return -1;
    int bad = read_der(r, btls_queue_bytes(block));
    if (bad && strcmp(r->e->code, "config_key_malformed") == 0)
        btls_pbe_wrong(r->e); /* the padding was right by chance */
    return bad;
}

static int
read_pem(struct reading *r, btls_span text, btls_queue *block)
{
    btls_pem pem;
    char other[sizeof pem.label] = "";
    int found;
    btls_pem_init(&pem, text);
    while ((found = btls_pem_next(&pem, block, r->e)) > 0) {
        if (!is_key_label(pem.label)) {
            if (strcmp(pem.label, "EC PARAMETERS") != 0)
                memcpy(other, pem.label, sizeof other);
            continue;
        }
        if (r->key != NULL)
            return btls_error_set(r->e, "config_key_ambiguous", BTLS_NO_ALERT,
                                  "there are two private keys in it");
        if (pem.encrypted ? read_old_pem(r, &pem, block)
                          : read_der(r, btls_queue_bytes(block)))
            return -1;
    }
    if (found < 0)
        return -1;
    return r->key != NULL ? 0 : no_key(r->e, other);
}

static int
read_pkcs12(struct reading *r, btls_span text)
{
    btls_chain chain;
    btls_chain_init(&chain, r->alloc);
    int bad =
        btls_pkcs12_read(r->alloc, text, r->pbe.password, &r->key, &chain, r->e) != 0;
    btls_chain_clear(&chain);
    if (bad)
        return -1;
    return r->key != NULL ? 0 : no_key(r->e, "");
}

btls_key *
btls_read_key(const btls_alloc *a, btls_span text, btls_span password, btls_error *e)
{
    struct reading r = { a, btls_pbe_of(password), NULL, NULL };
    btls_queue block;
    int bad;
    r.e = e;
    btls_queue_init(&block, a);
    if (btls_pkcs12_is(text))
        bad = read_pkcs12(&r, text);
    else if (btls_pem_is_der(text))
        bad = read_der(&r, text);
    else
        bad = read_pem(&r, text, &block);
    btls_queue_clear(&block);
    if (!bad)
        return r.key;
    btls_key_free(r.key);
    return NULL;
}
