/* purge.c - steps of at most DROP_ROWS rows each (L8). */
#include "core/purge.h"

#include "core/content_drop.h"
#include "core/resumable.h"
#include "core/scratch.h"
#include "core/trash.h"
#include "core/tree_rules.h"
#include "meta/idempotency.h"
#include "meta/property.h"
#include "meta/upload_row.h"
#include "meta/version.h"

enum { DUE = 64, CHILDREN = 64, ITEMS_LIMIT = 64 << 20 };

/* ---- versions ---- */

struct versions {
	size_t n;
	struct version rows[DUE];
};

static enum rc
collect_version(void *arg, struct op *op, const struct version *version)
{
	struct versions *versions = arg;

	(void)op;
	versions->rows[versions->n++] = *version;
	return RC_OK;
}

/* Deletes them in order, as far as the budget goes; *ret_n of them are gone. */
static enum rc
versions_drop(struct op *op, struct tx *tx, const struct versions *versions,
    struct drop_budget *budget, size_t *ret_n)
{
	size_t i;
	bool gone = true;

	for (i = 0; i < versions->n && budget->rows > 1; i++) {
		TRY(content_drop(
		    op, tx, versions->rows[i].content, 1, budget, &gone));
		if (!gone)
			break;
		TRY(version_delete(op, tx->meta, versions->rows[i].id));
		budget->rows -= budget->rows > 0;
	}
	*ret_n = i;
	return RC_OK;
}

/* The audit row of a step that the service takes by itself. */
static enum rc
step_audit(struct op *op, struct tx *tx, enum audit_action action, int64_t node,
    size_t count)
{
	struct audit audit;

	audit_begin(&audit, action, op, node);
	audit_number(&audit, AUDIT_COUNT, (int64_t)count);
	return audit_write(op, tx, &audit);
}

static enum rc
expire_run(struct op *op, struct tx *tx, struct change *change)
{
	struct drop_budget budget = {DROP_ROWS, DROP_DATA};
	struct versions due = {.n = 0};
	size_t n;

	(void)change;
	TRY(version_due(op, tx->meta, tx->now, DUE, collect_version, &due));
	if (due.n == 0)
		return RC_OK;
	TRY(versions_drop(op, tx, &due, &budget, &n));
	return step_audit(op, tx, AUDIT_EXPIRED, 0, n);
}

static enum rc
locks_run(struct op *op, struct tx *tx, struct change *change)
{
	size_t n;

	(void)change;
	TRY(locks_forget(op, tx, DROP_ROWS, &n));
	return n == 0 ? RC_OK : step_audit(op, tx, AUDIT_LOCKS_ENDED, 0, n);
}

/* ---- out of the trash ---- */

struct begin_change {
	struct change change;
	const struct op *asker;
	bool expired; /* the service's: whatever's term has ended first */
	int64_t node;
	struct tree_result *result;
};

/* The trash's row, if it may be purged. */
static enum rc
begin_open(struct op *op, struct tx *tx, const struct begin_change *c,
    struct trash *trash)
{
	struct space space;
	enum rc rc;

	if (c->expired)
		return trash_due(op, tx->meta, tx->now, trash);
	rc = trash_get(op, tx->meta, c->node, trash);
	if (rc == RC_OK)
		rc = space_get(op, tx->meta, trash->space, &space);
	if (rc == RC_NOT_FOUND)
		FAIL(op, RC_NOT_FOUND, "it is not in the trash");
	TRY(rc);
	return access_space(
	    op, tx->meta, &c->asker->actor, &space, ACCESS_PURGE);
}

static enum rc
to_purge(struct op *op, struct tx *tx, int64_t node)
{
	uint8_t key[META_NAME_KEY_SIZE];

	node_fixed_key(node, key);
	return node_set_place(op, tx->meta, node, NODE_PURGE, key);
}

