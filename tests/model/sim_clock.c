/*
 * sim_clock.c - clock.h on simulated time; each host boots anew and has a wall
 * clock of its own. clock_text is the real one (CMakeLists.txt).
 */
#include "base/clock.h"

#include <stdio.h>

#include "model/sim_internal.h"

/* 2027-01-15 08:00:00 UTC */
static const int64_t wall_at_zero = INT64_C(1800000000) * CLOCK_S;

int64_t
clock_mono(void)
{
	return sim_now_step();
}

int64_t
clock_boot(void)
{
	(void)sim_now_step();
	return sim_host_boot_clock(sim_host());
}

int64_t
clock_wall(void)
{
	bool synchronised;

	return wall_at_zero + sim_now_step() +
	       sim_host_skew(sim_host(), &synchronised);
}

bool
clock_synchronised(void)
{
	bool synchronised;

	(void)sim_host_skew(sim_host(), &synchronised);
	return synchronised;
}

void
clock_boot_id(char out[CLOCK_BOOT_ID_SIZE])
{
	int host = sim_host();

	(void)snprintf(out, CLOCK_BOOT_ID_SIZE,
	    "00000000-0000-4000-8000-%04d%08u", host, sim_host_boot(host));
}
