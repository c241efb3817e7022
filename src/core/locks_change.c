/* locks_change.c - locks are taken, refreshed and given back. */
#include "core/locks.h"

#include "core/file_put.h"
#include "core/tree_rules.h"

/* A lock that is to be, or is, and where its node stands. */
struct spot {
	struct node node;
	struct place folder;
	bool made;
};

/* ---- taking ---- */

struct take_change {
	struct change change;
	const struct op *asker;
	const struct locks_take *take;
	struct lock *lock;
	struct tree_result *result;
};

struct conflict {
	bool shared; /* the new one */
	struct tree_result *result;
};

static enum rc
conflicts(struct op *op, const struct conflict *conflict,
    const struct lock *lock, bool below)
{
	if (conflict->shared && lock->shared)
		return RC_OK;
	conflict->result->lock =
	    (struct lock_block){.node = lock->node, .below = below};
	REFUSE(op, &conflict->result->why, TREE_WHY_CONFLICTING, RC_CONFLICT,
	    "it is locked already");
}

static enum rc
conflict_above(void *arg, struct op *op, const struct lock *lock, size_t level)
{
	return lock_covers(lock, level) ? conflicts(op, arg, lock, false)
					: RC_OK;
}

static enum rc
conflict_below(void *arg, struct op *op, const struct lock *lock)
{
	return conflicts(op, arg, lock, true);
}

static enum rc
compatible(struct op *op, struct tx *tx, const struct take_change *c,
    const struct spot *spot)
{
	struct conflict conflict = {c->take->shared, c->result};

	TRY(locks_see(op, tx->meta, tx->now, spot->node.id, &spot->folder,
	    conflict_above, &conflict));
	if (!c->take->deep || spot->node.kind == NODE_FILE)
		return RC_OK;
	return locks_see_below(
	    op, tx->meta, tx->now, spot->node.id, conflict_below, &conflict);
}

/* An unmapped path becomes an empty file (RFC 4918 7.3). */
static enum rc
make_file(struct op *op, struct tx *tx, const struct take_change *c,
    struct spot *spot)
{
	struct file_put empty = {
	    .to = c->take->to,
	    .content = {.has_sha1 = true},
	    .precondition = c->take->precondition,
	};
	struct file_put_result made;
	struct sha1 sha1;
	enum rc rc;

	sha256_of(span_of("", 0), empty.content.sha256);
	sha1_init(&sha1);
	sha1_digest(&sha1, empty.content.sha1);
	rc = file_put_run(op, tx, c->asker, &empty, &made);
	*c->result = made.tree;
	TRY(rc);
	spot->made = true;
	return node_get(op, tx->meta, made.tree.etag.node, &spot->node);
}

static enum rc
take_open(struct op *op, struct tx *tx, const struct take_change *c,
    struct spot *spot)
{
	const struct actor *actor = &c->asker->actor;
	enum tree_why *why = &c->result->why;
	int64_t node = c->take->node;
	struct source source;
	struct target target;

	if (node == NODE_NONE) {
		TRY(target_open(op, tx, actor, &c->take->to, why, &target));
		spot->folder = target.place;
		if (!target.taken)
			return make_file(op, tx, c, spot);
		node = target.holder.id;
	}
	TRY(source_open(op, tx, actor, node, why, &source));
	TRY(precondition_hold(
	    op, tx, &c->take->precondition, &source.node, why));
	spot->node = source.node;
	spot->folder = source.place;
	c->result->etag = node_etag(&source.node);
	return RC_OK;
}

struct crowd {
	int64_t now;
	size_t live;
	size_t ended;
	int64_t ended_ids[LOCKS_SHARED_MAX];
};

static enum rc
count(void *arg, struct op *op, const struct lock *lock)
{
	struct crowd *crowd = arg;

	(void)op;
	if (lock->expires_at > crowd->now)
		crowd->live++;
	else if (crowd->ended < LOCKS_SHARED_MAX)
		crowd->ended_ids[crowd->ended++] = lock->id;
	return RC_OK;
}

/* Keeps a node's locks few: the ended ones go. */
static enum rc
check_number(struct op *op, struct tx *tx, int64_t member, int64_t node)
{
	struct crowd crowd = {.now = tx->now};
	int64_t n;
	size_t i;

	TRY(lock_count(op, tx->meta, member, tx->now, &n));
	if (n >= LOCKS_MEMBER_MAX)
		FAIL(op, RC_LIMIT, "nobody has more than %d locks at once",
		    LOCKS_MEMBER_MAX);
	TRY(lock_of_node(op, tx->meta, node, count, &crowd));
	if (crowd.live >= LOCKS_SHARED_MAX)
		FAIL(op, RC_LIMIT, "nothing has more than %d locks at once",
		    LOCKS_SHARED_MAX);
	for (i = 0; i < crowd.ended; i++)
		TRY(lock_delete(op, tx->meta, crowd.ended_ids[i]));
	return RC_OK;
}

static int64_t
lock_end(const struct tx *tx, int64_t term)
{
	return tx->now + (term < LOCKS_TERM_MAX ? term : LOCKS_TERM_MAX);
}

static enum rc
write_audit(struct op *op, struct tx *tx, const struct op *asker,
    enum audit_action action, const struct node *node)
{
	struct audit audit;

	audit_begin(&audit, action, asker, node->id);
	audit_text(&audit, AUDIT_NAME, node->name);
	return audit_write(op, tx, &audit);
}

