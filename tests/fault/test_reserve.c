/* test_reserve.c - the last of a disk is kept for what frees space (LOG.md
 * L14): uploads stop before it, deletes and purges go on, and a full site can
 * be emptied. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/purge.h"
#include "core/state.h"
#include "load.h"

enum { TOKYO, OSAKA, SENDAI, FILES = 10 };

/* A failed test leaves threads, a service that goes on, and maybe a mount. */
static int
leave(void **state)
{
	(void)state;
	load_abandon();
	return 0;
}

static void
shell(struct world *w, const char *command)
{
	fixture_shell(&w->f, command);
}

static void
set_reserve(struct world *w, uint64_t bytes)
{
	w->f.service->config.reserve_bytes = bytes;
}

static uint64_t
free_on(struct world *w, size_t site)
{
	struct io_space space;

	sites_look_at_space(&w->op, w->f.service->config.sites);
	sites_space(w->f.service->config.sites, site, &space);
	assert_true(space.total > 0);
	return space.free;
}

static bool
site_is_low(struct world *w, size_t site)
{
	return site_set_has(reserve_low_sites(w->f.service), site);
}

static bool
site_is_not_low(struct world *w, size_t site)
{
	return !site_is_low(w, site);
}

static void
state_of(struct world *w, struct state *state)
{
	ASSERT_OK(&w->op, state_get(&w->op, w->f.service, false, state));
}

static bool
is_behind_for_space(struct world *w, size_t site)
{
	bool so;

	mutex_lock(&w->t->lanes.lock);
	so = strcmp(w->t->lanes.lane[site].why, RESERVE_WHY) == 0;
	mutex_unlock(&w->t->lanes.lock);
	return so && world_site_is_out(w, site);
}

static void
a_site_that_fills_under_load_keeps_its_reserve(void **state)
{
	static struct load l;
	static struct world w;
	struct state now;

	(void)state;
	if (!world_on_small_disk(&w, 3, 2, "sendai"))
		skip();
	set_reserve(&w, 4 * MIB);
	load_start(&l, &w, true);
	world_await(&w, "the site is behind", is_behind_for_space, SENDAI);
	load_await(&l, 60, 10);
	/* What was on its way when it was seen to be low. */
	assert_true(free_on(&w, SENDAI) > 3 * MIB);
	state_of(&w, &now);
	assert_true(now.sites[SENDAI].low);
	assert_false(now.sites[TOKYO].low);
	assert_string_equal(now.sites[SENDAI].why, RESERVE_WHY);
	assert_int_equal(now.sites[SENDAI].reserve, 4 * MIB);
	assert_int_equal(now.health, HEALTH_DEGRADED);
	shell(&w, "mount --options-source=disable -o remount,size=500m sendai");
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	load_await(&l, 20, 10);
	load_stop(&l);
	world_assert_whole(&w, 3);
	world_small_disk_end(&w, "sendai");
	world_end(&w);
}

static void
what_is_written_is_taken_off_before_the_disk_is_looked_at_again(void **state)
{
	struct file_put_result result;
	struct io_space before, after;
	struct sites *sites;
	static struct world w;

	(void)state;
	if (!world_on_small_disk(
		&w, 2, 2, "osaka")) /* where nobody else writes */
		skip();
	sites = w.f.service->config.sites;
	sites_look_at_space(&w.op, sites);
	sites_space(sites, OSAKA, &before);
	ASSERT_OK(
	    &w.op, world_put(&w.op, &w, w.space, "large", 2 * MIB, 1, &result));
	sites_space(sites, OSAKA, &after);
	assert_true(after.free + 2 * MIB <= before.free);
	sites_space(sites, OSAKA, &before);
	ASSERT_OK(
	    &w.op, world_put(&w.op, &w, w.space, "small", 60000, 1, &result));
	sites_space(sites, OSAKA, &after);
	assert_true(after.free + 60000 <= before.free);
	world_small_disk_end(&w, "osaka");
	world_end(&w);
}

