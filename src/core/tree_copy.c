/* tree_copy.c - copies of files and of single folders: one change. */
#include "core/tree_copy.h"

#include "core/properties.h"
#include "core/tree_rules.h"

struct copy_change {
	struct change change;
	const struct op *asker;
	const struct tree_copy *copy;
	struct tree_result *result;
	/* The source is a folder whose content is wanted, too: nothing was
	 * done. */
	bool deep;
};

static enum rc
write_audit(struct op *op, struct tx *tx, const struct op *asker,
    const struct node *made, int64_t source, int64_t version)
{
	struct audit audit;

	audit_begin(&audit, AUDIT_COPY, asker, made->id);
	audit_text(&audit, AUDIT_NAME, made->name);
	audit_number(&audit, AUDIT_PARENT, made->parent);
	audit_number(&audit, AUDIT_SOURCE, source);
	if (version != 0)
		audit_number(&audit, AUDIT_VERSION, version);
	return audit_write(op, tx, &audit);
}

enum rc
tree_copy_source(struct op *op, struct tx *tx, const struct actor *actor,
    int64_t id, enum tree_why *why, struct node *ret_node)
{
	struct place place;

	if (id == NODE_ROOT)
		REFUSE(op, why, TREE_WHY_SPACE, RC_DENIED,
		    "the root cannot be copied");
	TRY(access_node(op, tx->meta, actor, id, ACCESS_READ, &place));
	return node_get(op, tx->meta, id, ret_node);
}

enum rc
tree_copy_check(struct op *op, const struct tx *tx,
    const struct tree_copy *copy, const struct node *source,
    const struct target *target, enum tree_why *why)
{
	TRY(precondition_hold(op, tx, &copy->source, source, why));
	TRY(precondition_hold(op, tx, &copy->target,
	    target->taken ? &target->holder : NULL, why));
	if (place_has(&target->place, source->id) ||
	    (target->taken && target->holder.id == source->id))
		REFUSE(op, why, TREE_WHY_ITSELF, RC_DENIED,
		    "nothing can be copied into or over itself");
	if (target->taken && !copy->overwrite)
		REFUSE(op, why, TREE_WHY_EXISTS, RC_CONFLICT,
		    "there is a file or folder of this name");
	return RC_OK;
}

enum rc
tree_copy_clear(struct op *op, struct tx *tx, const struct op *asker,
    const struct node *source, const struct target *target, enum tree_why *why)
{
	struct audit audit;
	struct place place;

	TRY(access_node(
	    op, tx->meta, &asker->actor, source->id, ACCESS_READ, &place));
	if (place_has(&place, target->holder.id))
		REFUSE(op, why, TREE_WHY_ITSELF, RC_DENIED,
		    "it stands in the folder that it would replace");
	TRY(node_trash(op, tx, asker, &target->holder, &target->place));
	audit_begin(&audit, AUDIT_REPLACED, asker, target->holder.id);
	audit_text(&audit, AUDIT_NAME, target->holder.name);
	audit_number(&audit, AUDIT_FORMER_PARENT, target->holder.parent);
	return audit_write(op, tx, &audit);
}

/* A file over a file: the content becomes the other's, as if it had been put.
 */
static enum rc
copy_over(struct op *op, struct tx *tx, struct copy_change *c,
    const struct node *source, const struct target *target)
{
	struct node node = target->holder;
	int64_t version = 0;
	size_t n, size;
	bool any;

	TRY(locks_hold_target(
	    op, tx, &c->copy->source, target, LOCKS_STATE, c->result));
	TRY(property_any(op, tx->meta, &any));
	if (!any && node.content == source->content &&
	    node.mtime == source->mtime) {
		c->result->unchanged = true;
		c->result->etag = node_etag(&node);
		return RC_OK;
	}
	node.content = source->content;
	node.size = source->size;
	node.mtime = source->mtime;
	node.changed_at = tx->wall;
	node.changed_by = c->asker->actor.member;
	node.tag = tx_tag(tx);
	TRY(node_set_content(op, tx->meta, &node));
	if (target->holder.content != source->content)
		TRY(content_keep(op, tx, &target->holder, node.id, &version));
	TRY(properties_clear(op, tx, node.id));
	TRY(properties_copy(op, tx, source->id, node.id, &n, &size));
	TRY(place_touch(op, tx, &target->place));
	TRY(write_audit(op, tx, c->asker, &node, source->id, version));
	c->result->etag = node_etag(&node);
	return RC_OK;
}

static enum rc
copy_new(struct op *op, struct tx *tx, struct copy_change *c,
    const struct node *source, const struct target *target)
{
	struct node node = {
	    .kind = source->kind,
	    .content = source->content,
	    .size = source->size,
	    .mtime = source->mtime,
	    .changed_by = c->asker->actor.member,
	};
	size_t n, size;

	TRY(locks_hold_target(
	    op, tx, &c->copy->source, target, LOCKS_WHOLE, c->result));
	if (target->taken)
		TRY(tree_copy_clear(
		    op, tx, c->asker, source, target, &c->result->why));
	TRY(node_make(op, tx, target, &c->copy->to, &node));
	TRY(properties_copy(op, tx, source->id, node.id, &n, &size));
	TRY(place_touch(op, tx, &target->place));
	TRY(write_audit(op, tx, c->asker, &node, source->id, 0));
	c->result->created = !target->taken;
	c->result->etag = node_etag(&node);
	return RC_OK;
}

static enum rc
copy_run(struct op *op, struct tx *tx, struct change *change)
{
	struct copy_change *c =
	    container_of(change, struct copy_change, change);
	const struct actor *actor = &c->asker->actor;
	enum tree_why *why = &c->result->why;
	struct target target;
	struct node source;

	*c->result = (struct tree_result){0};
	TRY(tree_copy_source(op, tx, actor, c->copy->node, why, &source));
	TRY(target_open(op, tx, actor, &c->copy->to, why, &target));
	TRY(target_settle(op, tx, &c->copy->to, source.kind, why, &target));
	TRY(tree_copy_check(op, tx, c->copy, &source, &target, why));
	c->deep = source.kind == NODE_FOLDER && !c->copy->shallow;
	if (c->deep) {
		change->hook = NULL; /* it goes with the change that shows */
		return RC_OK;
	}
	if (target.taken && source.kind == NODE_FILE &&
	    target.holder.kind == NODE_FILE)
		return copy_over(op, tx, c, &source, &target);
	return copy_new(op, tx, c, &source, &target);
}

enum rc
tree_copy(struct op *op, struct tenant *tenant, const struct tree_copy *copy,
    struct tree_result *result)
{
	struct copy_change c = {
	    .change = {.run = copy_run, .own_session = true},
	    .asker = op,
	    .copy = copy,
	    .result = result,
	};

	*result = (struct tree_result){0};
	TRY(tree_commit(op, tenant, &c.change, result));
	return c.deep ? tree_copy_folder(op, tenant, copy, result) : RC_OK;
}
