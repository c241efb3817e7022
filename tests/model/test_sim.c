/* test_sim.c - the simulation itself: its scheduler, its clock and its disks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/rand.h"
#include "base/thread.h"
#include "lib/test.h"
#include "model/check_site.h"
#include "model/sim.h"
#include "store/site.h"

enum { SEEDS = 200 };

static uint64_t
stat_of(const struct sim_result *result, const char *name)
{
	size_t i;

	for (i = 0; i < SIM_STATS; i++)
		if (strcmp(result->stats[i].name, name) == 0)
			return result->stats[i].value;
	return 0;
}

static void
run_ok(uint64_t seed, void (*body)(void *arg), struct sim_result *ret_result)
{
	sim_fork(seed, body, NULL, 60, ret_result);
	if (!ret_result->ok)
		fail_msg("seed %llu: %s", (unsigned long long)seed,
		    ret_result->message);
}

/* How many of SEEDS runs count name at least once; all have to pass. */
static unsigned
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

static void
run_fails(void (*body)(void *arg), const char *kind)
{
	struct sim_result result;

	sim_fork(1, body, NULL, 0, &result);
	assert_false(result.ok);
	if (strstr(result.message, kind) == NULL)
		fail_msg("expected %s: %s", kind, result.message);
}

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

/* ---- disks ---- */

static struct sim_disk *disk;

static void
must(struct op *op, enum rc rc)
{
	SIM_CHECK(rc == RC_OK, "call: %s", op_error(op, rc));
}

/* A file of 3000 bytes of 'x', each step as asked; the folder "f" is durable.
 */
static int
make(struct op *op, bool sync_file, bool sync_folder)
{
	CLEANUP(io_tmp_discard) struct io_tmp tmp = IO_TMP_NONE;
	CLEANUP(io_close) int root = -1;
	uint8_t bytes[3000];
	int fd = -1;

	memset(bytes, 'x', sizeof(bytes));
	must(op, io_open_root(op, "/sim/d", &root));
	must(op, io_open_dir(op, root, "f", true, &fd));
	must(op, io_tmp_create(op, fd, false, &tmp));
	must(op, io_tmp_write(op, &tmp, span_of(bytes, sizeof(bytes))));
	if (sync_file)
		must(op, io_sync_file(op, tmp.fd));
	must(op, io_tmp_link(op, &tmp, "name"));
	if (sync_folder)
		must(op, io_sync_dir(op, fd));
	return fd;
}

/* Counts what stands under a name. */
static void
count_state(const char *path)
{
	struct span bytes;
	size_t i;

	if (sim_disk_look(disk, path, &bytes) < SIM_SEEN) {
		sim_count("absent", 1);
		return;
	}
	for (i = 0; i < bytes.size && bytes.data[i] == 'x'; i++)
		;
	sim_count(i == 3000 && bytes.size == 3000 ? "whole" : "garbage", 1);
}

static void
cut(int fd)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(io_close) int open_fd = fd;

	op_init(&op);
	sim_disk_power_cut(disk);
	SIM_CHECK(io_sync_dir(&op, open_fd) == RC_IO,
	    "stale: an open file survives a power cut");
	count_state("f/name");
}

static void
cut_unsynced_name(void *arg)
{
	CLEANUP(op_release) struct op op;
	int fd;

	(void)arg;
	op_init(&op);
	disk = sim_disk_new("/sim/d");
	fd = make(&op, true, false);
	SIM_CHECK(sim_disk_look(disk, "f/name", NULL) == SIM_SEEN, "seen");
	cut(fd);
}

static void
an_unsynced_name_is_lost_in_half_of_the_power_cuts(void **state)
{
	(void)state;
	assert_in_range(runs_with(cut_unsynced_name, "whole"), 70, 130);
	assert_int_equal(runs_with(cut_unsynced_name, "garbage"), 0);
}

static void
cut_unsynced_bytes(void *arg)
{
	CLEANUP(op_release) struct op op;
	int fd;

	(void)arg;
	op_init(&op);
	disk = sim_disk_new("/sim/d");
	fd = make(&op, false, true);
	SIM_CHECK(sim_disk_look(disk, "f/name", NULL) == SIM_SEEN, "seen");
	cut(fd);
}

