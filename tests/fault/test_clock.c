/* test_clock.c - service time (LOG.md L19): whatever clocks and machines do, it
 * is never ahead of the time that passed, and deadlines are never shortened. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "core/clock.h"
#include "machine.h"
#include "meta/setting.h"
#include "meta/version.h"
#include "world.h"

#define HOUR (3600 * CLOCK_S)

static void
clock_next(struct service_clock *clock, bool accept)
{
	struct clock_stamp stamp;

	service_clock_stamp(clock, &stamp);
	service_clock_release(clock);
	service_clock_init(clock, &stamp, accept);
}

/* Real time that a test takes counts, too. */
#define ASSERT_ABOUT(got, want) \
	assert_in_range((got), (want), (want) + 60 * CLOCK_S)

static void
clock_first(struct service_clock *clock)
{
	struct clock_stamp stamp = {
	    .boot = clock_boot(), .wall = clock_wall(), .synchronised = true};

	clock_boot_id(stamp.boot_id);
	service_clock_init(clock, &stamp, false);
}

static void
within_one_boot_only_the_boot_clock_counts(void **state)
{
	struct service_clock clock;
	struct machine m;

	(void)state;
	machine_make(&m);
	clock_first(&clock);
	machine_time_passes(&m, 5 * HOUR);
	ASSERT_ABOUT(service_clock_now(&clock), 5 * HOUR);
	machine_wall_jumps(&m, 1000 * CLOCK_DAY);
	ASSERT_ABOUT(service_clock_now(&clock), 5 * HOUR);
	clock_next(&clock, false);
	ASSERT_ABOUT(service_clock_now(&clock), 5 * HOUR);
	machine_wall_jumps(&m, -2000 * CLOCK_DAY);
	machine_synchronised(&m, false);
	clock_next(&clock, false);
	machine_time_passes(&m, HOUR);
	ASSERT_ABOUT(service_clock_now(&clock), 6 * HOUR);
	/* A machine's image is put back: its boot clock is smaller. */
	m.boot -= 3 * HOUR;
	machine_write(&m);
	ASSERT_ABOUT(service_clock_now(&clock), 6 * HOUR);
	m.boot -= 3 * HOUR;
	machine_write(&m);
	clock_next(&clock, false);
	ASSERT_ABOUT(service_clock_now(&clock), 6 * HOUR);
	machine_time_passes(&m, HOUR);
	ASSERT_ABOUT(service_clock_now(&clock), 7 * HOUR);
	service_clock_release(&clock);
	machine_end(&m);
}

static void
over_a_reboot_the_wall_clock_counts_if_it_can_be_trusted(void **state)
{
	struct service_clock clock;
	struct machine m;

	(void)state;
	machine_make(&m);
	clock_first(&clock);
	machine_reboots(&m, 10 * CLOCK_DAY);
	clock_next(&clock, false);
	/* The stamp is taken after the reboot here: boot ids decide. */
	service_clock_release(&clock);
	clock_first(&clock);
	machine_time_passes(&m, HOUR);
	{
		struct clock_stamp before;

		service_clock_stamp(&clock, &before);
		service_clock_release(&clock);
		machine_reboots(&m, 10 * CLOCK_DAY);
		service_clock_init(&clock, &before, false);
		ASSERT_ABOUT(service_clock_now(&clock), HOUR + 10 * CLOCK_DAY);
		service_clock_release(&clock);
		/* Not synchronised then, or now: nothing, unless accepted. */
		before.synchronised = false;
		service_clock_init(&clock, &before, false);
		ASSERT_ABOUT(service_clock_now(&clock), HOUR);
		service_clock_release(&clock);
		service_clock_init(&clock, &before, true);
		ASSERT_ABOUT(service_clock_now(&clock), HOUR + 10 * CLOCK_DAY);
		service_clock_release(&clock);
		before.synchronised = true;
		machine_synchronised(&m, false);
		service_clock_init(&clock, &before, false);
		ASSERT_ABOUT(service_clock_now(&clock), HOUR);
		/* The operator says so later. */
		ASSERT_ABOUT(service_clock_accept(&clock), 10 * CLOCK_DAY);
		ASSERT_ABOUT(service_clock_now(&clock), HOUR + 10 * CLOCK_DAY);
		assert_int_equal(service_clock_accept(&clock), 0);
		service_clock_release(&clock);
		/* Back in time: nothing, accepted or not. */
		machine_synchronised(&m, true);
		machine_wall_jumps(&m, -20 * CLOCK_DAY);
		service_clock_init(&clock, &before, true);
		ASSERT_ABOUT(service_clock_now(&clock), HOUR);
		service_clock_release(&clock);
		/* More than 30 days never count whole. */
		machine_wall_jumps(&m, 500 * CLOCK_DAY);
		service_clock_init(&clock, &before, true);
		assert_true(
		    service_clock_now(&clock) <= 2 * HOUR + 30 * CLOCK_DAY);
	}
	service_clock_release(&clock);
	machine_end(&m);
}

