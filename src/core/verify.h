/* verify.h - opening what a segment holds: only AEAD proves bytes (LOG.md L22).
 */
#ifndef DOZO_CORE_VERIFY_H
#define DOZO_CORE_VERIFY_H

#include "meta/content.h"
#include "store/segment.h"

/* A numbered segment's sealed index and every record. RC_DAMAGED; RC_NOT_FOUND:
 * the epoch's key is gone. */
enum rc verify_records(struct op *op, const struct segment *segment,
    const struct keyring *keys) MUST_CHECK;

/* A chunk's sealed frames, opened with its key. RC_DAMAGED. */
enum rc verify_chunk(
    struct op *op, const struct chunk *chunk, struct span sealed) MUST_CHECK;

/*
 * Every chunk in the segment that a row of meta still names; place tells which
 * segment it is. base: where the rows' offsets count from. The provider's log
 * has no contents. RC_DAMAGED.
 */
enum rc
verify_chunks(struct op *op, struct meta *meta, const struct segment *segment,
    const struct chunk_place *place, uint64_t base) MUST_CHECK;

#endif
