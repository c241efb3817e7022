/*
 * kept.h - where a tenant's log begins, and the snapshots that are kept of it
 * (LOG.md L12, L13, L17): local rows, written with the numbers that say so.
 */
#ifndef DOZO_CORE_KEPT_H
#define DOZO_CORE_KEPT_H

#include "core/tenant.h"
#include "meta/local.h"

enum { KEPT_MAX = 4, FACT_SIZE_MAX = 64 };

/* A snapshot that a number names: it was read back and compared before. */
struct snapshot {
	struct segment_data list; /* id, hash and size of its list (part 0) */
	struct tenant_head at; /* the number whose state it is */
	uint64_t named; /* the number that names it; 0: not replayed yet */
	int64_t time; /* service time at its making, ns */
	uint32_t schema; /* the last migration that was in it */
	uint32_t epoch; /* that its pieces are sealed under */
	uint8_t state_hash[DB_HASH_SIZE];
};

struct kept {
	struct tenant_head base; /* number 0: the log begins with number 1 */
	uint64_t cut; /* the number that says so */
	size_t n;
	struct snapshot list[KEPT_MAX]; /* by number, rising */
};

enum rc
kept_get(struct op *op, struct meta *meta, struct kept *ret_kept) MUST_CHECK;
enum rc
kept_set(struct op *op, struct meta *meta, const struct kept *kept) MUST_CHECK;

/* The records of numbers that name a snapshot or a cut (docs/FORMAT.md 11). */
size_t
fact_snapshot(const struct snapshot *snapshot, uint8_t out[FACT_SIZE_MAX]);
size_t fact_cut(uint8_t out[FACT_SIZE_MAX]);

/* Reads a snapshot's record into it; list and at are the header's. RC_DAMAGED.
 */
enum rc fact_snapshot_read(
    struct op *op, struct span fact, struct snapshot *snapshot) MUST_CHECK;

/*
 * What a number with a fact changes: role, number, parts and at of its header.
 * Inside the transaction that makes it or replays it. RC_DAMAGED, RC_REFUSED
 * for a fact of a kind that this program does not know.
 */
enum rc kept_note(struct op *op, struct meta *meta,
    const struct segment_header *header, struct span fact) MUST_CHECK;

/* Notes the key epoch of a number (L17). */
enum rc kept_note_epoch(struct op *op, struct meta *meta, uint64_t number,
    uint32_t epoch) MUST_CHECK;

/* Whether a number above base, or a kept snapshot, is sealed under it. */
enum rc kept_uses_epoch(struct op *op, struct meta *meta,
    const struct kept *kept, uint32_t epoch, bool *ret_used) MUST_CHECK;

#endif
