/* error.h -- what went wrong, for people (a sentence and a hint), programs (a code) and
 * the peer (an alert). */
#ifndef BTLS_CORE_ERROR_H
#define BTLS_CORE_ERROR_H

#if defined(__GNUC__)
#define BTLS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define BTLS_PRINTF(fmt, args)
#endif

/* Not an alert that could be sent. */
#define BTLS_NO_ALERT (-1)
/* The failure is not about one certificate. */
#define BTLS_NO_POSITION (-1)

typedef struct {
    const char *code; /* stable, snake_case, static storage; NULL: nothing went wrong */
    int alert;        /* AlertDescription (RFC 8446, 6) or BTLS_NO_ALERT */
    int sent_by_peer; /* the alert came from the peer */
    int position; /* of the certificate in the path, 0 the leaf, or BTLS_NO_POSITION */
    char message[320]; /* a sentence without a full stop: who did what */
    char hint[320];    /* what to do about it, or empty */
} btls_error;

/* Fills *e (e must not be NULL), keeping no hint. Returns -1, so that a failing function
 * can say `return btls_error_set(...)`. Control characters become '?', so that nothing
 * from a peer can steer a terminal. */
int btls_error_set(btls_error *e, const char *code, int alert, const char *fmt, ...)
    BTLS_PRINTF(4, 5);

/* Adds the hint. */
void btls_error_hint(btls_error *e, const char *fmt, ...) BTLS_PRINTF(2, 3);

/* "no memory" (code io_out_of_memory, alert internal_error). Returns -1. */
int btls_error_memory(btls_error *e);

#endif
