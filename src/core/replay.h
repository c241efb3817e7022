/* replay.h - numbers of the log applied to a database, the tenant's own or
 * another (LOG.md L5). */
#ifndef DOZO_CORE_REPLAY_H
#define DOZO_CORE_REPLAY_H

#include "core/tenant.h"

/* A database and where it stands in the log. */
struct replica {
	const struct keyring *ring; /* borrowed */
	struct meta *meta; /* borrowed; of the connection that writes */
	struct tenant_head head;
};

/* Applies a segment that stands on the head, inside the transaction that is
 * open; after a failure rows of it may stand there. */
enum rc replay_apply(struct op *op, struct replica *replica,
    const struct segment *segment) MUST_CHECK;

/* The local rows of a segment (log, data, aside, epoch), inside the open
 * transaction. */
enum rc replay_note(struct op *op, struct meta *meta,
    const struct segment_header *header, const uint8_t hash[OBJECT_HASH_SIZE],
    uint64_t body_offset) MUST_CHECK;

#endif