static void
unsynced_bytes_are_mostly_garbage_after_a_power_cut(void **state)
{
	(void)state;
	assert_int_equal(runs_with(cut_unsynced_bytes, "absent"), 0);
	assert_in_range(runs_with(cut_unsynced_bytes, "garbage"), 140, 199);
}

static void
cut_synced(void *arg)
{
	CLEANUP(op_release) struct op op;
	int fd;

	(void)arg;
	op_init(&op);
	disk = sim_disk_new("/sim/d");
	fd = make(&op, true, true);
	SIM_CHECK(sim_disk_look(disk, "f/name", NULL) == SIM_DURABLE, "seen");
	cut(fd);
}

static void
what_was_synced_survives_every_power_cut(void **state)
{
	(void)state;
	assert_int_equal(runs_with(cut_synced, "whole"), SEEDS);
}

static void
cut_after_unlink(bool sync)
{
	CLEANUP(op_release) struct op op;
	int fd;

	op_init(&op);
	disk = sim_disk_new("/sim/d");
	fd = make(&op, true, true);
	must(&op, io_unlink(&op, fd, "name"));
	SIM_CHECK(sim_disk_look(disk, "f/name", NULL) == SIM_GHOST, "no ghost");
	if (sync)
		must(&op, io_sync_dir(&op, fd));
	cut(fd);
}

static void
cut_unsynced_deletion(void *arg)
{
	(void)arg;
	cut_after_unlink(false);
}

static void
cut_synced_deletion(void *arg)
{
	(void)arg;
	cut_after_unlink(true);
}

static void
an_unsynced_deletion_may_come_back(void **state)
{
	(void)state;
	assert_in_range(runs_with(cut_unsynced_deletion, "whole"), 70, 130);
	assert_int_equal(runs_with(cut_synced_deletion, "absent"), SEEDS);
}

static void
cut_rename(void *arg)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(io_close) int to = -1;
	bool a, b;
	int fd;

	(void)arg;
	op_init(&op);
	disk = sim_disk_new("/sim/d");
	fd = make(&op, true, true);
	must(&op, io_open_dir(&op, fd, "g", true, &to));
	must(&op, io_rename(&op, fd, "name", to, "moved"));
	SIM_CHECK(
	    io_rename(&op, to, "moved", to, "moved") == RC_EXISTS, "exists");
	cut(fd);
	a = sim_disk_look(disk, "f/name", NULL) == SIM_DURABLE;
	b = sim_disk_look(disk, "f/g/moved", NULL) == SIM_DURABLE;
	SIM_CHECK(a != b, "half: a rename was cut in two");
	sim_count(a ? "undone" : "done", 1);
}

static void
a_rename_is_done_or_undone_as_one(void **state)
{
	(void)state;
	assert_in_range(runs_with(cut_rename, "undone"), 70, 130);
}

static void
cut_lost_sync(void *arg)
{
	static const struct sim_faults losing = {.sync_lost = 10000};
	static const struct sim_faults none = {0};
	CLEANUP(op_release) struct op op;
	CLEANUP(io_close) int file = -1;
	int fd;

	(void)arg;
	op_init(&op);
	disk = sim_disk_new("/sim/d");
	fd = make(&op, false, true);
	must(&op, io_open_read(&op, fd, "name", &file));
	sim_disk_faults(disk, &losing);
	SIM_CHECK(io_sync_file(&op, file) == RC_IO, "the sync passed");
	op_clear_error(&op);
	sim_disk_faults(disk, &none);
	must(&op, io_sync_file(&op, file)); /* as the kernel's does */
	SIM_CHECK(sim_disk_look(disk, "f/name", NULL) == SIM_SEEN, "durable");
	cut(fd);
}

static void
bytes_of_a_failed_sync_are_lost_though_the_next_one_passes(void **state)
{
	(void)state;
	assert_int_equal(runs_with(cut_lost_sync, "garbage"), SEEDS);
}

