/* work.h - a pool of worker threads with one queue. */
#ifndef DOZO_BASE_WORK_H
#define DOZO_BASE_WORK_H

#include "base/op.h"
#include "base/thread.h"

/* Lives in what it works for; in at most one queue at a time. It may be queued
 * again as soon as it runs. */
struct work {
	struct work *next;
	void (*run)(struct work *work);
};

struct work_pool;

/* Starts threads workers named name. RC_NO_MEMORY. Needs work_pool_stop. */
enum rc work_pool_start(struct op *op, const char *name, unsigned threads,
    struct work_pool **ret_pool) MUST_CHECK;

/* Queues it; any thread. Never fails, never waits. */
void work_pool_add(struct work_pool *pool, struct work *work);

/* Runs what is queued, ends the threads, frees the pool. Accepts NULL. */
void work_pool_stop(struct work_pool *pool);

#endif
