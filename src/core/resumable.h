/*
 * resumable.h - an upload that goes on where it was: after a break of the
 * connection, kill -9, the loss of a site, a rebuild (LOG.md L8). Its row says
 * how far it has come, and each data segment, and each end of a writing, moves
 * it by a change: what it says is on m sites, with the running digests of just
 * these bytes, so that nothing is ever read again.
 *
 * What an upload says never reaches its size before its file is there: with the
 * last bytes the file appears and the row is done, in one change.
 *
 * Others' uploads, and those whose term has ended, are RC_NOT_FOUND everywhere.
 */
#ifndef DOZO_CORE_RESUMABLE_H
#define DOZO_CORE_RESUMABLE_H

#include "base/clock.h"
#include "core/file_put.h"
#include "core/tenant.h"
#include "meta/upload_row.h"

/* Service time since it last moved; how long a done one is told of. */
#define RESUMABLE_TERM (7 * CLOCK_DAY)
#define RESUMABLE_DONE_TERM CLOCK_DAY

enum { RESUMABLE_METADATA_MAX = 4096 };

struct resumable_new {
	struct tree_target to; /* TREE_TAKEN_USUAL: refused */
	bool has_size;
	uint64_t size;
	bool has_digest; /* what the whole has to be */
	uint8_t digest[SHA256_SIZE];
	bool has_mtime;
	int64_t mtime;
	struct span metadata; /* as the client sent it, for resumable_get */
	struct precondition precondition; /* of what has the name now */
};

struct resumable_state {
	int64_t id;
	uint64_t offset;
	bool has_size;
	uint64_t size;
	bool done;
	int64_t node; /* the file; done only */
	struct span metadata; /* in the op's arena */
	int64_t expires_at; /* wall time, as it looks now */
	struct receipt receipt; /* of what this call changed; number 0: nothing
				 */
};

struct resumable_result {
	struct resumable_state state;
	bool other_digest; /* RC_INVALID: the whole is not what was named */
	struct file_put_result put; /* done only; put.tree.why always */
};

/*
 * A new one, without bytes; where its size is 0 it is done in the same change.
 * Refused as file_put would refuse it, and RC_NO_SPACE where the sites have no
 * space for its size. op->hook runs with its change, and finds result->state.id
 * there.
 */
enum rc resumable_make(struct op *op, struct tenant *tenant,
    const struct resumable_new *upload,
    struct resumable_result *result) MUST_CHECK;

/* RC_NOT_FOUND. */
enum rc resumable_get(struct op *op, struct tenant *tenant, int64_t id,
    struct resumable_state *ret_state) MUST_CHECK;

/*
 * It ends, and its content goes; of a done one only the row. A writing that is
 * under way finds it gone. RC_NOT_FOUND.
 */
enum rc
resumable_drop(struct op *op, struct tenant *tenant, int64_t id) MUST_CHECK;

/* One change's worth of those whose terms have ended; the mender's. */
enum rc resumable_expire(struct op *op, struct tenant *tenant) MUST_CHECK;

/* ---- writing ---- */

struct resumable;

struct resumable_from {
	uint64_t offset; /* where the caller thinks that it stands */
	bool whole; /* of what is written all counts, with resumable_end, or
		       nothing */
	bool has_size; /* the size, where it was not known so far */
	uint64_t size;
};

/*
 * Goes on with it; one at a time: RC_BUSY. RC_CONFLICT where it does not stand
 * at offset or is done, RC_INVALID for another size than it has. op lives until
 * resumable_free.
 */
enum rc resumable_open(struct op *op, struct tenant *tenant, int64_t id,
    const struct resumable_from *from, struct resumable **ret_r) MUST_CHECK;

/* As upload_write; RC_LIMIT beyond the size. After a failure only
 * resumable_free. */
enum rc resumable_write(
    struct op *op, struct resumable *r, struct span bytes) MUST_CHECK;

/*
 * What was written counts, on m sites. With the last byte the file appears
 * (precondition is of what has the name now); where that is refused, what no
 * change has named yet does not count, and the upload stays: it can go on when
 * the reason is gone. Only resumable_free after it.
 */
enum rc resumable_end(struct op *op, struct resumable *r,
    const struct precondition *precondition,
    struct resumable_result *result) MUST_CHECK;

/* The same for one that has broken off: what came counts (unless whole), and
 * nobody is told. */
void resumable_break(struct resumable *r);

/* Accepts NULL. */
void resumable_free(struct resumable *r);

#endif
