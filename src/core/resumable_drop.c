/* resumable_drop.c - uploads end, by hand and when their terms do. */
#include "core/content_drop.h"
#include "core/resumable_row.h"
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
