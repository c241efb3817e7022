/*
 * dump.c - all that is replicated as one run of bytes, and the hash over it
 * (L12).
 *
 * The bytes are, for each table in the order of the names' bytes: 'T', the name
 * as a text value, the number of columns as an integer value; for each row in
 * the order of the primary key 'R' and its values. A value is SQLite's type (1
 * integer, 2 float, 3 text, 4 blob, 5 NULL), its size (64 bit), its bytes;
 * numbers are their 8 bytes. All big-endian.
 */
#include <string.h>

#include "crypto/hash.h"
#include "db/db_internal.h"
#include "db_own_sql.h"

enum { FLUSH_SIZE = 4096 };

/* Rows gathered, so that SHA-256 and sink are not called for each value. */
struct gather {
	struct op *op;
	struct db_sink *sink; /* NULL: the hash alone */
	size_t piece;
	struct sha256 hash;
	struct buf bytes;
	enum rc rc; /* of the first failure */
};

/* Between rows: hands over what is there. */
static enum rc
gather_flush(struct op *op, struct gather *gather)
{
	TRY(gather->rc);
	sha256_update(&gather->hash, buf_span(&gather->bytes));
	if (gather->sink != NULL && gather->bytes.size > 0)
		TRY(gather->sink->rows(
		    gather->sink, op, buf_span(&gather->bytes)));
	buf_clear(&gather->bytes);
	return RC_OK;
}

static void
gather_add(struct gather *gather, const void *bytes, size_t size)
{
	if (gather->rc == RC_OK)
		gather->rc =
		    buf_add(gather->op, &gather->bytes, span_of(bytes, size));
}

static void
gather_byte(struct gather *gather, int byte)
{
	uint8_t one = (uint8_t)byte;

	gather_add(gather, &one, 1);
}

static void
gather_u64(struct gather *gather, uint64_t value)
{
	uint64_t big_endian = __builtin_bswap64(value);

	gather_add(gather, &big_endian, sizeof(big_endian));
}

static void
gather_value(struct gather *gather, int type, const void *bytes, size_t size)
{
	gather_byte(gather, type);
	gather_u64(gather, size);
	gather_add(gather, bytes, size);
}

static void
gather_number(struct gather *gather, int type, uint64_t bits)
{
	gather_byte(gather, type);
	gather_u64(gather, sizeof(bits));
	gather_u64(gather, bits);
}

static void
gather_column(struct gather *gather, sqlite3_stmt *handle, int column)
{
	int type = sqlite3_column_type(handle, column);
	const void *bytes;
	uint64_t bits;
	double number;

	switch (type) {
	case SQLITE_INTEGER:
		gather_number(gather, type,
		    (uint64_t)sqlite3_column_int64(handle, column));
		break;
	case SQLITE_FLOAT:
		number = sqlite3_column_double(handle, column);
		memcpy(&bits, &number, sizeof(bits));
		gather_number(gather, type, bits);
		break;
	default: /* text, blob; NULL, whose size is 0 */
		bytes = sqlite3_column_blob(handle, column);
		gather_value(gather, type, bytes,
		    (size_t)sqlite3_column_bytes(handle, column));
		break;
	}
}

static enum rc
prepare_table(
    struct op *op, struct db *db, const char *table, sqlite3_stmt **ret_handle)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	bool row;

	TRY(db_own_query(op, db, SQL_ORDERED_SELECT, &rows, "t", table));
	TRY(db_next(op, rows, &row));
	return db_prepare_once(op, db, db_text(rows, 0), ret_handle);
}

static enum rc
dump_table(struct op *op, struct db *db, const struct db_table *table,
    struct gather *gather)
{
	CLEANUP(db_finalize) sqlite3_stmt *handle = NULL;
	int n_columns = (int)table->n_columns;

	gather_byte(gather, 'T');
	gather_value(gather, SQLITE_TEXT, table->name, strlen(table->name));
	gather_number(gather, SQLITE_INTEGER, table->n_columns);
	TRY(prepare_table(op, db, table->name, &handle));
	for (;;) {
		bool row;
		int i;

		TRY(db_step(op, db, handle, table->name, &row));
		if (!row)
			return RC_OK;
		gather_byte(gather, 'R');
		for (i = 0; i < n_columns; i++)
			gather_column(gather, handle, i);
		if (gather->bytes.size >= gather->piece)
			TRY(gather_flush(op, gather));
	}
}

static enum rc
dump_tables(struct op *op, struct db *db, struct gather *gather)
{
	size_t i;

	/* Of this very transaction: another connection may have changed them.
	 */
	db_tables_forget(db);
	TRY(db_tables(op, db));
	for (i = 0; i < db->n_tables; i++)
		TRY(dump_table(op, db, &db->tables[i], gather));
	return RC_OK;
}

static void
gather_release(struct gather *gather)
{
	buf_release(&gather->bytes);
}

enum rc
db_dump(struct op *op, struct db *db, struct db_sink *sink,
    uint8_t ret_hash[DB_HASH_SIZE])
{
	CLEANUP(gather_release)
	struct gather gather = {
	    .op = op,
	    .sink = sink,
	    .piece = sink == NULL ? FLUSH_SIZE : DB_DUMP_PIECE,
	};
	bool own = !db_in_transaction(db);
	enum rc rc;

	buf_init(&gather.bytes, DB_DUMP_LIMIT);
	sha256_init(&gather.hash);
	if (own)
		TRY(db_read_begin(op, db));
	rc = dump_tables(op, db, &gather);
	if (own)
		db_read_end(db);
	if (rc == RC_OK)
		rc = gather_flush(op, &gather);
	TRY(rc);
	sha256_digest(&gather.hash, ret_hash);
	return RC_OK;
}

enum rc
db_state_hash(struct op *op, struct db *db, uint8_t ret_hash[DB_HASH_SIZE])
{
	return db_dump(op, db, NULL, ret_hash);
}