static enum rc
take_run(struct op *op, struct tx *tx, struct change *change)
{
	struct take_change *c =
	    container_of(change, struct take_change, change);
	const struct locks_take *take = c->take;
	struct spot spot = {.made = false};

	*c->result = (struct tree_result){0};
	TRY(take_open(op, tx, c, &spot));
	TRY(compatible(op, tx, c, &spot));
	TRY(check_number(op, tx, c->asker->actor.member, spot.node.id));
	*c->lock = (struct lock){
	    .id = tx_id(tx),
	    .node = spot.node.id,
	    .member = c->asker->actor.member,
	    .shared = take->shared,
	    .deep = take->deep,
	    .owner = take->owner,
	    .expires_at = lock_end(tx, take->term),
	};
	memcpy(c->lock->token, take->token, LOCK_TOKEN_SIZE);
	TRY(lock_insert(op, tx->meta, c->lock));
	return write_audit(op, tx, c->asker, AUDIT_LOCK, &spot.node);
}

enum rc
locks_take(struct op *op, struct tenant *tenant, const struct locks_take *take,
    struct lock *ret_lock, struct tree_result *result)
{
	struct take_change c = {
	    .change = {.run = take_run, .keeps_paths = true},
	    .asker = op,
	    .take = take,
	    .lock = ret_lock,
	    .result = result,
	};

	*result = (struct tree_result){0};
	return tree_commit(op, tenant, &c.change, result);
}

/* ---- those that are there ---- */

/* One that covers the node: by the tokens that are shown, or by this one. */
struct wanted {
	const struct actor *actor;
	const struct if_lists *shown;
	const uint8_t *token;
	struct lock lock; /* id 0: none */
};

static enum rc
want(void *arg, struct op *op, const struct lock *lock, size_t level)
{
	struct wanted *wanted = arg;
	bool fits;

	(void)op;
	if (wanted->token != NULL)
		fits = memcmp(lock->token, wanted->token, LOCK_TOKEN_SIZE) == 0;
	else
		fits = if_lists_show(wanted->shown, wanted->actor, lock);
	if (fits && lock_covers(lock, level))
		wanted->lock = *lock;
	return RC_OK;
}

/* The node is the actor's to change; spaces have no locks. */
static enum rc
find_wanted(struct op *op, struct tx *tx, int64_t node, enum tree_why *why,
    struct wanted *wanted, struct node *ret_node)
{
	struct source source;

	TRY(source_open(op, tx, wanted->actor, node, why, &source));
	*ret_node = source.node;
	return locks_see(
	    op, tx->meta, tx->now, node, &source.place, want, wanted);
}

struct refresh_change {
	struct change change;
	const struct op *asker;
	int64_t node;
	int64_t term;
	const struct precondition *precondition;
	struct lock *lock;
	struct tree_result *result;
};

static enum rc
refresh_run(struct op *op, struct tx *tx, struct change *change)
{
	struct refresh_change *c =
	    container_of(change, struct refresh_change, change);
	enum tree_why *why = &c->result->why;
	struct wanted wanted = {
	    .actor = &c->asker->actor, .shown = c->precondition->lists};
	struct node node;

	*c->result = (struct tree_result){0};
	TRY(find_wanted(op, tx, c->node, why, &wanted, &node));
	TRY(precondition_hold(op, tx, c->precondition, &node, why));
	if (wanted.lock.id == 0)
		REFUSE(op, why, TREE_WHY_PRECONDITION, RC_CONFLICT,
		    "If names no lock that can be refreshed");
	*c->lock = wanted.lock;
	c->lock->expires_at = lock_end(tx, c->term);
	TRY(lock_set_expires_at(
	    op, tx->meta, c->lock->id, c->lock->expires_at));
	c->result->etag = node_etag(&node);
	return write_audit(op, tx, c->asker, AUDIT_LOCK_REFRESH, &node);
}

enum rc
locks_refresh(struct op *op, struct tenant *tenant, int64_t node, int64_t term,
    const struct precondition *precondition, struct lock *ret_lock,
    struct tree_result *result)
{
	struct refresh_change c = {
	    .change = {.run = refresh_run, .keeps_paths = true},
	    .asker = op,
	    .node = node,
	    .term = term,
	    .precondition = precondition,
	    .lock = ret_lock,
	    .result = result,
	};

	*result = (struct tree_result){0};
	return tree_commit(op, tenant, &c.change, result);
}

struct release_change {
	struct change change;
	const struct op *asker;
	int64_t node;
	const uint8_t *token;
	struct tree_result *result;
};

static enum rc
release_run(struct op *op, struct tx *tx, struct change *change)
{
	struct release_change *c =
	    container_of(change, struct release_change, change);
	enum tree_why *why = &c->result->why;
	struct wanted wanted = {.actor = &c->asker->actor, .token = c->token};
	struct node node;

	*c->result = (struct tree_result){0};
	TRY(find_wanted(op, tx, c->node, why, &wanted, &node));
	if (wanted.lock.id == 0)
		REFUSE(op, why, TREE_WHY_TOKEN, RC_CONFLICT,
		    "no lock of this token is on it");
	if (wanted.lock.member != c->asker->actor.member)
		FAIL(op, RC_DENIED, "the lock is somebody else's");
	TRY(lock_delete(op, tx->meta, wanted.lock.id));
	c->result->etag = node_etag(&node);
	return write_audit(op, tx, c->asker, AUDIT_UNLOCK, &node);
}

enum rc
locks_release(struct op *op, struct tenant *tenant, int64_t node,
    const uint8_t token[LOCK_TOKEN_SIZE], struct tree_result *result)
{
	struct release_change c = {
	    .change = {.run = release_run,
		.keeps_paths = true,
		.frees_space = true},
	    .asker = op,
	    .node = node,
	    .token = token,
	    .result = result,
	};

	*result = (struct tree_result){0};
	return tree_commit(op, tenant, &c.change, result);
}
