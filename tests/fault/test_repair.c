/* test_repair.c - bits rot on a site that is in service: what was found is read
 * elsewhere in the same request, and repaired without a change being refused
 * (LOG.md L22, L29). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "core/check.h"
#include "core/pack.h"
#include "core/state.h"
#include "load.h"
#include "meta/content.h"

enum { TOKYO, OSAKA, SENDAI };

/* A failed test leaves threads and a service that goes on. */
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
put(struct world *w, const char *name, uint64_t size, uint32_t seed)
{
	struct file_put_result result;

	ASSERT_OK(
	    &w->op, world_put(&w->op, w, w->space, name, size, seed, &result));
}

static size_t
damaged_on(struct world *w, size_t site)
{
	size_t counts[SITES_MAX];

	(void)repair_count(w->t, counts);
	return counts[site];
}

static bool
nothing_is_damaged(struct world *w, size_t unused)
{
	size_t counts[SITES_MAX];

	(void)unused;
	return repair_count(w->t, counts) == 0;
}

/* Turns a byte in the middle of the newest object of a kind on a site. */
static void
rot(struct world *w, const char *site, const char *kind)
{
	char command[600];

	(void)snprintf(command, sizeof(command),
	    "f=$(ls -d %s/%s/%016llx/* | sort | tail -1); "
	    "n=$(($(stat -c %%s $f) / 2)); chmod 600 $f; "
	    "b=$(od -An -tu1 -j $n -N 1 $f); "
	    "printf \"\\\\$(printf %%o $(($b ^ 1)))\" | "
	    "dd of=$f bs=1 seek=$n conv=notrunc 2>/dev/null",
	    site, kind, (unsigned long long)w->id);
	shell(w, command);
}

/* tokyo's and osaka's objects are alike; one of tokyo's is kept as it was bad.
 */
static void
assert_repaired(struct world *w, const char *kind)
{
	char command[300];

	world_await(w, "it is repaired", nothing_is_damaged, 0);
	assert_true(world_sites_in_service(w, w->f.n_sites));
	(void)snprintf(command, sizeof(command),
	    "diff -r tokyo/%s/%016llx osaka/%s/%016llx; "
	    "test $(ls tokyo/damaged/%016llx | grep -c ^%s) = 1; "
	    "test ! -e osaka/damaged",
	    kind, (unsigned long long)w->id, kind, (unsigned long long)w->id,
	    (unsigned long long)w->id, kind);
	shell(w, command);
	world_assert_whole(w, w->f.n_sites);
}

/* While nobody else may be busy with the tenant it is only noted. */
static void
assert_noted_and_told(struct world *w, const char *name, uint64_t size)
{
	struct state now;

	tenant_lock(w->t);
	world_check(w, w->space, name, size, 1);
	assert_int_equal(damaged_on(w, TOKYO), 1);
	assert_int_equal(damaged_on(w, OSAKA), 0);
	assert_int_equal(service_health(w->f.service), HEALTH_DEGRADED);
	ASSERT_OK(&w->op, state_get(&w->op, w->f.service, false, &now));
	assert_int_equal(now.sites[TOKYO].damaged, 1);
	/* Found once more it is the same. */
	world_check(w, w->space, name, size, 1);
	assert_int_equal(damaged_on(w, TOKYO), 1);
	tenant_unlock(w->t);
}

static void
a_data_segment_that_rots_is_read_elsewhere_and_repaired(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	put(&w, "a file", 300000, 1);
	world_assert_whole(&w, 3);
	rot(&w, "tokyo", "data");
	assert_noted_and_told(&w, "a file", 300000);
	assert_repaired(&w, "data");
	assert_int_equal(service_health(w.f.service), HEALTH_OK);
	world_end(&w);
}

static void
a_number_that_rots_is_read_elsewhere_and_repaired(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	put(&w, "a file", 60000, 1);
	world_assert_whole(&w, 3);
	rot(&w, "tokyo", "log");
	assert_noted_and_told(&w, "a file", 60000);
	assert_repaired(&w, "log");
	world_end(&w);
}

static void
an_object_that_is_gone_is_put_again(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	put(&w, "a file", 300000, 1);
	world_assert_whole(&w, 3);
	shell(&w, "rm -f tokyo/data/*/*");
	world_check(&w, w.space, "a file", 300000, 1);
	world_await(&w, "it is repaired", nothing_is_damaged, 0);
	world_assert_whole(&w, 3);
	world_end(&w);
}