static void
cut_stuck_sync(void *arg)
{
	static const struct sim_faults stuck = {.sync_stuck = 10000};
	static const struct sim_faults none = {0};
	CLEANUP(op_release) struct op op;
	CLEANUP(io_close) int other = -1;
	int fd;

	(void)arg;
	op_init(&op);
	disk = sim_disk_new("/sim/d");
	fd = make(&op, true, false);
	sim_disk_faults(disk, &stuck);
	SIM_CHECK(io_sync_dir(&op, fd) == RC_IO, "the sync passed");
	op_clear_error(&op);
	sim_disk_faults(disk, &none);
	must(&op, io_sync_dir(&op, fd));
	SIM_CHECK(sim_disk_look(disk, "f/name", NULL) == SIM_SEEN, "durable");
	if (sim_chance(5000)) {
		must(&op, io_open_dir(&op, fd, "g", true, &other));
		sim_count("new name", 1);
		SIM_CHECK(sim_disk_look(disk, "f/name", NULL) == SIM_DURABLE,
		    "stuck: a new name did not write the folder again");
	}
	cut(fd);
	sim_count("cuts", 1);
}

static void
names_of_a_failed_sync_wait_for_the_next_change_of_the_folder(void **state)
{
	unsigned synced = runs_with(cut_stuck_sync, "new name");

	(void)state;
	assert_in_range(synced, 70, 130);
	assert_int_equal(runs_with(cut_stuck_sync, "whole"), synced);
}

/* ---- answers that lie ---- */

static void
link_once(void *arg)
{
	CLEANUP(io_tmp_discard) struct io_tmp tmp = IO_TMP_NONE;
	CLEANUP(io_close) int root = -1;
	CLEANUP(op_release) struct op op;

	(void)arg;
	op_init(&op);
	must(&op, io_open_root(&op, "/sim/d", &root));
	must(&op, io_tmp_create(&op, root, false, &tmp));
	SIM_CHECK(io_tmp_link(&op, &tmp, "name") == RC_IO, "it was answered");
	for (;;)
		sim_yield();
}

static void
lose_answer(void *arg)
{
	static const struct sim_faults faults = {.lost_answer = 10000};

	(void)arg;
	disk = sim_disk_new("/sim/d");
	sim_disk_faults(disk, &faults);
	sim_spawn(1, "linker", link_once, NULL);
	sim_wait_steps(3000);
	SIM_CHECK(sim_disk_look(disk, "name", NULL) == SIM_SEEN, "not there");
}

static void
told(void *arg, enum sim_event event, struct sim_disk *where, const char *path,
    struct span bytes)
{
	unsigned *n = arg;

	SIM_CHECK(event == SIM_LINKED && where == disk &&
		      strcmp(path, "name") == 0 && bytes.size == 0,
	    "told of something else: %s", path);
	++*n;
}

static void
be_late(void *arg)
{
	static const struct sim_faults faults = {.late_put = 10000};
	unsigned n = 0;

	(void)arg;
	disk = sim_disk_new("/sim/d");
	sim_disk_faults(disk, &faults);
	sim_watch(told, &n);
	sim_spawn(1, "linker", link_once, NULL);
	while (sim_disk_late(disk) == 0 && n == 0)
		sim_yield();
	if (n == 0) {
		sim_kill_host(1);
		SIM_CHECK(sim_disk_look(disk, "name", NULL) == SIM_ABSENT,
		    "in time: it stands there before it is late");
		sim_count("killed before", 1);
	}
	while (n == 0)
		sim_yield();
	SIM_CHECK(sim_disk_look(disk, "name", NULL) >= SIM_SEEN, "not there");
}

static void
a_put_may_be_done_without_an_answer_or_late(void **state)
{
	struct sim_result result;

	(void)state;
	run_ok(1, lose_answer, &result);
	assert_in_range(runs_with(be_late, "killed before"), 100, SEEDS);
}

