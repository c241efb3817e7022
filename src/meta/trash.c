/* trash.c - rows of the trash. */
#include "meta/trash.h"

#include "meta/rows.h"
#include "tenant_sql.h"

static struct trash
read_row(const struct db_rows *rows)
{
	return (struct trash){
	    .node = db_int(rows, 0),
	    .parent = db_int(rows, 1),
	    .space = db_int(rows, 2),
	    .deleted_at = db_int(rows, 3),
	    .deleted_by = db_int(rows, 4),
	    .kept_until = db_int(rows, 5),
	};
}

enum rc
trash_insert(struct op *op, struct meta *meta, const struct trash *trash)
{
	return db_run(op, meta->db, SQL_TRASH_INSERT, "iiiiii", trash->node,
	    trash->parent, trash->space, trash->deleted_at, trash->deleted_by,
	    trash->kept_until);
}

enum rc
trash_get(
    struct op *op, struct meta *meta, int64_t node, struct trash *ret_trash)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_TRASH_GET, &rows, "i", node));
	*ret_trash = read_row(rows);
	return RC_OK;
}

enum rc
trash_list(struct op *op, struct meta *meta, int64_t space, int64_t after,
    size_t limit, trash_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	bool row;

	TRY(db_query(op, meta->db, SQL_TRASH_LIST, &rows, "iii", space, after,
	    (int64_t)limit));
	for (;;) {
		struct trash trash;

		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		trash = read_row(rows);
		TRY(each(arg, op, &trash));
	}
}

enum rc
trash_due(
    struct op *op, struct meta *meta, int64_t now, struct trash *ret_trash)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_TRASH_DUE, &rows, "i", now));
	*ret_trash = read_row(rows);
	return RC_OK;
}

enum rc
trash_delete(struct op *op, struct meta *meta, int64_t node)
{
	return ROWS_ONE(op, meta, SQL_TRASH_DELETE, "i", node);
}
