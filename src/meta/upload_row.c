/* upload_row.c - rows of uploads. */
#include "meta/upload_row.h"

#include "meta/rows.h"
#include "tenant_sql.h"

static enum rc
column_seal(struct op *op, struct meta *meta, const char *column, int64_t id,
    struct span plain, struct span *ret_sealed)
{
	return meta_seal(op, meta, "upload", column, id, plain, ret_sealed);
}

static enum rc
column_open(struct op *op, struct meta *meta, const char *column, int64_t id,
    struct span sealed, struct span *ret_plain)
{
	return meta_open(op, meta, "upload", column, id, sealed, ret_plain);
}

/* The name, a NUL, and what the client said: one text for both. */
static enum rc
seal_name(struct op *op, struct meta *meta, const struct upload_row *row,
    struct span *ret_sealed)
{
	size_t size = row->name.size + 1 + row->metadata.size;
	uint8_t *text;

	TRY(op_alloc(op, size, &text));
	memcpy(text, row->name.data, row->name.size);
	if (row->metadata.size > 0)
		memcpy(text + row->name.size + 1, row->metadata.data,
		    row->metadata.size);
	return column_seal(
	    op, meta, "name", row->id, span_of(text, size), ret_sealed);
}

static enum rc
open_name(struct op *op, struct meta *meta, struct span sealed,
    struct upload_row *row)
{
	struct span both;
	const uint8_t *end;

	TRY(column_open(op, meta, "name", row->id, sealed, &both));
	end = memchr(both.data, '\0', both.size);
	if (end == NULL)
		FAIL(op, RC_DAMAGED, "upload.name has no end");
	row->name = span_of(both.data, (size_t)(end - both.data));
	row->metadata =
	    span_of(end + 1, both.size - (size_t)(end - both.data) - 1);
	return RC_OK;
}

/* The state of SHA-256, and behind it the digest that is wanted. */
static enum rc
seal_states(struct op *op, struct meta *meta, const struct upload_row *row,
    struct span *ret_sha256, struct span *ret_sha1)
{
	uint8_t both[SHA256_STATE_SIZE + SHA256_SIZE];

	*ret_sha1 = span_of("", 0);
	if (row->done)
		return column_seal(
		    op, meta, "sha256", row->id, span_of("", 0), ret_sha256);
	memcpy(both, row->sha256.state, SHA256_STATE_SIZE);
	memcpy(both + SHA256_STATE_SIZE, row->digest, SHA256_SIZE);
	TRY(column_seal(op, meta, "sha256", row->id,
	    span_of(both, row->has_digest ? sizeof(both) : SHA256_STATE_SIZE),
	    ret_sha256));
	return column_seal(op, meta, "sha1", row->id,
	    span_of(row->sha1.state, sizeof(row->sha1.state)), ret_sha1);
}

static enum rc
open_states(struct op *op, struct meta *meta, struct span sha256,
    struct span sha1, struct upload_row *row)
{
	struct span plain;

	TRY(column_open(op, meta, "sha256", row->id, sha256, &plain));
	row->done = plain.size == 0;
	if (row->done)
		return RC_OK;
	row->has_digest = plain.size == SHA256_STATE_SIZE + SHA256_SIZE;
	if (!row->has_digest && plain.size != SHA256_STATE_SIZE)
		FAIL(op, RC_DAMAGED, "upload.sha256 has a wrong size");
	memcpy(row->sha256.state, plain.data, SHA256_STATE_SIZE);
	if (row->has_digest)
		memcpy(
		    row->digest, plain.data + SHA256_STATE_SIZE, SHA256_SIZE);
	TRY(column_open(op, meta, "sha1", row->id, sha1, &plain));
	if (plain.size != sizeof(row->sha1.state))
		FAIL(op, RC_DAMAGED, "upload.sha1 has a wrong size");
	memcpy(row->sha1.state, plain.data, sizeof(row->sha1.state));
	return RC_OK;
}

static int64_t
size_of(const struct upload_row *row)
{
	return row->has_size ? (int64_t)row->size : -1;
}

enum rc
upload_row_insert(
    struct op *op, struct meta *meta, const struct upload_row *row)
{
	struct span name;
	struct span sha256;
	struct span sha1;

	TRY(seal_name(op, meta, row, &name));
	TRY(seal_states(op, meta, row, &sha256, &sha1));
	return db_run(op, meta->db, SQL_UPLOAD_INSERT, "iiibiiibbiiiii",
	    row->id, row->member, row->parent, name, size_of(row),
	    (int64_t)row->offset, row->content, sha256, sha1,
	    (int64_t)row->has_mtime, row->mtime, (int64_t)row->if_exists,
	    row->created_at, row->expires_at);
}

enum rc
upload_row_get(
    struct op *op, struct meta *meta, int64_t id, struct upload_row *ret_row)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	struct upload_row row;

	TRY(db_get(op, meta->db, SQL_UPLOAD_GET, &rows, "i", id));
	row = (struct upload_row){
	    .id = db_int(rows, 0),
	    .member = db_int(rows, 1),
	    .parent = db_int(rows, 2),
	    .has_size = !db_is_null(rows, 4),
	    .size = (uint64_t)db_int(rows, 4),
	    .offset = (uint64_t)db_int(rows, 5),
	    .content = db_int(rows, 6),
	    .has_mtime = !db_is_null(rows, 9),
	    .mtime = db_int(rows, 9),
	    .if_exists = (enum if_exists)db_int(rows, 10),
	    .created_at = db_int(rows, 11),
	    .expires_at = db_int(rows, 12),
	};
	TRY(open_name(op, meta, db_blob(rows, 3), &row));
	TRY(open_states(op, meta, db_blob(rows, 7), db_blob(rows, 8), &row));
	*ret_row = row;
	return RC_OK;
}

enum rc
upload_row_advance(
    struct op *op, struct meta *meta, const struct upload_row *row)
{
	struct span sha256;
	struct span sha1;

	TRY(seal_states(op, meta, row, &sha256, &sha1));
	return ROWS_ONE(op, meta, SQL_UPLOAD_ADVANCE, "iiiibbi", row->id,
	    size_of(row), (int64_t)row->offset, row->content, sha256, sha1,
	    row->expires_at);
}

enum rc
upload_row_finish(struct op *op, struct meta *meta,
    const struct upload_row *row, int64_t node, int64_t expires_at)
{
	struct span none;

	TRY(column_seal(op, meta, "sha256", row->id, span_of("", 0), &none));
	return ROWS_ONE(op, meta, SQL_UPLOAD_DONE, "iiibi", row->id, node,
	    (int64_t)row->size, none, expires_at);
}

enum rc
upload_row_end(struct op *op, struct meta *meta, int64_t id)
{
	return ROWS_ONE(op, meta, SQL_UPLOAD_END, "i", id);
}

enum rc
upload_row_delete(struct op *op, struct meta *meta, int64_t id)
{
	return ROWS_ONE(op, meta, SQL_UPLOAD_DELETE, "i", id);
}

enum rc
upload_row_due(struct op *op, struct meta *meta, int64_t now, int64_t *ret_id)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_UPLOAD_DUE, &rows, "i", now));
	*ret_id = db_int(rows, 0);
	return RC_OK;
}
