/* test_sim.c - the simulation itself: its scheduler, its clock and its hosts.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/rand.h"
#include "base/thread.h"
#include "lib/test.h"
#include "model/check_site.h"
#include "model/sim_try.h"

/* ---- threads and time ---- */

static void
the_same_seed_gives_the_same_run(void **state)
{
	struct check_site options = {.no_tmpfile = true, .cut_below = true};
	struct sim_result a, b, other;
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 6; seed++) {
		sim_fork(seed, check_site_run, &options, 0, &a);
		sim_fork(seed, check_site_run, &options, 0, &b);
		sim_fork(seed + 100, check_site_run, &options, 0, &other);
		assert_true(a.ok);
		assert_true(a.hash == b.hash);
		assert_true(a.steps == b.steps);
		assert_true(a.elapsed == b.elapsed);
		assert_memory_equal(a.stats, b.stats, sizeof(a.stats));
		assert_true(a.hash != other.hash);
	}
}

struct pair {
	struct mutex a, b;
	struct cond cond;
	unsigned n;
};

static void
pair_init(struct pair *pair)
{
	mutex_init(&pair->a);
	mutex_init(&pair->b);
	cond_init(&pair->cond);
	pair->n = 0;
}

static void
wait_an_hour(void *arg)
{
	struct pair pair;
	int64_t end = clock_mono() + 3600 * CLOCK_S;
	int64_t wall = clock_wall();

	(void)arg;
	pair_init(&pair);
	mutex_lock(&pair.a);
	/* It may end early for nothing, but only a passed deadline says so. */
	while (cond_wait_until(&pair.cond, &pair.a, end))
		SIM_CHECK(clock_mono() < end, "late: true after the deadline");
	mutex_unlock(&pair.a);
	SIM_CHECK(clock_mono() >= end, "early: %lld", (long long)clock_mono());
	SIM_CHECK(clock_wall() - wall >= 3600 * CLOCK_S, "wall stands still");
}

static void
a_timed_wait_ends_at_its_simulated_deadline(void **state)
{
	struct sim_result result;
	int64_t before = (int64_t)time(NULL);

	(void)state;
	run_ok(1, wait_an_hour, &result);
	assert_true((int64_t)time(NULL) - before < 60);
	assert_true(result.elapsed >= 3600 * CLOCK_S);
}

static void
signal_later(void *arg)
{
	struct pair *pair = arg;

	sim_sleep(10 * CLOCK_S);
	mutex_lock(&pair->a);
	pair->n = 1;
	cond_signal(&pair->cond);
	mutex_unlock(&pair->a);
}

static void
be_signalled(void *arg)
{
	CLEANUP(op_release) struct op op;
	struct thread thread;
	struct pair pair;
	int64_t end = clock_mono() + 3600 * CLOCK_S;
	bool in_time = true;

	(void)arg;
	op_init(&op);
	pair_init(&pair);
	SIM_CHECK(
	    thread_start(&op, &thread, "signal", signal_later, &pair) == RC_OK,
	    "no thread");
	mutex_lock(&pair.a);
	while (pair.n == 0 && in_time)
		in_time = cond_wait_until(&pair.cond, &pair.a, end);
	mutex_unlock(&pair.a);
	SIM_CHECK(in_time && clock_mono() < end, "the signal was lost");
	thread_join(&thread);
	cond_release(&pair.cond);
	mutex_release(&pair.a);
}

static void
a_signal_ends_a_timed_wait(void **state)
{
	struct sim_result result;
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 40; seed++)
		run_ok(seed, be_signalled, &result);
}

static void
lock_both(struct mutex *first, struct mutex *second)
{
	mutex_lock(first);
	sim_wait_steps(50);
	mutex_lock(second);
	mutex_unlock(second);
	mutex_unlock(first);
}

static void
lock_b_a(void *arg)
{
	struct pair *pair = arg;

	lock_both(&pair->b, &pair->a);
}

