/*
 * tree_copy_folder.c - a folder's copy: rows are made below a hidden parent, a
 * step at a time (L8), and the last change moves the top row to its name. A
 * copy that is broken off is purged.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "core/properties.h"
#include "core/purge.h"
#include "core/scratch.h"
#include "core/tree_copy.h"

enum {
	STACK_LIMIT = 8 << 20,
	CHILDREN_MAX = 64,
	/* Rows and bytes of the last node of a step go beyond these. */
	STEP_ROWS = TREE_STEP_ROWS - PROPERTIES_MAX,
	STEP_BYTES = 256 << 10,
};

/* A folder whose children are being copied: those up to a key are done. */
struct level {
	int64_t from;
	int64_t to;
	bool begun;
	uint8_t after[META_NAME_KEY_SIZE];
};

/* One step: makes at most TREE_STEP_ROWS rows, depth first. */
struct step {
	struct change change;
	const struct op *asker;
	const struct tree_copy *copy;
	int64_t top; /* of the copy; 0 before the first step */
	struct buf done; /* levels: where the last step ended */
	struct buf work; /* levels: where this one stands */
	int64_t made_top;
	size_t rows;
	size_t bytes; /* of properties */
	struct tree_result refusal; /* why, lock */
};

static struct level *
innermost(const struct step *step)
{
	return (struct level *)(void *)(step->work.data + step->work.size) - 1;
}

static enum rc
push(struct op *op, struct step *step, int64_t from, int64_t to)
{
	struct level level = {.from = from, .to = to};

	return buf_add(op, &step->work, span_of(&level, sizeof(level)));
}

static enum rc
copy_properties(
    struct op *op, struct tx *tx, struct step *step, int64_t from, int64_t to)
{
	size_t n, size;

	TRY(properties_copy(op, tx, from, to, &n, &size));
	step->rows += n;
	step->bytes += size;
	return RC_OK;
}

static bool
is_full(const struct step *step)
{
	return step->rows >= STEP_ROWS || step->bytes >= STEP_BYTES;
}

/* The hidden row at the top. Its name is the target's. */
static enum rc
make_top(struct op *op, struct tx *tx, struct step *step)
{
	enum tree_why *why = &step->refusal.why;
	struct target target;
	struct node source;
	struct node top;

	TRY(tree_copy_source(
	    op, tx, &step->asker->actor, step->copy->node, why, &source));
	TRY(target_open(
	    op, tx, &step->asker->actor, &step->copy->to, why, &target));
	TRY(target_settle(op, tx, &step->copy->to, NODE_FOLDER, why, &target));
	TRY(tree_copy_check(op, tx, step->copy, &source, &target, why));
	TRY(locks_hold_target(
	    op, tx, &step->copy->source, &target, LOCKS_WHOLE, &step->refusal));
	top = (struct node){
	    .id = tx_id(tx),
	    .parent = NODE_HIDDEN,
	    .name = step->copy->to.name.text,
	    .kind = NODE_FOLDER,
	    .mtime = source.mtime,
	    .created_at = tx->wall,
	    .changed_at = tx->wall,
	    .changed_by = step->asker->actor.member,
	    .tag = (int64_t)tx->number,
	};
	node_fixed_key(top.id, top.key);
	TRY(node_insert(op, tx->meta, &top));
	TRY(copy_properties(op, tx, step, source.id, top.id));
	step->made_top = top.id;
	step->rows++;
	return push(op, step, source.id, top.id);
}

/* The children of a level are read out first: rows are not made amid a query.
 */
struct children {
	size_t n;
	struct node *nodes;
};

static enum rc
collect(void *arg, struct op *op, const struct node *node)
{
	struct children *children = arg;
	uint8_t *name;

	TRY(op_alloc(op, node->name.size + 1, &name));
	memcpy(name, node->name.data, node->name.size);
	children->nodes[children->n] = *node;
	children->nodes[children->n].name = span_of(name, node->name.size);
	children->n++;
	return RC_OK;
}

static enum rc
copy_child(struct op *op, struct tx *tx, struct step *step,
    const struct node *child, int64_t parent)
{
	struct node copy = *child;
	struct span fold;

	copy.id = tx_id(tx);
	copy.parent = parent;
	copy.created_at = copy.changed_at = tx->wall;
	copy.changed_by = step->asker->actor.member;
	copy.tag = child->kind == NODE_FILE ? tx_tag(tx) : (int64_t)tx->number;
	TRY(text_fold_key(op, child->name, &fold));
	node_key(tx->meta->keys, parent, fold, copy.key);
	TRY(node_insert(op, tx->meta, &copy));
	TRY(copy_properties(op, tx, step, child->id, copy.id));
	step->rows++;
	if (child->kind == NODE_FOLDER)
		return push(op, step, child->id, copy.id);
	return RC_OK;
}

static int
by_key(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	return memcmp(x->key, y->key, META_NAME_KEY_SIZE);
}

/* Some children of the innermost level; folders among them become levels. */
static enum rc
copy_some(struct op *op, struct tx *tx, struct step *step)
{
	struct level level = *innermost(step);
	struct children children = {0};
	size_t at = step->work.size - sizeof(level);
	size_t i;

	TRY(op_alloc(
	    op, CHILDREN_MAX * sizeof(*children.nodes), &children.nodes));
	TRY(node_list(op, tx->meta, level.from,
	    level.begun ? level.after : NULL, CHILDREN_MAX, collect,
	    &children));
	if (children.n == 0) {
		step->work.size = at;
		return RC_OK;
	}
	/* The next batch begins behind the last one that is done. */
	qsort(children.nodes, children.n, sizeof(*children.nodes), by_key);
	level.begun = true;
	for (i = 0; i < children.n && !is_full(step); i++) {
		TRY(copy_child(op, tx, step, &children.nodes[i], level.to));
		node_after(level.after, &children.nodes[i]);
	}
	memcpy(step->work.data + at, &level, sizeof(level));
	return RC_OK;
}

