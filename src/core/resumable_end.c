/* resumable_end.c - the rows of uploads go, those whose terms have ended by
 * themselves. */
#include "core/audit.h"
#include "core/resumable_row.h"

enum { EXPIRED_AT_ONCE = 64 };

enum rc
resumable_row_drop(struct op *op, struct tx *tx, const struct upload_row *row,
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
		TRY(resumable_row_drop(op, tx, &row, &budget, &gone));
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
