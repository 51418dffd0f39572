/* spki.c -- SubjectPublicKeyInfo: algorithms, curves, public keys. */
#include "pki/spki.h"

#include "pki/der.h"

#define RSA_BYTES 512

static const uint8_t oid_rsa[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01 };
static const uint8_t oid_ec[] = { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01 };
static const uint8_t oid_p256[] = { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07 };
static const uint8_t oid_p384[] = { 0x2B, 0x81, 0x04, 0x00, 0x22 };
static const uint8_t oid_p521[] = { 0x2B, 0x81, 0x04, 0x00, 0x23 };

const btls_span btls_oid_rsa = { oid_rsa, sizeof oid_rsa };
const btls_span btls_oid_ec = { oid_ec, sizeof oid_ec };

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

int
btls_modulus_bits(const unsigned char *n, size_t size)
{
    int bits = (int)size * 8;
    for (unsigned top = size > 0 ? n[0] : 0; top != 0 && !(top & 0x80); top <<= 1)
        bits--;
    return bits;
}

static int
unsupported(btls_error *e, const char *what)
{
    return btls_error_set(e, "certificate_unsupported_key", 43,
                          "the certificate has %s, which cannot be used here", what);
}

static int
parse_rsa(btls_span bits, br_x509_pkey *key, btls_error *e)
{
    btls_reader r = btls_reader_of(bits);
    btls_reader s = btls_der_enter(&r, BTLS_DER_SEQUENCE);
    btls_span n = btls_der_read_unsigned(&s), exponent = btls_der_read_unsigned(&s);
    if (!btls_read_end(&s) || !btls_read_end(&r) || n.n == 0 || exponent.n == 0)
        return btls_error_set(e, "certificate_malformed", 42,
                              "the certificate's RSA key is malformed");
    if (n.n > RSA_BYTES || exponent.n > RSA_BYTES)
        return unsupported(e, "an RSA key of more than 4096 bits");
    key->key_type = BR_KEYTYPE_RSA;
    key->key.rsa.n = (unsigned char *)(uintptr_t)n.p;
    key->key.rsa.nlen = n.n;
    key->key.rsa.e = (unsigned char *)(uintptr_t)exponent.p;
    key->key.rsa.elen = exponent.n;
    return 0;
}

static int
parse_ec(btls_span oid, btls_span point, br_x509_pkey *key, btls_error *e)
{
    const btls_curve *curve = btls_curve_by_oid(oid);
    if (curve == NULL)
        return unsupported(e, "a key on a curve other than P-256, P-384 and P-521");
    if (point.n != 1 + 2 * curve->scalar_size || point.p[0] != 4)
        return unsupported(e, "an EC point that is not in uncompressed form");
    key->key_type = BR_KEYTYPE_EC;
    key->key.ec.curve = curve->curve;
    key->key.ec.q = (unsigned char *)(uintptr_t)point.p;
    key->key.ec.qlen = point.n;
    return 0;
}

int
btls_spki_parse(btls_span spki, br_x509_pkey *key, btls_error *e)
{
    btls_reader r = btls_reader_of(spki);
    btls_reader s = btls_der_enter(&r, BTLS_DER_SEQUENCE);
    btls_reader algorithm = btls_der_enter(&s, BTLS_DER_SEQUENCE);
    btls_span oid = btls_der_read(&algorithm, BTLS_DER_OID), curve = { NULL, 0 };
    if (btls_der_next(&algorithm) == BTLS_DER_OID)
        curve = btls_der_read(&algorithm, BTLS_DER_OID);
    btls_span bits = btls_der_read_octets(&s);
    if (!btls_read_end(&s) || !btls_read_end(&r) || algorithm.bad)
        return btls_error_set(e, "certificate_malformed", 42,
                              "the certificate's public key is malformed");
    if (btls_span_equal(oid, btls_oid_rsa))
        return parse_rsa(bits, key, e);
    if (btls_span_equal(oid, btls_oid_ec))
        return parse_ec(curve, bits, key, e);
    return unsupported(e, "a key that is neither RSA nor EC");
}
