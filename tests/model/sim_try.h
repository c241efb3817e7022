/* sim_try.h - what the simulation's own tests share: bodies of runs that pass,
 * or fail as they should. */
#ifndef DOZO_TESTS_MODEL_SIM_TRY_H
#define DOZO_TESTS_MODEL_SIM_TRY_H

#include "base/op.h"
#include "model/sim.h"

enum { SEEDS = 200 };

uint64_t stat_of(const struct sim_result *result, const char *name);

/* One run, which has to pass. */
void
run_ok(uint64_t seed, void (*body)(void *arg), struct sim_result *ret_result);

/* How many of SEEDS runs count name at least once; all have to pass. */
unsigned runs_with(void (*body)(void *arg), const char *name);

/* One run, which has to fail with a message that has kind in it. */
void run_fails(void (*body)(void *arg), const char *kind);

/* In a run: a call that has to pass. */
void must(struct op *op, enum rc rc);

#endif
