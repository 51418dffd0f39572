/* failure.c -- failures that both engines meet. */
#include "tls/failure.h"

#define HEADER_SIZE 5

/* Why an alert may have come, as far as it can be known from here. */
static const char *
hint_for_alert(const btls_session *s, int alert)
{
    int client = s->is_client;
    switch (alert) {
    case BTLS_ALERT_HANDSHAKE_FAILURE:
        return client ? "the server found nothing in common or wants a client "
                        "certificate: compare "
                        "cipher_suites, groups and versions, or set certificate and key"
                      : "the client found nothing in common, or got no certificate that "
                        "it can use";
    case BTLS_ALERT_PROTOCOL_VERSION:
        return "the versions enabled on the two sides do not overlap: see min_version "
               "and "
               "max_version";
    case 42:
    case 43:
    case 44:
    case 45:
    case 46:
    case 48:
    case 49:
    case BTLS_ALERT_CERTIFICATE_REQUIRED:
        return client ? "it is our certificate that the server refuses: was it issued by "
                        "a CA "
                        "that the server trusts, for client use, and is it still valid?"
                      : "it is our certificate that the client refuses: does the client "
                        "trust "
                        "its issuer, and is it for the name that the client used?";
    case BTLS_ALERT_NO_APPLICATION_PROTOCOL:
        return "no protocol of the alpn list is spoken by the other side";
    case 112:
        return "the server does not know this server name";
    case BTLS_ALERT_ILLEGAL_PARAMETER:
    case BTLS_ALERT_DECRYPT_ERROR:
        if (s->config->psk_count > 0)
            return "is the key of the option psks the other side's key of that identity?";
        /* fall through */
    default:
        return "the other side's log may say more; the trace shows what we sent to it";
    }
}

int
btls_fail_peer_alert(btls_session *s, int alert)
{
    const char *name = btls_alert_name(alert), *hint = hint_for_alert(s, alert);
    if (btls_session_failed(s))
        return -1;
    btls_session_fail(
        s, btls_alert_code(alert), alert, "%s ended the session with the alert %s (%d)",
        btls_session_peer_name(s), name == NULL ? "an unknown alert" : name, alert);
    if (hint != NULL)
        btls_error_hint(&s->error, "%s", hint);
    s->error.sent_by_peer = 1;
    s->alert_pending = 0;
    return -1;
}

/* Somebody who does not speak TLS at all deserves to be told so (and we, too). */
int
btls_fail_not_tls(btls_session *s, const uint8_t h[5], int after)
{
    const char *who = btls_session_peer_name(s);
    char text[HEADER_SIZE + 1];
    int printable = 1;
    for (size_t i = 0; i < HEADER_SIZE; i++) {
        printable &= (h[i] >= 0x20 && h[i] < 0x7f) || h[i] == '\r' || h[i] == '\n';
        text[i] = (char)h[i];
    }
    text[HEADER_SIZE] = '\0';
    if (after)
        return btls_session_fail(s, "peer_bad_record", BTLS_ALERT_UNEXPECTED_MESSAGE,
                                 "%s sent something that is no TLS record", who);
    if ((h[0] & 0x80) && h[2] == 1)
        return btls_session_fail(
            s, "peer_not_tls", BTLS_ALERT_PROTOCOL_VERSION,
            "%s sent a hello of SSL 2.0, which nobody should speak any more", who);
    if (!printable)
        return btls_session_fail(s, "peer_not_tls", BTLS_ALERT_UNEXPECTED_MESSAGE,
                                 "%s does not speak TLS", who);
    btls_session_fail(s, "peer_not_tls", BTLS_ALERT_UNEXPECTED_MESSAGE,
                      "%s does not speak TLS: it begins with \"%s\"", who, text);
    btls_error_hint(&s->error, "%s",
                    s->is_client
                        ? "is this the right port? some protocols want STARTTLS first"
                        : "a client of a plain text protocol has come to a TLS port");
    return -1;
}

/* What a server refuses of a hello; the last one is for all others. */
static const struct refusal {
    int alert;
    const char *code, *sentence, *hint;
} refusals[] = {
    { BTLS_ALERT_PROTOCOL_VERSION, "peer_version",
      "the client offers no version of TLS that is enabled here",
      "min_version and max_version say which ones are" },
    { BTLS_ALERT_NO_APPLICATION_PROTOCOL, "peer_no_application_protocol",
      "the client offers no protocol of the alpn list",
      "a server without an alpn list takes every client" },
    { BTLS_ALERT_INAPPROPRIATE_FALLBACK, "peer_inappropriate_fallback",
      "the client fell back to an older version than both sides speak",
      "its first attempt failed: did something on the way interfere?" },
    { BTLS_ALERT_HANDSHAKE_FAILURE, "peer_nothing_in_common",
      "the client offers no cipher suite and signature that fit the config and its "
      "certificates",
      "compare its hello (trace) with cipher_suites and groups; an ECDSA suite needs an "
      "EC "
      "certificate, an RSA suite an RSA one" },
};

static const struct refusal *
find_refusal(int alert)
{
    const struct refusal *r = refusals;
    while (r->alert != alert && r < refusals + sizeof refusals / sizeof refusals[0] - 1)
        r++;
    return r;
}

int
btls_fail_refusal(btls_session *s, int alert)
{
    const struct refusal *r = find_refusal(alert);
    btls_session_fail(s, r->code, alert, "%s", r->sentence);
    btls_error_hint(&s->error, "%s", r->hint);
    return -1;
}

const char *
btls_refusal_hint(int alert)
{
    return find_refusal(alert)->hint;
}