static void
lock_file(void *arg)
{
	CLEANUP(io_close) int root = -1;
	CLEANUP(op_release) struct op op;
	int fd = -1;

	(void)arg;
	op_init(&op);
	must(&op, io_open_root(&op, "/sim/d", &root));
	must(&op, io_lock(&op, root, "lock", &fd));
	sim_count("locked", 1);
	for (;;)
		sim_yield();
}

static void
lock_and_kill(void *arg)
{
	CLEANUP(io_close) int root = -1;
	CLEANUP(io_close) int fd = -1;
	CLEANUP(op_release) struct op op;

	(void)arg;
	op_init(&op);
	disk = sim_disk_new("/sim/d");
	sim_spawn(1, "locker", lock_file, NULL);
	sim_wait_steps(3000);
	must(&op, io_open_root(&op, "/sim/d", &root));
	SIM_CHECK(io_lock(&op, root, "lock", &fd) == RC_BUSY, "not locked");
	op_clear_error(&op);
	sim_kill_host(1);
	must(&op, io_lock(&op, root, "lock", &fd));
}

static void
a_killed_host_releases_its_file_locks(void **state)
{
	struct sim_result result;

	(void)state;
	run_ok(1, lock_and_kill, &result);
	assert_int_equal(stat_of(&result, "locked"), 1);
}

static void
put_names(void *arg)
{
	(void)arg;
	sim_disk_write(disk, "f/b", span_str("b"));
	sim_yield();
	sim_disk_delete(disk, "f/a");
}

static enum rc
see(void *arg, struct op *op, const char *name)
{
	(void)arg;
	(void)op;
	sim_count(name, 1);
	return RC_OK;
}

static void
list_meanwhile(void *arg)
{
	CLEANUP(io_close) int root = -1;
	CLEANUP(io_close) int fd = -1;
	CLEANUP(op_release) struct op op;

	(void)arg;
	op_init(&op);
	disk = sim_disk_new("/sim/d");
	sim_disk_write(disk, "f/a", span_str("a"));
	sim_disk_write(disk, "f/stays", span_str("s"));
	must(&op, io_open_root(&op, "/sim/d", &root));
	must(&op, io_open_dir(&op, root, "f", false, &fd));
	sim_spawn(1, "names", put_names, NULL);
	must(&op, io_list(&op, fd, see, NULL));
	sim_host_join(1);
}

static void
a_listing_may_or_may_not_show_what_changes_meanwhile(void **state)
{
	(void)state;
	assert_int_equal(runs_with(list_meanwhile, "stays"), SEEDS);
	assert_in_range(runs_with(list_meanwhile, "a"), 10, SEEDS - 10);
	assert_in_range(runs_with(list_meanwhile, "b"), 10, SEEDS - 10);
}

static void
fill_and_rot(void *arg)
{
	CLEANUP(io_tmp_discard) struct io_tmp tmp = IO_TMP_NONE;
	CLEANUP(io_close) int root = -1;
	CLEANUP(op_release) struct op op;
	struct sim_image *image;
	static uint8_t bytes[8192];
	struct span seen;
	char path[64];

	(void)arg;
	op_init(&op);
	disk = sim_disk_new("/sim/d");
	sim_disk_write(disk, "f/a", span_of(bytes, 100));
	image = sim_disk_save(disk);
	SIM_CHECK(!sim_disk_rot(disk, "g/", path, sizeof(path)), "g rots");
	SIM_CHECK(sim_disk_rot(disk, "f/", path, sizeof(path)), "no rot");
	(void)sim_disk_look(disk, "f/a", &seen);
	SIM_CHECK(strcmp(path, "f/a") == 0 && seen.size == 100 &&
		      memcmp(seen.data, bytes, 100) != 0,
	    "no bit flipped in %s", path);
	sim_disk_restore(disk, image);
	(void)sim_disk_look(disk, "f/a", &seen);
	SIM_CHECK(memcmp(seen.data, bytes, 100) == 0, "not rolled back");

	sim_disk_space(disk, sim_disk_used(disk) + 5000);
	must(&op, io_open_root(&op, "/sim/d", &root));
	must(&op, io_tmp_create(&op, root, false, &tmp));
	SIM_CHECK(io_tmp_write(&op, &tmp, span_of(bytes, sizeof(bytes))) ==
		      RC_NO_SPACE,
	    "written to a full disk");
	SIM_CHECK(sim_disk_used(disk) == 5100, "the rest was not written");
	io_tmp_discard(&tmp);
	SIM_CHECK(sim_disk_used(disk) == 100, "the space is not free again");
}