static enum rc
begin_run(struct op *op, struct tx *tx, struct change *change)
{
	struct begin_change *c =
	    container_of(change, struct begin_change, change);
	struct trash trash;
	struct audit audit;
	struct node node;
	enum rc rc;

	*c->result = (struct tree_result){0};
	rc = begin_open(op, tx, c, &trash);
	if (rc == RC_NOT_FOUND && c->expired)
		return RC_OK; /* somebody restored it */
	TRY(rc);
	TRY(node_get(op, tx->meta, trash.node, &node));
	TRY(trash_delete(op, tx->meta, trash.node));
	TRY(to_purge(op, tx, trash.node));
	audit_begin(&audit, AUDIT_PURGE, c->asker, trash.node);
	audit_text(&audit, AUDIT_NAME, node.name);
	audit_number(&audit, AUDIT_FORMER_PARENT, trash.parent);
	TRY(audit_write(op, tx, &audit));
	c->result->etag = node_etag(&node);
	return RC_OK;
}

static enum rc
begin(struct op *op, struct tenant *tenant, struct begin_change *c)
{
	c->change = (struct change){
	    .run = begin_run, .own_session = true, .frees_space = true};
	c->asker = op;
	*c->result = (struct tree_result){0};
	return tree_commit(op, tenant, &c->change, c->result);
}

enum rc
trash_purge(struct op *op, struct tenant *tenant, int64_t node,
    struct tree_result *result)
{
	struct begin_change c = {.node = node, .result = result};

	return begin(op, tenant, &c);
}

static enum rc
collect_item(void *arg, struct op *op, const struct trash *trash,
    const struct node *node)
{
	(void)node;
	return buf_add(op, arg, span_of(&trash->node, sizeof(trash->node)));
}

enum rc
trash_purge_all(struct op *op, struct tenant *tenant, struct meta *meta,
    int64_t now, uint64_t *ret_n)
{
	CLEANUP(buf_release) struct buf ids = {.limit = ITEMS_LIMIT};
	struct tree_result result;
	size_t at;
	int64_t id;
	enum rc rc;

	*ret_n = 0;
	TRY(trash_items(op, meta, ACCESS_PURGE, now, collect_item, &ids));
	for (at = 0; at < ids.size; at += sizeof(id)) {
		CLEANUP(op_release) struct op scratch;

		scratch_init(&scratch, op);
		memcpy(&id, ids.data + at, sizeof(id));
		rc = trash_purge(&scratch, tenant, id, &result);
		*ret_n += rc == RC_OK;
		if (rc != RC_NOT_FOUND) /* somebody was quicker */
			TRY(scratch_end(op, &scratch, rc));
	}
	return RC_OK;
}

/* ---- a broken-off copy ---- */

struct hidden_change {
	struct change change;
	int64_t top; /* or */
	int64_t last; /* the first with an id up to it */
};

static enum rc
first_child(void *arg, struct op *op, const struct node *node)
{
	int64_t *first = arg;

	(void)op;
	*first = node->id;
	return RC_OK;
}

/* The first node below a fixed one, in the order of ids; 0: none. */
static enum rc
first_below(struct op *op, struct meta *meta, int64_t fixed, int64_t *ret_first)
{
	*ret_first = 0;
	return node_list(op, meta, fixed, NULL, 1, first_child, ret_first);
}

static enum rc
hidden_run(struct op *op, struct tx *tx, struct change *change)
{
	struct hidden_change *c =
	    container_of(change, struct hidden_change, change);
	int64_t parent, top = c->top;
	enum rc rc;

	if (top == 0)
		TRY(first_below(op, tx->meta, NODE_HIDDEN, &top));
	if (top == 0 || (c->top == 0 && top > c->last))
		return RC_OK;
	rc = node_parent(op, tx->meta, top, &parent);
	if (rc != RC_OK || parent != NODE_HIDDEN)
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	TRY(to_purge(op, tx, top));
	return step_audit(op, tx, AUDIT_PURGE_STEP, top, 1);
}

static enum rc
hidden_commit(struct op *op, struct tenant *tenant, struct hidden_change *c)
{
	c->change = (struct change){
	    .run = hidden_run, .own_session = true, .frees_space = true};
	return change_commit(op, tenant, &c->change);
}

