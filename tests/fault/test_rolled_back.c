/* test_rolled_back.c - a site that is below what it acknowledged (LOG.md L20):
 * it is no witness, no source, and is caught up with an alarm. And a head that
 * is unproven, since too few sites can be asked (L2). */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "core/state.h"
#include "world.h"

enum { TOKYO, OSAKA, SENDAI };

/* What the lane of sendai said when the first thing was copied to it. */
static struct {
	struct tenant *t;
	atomic_bool seen;
	char why[LANE_WHY_SIZE];
} copying;

static void
look_while_copying(void *arg, const char *name)
{
	(void)arg;
	if (copying.t == NULL || strcmp(name, "catchup.put") != 0 ||
	    atomic_load(&copying.seen))
		return;
	mutex_lock(&copying.t->lanes.lock);
	(void)snprintf(copying.why, sizeof(copying.why), "%s",
	    copying.t->lanes.lane[SENDAI].why);
	mutex_unlock(&copying.t->lanes.lock);
	/* The provider's log, which lost nothing, is copied too. */
	if (strstr(copying.why, "rolled back") != NULL)
		atomic_store(&copying.seen, true);
}

static int
leave(void **state)
{
	(void)state;
	copying.t = NULL;
	return 0;
}

static unsigned
rolled_back(const struct world *w, size_t site)
{
	return atomic_load(&w->f.service->rolled_back[site]);
}

static void
set(struct world *w, int64_t value)
{
	ASSERT_OK(&w->op, fixture_set(&w->op, w->t, value, NULL));
}

/* Some numbers that every site has, then some more. */
static void
make_with_an_older_copy(struct world *w)
{
	int64_t i;

	world_make(w, 3, 2);
	for (i = 1; i < 5; i++)
		set(w, i);
	world_assert_whole(w, 3);
	fixture_shell(&w->f, "cp -a sendai older");
	for (i = 5; i < 10; i++)
		set(w, i);
	world_assert_whole(w, 3);
}

static const char put_the_older_back[] =
    "mv sendai newer; mv older sendai; rm -rf newer";

static bool
sendai_is_away(struct world *w, size_t unused)
{
	(void)unused;
	return !site_set_has(
	    sites_attached(w->f.service->config.sites), SENDAI);
}

static void
a_site_that_comes_back_older_is_known_for_it_and_caught_up(void **state)
{
	struct world w;

	(void)state;
	make_with_an_older_copy(&w);
	copying.t = w.t;
	fixture_away(&w.f, SENDAI);
	world_await(&w, "the site is away", sendai_is_away, 0);
	fixture_shell(&w.f, "mv older sendai; rm -rf sendai.away");
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	assert_true(atomic_load(&copying.seen));
	assert_non_null(strstr(copying.why, "rolled back: it acknowledged"));
	assert_int_equal(rolled_back(&w, SENDAI), 1);
	assert_int_equal(rolled_back(&w, TOKYO), 0);
	assert_int_equal(atomic_load(&w.t->rolled_back), 0);
	world_assert_whole(&w, 3);
	assert_int_equal(fixture_get(&w.op, w.t), 9);
	world_end(&w);
}

static void
a_site_that_is_only_behind_is_not_called_rolled_back(void **state)
{
	struct world w;

	(void)state;
	make_with_an_older_copy(&w);
	fixture_away(&w.f, SENDAI);
	world_await(&w, "the site is away", sendai_is_away, 0);
	set(&w, 10);
	set(&w, 11);
	fixture_back(&w.f, SENDAI);
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	assert_int_equal(rolled_back(&w, SENDAI), 0);
	world_stop(&w);
	world_start(&w);
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	assert_int_equal(rolled_back(&w, SENDAI), 0);
	world_end(&w);
}

static void
at_a_start_too_the_rows_tell_what_a_site_acknowledged(void **state)
{
	struct world w;

	(void)state;
	make_with_an_older_copy(&w);
	world_stop(&w);
	fixture_shell(&w.f, put_the_older_back);
	world_start(&w);
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	assert_int_equal(rolled_back(&w, SENDAI), 1);
	world_assert_whole(&w, 3);
	set(&w, 10);
	world_end(&w);
}

static bool
is_read_only(struct world *w, size_t unused)
{
	(void)unused;
	return w->t->mode == TENANT_READ_ONLY;
}

