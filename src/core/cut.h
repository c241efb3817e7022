/* cut.h - the log's beginning moved up, and what lies below it deleted (LOG.md
 * L13). */
#ifndef DOZO_CORE_CUT_H
#define DOZO_CORE_CUT_H

#include "core/kept.h"
#include "core/tenant.h"

/* Whether the older of the two newest snapshots is above the base. */
bool cut_due(const struct kept *kept);

/*
 * Moves what small contents of numbers up to the older kept snapshot are still
 * live into data segments, then writes the number that names the new base.
 * RC_NOT_STORED, RC_IN_DOUBT, RC_BUSY, RC_DAMAGED (a content that no site has
 * undamaged: nothing is cut).
 */
enum rc cut_make(struct op *op, struct tenant *tenant) MUST_CHECK;

/*
 * Deletes on each site in service that holds the cut: numbers at or below the
 * base on every branch, branches below the head that lost, pieces of snapshots
 * that are not kept. Repeatable; what turns up late goes the next time. Not
 * while a snapshot of the tenant is being made.
 */
enum rc cut_clean(struct op *op, struct tenant *tenant) MUST_CHECK;

#endif
