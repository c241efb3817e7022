/* catchup.h - private: copying to a site what it lacks of a tenant (LOG.md L4,
 * L22). */
#ifndef DOZO_CORE_CATCHUP_H
#define DOZO_CORE_CATCHUP_H

#include "core/tenant.h"

struct catch_up {
	struct tenant *tenant;
	const struct keyring *ring;
	struct meta *meta; /* rows of the chain: the writer's under tenant_lock,
			      or a reader's */
	const struct tail *tail; /* what the site lists; NULL: numbers above
				    from only, put again whatever it has */
	uint64_t from; /* numbers at or below are held */
	size_t site;
	struct site_set sources;
	bool measuring; /* adds up what is lacking instead of copying it */
	uint64_t lacking; /* bytes */
	atomic_uint_fast64_t *copied; /* counts objects; or NULL */
	size_t source; /* where what was read last passed */
	struct buf bytes;
};

/* Makes the tenant's folders on the site; a put never does. */
enum rc catch_up_prepare(struct op *op, struct catch_up *c) MUST_CHECK;

/*
 * The whole segment of a row into bytes, from the first of the sources where it
 * passes (L22). RC_DAMAGED where it passes nowhere, RC_BUSY where the service
 * stops.
 */
struct local_log;
struct local_data;
enum rc catch_up_number(
    struct op *op, struct catch_up *c, const struct local_log *log) MUST_CHECK;
enum rc catch_up_data(struct op *op, struct catch_up *c,
    const struct local_data *data) MUST_CHECK;
/* The same of a piece of a kept snapshot; part 0 is its list. RC_NOT_FOUND
 * where it is kept no more. */
enum rc catch_up_piece(struct op *op, struct catch_up *c,
    const uint8_t snapshot[OBJECT_ID_SIZE], uint32_t part) MUST_CHECK;

/* RC_OK: the site holds everything up to what meta shows (P). */
enum rc catch_up_run(struct op *op, struct catch_up *c) MUST_CHECK;

/* What the site lacks of that, in bytes, is added to lacking; nothing is
 * copied. */
enum rc catch_up_measure(struct op *op, struct catch_up *c) MUST_CHECK;

/*
 * reenter.c: as catch_up_run, for a site that does not count yet (L20): what it
 * lacks of a committed state, long as that may take, while the tenant is at
 * work. It is not in service by that. copied counts objects. Without
 * tenant_lock. RC_BUSY where the tenant takes no changes.
 */
enum rc tenant_catch_up_ahead(struct op *op, struct tenant *tenant, size_t i,
    atomic_uint_fast64_t *copied) MUST_CHECK;

#endif
