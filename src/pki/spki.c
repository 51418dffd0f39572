/* spki.c -- SubjectPublicKeyInfo: algorithms, curves, public keys. */
#include "pki/spki.h"

#include <string.h>

#include "pki/der.h"
#include "pki/signature.h"

#define RSA_MIN_BYTES 64

static const uint8_t oid_rsa[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01 };
static const uint8_t oid_rsa_pss[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7,
                                       0x0D, 0x01, 0x01, 0x0A };
static const uint8_t oid_ec[] = { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01 };
static const uint8_t oid_ed25519[] = { 0x2B, 0x65, 0x70 };
static const uint8_t oid_p256[] = { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07 };
static const uint8_t oid_p384[] = { 0x2B, 0x81, 0x04, 0x00, 0x22 };
static const uint8_t oid_p521[] = { 0x2B, 0x81, 0x04, 0x00, 0x23 };

const btls_span btls_oid_rsa = { oid_rsa, sizeof oid_rsa };
const btls_span btls_oid_rsa_pss = { oid_rsa_pss, sizeof oid_rsa_pss };
const btls_span btls_oid_ec = { oid_ec, sizeof oid_ec };
const btls_span btls_oid_ed25519 = { oid_ed25519, sizeof oid_ed25519 };

static const btls_curve curves[] = {
    { BR_EC_secp256r1, 256, 32, "secp256r1", oid_p256, sizeof oid_p256 },
    { BR_EC_secp384r1, 384, 48, "secp384r1", oid_p384, sizeof oid_p384 },
    { BR_EC_secp521r1, 521, 66, "secp521r1", oid_p521, sizeof oid_p521 },
};

const btls_curve *
btls_curve_by_number(int curve)
{
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        if (curves[i].curve == curve)
            return &curves[i];
    }
    return NULL;
}

const btls_curve *
btls_curve_by_oid(btls_span oid)
{
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        if (btls_span_equal(oid, (btls_span){ curves[i].oid, curves[i].oid_size }))
            return &curves[i];
    }
    return NULL;
}

static int
unsupported(btls_error *e, const char *what)
{
    return btls_error_set(e, "certificate_unsupported_key", 43,
                          "the certificate has %s, which cannot be used here", what);
}

static int
malformed(btls_error *e)
{
    return btls_error_set(e, "certificate_malformed", 42,
                          "the certificate's public key is malformed");
}

/* RSAPublicKey (RFC 8017, A.1.1). */
static int
parse_rsa(btls_span bits, btls_public_key *key, btls_error *e)
{
    btls_reader r = btls_reader_of(bits);
    btls_reader s = btls_der_enter(&r, BTLS_DER_SEQUENCE);
    key->n = btls_der_read_unsigned(&s);
    key->e = btls_der_read_unsigned(&s);
    if (!btls_read_end(&s) || !btls_read_end(&r) || key->n.n == 0 || key->e.n == 0)
        return malformed(e);
    if (key->n.n > BTLS_RSA_PUBLIC_MAX)
        return unsupported(e, "an RSA key of more than 8192 bits");
    if (key->n.n < RSA_MIN_BYTES || key->e.n > key->n.n)
        return unsupported(e, "an RSA key that is no key");
    return 0;
}

static int
read_rsa(btls_reader *parameters, btls_span bits, btls_public_key *key, btls_error *e)
{
    key->kind = BTLS_KEY_RSA;
    if (btls_der_read(parameters, BTLS_DER_NULL).n != 0 || !btls_read_end(parameters))
        return malformed(e);
    return parse_rsa(bits, key, e);
}

/* Without parameters the key is for PSS with any hash and salt. */
static int
read_rsa_pss(btls_reader *parameters, btls_span bits, btls_public_key *key, btls_error *e)
{
    btls_signature_algorithm pss;
    key->kind = BTLS_KEY_RSA_PSS;
    if (btls_read_more(parameters)) {
        if (!btls_pss_parameters_parse(parameters, &pss) || pss.mask_hash != 0)
            return unsupported(e, "an RSA-PSS key for hashes that cannot be used");
        key->pss_hash = pss.hash;
        key->pss_salt = pss.salt;
    }
    return btls_read_end(parameters) ? parse_rsa(bits, key, e) : malformed(e);
}

static int
read_ec(btls_reader *parameters, btls_span bits, btls_public_key *key, btls_error *e)
{
    if (btls_der_next(parameters) != BTLS_DER_OID)
        return unsupported(e, "a key on a curve without a name");
    const btls_curve *curve = btls_curve_by_oid(btls_der_read(parameters, BTLS_DER_OID));
    if (curve == NULL)
        return unsupported(e, "a key on a curve other than P-256, P-384 and P-521");
    if (bits.n != 1 + 2 * curve->scalar_size || bits.p[0] != 4)
        return unsupported(e, "an EC point that is not in uncompressed form");
    key->kind = BTLS_KEY_EC;
    key->curve = curve->curve;
    key->point = bits;
    return btls_read_end(parameters) ? 0 : malformed(e);
}

static int
read_ed25519(btls_reader *parameters, btls_span bits, btls_public_key *key, btls_error *e)
{
    key->kind = BTLS_KEY_ED25519;
    key->point = bits;
    return bits.n == 32 && btls_read_end(parameters) ? 0 : malformed(e);
}

int
btls_spki_parse(btls_span spki, btls_public_key *key, btls_error *e)
{
    btls_reader r = btls_reader_of(spki);
    btls_reader s = btls_der_enter(&r, BTLS_DER_SEQUENCE);
    btls_reader algorithm = btls_der_enter(&s, BTLS_DER_SEQUENCE);
    btls_span oid = btls_der_read(&algorithm, BTLS_DER_OID);
    btls_span bits = btls_der_read_octets(&s);
    memset(key, 0, sizeof *key);
    if (!btls_read_end(&s) || !btls_read_end(&r) || algorithm.bad)
        return malformed(e);
    if (btls_span_equal(oid, btls_oid_rsa))
        return read_rsa(&algorithm, bits, key, e);
    if (btls_span_equal(oid, btls_oid_rsa_pss))
        return read_rsa_pss(&algorithm, bits, key, e);
    if (btls_span_equal(oid, btls_oid_ec))
        return read_ec(&algorithm, bits, key, e);
    if (btls_span_equal(oid, btls_oid_ed25519))
        return read_ed25519(&algorithm, bits, key, e);
    return unsupported(e, "a key that is neither RSA nor EC nor Ed25519");
}
