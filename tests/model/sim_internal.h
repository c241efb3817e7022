/* sim_internal.h - what the simulation's own files share. */
#ifndef DOZO_TESTS_MODEL_SIM_INTERNAL_H
#define DOZO_TESTS_MODEL_SIM_INTERNAL_H

#include "model/sim.h"

/* The seed's streams: one part of the code never shifts another's draws. */
enum sim_stream {
	SIM_OF_SCHEDULER,
	SIM_OF_DISKS,
	SIM_OF_BYTES,
	SIM_OF_HARNESS,
	SIM_STREAMS,
};

/* 0 .. n - 1; n > 0. */
uint64_t sim_draw(enum sim_stream stream, uint64_t n);
bool sim_odd(enum sim_stream stream, unsigned in_10000);

/* Adds a decision to the hash without a line. */
void sim_mix(uint64_t value);

/* What a child tells its parent, in memory that both share. */
enum { SIM_LINES = 4096, SIM_LINE_SIZE = 200 };

struct sim_report {
	bool done; /* body returned, or a violation was told */
	struct sim_result result;
	char sandbox[64]; /* "": none was made */
	uint64_t lines; /* ever written; the ring holds the last of them */
	char ring[SIM_LINES][SIM_LINE_SIZE];
};

/* The report of this run; NULL outside of one. */
struct sim_report *sim_report_get(void);

/* Removes the folder with all below it. */
void sim_sandbox_remove(const char *path);

/* Writes what is known at the run's end. */
void sim_report_end(bool ok);

/* Starts a run in this process: streams, trace, clock. */
void sim_begin(struct sim_report *report, uint64_t seed);

/* Starts the scheduler with its first thread and waits for the run's end. */
void sim_threads_run(void (*body)(void *arg), void *arg);

/* "host/name" of the calling thread, "-" outside. */
const char *sim_thread_label(void);

/* A bug of a program or of the harness: prints where, as a violation. */
_Noreturn void sim_misuse(const char *what, const void *address);

/* The thread sleeps inside a call of a slow disk. */
void sim_stall(int64_t nanoseconds);

/* The thread waits until a flag is false. */
void sim_wait_while(const bool *flag);

/* Called by the scheduler at each step: late calls happen. */
void sim_disks_step(uint64_t step);

/* The disks forget a killed host: open files, locks. */
void sim_disks_drop_host(int host);

/* What clock.h tells. */
int64_t sim_host_boot_clock(int host);
unsigned sim_host_boot(int host);
int64_t sim_host_skew(int host, bool *ret_synchronised);

/* Time passes by asking for it too, so that nobody waits in a loop for ever. */
int64_t sim_now_step(void);

#endif
