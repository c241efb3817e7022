/* resumable_row.c - uploads begin, are told of, and end. */
#include "core/resumable_row.h"

#include "core/content_drop.h"
#include "core/service.h"
#include "core/tree_rules.h"

enum { EXPIRED_AT_ONCE = 64 };

enum rc
resumable_row_get(struct op *op, struct meta *meta, const struct actor *actor,
    int64_t id, int64_t now, struct upload_row *ret_row)
{
	struct upload_row row;
	enum rc rc = upload_row_get(op, meta, id, &row);

	if (rc == RC_NOT_FOUND ||
	    (rc == RC_OK &&
		(row.member != actor->member || row.expires_at <= now)))
		FAIL(op, RC_NOT_FOUND, "no such upload");
	TRY(rc);
	*ret_row = row;
	return RC_OK;
}

struct resumable_state
resumable_row_state(struct tenant *tenant, const struct upload_row *row)
{
	int64_t now = service_clock_now(&tenant->service->clock);

	return (struct resumable_state){
	    .id = row->id,
	    .offset = row->offset,
	    .has_size = row->has_size,
	    .size = row->size,
	    .done = row->done,
	    .node = row->done ? row->parent : 0,
	    .metadata = row->metadata,
	    .expires_at = clock_wall() + row->expires_at - now,
	};
}

/* ---- begin ---- */

struct new_change {
	struct change change;
	const struct resumable_new *new;
	enum tree_why why;
	struct upload_row row; /* result */
};

/* Whether the name will do, as far as that can be known now. */
static enum rc
check_place(struct op *op, struct tx *tx, struct new_change *c)
{
	const struct resumable_new *new = c->new;
	struct target target;

	TRY(target_open(op, tx, &op->actor, &new->to, &c->why, &target));
	TRY(precondition_hold(op, tx, &new->precondition,
	    target.taken ? &target.holder : NULL, &c->why));
	if (!target.taken || new->if_exists == IF_EXISTS_RENAME)
		return RC_OK;
	if (new->if_exists == IF_EXISTS_FAIL)
		REFUSE(op, &c->why, TREE_WHY_EXISTS, RC_EXISTS,
		    "there is a file or folder of this name");
	if (target.holder.kind == NODE_FOLDER)
		REFUSE(op, &c->why, TREE_WHY_KIND, RC_CONFLICT,
		    "there is a folder of this name");
	return RC_OK;
}

static enum rc
new_run(struct op *op, struct tx *tx, struct change *change)
{
	struct new_change *c = container_of(change, struct new_change, change);
	const struct resumable_new *new = c->new;
	struct upload_row row = {
	    .member = op->actor.member,
	    .parent = new->to.parent,
	    .name = new->to.name.text,
	    .metadata = new->metadata,
	    .has_size = new->has_size,
	    .size = new->size,
	    .has_digest = new->has_digest,
	    .has_mtime = new->has_mtime,
	    .mtime = new->mtime,
	    .if_exists = new->if_exists,
	    .created_at = tx->wall,
	    .expires_at = tx->now + RESUMABLE_TERM,
	};
	struct audit audit;

	c->why = TREE_WHY_OTHER;
	TRY(check_place(op, tx, c));
	row.id = tx_id(tx);
	memcpy(row.digest, new->digest, sizeof(row.digest));
	sha256_init(&row.sha256);
	sha1_init(&row.sha1);
	TRY(upload_row_insert(op, tx->meta, &row));
	audit_begin(&audit, AUDIT_UPLOAD_BEGIN, op, 0);
	audit_text(&audit, AUDIT_NAME, row.name);
	audit_number(&audit, AUDIT_PARENT, row.parent);
	if (row.has_size)
		audit_number(&audit, AUDIT_SIZE, (int64_t)row.size);
	TRY(audit_write(op, tx, &audit));
	c->row = row;
	return RC_OK;
}

enum rc
resumable_make(struct op *op, struct tenant *tenant,
    const struct resumable_new *upload, enum tree_why *ret_why,
    struct resumable_state *ret_state)
{
	struct new_change c = {
	    .change = {.run = new_run, .keeps_paths = true},
	    .new = upload,
	};
	enum rc rc;

