/* tree_move.c - renames and moves: one row, whatever is below it. */
#include "core/properties.h"
#include "core/tree_rules.h"
#include "meta/version.h"

struct move_change {
	struct change change;
	const struct op *asker;
	const struct tree_move *move;
	struct tree_result *result;
};

/*
 * A file over a file (L26): the moved one keeps its id, the former content and
 * its versions join it. Files with very many versions go to the trash with them
 * instead, so that a change stays small (L8); *ret_joined false then.
 */
static enum rc
join(struct op *op, struct tx *tx, const struct node *node,
    const struct node *replaced, bool *ret_joined, int64_t *ret_version)
{
	int64_t count;

	*ret_joined = false;
	if (node->kind != NODE_FILE || replaced->kind != NODE_FILE)
		return RC_OK;
	TRY(version_count(
	    op, tx->meta, replaced->id, TREE_JOIN_MAX + 1, &count));
	if (count > TREE_JOIN_MAX)
		return RC_OK;
	TRY(locks_end(op, tx, replaced->id));
	TRY(version_join(op, tx->meta, replaced->id, node->id));
	TRY(properties_clear(op, tx, replaced->id));
	TRY(node_delete(op, tx->meta, replaced->id));
	TRY(content_keep(op, tx, replaced, node->id, ret_version));
	*ret_joined = true;
	return RC_OK;
}

/* Clears the target's name. *ret_version: the row that keeps its content, or 0.
 */
static enum rc
replace(struct op *op, struct tx *tx, const struct op *asker,
    const struct node *node, const struct target *target, int64_t *ret_version)
{
	struct audit audit;
	bool joined;

	*ret_version = 0;
	TRY(join(op, tx, node, &target->holder, &joined, ret_version));
	if (joined)
		return RC_OK;
	TRY(node_trash(op, tx, asker, &target->holder, &target->place));
	audit_begin(&audit, AUDIT_REPLACED, asker, target->holder.id);
	audit_text(&audit, AUDIT_NAME, target->holder.name);
	audit_number(&audit, AUDIT_FORMER_PARENT, target->holder.parent);
	return audit_write(op, tx, &audit);
}

static enum rc
write_audit(struct op *op, struct tx *tx, const struct op *asker,
    const struct node *node, const struct tree_target *to, int64_t version)
{
	struct audit audit;

	audit_begin(&audit, AUDIT_MOVE, asker, node->id);
	audit_text(&audit, AUDIT_FORMER_NAME, node->name);
	audit_text(&audit, AUDIT_NAME, to->name.text);
	audit_number(&audit, AUDIT_FORMER_PARENT, node->parent);
	audit_number(&audit, AUDIT_PARENT, to->parent);
	if (version != 0)
		audit_number(&audit, AUDIT_VERSION, version);
	return audit_write(op, tx, &audit);
}

/* What forbids the move. */
static enum rc
check(struct op *op, const struct tx *tx, const struct tree_move *move,
    const struct node *node, const struct target *target, enum tree_why *why)
{
	bool taken = target->taken && target->holder.id != node->id;

	TRY(precondition_hold(op, tx, &move->source, node, why));
	TRY(precondition_hold(op, tx, &move->target,
	    target->taken ? &target->holder : NULL, why));
	if (place_has(&target->place, node->id))
		REFUSE(op, why, TREE_WHY_ITSELF, RC_DENIED,
		    "a folder cannot be moved into itself");
	if (taken && !move->overwrite)
		REFUSE(op, why, TREE_WHY_EXISTS, RC_CONFLICT,
		    "there is a file or folder of this name");
	return RC_OK;
}

/* Both places are to be free, and what is moved or replaced with all below it.
 */
static enum rc
check_locks(struct op *op, struct tx *tx, const struct move_change *c,
    const struct source *source, const struct target *target)
{
	const struct precondition *shown = &c->move->source;

	TRY(locks_hold(op, tx, shown, source->node.id, &source->place,
	    LOCKS_WHOLE, c->result));
	if (target->taken && target->holder.id == source->node.id)
		return RC_OK;
	return locks_hold_target(op, tx, shown, target, LOCKS_WHOLE, c->result);
}

/* A lock is of a path (RFC 4918 7.5): it stays behind, and so it ends. */
static enum rc
set_path(struct op *op, struct tx *tx, const struct node *node,
    const struct tree_target *to, const struct target *target)
{
	TRY(locks_end(op, tx, node->id));
	if (node->parent != to->parent ||
	    memcmp(node->key, target->key, sizeof(node->key)) != 0)
		TRY(node_set_place(
		    op, tx->meta, node->id, to->parent, target->key));
	if (span_equal(node->name, to->name.text))
		return RC_OK;
	return node_set_name(op, tx->meta, node->id, to->name.text);
}

static enum rc
apply(struct op *op, struct tx *tx, struct move_change *c,
    const struct tree_target *to, const struct source *source,
    const struct target *target)
{
	struct node node = source->node;
	bool stays = node.parent == to->parent &&
		     memcmp(node.key, target->key, sizeof(node.key)) == 0;
	bool renamed = !span_equal(node.name, to->name.text);
	bool dated = c->move->has_mtime && c->move->mtime != node.mtime;
	int64_t version = 0;

	c->result->created = !target->taken;
	c->result->unchanged = stays && !renamed && !dated;
	c->result->etag = node_etag(&node);
	if (c->result->unchanged)
		return RC_OK;
	TRY(check_locks(op, tx, c, source, target));
	if (target->taken && !stays)
		TRY(replace(op, tx, c->asker, &node, target, &version));
	if (!stays || renamed)
		TRY(set_path(op, tx, &node, to, target));
	if (dated)
		TRY(node_set_dates(op, tx, c->asker, c->move->mtime, &node));
	TRY(place_touch(op, tx, &source->place));
	TRY(place_touch(op, tx, &target->place));
	TRY(write_audit(op, tx, c->asker, &source->node, to, version));
	c->result->etag = node_etag(&node);
	return RC_OK;
}

/* What is asked for, with what stays as it is. */
static enum rc
destination(struct op *op, const struct tree_move *move,
    const struct node *node, struct tree_target *ret_to)
{
	*ret_to = move->to;
	if (ret_to->parent == 0)
		ret_to->parent = node->parent;
	if (ret_to->name.text.data != NULL)
		return RC_OK;
	return tree_name_init(op, node->name, &ret_to->name);
}

static enum rc
move_run(struct op *op, struct tx *tx, struct change *change)
{
	struct move_change *c =
	    container_of(change, struct move_change, change);
	const struct actor *actor = &c->asker->actor;
	enum tree_why *why = &c->result->why;
	struct tree_target to;
	struct source source;
	struct target target;

	*c->result = (struct tree_result){0};
	TRY(source_open(op, tx, actor, c->move->node, why, &source));
	TRY(destination(op, c->move, &source.node, &to));
	TRY(target_open(op, tx, actor, &to, why, &target));
	TRY(check(op, tx, c->move, &source.node, &target, why));
	if (target.taken && place_has(&source.place, target.holder.id))
		REFUSE(op, why, TREE_WHY_ITSELF, RC_DENIED,
		    "it stands in the folder that it would replace");
	return apply(op, tx, c, &to, &source, &target);
}

enum rc
tree_move(struct op *op, struct tenant *tenant, const struct tree_move *move,
    struct tree_result *result)
{
	struct move_change c = {
	    .change = {.run = move_run, .own_session = true},
	    .asker = op,
	    .move = move,
	    .result = result,
	};

	*result = (struct tree_result){0};
	return tree_commit(op, tenant, &c.change, result);
}