static void
lock_crosswise(void *arg)
{
	CLEANUP(op_release) struct op op;
	struct thread thread;
	struct pair pair;

	(void)arg;
	op_init(&op);
	pair_init(&pair);
	SIM_CHECK(
	    thread_start(&op, &thread, "crosser", lock_b_a, &pair) == RC_OK,
	    "no thread");
	lock_both(&pair.a, &pair.b);
	thread_join(&thread);
}

static void
wait_for_nobody(void *arg)
{
	struct pair pair;

	(void)arg;
	pair_init(&pair);
	mutex_lock(&pair.a);
	for (;;)
		cond_wait(&pair.cond, &pair.a);
}

static void
a_deadlock_is_reported_with_who_waits_where(void **state)
{
	struct sim_result result;

	(void)state;
	sim_fork(1, lock_crosswise, NULL, 0, &result);
	assert_false(result.ok);
	assert_non_null(strstr(result.message, "deadlock"));
	assert_non_null(strstr(result.message, "0/main#0 (mutex of 0/crosser"));
	assert_non_null(strstr(result.message, "lock_both"));
}

static void
wait_for_nobody_calmly(void *arg)
{
	struct sim_odds odds = *sim_odds_get();

	odds.spurious = 0; /* or it would wake now and then */
	sim_odds_set(&odds);
	wait_for_nobody(arg);
}

static void
a_wait_that_nobody_ends_is_a_deadlock(void **state)
{
	(void)state;
	run_fails(wait_for_nobody_calmly, "deadlock");
}

static void
unlock_unheld(void *arg)
{
	struct pair pair;

	(void)arg;
	pair_init(&pair);
	mutex_unlock(&pair.a);
}

static void
lock_uninitialised(void *arg)
{
	struct mutex mutex;

	(void)arg;
	memset(&mutex, 0, sizeof(mutex));
	mutex_lock(&mutex);
}

static void
loop_for_ever(void *arg)
{
	(void)arg;
	sim_limit(5000);
	for (;;)
		sim_yield();
}

static void
crash(void *arg)
{
	(void)arg;
	abort();
}

static void
misuse_endless_runs_and_crashes_are_failures(void **state)
{
	(void)state;
	run_fails(unlock_unheld, "not held by 0/main#0 at unlock_unheld");
	run_fails(lock_uninitialised, "no mutex");
	run_fails(loop_for_ever, "endless");
	run_fails(crash, "crash");
}

static void
break_a_promise(void *arg)
{
	(void)arg;
	sim_violation("lost: what was promised");
}

static void
break_the_harness(void *arg)
{
	(void)arg;
	sim_violation("harness: it does not know what to do");
}

static int
drive_planted(void (*body)(void *arg))
{
	const struct sim_variant variant = {"planted", body, NULL, true};
	char program[] = "test_sim", runs[] = "3";
	char *arguments[] = {program, runs, NULL};

	return sim_driver(2, arguments, &variant, 1);
}

static void
only_a_broken_promise_finds_a_planted_fault(void **state)
{
	(void)state;
	assert_int_equal(drive_planted(break_a_promise), 0);
	assert_int_equal(drive_planted(wait_an_hour), 1);
	assert_int_equal(drive_planted(break_the_harness), 1);
	assert_int_equal(drive_planted(wait_for_nobody_calmly), 1);
	assert_int_equal(drive_planted(unlock_unheld), 1);
	assert_int_equal(drive_planted(loop_for_ever), 1);
	assert_int_equal(drive_planted(crash), 1);
}

/* Two threads add without a lock, and yield between reading and writing. */
static void
add_unlocked(void *arg)
{
	struct pair *pair = arg;
	unsigned i;

	for (i = 0; i < 20; i++) {
		unsigned n = pair->n;

		sim_yield();
		pair->n = n + 1;
	}
}

