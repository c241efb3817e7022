/* upkeep_seen.h - what upkeep is doing, and what it has done since the start:
 * for status and metrics. */
#ifndef DOZO_CORE_UPKEEP_SEEN_H
#define DOZO_CORE_UPKEEP_SEEN_H

#include <stdint.h>

#include "base/op.h"
#include "base/thread.h"

enum upkeep_work {
	UPKEEP_PURGE, /* rows of what has reached its term */
	UPKEEP_SNAPSHOT,
	UPKEEP_CUT, /* and deleting what lies below it */
	UPKEEP_PACK,
	UPKEEP_COMPACT,
	UPKEEP_SWEEP, /* deleting data that nothing names any more */
	UPKEEP_WORKS
};

struct upkeep_one {
	unsigned running; /* tenants being worked on ... */
	uint64_t tenant; /* ... the one that was begun last */
	uint64_t times; /* it was done, for one tenant each */
	uint64_t failed;
	int64_t ended; /* clock_wall() of its last end; 0: not since the start
			*/
	uint64_t freed; /* bytes of the objects that it deleted, on all sites */
};

struct upkeep_seen {
	struct mutex lock; /* guards works */
	struct upkeep_one works[UPKEEP_WORKS];
};

/* All of these from any thread. */
void upkeep_seen_init(struct upkeep_seen *seen);
void upkeep_seen_release(struct upkeep_seen *seen);
void
upkeep_begun(struct upkeep_seen *seen, enum upkeep_work work, uint64_t tenant);
/* RC_BUSY (the service stops, it goes on later) is no failure. */
void upkeep_ended(struct upkeep_seen *seen, enum upkeep_work work, enum rc rc);
void upkeep_seen_look(
    struct upkeep_seen *seen, struct upkeep_one ret_works[UPKEEP_WORKS]);

/*
 * Deletes an object on site i for the sake of this work, and counts what that
 * freed. Whether it is allowed is the caller's to know. As site_remove.
 */
struct service;
struct object_name;
enum rc upkeep_remove(struct op *op, struct service *service, size_t i,
    const struct object_name *name, enum upkeep_work work) MUST_CHECK;

#endif
