/* date.c - HTTP dates, independent of the locale. */
#include "http/date.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char days[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

#define YEAR_0 INT64_C(-62167219200)
#define YEAR_9999_END INT64_C(253402300799)

void
date_format(char out[DATE_SIZE], int64_t seconds)
{
	time_t t = seconds < YEAR_0          ? YEAR_0
		   : seconds > YEAR_9999_END ? YEAR_9999_END
					     : seconds;
	struct tm tm = {0};

	(void)gmtime_r(&t, &tm);
	(void)snprintf(out, DATE_SIZE,
	    "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
	    days + 3 * (tm.tm_wday % 7), (unsigned)tm.tm_mday % 100U,
	    months + 3 * (tm.tm_mon % 12),
	    (unsigned)(tm.tm_year + 1900) % 10000U, (unsigned)tm.tm_hour % 100U,
	    (unsigned)tm.tm_min % 100U, (unsigned)tm.tm_sec % 100U);
}

/* n digits at text, or -1. */
static int
digits(const char *text, int n)
{
	int value = 0;

	for (; n > 0; n--, text++) {
		if (*text < '0' || *text > '9')
			return -1;
		value = value * 10 + (*text - '0');
	}
	return value;
}

/* The position of three letters in a table, or -1. */
static int
word(const char *table, const char *text)
{
	int i;

	for (i = 0; table[3 * i] != '\0'; i++)
		if (strncmp(table + 3 * i, text, 3) == 0)
			return i;
	return -1;
}

/* Everything but letters and digits stands where it must. */
static bool
shape_fits(const char *text)
{
	static const char shape[] = "...,_.._..._...._..:..:.._GMT";
	size_t i;

	for (i = 0; shape[i] != '\0'; i++) {
		char want = shape[i] == '_' ? ' ' : shape[i];

		if (text[i] == '\0' || (want != '.' && text[i] != want))
			return false;
	}
	return text[i] == '\0';
}

bool
date_parse(const char *text, int64_t *ret_seconds)
{
	struct tm tm = {0}, back;
	int year;
	time_t t;

	if (!shape_fits(text) || word(days, text) < 0)
		return false;
	year = digits(text + 12, 4);
	tm.tm_year = year - 1900;
	tm.tm_mon = word(months, text + 8);
	tm.tm_mday = digits(text + 5, 2);
	tm.tm_hour = digits(text + 17, 2);
	tm.tm_min = digits(text + 20, 2);
	tm.tm_sec = digits(text + 23, 2);
	back = tm;
	if (year < 0 || tm.tm_mon < 0)
		return false;
	/* A leap second is taken for the second before it. */
	if (tm.tm_sec == 60)
		tm.tm_sec = back.tm_sec = 59;
	t = timegm(&tm);
	/* timegm mends what is out of range; what it had to mend is not a date.
	 */
	if (tm.tm_mday != back.tm_mday || tm.tm_hour != back.tm_hour ||
	    tm.tm_min != back.tm_min || tm.tm_sec != back.tm_sec)
		return false;
	*ret_seconds = t;
	return true;
}