/* One thing that happens to a machine; only an unsynchronised clock is wrong.
 */
static void
fate(struct machine *m, uint64_t *dice, bool *ret_restart)
{
	*ret_restart = false;
	switch (world_dice(dice, 6)) {
	case 0:
		machine_time_passes(m, world_dice(dice, 1000) * 60 * CLOCK_S);
		break;
	case 1:
		/* A wrong clock is one that is not synchronised. */
		machine_synchronised(m, false);
		machine_wall_jumps(
		    m, ((int64_t)world_dice(dice, 400) - 200) * CLOCK_DAY);
		break;
	case 2:
		/* Set right: the wall is the truth's again. */
		m->wall = m->truth;
		machine_synchronised(m, true);
		break;
	case 3:
		m->boot -= world_dice(dice, 50) * HOUR;
		machine_write(m);
		break;
	case 4:
		machine_reboots(m, world_dice(dice, 60) * 12 * HOUR);
		*ret_restart = true;
		break;
	default:
		*ret_restart = true;
		break;
	}
}

/* Service time, and what had really passed then. */
struct moment {
	int64_t service;
	int64_t truth;
};

static struct moment
moment_now(struct service_clock *clock, const struct machine *m)
{
	struct moment moment = {.service = service_clock_now(clock)};

	moment.truth = machine_passed(m);
	return moment;
}

/* Between any two moments: what was lost before gives no room. */
static void
assert_not_ahead(const struct moment *from, const struct moment *to, int step)
{
	/* A second for what passes between two looks at clocks. */
	if (to->service - from->service > to->truth - from->truth + CLOCK_S)
		fail_msg("step %d: ahead by %lld s", step,
		    (long long)((to->service - from->service -
				    (to->truth - from->truth)) /
				CLOCK_S));
}

static void
service_time_is_never_ahead_whatever_happens(void **state)
{
	uint64_t dice = world_seed();
	struct moment last, kept, now;
	struct service_clock clock;
	struct clock_stamp stamp;
	struct machine m;
	bool restart;
	int i;

	(void)state;
	machine_make(&m);
	clock_first(&clock);
	kept = (struct moment){.truth = machine_passed(&m)};
	service_clock_stamp(&clock, &stamp);
	kept.service = stamp.service;
	last = kept;
	for (i = 0; i < 5000; i++) {
		fate(&m, &dice, &restart);
		if (restart) {
			/* A crash: the stamp is the last one written. */
			service_clock_release(&clock);
			service_clock_init(&clock, &stamp, false);
			last = kept;
		}
		now = moment_now(&clock, &m);
		assert_not_ahead(&last, &now, i);
		assert_true(now.service >= last.service);
		last = now;
		if (world_dice(&dice, 3) == 0 || restart) {
			kept.truth = machine_passed(&m);
			service_clock_stamp(&clock, &stamp);
			kept.service = stamp.service;
		}
	}
	service_clock_release(&clock);
	machine_end(&m);
}

/* ---- a service ---- */

static int64_t
newest_deadline(struct world *w, int64_t version)
{
	struct version row;
	struct reader *reader;
	enum rc rc;

	ASSERT_OK(&w->op, tenant_reader(&w->op, w->t, &reader));
	rc = version_get(&w->op, &reader->meta, version, &row);
	tenant_reader_put(w->t, reader);
	ASSERT_OK(&w->op, rc);
	return row.kept_until;
}

struct days_change {
	struct change change;
	int64_t days;
};

static enum rc
days_run(struct op *op, struct tx *tx, struct change *change)
{
	return setting_set(op, tx->meta, SETTING_VERSION_DAYS,
	    container_of(change, struct days_change, change)->days);
}

static int64_t
service_now(struct world *w)
{
	return service_clock_now(&w->f.service->clock);
}

