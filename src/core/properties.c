/* properties.c - dead properties and dates. */
#include "core/properties.h"

#include "core/tree_rules.h"

struct patch_change {
	struct change change;
	const struct op *asker;
	int64_t node;
	const struct properties_patch *patch;
	struct tree_result *result;
};

static enum rc
set(struct op *op, struct tx *tx, int64_t node,
    const struct properties_update *update, bool *changed)
{
	struct property_row row = {.node = node,
	    .namespace = update->namespace,
	    .name = update->name,
	    .xml = update->xml};
	struct property_row former;
	enum rc rc;

	rc = property_find(
	    op, tx->meta, node, update->namespace, update->name, &former);
	if (rc == RC_NOT_FOUND) {
		row.id = tx_id(tx);
		*changed = true;
		return property_insert(op, tx->meta, &row);
	}
	TRY(rc);
	if (span_equal(former.xml, row.xml))
		return RC_OK;
	row.id = former.id;
	*changed = true;
	return property_set(op, tx->meta, &row);
}

static enum rc
unset(struct op *op, struct tx *tx, int64_t node,
    const struct properties_update *update, bool *changed)
{
	struct property_row former;
	enum rc rc;

	rc = property_find(
	    op, tx->meta, node, update->namespace, update->name, &former);
	if (rc == RC_NOT_FOUND)
		return RC_OK;
	TRY(rc);
	*changed = true;
	return property_delete(op, tx->meta, former.id);
}

static enum rc
apply_updates(
    struct op *op, struct tx *tx, const struct patch_change *c, bool *changed)
{
	const struct properties_patch *patch = c->patch;
	size_t i, n, size;

	for (i = 0; i < patch->n; i++)
		TRY((patch->updates[i].remove ? unset : set)(
		    op, tx, c->node, &patch->updates[i], changed));
	if (!*changed)
		return RC_OK;
	TRY(property_sum(op, tx->meta, c->node, &n, &size));
	if (n > PROPERTIES_MAX || size > PROPERTIES_SIZE)
		REFUSE(op, &c->result->why, TREE_WHY_PROPERTIES, RC_LIMIT,
		    "a file or folder has at most %d properties, and %d bytes "
		    "of them",
		    PROPERTIES_MAX, PROPERTIES_SIZE);
	return RC_OK;
}

static enum rc
check_locks(struct op *op, struct tx *tx, const struct patch_change *c,
    const struct source *source)
{
	static const struct if_lists own = {.all = true};
	struct precondition shown = {.lists = &own};

	return locks_hold(op, tx,
	    c->patch->own_locks ? &shown : &c->patch->precondition,
	    source->node.id, &source->place, LOCKS_STATE, c->result);
}

static enum rc
patch_run(struct op *op, struct tx *tx, struct change *change)
{
	struct patch_change *c =
	    container_of(change, struct patch_change, change);
	const struct properties_patch *patch = c->patch;
	enum tree_why *why = &c->result->why;
	struct source source;
	struct audit audit;
	bool changed = false, dated;

	*c->result = (struct tree_result){0};
	TRY(source_open(op, tx, &c->asker->actor, c->node, why, &source));
	TRY(precondition_hold(op, tx, &patch->precondition, &source.node, why));
	TRY(check_locks(op, tx, c, &source));
	TRY(apply_updates(op, tx, c, &changed));
	dated = patch->has_mtime && source.node.mtime != patch->mtime;
	if (dated)
		TRY(node_set_dates(
		    op, tx, c->asker, patch->mtime, &source.node));
	c->result->etag = node_etag(&source.node);
	c->result->unchanged = !changed && !dated;
	if (c->result->unchanged)
		return RC_OK;
	TRY(place_touch(op, tx, &source.place));
	audit_begin(&audit, dated ? AUDIT_DATES : AUDIT_PROPERTIES, c->asker,
	    source.node.id);
	audit_text(&audit, AUDIT_NAME, source.node.name);
	if (changed)
		audit_number(&audit, AUDIT_COUNT, (int64_t)patch->n);
	return audit_write(op, tx, &audit);
}

enum rc
properties_change(struct op *op, struct tenant *tenant, int64_t node,
    const struct properties_patch *patch, struct tree_result *result)
{
	struct patch_change c = {
	    .change = {.run = patch_run, .keeps_paths = true},
	    .asker = op,
	    .node = node,
	    .patch = patch,
	    .result = result,
	};

	*result = (struct tree_result){0};
	return tree_commit(op, tenant, &c.change, result);
}

/* ---- with their node ---- */

/* A statement's rows must end before others are written. */
struct rows {
	size_t n;
	struct property_row rows[PROPERTIES_MAX];
};

static enum rc
collect(void *arg, struct op *op, const struct property_row *row)
{
	struct rows *rows = arg;

	if (rows->n == PROPERTIES_MAX)
		FAIL(op, RC_LIMIT, "more than %d properties", PROPERTIES_MAX);
	rows->rows[rows->n++] = *row;
	return RC_OK;
}

enum rc
properties_copy(struct op *op, struct tx *tx, int64_t from, int64_t to,
    size_t *ret_n, size_t *ret_size)
{
	struct rows rows = {.n = 0};
	size_t i, size = 0;

	TRY(property_list(op, tx->meta, from, collect, &rows));
	for (i = 0; i < rows.n; i++) {
		struct property_row *row = &rows.rows[i];

		row->id = tx_id(tx);
		row->node = to;
		size += row->namespace.size + row->name.size + row->xml.size;
		TRY(property_insert(op, tx->meta, row));
	}
	*ret_n = rows.n;
	*ret_size = size;
	return RC_OK;
}

enum rc
properties_clear(struct op *op, struct tx *tx, int64_t node)
{
	size_t n;

	return property_delete_some(op, tx->meta, node, PROPERTIES_MAX, &n);
}