static void
delete_file(struct world *w, const char *name, bool purge)
{
	struct precondition none = {0};
	struct tree_result result;
	struct node node;

	ASSERT_OK(&w->op, world_find(&w->op, w, w->space, name, &node));
	ASSERT_OK(&w->op, tree_delete(&w->op, w->t, node.id, &none, &result));
	if (purge)
		ASSERT_OK(&w->op, trash_purge(&w->op, w->t, node.id, &result));
}

static void
put(struct world *w, const char *name, uint64_t size, enum rc expected)
{
	struct file_put_result result;

	ASSERT_RC(&w->op, expected,
	    world_put(&w->op, w, w->space, name, size, 1, &result));
}

static bool
no_data_is_left(struct world *w, size_t site)
{
	return fixture_count(&w->f, site, "data", w->id) == 0;
}

static void
of_two_sites_one_below_its_reserve_takes_deletes_and_purges_only(void **state)
{
	size_t before;
	static struct world w;

	(void)state;
	if (!world_on_small_disk(&w, 2, 2, "osaka"))
		skip();
	put(&w, "a file", 200000, RC_OK);
	set_reserve(&w, 7 * MIB);
	shell(&w, "head -c 2000000 /dev/zero >osaka/filler");
	world_await(&w, "the site is low", site_is_low, OSAKA);
	before = fixture_count(&w.f, TOKYO, "data", w.id);
	put(&w, "small", 9000, RC_NO_SPACE);
	put(&w, "large", 200000, RC_NO_SPACE);
	/* Nothing was offered: no site has got anything. */
	assert_int_equal(fixture_count(&w.f, TOKYO, "data", w.id), before);
	assert_true(world_sites_in_service(&w, 2));
	assert_int_equal(service_health(w.f.service), HEALTH_DEGRADED);
	world_check(&w, w.space, "a file", 200000, 1);
	delete_file(&w, "a file", true);
	world_await(&w, "it is purged", no_data_is_left, OSAKA);
	assert_true(world_sites_in_service(&w, 2));
	shell(&w, "rm osaka/filler");
	world_await(&w, "there is space", site_is_not_low, OSAKA);
	put(&w, "small", 9000, RC_OK);
	assert_int_equal(service_health(w.f.service), HEALTH_OK);
	world_assert_whole(&w, 2);
	world_small_disk_end(&w, "osaka");
	world_end(&w);
}

static bool
was_refused_space(struct world *w, size_t site)
{
	return w->t->reenter_due[site] > 0;
}

static void
a_full_site_that_is_behind_is_emptied_by_purges(void **state)
{
	char name[32];
	static struct world w;
	int i;

	(void)state;
	if (!world_on_small_disk(&w, 3, 2, "sendai"))
		skip();
	for (i = 0; i < FILES; i++) {
		(void)snprintf(name, sizeof(name), "file-%d", i);
		put(&w, name, 300000, RC_OK);
	}
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	set_reserve(&w, 7 * MIB);
	world_await(&w, "the site is low", site_is_low, SENDAI);
	put(&w, "small", 9000, RC_OK);
	world_await(&w, "the site is behind", is_behind_for_space, SENDAI);
	put(&w, "large", 400000, RC_OK);
	/* Not by the way of catching up either. */
	world_await(&w, "it was tried", was_refused_space, SENDAI);
	assert_true(world_site_is_out(&w, SENDAI));
	assert_int_equal(fixture_count(&w.f, SENDAI, "data", w.id), FILES);
	/* This frees less than what the site lacks. */
	delete_file(&w, "file-0", true);
	w.t->reenter_due[SENDAI] = 0;
	world_await(&w, "it was tried", was_refused_space, SENDAI);
	assert_true(world_site_is_out(&w, SENDAI));
	for (i = 1; i < FILES; i++) {
		(void)snprintf(name, sizeof(name), "file-%d", i);
		delete_file(&w, name, true);
	}
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	world_await(&w, "there is space", site_is_not_low, SENDAI);
	put(&w, "more", 200000, RC_OK);
	world_assert_whole(&w, 3);
	world_check(&w, w.space, "large", 400000, 1);
	world_assert_no_orphans(&w);
	world_small_disk_end(&w, "sendai");
	world_end(&w);
}

