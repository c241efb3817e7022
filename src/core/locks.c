/* locks.c - what locks keep others from. */
#include "core/locks.h"

enum { BATCH = 64 };

/* ---- seeing ---- */

struct seen {
	int64_t now;
	size_t level;
	locks_each *each;
	void *arg;
};

static enum rc
pass_live(void *arg, struct op *op, const struct lock *lock)
{
	struct seen *seen = arg;

	if (lock->expires_at <= seen->now)
		return RC_OK;
	return seen->each(seen->arg, op, lock, seen->level);
}

enum rc
locks_see(struct op *op, struct meta *meta, int64_t now, int64_t node,
    const struct place *folder, locks_each *each, void *arg)
{
	struct seen seen = {.now = now, .each = each, .arg = arg};
	bool any;
	size_t i;

	TRY(lock_any(op, meta, &any));
	if (!any)
		return RC_OK;
	if (node != NODE_NONE)
		TRY(lock_of_node(op, meta, node, pass_live, &seen));
	for (i = 0; i < folder->n; i++) {
		seen.level = i + 1;
		TRY(lock_of_node(op, meta, folder->nodes[i], pass_live, &seen));
	}
	return RC_OK;
}

/* Whether a node stands somewhere below a folder. */
static enum rc
is_below(struct op *op, struct meta *meta, int64_t node, int64_t folder,
    bool *ret_below)
{
	enum rc rc = RC_OK;

	*ret_below = false;
	while (rc == RC_OK && node > NODE_FIXED_MAX && !*ret_below) {
		rc = node_parent(op, meta, node, &node);
		*ret_below = rc == RC_OK && node == folder;
	}
	/* A lock's row may outlive its node for a while. */
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* There is no way down from a folder to its locks, so all are looked at: they
 * are few, and only what happens to whole folders asks. */
enum rc
locks_see_below(struct op *op, struct meta *meta, int64_t now, int64_t folder,
    lock_each *each, void *arg)
{
	struct lock_place places[BATCH];
	int64_t after = 0;
	struct lock lock;
	size_t n, i;
	bool below;

	do {
		TRY(lock_live(op, meta, after, now, BATCH, places, &n));
		for (i = 0; i < n; i++) {
			after = places[i].id;
			TRY(is_below(op, meta, places[i].node, folder, &below));
			if (!below)
				continue;
			TRY(lock_get(op, meta, places[i].id, &lock));
			TRY(each(arg, op, &lock));
		}
	} while (n == BATCH);
	return RC_OK;
}

/* ---- allowing ---- */

/*
 * Two things may be changed, each under locks of its own: a node, and its
 * folder's list of entries. Whoever shows one of several (shared) locks may
 * change what they lock.
 */
struct judgement {
	const struct actor *actor;
	const struct if_lists *shown;
	int64_t node_lock; /* the root of a lock on the node; 0: none */
	bool node_free; /* one of them is shown */
	int64_t entry_lock; /* the same of the folder's entries */
	bool entry_free;
};

static enum rc
judge(void *arg, struct op *op, const struct lock *lock, size_t level)
{
	struct judgement *judgement = arg;
	bool shown = if_lists_show(judgement->shown, judgement->actor, lock);

	(void)op;
	if (lock_covers(lock, level)) {
		judgement->node_lock = lock->node;
		judgement->node_free |= shown;
	}
	if (level == 1 || (level > 1 && lock->deep)) {
		judgement->entry_lock = lock->node;
		judgement->entry_free |= shown;
	}
	return RC_OK;
}

struct below {
	struct meta *meta;
	int64_t now;
	const struct actor *actor;
	const struct if_lists *shown;
	struct lock_block *block;
};

struct siblings {
	const struct below *below;
	bool shown;
};

static enum rc
any_shown(void *arg, struct op *op, const struct lock *lock)
{
	struct siblings *siblings = arg;
	const struct below *below = siblings->below;

	(void)op;
	if (lock->expires_at > below->now &&
	    if_lists_show(below->shown, below->actor, lock))
		siblings->shown = true;
	return RC_OK;
}

static enum rc
judge_below(void *arg, struct op *op, const struct lock *lock)
{
	const struct below *below = arg;
	struct siblings siblings = {.below = below};

	TRY(lock_of_node(op, below->meta, lock->node, any_shown, &siblings));
	if (siblings.shown)
		return RC_OK;
	*below->block = (struct lock_block){.node = lock->node, .below = true};
	FAIL(op, RC_CONFLICT, "something in it is locked");
}

static enum rc
blocked(struct op *op, int64_t node, struct lock_block *ret_block)
{
	*ret_block = (struct lock_block){.node = node};
	FAIL(op, RC_CONFLICT, "it is locked");
}

enum rc
locks_allow(struct op *op, struct meta *meta, int64_t now,
    const struct actor *actor, const struct if_lists *shown, int64_t node,
    const struct place *folder, enum locks_reach reach,
    struct lock_block *ret_block)
{
	struct judgement judgement = {.actor = actor, .shown = shown};
	struct below below = {meta, now, actor, shown, ret_block};
	bool any;

	TRY(lock_any(op, meta, &any));
	if (!any)
		return RC_OK;
	TRY(locks_see(op, meta, now, node, folder, judge, &judgement));
	if (reach != LOCKS_ENTRY && judgement.node_lock != 0 &&
	    !judgement.node_free)
		return blocked(op, judgement.node_lock, ret_block);
	if (reach != LOCKS_STATE && judgement.entry_lock != 0 &&
	    !judgement.entry_free)
		return blocked(op, judgement.entry_lock, ret_block);
	if (reach != LOCKS_WHOLE)
		return RC_OK;
	return locks_see_below(op, meta, now, node, judge_below, &below);
}

/* ---- ending ---- */

struct ids {
	size_t n;
	int64_t ids[LOCKS_SHARED_MAX * (LOCKS_SHOWN_MAX + 1)];
};

/* More than these could not have been shown. */
static enum rc
collect(void *arg, struct op *op, const struct lock *lock)
{
	struct ids *ids = arg;

	if (ids->n == sizeof(ids->ids) / sizeof(*ids->ids))
		FAIL(op, RC_LIMIT, "too many locks below one folder");
	ids->ids[ids->n++] = lock->id;
	return RC_OK;
}

enum rc
locks_end(struct op *op, struct tx *tx, int64_t node)
{
	struct ids ids = {.n = 0};
	bool any;
	size_t i;

	TRY(lock_any(op, tx->meta, &any));
	if (!any)
		return RC_OK;
	TRY(lock_of_node(op, tx->meta, node, collect, &ids));
	TRY(locks_see_below(op, tx->meta, tx->now, node, collect, &ids));
	for (i = 0; i < ids.n; i++)
		TRY(lock_delete(op, tx->meta, ids.ids[i]));
	return RC_OK;
}

enum rc
locks_forget(struct op *op, struct tx *tx, size_t most, size_t *ret_n)
{
	int64_t id;
	size_t n;

	for (n = 0; n < most; n++) {
		enum rc rc = lock_due(op, tx->meta, tx->now, &id);

		if (rc == RC_NOT_FOUND)
			break;
		TRY(rc);
		TRY(lock_delete(op, tx->meta, id));
	}
	*ret_n = n;
	return RC_OK;
}
