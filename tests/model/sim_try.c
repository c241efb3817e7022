/* sim_try.c - runs of the simulation's own tests. */
#include "model/sim_try.h"

#include <string.h>

#include "lib/test.h"

uint64_t
stat_of(const struct sim_result *result, const char *name)
{
	size_t i;

	for (i = 0; i < SIM_STATS; i++)
		if (strcmp(result->stats[i].name, name) == 0)
			return result->stats[i].value;
	return 0;
}

void
run_ok(uint64_t seed, void (*body)(void *arg), struct sim_result *ret_result)
{
	sim_fork(seed, body, NULL, 60, ret_result);
	if (!ret_result->ok)
		fail_msg("seed %llu: %s", (unsigned long long)seed,
		    ret_result->message);
}

/* How many of SEEDS runs count name at least once; all have to pass. */
unsigned
runs_with(void (*body)(void *arg), const char *name)
{
	struct sim_result result;
	uint64_t seed;
	unsigned n = 0;

	for (seed = 1; seed <= SEEDS; seed++) {
		run_ok(seed, body, &result);
		n += stat_of(&result, name) > 0;
	}
	return n;
}

void
run_fails(void (*body)(void *arg), const char *kind)
{
	struct sim_result result;

	sim_fork(1, body, NULL, 0, &result);
	assert_false(result.ok);
	if (strstr(result.message, kind) == NULL)
		fail_msg("expected %s: %s", kind, result.message);
}

void
must(struct op *op, enum rc rc)
{
	SIM_CHECK(rc == RC_OK, "call: %s", op_error(op, rc));
}
