/* audit.c - rows of the audit log. */
#include "meta/audit.h"

#include "meta/rows.h"
#include "tenant_sql.h"

enum rc
audit_row_insert(struct op *op, struct meta *meta, const struct audit_row *row)
{
	struct span body;

	TRY(meta_seal(op, meta, "audit", "body", row->id, row->body, &body));
	return db_run(op, meta->db, SQL_AUDIT_INSERT, "iiiiib", row->id,
	    row->wall, row->member, row->action, row->node, body);
}

enum rc
audit_row_trim(struct op *op, struct meta *meta, int64_t wall, size_t limit)
{
	return db_run(op, meta->db, SQL_AUDIT_TRIM, "ii", wall, (int64_t)limit);
}

enum rc
audit_row_list(struct op *op, struct meta *meta, int64_t before, size_t limit,
    audit_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	bool more;

	TRY(db_query(
	    op, meta->db, SQL_AUDIT_LIST, &rows, "ii", before, (int64_t)limit));
	for (;;) {
		struct audit_row row;

		TRY(db_next(op, rows, &more));
		if (!more)
			return RC_OK;
		row = (struct audit_row){
		    .id = db_int(rows, 0),
		    .wall = db_int(rows, 1),
		    .member = db_int(rows, 2),
		    .action = db_int(rows, 3),
		    .node = db_int(rows, 4),
		};
		TRY(meta_open(op, meta, "audit", "body", row.id,
		    db_blob(rows, 5), &row.body));
		TRY(each(arg, op, &row));
	}
}