/* As a bad sector: the object cannot be read, the site can. */
static void
an_object_that_cannot_be_read_does_not_make_its_site_away(void **state)
{
	struct sites *sites;
	uint64_t epoch;
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	sites = w.f.service->config.sites;
	put(&w, "a file", 300000, 1);
	world_assert_whole(&w, 3);
	epoch = sites_epoch(sites, TOKYO);
	shell(&w, "f=$(ls -d tokyo/data/*/*); rm -f $f; mkdir $f");
	world_check(&w, w.space, "a file", 300000, 1);
	assert_repaired(&w, "data");
	assert_int_equal(sites_epoch(sites, TOKYO), epoch);
	world_end(&w);
}

static void
while_objects_are_repaired_on_one_of_two_sites_no_change_is_refused(
    void **state)
{
	static struct load l;
	static struct world w;
	int i;

	(void)state;
	world_make(&w, 2, 2);
	put(&w, "a file", 300000, 1);
	world_assert_whole(&w, 2);
	shell(&w, "ls -d tokyo/data/*/* >its-name"); /* the only one yet */
	load_start(&l, &w, true);
	for (i = 0; i < 5; i++) {
		shell(&w, "f=$(cat its-name); chmod 600 $f; printf x | "
			  "dd of=$f bs=1 seek=1000 conv=notrunc 2>/dev/null");
		world_check(&w, w.space, "a file", 300000, 1);
		world_await(&w, "it is repaired", nothing_is_damaged, 0);
		load_await(&l, 5, 2);
	}
	load_stop(&l);
	world_assert_whole(&w, 2);
	world_end(&w);
}

static bool
was_tried(struct world *w, size_t n)
{
	MUTEX_GUARD(&w->t->lock);
	size_t k, tried = 0;

	for (k = 0; k < w->t->n_damaged; k++)
		tried += w->t->damaged[k].due > clock_mono() + 10 * CLOCK_S;
	return tried == n;
}

static void
try_now(struct world *w)
{
	MUTEX_GUARD(&w->t->lock);
	size_t k;

	for (k = 0; k < w->t->n_damaged; k++)
		w->t->damaged[k].due = 0;
}

static void
what_no_other_site_has_whole_stays_where_it_is(void **state)
{
	struct world w;
	struct node node;
	bool same;

	(void)state;
	world_make(&w, 2, 2);
	put(&w, "a file", 300000, 1);
	world_assert_whole(&w, 2);
	shell(&w, "cp -a $(ls -d osaka/data/*/*) kept");
	rot(&w, "tokyo", "data");
	rot(&w, "osaka", "data");
	ASSERT_OK(&w.op, world_find(&w.op, &w, w.space, "a file", &node));
	ASSERT_RC(&w.op, RC_DAMAGED,
	    world_read(&w.op, &w, node.content, 300000, 1, &same));
	world_await(&w, "both were tried", was_tried, 2);
	shell(&w, "test ! -e tokyo/damaged; test ! -e osaka/damaged");
	assert_true(world_sites_in_service(&w, 2));
	assert_int_equal(service_health(w.f.service), HEALTH_DEGRADED);
	/* Somebody brings one back: the other is repaired from it. */
	shell(&w, "cp -f kept $(ls -d osaka/data/*/*)");
	try_now(&w);
	assert_repaired(&w, "data");
	world_check(&w, w.space, "a file", 300000, 1);
	world_end(&w);
}

static void
a_claim_repairs_only_with_a_number_of_its_own(void **state)
{
	struct world w;
	uint64_t head;

	(void)state;
	world_make(&w, 3, 2);
	put(&w, "a file", 300000, 1);
	world_assert_whole(&w, 3);
	world_stop(&w);
	world_start(&w);
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	head = w.t->head.number;
	assert_false(w.t->own_number);
	rot(&w, "tokyo", "data");
	world_check(&w, w.space, "a file", 300000, 1);
	assert_repaired(&w, "data");
	assert_int_equal(w.t->head.number, head + 1);
	assert_true(w.t->own_number);
	world_end(&w);
}

