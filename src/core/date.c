/* date.c -- moments in words. */
#include "core/date.h"

#include <stdio.h>

#define SECONDS_A_DAY 86400

void
btls_date_text(int64_t t, char out[BTLS_DATE_TEXT])
{
    /* From days since 1970 to a date, by the rule of the Gregorian calendar, years
     * beginning in March. */
    int64_t z = t / SECONDS_A_DAY - (t % SECONDS_A_DAY < 0) + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    unsigned doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    unsigned month = mp < 10 ? mp + 3 : mp - 9;
    snprintf(out, BTLS_DATE_TEXT, "%lld-%02u-%02u",
             (long long)(yoe + era * 400 + (month <= 2)), month,
             doy - (153 * mp + 2) / 5 + 1);
}
