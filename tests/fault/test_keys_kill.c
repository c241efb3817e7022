/*
 * test_keys_kill.c - SIGKILL at each failpoint of a rotation of the sites' keys
 * and of a tenant's epoch, with and without a site that is away: at no moment
 * is anything lost, and the next start goes on to the end (LOG.md L16, L17).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "killed.h"
#include "rings.h"

enum { AWAY = 2 };

struct kill_run {
	struct world w; /* stopped while the driver runs */
	unsigned round;
};

/* ---- what it left ---- */

/* Each site alone opens with the keystore that is in DIR, and with the export
 * that was made before the keys took over. */
static void
left_opens(struct kill_run *k, const char *point)
{
	CLEANUP(keystore_free_ptr)
	struct keystore *kept = rings_keystore(&k->w, "keystore");
	CLEANUP(keystore_free_ptr)
	struct keystore *exported = rings_keystore(&k->w, "exported");

	if (rings_lacking(&k->w, kept) > 0)
		fail_msg("%s: the kept keystore does not open a site", point);
	if (exported != NULL && exported->version >= kept->version &&
	    rings_lacking(&k->w, exported) > 0)
		fail_msg("%s: the export does not open a site", point);
	keystore_free(k->w.f.keystore);
	k->w.f.keystore = kept;
	kept = NULL;
}

/* It goes on by itself, and ends where no kill had been. */
static void
goes_on(struct kill_run *k, const struct keystore *before)
{
	world_start(&k->w);
	(void)acked_check(&k->w, true);
	world_await(&k->w, "every site is in service", world_sites_in_service,
	    k->w.f.n_sites);
	world_await(&k->w, "no former key is left", rings_are_rotated, 0);
	world_assert_no_orphans(&k->w);
	rings_assert_clean(&k->w);
	if (k->w.f.keystore->version > before->version)
		rings_assert_shut(&k->w, before);
	world_check(&k->w, k->w.space, "before", 70000, 7);
	world_stop(&k->w);
	op_release(&k->w.op);
	op_init(&k->w.op);
}

static bool
round_run(struct kill_run *k, const char *point, unsigned n, bool away)
{
	const char *mode =
	    strncmp(point, "epoch.", 6) == 0 ? "epoch" : "rotate";
	CLEANUP(keystore_free_ptr)
	struct keystore *before = rings_keystore(&k->w, "keystore");
	char text[80];
	bool killed;

	k->round++;
	(void)snprintf(text, sizeof(text), "%.60s:%u", point, n);
	if (away)
		fixture_away(&k->w.f, AWAY);
	killed = driver_run(FAULT_DRIVER, &k->w, k->round, mode, text);
	if (away)
		fixture_back(&k->w.f, AWAY);
	left_opens(k, text);
	goes_on(k, before);
	return killed;
}

static void
killed_at_each_failpoint(bool away)
{
	static char points[POINTS_MAX][POINT_SIZE];
	struct kill_run *k = calloc(1, sizeof(*k));
	struct file_put_result result;
	size_t i, n = points_list(
		      "core", "^(site_keys|keys|epoch)\\.", NULL, 11, points);
	unsigned at;

	world_make(&k->w, 3, 2);
	ASSERT_OK(&k->w.op, world_put(&k->w.op, &k->w, k->w.space, "before",
				70000, 7, &result));
	world_keep(&k->w);
	world_stop(&k->w);
	for (i = 0; i < n; i++)
		for (at = 1; at <= (away ? 1 : 2); at++)
			if (!round_run(k, points[i], at, away) && at == 1)
				fail_msg("%s was never passed", points[i]);
	world_end(&k->w);
	free(k);
}

static void
killed_at_any_moment_no_key_is_lost_and_the_next_start_ends_it(void **state)
{
	(void)state;
	killed_at_each_failpoint(false);
}

static void
so_it_is_where_a_site_is_away_meanwhile(void **state)
{
	(void)state;
	killed_at_each_failpoint(true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		killed_at_any_moment_no_key_is_lost_and_the_next_start_ends_it),
	    cmocka_unit_test(so_it_is_where_a_site_is_away_meanwhile),
	};

	log_set_level(LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
