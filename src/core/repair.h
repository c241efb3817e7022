/*
 * repair.h - damaged objects on sites that are in service: noted where they are
 * found, and repaired by the mender (LOG.md L22, L29). The bad bytes go to
 * damaged/, good ones from another site are put under the same name.
 */
#ifndef DOZO_CORE_REPAIR_H
#define DOZO_CORE_REPAIR_H

#include "base/op.h"
#include "store/sites.h"

struct tenant;
struct chunk_place;

/* A numbered or a data segment that did not pass on a site. */
struct damaged {
	size_t site;
	uint64_t number; /* 0: a data segment */
	uint8_t data[OBJECT_ID_SIZE];
	int64_t due; /* clock_mono() before which it is not tried again */
};

/*
 * Reading a piece of the segment from site i failed with rc: notes it where
 * that is damage (wrong bytes, an object that is not there or cannot be read
 * while the site is), and the site's absence where it is that. Clears the op's
 * error. What finds no room is found again. Any thread.
 */
void repair_note(struct op *op, struct tenant *tenant, size_t i,
    const struct chunk_place *place, enum rc rc);

/* Repairs what is noted and due, one after the other; the tenant is open. The
 * mender's. */
void repair_tenant(struct op *op, struct tenant *tenant);

/* Objects that are noted, on each site; the sum. Any thread. */
size_t repair_count(struct tenant *tenant, size_t ret_counts[SITES_MAX]);

#endif
