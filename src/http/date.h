/* date.h - HTTP dates: IMF-fixdate of RFC 9110, "Sun, 06 Nov 1994 08:49:37
 * GMT". */
#ifndef DOZO_HTTP_DATE_H
#define DOZO_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

enum { DATE_SIZE = 30 };

/* Seconds since 1970, within the years 0 to 9999; others are clamped. */
void date_format(char out[DATE_SIZE], int64_t seconds);

/* False where it is anything but a correct IMF-fixdate (the weekday may lie).
 */
bool date_parse(const char *text, int64_t *ret_seconds);

#endif
