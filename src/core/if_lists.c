/* if_lists.c - the If header of RFC 4918: lists of ETags and lock tokens, each
 * for what a path leads to. */
#include "core/access.h"
#include "core/locks.h"
#include "core/path.h"
#include "core/precondition.h"
#include "core/tree.h"

/* What a list is about. */
struct resource {
	bool there;
	struct node node; /* where it is there */
	bool has_folder; /* it stands in one, or would */
	struct place folder;
};

/* The folders above what was found. */
static enum rc
look_above(struct op *op, struct meta *meta, struct resource *resource)
{
	struct place place;

	if (resource->node.id == NODE_ROOT)
		return tree_stat(op, meta, NODE_ROOT, &resource->node);
	TRY(access_node(
	    op, meta, &op->actor, resource->node.id, ACCESS_READ, &place));
	resource->has_folder = true;
	resource->folder = place_above(&place);
	return RC_OK;
}

static enum rc
find(struct op *op, struct meta *meta, const struct if_list *list,
    struct resource *resource)
{
	int64_t parent;
	enum rc rc;

	rc = path_find(op, meta, list->names, list->n_names, &resource->node);
	resource->there = rc == RC_OK;
	if (rc == RC_OK)
		return look_above(op, meta, resource);
	if (rc != RC_NOT_FOUND || list->n_names < 2)
		return rc;
	TRY(path_find_parent(op, meta, list->names, list->n_names, &parent));
	TRY(access_node(
	    op, meta, &op->actor, parent, ACCESS_READ, &resource->folder));
	resource->has_folder = true;
	return RC_OK;
}

/* What cannot be found is not there: it has no state and no lock. */
static enum rc
resolve(struct op *op, struct meta *meta, const struct if_list *list,
    struct resource *ret_resource)
{
	struct resource resource = {0};
	enum rc rc = RC_NOT_FOUND;

	if (!list->elsewhere)
		rc = find(op, meta, list, &resource);
	if (rc == RC_NOT_FOUND || rc == RC_DENIED || rc == RC_INVALID) {
		op_clear_error(op);
		resource = (struct resource){0};
		rc = RC_OK;
	}
	TRY(rc);
	*ret_resource = resource;
	return RC_OK;
}

struct wanted {
	const struct actor *actor;
	const uint8_t *token;
	bool found;
};

static enum rc
compare(void *arg, struct op *op, const struct lock *lock, size_t level)
{
	struct wanted *wanted = arg;

	(void)op;
	if (lock_covers(lock, level) && lock->member == wanted->actor->member &&
	    memcmp(lock->token, wanted->token, LOCK_TOKEN_SIZE) == 0)
		wanted->found = true;
	return RC_OK;
}

static enum rc
has_token(struct op *op, struct meta *meta, int64_t now,
    const struct resource *resource, const uint8_t *token, bool *ret_has)
{
	struct wanted wanted = {.actor = &op->actor, .token = token};
	int64_t node = resource->there ? resource->node.id : NODE_NONE;

	if (resource->has_folder)
		TRY(locks_see(
		    op, meta, now, node, &resource->folder, compare, &wanted));
	*ret_has = wanted.found;
	return RC_OK;
}

static bool
has_etag(const struct resource *resource, const struct tx *tx,
    const struct node_etag *etag)
{
	const struct node *node = &resource->node;

	if (!resource->there || node->id != etag->node ||
	    node->tag != etag->tag)
		return false;
	return tx == NULL || node->kind == NODE_FILE ||
	       !tx_folder_touched(tx, node->id);
}

static enum rc
list_holds(struct op *op, struct meta *meta, const struct tx *tx, int64_t now,
    const struct if_list *list, bool *ret_holds)
{
	struct resource resource;
	bool holds = true;
	size_t i;

	TRY(resolve(op, meta, list, &resource));
	for (i = 0; i < list->n && holds; i++) {
		const struct if_condition *c = &list->conditions[i];
		bool so = false;

		if (c->kind == IF_TOKEN)
			TRY(has_token(op, meta, now, &resource, c->token, &so));
		if (c->kind == IF_ETAG)
			so = has_etag(&resource, tx, &c->etag);
		holds = so != c->negated;
	}
	*ret_holds = holds;
	return RC_OK;
}

enum rc
if_lists_check(struct op *op, struct meta *meta, const struct tx *tx,
    int64_t now, const struct if_lists *lists)
{
	bool holds = false;
	size_t i;

	for (i = 0; i < lists->n && !holds; i++)
		TRY(list_holds(op, meta, tx, now, &lists->lists[i], &holds));
	if (!holds)
		FAIL(op, RC_CONFLICT,
		    "the states and locks are not those that If names");
	return RC_OK;
}

static bool
list_shows(const struct if_list *list, const struct lock *lock)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (list->conditions[i].kind == IF_TOKEN &&
		    !list->conditions[i].negated &&
		    memcmp(list->conditions[i].token, lock->token,
			LOCK_TOKEN_SIZE) == 0)
			return true;
	return false;
}

bool
if_lists_show(const struct if_lists *lists, const struct actor *actor,
    const struct lock *lock)
{
	size_t i;

	if (lists == NULL || lock->member != actor->member)
		return false;
	if (lists->all)
		return true;
	for (i = 0; i < lists->n; i++)
		if (list_shows(&lists->lists[i], lock))
			return true;
	return false;
}
