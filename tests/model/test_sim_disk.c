/* test_sim_disk.c - the simulation's disks. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "lib/test.h"
#include "model/sim_try.h"

/* ---- disks ---- */

static struct sim_disk *disk;

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

/* ---- one host's way to a disk ---- */

static enum rc open_rc[3], write_rc[3]; /* by host */

static void
write_main(void *arg)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(io_close) int root = -1;
	CLEANUP(io_close) int fd = -1;
	enum rc rc;

	op_init(&op);
	rc = open_rc[sim_host()] = io_open_root(&op, "/sim/d", &root);
	if (rc == RC_OK)
		rc = io_open_dir(&op, root, "f", true, &fd);
	if (rc == RC_OK)
		rc = io_write_file(&op, fd, arg, span_str("x"), 0600);
	write_rc[sim_host()] = rc;
}

static void
write_by(int host, const char *name)
{
	write_rc[host] = RC_BUSY;
	sim_spawn(host, "write", write_main, (void *)(uintptr_t)name);
}

static void
bar_and_cut_off(void *arg)
{
	(void)arg;
	disk = sim_disk_new("/sim/d");
	sim_disk_cut_off(disk, 1, true);
	write_by(1, "a");
	write_by(2, "b");
	sim_host_join(1);
	sim_host_join(2);
	SIM_CHECK(open_rc[1] == RC_IO, "reached what it is cut off from");
	SIM_CHECK(write_rc[2] == RC_OK, "the other one is cut off too");

	sim_disk_cut_off(disk, 1, false);
	sim_disk_bar(disk, 1, "f", SIM_FAILS);
	write_by(1, "c");
	sim_host_join(1);
	SIM_CHECK(write_rc[1] == RC_IO, "gave a name that it may not");
	SIM_CHECK(sim_disk_look(disk, "f/c", NULL) == SIM_ABSENT, "f/c");

	sim_disk_bar(disk, 1, "f", SIM_HANGS);
	write_by(1, "d");
	sim_sleep(3600 * CLOCK_S);
	SIM_CHECK(sim_disk_hanging(disk, 1) == 1, "does not hang");
	SIM_CHECK(sim_disk_hanging(disk, 2) == 0, "the other one hangs too");
	sim_disk_bar(disk, 1, "", SIM_OPEN);
	sim_host_join(1);
	SIM_CHECK(write_rc[1] == RC_OK, "does not go on");

	sim_disk_bar(disk, 1, "f", SIM_HANGS);
	write_by(1, "e");
	sim_sleep(CLOCK_S);
	sim_kill_host(1);
	sim_disk_bar(disk, 1, "", SIM_OPEN);
	sim_sleep(CLOCK_S);
	SIM_CHECK(sim_disk_hanging(disk, 1) == 0, "the dead hang");
	SIM_CHECK(sim_disk_look(disk, "f/e", NULL) == SIM_ABSENT, "f/e");
}

static void
a_host_is_cut_off_or_hangs_where_others_go_on(void **state)
{
	struct sim_result result;
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 20; seed++)
		run_ok(seed, bar_and_cut_off, &result);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
	    cmocka_unit_test(a_host_is_cut_off_or_hangs_where_others_go_on),
	    cmocka_unit_test(real_files_work_beside_simulated_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
