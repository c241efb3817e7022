/* test_sites_fail.c - a site fails while files are written and read: with three
 * sites nothing stops, with two writes are refused; both come back. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "core/check.h"

enum { TOKYO, OSAKA, SENDAI };

static void
shell(struct world *w, const char *command)
{
	fixture_shell(&w->f, command);
}

/* A site's own reason, or the one for this tenant. */
static void
site_why(struct world *w, size_t i, char out[300])
{
	struct sites *sites = w->f.service->config.sites;

	mutex_lock(&sites->lock);
	(void)snprintf(out, 300, "%s", sites->slots[i].why);
	mutex_unlock(&sites->lock);
	mutex_lock(&w->t->lanes.lock);
	if (out[0] == '\0')
		(void)snprintf(out, 300, "%s", w->t->lanes.lane[i].why);
	mutex_unlock(&w->t->lanes.lock);
}

static bool
has_reason(struct world *w, size_t i)
{
	char why[300];

	site_why(w, i, why);
	return why[0] != '\0' && world_site_is_out(w, i);
}

static const char *wanted_reason;

static bool
has_that_reason(struct world *w, size_t i)
{
	char why[300];

	site_why(w, i, why);
	return has_reason(w, i) && strstr(why, wanted_reason) != NULL;
}

/* Out of service, with a reason that says so much; the others go on. */
static void
assert_out(struct load *l, size_t i, const char *reason)
{
	wanted_reason = reason;
	world_await(l->w, reason, has_that_reason, i);
	load_await(l, 20, 10);
	assert_false(world_sites_in_service(l->w, 3));
}

/* It came back by itself and holds everything. */
static void
assert_back(struct load *l, size_t n)
{
	struct world *w = l->w;

	world_await(w, "every site is in service", world_sites_in_service, n);
	load_await(l, 20, 10);
	load_stop(l);
	world_assert_whole(w, n);
}

static void
begin(struct world *w, struct load *l, size_t n)
{
	world_make(w, n, 2);
	load_start(l, w, n == 3);
}

/* A failed test leaves threads, a service that goes on, and maybe a mount. */
static int
leave(void **state)
{
	(void)state;
	load_abandon();
	return 0;
}

static void
a_site_that_is_removed_is_filled_again_when_it_returns_empty(void **state)
{
	static struct load l;
	static struct world w;

	(void)state;
	begin(&w, &l, 3);
	shell(&w, "mv sendai gone");
	assert_out(&l, SENDAI, "No such file");
	shell(&w, "mkdir -p new/fence; cp -p gone/site.id new/; "
		  "rm -rf gone; mv new sendai");
	assert_back(&l, 3);
	world_end(&w);
}

static void
a_site_that_is_renamed_catches_up_when_it_is_back(void **state)
{
	static struct load l;
	static struct world w;

	(void)state;
	begin(&w, &l, 3);
	shell(&w, "mv sendai elsewhere");
	assert_out(&l, SENDAI, "No such file");
	shell(&w, "mv elsewhere sendai");
	assert_back(&l, 3);
	world_end(&w);
}

static void
an_empty_folder_in_a_sites_place_is_no_site(void **state)
{
	static struct load l;
	static struct world w;

	(void)state;
	begin(&w, &l, 3);
	shell(&w, "mkdir empty; mv sendai elsewhere; mv empty sendai");
	assert_out(&l, SENDAI, "");
	shell(&w, "test -z \"$(ls -A sendai)\"; rmdir sendai; "
		  "mv elsewhere sendai");
	assert_back(&l, 3);
	world_end(&w);
}

/* Files that are being written keep a disk from becoming read-only. */
static const char become_read_only[] =
    "for i in $(seq 500); do mount --options-source=disable -o remount,ro "
    "sendai 2>/dev/null && exit 0; "
    "done; exit 1";

static void
a_site_that_is_read_only_is_out_until_it_can_be_written(void **state)
{
	static struct load l;
	static struct world w;

	(void)state;
	if (!world_on_small_disk(&w, 3, 2, "sendai"))
		skip();
	load_start(&l, &w, true);
	shell(&w, become_read_only);
	assert_out(&l, SENDAI, "Read-only");
	shell(&w,
	    "mount --options-source=disable -o remount,rw,size=500m sendai");
	assert_back(&l, 3);
	world_small_disk_end(&w, "sendai");
	world_end(&w);
}

