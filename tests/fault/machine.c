/* machine.c - clocks as a test makes them. */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/test.h"

void
machine_write(const struct machine *m)
{
	char next[80];
	FILE *file;

	(void)snprintf(next, sizeof(next), "%s.next", m->path);
	file = fopen(next, "we");
	assert_non_null(file);
	(void)fprintf(file, "%lld %lld %d boot-%u\n", (long long)m->boot,
	    (long long)m->wall, m->synchronised ? 1 : 0, m->boots);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(next, m->path), 0);
}

void
machine_make(struct machine *m)
{
	memset(m, 0, sizeof(*m));
	(void)snprintf(m->path, sizeof(m->path), "%.40s/dozo-clock-%d",
	    getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp",
	    (int)getpid());
	m->synchronised = true;
	m->began = clock_mono();
	machine_write(m);
	assert_int_equal(setenv("DOZO_TEST_CLOCK", m->path, 1), 0);
}

void
machine_end(const struct machine *m)
{
	(void)unsetenv("DOZO_TEST_CLOCK");
	(void)unlink(m->path);
}

void
machine_time_passes(struct machine *m, int64_t ns)
{
	m->truth += ns;
	m->boot += ns;
	m->wall += ns;
	machine_write(m);
}

/* The operator or a wrong time server sets the wall clock. */
void
machine_wall_jumps(struct machine *m, int64_t ns)
{
	m->wall += ns;
	machine_write(m);
}

void
machine_synchronised(struct machine *m, bool is)
{
	m->synchronised = is;
	machine_write(m);
}

/* Off for so long, then another boot. */
void
machine_reboots(struct machine *m, int64_t ns)
{
	machine_time_passes(m, ns);
	m->boots++;
	m->boot = -clock_mono(); /* about 0 again */
	machine_write(m);
}

/* All that can have passed. */
int64_t
machine_passed(const struct machine *m)
{
	return m->truth + clock_mono() - m->began;
}
