/* fetch.h - committed numbers and chunks from whichever site has them
 * undamaged. */
#ifndef DOZO_CORE_FETCH_H
#define DOZO_CORE_FETCH_H

#include "core/tenant.h"
#include "meta/content.h"
#include "meta/local.h"

/* A number of the chain into bytes, hash compared with its row's; RC_DAMAGED
 * where no attached site has it so. */
enum rc
fetch_number(struct op *op, struct tenant *tenant, const struct local_log *log,
    struct buf *bytes, struct segment *ret_segment) MUST_CHECK;

/*
 * A chunk's sealed frames into bytes (cleared first), each of them opened with
 * its key before they count (L22). RC_DAMAGED where no attached site has them.
 */
enum rc fetch_chunk(struct op *op, struct tenant *tenant, struct meta *meta,
    const struct chunk *chunk, struct buf *bytes) MUST_CHECK;

/* Where a chunk's first frame lies: a data segment, or a number, which may lie
 * in a pack. */
struct fetch_place {
	bool numbered;
	struct log_name log;
	struct object_name object; /* for a number: as an object of its own */
	uint64_t offset; /* in the segment */
};

/* RC_NOT_FOUND where its number was cut. */
enum rc fetch_place(struct op *op, struct tenant *tenant, struct meta *meta,
    const struct chunk_place *chunk, struct fetch_place *ret_place) MUST_CHECK;

/* Exactly size bytes from offset after the place, from site i. */
enum rc fetch_bytes(struct op *op, struct tenant *tenant, size_t i,
    const struct fetch_place *place, uint64_t offset, void *out,
    size_t size) MUST_CHECK;

#endif