static void
a_site_that_is_full_is_out_until_there_is_space(void **state)
{
	static struct load l;
	static struct world w;

	(void)state;
	if (!world_on_small_disk(&w, 3, 2, "sendai"))
		skip();
	load_start(&l, &w, true);
	shell(&w, "cat /dev/zero >sendai/filler 2>/dev/null || true");
	assert_out(&l, SENDAI, "No space");
	/* All that was put meanwhile has to fit. */
	shell(&w, "mount --options-source=disable -o remount,size=500m sendai; "
		  "rm sendai/filler");
	assert_back(&l, 3);
	world_small_disk_end(&w, "sendai");
	world_end(&w);
}

/* Turns every byte of what a site has of the tenant, in place. */
static const char turn_bytes[] =
    "for f in $(find sendai/log sendai/data -type f | "
    "grep -v /0000000000000000/); do chmod 600 $f; "
    "tr '\\000-\\377' '\\001-\\377\\000' <$f >turned; cat turned >$f; done; "
    "rm turned";

static void
nothing(void *arg, size_t site, const char *text)
{
	(void)arg;
	(void)site;
	(void)text;
}

static void
damage_count(struct world *w, size_t site, struct check_site *ret_counts)
{
	struct check_job job = {.depth = CHECK_OPEN, .problem = nothing};
	struct check_report report;

	ASSERT_OK(&w->op, check_tenant(&w->op, w->t, &job, &report));
	*ret_counts = report.sites[site];
}

static void
a_site_whose_objects_are_damaged_gives_no_wrong_byte(void **state)
{
	struct check_site counts;
	static struct load l;
	static struct world w;

	(void)state;
	begin(&w, &l, 3);
	shell(&w, turn_bytes);
	load_await(&l, 30, 100);
	load_stop(&l);
	damage_count(&w, SENDAI, &counts);
	assert_true(counts.damaged > 0);
	/* Its numbers are read at a start without databases, and made new. */
	world_start_without_databases(&w);
	world_await(&w, "sites", world_sites_in_service, 3);
	ASSERT_OK(&w.op, fixture_set(&w.op, w.t, 33, NULL));
	world_end(&w);
}

static void
a_site_whose_log_folder_is_deleted_gets_it_again(void **state)
{
	static struct load l;
	static struct world w;

	(void)state;
	begin(&w, &l, 3);
	shell(&w, "mv sendai/log gone; rm -rf gone");
	assert_back(&l, 3);
	world_end(&w);
}

/* A data segment and a number in the middle of the log. */
static const char delete_two[] =
    "rm -f $(ls -d sendai/data/*/* | sort | head -1); "
    "rm -f $(ls -d sendai/log/*/* | grep -v /0000000000000000/ | sort | "
    "sed -n 8p)";

static void
a_deleted_object_is_read_elsewhere_and_copied_again_at_the_next_start(
    void **state)
{
	struct check_site counts;
	static struct load l;
	static struct world w;

	(void)state;
	begin(&w, &l, 3);
	load_await(&l, 40, 10);
	shell(&w, delete_two);
	load_await(&l, 20, 50);
	load_stop(&l);
	damage_count(&w, SENDAI, &counts);
	assert_int_equal(counts.missing, 2);
	world_stop(&w);
	world_start(&w);
	world_assert_whole(&w, 3);
	world_end(&w);
}

/* Data that came to nothing, as an upload of the bytes that are there already.
 */
static void
put_again(struct world *w, const char *name, uint64_t size, uint32_t seed)
{
	struct file_put_result put;

	ASSERT_OK(
	    &w->op, world_put(&w->op, w, w->space, name, size, seed, &put));
	assert_true(put.not_taken);
}

static bool
has_one_data_segment(struct world *w, size_t site)
{
	return fixture_count(&w->f, site, "data", w->id) == 1;
}

static void
what_a_site_had_to_delete_while_it_was_away_goes_when_it_is_back(void **state)
{
	struct file_put_result put;
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	ASSERT_OK(
	    &w.op, world_put(&w.op, &w, w.space, "a file", 200000, 1, &put));
	/* A new claim deletes nothing before its first number (L29). */
	world_stop(&w);
	world_start(&w);
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	put_again(&w, "a file", 200000, 1);
	assert_int_equal(fixture_count(&w.f, SENDAI, "data", w.id), 2);
	shell(&w, "mv sendai elsewhere");
	ASSERT_OK(&w.op, fixture_set(&w.op, w.t, 33, NULL));
	world_await(&w, "it is gone", has_one_data_segment, TOKYO);
	world_await(&w, "it is gone", has_one_data_segment, OSAKA);
	shell(&w, "mv elsewhere sendai");
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	world_await(&w, "it is gone", has_one_data_segment, SENDAI);
	world_assert_no_orphans(&w);
	world_check(&w, w.space, "a file", 200000, 1);
	world_end(&w);
}

