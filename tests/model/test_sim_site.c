/* test_sim_site.c - a directory site on a simulated disk. */

#include "lib/test.h"
#include "model/check_site.h"
#include "model/sim_try.h"
#include "store/site.h"

static const uint8_t service[OBJECT_ID_SIZE] = {1};
static const uint8_t id[OBJECT_ID_SIZE] = {2};
static const struct object_name object = {"log/1", "name"};
static struct sim_disk *disk;
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
	    cmocka_unit_test(a_kill_amid_a_put_leaves_nothing_or_all),
	    cmocka_unit_test(a_site_that_is_away_is_noticed),
	    cmocka_unit_test(a_directory_site_keeps_its_promises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
