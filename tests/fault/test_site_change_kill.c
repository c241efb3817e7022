/*
 * test_site_change_kill.c - SIGKILL at each failpoint of a change of the
 * register, while somebody puts: what was acknowledged is there, and the next
 * process ends the change as if nothing had been (LOG.md L20).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "killed.h"
#include "rings.h"

/* ---- what it left ---- */

static bool
is_over(struct world *w, size_t unused)
{
	struct site_change *c = &w->f.service->change;
	bool over;

	(void)unused;
	mutex_lock(&c->lock);
	over = c->loaded && !site_change_is_under_way(c->fact.phase);
	mutex_unlock(&c->lock);
	return over && service_health(w->f.service) == HEALTH_OK;
}

/* Of the register's sites each has everything, and the others nothing. */
static void
assert_ended(struct world *w, const char *point)
{
	const struct claim *claim = w->f.service->claim;
	size_t i;

	assert_int_equal(claim->n_registers, 1);
	for (i = 0; i < w->f.n_sites; i++) {
		bool member =
		    register_contains(claim_register(claim), w->f.reg.ids[i]);
		size_t keys = fixture_count(&w->f, i, "keys", w->id);

		if (member == w->f.gone[i] || (!member && keys > 0))
			fail_msg("%s: site %zu: member %d, gone %d, %zu "
				 "keyrings",
			    point, i, member, w->f.gone[i], keys);
		if ((keystore_find(w->f.keystore, w->f.reg.ids[i]) != NULL) !=
		    member)
			fail_msg("%s: site %zu: its key", point, i);
	}
}

static void
goes_on(struct world *w, const char *point)
{
	keystore_free(w->f.keystore);
	w->f.keystore = rings_keystore(w, "keystore");
	fixture_sites_find(&w->f);
	world_start(w);
	(void)acked_check(w, false);
	world_await(w, "the change is over, and all is well", is_over, 0);
	assert_ended(w, point);
	world_check(w, w->space, "before", 70000, 7);
	(void)acked_check(w, false);
	/* And the sites say the same. */
	world_start_without_databases(w);
	world_await(w, "all is well", is_over, 0);
	assert_ended(w, point);
	(void)acked_check(w, false);
}

static void
killed_at(const char *mode, const char *point)
{
	struct world *w = calloc(1, sizeof(*w));
	struct file_put_result result;

	assert_non_null(w);
	print_message("%s, killed at %s\n", mode, point);
	world_make(w, 3, 2);
	ASSERT_OK(&w->op,
	    world_put(&w->op, w, w->space, "before", 70000, 7, &result));
	world_keep(w);
	world_stop(w);
	if (!driver_run(FAULT_DRIVER, w, 1, mode, point))
		fail_msg("%s was never passed", point);
	goes_on(w, point);
	world_end(w);
	free(w);
}

static void
killed_at_each_step_of_a_replacement_the_next_process_ends_it(void **state)
{
	static char points[POINTS_MAX][POINT_SIZE];
	size_t i, n = points_list(
		      "core", "^(site_change|site_leave)\\.", NULL, 11, points);

	(void)state;
	for (i = 0; i < n; i++)
		killed_at("replace", points[i]);
	/* Fences: three of the start, then four of each step. */
	killed_at("replace", "claim.fenced:4");
	killed_at("replace", "claim.fenced:6");
	killed_at("replace", "claim.fenced:8");
	killed_at("replace", "claim.fenced:10");
	killed_at("replace", "site_change.claimed:2");
}

static void
so_it_is_where_a_site_joins_or_leaves(void **state)
{
	(void)state;
	killed_at("join", "site_change.filled");
	killed_at("join", "claim.fenced:5");
	killed_at("join", "claim.fenced:9");
	killed_at("leave", "claim.fenced:5");
	killed_at("leave", "site_leave.acks");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		killed_at_each_step_of_a_replacement_the_next_process_ends_it),
	    cmocka_unit_test(so_it_is_where_a_site_joins_or_leaves),
	};

	log_set_level(LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
