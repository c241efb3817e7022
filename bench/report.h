/* report.h - one line of JSON about a run: count, seconds, rates, latencies. */
#ifndef DOZO_BENCH_REPORT_H
#define DOZO_BENCH_REPORT_H

#include <stddef.h>
#include <stdint.h>

struct report {
	const char *name;
	size_t threads; /* or connections */
	uint64_t bytes;
	int64_t started; /* report_now() */
	int64_t cpu_started; /* of this process, ns */
	int64_t ended;
	size_t n; /* latencies, in ns */
	size_t room;
	int64_t *latencies;
};

/* Ns of CLOCK_MONOTONIC; the CPU time of this process beside it is what stays
 * comparable on a busy machine. */
int64_t report_now(void);

/* Room for so many latencies; ends the process where there is no memory. */
void report_init(struct report *report, const char *name, size_t room);
void report_release(struct report *report);

/* One request that took so long; one thread at a time. */
void report_add(struct report *report, int64_t latency);

/* The line, to standard output; extra is more of it (", \"x\": 1") or "". */
void report_print(struct report *report, const char *extra);

#endif