/*
 * Of three sites, two are there, and one of these has forgotten: the one that
 * is away may have something that only it and the forgetful one acknowledged.
 */
static void
rolled_back_it_is_no_witness(bool without_databases)
{
	struct tenant *t;
	struct world w;

	make_with_an_older_copy(&w);
	world_stop(&w);
	fixture_shell(&w.f, put_the_older_back);
	fixture_away(&w.f, TOKYO);
	if (without_databases)
		fixture_drop_databases(&w.f);
	ASSERT_OK(&w.op, fixture_open(&w.op, &w.f));
	/* The provider's log is whole: sendai's has lost nothing since. */
	ASSERT_OK(&w.op, service_tenant(&w.op, w.f.service, w.id, &t));
	w.t = t;
	world_await(&w, "it only reads", is_read_only, 0);
	assert_non_null(strstr(w.t->why, "head unproven"));
	assert_non_null(strstr(w.t->why, "rolled back"));
	/* Without a database the end is not decided. */
	assert_int_equal(fixture_get(&w.op, w.t), without_databases ? 8 : 9);
	ASSERT_RC(&w.op, RC_NOT_STORED, fixture_set(&w.op, w.t, 10, NULL));
	assert_int_equal(service_health(w.f.service), HEALTH_READ_ONLY);
	fixture_back(&w.f, TOKYO);
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	world_await(&w, "it is ready", world_is_ready, 0);
	set(&w, 11);
	world_assert_whole(&w, 3);
	world_end(&w);
}

static void
a_site_that_was_rolled_back_is_no_witness_of_the_head(void **state)
{
	(void)state;
	rolled_back_it_is_no_witness(false);
}

static void
nor_where_only_the_other_site_tells_what_it_acknowledged(void **state)
{
	(void)state;
	rolled_back_it_is_no_witness(true);
}

static bool
one_site_is_there(struct world *w, size_t unused)
{
	(void)unused;
	return site_set_count(sites_attached(w->f.service->config.sites)) == 1;
}

static bool
head_is_proven(struct world *w, size_t unused)
{
	(void)unused;
	return !service_head_unproven(w->f.service);
}

static void
after_15_s_with_fewer_than_r_sites_the_head_is_unproven_and_reading_goes_on(
    void **state)
{
	struct state now;
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	set(&w, 7);
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	/* The time that it takes passes at once; the next look is 5 s away. */
	w.f.service->proven_at -= 16 * CLOCK_S;
	assert_int_equal(service_health(w.f.service), HEALTH_READ_ONLY);
	world_await(&w, "the head is proven again", head_is_proven, 0);
	assert_int_equal(service_health(w.f.service), HEALTH_OK);
	fixture_away(&w.f, TOKYO);
	fixture_away(&w.f, OSAKA);
	world_await(&w, "one site is there", one_site_is_there, 0);
	assert_false(service_head_unproven(w.f.service));
	w.f.service->proven_at -= 16 * CLOCK_S;
	assert_true(service_head_unproven(w.f.service));
	world_poke(&w);
	ASSERT_OK(&w.op, state_get(&w.op, w.f.service, false, &now));
	assert_true(now.head_unproven);
	assert_int_equal(now.health, HEALTH_READ_ONLY);
	assert_int_equal(fixture_get(&w.op, w.t), 7);
	assert_true(service_stands(w.f.service));
	fixture_back(&w.f, TOKYO);
	world_await(&w, "the head is proven again", head_is_proven, 0);
	fixture_back(&w.f, OSAKA);
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	assert_int_equal(service_health(w.f.service), HEALTH_OK);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(
		a_site_that_comes_back_older_is_known_for_it_and_caught_up,
		leave),
	    cmocka_unit_test_teardown(
		a_site_that_is_only_behind_is_not_called_rolled_back, leave),
	    cmocka_unit_test_teardown(
		at_a_start_too_the_rows_tell_what_a_site_acknowledged, leave),
	    cmocka_unit_test_teardown(
		a_site_that_was_rolled_back_is_no_witness_of_the_head, leave),
	    cmocka_unit_test_teardown(
		nor_where_only_the_other_site_tells_what_it_acknowledged,
		leave),
	    cmocka_unit_test_teardown(
		after_15_s_with_fewer_than_r_sites_the_head_is_unproven_and_reading_goes_on,
		leave),
	};

	log_set_level(LOG_LEVEL_ERROR);
	world_in_memory();
	fault_point_arm(look_while_copying, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