enum rc
purge_hidden(struct op *op, struct tenant *tenant, int64_t top)
{
	struct hidden_change c = {.top = top};

	return hidden_commit(op, tenant, &c);
}

/* ---- the rows below ---- */

/* *ret_gone false: the budget is used up. */
static enum rc
properties_purge(struct op *op, struct tx *tx, int64_t id,
    struct drop_budget *budget, bool *ret_gone)
{
	size_t n;

	TRY(property_delete_some(op, tx->meta, id, budget->rows, &n));
	budget->rows -= n;
	*ret_gone = budget->rows > 0;
	return RC_OK;
}

/* A file: its versions, its content, its row. *ret_gone false: the budget is
 * used up. */
static enum rc
file_purge(struct op *op, struct tx *tx, int64_t id, int64_t content,
    struct drop_budget *budget, bool *ret_gone)
{
	struct versions versions;
	bool gone;
	size_t n;

	*ret_gone = false;
	TRY(properties_purge(op, tx, id, budget, &gone));
	if (!gone)
		return RC_OK;
	do {
		versions.n = 0;
		TRY(version_list(op, tx->meta, id, INT64_MAX, DUE,
		    collect_version, &versions));
		TRY(versions_drop(op, tx, &versions, budget, &n));
		if (n < versions.n || budget->rows == 0)
			return RC_OK;
	} while (versions.n == DUE);
	if (content != 0) {
		TRY(content_drop(op, tx, content, 1, budget, ret_gone));
		if (!*ret_gone)
			return RC_OK;
	}
	*ret_gone = true;
	budget->rows -= budget->rows > 0;
	return node_delete(op, tx->meta, id);
}

struct child {
	int64_t id;
	int64_t content;
	bool folder;
};

struct children {
	size_t n;
	struct child rows[CHILDREN];
};

static enum rc
collect_child(void *arg, struct op *op, const struct node *node)
{
	struct children *children = arg;

	(void)op;
	children->rows[children->n++] =
	    (struct child){node->id, node->content, node->kind == NODE_FOLDER};
	return RC_OK;
}

static enum rc
folder_delete(
    struct op *op, struct tx *tx, struct drop_budget *budget, int64_t *folder)
{
	int64_t parent;
	bool gone;

	TRY(properties_purge(op, tx, *folder, budget, &gone));
	if (!gone)
		return RC_OK;
	TRY(node_parent(op, tx->meta, *folder, &parent));
	TRY(node_delete(op, tx->meta, *folder));
	budget->rows -= budget->rows > 1 ? 2 : budget->rows; /* its tag too */
	*folder = parent;
	return RC_OK;
}

/*
 * Some of what is in a folder. *folder becomes one below it, or, where it was
 * empty and is gone, the one above it; NODE_PURGE stands above all. *ret_end:
 * all is gone, or the budget is used up.
 */
static enum rc
folder_purge(struct op *op, struct tx *tx, struct drop_budget *budget,
    int64_t *folder, bool *ret_end)
{
	struct children children = {.n = 0};
	bool gone = true;
	size_t i;

	TRY(node_list(
	    op, tx->meta, *folder, NULL, CHILDREN, collect_child, &children));
	*ret_end = children.n == 0 && *folder == NODE_PURGE;
	if (children.n == 0 && !*ret_end) {
		TRY(folder_delete(op, tx, budget, folder));
		*ret_end = budget->rows <= 1;
		return RC_OK;
	}
	for (i = 0; i < children.n && gone && budget->rows > 1; i++) {
		if (children.rows[i].folder) {
			*folder = children.rows[i].id;
			return RC_OK;
		}
		TRY(file_purge(op, tx, children.rows[i].id,
		    children.rows[i].content, budget, &gone));
	}
	*ret_end = *ret_end || !gone || budget->rows <= 1;
	return RC_OK;
}

