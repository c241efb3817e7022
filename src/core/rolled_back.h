/*
 * rolled_back.h - sites below what they acknowledged (LOG.md L20): somebody put
 * an older state in their place. Such a site knows less than it said, so it is
 * no witness of where a log ends and no source, until it has been caught up.
 */
#ifndef DOZO_CORE_ROLLED_BACK_H
#define DOZO_CORE_ROLLED_BACK_H

#include "core/tenant.h"

/*
 * Compares what site i lists with what it acknowledged, to this process or by
 * the rows of meta. Rolled back: noted in tenant->rolled_back and counted in
 * the service, with an alarm, and the reason of its lane.
 */
enum rc rolled_back_look(struct op *op, struct tenant *tenant,
    struct meta *meta, const struct tail *tail, size_t i) MUST_CHECK;

/* Those of the set that are not. */
struct site_set
rolled_back_without(struct tenant *tenant, struct site_set sites);

/* It has everything again. */
void rolled_back_end(struct tenant *tenant, size_t i);

#endif
