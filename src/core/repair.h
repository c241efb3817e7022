/*
 * repair.h - damaged objects on sites that are in service: noted where they are
 * found, and repaired by the mender, or at once by whoever waits for it (LOG.md
 * L22, L29). The bad bytes go to damaged/, good ones from another site are put
 * under the same name.
 */
#ifndef DOZO_CORE_REPAIR_H
#define DOZO_CORE_REPAIR_H

#include "base/op.h"
#include "store/sites.h"

struct tenant;
struct chunk_place;

enum damaged_kind {
	DAMAGED_NUMBER,
	DAMAGED_DATA, /* a data segment */
	DAMAGED_PIECE, /* of a kept snapshot */
	DAMAGED_KEYRING, /* the newest one that stands there */
};

/* An object that did not pass on a site. */
struct damaged {
	enum damaged_kind kind;
	size_t site;
	uint64_t number; /* of DAMAGED_NUMBER */
	uint8_t data[OBJECT_ID_SIZE]; /* the data segment's id, the snapshot's
				       */
	uint32_t part; /* of a snapshot */
	int64_t due; /* clock_mono() before which it is not tried again */
};

/*
 * Reading it failed with rc: notes it where that is damage (wrong bytes, an
 * object that is not there or cannot be read while the site is), and the site's
 * absence where it is that. Clears the op's error. What finds no room is found
 * again. Any thread.
 */
void repair_note_object(struct op *op, struct tenant *tenant,
    const struct damaged *item, enum rc rc);

/* The same of the segment in which a piece of a content lies, on site i. */
void repair_note(struct op *op, struct tenant *tenant, size_t i,
    const struct chunk_place *place, enum rc rc);

/* Repairs what is noted and due, one after the other; the tenant is open. The
 * mender's. */
void repair_tenant(struct op *op, struct tenant *tenant);

enum { REPAIR_TEXT_SIZE = 400 };

/*
 * Repairs it now, and says into text what came of it; false where it stays as
 * it is, and is noted for the mender. Not under tenant_lock.
 */
bool repair_now(struct op *op, struct tenant *tenant,
    const struct damaged *item, enum rc rc, char text[REPAIR_TEXT_SIZE]);

/*
 * Waits until the mender has brought a site that counts into service for the
 * tenant, a minute at most; whether it is: only there can anything be repaired.
 */
bool repair_await_site(struct tenant *tenant, size_t site);

/* Objects that are noted, on each site; the sum. Any thread. */
size_t repair_count(struct tenant *tenant, size_t ret_counts[SITES_MAX]);

#endif