static enum rc
tree_run(struct op *op, struct tx *tx, struct change *change)
{
	struct drop_budget budget = {DROP_ROWS, DROP_DATA};
	int64_t folder = NODE_PURGE, top;
	bool end = false;

	(void)change;
	TRY(first_below(op, tx->meta, NODE_PURGE, &top));
	if (top == 0)
		return RC_OK;
	while (!end) {
		CLEANUP(op_release) struct op scratch;

		scratch_init(&scratch, op);
		TRY(scratch_end(op, &scratch,
		    folder_purge(&scratch, tx, &budget, &folder, &end)));
	}
	return step_audit(
	    op, tx, AUDIT_PURGE_STEP, top, DROP_ROWS - budget.rows);
}

/* ---- answered requests ---- */

static enum rc
requests_run(struct op *op, struct tx *tx, struct change *change)
{
	int64_t n;

	(void)change;
	TRY(idempotency_expire(op, tx->meta, tx->now, DROP_ROWS, &n));
	return n == 0
		   ? RC_OK
		   : step_audit(op, tx, AUDIT_REQUESTS_EXPIRED, 0, (size_t)n);
}

/* ---- what is due ---- */

static enum rc
any_version(void *arg, struct op *op, const struct version *version)
{
	(void)op;
	(void)version;
	*(enum purge_due *)arg = PURGE_VERSIONS;
	return RC_OK;
}

static enum rc
look_at_uploads(
    struct op *op, struct meta *meta, int64_t now, enum purge_due *ret_due)
{
	int64_t id;
	enum rc rc = upload_row_due(op, meta, now, &id);

	if (rc == RC_NOT_FOUND)
		return RC_OK;
	*ret_due = PURGE_UPLOADS;
	return rc;
}

enum rc
purge_look(struct op *op, struct meta *meta, int64_t now, int64_t last,
    enum purge_due *ret_due)
{
	struct trash trash;
	bool requests;
	int64_t first;
	enum rc rc;

	*ret_due = PURGE_NOTHING;
	TRY(version_due(op, meta, now, 1, any_version, ret_due));
	if (*ret_due != PURGE_NOTHING)
		return RC_OK;
	rc = trash_due(op, meta, now, &trash);
	if (rc != RC_NOT_FOUND) {
		*ret_due = PURGE_TRASH;
		return rc;
	}
	rc = lock_due(op, meta, now, &first);
	if (rc != RC_NOT_FOUND) {
		*ret_due = PURGE_LOCKS;
		return rc;
	}
	TRY(first_below(op, meta, NODE_HIDDEN, &first));
	if (first != 0 && first <= last) {
		*ret_due = PURGE_HIDDEN;
		return RC_OK;
	}
	TRY(first_below(op, meta, NODE_PURGE, &first));
	if (first != 0) {
		*ret_due = PURGE_TREE;
		return RC_OK;
	}
	TRY(idempotency_due(op, meta, now, &requests));
	if (requests) {
		*ret_due = PURGE_REQUESTS;
		return RC_OK;
	}
	return look_at_uploads(op, meta, now, ret_due);
}

enum rc
purge_do(struct op *op, struct tenant *tenant, enum purge_due due, int64_t last)
{
	struct change step = {.keeps_paths = true, .frees_space = true};
	struct hidden_change hidden = {.last = last};
	struct tree_result result;
	struct begin_change expired = {.expired = true, .result = &result};

	switch (due) {
	case PURGE_NOTHING:
		break;
	case PURGE_TRASH:
		return begin(op, tenant, &expired);
	case PURGE_HIDDEN:
		return hidden_commit(op, tenant, &hidden);
	case PURGE_VERSIONS:
		step.run = expire_run;
		return change_commit(op, tenant, &step);
	case PURGE_LOCKS:
		step.run = locks_run;
		return change_commit(op, tenant, &step);
	case PURGE_TREE:
		step.run = tree_run;
		return change_commit(op, tenant, &step);
	case PURGE_UPLOADS:
		return resumable_expire(op, tenant);
	case PURGE_REQUESTS:
		step.run = requests_run;
		return change_commit(op, tenant, &step);
	}
	return RC_OK;
}
