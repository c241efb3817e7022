/*
 * upkeep.h - what a service does for its tenants beside their work: snapshots,
 * cuts, packs, compaction (LOG.md L11 to L13). Threads of its own, two tenants
 * at a time, at a limited rate, and later where users' changes wait.
 */
#ifndef DOZO_CORE_UPKEEP_H
#define DOZO_CORE_UPKEEP_H

#include "core/compact.h"
#include "core/tenant.h"
#include "core/upkeep_seen.h"

enum {
	UPKEEP_THREADS = 3
}; /* of these the first only opens those that are
       closed */

struct upkeep {
	size_t n;
	struct thread threads[UPKEEP_THREADS];
	struct upkeep_seen seen;
};

/*
 * Adds what waits for each work in an open tenant: tenants (purge, snapshot,
 * cut), numbers that are to be packed, bytes that compaction would give back
 * (as it saw them last), objects to be swept. meta is a reader's. Any thread.
 */
enum rc upkeep_waits(struct op *op, struct tenant *tenant, struct meta *meta,
    uint64_t waits[UPKEEP_WORKS]) MUST_CHECK;

/*
 * Called for each piece of upkeep that was read or written: waits so long that
 * the service's rate is kept, a quarter of it while users' changes wait; not
 * at a tenant's start.
 * RC_BUSY where the service stops.
 */
enum rc
upkeep_spend(struct op *op, struct tenant *tenant, uint64_t bytes) MUST_CHECK;

/* One turn of a tenant that is open: what is due is done, what may be deleted
 * is. One at a time for a tenant: waits for the one that runs. */
enum rc upkeep_tenant(struct op *op, struct tenant *tenant) MUST_CHECK;

/*
 * Whether a tenant that is open has been without a snapshot for
 * UPKEEP_LATE_H hours of service time and more although one is due: nobody
 * serves it, or upkeep fails.
 */
enum { UPKEEP_LATE_H = 24 };
enum rc
upkeep_late(struct op *op, struct tenant *tenant, bool *ret_late) MUST_CHECK;

/* Compaction now, whatever the hour (dozo compact). */
enum rc upkeep_compact(struct op *op, struct tenant *tenant,
    struct compact_result *ret_result) MUST_CHECK;

/* The threads: where the service's configuration wants them. */
struct service;
enum rc upkeep_start(struct op *op, struct service *service) MUST_CHECK;
/* Waits for them; the service is stopping. */
void upkeep_join(struct service *service);

#endif