static void
race(void *arg)
{
	struct pair pair;

	(void)arg;
	pair_init(&pair);
	sim_spawn(1, "a", add_unlocked, &pair);
	sim_spawn(2, "b", add_unlocked, &pair);
	sim_host_join(1);
	sim_host_join(2);
	if (pair.n != 40)
		sim_count("lost updates", 1);
}

static void
seeds_find_interleavings(void **state)
{
	unsigned n = runs_with(race, "lost updates");

	(void)state;
	assert_in_range(n, SEEDS / 2, SEEDS);
}

static void
count_up(void *arg)
{
	struct pair *pair = arg;

	for (;;) {
		pair->n++;
		sim_yield();
	}
}

static void
pause_and_kill(void *arg)
{
	struct pair pair;
	unsigned n;

	(void)arg;
	pair_init(&pair);
	sim_spawn(3, "counter", count_up, &pair);
	sim_wait_steps(2000);
	sim_pause_host(3);
	n = pair.n;
	SIM_CHECK(n > 0, "it never ran");
	sim_sleep(CLOCK_S);
	SIM_CHECK(pair.n == n, "a paused host ran");
	sim_resume_host(3);
	sim_wait_steps(2000);
	SIM_CHECK(pair.n > n, "a resumed host did not run");
	sim_kill_host(3);
	n = pair.n;
	sim_sleep(CLOCK_S);
	SIM_CHECK(pair.n == n && sim_host_threads(3) == 0, "a killed host ran");
}

static void
paused_hosts_rest_and_killed_hosts_are_gone(void **state)
{
	struct sim_result result;
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 40; seed++)
		run_ok(seed, pause_and_kill, &result);
}

/* What one host sees of its clocks. */
struct clocks {
	char boot_id[CLOCK_BOOT_ID_SIZE];
	int64_t boot;
	int64_t wall;
	bool synchronised;
	uint8_t bytes[16];
};

static void
read_clocks(void *arg)
{
	struct clocks *clocks = arg;

	clock_boot_id(clocks->boot_id);
	clocks->boot = clock_boot();
	clocks->wall = clock_wall();
	clocks->synchronised = clock_synchronised();
	rand_bytes(clocks->bytes, sizeof(clocks->bytes));
}

static void
reboot(void *arg)
{
	struct clocks first, second;

	(void)arg;
	sim_sleep(100 * CLOCK_S);
	sim_spawn(1, "clocks", read_clocks, &first);
	sim_host_join(1);
	sim_reboot_host(1);
	sim_host_wall(1, -50 * CLOCK_S, false);
	sim_spawn(1, "clocks", read_clocks, &second);
	sim_host_join(1);
	SIM_CHECK(strcmp(first.boot_id, second.boot_id) != 0, "one boot id");
	SIM_CHECK(second.boot < first.boot, "the boot clock went on");
	SIM_CHECK(second.wall < first.wall, "the wall clock was not set");
	SIM_CHECK(first.synchronised && !second.synchronised, "synchronised");
	SIM_CHECK(memcmp(first.bytes, second.bytes, 16) != 0, "one id twice");
}

static void
a_reboot_gives_new_clocks(void **state)
{
	struct sim_result result;

	(void)state;
	run_ok(1, reboot, &result);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_same_seed_gives_the_same_run),
	    cmocka_unit_test(a_timed_wait_ends_at_its_simulated_deadline),
	    cmocka_unit_test(a_signal_ends_a_timed_wait),
	    cmocka_unit_test(a_deadlock_is_reported_with_who_waits_where),
	    cmocka_unit_test(a_wait_that_nobody_ends_is_a_deadlock),
	    cmocka_unit_test(misuse_endless_runs_and_crashes_are_failures),
	    cmocka_unit_test(only_a_broken_promise_finds_a_planted_fault),
	    cmocka_unit_test(seeds_find_interleavings),
	    cmocka_unit_test(paused_hosts_rest_and_killed_hosts_are_gone),
	    cmocka_unit_test(a_reboot_gives_new_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
