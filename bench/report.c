/* report.c - sorts latencies and prints a run's line. */
#include "bench/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t
clock_of(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

int64_t
report_now(void)
{
	return clock_of(CLOCK_MONOTONIC);
}

void
report_init(struct report *report, const char *name, size_t room)
{
	*report = (struct report){.name = name, .threads = 1, .room = room};
	report->latencies = calloc(room > 0 ? room : 1, sizeof(int64_t));
	if (report->latencies == NULL)
		abort();
	report->started = report_now();
	report->cpu_started = clock_of(CLOCK_PROCESS_CPUTIME_ID);
}

void
report_release(struct report *report)
{
	free(report->latencies);
	report->latencies = NULL;
}

void
report_add(struct report *report, int64_t latency)
{
	if (report->n < report->room)
		report->latencies[report->n++] = latency;
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static double
percentile_ms(const struct report *report, unsigned percent)
{
	size_t place;

	if (report->n == 0)
		return 0;
	place = (report->n - 1) * percent / 100;
	return (double)report->latencies[place] / 1e6;
}

void
report_print(struct report *report, const char *extra)
{
	double seconds, cpu;

	if (report->ended == 0)
		report->ended = report_now();
	seconds = (double)(report->ended - report->started) / 1e9;
	cpu =
	    (double)(clock_of(CLOCK_PROCESS_CPUTIME_ID) - report->cpu_started) /
	    1e9;
	qsort(report->latencies, report->n, sizeof(int64_t), compare);
	(void)printf(
	    "{\"name\": \"%s\", \"connections\": %zu, \"count\": %zu, "
	    "\"seconds\": %.3f, \"rate\": %.1f, \"bytes_per_s\": %.0f, "
	    "\"cpu_s\": %.3f, \"p50_ms\": %.3f, \"p99_ms\": %.3f%s}\n",
	    report->name, report->threads, report->n, seconds,
	    (double)report->n / seconds, (double)report->bytes / seconds, cpu,
	    percentile_ms(report, 50), percentile_ms(report, 99), extra);
	(void)fflush(stdout);
}