static enum rc
step_run(struct op *op, struct tx *tx, struct change *change)
{
	struct step *step = container_of(change, struct step, change);
	struct audit audit;
	struct place place;

	step->made_top = step->top;
	step->rows = 0;
	step->bytes = 0;
	buf_clear(&step->work);
	TRY(buf_add(op, &step->work, buf_span(&step->done)));
	/* It may have been deleted, or taken away, since the last step. */
	TRY(access_node(op, tx->meta, &step->asker->actor, step->copy->node,
	    ACCESS_READ, &place));
	if (step->top == 0)
		TRY(make_top(op, tx, step));
	while (step->work.size > 0 && !is_full(step))
		TRY(copy_some(op, tx, step));
	audit_begin(&audit, AUDIT_COPY_STEP, step->asker, step->made_top);
	audit_number(&audit, AUDIT_SOURCE, step->copy->node);
	audit_number(&audit, AUDIT_COUNT, (int64_t)step->rows);
	return audit_write(op, tx, &audit);
}

static void
step_release(struct step *step)
{
	buf_release(&step->done);
	buf_release(&step->work);
}

/* The step asks by an op of its own: a million names must not pile up in the
 * request's. */
static enum rc
commit_step(struct op *op, struct tenant *tenant, struct step *step)
{
	CLEANUP(op_release) struct op scratch;

	scratch_init(&scratch, op);
	return scratch_end(
	    op, &scratch, change_commit(&scratch, tenant, &step->change));
}

/* Steps until no level is left. */
static enum rc
make_rows(struct op *op, struct tenant *tenant, struct step *step)
{
	do {
		struct buf swap;

		TRY(commit_step(op, tenant, step));
		step->top = step->made_top;
		swap = step->done;
		step->done = step->work;
		step->work = swap;
	} while (step->done.size > 0);
	return RC_OK;
}

/* ---- showing it ---- */

struct show_change {
	struct change change;
	const struct op *asker;
	const struct tree_copy *copy;
	int64_t top;
	struct tree_result *result;
};

static enum rc
show_run(struct op *op, struct tx *tx, struct change *change)
{
	struct show_change *c =
	    container_of(change, struct show_change, change);
	const struct actor *actor = &c->asker->actor;
	enum tree_why *why = &c->result->why;
	struct target target;
	struct node source;
	struct audit audit;

	*c->result = (struct tree_result){0};
	TRY(tree_copy_source(op, tx, actor, c->copy->node, why, &source));
	TRY(target_open(op, tx, actor, &c->copy->to, why, &target));
	TRY(target_settle(op, tx, &c->copy->to, NODE_FOLDER, why, &target));
	TRY(tree_copy_check(op, tx, c->copy, &source, &target, why));
	TRY(locks_hold_target(
	    op, tx, &c->copy->source, &target, LOCKS_WHOLE, c->result));
	if (target.taken)
		TRY(tree_copy_clear(op, tx, c->asker, &source, &target, why));
	TRY(node_set_place(
	    op, tx->meta, c->top, c->copy->to.parent, target.key));
	if (!span_equal(target.name.text, c->copy->to.name.text))
		TRY(node_set_name(op, tx->meta, c->top, target.name.text));
	TRY(tx_touch_folder(op, tx, c->top));
	TRY(place_touch(op, tx, &target.place));
	audit_begin(&audit, AUDIT_COPY, c->asker, c->top);
	audit_text(&audit, AUDIT_NAME, target.name.text);
	audit_number(&audit, AUDIT_PARENT, c->copy->to.parent);
	audit_number(&audit, AUDIT_SOURCE, source.id);
	TRY(audit_write(op, tx, &audit));
	c->result->created = !target.taken;
	c->result->etag = (struct node_etag){c->top, (int64_t)tx->number};
	return RC_OK;
}

/* What was made of a copy that failed is purged; where that cannot be said now,
 * the next start finds it. */
static void
copy_end(struct op *op, struct tenant *tenant, int64_t top)
{
	CLEANUP(op_release) struct op scratch;

	scratch_init(&scratch, op);
	if (purge_hidden(&scratch, tenant, top) != RC_OK)
		log_warn(&scratch, "copy-left", "node=%lld why=\"%s\"",
		    (long long)top, op_error(&scratch, RC_IO));
}

enum rc
tree_copy_folder(struct op *op, struct tenant *tenant,
    const struct tree_copy *copy, struct tree_result *result)
{
	CLEANUP(step_release)
	struct step step = {
	    .change = {.run = step_run},
	    .asker = op,
	    .copy = copy,
	};
	struct show_change show = {
	    .change = {.run = show_run, .own_session = true},
	    .asker = op,
	    .copy = copy,
	    .result = result,
	};
	enum rc rc;

	buf_init(&step.done, STACK_LIMIT);
	buf_init(&step.work, STACK_LIMIT);
	rc = make_rows(op, tenant, &step);
	if (rc != RC_OK) {
		*result = step.refusal;
	} else {
		show.top = step.top;
		rc = tree_commit(op, tenant, &show.change, result);
	}
	if (rc != RC_OK && rc != RC_IN_DOUBT && step.top != 0)
		copy_end(op, tenant, step.top);
	return rc;
}
