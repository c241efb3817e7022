/* notice.c - rows of notices. */
#include "meta/notice.h"

#include "meta/rows.h"
#include "tenant_sql.h"

enum rc
notice_insert(struct op *op, struct meta *meta, const struct notice *notice)
{
	struct span subject, text;

	TRY(meta_seal(op, meta, "notice", "subject", notice->id,
	    notice->subject, &subject));
	TRY(meta_seal(
	    op, meta, "notice", "text", notice->id, notice->text, &text));
	return db_run(op, meta->db, SQL_NOTICE_INSERT, "iiibb", notice->id,
	    notice->kind, notice->made_at, subject, text);
}

static enum rc
read_row(struct op *op, struct meta *meta, const struct db_rows *rows,
    struct notice *ret_notice)
{
	struct notice notice = {
	    .id = db_int(rows, 0),
	    .kind = db_int(rows, 1),
	    .made_at = db_int(rows, 2),
	};

	TRY(meta_open(op, meta, "notice", "subject", notice.id,
	    db_blob(rows, 3), &notice.subject));
	TRY(meta_open(op, meta, "notice", "text", notice.id, db_blob(rows, 4),
	    &notice.text));
	*ret_notice = notice;
	return RC_OK;
}

enum rc
notice_list(struct op *op, struct meta *meta, int64_t after, size_t limit,
    notice_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	bool row;

	TRY(db_query(
	    op, meta->db, SQL_NOTICE_LIST, &rows, "ii", after, (int64_t)limit));
	for (;;) {
		struct notice notice;

		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		TRY(read_row(op, meta, rows, &notice));
		TRY(each(arg, op, &notice));
	}
}

enum rc
notice_seen(
    struct op *op, struct meta *meta, int64_t member, int64_t *ret_up_to)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	enum rc rc =
	    db_get(op, meta->db, SQL_NOTICE_SEEN_GET, &rows, "i", member);

	if (rc == RC_OK)
		*ret_up_to = db_int(rows, 0);
	if (rc != RC_NOT_FOUND)
		return rc;
	op_clear_error(op);
	*ret_up_to = 0;
	return RC_OK;
}

enum rc
notice_set_seen(struct op *op, struct meta *meta, int64_t member, int64_t up_to)
{
	return db_run(op, meta->db, SQL_NOTICE_SEEN_SET, "ii", member, up_to);
}
