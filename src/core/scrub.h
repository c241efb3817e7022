/*
 * scrub.h - everything that the sites hold, looked at from time to time: bits
 * rot also where nobody reads. A thread of its own beside the service, at a
 * limited rate; what it finds is repaired at once, or noted for the mender
 * (repair.h). How far it has come stands in DIR/scrub, so that it goes on after
 * a kill.
 */
#ifndef DOZO_CORE_SCRUB_H
#define DOZO_CORE_SCRUB_H

#include "core/scrub_state.h"

struct scrub;

/* Reads DIR/scrub; nothing runs yet. Free with scrub_free. */
enum rc scrub_new(struct op *op, struct service *service,
    struct scrub **ret_scrub) MUST_CHECK;
/* Ends the thread, which keeps its place; accepts NULL. */
void scrub_free(struct scrub *scrub);

/*
 * Begins one of these sites, or goes on with the one that is not over, if it
 * is the same: *ret_run names it. RC_BUSY where it is another. Any thread.
 */
enum rc scrub_begin(struct op *op, struct scrub *scrub, bool deep,
    struct site_set sites, int64_t *ret_run) MUST_CHECK;

/* Goes on with the one that is not over, if there is one (dozo serve). */
enum rc scrub_resume(struct op *op, struct scrub *scrub) MUST_CHECK;

/* Ends the one that is not over, for good. RC_NOT_FOUND where there is none. */
enum rc scrub_stop(struct op *op, struct scrub *scrub) MUST_CHECK;

/* Waits until the run has ended, until a time (clock_mono()) at most; false
 * where it goes on. */
bool scrub_await(struct scrub *scrub, int64_t run, int64_t until);

/* From memory; any thread. running: a thread is at it. */
void scrub_look(
    struct scrub *scrub, struct scrub_state *ret_state, bool *ret_running);

/* What this process has found in the present or last run, a line each; the
 * first SCRUB_PROBLEMS of them. */
enum { SCRUB_PROBLEMS = 1000 };
enum rc scrub_problems(struct op *op, struct scrub *scrub,
    enum rc (*each)(void *arg, struct op *op, size_t site, uint64_t tenant,
	const char *text),
    void *arg) MUST_CHECK;

/* The bytes a second that it reads at most. */
uint64_t scrub_rate(const struct scrub *scrub);

#endif
