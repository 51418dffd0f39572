/* date.h -- moments in words. */
#ifndef BTLS_CORE_DATE_H
#define BTLS_CORE_DATE_H

#include <stdint.h>

/* Room for any date, with the NUL. */
#define BTLS_DATE_TEXT 48

/* Seconds since 1970-01-01T00:00:00Z as the day in UTC: "2026-03-01". */
void btls_date_text(int64_t t, char out[BTLS_DATE_TEXT]);

#endif
