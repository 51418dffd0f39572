/* classic_errors.c -- BearSSL's errors as failures of ours: a code, an alert and a
 * sentence each. */
#include "tls/classic.h"
#include "tls/failure.h"

#include <string.h>

/* The smallest fragment that can be agreed on has 512 bytes, MACs and padding fewer. */
#define SHORT_RECORD 512
/* RFC 5246, 6.2.3 */
#define LONGEST_RECORD (16384 + 2048)

struct meaning {
    int err;
    int alert;
    const char *code;
    const char *what; /* follows "the server " or "the client " */
};

static const struct meaning meanings[] = {
    { BR_ERR_UNSUPPORTED_VERSION, BTLS_ALERT_PROTOCOL_VERSION, "peer_version",
      "speaks a version of TLS that is not enabled here" },
    { BR_ERR_BAD_VERSION, BTLS_ALERT_PROTOCOL_VERSION, "peer_version",
      "changed the version in the middle of the session, or wants one that is not "
      "enabled" },
    { BR_ERR_BAD_LENGTH, BTLS_ALERT_RECORD_OVERFLOW, "peer_record_length",
      "sent a record of a length that cannot be" },
    { BR_ERR_TOO_LARGE, BTLS_ALERT_RECORD_OVERFLOW, "peer_record_length",
      "sent an encrypted handshake record that is too long" },
    { BR_ERR_BAD_MAC, BTLS_ALERT_BAD_RECORD_MAC, "peer_bad_record_mac",
      "sent a record that does not decrypt: it was damaged or forged on the way" },
    { BR_ERR_NO_RANDOM, BTLS_ALERT_INTERNAL_ERROR, "io_no_random",
      "is still waiting: there are no random bytes here" },
    { BR_ERR_UNKNOWN_TYPE, BTLS_ALERT_UNEXPECTED_MESSAGE, "peer_unexpected_message",
      "sent a record of an unknown type" },
    { BR_ERR_UNEXPECTED, BTLS_ALERT_UNEXPECTED_MESSAGE, "peer_unexpected_message",
      "sent a message that does not belong here" },
    { BR_ERR_BAD_CCS, BTLS_ALERT_UNEXPECTED_MESSAGE, "peer_unexpected_message",
      "sent a malformed change_cipher_spec" },
    { BR_ERR_BAD_ALERT, BTLS_ALERT_DECODE_ERROR, "peer_malformed_message",
      "sent a malformed alert" },
    { BR_ERR_BAD_HANDSHAKE, BTLS_ALERT_DECODE_ERROR, "peer_malformed_message",
      "sent a malformed handshake message" },
    { BR_ERR_BAD_PARAM, BTLS_ALERT_DECODE_ERROR, "peer_malformed_message",
      "sent a handshake message with a value that cannot be" },
    { BR_ERR_OVERSIZED_ID, BTLS_ALERT_DECODE_ERROR, "peer_malformed_message",
      "sent a session id that is too long" },
    { BR_ERR_BAD_CIPHER_SUITE, BTLS_ALERT_ILLEGAL_PARAMETER, "peer_illegal_parameter",
      "chose a cipher suite that was not offered" },
    { BR_ERR_BAD_COMPRESSION, BTLS_ALERT_ILLEGAL_PARAMETER, "peer_illegal_parameter",
      "chose a compression method that was not offered" },
    { BR_ERR_BAD_FRAGLEN, BTLS_ALERT_ILLEGAL_PARAMETER, "peer_illegal_parameter",
      "sent a max_fragment_length that was not asked for" },
    { BR_ERR_BAD_SECRENEG, BTLS_ALERT_HANDSHAKE_FAILURE, "peer_renegotiation_info",
      "sent a wrong renegotiation_info extension" },
    { BR_ERR_EXTRA_EXTENSION, BTLS_ALERT_UNSUPPORTED_EXTENSION,
      "peer_unsupported_extension", "sent an extension that was not asked for" },
    { BR_ERR_BAD_SNI, BTLS_ALERT_ILLEGAL_PARAMETER, "peer_illegal_parameter",
      "answered server_name with something that is not empty" },
    { BR_ERR_BAD_HELLO_DONE, BTLS_ALERT_UNEXPECTED_MESSAGE, "peer_unexpected_message",
      "sent a server_hello_done that is not empty" },
    { BR_ERR_LIMIT_EXCEEDED, BTLS_ALERT_INTERNAL_ERROR, "peer_key_too_large",
      "uses a key that is too large (RSA up to 4096 bits)" },
    { BR_ERR_BAD_FINISHED, BTLS_ALERT_DECRYPT_ERROR, "peer_bad_finished",
      "sent a finished message that does not fit: the handshake was changed on the way" },
    { BR_ERR_RESUME_MISMATCH, BTLS_ALERT_ILLEGAL_PARAMETER, "peer_illegal_parameter",
      "resumed a session with another version or cipher suite" },
    { BR_ERR_INVALID_ALGORITHM, BTLS_ALERT_ILLEGAL_PARAMETER, "peer_illegal_parameter",
      "used a signature or curve that was not offered" },
    { BR_ERR_BAD_SIGNATURE, BTLS_ALERT_DECRYPT_ERROR, "peer_bad_signature",
      "sent a signature that its certificate's key did not make" },
    { BR_ERR_WRONG_KEY_USAGE, BTLS_ALERT_UNSUPPORTED_CERTIFICATE,
      "certificate_wrong_usage",
      "has a certificate whose key may not be used, or is of another type than the "
      "cipher "
      "suite wants" },
    { BR_ERR_NO_CLIENT_AUTH, BTLS_ALERT_HANDSHAKE_FAILURE, "certificate_missing",
      "sent no certificate, and one is required" },
};

