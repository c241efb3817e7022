/*
 * load.c - rows as db_dump gave them, put into an empty database. README.md
 * states D9.
 */
#include <string.h>

#include "base/mem.h"
#include "db/db_internal.h"
#include "db_own_sql.h"

struct db_load {
	struct db *db;
	const struct db_table *table; /* the one at hand, or NULL */
	sqlite3_stmt *insert; /* into it */
};

/* A parser's place in the bytes. */
struct place {
	const uint8_t *at;
	size_t left;
};

static enum rc
take(struct op *op, struct place *place, size_t size, const uint8_t **ret_bytes)
{
	if (size > place->left)
		FAIL(op, RC_DAMAGED, "rows that end too early");
	*ret_bytes = place->at;
	place->at += size;
	place->left -= size;
	return RC_OK;
}

static uint64_t
big_endian(const uint8_t *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return __builtin_bswap64(value);
}

/* One value: its type, and its bytes, which stay where they are. */
static enum rc
take_value(
    struct op *op, struct place *place, int *ret_type, struct span *ret_bytes)
{
	const uint8_t *head, *bytes;
	uint64_t size;
	int type;

	TRY(take(op, place, 9, &head));
	type = head[0];
	size = big_endian(head + 1);
	if (type < SQLITE_INTEGER || type > SQLITE_NULL ||
	    (type <= SQLITE_FLOAT && size != 8) ||
	    (type == SQLITE_NULL && size != 0))
		FAIL(op, RC_DAMAGED, "a value of type %d", type);
	if (size > place->left)
		FAIL(op, RC_DAMAGED, "rows that end too early");
	TRY(take(op, place, (size_t)size, &bytes));
	*ret_type = type;
	*ret_bytes = span_of(bytes, (size_t)size);
	return RC_OK;
}

/* The statement that the first row of the query spells. */
static enum rc
prepare_made(struct op *op, struct db *db, size_t statement, const char *table,
    sqlite3_stmt **ret_handle)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	bool row;

	TRY(db_own_query(op, db, statement, &rows, "t", table));
	TRY(db_next(op, rows, &row));
	return db_prepare_once(op, db, db_text(rows, 0), ret_handle);
}

static enum rc
table_empty(struct op *op, struct db *db, const char *table)
{
	CLEANUP(db_finalize) sqlite3_stmt *handle = NULL;
	bool row;

	TRY(prepare_made(op, db, SQL_TABLE_EMPTY, table, &handle));
	return db_step(op, db, handle, table, &row);
}

enum rc
db_load_new(struct op *op, struct db *db, struct db_load **ret_load)
{
	struct db_load *load;
	size_t i;

	if (!db_in_transaction(db))
		FAIL(op, RC_CONFLICT, "no transaction is open");
	TRY(db_tables(op, db));
	for (i = 0; i < db->n_tables; i++)
		TRY(table_empty(op, db, db->tables[i].name));
	load = mem_alloc(sizeof(*load));
	if (load == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	load->db = db;
	*ret_load = load;
	return RC_OK;
}

void
db_load_free(struct db_load *load)
{
	if (load == NULL)
		return;
	db_finalize(&load->insert);
	mem_free(load);
}

void
db_load_free_ptr(struct db_load **load)
{
	db_load_free(*load);
	*load = NULL;
}

/* A table's head: the rows after it are its own. */
static enum rc
load_table(struct op *op, struct db_load *load, struct place *place)
{
	struct span name, count;
	char *text;
	int name_type, count_type;

	TRY(take_value(op, place, &name_type, &name));
	TRY(take_value(op, place, &count_type, &count));
	if (name_type != SQLITE_TEXT || count_type != SQLITE_INTEGER ||
	    memchr(name.data, 0, name.size) != NULL)
		FAIL(op, RC_DAMAGED, "rows of no table");
	TRY(op_format(
	    op, &text, "%.*s", (int)name.size, (const char *)name.data));
	load->table = db_table_find(load->db, text);
	if (load->table == NULL ||
	    load->table->n_columns != big_endian(count.data))
		FAIL(op, RC_DAMAGED,
		    "rows of a table that the schema does not have");
	db_finalize(&load->insert);
	load->insert = NULL;
	return prepare_made(
	    op, load->db, SQL_ORDERED_INSERT, load->table->name, &load->insert);
}

static int
bind_value(sqlite3_stmt *insert, int column, int type, struct span bytes)
{
	uint64_t bits;
	double number;

	switch (type) {
	case SQLITE_INTEGER:
		return sqlite3_bind_int64(
		    insert, column, (sqlite3_int64)big_endian(bytes.data));
	case SQLITE_FLOAT:
		bits = big_endian(bytes.data);
		memcpy(&number, &bits, sizeof(number));
		return sqlite3_bind_double(insert, column, number);
	case SQLITE_TEXT:
		return sqlite3_bind_text(insert, column,
		    (const char *)bytes.data, (int)bytes.size, SQLITE_STATIC);
	case SQLITE_BLOB:
		return sqlite3_bind_blob64(
		    insert, column, bytes.data, bytes.size, SQLITE_STATIC);
	default:
		return sqlite3_bind_null(insert, column);
	}
}

static enum rc
load_row(struct op *op, struct db_load *load, struct place *place)
{
	struct span bytes;
	size_t i;
	int type, code;
	bool row;

	if (load->table == NULL)
		FAIL(op, RC_DAMAGED, "a row of no table");
	for (i = 0; i < load->table->n_columns; i++) {
		TRY(take_value(op, place, &type, &bytes));
		if (bytes.size > INT32_MAX)
			FAIL(op, RC_DAMAGED, "a value that is too large");
		code = bind_value(load->insert, (int)i + 1, type, bytes);
		if (code != SQLITE_OK)
			return db_fail(op, load->db, code, load->table->name);
	}
	if (db_step(op, load->db, load->insert, load->table->name, &row) !=
	    RC_OK) {
		enum rc rc = op->error_rc;

		/* The schema takes every row that it once held. */
		return rc == RC_EXISTS || rc == RC_INVALID ? RC_DAMAGED : rc;
	}
	code = sqlite3_reset(load->insert);
	return code == SQLITE_OK
		   ? RC_OK
		   : db_fail(op, load->db, code, load->table->name);
}

enum rc
db_load_rows(struct op *op, struct db_load *load, struct span rows)
{
	struct place place = {rows.data, rows.size};
	const uint8_t *mark;

	if (!db_in_transaction(load->db))
		FAIL(op, RC_CONFLICT, "no transaction is open");
	while (place.left > 0) {
		TRY(take(op, &place, 1, &mark));
		if (*mark == 'T')
			TRY(load_table(op, load, &place));
		else if (*mark == 'R')
			TRY(load_row(op, load, &place));
		else
			FAIL(op, RC_DAMAGED, "neither a row nor a table");
	}
	return RC_OK;
}
