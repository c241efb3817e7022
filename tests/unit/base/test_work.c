/* test_work.c - a pool of workers. */
#include <stdatomic.h>

#include "base/op.h"
#include "base/work.h"
#include "lib/test.h"

enum { THREADS = 6, ITEMS = 500 };

struct item {
	struct work work;
	struct meeting *meeting;
};

/* Where those who wait for each other count themselves. */
struct meeting {
	struct mutex mutex;
	struct cond cond;
	int come;
	int wanted;
	struct item items[ITEMS];
};

static void
meeting_init(
    struct meeting *meeting, int wanted, void (*run)(struct work *work))
{
	size_t i;

	memset(meeting, 0, sizeof(*meeting));
	mutex_init(&meeting->mutex);
	cond_init(&meeting->cond);
	meeting->wanted = wanted;
	for (i = 0; i < ITEMS; i++) {
		meeting->items[i].meeting = meeting;
		meeting->items[i].work.run = run;
	}
}

static void
meeting_release(struct meeting *meeting)
{
	cond_release(&meeting->cond);
	mutex_release(&meeting->mutex);
}

static void
await(struct meeting *meeting)
{
	MUTEX_GUARD(&meeting->mutex);

	while (meeting->come < meeting->wanted)
		cond_wait(&meeting->cond, &meeting->mutex);
}

static void
come(struct work *work)
{
	struct meeting *meeting =
	    container_of(work, struct item, work)->meeting;
	MUTEX_GUARD(&meeting->mutex);

	meeting->come++;
	cond_broadcast(&meeting->cond);
}

static void
come_and_await(struct work *work)
{
	come(work);
	await(container_of(work, struct item, work)->meeting);
}

static void
work_that_waits_for_other_work_gets_a_thread_each(void **state)
{
	CLEANUP(op_release) struct op op;
	struct work_pool *pool;
	struct meeting meeting;
	int round;
	size_t i;

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, work_pool_start(&op, "test", THREADS, &pool));
	for (round = 0; round < 50; round++) {
		meeting_init(&meeting, THREADS, come_and_await);
		for (i = 0; i < THREADS; i++)
			work_pool_add(pool, &meeting.items[i].work);
		await(&meeting);
		/* The threads may still be inside the meeting. */
		work_pool_stop(pool);
		meeting_release(&meeting);
		ASSERT_OK(&op, work_pool_start(&op, "test", THREADS, &pool));
	}
	work_pool_stop(pool);
}

static void
what_was_queued_is_done_before_a_pool_stops(void **state)
{
	CLEANUP(op_release) struct op op;
	struct work_pool *pool;
	struct meeting meeting;
	size_t i;

	(void)state;
	op_init(&op);
	meeting_init(&meeting, ITEMS, come);
	ASSERT_OK(&op, work_pool_start(&op, "test", THREADS, &pool));
	for (i = 0; i < ITEMS; i++)
		work_pool_add(pool, &meeting.items[i].work);
	work_pool_stop(pool);
	assert_int_equal(meeting.come, ITEMS);
	meeting_release(&meeting);
}

struct again {
	struct work work;
	struct work_pool *pool;
	struct mutex mutex;
	struct cond cond;
	int left;
};

static void
run_again(struct work *work)
{
	struct again *again = container_of(work, struct again, work);
	bool more;

	mutex_lock(&again->mutex);
	more = --again->left > 0;
	cond_broadcast(&again->cond);
	mutex_unlock(&again->mutex);
	if (more)
		work_pool_add(again->pool, &again->work);
}

static void
work_may_be_queued_again_while_it_runs(void **state)
{
	CLEANUP(op_release) struct op op;
	struct again again = {.work.run = run_again, .left = ITEMS};

	(void)state;
	op_init(&op);
	mutex_init(&again.mutex);
	cond_init(&again.cond);
	ASSERT_OK(&op, work_pool_start(&op, "test", THREADS, &again.pool));
	work_pool_add(again.pool, &again.work);
	mutex_lock(&again.mutex);
	while (again.left > 0)
		cond_wait(&again.cond, &again.mutex);
	mutex_unlock(&again.mutex);
	work_pool_stop(again.pool);
	assert_int_equal(again.left, 0);
	cond_release(&again.cond);
	mutex_release(&again.mutex);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(work_that_waits_for_other_work_gets_a_thread_each),
	    cmocka_unit_test(what_was_queued_is_done_before_a_pool_stops),
	    cmocka_unit_test(work_may_be_queued_again_while_it_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
