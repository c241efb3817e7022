/* holding.h - which sites hold a content, and since when (L24). */
#ifndef DOZO_CORE_HOLDING_H
#define DOZO_CORE_HOLDING_H

#include "core/tenant.h"

struct holding {
	struct site_set sites; /* in service, with all of it on disk */
	int64_t since[SITES_MAX]; /* service time of the acknowledgement; 0: not
				     known */
};

/*
 * Of a content's present bytes: those that were moved (L11, L13) are held since
 * the move. An empty content is held by whoever is in service. RC_NOT_FOUND.
 */
enum rc holding_get(struct op *op, struct meta *meta, struct tenant *tenant,
    int64_t content, struct holding *ret_holding) MUST_CHECK;

#endif