static void
disks_fill_up_rot_and_are_rolled_back(void **state)
{
	struct sim_result result;

	(void)state;
	run_ok(1, fill_and_rot, &result);
}

static void
use_sandbox(void *arg)
{
	char from[128], to[128];
	CLEANUP(io_close) int root = -1;
	CLEANUP(io_close) int fd = -1;
	CLEANUP(op_release) struct op op;

	(void)arg;
	op_init(&op);
	(void)snprintf(from, sizeof(from), "%s/one", sim_sandbox());
	(void)snprintf(to, sizeof(to), "%s/two", sim_sandbox());
	must(&op, io_open_root(&op, sim_sandbox(), &root));
	must(&op, io_open_dir(&op, root, "one/db", true, &fd));
	must(&op, io_write_file(&op, fd, "a", span_str("real"), 0600));
	must(&op, io_write_file(&op, fd, "a-shm", span_str("shm"), 0600));
	sim_sandbox_copy(from, to);
	sim_sandbox_tear(from);
	io_close(&fd);
	must(&op, io_open_dir(&op, root, "two/db", false, &fd));
	io_close(&root);
	must(&op, io_open_read(&op, fd, "a", &root));
	io_close(&root);
	SIM_CHECK(
	    io_open_read(&op, fd, "a-shm", &root) == RC_NOT_FOUND, "-shm");
}

static void
real_files_work_beside_simulated_ones(void **state)
{
	struct sim_result result;

	(void)state;
	run_ok(1, use_sandbox, &result);
}

/* ---- the real site_dir.c ---- */

static const uint8_t service[OBJECT_ID_SIZE] = {1};
static const uint8_t id[OBJECT_ID_SIZE] = {2};
static const struct object_name object = {"log/1", "name"};
static unsigned kill_at;

static void
kill_here(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	if (kill_at > 0 && --kill_at == 0)
		sim_kill_host(sim_host());
}

static struct site *
site_at(struct op *op)
{
	struct site *site = NULL;

	must(op, site_open(op, "dir:/sim/d", service, id, "d", &site));
	must(op, site_attach(op, site));
	return site;
}

static void
put_one(void *arg)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(site_close_ptr) struct site *site = NULL;

	(void)arg;
	op_init(&op);
	site = site_at(&op);
	must(&op, site_put(&op, site, &object, span_str("all the bytes")));
	sim_count("acknowledged", 1);
}

static void
kill_amid_put(void *arg)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(site_close_ptr) struct site *site = NULL;
	struct span bytes;

	(void)arg;
	op_init(&op);
	disk = sim_disk_new("/sim/d");
	must(&op, site_create(&op, "dir:/sim/d", service, id, "d"));
	site = site_at(&op);
	must(&op, site_prepare(&op, site, "log/1"));
	if (sim_chance(5000)) { /* at a failpoint, or at any step */
		kill_at = 1 + (unsigned)sim_random(3);
		sim_on_failpoint(kill_here, NULL);
		sim_spawn(1, "putter", put_one, NULL);
		sim_host_join(1);
	} else {
		sim_spawn(1, "putter", put_one, NULL);
		sim_wait_steps(sim_random(25));
		sim_kill_host(1);
	}
	if (sim_disk_look(disk, "log/1/name", NULL) == SIM_SEEN)
		sim_count("linked", 1);
	sim_disk_power_cut(disk);
	if (sim_disk_look(disk, "log/1/name", &bytes) != SIM_ABSENT) {
		sim_count("stands", 1);
		SIM_CHECK(span_equal(bytes, span_str("all the bytes")),
		    "wrong bytes: %zu of them", bytes.size);
	}
	sim_on_failpoint(NULL, NULL);
	put_one(NULL);
}

