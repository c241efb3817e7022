/*
 * change.h - a change: one mutation, run by the tenant's committer inside a
 * transaction that becomes a numbered segment (DESIGN.md section 2). All row
 * changes, the audit row and the bytes of small contents are in it together.
 */
#ifndef DOZO_CORE_CHANGE_H
#define DOZO_CORE_CHANGE_H

#include "base/op.h"
#include "base/span.h"
#include "meta/meta.h"
#include "store/segment.h"
#include "store/sites.h"

enum {
	CHANGE_INLINE_MAX = 65536, /* plaintext of a content that travels in the
				      numbered segment (L8) */
	CHANGE_ROWS_MAX = 1000, /* L8 */
};

/*
 * The transaction of the group that a change runs in. Only valid inside run.
 * Reading sees the group's own earlier changes; nothing read here may fill a
 * cache (L7).
 */
struct tx {
	struct meta *meta; /* the writer */
	uint64_t tenant;
	uint64_t number; /* of the segment being made */
	int64_t now; /* service time, ns: deadlines (L19) */
	int64_t wall; /* ns since 1970: for display */
};

/* A fresh id, unique in the tenant over all tables. A refused change's ids are
 * issued again. */
int64_t tx_id(struct tx *tx);

/* A fresh value for a file's ETag. */
int64_t tx_tag(struct tx *tx);

/*
 * A small content's only chunk, sealed already (aead_seal under its chunk key,
 * AD segment_chunk_ad()), to travel in this segment; bytes are copied.
 * *ret_offset is its place from the body's start, for the chunk's row (with
 * tx->number). RC_LIMIT where the group is full: the committer runs the change
 * again in the next one.
 */
enum rc tx_inline(struct op *op, struct tx *tx, struct span sealed,
    uint32_t plain_size, uint64_t *ret_offset) MUST_CHECK;

/* A data segment that stands on sites and is to be named by a change. */
struct put_data {
	struct segment_data data;
	uint64_t counter; /* of the claim that it was put under */
	struct site_set on;
	uint64_t epochs[SITES_MAX]; /* of these sites, before it was put */
};

/*
 * A data segment that is named by this change from now on (L4, L8).
 * RC_NOT_STORED where too few sites are sure to have it: they went away since,
 * or another claim, which may have taken it for an orphan, came between.
 */
enum rc tx_add_data(
    struct op *op, struct tx *tx, const struct put_data *data) MUST_CHECK;

/* A data segment that nothing names any more after this change. RC_NOT_FOUND.
 */
enum rc tx_drop_data(
    struct op *op, struct tx *tx, const uint8_t id[OBJECT_ID_SIZE]) MUST_CHECK;

/*
 * What a change of role SEGMENT_SNAPSHOT or SEGMENT_CUT says: sections of the
 * number's header, and a record (kept.h), which is noted in the local rows
 * here. on: sites that have what it names; the others leave service (P). Once a
 * group.
 */
struct tx_fact {
	size_t n_parts; /* TX_PARTS_MAX at most */
	const struct segment_data *parts;
	const struct segment_aside *at;
	struct span record;
	const struct put_data *put;
};
enum { TX_PARTS_MAX = 4 };
enum rc
tx_fact(struct op *op, struct tx *tx, const struct tx_fact *fact) MUST_CHECK;

/* This folder gets a new ETag with the group (written once at its end). */
enum rc
tx_touch_folder(struct op *op, struct tx *tx, int64_t folder) MUST_CHECK;

/* Whether an earlier change of this group (or this one) touched the folder: its
 * ETag is already another. */
bool tx_folder_touched(const struct tx *tx, int64_t folder);

/* When and where a change became durable: what Dozo-Commit and Dozo-Sites say.
 */
struct receipt {
	uint64_t number;
	struct site_set sites; /* that had it on disk when the answer left */
	int64_t service_time;
};

/*
 * What a request wants done in the transaction of the change that answers it
 * (op->hook), besides that change. Embedded in a struct of its maker. As a
 * change's run, both may be called more than once, on a rolled-back state.
 */
struct change_hook {
	/* *ret_skip: the change is not to run; it is RC_OK with nothing done.
	 */
	enum rc (*before)(struct op *op, struct tx *tx,
	    struct change_hook *hook, bool *ret_skip);
	/* Once it has run: sees its rows. */
	enum rc (*after)(
	    struct op *op, struct tx *tx, struct change_hook *hook);
};

/*
 * A mutation. Embedded in a struct of its maker; stays valid until it is done.
 * run is called once or more often (a failed group is run again, L6), each time
 * on a rolled-back state, and must leave nothing outside the transaction but
 * its results.
 */
struct change {
	enum rc (*run)(struct op *op, struct tx *tx, struct change *change);
	/* Of the request that the change answers; run may take it away. */
	struct change_hook *hook;
	/* Updates a unique column of an existing row: rename, move, swap (L5).
	 */
	bool own_session;
	/* Moves and removes no folder and changes no member or space: what
	 * path_cache.h keeps still holds. */
	bool keeps_paths;
	/* Of the number that it becomes; 0: SEGMENT_CHANGES, a user's. Changes
	 * of different roles are never in one group. */
	enum segment_role role;
	/* May use the space below the reserve: deletes, purges (L14). */
	bool frees_space;
	/* An offer of bytes for tx_inline, so that groups can be cut before
	 * they are full. */
	size_t inline_size;

	/* For change_submit: called once, with the results, after which the
	 * committer knows the change no more. */
	void (*then)(struct change *change);

	/* Results. */
	enum rc rc;
	struct receipt receipt;

	/* The committer's own. */
	struct op *op;
	struct change *next;
	bool done;
	bool again; /* its group had no room left: it runs in the next one */
};

/* For whoever runs changes: the change with its hook. */
enum rc
change_run(struct op *op, struct tx *tx, struct change *change) MUST_CHECK;

struct tenant;

/*
 * Queues the change and waits for its group's outcome. RC_OK: durable on m
 * sites; change->receipt says where. RC_NOT_STORED: surely not done.
 * RC_IN_DOUBT: unknown until the next opening (L1). Else what run returned, and
 * nothing of it was done. A change that made no row change is RC_OK with number
 * 0.
 */
enum rc change_commit(
    struct op *op, struct tenant *tenant, struct change *change) MUST_CHECK;

/*
 * The same without waiting: change->then is called once the outcome is known,
 * by any thread, perhaps before this returns. Until then op and change belong
 * to the committer. In a service without committers (service_config) the
 * caller commits.
 */
void change_submit(struct op *op, struct tenant *tenant, struct change *change);

#endif
