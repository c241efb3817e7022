/* clock.h - service time (LOG.md L19): what decides deadlines. Never ahead of
 * the time that really passed. */
#ifndef DOZO_CORE_CLOCK_H
#define DOZO_CORE_CLOCK_H

#include "base/clock.h"
#include "base/op.h"
#include "base/thread.h"

/* What is kept to go on from; in DIR/clock and in heads. */
struct clock_stamp {
	int64_t service; /* ns of service time; 0 at init */
	int64_t boot; /* clock_boot() at that moment */
	int64_t wall;
	bool synchronised;
	char boot_id[CLOCK_BOOT_ID_SIZE];
};

struct service_clock {
	struct mutex lock;
	struct clock_stamp last;
	int64_t
	    not_counted; /* ns of wall time that did not count at the start */
};

/*
 * Goes on from a stamp: within one boot by CLOCK_BOOTTIME (smaller than before:
 * 0); after a reboot by the wall difference, if it is >= 0, at most 30 days,
 * and the clock was synchronised then and is now, or accept (dozo clock
 * accept); else by nothing.
 */
void service_clock_init(
    struct service_clock *clock, const struct clock_stamp *from, bool accept);
void service_clock_release(struct service_clock *clock);

/* Service time now, ns. Any thread. */
int64_t service_clock_now(struct service_clock *clock);

/*
 * Counts now what did not count at the start, 30 days of it at most: an
 * operator says that the wall clock is right. Returns the ns that were added.
 */
int64_t service_clock_accept(struct service_clock *clock);

/* The present stamp, for keeping. */
void
service_clock_stamp(struct service_clock *clock, struct clock_stamp *ret_stamp);

/* One line of text, and back; RC_DAMAGED. */
enum { CLOCK_STAMP_TEXT = 160 };
void
clock_stamp_text(const struct clock_stamp *stamp, char out[CLOCK_STAMP_TEXT]);
enum rc clock_stamp_parse(
    struct op *op, const char *text, struct clock_stamp *ret_stamp) MUST_CHECK;

#endif