/* What to do about such an error, where something can be done. */
static const char *
hint_for_error(int err)
{
    switch (err) {
    case BR_ERR_UNSUPPORTED_VERSION:
    case BR_ERR_BAD_VERSION:
        return "min_version and max_version say which versions are enabled";
    case BR_ERR_NO_CLIENT_AUTH:
        return "the client needs a certificate of a CA that this side trusts, and its "
               "key";
    default:
        return NULL;
    }
}

/* BearSSL says of every length that it does not like that it is wrong: of a record that
 * is too short for its MAC, and, since its buffers are made for what handshakes need, of
 * one that is too long for any handshake message but not for a record. */
static int
refined(const classic *c, int err)
{
    size_t n = (size_t)c->header[3] << 8 | c->header[4];
    if (err == BR_ERR_BAD_LENGTH && c->br.eng.incrypt && n < SHORT_RECORD)
        return BR_ERR_BAD_MAC;
    if (err == BR_ERR_TOO_LARGE && n <= LONGEST_RECORD)
        return BR_ERR_BAD_HANDSHAKE;
    return err;
}

void
btls_classic_fail(classic *c, int err)
{
    btls_session *s = c->s;
    if (btls_session_failed(s))
        return;
    err = refined(c, err);
    if (err >= BR_ERR_SEND_FATAL_ALERT) {
        btls_fail_refusal(s, err - BR_ERR_SEND_FATAL_ALERT);
        s->alert_pending = 0; /* BearSSL has sent it */
        return;
    }
    if (err >= BR_ERR_RECV_FATAL_ALERT) {
        btls_fail_peer_alert(s, err - BR_ERR_RECV_FATAL_ALERT);
        return;
    }
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        const struct meaning *m = &meanings[i];
        if (m->err == err) {
            btls_session_fail(s, m->code, m->alert, "%s %s", btls_session_peer_name(s),
                              m->what);
            if (hint_for_error(err) != NULL)
                btls_error_hint(&s->error, "%s", hint_for_error(err));
            return;
        }
    }
    btls_session_fail(s, "peer_failed", BTLS_ALERT_INTERNAL_ERROR,
                      "the handshake with %s failed (BearSSL error %d)",
                      btls_session_peer_name(s), err);
}
