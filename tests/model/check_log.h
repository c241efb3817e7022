/* check_log.h - runs of whole servers (the real committer, claims, start and
 * catch-up) over simulated sites, with what the log promises as the judge. */
#ifndef DOZO_TESTS_MODEL_CHECK_LOG_H
#define DOZO_TESTS_MODEL_CHECK_LOG_H

#include <stdbool.h>

/* How runs differ. Each is drawn from the seed, or always on. */
enum log_mood {
	LOG_DOUBTFUL = 1, /* short time-outs, lost answers, late puts; servers
			     die in doubt */
	LOG_IDLE = 2, /* clients do little */
	LOG_DATA = 4, /* most contents are data segments */
	LOG_TAKEOVERS = 8, /* servers take over from paused ones, sites swap */
	LOG_WIDE = 16, /* four sites, two of them enough */
	LOG_BURN = 32, /* one site never comes back */
	LOG_STORMS = 64, /* sites fail often */
	LOG_PATIENT = 128, /* a number is offered for 10 s, as by default */
	LOG_REOPENED =
	    256, /* the tenant is closed and opened again and again */
	LOG_MOODS = 9,
};

/* What may happen in a run. */
struct check_log {
	unsigned always; /* of enum log_mood */
	bool surface; /* look only at answers and at what is left in the end,
			 never under the surface while it runs */
	bool calm; /* nothing happens: one server works, and is closed */
	bool alone; /* never two servers at once */
	bool rot; /* bits flip, on one site of the run */
	bool old_databases; /* a database of before is put back */
	bool rolled_back; /* the disk of a stopped site is an older one */
};

/* The body of a run; arg is a struct check_log. */
void check_log_run(void *arg);

#endif
