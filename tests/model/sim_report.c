/* sim_report.c - one run's seed streams, trace, hash, stats and its end. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/sim_internal.h"

static struct {
	struct sim_report *report;
	uint64_t seed;
	uint64_t streams[SIM_STREAMS];
	uint64_t hash;
	bool print;
} run;

static uint64_t
splitmix(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

void
sim_begin(struct sim_report *report, uint64_t seed)
{
	uint64_t state = seed;
	int i;

	run.report = report;
	run.seed = seed;
	run.hash = splitmix(&state);
	for (i = 0; i < SIM_STREAMS; i++)
		run.streams[i] = splitmix(&state);
	run.print = getenv("SIM_TRACE") != NULL;
}

struct sim_report *
sim_report_get(void)
{
	return run.report;
}

uint64_t
sim_seed(void)
{
	return run.seed;
}

uint64_t
sim_draw(enum sim_stream stream, uint64_t n)
{
	/* The bias of the remainder is of no matter here. */
	return splitmix(&run.streams[stream]) % n;
}

bool
sim_odd(enum sim_stream stream, unsigned in_10000)
{
	return in_10000 > 0 && sim_draw(stream, 10000) < in_10000;
}

uint64_t
sim_random(uint64_t n)
{
	return sim_draw(SIM_OF_HARNESS, n);
}

bool
sim_chance(unsigned in_10000)
{
	return sim_odd(SIM_OF_HARNESS, in_10000);
}

void
sim_mix(uint64_t value)
{
	run.hash ^= value;
	(void)splitmix(&run.hash);
	run.hash ^= run.hash >> 29;
	run.hash *= UINT64_C(0xbf58476d1ce4e5b9);
}

static void
mix_text(const char *text)
{
	uint64_t word;
	size_t left = strlen(text), step;

	for (; left > 0; left -= step, text += step) {
		step = left < sizeof(word) ? left : sizeof(word);
		word = 0;
		memcpy(&word, text, step);
		sim_mix(word);
	}
}

void
sim_trace(const char *format, ...)
{
	char line[SIM_LINE_SIZE];
	struct sim_report *report = run.report;
	size_t used;
	va_list args;

	if (report == NULL)
		return;
	used =
	    (size_t)snprintf(line, sizeof(line), "%7" PRIu64 " %11.6f %-16s ",
		sim_step(), (double)sim_now() / 1e9, sim_thread_label());
	va_start(args, format);
	(void)vsnprintf(line + used, sizeof(line) - used, format, args);
	va_end(args);
	mix_text(line);
	memcpy(report->ring[report->lines++ % SIM_LINES], line, sizeof(line));
	if (run.print)
		(void)fprintf(stderr, "%s\n", line);
}

void
sim_count(const char *name, uint64_t n)
{
	struct sim_stat *stats, *stat;

	if (run.report == NULL)
		return;
	stats = run.report->result.stats;
	for (stat = stats; stat < stats + SIM_STATS; stat++) {
		if (stat->name[0] == '\0')
			(void)snprintf(
			    stat->name, sizeof(stat->name), "%s", name);
		if (strcmp(stat->name, name) == 0) {
			stat->value += n;
			return;
		}
	}
	sim_violation(
	    "harness: more than %d stats, or a name over 31 bytes", SIM_STATS);
}

void
sim_report_end(bool ok)
{
	struct sim_report *report = run.report;

	report->result.ok = ok;
	report->result.hash = run.hash;
	report->result.steps = sim_step();
	report->result.elapsed = sim_now();
	report->done = true;
}

void
sim_violation(const char *format, ...)
{
	struct sim_report *report = run.report;
	va_list args;

	if (report == NULL)
		abort();
	va_start(args, format);
	(void)vsnprintf(report->result.message, SIM_MESSAGE_SIZE, format, args);
	va_end(args);
	sim_report_end(false);
	_exit(1);
}
