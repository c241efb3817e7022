/* machine.h - the machine's clocks as a test makes them (DOZO_TEST_CLOCK). */
#ifndef DOZO_TESTS_FAULT_MACHINE_H
#define DOZO_TESTS_FAULT_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/* The machine as the test makes it: truth is what really passed, besides the
 * real time that the test takes. */
struct machine {
	char path[64];
	int64_t truth;
	int64_t boot; /* offset of CLOCK_BOOTTIME */
	int64_t wall; /* offset of the wall clock */
	bool synchronised;
	unsigned boots;
	int64_t began; /* clock_mono() */
};

/* From here on the process sees this machine's clocks; machine_end. */
void machine_make(struct machine *m);
void machine_end(const struct machine *m);

/* After a field was set by hand. */
void machine_write(const struct machine *m);
void machine_time_passes(struct machine *m, int64_t ns);
void machine_wall_jumps(struct machine *m, int64_t ns);
void machine_synchronised(struct machine *m, bool is);
void machine_reboots(struct machine *m, int64_t ns);
int64_t machine_passed(const struct machine *m);

#endif
