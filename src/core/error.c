/* error.c -- what went wrong, for people, programs and the peer. */
#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void
print_safely(char *to, size_t size, const char *fmt, va_list args)
{
    vsnprintf(to, size, fmt, args);
    for (char *c = to; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
}

int
btls_error_set(btls_error *e, const char *code, int alert, const char *fmt, ...)
{
    memset(e, 0, sizeof *e);
    e->code = code;
    e->alert = alert;
    e->position = BTLS_NO_POSITION;
    va_list args;
    va_start(args, fmt);
    print_safely(e->message, sizeof e->message, fmt, args);
    va_end(args);
    return -1;
}

void
btls_error_hint(btls_error *e, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    print_safely(e->hint, sizeof e->hint, fmt, args);
    va_end(args);
}

int
btls_error_memory(btls_error *e)
{
    return btls_error_set(e, "io_out_of_memory", 80, "there is no memory left for this");
}