static void
a_kill_amid_a_put_leaves_nothing_or_all(void **state)
{
	(void)state;
	assert_in_range(runs_with(kill_amid_put, "linked"), 10, SEEDS - 10);
	assert_in_range(runs_with(kill_amid_put, "stands"), 10, SEEDS - 10);
}

static enum rc
attach_while(struct op *op, struct site *site, enum sim_mount mount)
{
	enum rc rc;

	sim_disk_mount(disk, mount);
	SIM_CHECK(mount == SIM_MOUNTED || site_verify(op, site) != RC_OK,
	    "verified while %d", (int)mount);
	op_clear_error(op);
	rc = site_attach(op, site);
	op_clear_error(op);
	return rc;
}

static void
see_mounts(void *arg)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(site_close_ptr) struct site *site = NULL;

	(void)arg;
	op_init(&op);
	disk = sim_disk_new("/sim/d");
	must(&op, site_create(&op, "dir:/sim/d", service, id, "d"));
	site = site_at(&op);
	SIM_CHECK(attach_while(&op, site, SIM_FAILING) == RC_IO, "failing");
	SIM_CHECK(
	    attach_while(&op, site, SIM_UNMOUNTED) == RC_NOT_FOUND, "away");
	SIM_CHECK(attach_while(&op, site, SIM_BARE) == RC_NOT_FOUND, "bare");
	SIM_CHECK(attach_while(&op, site, SIM_MOUNTED) == RC_OK, "back");
	sim_disk_network(disk, true);
	SIM_CHECK(attach_while(&op, site, SIM_MOUNTED) == RC_REFUSED, "nfs");
	sim_disk_network(disk, false);
	sim_disk_delete(disk, "site.id");
	SIM_CHECK(site_verify(&op, site) == RC_IO, "site.id");
}

static void
a_site_that_is_away_is_noticed(void **state)
{
	struct sim_result result;

	(void)state;
	run_ok(1, see_mounts, &result);
}

static void
a_directory_site_keeps_its_promises(void **state)
{
	static struct check_site judges[] = {
	    {.puts = true, .lists = true, .removes = true, .cut_below = true},
	    {.outcomes_only = true,
		.puts = true,
		.lists = true,
		.removes = true,
		.no_tmpfile = true,
		.cut_below = true},
	};
	struct sim_result result;
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= SEEDS; seed++) {
		sim_fork(seed, check_site_run, &judges[seed % 2], 60, &result);
		if (!result.ok)
			fail_msg("seed %llu: %s", (unsigned long long)seed,
			    result.message);
	}
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
	    cmocka_unit_test(seeds_find_interleavings),
	    cmocka_unit_test(paused_hosts_rest_and_killed_hosts_are_gone),
	    cmocka_unit_test(a_reboot_gives_new_clocks),
	    cmocka_unit_test(
		an_unsynced_name_is_lost_in_half_of_the_power_cuts),
	    cmocka_unit_test(
		unsynced_bytes_are_mostly_garbage_after_a_power_cut),
	    cmocka_unit_test(what_was_synced_survives_every_power_cut),
	    cmocka_unit_test(an_unsynced_deletion_may_come_back),
	    cmocka_unit_test(a_rename_is_done_or_undone_as_one),
	    cmocka_unit_test(
		bytes_of_a_failed_sync_are_lost_though_the_next_one_passes),
	    cmocka_unit_test(
		names_of_a_failed_sync_wait_for_the_next_change_of_the_folder),
	    cmocka_unit_test(a_put_may_be_done_without_an_answer_or_late),
	    cmocka_unit_test(a_killed_host_releases_its_file_locks),
	    cmocka_unit_test(
		a_listing_may_or_may_not_show_what_changes_meanwhile),
	    cmocka_unit_test(disks_fill_up_rot_and_are_rolled_back),
	    cmocka_unit_test(real_files_work_beside_simulated_ones),
	    cmocka_unit_test(a_kill_amid_a_put_leaves_nothing_or_all),
	    cmocka_unit_test(a_site_that_is_away_is_noticed),
	    cmocka_unit_test(a_directory_site_keeps_its_promises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