static void
a_restarted_service_keeps_time_and_deadlines(void **state)
{
	struct days_change days = {.change.run = days_run, .days = 1};
	struct file_put_result put;
	int64_t version, deadline, now;
	struct machine m;
	struct world w;

	(void)state;
	machine_make(&m);
	world_make(&w, 2, 2);
	ASSERT_OK(&w.op, world_put(&w.op, &w, w.space, "a", 10, 1, &put));
	ASSERT_OK(&w.op, world_put(&w.op, &w, w.space, "a", 10, 2, &put));
	version = put.version;
	now = service_now(&w);
	deadline = newest_deadline(&w, version);
	assert_in_range(
	    deadline, now + 7 * CLOCK_DAY - 60 * CLOCK_S, now + 7 * CLOCK_DAY);
	/* A shorter term is for later overwrites. */
	ASSERT_OK(&w.op, change_commit(&w.op, w.t, &days.change));
	assert_int_equal(newest_deadline(&w, version), deadline);
	/* The same boot, an hour later, the wall clock gone mad. */
	world_stop(&w);
	machine_time_passes(&m, HOUR);
	machine_wall_jumps(&m, 3000 * CLOCK_DAY);
	world_start(&w);
	ASSERT_ABOUT(service_now(&w), now + HOUR);
	assert_int_equal(newest_deadline(&w, version), deadline);
	/* Another boot, while that clock says that it is synchronised: no more
	 * than the wall difference. */
	now = service_now(&w);
	world_stop(&w);
	machine_reboots(&m, 2 * CLOCK_DAY);
	world_start(&w);
	ASSERT_ABOUT(service_now(&w), now + 2 * CLOCK_DAY);
	assert_int_equal(newest_deadline(&w, version), deadline);
	/* Unsynchronised: the days off do not count, files are kept longer. */
	now = service_now(&w);
	world_stop(&w);
	machine_synchronised(&m, false);
	machine_reboots(&m, 9 * CLOCK_DAY);
	world_start(&w);
	ASSERT_ABOUT(service_now(&w), now);
	assert_true(w.f.service->clock.not_counted > 8 * CLOCK_DAY);
	assert_int_equal(newest_deadline(&w, version), deadline);
	world_check(&w, w.space, "a", 10, 2);
	world_end(&w);
	machine_end(&m);
}

static void
clock_accept_counts_once(void **state)
{
	struct machine m;
	struct world w;
	int64_t now;

	(void)state;
	machine_make(&m);
	world_make(&w, 2, 2);
	now = service_now(&w);
	world_stop(&w);
	machine_synchronised(&m, false);
	machine_reboots(&m, 9 * CLOCK_DAY);
	fixture_shell(&w.f, "touch clock.accept");
	world_start(&w);
	ASSERT_ABOUT(service_now(&w), now + 9 * CLOCK_DAY);
	fixture_shell(&w.f, "test ! -e clock.accept");
	now = service_now(&w);
	world_stop(&w);
	machine_reboots(&m, 9 * CLOCK_DAY);
	world_start(&w);
	ASSERT_ABOUT(service_now(&w), now);
	world_end(&w);
	machine_end(&m);
}

static void
without_the_clocks_file_the_sites_heads_tell_the_time(void **state)
{
	struct machine m;
	struct world w;
	int64_t now;

	(void)state;
	machine_make(&m);
	world_make(&w, 2, 2);
	machine_time_passes(&m, 30 * HOUR);
	now = service_now(&w);
	world_stop(&w);
	fixture_shell(&w.f, "rm clock");
	machine_time_passes(&m, HOUR);
	world_start(&w);
	ASSERT_ABOUT(service_now(&w), now + HOUR);
	/* An old copy of DIR does not set it back, and not forward. */
	fixture_shell(&w.f, "cp clock clock.old 2>/dev/null || cp /dev/null "
			    "clock.old");
	machine_time_passes(&m, 5 * HOUR);
	world_stop(&w);
	fixture_shell(&w.f, "mv clock.old clock");
	world_start(&w);
	ASSERT_ABOUT(service_now(&w), now + 6 * HOUR);
	world_end(&w);
	machine_end(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(within_one_boot_only_the_boot_clock_counts),
	    cmocka_unit_test(
		over_a_reboot_the_wall_clock_counts_if_it_can_be_trusted),
	    cmocka_unit_test(service_time_is_never_ahead_whatever_happens),
	    cmocka_unit_test(a_restarted_service_keeps_time_and_deadlines),
	    cmocka_unit_test(clock_accept_counts_once),
	    cmocka_unit_test(
		without_the_clocks_file_the_sites_heads_tell_the_time),
	};

	log_set_level(LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
