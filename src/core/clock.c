/* clock.c - service time. */
#include "core/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REBOOT_MAX (30 * CLOCK_DAY)

/* What passed since the stamp, by the rule of L19; ret_lost: wall time that
 * does not count. */
static int64_t
passed_since(const struct clock_stamp *from, const struct clock_stamp *now,
    bool accept, int64_t *ret_lost)
{
	int64_t by_wall = now->wall - from->wall;

	*ret_lost = 0;
	if (strcmp(from->boot_id, now->boot_id) == 0)
		return now->boot > from->boot ? now->boot - from->boot : 0;
	if (by_wall >= 0 && by_wall <= REBOOT_MAX &&
	    (accept || (from->synchronised && now->synchronised)))
		return by_wall;
	*ret_lost = by_wall > 0 ? by_wall : 0;
	return 0;
}

static void
stamp_now(struct clock_stamp *stamp)
{
	stamp->boot = clock_boot();
	stamp->wall = clock_wall();
	stamp->synchronised = clock_synchronised();
	clock_boot_id(stamp->boot_id);
}

void
service_clock_init(
    struct service_clock *clock, const struct clock_stamp *from, bool accept)
{
	memset(clock, 0, sizeof(*clock));
	mutex_init(&clock->lock);
	stamp_now(&clock->last);
	clock->last.service = from->service + passed_since(from, &clock->last,
						  accept, &clock->not_counted);
}

void
service_clock_release(struct service_clock *clock)
{
	mutex_release(&clock->lock);
}

/* Within one run only CLOCK_BOOTTIME counts; going back (a machine image put
 * back) counts as nothing. */
static void
advance(struct service_clock *clock)
{
	int64_t boot = clock_boot();

	if (boot > clock->last.boot)
		clock->last.service += boot - clock->last.boot;
	clock->last.boot = boot;
}

int64_t
service_clock_now(struct service_clock *clock)
{
	int64_t now;

	mutex_lock(&clock->lock);
	advance(clock);
	now = clock->last.service;
	mutex_unlock(&clock->lock);
	return now;
}

int64_t
service_clock_accept(struct service_clock *clock)
{
	int64_t added;

	mutex_lock(&clock->lock);
	advance(clock);
	added =
	    clock->not_counted < REBOOT_MAX ? clock->not_counted : REBOOT_MAX;
	clock->last.service += added;
	clock->not_counted = 0;
	mutex_unlock(&clock->lock);
	return added;
}

void
service_clock_stamp(struct service_clock *clock, struct clock_stamp *ret_stamp)
{
	mutex_lock(&clock->lock);
	advance(clock);
	clock->last.wall = clock_wall();
	clock->last.synchronised = clock_synchronised();
	*ret_stamp = clock->last;
	mutex_unlock(&clock->lock);
}

void
clock_stamp_text(const struct clock_stamp *stamp, char out[CLOCK_STAMP_TEXT])
{
	(void)snprintf(out, CLOCK_STAMP_TEXT,
	    "%" PRId64 " %" PRId64 " %" PRId64 " %d %s\n", stamp->service,
	    stamp->boot, stamp->wall, stamp->synchronised ? 1 : 0,
	    stamp->boot_id[0] != '\0' ? stamp->boot_id : "-");
}

enum rc
clock_stamp_parse(
    struct op *op, const char *text, struct clock_stamp *ret_stamp)
{
	struct clock_stamp stamp = {0};
	int synchronised;

	/* The widths keep the conversion bounded; numbers beyond int64 saturate
	 * and fail the sign test. */
	if (sscanf(text,
		"%18" SCNd64 " %18" SCNd64 " %19" SCNd64
		" %1d %39s", // NOLINT(cert-err34-c)
		&stamp.service, &stamp.boot, &stamp.wall, &synchronised,
		stamp.boot_id) != 5 ||
	    stamp.service < 0)
		FAIL(op, RC_DAMAGED, "the clock's stamp is malformed");
	stamp.synchronised = synchronised != 0;
	*ret_stamp = stamp;
	return RC_OK;
}
