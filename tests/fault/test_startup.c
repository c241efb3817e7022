/* test_startup.c - every row of LOG.md's start-up table, with real sites. A, B,
 * C are tokyo, osaka, sendai. */
#include "lib/service_fixture.h"

#include <stdio.h>
#include <stdlib.h>

enum { A, B, C };

struct world {
	struct fixture f;
	struct op op;
	uint64_t id;
	struct tenant *t;
};

static void
world_make(struct world *w, size_t n)
{
	memset(w, 0, sizeof(*w));
	op_init(&w->op);
	fixture_init(&w->f, n, 2);
	ASSERT_OK(&w->op, fixture_open(&w->op, &w->f));
	ASSERT_OK(&w->op,
	    service_tenant_add(&w->op, w->f.service, "demo", "ja", &w->id));
	ASSERT_OK(&w->op, service_tenant(&w->op, w->f.service, w->id, &w->t));
	ASSERT_OK(&w->op, fixture_set(&w->op, w->t, 1, NULL));
	fixture_await_sites(&w->f, w->t, n);
}

static void
world_stop(struct world *w)
{
	tenant_put(w->t);
	w->t = NULL;
	fixture_close(&w->op, &w->f);
}

static void
world_start(struct world *w)
{
	ASSERT_OK(&w->op, fixture_open(&w->op, &w->f));
	ASSERT_OK(&w->op, service_tenant(&w->op, w->f.service, w->id, &w->t));
}

static void
world_end(struct world *w)
{
	if (w->f.service != NULL)
		world_stop(w);
	fixture_release(&w->f);
	op_release(&w->op);
}

/* Sets a value that too few sites can acknowledge. */
static void
set_in_doubt(struct world *w, int64_t value)
{
	struct service_config *config = &w->f.service->config;
	int64_t patience = config->offer_time;

	config->offer_time = 200 * CLOCK_MS;
	assert_int_equal(fixture_set(&w->op, w->t, value, NULL), RC_IN_DOUBT);
	config->offer_time = patience;
	op_clear_error(&w->op);
}

/* Sets a value while only one site is there: its number stays in doubt, on that
 * site. Stops the service. */
static void
leave_in_doubt(struct world *w, size_t on, int64_t value)
{
	size_t i;

	for (i = 0; i < w->f.n_sites; i++)
		if (i != on)
			fixture_away(&w->f, i);
	set_in_doubt(w, value);
	world_stop(w);
	for (i = 0; i < w->f.n_sites; i++)
		if (i != on)
			fixture_back(&w->f, i);
}

static void
assert_serves(struct world *w, int64_t value)
{
	fixture_await_ready(w->t);
	assert_int_equal(fixture_get(&w->op, w->t), value);
	ASSERT_OK(&w->op, fixture_set(&w->op, w->t, 1000, NULL));
	assert_int_equal(fixture_get(&w->op, w->t), 1000);
}

static void
two_sites_a_number_on_one_is_copied_and_opened_before_it_is_shown(void **state)
{
	struct world w;
	uint64_t before;

	(void)state;
	world_make(&w, 2);
	before = w.t->head.number;
	leave_in_doubt(&w, A, 7);
	world_start(&w);
	assert_int_equal(w.t->head.number, before + 2); /* N and its opening */
	assert_int_equal(fixture_count(&w.f, B, "log", w.id), before + 2);
	assert_int_equal(fixture_count(&w.f, A, "log", w.id), before + 2);
	assert_serves(&w, 7);
	world_end(&w);
}

