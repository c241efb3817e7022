/* test_thread.c - threads, locks and waiting. */
#include <string.h>

#include "base/clock.h"
#include "base/op.h"
#include "base/thread.h"
#include "lib/test.h"

enum { THREADS = 4, ROUNDS = 2000 };

struct shared {
	struct mutex mutex;
	struct mutex second;
	struct cond cond;
	long count;
	long other;
	bool go;
	int waiting;
};

static void
shared_init(struct shared *shared)
{
	memset(shared, 0, sizeof(*shared));
	mutex_init(&shared->mutex);
	mutex_init(&shared->second);
	cond_init(&shared->cond);
}

static void
shared_release(struct shared *shared)
{
	cond_release(&shared->cond);
	mutex_release(&shared->second);
	mutex_release(&shared->mutex);
}

/* Two guards in one block, each with a name of its own. */
static void
add_one(struct shared *shared)
{
	MUTEX_GUARD(&shared->mutex);
	MUTEX_GUARD(&shared->second);
	shared->count++;
	shared->other--;
}

static void
add_many(void *arg)
{
	int i;

	for (i = 0; i < ROUNDS; i++)
		add_one(arg);
}

static void
a_guard_lets_one_thread_in_at_a_time(void **state)
{
	struct thread threads[THREADS];
	struct shared shared;
	struct op op;
	int i;

	(void)state;
	op_init(&op);
	shared_init(&shared);
	for (i = 0; i < THREADS; i++)
		ASSERT_OK(&op,
		    thread_start(&op, &threads[i], "adder", add_many, &shared));
	for (i = 0; i < THREADS; i++)
		thread_join(&threads[i]);
	assert_int_equal(shared.count, THREADS * ROUNDS);
	assert_int_equal(shared.other, -THREADS * ROUNDS);
	/* Both were given back. */
	mutex_lock(&shared.mutex);
	mutex_lock(&shared.second);
	mutex_unlock(&shared.second);
	mutex_unlock(&shared.mutex);
	shared_release(&shared);
	op_release(&op);
}

static void
wait_for_go(void *arg)
{
	struct shared *shared = arg;
	MUTEX_GUARD(&shared->mutex);

	shared->waiting++;
	cond_broadcast(&shared->cond);
	while (!shared->go)
		cond_wait(&shared->cond, &shared->mutex);
	shared->count++;
}

static void
a_broadcast_wakes_all_who_wait(void **state)
{
	struct thread threads[THREADS];
	struct shared shared;
	struct op op;
	int i;

	(void)state;
	op_init(&op);
	shared_init(&shared);
	for (i = 0; i < THREADS; i++)
		ASSERT_OK(&op, thread_start(&op, &threads[i], "waiter",
				   wait_for_go, &shared));
	mutex_lock(&shared.mutex);
	while (shared.waiting < THREADS)
		cond_wait(&shared.cond, &shared.mutex);
	assert_int_equal(shared.count, 0);
	shared.go = true;
	cond_broadcast(&shared.cond);
	mutex_unlock(&shared.mutex);
	for (i = 0; i < THREADS; i++)
		thread_join(&threads[i]);
	assert_int_equal(shared.count, THREADS);
	shared_release(&shared);
	op_release(&op);
}

static void
a_wait_ends_at_its_deadline_and_not_before(void **state)
{
	int64_t deadline = clock_mono() + 30 * CLOCK_MS;
	struct shared shared;
	bool signalled = true;

	(void)state;
	shared_init(&shared);
	mutex_lock(&shared.mutex);
	/* It may wake for no reason; then it has to be before the deadline. */
	while (signalled) {
		signalled =
		    cond_wait_until(&shared.cond, &shared.mutex, deadline);
		assert_true(!signalled || clock_mono() < deadline + CLOCK_S);
	}
	assert_true(clock_mono() >= deadline);
	/* One that is over already comes back at once, with the mutex held. */
	assert_false(cond_wait_until(
	    &shared.cond, &shared.mutex, clock_mono() - CLOCK_S));
	mutex_unlock(&shared.mutex);
	shared_release(&shared);
}

static void
give_go(void *arg)
{
	struct shared *shared = arg;
	MUTEX_GUARD(&shared->mutex);

	shared->go = true;
	cond_signal(&shared->cond);
}

static void
a_signal_ends_a_wait_long_before_its_deadline(void **state)
{
	int64_t deadline = clock_mono() + 600 * CLOCK_S;
	struct thread thread;
	struct shared shared;
	struct op op;

	(void)state;
	op_init(&op);
	shared_init(&shared);
	mutex_lock(&shared.mutex);
	ASSERT_OK(&op, thread_start(&op, &thread, "giver", give_go, &shared));
	while (!shared.go)
		assert_true(
		    cond_wait_until(&shared.cond, &shared.mutex, deadline));
	mutex_unlock(&shared.mutex);
	assert_true(clock_mono() < deadline);
	thread_join(&thread);
	shared_release(&shared);
	op_release(&op);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_guard_lets_one_thread_in_at_a_time),
	    cmocka_unit_test(a_broadcast_wakes_all_who_wait),
	    cmocka_unit_test(a_wait_ends_at_its_deadline_and_not_before),
	    cmocka_unit_test(a_signal_ends_a_wait_long_before_its_deadline),
	};

	return cmocka_run_group_tests_name("thread", tests, NULL, NULL);
}
