/* clock.c - the machine's clocks; in the test build shifted by a file. */
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

static int64_t
clock_read(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t); /* fails for unknown ids only */
	return t.tv_sec * CLOCK_S + t.tv_nsec;
}

#ifdef DOZO_TEST_BUILD

struct shift {
	int64_t boot;
	int64_t wall;
	int synchronised;
	char boot_id[CLOCK_BOOT_ID_SIZE];
};

static bool
shift_read(struct shift *ret_shift)
{
	const char *path = getenv("DOZO_TEST_CLOCK");
	char line[160];
	char *at = line;
	FILE *file;
	bool ok;

	if (path == NULL)
		return false;
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	ok = fgets(line, sizeof(line), file) != NULL;
	(void)fclose(file);
	if (!ok)
		return false;
	ret_shift->boot = strtoll(at, &at, 10);
	ret_shift->wall = strtoll(at, &at, 10);
	ret_shift->synchronised = (int)strtol(at, &at, 10);
	at += strspn(at, " ");
	at[strcspn(at, " \n")] = '\0';
	(void)snprintf(
	    ret_shift->boot_id, sizeof(ret_shift->boot_id), "%.39s", at);
	return true;
}

#else

struct shift {
	int64_t boot;
	int64_t wall;
	int synchronised;
	char boot_id[CLOCK_BOOT_ID_SIZE];
};

static bool
shift_read(struct shift *ret_shift)
{
	(void)ret_shift;
	return false;
}

#endif

int64_t
clock_mono(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

int64_t
clock_boot(void)
{
	struct shift shift = {0};
	int64_t now = clock_read(CLOCK_BOOTTIME);

	return shift_read(&shift) ? now + shift.boot : now;
}

int64_t
clock_wall(void)
{
	struct shift shift = {0};
	int64_t now = clock_read(CLOCK_REALTIME);

	return shift_read(&shift) ? now + shift.wall : now;
}

bool
clock_synchronised(void)
{
	struct timex t = {0};
	struct shift shift = {0};

	if (shift_read(&shift))
		return shift.synchronised != 0;
	return adjtimex(&t) != TIME_ERROR && (t.status & STA_UNSYNC) == 0;
}

void
clock_boot_id(char out[CLOCK_BOOT_ID_SIZE])
{
	struct shift shift = {0};
	FILE *file;

	out[0] = '\0';
	if (shift_read(&shift)) {
		memcpy(out, shift.boot_id, CLOCK_BOOT_ID_SIZE);
		return;
	}
	file = fopen("/proc/sys/kernel/random/boot_id", "re");
	if (file == NULL)
		return;
	if (fgets(out, CLOCK_BOOT_ID_SIZE, file) == NULL)
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	(void)fclose(file);
}

void
clock_text(char out[CLOCK_TEXT_SIZE], int64_t wall)
{
	int64_t part = (wall % CLOCK_S + CLOCK_S) % CLOCK_S;
	time_t seconds = (time_t)((wall - part) / CLOCK_S);
	struct tm tm;
	size_t used;

	if (gmtime_r(&seconds, &tm) == NULL) {
		out[0] = '\0';
		return;
	}
	used = strftime(out, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(out + used, CLOCK_TEXT_SIZE - used, ".%03dZ",
	    (int)(part / CLOCK_MS));
}

/* n digits at *text, which moves behind them; -1 where they are none. */
static int
take_digits(const char **text, int n)
{
	int value = 0;

	for (; n > 0; n--, (*text)++) {
		if (**text < '0' || **text > '9')
			return -1;
		value = value * 10 + (**text - '0');
	}
	return value;
}

/* As many numbers of n digits as shape has, with what stands between them. */
static bool
take_numbers(const char **text, const char *shape, int *numbers)
{
	for (; *shape != '\0'; shape++) {
		if (*shape >= '1' && *shape <= '9') {
			*numbers = take_digits(text, *shape - '0');
			if (*numbers++ < 0)
				return false;
		} else if (*(*text)++ != *shape) {
			return false;
		}
	}
	return true;
}

/* ".123" as nanoseconds, or nothing. */
static bool
take_fraction(const char **text, int64_t *ret_ns)
{
	int64_t unit = CLOCK_S;
	const char *start;

	*ret_ns = 0;
	if (**text != '.')
		return true;
	for (start = ++*text; **text >= '0' && **text <= '9'; (*text)++) {
		unit /= 10;
		*ret_ns += unit * (**text - '0');
	}
	return *text > start && *text - start <= 9;
}

/* "Z" or "+09:00", to the end; seconds east. */
static bool
take_offset(const char *text, int64_t *ret_seconds)
{
	int sign = *text == '-' ? -1 : 1;
	int at[2];

	*ret_seconds = 0;
	if (strcmp(text, "Z") == 0)
		return true;
	if (*text != '+' && *text != '-')
		return false;
	text++;
	if (!take_numbers(&text, "2:2", at) || *text != '\0' || at[0] > 23 ||
	    at[1] > 59)
		return false;
	*ret_seconds = (int64_t)sign * (at[0] * 3600 + at[1] * 60);
	return true;
}

/* What int64_t holds in nanoseconds: 1678 to 2261. */
#define YEAR_1678 INT64_C(-9214560000)
#define YEAR_2262 INT64_C(9214646400)

bool
clock_parse(const char *text, int64_t *ret_wall)
{
	struct tm tm = {0};
	int64_t ns, offset, seconds;
	int at[6];

	if (!take_numbers(&text, "4-2-2T2:2:2", at) ||
	    !take_fraction(&text, &ns) || !take_offset(text, &offset))
		return false;
	if (at[3] > 23 || at[4] > 59 || at[5] > 59)
		return false;
	tm.tm_year = at[0] - 1900;
	tm.tm_mon = at[1] - 1;
	tm.tm_mday = at[2];
	seconds =
	    (int64_t)timegm(&tm) + at[3] * 3600 + at[4] * 60 + at[5] - offset;
	/* timegm mends what is no date. */
	if (tm.tm_mon != at[1] - 1 || tm.tm_mday != at[2])
		return false;
	if (seconds < YEAR_1678 || seconds >= YEAR_2262)
		return false;
	*ret_wall = seconds * CLOCK_S + ns;
	return true;
}
