/*
 * snapshot.h - a tenant's state as sealed objects (LOG.md L12): written, read
 * back, compared with the log's own replay, and only then named by a number.
 */
#ifndef DOZO_CORE_SNAPSHOT_H
#define DOZO_CORE_SNAPSHOT_H

#include "core/kept.h"
#include "core/tenant.h"

enum { SNAPSHOT_EVERY_H = 8, SNAPSHOT_KEPT = 2 };

/*
 * Begins a key epoch, writes a snapshot of the present state to the sites in
 * service, checks it and names it. Takes minutes for a large tenant, beside the
 * committer; one at a time for a tenant. RC_NOT_STORED, RC_BUSY (the service
 * stops, or SNAPSHOT_KEPT and one more stand already: a cut is due), RC_DAMAGED
 * (what was read back, or the replay, is another state: nothing is named).
 */
enum rc snapshot_make(struct op *op, struct tenant *tenant) MUST_CHECK;

/* What a snapshot holds, in order. Each may be NULL. */
struct snapshot_visit {
	/* First: what the list says (aside: numbers that lost). */
	enum rc (*begin)(struct snapshot_visit *visit, struct op *op,
	    const struct snapshot *snapshot, const struct segment_header *list);
	enum rc (*live)(struct snapshot_visit *visit, struct op *op,
	    const struct segment_data *live, size_t n);
	enum rc (*rows)(
	    struct snapshot_visit *visit, struct op *op, struct span rows);
};

/*
 * Reads the snapshot whose list is this one, each piece from the first of the
 * sites that has it undamaged. RC_OK: all of it was visited, and its rows have
 * the state hash that it claims. *ret_snapshot: all but named.
 */
enum rc
snapshot_read(struct op *op, struct tenant *tenant, struct site_set sites,
    const struct keyring *ring, const struct segment_data *list,
    struct snapshot_visit *visit, struct snapshot *ret_snapshot) MUST_CHECK;

/* Fills a new database, without tables yet, from a snapshot: rows, live data,
 * kept.h's rows with base or without. */
enum rc snapshot_load(struct op *op, struct tenant *tenant,
    const struct keyring *ring, const struct segment_data *list, bool base,
    struct meta *meta, struct snapshot *ret_snapshot) MUST_CHECK;

/* start.c's: the tenant's new database from the snapshot at the base. Under
 * tenant_lock. RC_DAMAGED, RC_NOT_FOUND: no site in reach has it whole. */
enum rc snapshot_restore(struct op *op, struct tenant *tenant,
    const struct tail_base *base) MUST_CHECK;

/* snapshot_check.c: whether the one before, replayed to the number, gives the
 * state hash; previous NULL: the log from number 1. RC_DAMAGED where not. */
enum rc snapshot_compare(struct op *op, struct tenant *tenant,
    const struct snapshot *previous,
    const struct snapshot *snapshot) MUST_CHECK;

#endif
