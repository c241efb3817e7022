/* trash.c - what was deleted comes back. */
#include "core/trash.h"

#include "core/scratch.h"
#include "core/tree_names.h"
#include "core/tree_rules.h"

/* ---- listing ---- */

enum {
	BATCH = 64,
	SPACES_BATCH = 64,
	/* Deleted folders count where they were, so that there may be more than
	 * TREE_DEPTH_MAX; a path of more is damage. */
	FOLDERS_MAX = 4 * TREE_DEPTH_MAX,
};

struct batch {
	size_t n;
	struct trash rows[BATCH];
};

static enum rc
collect(void *arg, struct op *op, const struct trash *trash)
{
	struct batch *batch = arg;

	(void)op;
	batch->rows[batch->n++] = *trash;
	return RC_OK;
}

/* Whoever lists: which items, and what for. */
struct items {
	enum access_right right;
	int64_t now;
	struct trash_after after; /* space 0: reached already */
	trash_item_each *each;
	void *arg;
};

/* Names are opened in memory that goes with each batch. */
static enum rc
batch_items(struct op *op, struct meta *meta, const struct batch *batch,
    const struct items *items)
{
	CLEANUP(op_release) struct op scratch;
	size_t i;

	scratch_init(&scratch, op);
	for (i = 0; i < batch->n; i++) {
		struct node node;

		if (batch->rows[i].kept_until <= items->now)
			continue;
		TRY(scratch_end(op, &scratch,
		    node_get(&scratch, meta, batch->rows[i].node, &node)));
		TRY(items->each(items->arg, op, &batch->rows[i], &node));
	}
	return RC_OK;
}

static enum rc
space_items(struct op *op, struct meta *meta, const struct space *space,
    struct items *items)
{
	struct batch batch;
	int64_t after = items->after.node;
	enum rc rc;

	if (items->after.space != 0 && items->after.space != space->node)
		return RC_OK;
	items->after = (struct trash_after){0};

	TRY(access_space(op, meta, &op->actor, space, ACCESS_RESTORE));
	rc = access_space(op, meta, &op->actor, space, items->right);
	if (rc == RC_DENIED) {
		op_clear_error(op);
		return RC_OK;
	}
	TRY(rc);
	do {
		batch.n = 0;
		TRY(trash_list(
		    op, meta, space->node, after, BATCH, collect, &batch));
		if (batch.n > 0)
			after = batch.rows[batch.n - 1].node;
		TRY(batch_items(op, meta, &batch, items));
	} while (batch.n == BATCH);
	return RC_OK;
}

struct space_batch {
	size_t n;
	struct space spaces[SPACES_BATCH];
};

static enum rc
collect_space(void *arg, struct op *op, const struct space *space)
{
	struct space_batch *batch = arg;

	(void)op;
	if (batch->n < SPACES_BATCH)
		batch->spaces[batch->n++] = *space;
	return RC_OK;
}

/* All spaces of a kind that the actor may restore in; the others are passed
 * over. */
static enum rc
kind_items(
    struct op *op, struct meta *meta, enum space_kind kind, struct items *items)
{
	struct space_batch batch;
	int64_t after = 0;
	size_t i;

	do {
		batch.n = 0;
		TRY(space_of_kind(op, meta, kind, after, SPACES_BATCH,
		    collect_space, &batch));
		for (i = 0; i < batch.n; i++) {
			after = batch.spaces[i].node;
			TRY(space_items(op, meta, &batch.spaces[i], items));
		}
	} while (batch.n == SPACES_BATCH);
	return RC_OK;
}

enum rc
trash_items_after(struct op *op, struct meta *meta, enum access_right right,
    int64_t now, const struct trash_after *after, trash_item_each *each,
    void *arg)
{
	struct items items = {right, now, *after, each, arg};
	struct space_batch own = {0};
	size_t i;

	if (op->actor.member == 0) {
		TRY(kind_items(op, meta, SPACE_PERSONAL, &items));
		return kind_items(op, meta, SPACE_COMPANY, &items);
	}
	TRY(space_of_member(op, meta, op->actor.member, collect_space, &own));
	for (i = 0; i < own.n; i++)
		TRY(space_items(op, meta, &own.spaces[i], &items));
	return kind_items(op, meta, SPACE_COMPANY, &items);
}

enum rc
trash_items(struct op *op, struct meta *meta, enum access_right right,
    int64_t now, trash_item_each *each, void *arg)
{
	const struct trash_after beginning = {0};

	return trash_items_after(op, meta, right, now, &beginning, each, arg);
}

/* The folder above one: where it was, if that was deleted too. */
static enum rc
folder_above(
    struct op *op, struct meta *meta, const struct node *node, int64_t *ret_id)
{
	struct trash trash;

	*ret_id = node->parent;
	if (node->parent != NODE_TRASH)
		return RC_OK;
	TRY(trash_get(op, meta, node->id, &trash));
	*ret_id = trash.parent;
	return RC_OK;
}

enum rc
trash_folder(struct op *op, struct meta *meta, const struct trash *trash,
    struct span *ret_path)
{
	int64_t at = trash->parent;
	char *path, *above;
	struct node node;
	unsigned n = 0;
	enum rc rc;

	TRY(op_format(op, &path, "/"));
	while (at > NODE_FIXED_MAX) {
		rc = node_get(op, meta, at, &node);
		if (rc == RC_OK && ++n > FOLDERS_MAX)
			FAIL(op, RC_DAMAGED, "a folder is inside itself");
		if (rc == RC_OK)
			rc = folder_above(op, meta, &node, &at);
		if (rc == RC_NOT_FOUND) {
			op_clear_error(op);
			node.name = span_str("…");
			at = NODE_NONE;
			rc = RC_OK;
		}
		TRY(rc);
		TRY(op_format(op, &above, "/%.*s%s", (int)node.name.size,
		    (const char *)node.name.data, path));
		path = above;
	}
	*ret_path = span_str(path);
	return RC_OK;
}

