/*
 * locks.h - what locks keep others from (RFC 4918 6 and 7), and the changes
 * that make, refresh and end them. Locks are rows of the log like everything
 * else: they outlive a restart, a power cut and a rebuild, and end by service
 * time (LOG.md L19). A lock belongs to a member: its token is worth nothing to
 * others.
 */
#ifndef DOZO_CORE_LOCKS_H
#define DOZO_CORE_LOCKS_H

#include "base/clock.h"
#include "core/tree.h"
#include "meta/lock.h"

enum {
	LOCKS_MEMBER_MAX = 1000, /* that a member may have at once */
	LOCKS_SHARED_MAX = 10, /* on one node */
	LOCKS_SHOWN_MAX = 64, /* tokens that a door lets a request show (L8) */
};
#define LOCKS_TERM_MAX (CLOCK_DAY) /* that a lock may have, ns */

/* ---- what is locked ---- */

/*
 * Calls each for every lock that has not ended, whatever its depth, on a node
 * (NODE_NONE: on none) and on the folders above it; level counts upwards from
 * the node, which is 0.
 */
typedef enum rc
locks_each(void *arg, struct op *op, const struct lock *lock, size_t level);
enum rc locks_see(struct op *op, struct meta *meta, int64_t now, int64_t node,
    const struct place *folder, locks_each *each, void *arg) MUST_CHECK;

/* The same for those on nodes somewhere below a folder. */
enum rc locks_see_below(struct op *op, struct meta *meta, int64_t now,
    int64_t folder, lock_each *each, void *arg) MUST_CHECK;

/* Whether a lock so far above a node locks the node. */
static inline bool
lock_covers(const struct lock *lock, size_t level)
{
	return level == 0 || lock->deep;
}

/* How far a change of a node goes. */
enum locks_reach {
	LOCKS_STATE, /* its own content, dates or properties */
	LOCKS_ENTRY, /* something comes into the folder: there is no node yet */
	LOCKS_WHOLE, /* it leaves its folder, with all below it */
};

/*
 * Whether a change may be made: all locks that forbid it are the actor's, and
 * shown. folder: where the node stands. RC_CONFLICT with *ret_block.
 */
enum rc locks_allow(struct op *op, struct meta *meta, int64_t now,
    const struct actor *actor, const struct if_lists *shown, int64_t node,
    const struct place *folder, enum locks_reach reach,
    struct lock_block *ret_block) MUST_CHECK;

/* Inside a change: a node leaves its place, and so the locks on it and below it
 * end. */
enum rc locks_end(struct op *op, struct tx *tx, int64_t node) MUST_CHECK;

/* ---- changes ---- */

struct locks_take {
	int64_t node; /* or NODE_NONE: an empty file is made there */
	struct tree_target to;
	bool shared;
	bool deep;
	int64_t term; /* ns, cut to LOCKS_TERM_MAX */
	uint8_t token[LOCK_TOKEN_SIZE]; /* random, the caller's */
	struct span owner;
	struct precondition precondition;
};

/*
 * Locks; *ret_lock is the lock. As the calls of tree.h; RC_CONFLICT with
 * TREE_WHY_LOCKED where another lock does not allow it, TREE_WHY_CONFLICTING
 * where it would not go with another lock; RC_LIMIT. result->created: a file
 * was made. Spaces and the root cannot be locked.
 */
enum rc
locks_take(struct op *op, struct tenant *tenant, const struct locks_take *take,
    struct lock *ret_lock, struct tree_result *result) MUST_CHECK;

/*
 * A lock that covers the node and whose token the precondition shows gets a new
 * term. RC_CONFLICT with TREE_WHY_PRECONDITION where there is none.
 */
enum rc locks_refresh(struct op *op, struct tenant *tenant, int64_t node,
    int64_t term, const struct precondition *precondition,
    struct lock *ret_lock, struct tree_result *result) MUST_CHECK;

/*
 * Ends the lock with this token that covers the node. RC_CONFLICT with
 * TREE_WHY_TOKEN where there is none; RC_DENIED where it is somebody else's.
 */
enum rc locks_release(struct op *op, struct tenant *tenant, int64_t node,
    const uint8_t token[LOCK_TOKEN_SIZE],
    struct tree_result *result) MUST_CHECK;

/* Inside a change: deletes rows of locks that have ended, at most so many. */
enum rc locks_forget(
    struct op *op, struct tx *tx, size_t most, size_t *ret_n) MUST_CHECK;

#endif
