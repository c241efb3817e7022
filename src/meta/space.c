/* space.c - rows of spaces. */
#include "meta/space.h"

#include "meta/rows.h"
#include "tenant_sql.h"

static struct space
read_row(const struct db_rows *rows)
{
	return (struct space){
	    .node = db_int(rows, 0),
	    .kind = (enum space_kind)db_int(rows, 1),
	    .member = db_int(rows, 2),
	};
}

enum rc
space_insert(struct op *op, struct meta *meta, const struct space *space)
{
	return db_run(op, meta->db, SQL_SPACE_INSERT, "iii", space->node,
	    (int64_t)space->kind, space->member);
}

enum rc
space_get(
    struct op *op, struct meta *meta, int64_t node, struct space *ret_space)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_SPACE_GET, &rows, "i", node));
	*ret_space = read_row(rows);
	return RC_OK;
}

static enum rc
each_row(struct op *op, struct db_rows *rows, space_each *each, void *arg)
{
	bool row;

	for (;;) {
		struct space space;

		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		space = read_row(rows);
		TRY(each(arg, op, &space));
	}
}

enum rc
space_of_member(struct op *op, struct meta *meta, int64_t member,
    space_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_query(op, meta->db, SQL_SPACE_OF_MEMBER, &rows, "i", member));
	return each_row(op, rows, each, arg);
}

enum rc
space_of_kind(struct op *op, struct meta *meta, enum space_kind kind,
    int64_t after, size_t limit, space_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_query(op, meta->db, SQL_SPACE_OF_KIND, &rows, "iii",
	    (int64_t)kind, after, (int64_t)limit));
	return each_row(op, rows, each, arg);
}