static void
files_that_are_no_objects_are_passed_over(void **state)
{
	struct file_put_result put;
	struct world w;

	(void)state;
	world_make(&w, 2, 2);
	ASSERT_OK(&w.op, world_put(&w.op, &w, w.space, "file", 70000, 1, &put));
	world_stop(&w);
	shell(&w, "for d in tokyo tokyo/fence tokyo/heads tokyo/log/* "
		  "tokyo/data/* tokyo/keys/*; do echo stray >$d/.DS_Store; "
		  "echo stray >$d/letter; done");
	world_start(&w);
	world_await(&w, "every site is in service", world_sites_in_service, 2);
	ASSERT_OK(&w.op, world_put(&w.op, &w, w.space, "file", 70000, 2, &put));
	world_start_without_databases(&w);
	world_check(&w, w.space, "file", 70000, 2);
	world_end(&w);
}

/* ---- two sites, both of which must have everything ---- */

static void
with_one_of_two_sites_away_writes_are_refused_and_reads_go_on(void **state)
{
	static struct load l;
	static struct world w;

	(void)state;
	world_make(&w, 2, 2);
	w.f.service->config.offer_time = 200 * CLOCK_MS;
	load_start(&l, &w, false);
	shell(&w, "mv osaka elsewhere");
	load_await_refused(&l, 20);
	assert_true(has_reason(&w, OSAKA));
	assert_int_equal(service_health(w.f.service), HEALTH_READ_ONLY);
	shell(&w, "mv elsewhere osaka");
	assert_back(&l, 2);
	assert_int_equal(service_health(w.f.service), HEALTH_OK);
	world_end(&w);
}

static void
with_one_of_two_sites_full_writes_are_refused_and_reads_go_on(void **state)
{
	static struct load l;
	static struct world w;

	(void)state;
	if (!world_on_small_disk(&w, 2, 2, "osaka"))
		skip();
	w.f.service->config.offer_time = 200 * CLOCK_MS;
	load_start(&l, &w, false);
	shell(&w, "cat /dev/zero >osaka/filler 2>/dev/null || true");
	load_await_refused(&l, 20);
	shell(&w, "mount --options-source=disable -o remount,size=500m osaka; "
		  "rm osaka/filler");
	assert_back(&l, 2);
	world_small_disk_end(&w, "osaka");
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(
		a_site_that_is_removed_is_filled_again_when_it_returns_empty,
		leave),
	    cmocka_unit_test_teardown(
		a_site_that_is_renamed_catches_up_when_it_is_back, leave),
	    cmocka_unit_test_teardown(
		an_empty_folder_in_a_sites_place_is_no_site, leave),
	    cmocka_unit_test_teardown(
		a_site_that_is_read_only_is_out_until_it_can_be_written, leave),
	    cmocka_unit_test_teardown(
		a_site_that_is_full_is_out_until_there_is_space, leave),
	    cmocka_unit_test_teardown(
		a_site_whose_objects_are_damaged_gives_no_wrong_byte, leave),
	    cmocka_unit_test_teardown(
		a_site_whose_log_folder_is_deleted_gets_it_again, leave),
	    cmocka_unit_test_teardown(
		a_deleted_object_is_read_elsewhere_and_copied_again_at_the_next_start,
		leave),
	    cmocka_unit_test_teardown(
		what_a_site_had_to_delete_while_it_was_away_goes_when_it_is_back,
		leave),
	    cmocka_unit_test_teardown(
		files_that_are_no_objects_are_passed_over, leave),
	    cmocka_unit_test_teardown(
		with_one_of_two_sites_away_writes_are_refused_and_reads_go_on,
		leave),
	    cmocka_unit_test_teardown(
		with_one_of_two_sites_full_writes_are_refused_and_reads_go_on,
		leave),
	};

	/* Damaged and missing pieces are read elsewhere, and logged each time.
	 */
	log_set_level(LOG_LEVEL_ERROR);
	test_become_able_to_mount();
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
