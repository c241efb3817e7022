/* work.c - worker threads; the queue needs no bound, since each request has one
 * place in it. */
#include "base/work.h"

#include "base/mem.h"

struct work_pool {
	struct mutex mutex;
	struct cond cond;
	struct work *first;
	struct work **last;
	bool stopping;
	bool waking; /* somebody was woken and has not looked yet */
	unsigned n_waiting;
	unsigned n_threads;
	struct thread *threads;
};

/*
 * Under the lock: whether to wake one more. One at a time: whoever comes and
 * sees more than it takes wakes the next, so that a burst does not set all
 * threads running for what a few can do.
 */
static bool
wake_wanted(struct work_pool *pool)
{
	bool wake = pool->first != NULL && pool->n_waiting > 0 && !pool->waking;

	pool->waking = pool->waking || wake;
	return wake;
}

/* The next piece of work; NULL at the end. */
static struct work *
work_take(struct work_pool *pool)
{
	struct work *work;
	bool wake;

	mutex_lock(&pool->mutex);
	while (pool->first == NULL && !pool->stopping) {
		pool->n_waiting++;
		cond_wait(&pool->cond, &pool->mutex);
		pool->n_waiting--;
		pool->waking = false;
	}
	work = pool->first;
	if (work != NULL) {
		pool->first = work->next;
		if (pool->first == NULL)
			pool->last = &pool->first;
	}
	wake = wake_wanted(pool);
	mutex_unlock(&pool->mutex);
	if (wake)
		cond_signal(&pool->cond);
	return work;
}

static void
worker(void *arg)
{
	struct work_pool *pool = arg;
	struct work *work;

	while ((work = work_take(pool)) != NULL)
		work->run(work);
}

enum rc
work_pool_start(struct op *op, const char *name, unsigned threads,
    struct work_pool **ret_pool)
{
	struct work_pool *pool = mem_alloc(sizeof(*pool));
	enum rc rc = RC_OK;

	if (pool == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory for workers");
	mutex_init(&pool->mutex);
	cond_init(&pool->cond);
	pool->last = &pool->first;
	pool->threads = mem_alloc_array(threads, sizeof(*pool->threads));
	if (pool->threads == NULL)
		rc = op_fail(op, RC_NO_MEMORY, "out of memory for workers");
	while (rc == RC_OK && pool->n_threads < threads) {
		rc = thread_start(
		    op, &pool->threads[pool->n_threads], name, worker, pool);
		pool->n_threads += rc == RC_OK;
	}
	if (rc != RC_OK) {
		work_pool_stop(pool);
		return rc;
	}
	*ret_pool = pool;
	return RC_OK;
}

void
work_pool_add(struct work_pool *pool, struct work *work)
{
	bool wake;

	mutex_lock(&pool->mutex);
	work->next = NULL;
	*pool->last = work;
	pool->last = &work->next;
	wake = wake_wanted(pool);
	mutex_unlock(&pool->mutex);
	/* Not under the lock, on which the woken one would wait at once. */
	if (wake)
		cond_signal(&pool->cond);
}

void
work_pool_stop(struct work_pool *pool)
{
	unsigned i;

	if (pool == NULL)
		return;
	mutex_lock(&pool->mutex);
	pool->stopping = true;
	cond_broadcast(&pool->cond);
	mutex_unlock(&pool->mutex);
	for (i = 0; i < pool->n_threads; i++)
		thread_join(&pool->threads[i]);
	cond_release(&pool->cond);
	mutex_release(&pool->mutex);
	mem_free(pool->threads);
	mem_free(pool);
}
