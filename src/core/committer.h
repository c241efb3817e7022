/* committer.h - private to the committer's files: one group of changes on its
 * way to becoming a segment. */
#ifndef DOZO_CORE_COMMITTER_H
#define DOZO_CORE_COMMITTER_H

#include "core/change.h"
#include "core/kept.h"
#include "core/tenant.h"

enum {
	GROUP_SEGMENT_MAX = 1 << 20, /* L8; one change alone may be more */
	GROUP_CHANGES_MAX = 512,
	GROUP_BODY_MAX = 512 << 10, /* of inline chunks, sealed (L8) */
	GROUP_CHUNKS_MAX = 1024,
	GROUP_DATA_MAX = 256,
	GROUP_FOLDERS_MAX = 2048,
	GROUP_TABLE_SIZE = 4096, /* a power of two, twice GROUP_FOLDERS_MAX */
	GROUP_RECORD_COUNT = GROUP_CHANGES_MAX + 2,
};

/* Where a group stands: what an undone change goes back to. */
struct group_mark {
	size_t body_size;
	size_t n_chunks;
	size_t n_adds;
	size_t n_drops;
	size_t n_folders;
	size_t fact_size; /* 0: none */
	struct site_set on;
	int64_t next_id;
};

struct group_chunk {
	size_t offset; /* in body */
	size_t size;
	uint32_t plain_size;
};

struct group {
	struct tx tx; /* first: a tx is its group */
	struct tenant *tenant;
	struct group_mark at;
	struct site_set in_service; /* those that its number is for */
	struct site_set low; /* in service, but below their reserve (L14) */
	size_t n_changes; /* that were run */
	bool keeps_paths; /* each of them did */
	bool full; /* a tx call found no room beside earlier changes */
	struct db_session *session; /* the present run of changes */
	struct buf records; /* changesets one after the other */
	size_t n_records;
	size_t record_ends[GROUP_RECORD_COUNT];
	struct buf body; /* inline chunks, sealed */
	struct group_chunk chunks[GROUP_CHUNKS_MAX];
	struct segment_data adds[GROUP_DATA_MAX];
	struct segment_data drops[GROUP_DATA_MAX];
	enum segment_role role;
	size_t n_parts; /* of the fact, as below */
	struct segment_data parts[TX_PARTS_MAX];
	struct segment_aside place;
	uint8_t fact[FACT_SIZE_MAX];
	int64_t folders[GROUP_FOLDERS_MAX]; /* touched, in order of touching */
	uint16_t table[GROUP_TABLE_SIZE]; /* open addressing: place in folders +
					     1, 0: empty */
};

/* group.c: what the calls of change.h work on. */
enum rc group_new(struct op *op, struct tenant *tenant, enum segment_role role,
    struct group **ret_group) MUST_CHECK;
void group_free(struct group *group);
void group_free_ptr(struct group **group);

/* group.c: runs one change in a savepoint of its own; its refusal leaves no
 * trace (L6). *ret_rows: rows it changed. */
enum rc group_run_change(struct op *op, struct group *group,
    struct change *change, int64_t *ret_rows) MUST_CHECK;

/* group.c: ends the open session as a record. */
enum rc group_end_session(struct op *op, struct group *group) MUST_CHECK;

/* group.c: the rows that a group has once: counter, ETags of touched folders,
 * the acks of the number before. */
enum rc group_bookkeeping(struct op *op, struct group *group) MUST_CHECK;

/* What a group becomes. */
struct sealed {
	struct offer *offer;
	struct segment_header header; /* points into the group or the tenant */
	uint8_t hash[OBJECT_HASH_SIZE];
	uint64_t body_offset;
};

/* seal.c: the group as number head + 1 under the present attempt. Free
 * ret_sealed->offer. */
enum rc group_seal(
    struct op *op, struct group *group, struct sealed *ret_sealed) MUST_CHECK;

/* seal.c: an opening (L1) at head + 1. */
enum rc opening_seal(
    struct op *op, struct tenant *tenant, struct sealed *ret_sealed) MUST_CHECK;

/* seal.c: number 1: the schema's first migration. */
enum rc first_seal(
    struct op *op, struct tenant *tenant, struct sealed *ret_sealed) MUST_CHECK;

#endif