/* The last number of the tenant goes from a site, as if it had not come. */
static const char lose_the_last_number[] =
    "rm \"$(ls osaka/log/*/* | grep -v /0000000000000000/ | sort | "
    "tail -1)\"";

static void
a_start_may_use_the_reserve_of_a_site_that_it_needs(void **state)
{
	static struct world w;

	(void)state;
	if (!world_on_small_disk(&w, 2, 2, "osaka"))
		skip();
	put(&w, "a file", 9000, RC_OK);
	world_await(&w, "every site is in service", world_sites_in_service, 2);
	world_stop(&w);
	shell(&w, lose_the_last_number);
	w.f.reserve = 7 * MIB;
	shell(&w, "head -c 2000000 /dev/zero >osaka/filler");
	world_start(&w);
	assert_true(site_is_low(&w, OSAKA));
	world_await(&w, "every site is in service", world_sites_in_service, 2);
	world_check(&w, w.space, "a file", 9000, 1);
	put(&w, "small", 9000, RC_NO_SPACE);
	delete_file(&w, "a file", false);
	world_assert_whole(&w, 2);
	world_small_disk_end(&w, "osaka");
	world_end(&w);
}

static bool
disk_is_low(struct world *w, size_t unused)
{
	struct io_space space;

	(void)unused;
	return reserve_local(w->f.service, &space);
}

static void
below_the_reserve_of_the_databases_disk_uploads_are_refused_before_an_offer(
    void **state)
{
	static struct world w;
	struct state now;
	size_t before;

	(void)state;
	if (!world_on_small_disk(&w, 2, 2, "db"))
		skip();
	put(&w, "a file", 9000, RC_OK);
	set_reserve(&w, 7 * MIB);
	assert_false(disk_is_low(&w, 0) && site_is_low(&w, TOKYO));
	shell(&w, "head -c 2000000 /dev/zero >db/filler");
	world_await(&w, "the disk is low", disk_is_low, 0);
	before = fixture_count(&w.f, TOKYO, "log", w.id);
	put(&w, "small", 9000, RC_NO_SPACE);
	put(&w, "large", 200000, RC_NO_SPACE);
	assert_int_equal(fixture_count(&w.f, TOKYO, "log", w.id), before);
	assert_int_equal(fixture_count(&w.f, TOKYO, "data", w.id), 0);
	state_of(&w, &now);
	assert_true(now.disk_low);
	assert_int_equal(now.health, HEALTH_DEGRADED);
	delete_file(&w, "a file", false);
	shell(&w, "rm db/filler");
	set_reserve(&w, MIB);
	reserve_look(&w.op, w.f.service);
	put(&w, "small", 9000, RC_OK);
	world_small_disk_end(&w, "db");
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(
		a_site_that_fills_under_load_keeps_its_reserve, leave),
	    cmocka_unit_test_teardown(
		what_is_written_is_taken_off_before_the_disk_is_looked_at_again,
		leave),
	    cmocka_unit_test_teardown(
		of_two_sites_one_below_its_reserve_takes_deletes_and_purges_only,
		leave),
	    cmocka_unit_test_teardown(
		a_full_site_that_is_behind_is_emptied_by_purges, leave),
	    cmocka_unit_test_teardown(
		a_start_may_use_the_reserve_of_a_site_that_it_needs, leave),
	    cmocka_unit_test_teardown(
		below_the_reserve_of_the_databases_disk_uploads_are_refused_before_an_offer,
		leave),
	};

	log_set_level(LOG_LEVEL_ERROR);
	test_become_able_to_mount();
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
