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
    default:
        return NULL;
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