static void
two_sites_with_different_numbers_the_higher_generation_wins(void **state)
{
	struct world w;
	uint64_t before;

	(void)state;
	world_make(&w, 2);
	before = w.t->head.number;
	world_stop(&w);
	fixture_shell(&w.f, "cp -a db db.kept");
	/* x by one claim, which is then taken off A; y by the next one. */
	world_start(&w);
	leave_in_doubt(&w, A, 7);
	fixture_shell(&w.f,
	    "mkdir kept; mv \"$(ls -t tokyo/log/*/* | grep -v "
	    "0000000000000000/ | "
	    "sort | tail -1)\" kept/; rm -rf db; cp -a db.kept db");
	world_start(&w);
	leave_in_doubt(&w, B, 8);
	fixture_shell(&w.f,
	    "d=$(ls -d tokyo/log/* | grep -v 0000000000000000); mv kept/* $d/; "
	    "rm -rf db; cp -a db.kept db");
	world_start(&w);
	/* x, y and the opening stand on A; x is named aside. */
	assert_int_equal(w.t->head.number, before + 2);
	assert_int_equal(fixture_count(&w.f, A, "log", w.id), before + 3);
	assert_int_equal(fixture_count(&w.f, B, "log", w.id), before + 2);
	assert_serves(&w, 8);
	/* And again: what is aside stays aside. */
	world_stop(&w);
	world_start(&w);
	assert_serves(&w, 1000);
	world_end(&w);
}

static void
two_sites_only_one_there_is_read_only_up_to_what_is_decided(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, 2);
	leave_in_doubt(&w, A, 7);
	fixture_away(&w.f, B);
	world_start(&w);
	assert_int_equal(w.t->mode, TENANT_READ_ONLY);
	assert_int_equal(fixture_get(&w.op, w.t), 1);
	ASSERT_RC(&w.op, RC_NOT_STORED, fixture_set(&w.op, w.t, 9, NULL));
	/* The other one comes back: the service claims by itself and goes on.
	 */
	fixture_back(&w.f, B);
	fixture_await_sites(&w.f, w.t, 2);
	assert_serves(&w, 7);
	world_end(&w);
}

static void
two_sites_rolled_back_under_a_newer_database_are_refused(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, 2);
	world_stop(&w);
	fixture_shell(&w.f, "cp -a tokyo tokyo.old; cp -a osaka osaka.old");
	world_start(&w);
	ASSERT_OK(&w.op, fixture_set(&w.op, w.t, 2, NULL));
	world_stop(&w);
	fixture_shell(&w.f,
	    "rm -rf tokyo/log osaka/log; mv tokyo.old/log tokyo/; "
	    "mv osaka.old/log osaka/");
	ASSERT_OK(&w.op, fixture_open(&w.op, &w.f));
	ASSERT_RC(
	    &w.op, RC_REFUSED, service_tenant(&w.op, w.f.service, w.id, &w.t));
	fixture_close(&w.op, &w.f);
	world_end(&w);
}

static void
a_database_of_yesterday_is_replayed(void **state)
{
	struct world w;
	int i;

	(void)state;
	world_make(&w, 2);
	world_stop(&w);
	fixture_shell(&w.f, "cp -a db db.yesterday");
	world_start(&w);
	for (i = 2; i < 12; i++)
		ASSERT_OK(&w.op, fixture_set(&w.op, w.t, i, NULL));
	world_stop(&w);
	fixture_shell(&w.f, "rm -rf db; mv db.yesterday db");
	world_start(&w);
	assert_serves(&w, 11);
	world_end(&w);
}

static void
a_database_off_the_chain_is_refused(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, 2);
	world_stop(&w);
	fixture_shell(&w.f, "for s in tokyo osaka; do cp -a $s/log $s.log; "
			    "done; cp -a db db.kept");
	world_start(&w);
	ASSERT_OK(&w.op, fixture_set(&w.op, w.t, 2, NULL));
	world_stop(&w);
	fixture_shell(&w.f,
	    "mv db db.other; mv db.kept db; "
	    "for s in tokyo osaka; do rm -rf $s/log; mv $s.log $s/log; done");
	world_start(&w);
	ASSERT_OK(&w.op, fixture_set(&w.op, w.t, 3, NULL));
	world_stop(&w);
	/* The provider's own database goes with the sites; the tenant's is of
	 * another history. */
	fixture_shell(&w.f, "rm db.other/0000000000000000.*; cp "
			    "db/0000000000000000.* db.other/; "
			    "rm -rf db; mv db.other db");
	ASSERT_OK(&w.op, fixture_open(&w.op, &w.f));
	ASSERT_RC(
	    &w.op, RC_REFUSED, service_tenant(&w.op, w.f.service, w.id, &w.t));
	fixture_close(&w.op, &w.f);
	world_end(&w);
}