static void
a_number_that_rots_in_a_pack_comes_out_of_it(void **state)
{
	char name[32];
	struct world w;
	int i;

	(void)state;
	world_make(&w, 3, 2);
	for (i = 0; i < 60; i++) {
		(void)snprintf(name, sizeof(name), "file-%d", i);
		put(&w, name, 3000, 1);
	}
	world_assert_whole(&w, 3);
	ASSERT_OK(&w.op, pack_tenant(&w.op, w.t, w.t->head.number - 2));
	assert_int_equal(fixture_count(&w.f, TOKYO, "log", w.id), 3);
	rot(&w, "tokyo", "log"); /* "pack." is behind all numbers */
	for (i = 0; i < 58; i++) {
		(void)snprintf(name, sizeof(name), "file-%d", i);
		world_check(&w, w.space, name, 3000, 1);
	}
	world_await(&w, "it is repaired", nothing_is_damaged, 0);
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	world_assert_whole(&w, 3);
	assert_int_equal(
	    fixture_count(&w.f, TOKYO, "log", w.id), w.t->head.number);
	shell(&w, "test $(ls tokyo/damaged/*/log.pack.* | wc -l) = 1");
	/* Packed again, otherwise than before, they are found. */
	put(&w, "one more", 3000, 1);
	world_assert_whole(&w, 3);
	ASSERT_OK(&w.op, pack_tenant(&w.op, w.t, w.t->head.number));
	assert_int_equal(fixture_count(&w.f, TOKYO, "log", w.id), 1);
	tenant_lock(w.t);
	for (i = 0; i < 58; i++) {
		(void)snprintf(name, sizeof(name), "file-%d", i);
		world_check(&w, w.space, name, 3000, 1);
	}
	assert_int_equal(damaged_on(&w, TOKYO), 0);
	tenant_unlock(w.t);
	world_assert_whole(&w, 3);
	world_end(&w);
}

static void
nothing(void *arg, size_t site, const char *text)
{
	(void)arg;
	(void)site;
	(void)text;
}

static void
what_a_check_finds_is_repaired_too(void **state)
{
	struct check_job job = {.depth = CHECK_OPEN, .problem = nothing};
	struct check_report report;
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	put(&w, "large", 300000, 1);
	put(&w, "small", 60000, 1);
	world_assert_whole(&w, 3);
	rot(&w, "sendai", "data");
	rot(&w, "sendai", "log");
	ASSERT_OK(&w.op, check_tenant(&w.op, w.t, &job, &report));
	assert_true(report.sites[SENDAI].damaged >= 2);
	world_await(&w, "it is repaired", nothing_is_damaged, 0);
	world_assert_whole(&w, 3);
	world_end(&w);
}

static void
what_was_dropped_meanwhile_is_not_put_again(void **state)
{
	struct chunk_place place = {.data = "no such segment"};
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	repair_note(&w.op, w.t, TOKYO, &place, RC_DAMAGED);
	assert_int_equal(damaged_on(&w, TOKYO), 1);
	world_await(&w, "it is forgotten", nothing_is_damaged, 0);
	assert_int_equal(fixture_count(&w.f, TOKYO, "data", w.id), 0);
	/* What passes when it is looked at again stays as it is. */
	put(&w, "small", 60000, 1);
	place.number = w.t->head.number;
	world_assert_whole(&w, 3);
	repair_note(&w.op, w.t, TOKYO, &place, RC_DAMAGED);
	world_await(&w, "it is forgotten", nothing_is_damaged, 0);
	shell(&w, "test ! -e tokyo/damaged");
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(
		a_data_segment_that_rots_is_read_elsewhere_and_repaired, leave),
	    cmocka_unit_test_teardown(
		a_number_that_rots_is_read_elsewhere_and_repaired, leave),
	    cmocka_unit_test_teardown(
		an_object_that_is_gone_is_put_again, leave),
	    cmocka_unit_test_teardown(
		an_object_that_cannot_be_read_does_not_make_its_site_away,
		leave),
	    cmocka_unit_test_teardown(
		while_objects_are_repaired_on_one_of_two_sites_no_change_is_refused,
		leave),
	    cmocka_unit_test_teardown(
		what_no_other_site_has_whole_stays_where_it_is, leave),
	    cmocka_unit_test_teardown(
		a_claim_repairs_only_with_a_number_of_its_own, leave),
	    cmocka_unit_test_teardown(
		a_number_that_rots_in_a_pack_comes_out_of_it, leave),
	    cmocka_unit_test_teardown(
		what_a_check_finds_is_repaired_too, leave),
	    cmocka_unit_test_teardown(
		what_was_dropped_meanwhile_is_not_put_again, leave),
	};

	log_set_level(LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
