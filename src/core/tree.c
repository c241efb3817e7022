/* tree.c - new folders, deletion, dates; reading the tree. */
#include "core/tree.h"

#include "core/path.h"
#include "core/properties.h"
#include "core/tree_rules.h"
#include "crypto/hash.h"

/* ---- a new folder ---- */

struct mkdir_change {
	struct change change;
	const struct op *asker;
	const struct tree_target *target;
	const struct precondition *precondition;
	struct tree_result *result;
};

static enum rc
mkdir_run(struct op *op, struct tx *tx, struct change *change)
{
	struct mkdir_change *c =
	    container_of(change, struct mkdir_change, change);
	enum tree_why *why = &c->result->why;
	struct node node = {
	    .kind = NODE_FOLDER,
	    .mtime = tx->wall,
	    .changed_by = c->asker->actor.member,
	};
	struct target target;
	struct audit audit;

	*c->result = (struct tree_result){0};
	TRY(target_open(op, tx, &c->asker->actor, c->target, why, &target));
	TRY(precondition_hold(op, tx, c->precondition,
	    target.taken ? &target.holder : NULL, why));
	TRY(target_settle(op, tx, c->target, NODE_FOLDER, why, &target));
	if (target.taken)
		REFUSE(op, why, TREE_WHY_EXISTS, RC_EXISTS,
		    "there is a file or folder of this name");
	TRY(locks_hold_target(
	    op, tx, c->precondition, &target, LOCKS_ENTRY, c->result));
	TRY(node_make(op, tx, &target, c->target, &node));
	TRY(place_touch(op, tx, &target.place));
	audit_begin(&audit, AUDIT_FOLDER_MAKE, c->asker, node.id);
	audit_text(&audit, AUDIT_NAME, node.name);
	audit_number(&audit, AUDIT_PARENT, node.parent);
	TRY(audit_write(op, tx, &audit));
	c->result->etag = node_etag(&node);
	c->result->created = true;
	return RC_OK;
}

enum rc
tree_mkdir(struct op *op, struct tenant *tenant,
    const struct tree_target *target, const struct precondition *precondition,
    struct tree_result *result)
{
	struct mkdir_change c = {
	    .change = {.run = mkdir_run, .keeps_paths = true},
	    .asker = op,
	    .target = target,
	    .precondition = precondition,
	    .result = result,
	};

	*result = (struct tree_result){0};
	return tree_commit(op, tenant, &c.change, result);
}

/* ---- deletion ---- */

struct delete_change {
	struct change change;
	const struct op *asker;
	int64_t node;
	const struct precondition *precondition;
	struct tree_result *result;
};

static enum rc
delete_run(struct op *op, struct tx *tx, struct change *change)
{
	struct delete_change *c =
	    container_of(change, struct delete_change, change);
	enum tree_why *why = &c->result->why;
	struct source source;
	struct audit audit;

	*c->result = (struct tree_result){0};
	TRY(source_open(op, tx, &c->asker->actor, c->node, why, &source));
	TRY(precondition_hold(op, tx, c->precondition, &source.node, why));
	TRY(locks_hold(op, tx, c->precondition, source.node.id, &source.place,
	    LOCKS_WHOLE, c->result));
	TRY(node_trash(op, tx, c->asker, &source.node, &source.place));
	TRY(place_touch(op, tx, &source.place));
	audit_begin(&audit, AUDIT_DELETE, c->asker, source.node.id);
	audit_text(&audit, AUDIT_NAME, source.node.name);
	audit_number(&audit, AUDIT_FORMER_PARENT, source.node.parent);
	TRY(audit_write(op, tx, &audit));
	c->result->etag = node_etag(&source.node);
	return RC_OK;
}

enum rc
tree_delete(struct op *op, struct tenant *tenant, int64_t node,
    const struct precondition *precondition, struct tree_result *result)
{
	struct delete_change c = {
	    .change = {.run = delete_run,
		.own_session = true,
		.frees_space = true},
	    .asker = op,
	    .node = node,
	    .precondition = precondition,
	    .result = result,
	};

	*result = (struct tree_result){0};
	return tree_commit(op, tenant, &c.change, result);
}

/* ---- dates ---- */

enum rc
tree_set_mtime(struct op *op, struct tenant *tenant, int64_t node,
    int64_t mtime, const struct precondition *precondition,
    struct tree_result *result)
{
	const struct properties_patch patch = {
	    .has_mtime = true, .mtime = mtime, .precondition = *precondition};

	return properties_change(op, tenant, node, &patch, result);
}

/* ---- reading ---- */

static enum rc
fold_in(void *arg, struct op *op, const struct node *space)
{
	struct sha256 *hash = arg;
	struct node_etag etag = node_etag(space);

	(void)op;
	sha256_update(hash, span_of(&etag, sizeof(etag)));
	return RC_OK;
}

/*
 * The root has no row: its state is that of the spaces which the actor sees, so
 * that it changes exactly when one of them does, or comes, or goes.
 */
static enum rc
root_stat(struct op *op, struct meta *meta, struct node *ret_node)
{
	struct node root = {.id = NODE_ROOT, .kind = NODE_FOLDER};
	uint8_t digest[SHA256_SIZE];
	struct sha256 hash;
	uint64_t tag;

	sha256_init(&hash);
	TRY(path_spaces(op, meta, fold_in, &hash));
	sha256_digest(&hash, digest);
	memcpy(&tag, digest, sizeof(tag));
	root.tag = (int64_t)(tag & INT64_MAX);
	root.name = span_of("", 0);
	*ret_node = root;
	return RC_OK;
}

enum rc
tree_stat(struct op *op, struct meta *meta, int64_t node, struct node *ret_node)
{
	struct place place;

	if (node == NODE_ROOT)
		return root_stat(op, meta, ret_node);
	TRY(access_node(op, meta, &op->actor, node, ACCESS_READ, &place));
	return node_get(op, meta, node, ret_node);
}

enum rc
tree_list(struct op *op, struct meta *meta, int64_t folder,
    const uint8_t *after, size_t limit, node_each *each, void *arg)
{
	struct node node;

	if (folder == NODE_ROOT)
		return after == NULL ? path_spaces(op, meta, each, arg) : RC_OK;
	TRY(tree_stat(op, meta, folder, &node));
	if (node.kind != NODE_FOLDER)
		FAIL(op, RC_INVALID, "it is a file, not a folder");
	return node_list(op, meta, folder, after, limit, each, arg);
}