static void
three_sites_one_that_was_away_catches_up_before_it_counts(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, 3);
	fixture_away(&w.f, C);
	ASSERT_OK(&w.op, fixture_set(&w.op, w.t, 2, NULL));
	ASSERT_OK(&w.op, fixture_set(&w.op, w.t, 3, NULL));
	fixture_away(&w.f, B);
	set_in_doubt(&w, 4);
	fixture_back(&w.f, C);
	fixture_await_sites(&w.f, w.t, 2);
	assert_true(site_set_has(lanes_in_service(&w.t->lanes), C));
	ASSERT_OK(&w.op, fixture_set(&w.op, w.t, 5, NULL));
	/* A lost, too: C alone knows everything that was acknowledged, and that
	 * it is alone. */
	world_stop(&w);
	fixture_back(&w.f, B);
	fixture_away(&w.f, A);
	world_start(&w);
	assert_serves(&w, 5);
	fixture_back(&w.f, A);
	world_end(&w);
}

static void
three_sites_the_highest_generation_wins_and_the_others_are_aside(void **state)
{
	struct world w;
	uint64_t before;

	(void)state;
	world_make(&w, 3);
	before = w.t->head.number;
	world_stop(&w);
	fixture_shell(&w.f, "cp -a db db.kept");
	world_start(&w);
	leave_in_doubt(&w, C, 7); /* g0 */
	fixture_shell(&w.f,
	    "mkdir kept; mv \"$(ls sendai/log/*/* | grep -v 0000000000000000/ "
	    "| "
	    "sort | tail -1)\" kept/; rm -rf db; cp -a db.kept db");
	world_start(&w);
	leave_in_doubt(&w, A, 8); /* g1 */
	fixture_shell(&w.f, "d=$(ls -d sendai/log/* | grep -v "
			    "0000000000000000); mv kept/* $d/; "
			    "rm -rf db; cp -a db.kept db");
	world_start(&w);
	assert_int_equal(w.t->head.number, before + 2);
	assert_serves(&w, 8);
	world_end(&w);
}

static void
three_sites_the_lower_generation_is_adopted_while_the_higher_is_away(
    void **state)
{
	struct world w;

	(void)state;
	world_make(&w, 3);
	world_stop(&w);
	fixture_shell(&w.f, "cp -a db db.kept");
	world_start(&w);
	leave_in_doubt(&w, C, 7); /* g0 */
	fixture_shell(&w.f,
	    "mkdir kept; mv \"$(ls sendai/log/*/* | grep -v 0000000000000000/ "
	    "| "
	    "sort | tail -1)\" kept/; rm -rf db; cp -a db.kept db");
	world_start(&w);
	leave_in_doubt(&w, A, 8); /* g1 */
	fixture_shell(&w.f, "d=$(ls -d sendai/log/* | grep -v "
			    "0000000000000000); mv kept/* $d/; "
			    "rm -rf db; cp -a db.kept db");
	fixture_away(&w.f, A);
	world_start(&w);
	assert_serves(&w, 7);
	/* A returns: its own number is lower than the opening, and goes aside.
	 */
	fixture_back(&w.f, A);
	fixture_await_sites(&w.f, w.t, 3);
	assert_int_equal(fixture_get(&w.op, w.t), 1000);
	world_stop(&w);
	fixture_drop_databases(&w.f);
	world_start(&w);
	assert_serves(&w, 1000);
	world_end(&w);
}