	*ret_why = TREE_WHY_OTHER;
	if (upload->metadata.size > RESUMABLE_METADATA_MAX)
		FAIL(op, RC_LIMIT, "the metadata is too large");
	if (upload->has_size)
		TRY(reserve_for_size(op, tenant, upload->size));
	rc = change_commit(op, tenant, &c.change);
	*ret_why = c.why;
	TRY(rc);
	*ret_state = resumable_row_state(tenant, &c.row);
	return RC_OK;
}

/* ---- reading ---- */

enum rc
resumable_get(struct op *op, struct tenant *tenant, int64_t id,
    struct resumable_state *ret_state)
{
	int64_t now = service_clock_now(&tenant->service->clock);
	struct upload_row row;
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, tenant, &reader));
	rc = resumable_row_get(op, &reader->meta, &op->actor, id, now, &row);
	tenant_reader_put(tenant, reader);
	TRY(rc);
	*ret_state = resumable_row_state(tenant, &row);
	return RC_OK;
}

/* ---- end ---- */

/* As much of its content as the budget allows, then the row. */
static enum rc
row_drop(struct op *op, struct tx *tx, const struct upload_row *row,
    struct drop_budget *budget, bool *ret_gone)
{
	*ret_gone = true;
	if (row->content != 0)
		TRY(content_drop(op, tx, row->content, 1, budget, ret_gone));
	if (!*ret_gone)
		return upload_row_end(op, tx->meta, row->id);
	budget->rows -= budget->rows > 0;
	return upload_row_delete(op, tx->meta, row->id);
}

struct drop_change {
	struct change change;
	int64_t id;
	bool begun; /* an earlier step has ended it */
	bool gone; /* result */
};

static enum rc
drop_run(struct op *op, struct tx *tx, struct change *change)
{
	struct drop_change *c =
	    container_of(change, struct drop_change, change);
	struct drop_budget budget = {DROP_ROWS, DROP_DATA};
	struct upload_row row;
	struct audit audit;
	enum rc rc;

	if (c->begun) {
		rc = upload_row_get(op, tx->meta, c->id, &row);
		c->gone = rc == RC_NOT_FOUND; /* the mender was quicker */
		return c->gone ? RC_OK
			       : row_drop(op, tx, &row, &budget, &c->gone);
	}
	TRY(resumable_row_get(op, tx->meta, &op->actor, c->id, tx->now, &row));
	TRY(row_drop(op, tx, &row, &budget, &c->gone));
	audit_begin(&audit, AUDIT_UPLOAD_END, op, 0);
	audit_text(&audit, AUDIT_NAME, row.name);
	return audit_write(op, tx, &audit);
}

enum rc
resumable_drop(struct op *op, struct tenant *tenant, int64_t id)
{
	struct drop_change c = {
	    .change = {.run = drop_run,
		.keeps_paths = true,
		.frees_space = true},
	    .id = id,
	};

	do {
		TRY(change_commit(op, tenant, &c.change));
		c.begun = true;
	} while (!c.gone);
	return RC_OK;
}

static enum rc
expire_run(struct op *op, struct tx *tx, struct change *change)
{
	struct drop_budget budget = {DROP_ROWS, DROP_DATA};
	struct upload_row row;
	struct audit audit;
	bool gone = true;
	int64_t id, n;
	enum rc rc;

	(void)change;
	for (n = 0; n < EXPIRED_AT_ONCE && gone && budget.rows > 1; n++) {
		rc = upload_row_due(op, tx->meta, tx->now, &id);
		if (rc == RC_NOT_FOUND)
			break;
		TRY(rc);
		TRY(upload_row_get(op, tx->meta, id, &row));
		TRY(row_drop(op, tx, &row, &budget, &gone));
	}
	if (n == 0)
		return RC_OK;
	audit_begin(&audit, AUDIT_UPLOAD_EXPIRED, op, 0);
	audit_number(&audit, AUDIT_COUNT, n);
	return audit_write(op, tx, &audit);
}

enum rc
resumable_expire(struct op *op, struct tenant *tenant)
{
	struct change change = {
	    .run = expire_run, .keeps_paths = true, .frees_space = true};

	return change_commit(op, tenant, &change);
}
