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
	time_t seconds = (time_t)(wall / CLOCK_S);
	int ms = (int)(wall % CLOCK_S / CLOCK_MS);
	struct tm tm;
	size_t used;

	if (gmtime_r(&seconds, &tm) == NULL) {
		out[0] = '\0';
		return;
	}
	used = strftime(out, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(
	    out + used, CLOCK_TEXT_SIZE - used, ".%03dZ", ms < 0 ? 0 : ms);
}