static void
three_sites_a_damaged_end_counts_as_unknown_not_as_the_end(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, 3);
	fixture_away(&w.f, C);
	ASSERT_OK(&w.op, fixture_set(&w.op, w.t, 2, NULL)); /* N on A and B */
	world_stop(&w);
	fixture_back(&w.f, C);
	fixture_away(&w.f, B);
	fixture_drop_databases(&w.f);
	fixture_shell(&w.f, "f=$(ls tokyo/log/*/* | grep -v 0000000000000000/ "
			    "| sort | tail -1); "
			    "chmod 600 $f; printf x | dd of=$f bs=1 seek=200 "
			    "conv=notrunc 2>/dev/null");
	ASSERT_OK(&w.op, fixture_open(&w.op, &w.f));
	ASSERT_RC(
	    &w.op, RC_UNPROVEN, service_tenant(&w.op, w.f.service, w.id, &w.t));
	fixture_back(&w.f, B);
	/* With B the number is there again, and A's copy is made new in time.
	 */
	while (service_tenant(&w.op, w.f.service, w.id, &w.t) != RC_OK)
		op_clear_error(&w.op);
	fixture_await_sites(&w.f, w.t, 2);
	assert_serves(&w, 2);
	fixture_await_sites(&w.f, w.t, 3);
	world_end(&w);
}

static void
three_sites_only_one_there_shows_the_local_database_only(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, 3);
	ASSERT_OK(&w.op, fixture_set(&w.op, w.t, 2, NULL));
	world_stop(&w);
	fixture_away(&w.f, A);
	fixture_away(&w.f, B);
	world_start(&w);
	assert_int_equal(w.t->mode, TENANT_READ_ONLY);
	assert_non_null(strstr(w.t->why, "head unproven"));
	assert_int_equal(fixture_get(&w.op, w.t), 2);
	ASSERT_RC(&w.op, RC_NOT_STORED, fixture_set(&w.op, w.t, 3, NULL));
	world_stop(&w);
	fixture_drop_databases(&w.f);
	ASSERT_RC(&w.op, RC_UNPROVEN, fixture_open(&w.op, &w.f));
	world_end(&w);
}

/* Its own start and a site's catching up inside it: what one number needs goes
 * before the next one is read. */
static void
a_long_log_needs_no_more_memory_than_a_short_one(void **state)
{
	struct world w;
	struct op small;
	int i;

	(void)state;
	world_make(&w, 3);
	fixture_away(&w.f, C);
	for (i = 2; i <= 600; i++)
		ASSERT_OK(&w.op, fixture_set(&w.op, w.t, i, NULL));
	world_stop(&w);
	fixture_back(&w.f, C);
	fixture_away(&w.f, A);
	fixture_drop_databases(&w.f);
	ASSERT_OK(&w.op, fixture_open(&w.op, &w.f));
	op_init(&small);
	small.arena.limit = 32 << 10;
	ASSERT_OK(&small, service_tenant(&small, w.f.service, w.id, &w.t));
	/* Nor does the -wal hold all of the log at once (L10). */
	assert_true(db_wal_size(w.t->db_path) < 4 << 20);
	assert_serves(&w, 600);
	assert_true(fixture_count(&w.f, C, "log", w.id) >= 600);
	op_release(&small);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		two_sites_a_number_on_one_is_copied_and_opened_before_it_is_shown),
	    cmocka_unit_test(
		two_sites_with_different_numbers_the_higher_generation_wins),
	    cmocka_unit_test(
		two_sites_only_one_there_is_read_only_up_to_what_is_decided),
	    cmocka_unit_test(
		two_sites_rolled_back_under_a_newer_database_are_refused),
	    cmocka_unit_test(a_database_of_yesterday_is_replayed),
	    cmocka_unit_test(a_database_off_the_chain_is_refused),
	    cmocka_unit_test(
		three_sites_one_that_was_away_catches_up_before_it_counts),
	    cmocka_unit_test(
		three_sites_the_highest_generation_wins_and_the_others_are_aside),
	    cmocka_unit_test(
		three_sites_the_lower_generation_is_adopted_while_the_higher_is_away),
	    cmocka_unit_test(
		three_sites_a_damaged_end_counts_as_unknown_not_as_the_end),
	    cmocka_unit_test(
		three_sites_only_one_there_shows_the_local_database_only),
	    cmocka_unit_test(a_long_log_needs_no_more_memory_than_a_short_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
