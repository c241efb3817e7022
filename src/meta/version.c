/* version.c - rows of versions. */
#include "meta/version.h"

#include "meta/rows.h"
#include "tenant_sql.h"

static struct version
read_row(const struct db_rows *rows)
{
	return (struct version){
	    .id = db_int(rows, 0),
	    .node = db_int(rows, 1),
	    .content = db_int(rows, 2),
	    .size = (uint64_t)db_int(rows, 3),
	    .mtime = db_int(rows, 4),
	    .made_at = db_int(rows, 5),
	    .made_by = db_int(rows, 6),
	    .replaced_at = db_int(rows, 7),
	    .kept_until = db_int(rows, 8),
	};
}

enum rc
version_insert(struct op *op, struct meta *meta, const struct version *version)
{
	return db_run(op, meta->db, SQL_VERSION_INSERT, "iiiiiiiii",
	    version->id, version->node, version->content,
	    (int64_t)version->size, version->mtime, version->made_at,
	    version->made_by, version->replaced_at, version->kept_until);
}

enum rc
version_get(
    struct op *op, struct meta *meta, int64_t id, struct version *ret_version)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_VERSION_GET, &rows, "i", id));
	*ret_version = read_row(rows);
	return RC_OK;
}

static enum rc
read_rows(struct op *op, struct db_rows *rows, version_each *each, void *arg)
{
	bool row;

	for (;;) {
		struct version version;

		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		version = read_row(rows);
		TRY(each(arg, op, &version));
	}
}

enum rc
version_list(struct op *op, struct meta *meta, int64_t node, int64_t before,
    size_t limit, version_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_query(op, meta->db, SQL_VERSION_LIST, &rows, "iii", node, before,
	    (int64_t)limit));
	return read_rows(op, rows, each, arg);
}

enum rc
version_due(struct op *op, struct meta *meta, int64_t now, size_t limit,
    version_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_query(
	    op, meta->db, SQL_VERSION_DUE, &rows, "ii", now, (int64_t)limit));
	return read_rows(op, rows, each, arg);
}

enum rc
version_count(struct op *op, struct meta *meta, int64_t node, int64_t limit,
    int64_t *ret_count)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_VERSION_COUNT, &rows, "ii", node, limit));
	*ret_count = db_int(rows, 0);
	return RC_OK;
}

enum rc
version_join(struct op *op, struct meta *meta, int64_t from, int64_t to)
{
	return db_run(op, meta->db, SQL_VERSION_JOIN, "ii", from, to);
}

enum rc
version_delete(struct op *op, struct meta *meta, int64_t id)
{
	return ROWS_ONE(op, meta, SQL_VERSION_DELETE, "i", id);
}