/* ---- restoring ---- */

struct restore_change {
	struct change change;
	const struct op *asker;
	int64_t node;
	const struct tree_target *to;
	struct tree_result *result;
	struct span name;
};

/* The folder where it was, if it still stands in that space; else the space
 * itself. */
static enum rc
find_folder(struct op *op, struct tx *tx, const struct actor *actor,
    const struct trash *trash, struct place *ret_place)
{
	struct node folder;
	enum rc rc;

	rc = access_node(
	    op, tx->meta, actor, trash->parent, ACCESS_RESTORE, ret_place);
	if (rc == RC_OK)
		rc = node_get(op, tx->meta, trash->parent, &folder);
	if (rc == RC_OK && folder.kind == NODE_FOLDER)
		return RC_OK;
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	op_clear_error(op);
	return access_node(
	    op, tx->meta, actor, trash->space, ACCESS_RESTORE, ret_place);
}

/* Into the folder and under the name that to says; *place: of that folder. */
static enum rc
open_said(struct op *op, struct tx *tx, struct restore_change *c,
    struct tree_target *to, const struct node *node, struct place *place,
    uint8_t key[META_NAME_KEY_SIZE])
{
	enum tree_why *why = &c->result->why;
	struct target target;

	to->taken = TREE_TAKEN_FAIL;
	if (to->name.text.data == NULL) {
		TRY(tree_name_init(op, node->name, &to->name));
		to->taken = TREE_TAKEN_RENAME;
	}
	TRY(target_open(op, tx, &c->asker->actor, to, why, &target));
	TRY(target_settle(op, tx, to, node->kind, why, &target));
	c->name = target.name.text;
	*place = target.place;
	memcpy(key, target.key, META_NAME_KEY_SIZE);
	return RC_OK;
}

/* *place: of the folder that it goes to; c->name and key: under which name. */
static enum rc
restore_place(struct op *op, struct tx *tx, struct restore_change *c,
    const struct trash *trash, const struct node *node, struct place *place,
    uint8_t key[META_NAME_KEY_SIZE])
{
	struct tree_target to = *c->to;
	bool back = to.parent == 0;

	if (back) {
		TRY(find_folder(op, tx, &c->asker->actor, trash, place));
		to.parent = place->nodes[0];
	}
	if (!back || to.name.text.data != NULL)
		return open_said(op, tx, c, &to, node, place, key);
	return name_free(
	    op, tx, to.parent, node->kind, node->name, &c->name, key);
}

static enum rc
restore_open(struct op *op, struct tx *tx, struct restore_change *c,
    struct trash *trash, struct node *node)
{
	struct space space;
	enum rc rc;

	rc = trash_get(op, tx->meta, c->node, trash);
	if (rc == RC_OK)
		rc = space_get(op, tx->meta, trash->space, &space);
	if (rc == RC_OK && trash->kept_until <= tx->now)
		rc = RC_NOT_FOUND;
	if (rc == RC_NOT_FOUND)
		FAIL(op, RC_NOT_FOUND, "it is not in the trash");
	TRY(rc);
	TRY(access_space(
	    op, tx->meta, &c->asker->actor, &space, ACCESS_RESTORE));
	return node_get(op, tx->meta, c->node, node);
}

static enum rc
restore_run(struct op *op, struct tx *tx, struct change *change)
{
	struct restore_change *c =
	    container_of(change, struct restore_change, change);
	uint8_t key[META_NAME_KEY_SIZE];
	struct place place;
	struct trash trash;
	struct audit audit;
	struct node node;

	*c->result = (struct tree_result){0};
	TRY(restore_open(op, tx, c, &trash, &node));
	TRY(restore_place(op, tx, c, &trash, &node, &place, key));
	TRY(locks_hold(op, tx, &precondition_none, NODE_NONE, &place,
	    LOCKS_ENTRY, c->result));
	TRY(trash_delete(op, tx->meta, node.id));
	TRY(node_set_place(op, tx->meta, node.id, place.nodes[0], key));
	if (!span_equal(c->name, node.name))
		TRY(node_set_name(op, tx->meta, node.id, c->name));
	TRY(place_touch(op, tx, &place));
	audit_begin(&audit, AUDIT_RESTORE, c->asker, node.id);
	audit_text(&audit, AUDIT_NAME, c->name);
	audit_number(&audit, AUDIT_PARENT, place.nodes[0]);
	TRY(audit_write(op, tx, &audit));
	c->result->etag = node_etag(&node);
	return RC_OK;
}

enum rc
trash_restore_to(struct op *op, struct tenant *tenant, int64_t node,
    const struct tree_target *to, struct tree_result *result,
    struct span *ret_name)
{
	struct restore_change c = {
	    .change = {.run = restore_run, .own_session = true},
	    .asker = op,
	    .node = node,
	    .to = to,
	    .result = result,
	};

	*result = (struct tree_result){0};
	TRY(tree_commit(op, tenant, &c.change, result));
	*ret_name = c.name;
	return RC_OK;
}

enum rc
trash_restore(struct op *op, struct tenant *tenant, int64_t node,
    struct tree_result *result, struct span *ret_name)
{
	const struct tree_target back = {0};

	return trash_restore_to(op, tenant, node, &back, result, ret_name);
}
