/* file_version.c - versions of a file: rows, whatever the size. */
#include "core/file_version.h"

#include "core/tree_rules.h"
#include "meta/content.h"

enum { BATCH = 64 };

/* ---- reading ---- */

static enum rc
file_check(struct op *op, struct meta *meta, int64_t node)
{
	struct place place;
	struct node file;

	TRY(access_node(op, meta, &op->actor, node, ACCESS_READ, &place));
	TRY(node_get(op, meta, node, &file));
	if (file.kind != NODE_FILE)
		FAIL(op, RC_INVALID, "a folder has no versions");
	return RC_OK;
}

struct batch {
	size_t n;
	struct version rows[BATCH];
};

static enum rc
collect(void *arg, struct op *op, const struct version *version)
{
	struct batch *batch = arg;

	(void)op;
	batch->rows[batch->n++] = *version;
	return RC_OK;
}

enum rc
file_versions(struct op *op, struct meta *meta, int64_t node, int64_t now,
    int64_t before, size_t limit, version_each *each, void *arg)
{
	struct batch batch;
	size_t i;

	TRY(file_check(op, meta, node));
	do {
		batch.n = 0;
		TRY(version_list(
		    op, meta, node, before, BATCH, collect, &batch));
		for (i = 0; i < batch.n && limit > 0; i++) {
			before = batch.rows[i].id;
			if (batch.rows[i].kept_until <= now)
				continue;
			limit--;
			TRY(each(arg, op, &batch.rows[i]));
		}
	} while (batch.n == BATCH && limit > 0);
	return RC_OK;
}

/* Whether it is this file's, and its term has not ended. */
static enum rc
version_open(struct op *op, struct meta *meta, int64_t node, int64_t id,
    int64_t now, struct version *ret_version)
{
	struct version version;
	enum rc rc = version_get(op, meta, id, &version);

	if (rc == RC_NOT_FOUND ||
	    (rc == RC_OK &&
		(version.node != node || version.kept_until <= now)))
		FAIL(op, RC_NOT_FOUND, "no such version");
	TRY(rc);
	*ret_version = version;
	return RC_OK;
}

enum rc
file_version_find(struct op *op, struct meta *meta, int64_t node,
    int64_t version, int64_t now, struct version *ret_version)
{
	TRY(file_check(op, meta, node));
	return version_open(op, meta, node, version, now, ret_version);
}

/* ---- swap ---- */

struct swap_change {
	struct change change;
	const struct op *asker;
	const struct file_swap *swap;
	struct tree_result *result;
};

static enum rc
swap_run(struct op *op, struct tx *tx, struct change *change)
{
	struct swap_change *c =
	    container_of(change, struct swap_change, change);
	enum tree_why *why = &c->result->why;
	struct version version;
	struct source source;
	struct audit audit;
	struct node node;
	int64_t kept;

	*c->result = (struct tree_result){0};
	TRY(source_open(op, tx, &c->asker->actor, c->swap->node, why, &source));
	TRY(precondition_hold(
	    op, tx, &c->swap->precondition, &source.node, why));
	TRY(locks_hold(op, tx, &c->swap->precondition, source.node.id,
	    &source.place, LOCKS_STATE, c->result));
	TRY(version_open(
	    op, tx->meta, source.node.id, c->swap->version, tx->now, &version));
	node = source.node;
	node.content = version.content;
	node.size = version.size;
	node.mtime = version.mtime;
	node.changed_at = tx->wall;
	node.changed_by = c->asker->actor.member;
	node.tag = tx_tag(tx);
	TRY(node_set_content(op, tx->meta, &node));
	TRY(version_delete(op, tx->meta, version.id));
	TRY(content_keep(op, tx, &source.node, node.id, &kept));
	TRY(place_touch(op, tx, &source.place));
	audit_begin(&audit, AUDIT_VERSION_SWAP, c->asker, node.id);
	audit_text(&audit, AUDIT_NAME, node.name);
	audit_number(&audit, AUDIT_SIZE, (int64_t)node.size);
	audit_number(&audit, AUDIT_VERSION, kept);
	TRY(audit_write(op, tx, &audit));
	c->result->etag = node_etag(&node);
	return RC_OK;
}

enum rc
file_version_swap(struct op *op, struct tenant *tenant,
    const struct file_swap *swap, struct tree_result *result)
{
	struct swap_change c = {
	    .change = {.run = swap_run, .keeps_paths = true},
	    .asker = op,
	    .swap = swap,
	    .result = result,
	};

	*result = (struct tree_result){0};
	return tree_commit(op, tenant, &c.change, result);
}

/* ---- save as ---- */

struct save_change {
	struct change change;
	const struct op *asker;
	const struct file_save_as *save;
	struct tree_result *result;
};

static enum rc
save_run(struct op *op, struct tx *tx, struct change *change)
{
	struct save_change *c =
	    container_of(change, struct save_change, change);
	const struct actor *actor = &c->asker->actor;
	enum tree_why *why = &c->result->why;
	struct node node = {.kind = NODE_FILE};
	struct version version;
	struct target target;
	struct audit audit;
	struct place place;

	*c->result = (struct tree_result){0};
	TRY(access_node(
	    op, tx->meta, actor, c->save->node, ACCESS_READ, &place));
	TRY(version_open(
	    op, tx->meta, c->save->node, c->save->version, tx->now, &version));
	TRY(target_open(op, tx, actor, &c->save->to, why, &target));
	TRY(target_settle(op, tx, &c->save->to, NODE_FILE, why, &target));
	if (target.taken)
		REFUSE(op, why, TREE_WHY_EXISTS, RC_EXISTS,
		    "there is a file or folder of this name");
	TRY(locks_hold_target(
	    op, tx, &precondition_none, &target, LOCKS_ENTRY, c->result));
	node.content = version.content;
	node.size = version.size;
	node.mtime = version.mtime;
	node.changed_by = actor->member;
	TRY(node_make(op, tx, &target, &c->save->to, &node));
	TRY(place_touch(op, tx, &target.place));
	audit_begin(&audit, AUDIT_VERSION_SAVE, c->asker, node.id);
	audit_text(&audit, AUDIT_NAME, node.name);
	audit_number(&audit, AUDIT_PARENT, node.parent);
	audit_number(&audit, AUDIT_SOURCE, c->save->node);
	audit_number(&audit, AUDIT_VERSION, version.id);
	TRY(audit_write(op, tx, &audit));
	c->result->created = true;
	c->result->etag = node_etag(&node);
	return RC_OK;
}

enum rc
file_version_save_as(struct op *op, struct tenant *tenant,
    const struct file_save_as *save, struct tree_result *result)
{
	struct save_change c = {
	    .change = {.run = save_run, .keeps_paths = true},
	    .asker = op,
	    .save = save,
	    .result = result,
	};

	*result = (struct tree_result){0};
	return tree_commit(op, tenant, &c.change, result);
}
