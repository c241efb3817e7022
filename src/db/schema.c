/* schema.c - migrations, the replicated tables, L5's rules for a schema, query
 * plans. */
#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "db/db_internal.h"
#include "db_own_sql.h"

bool
db_table_replicated(const char *name)
{
	return !str_starts(name, "local_") && !str_starts(name, "sqlite_");
}

enum rc
db_migrate(struct op *op, struct db *db, const struct db_migration *migration)
{
	char what[32];
	int code;

	if (!db_in_transaction(db))
		FAIL(op, RC_CONFLICT, "no transaction is open");
	db_tables_forget(db);
	(void)sqlite3_snprintf(
	    sizeof(what), what, "migration %u", (unsigned)migration->version);
	code = sqlite3_exec(db->handle, migration->text, NULL, NULL, NULL);
	if (code != SQLITE_OK)
		return db_fail(op, db, code, what);
	return RC_OK;
}

/* ---- the replicated tables ---- */

void
db_tables_forget(struct db *db)
{
	db->tables_read = false;
}

void
db_tables_release(struct db *db)
{
	size_t i;

	for (i = 0; i < db->n_tables; i++) {
		mem_free(db->tables[i].name);
		mem_free(db->tables[i].key);
	}
	mem_free(db->tables);
	db->tables = NULL;
	db->n_tables = 0;
}

/* A new last element, zeroed. */
static enum rc
add_table(struct op *op, struct db *db, const char *name)
{
	struct db_table *tables =
	    mem_realloc(db->tables, (db->n_tables + 1) * sizeof(*db->tables));
	char *copy;

	if (tables == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	db->tables = tables;
	copy = mem_strdup(name);
	if (copy == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	db->tables[db->n_tables++] = (struct db_table){.name = copy};
	return RC_OK;
}

static enum rc
read_columns(struct op *op, struct db *db, struct db_table *table)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	bool row;

	TRY(db_own_query(op, db, SQL_COLUMNS, &rows, "t", table->name));
	for (;;) {
		uint8_t *key;

		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		key = mem_realloc(table->key, table->n_columns + 1);
		if (key == NULL)
			FAIL(op, RC_NO_MEMORY, "out of memory");
		table->key = key;
		key[table->n_columns++] = (uint8_t)db_int(rows, 1);
	}
}

static enum rc
read_tables(struct op *op, struct db *db)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	bool row;

	TRY(db_own_query(op, db, SQL_TABLES, &rows, ""));
	for (;;) {
		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		TRY(add_table(op, db, db_text(rows, 0)));
		TRY(read_columns(op, db, &db->tables[db->n_tables - 1]));
	}
}

enum rc
db_tables(struct op *op, struct db *db)
{
	if (db->tables_read)
		return RC_OK;
	db_tables_release(db);
	TRY(read_tables(op, db));
	db->tables_read = true;
	return RC_OK;
}

const struct db_table *
db_table_find(const struct db *db, const char *name)
{
	size_t i;

	for (i = 0; i < db->n_tables; i++) {
		if (strcmp(db->tables[i].name, name) == 0)
			return &db->tables[i];
	}
	return NULL;
}

/* ---- the rules for a schema ---- */

/* The statement gives the names of the tables that break the rule. */
static enum rc
check_rule(struct op *op, struct db *db, size_t statement, const char *breach)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	bool row;

	TRY(db_own_query(op, db, statement, &rows, ""));
	TRY(db_next(op, rows, &row));
	if (row)
		FAIL(op, RC_INVALID, "table %s %s", db_text(rows, 0), breach);
	return RC_OK;
}

enum rc
db_check_schema(struct op *op, struct db *db)
{
	static const struct {
		enum db_own_sql statement;
		const char *breach;
	} rules[] = {
	    {SQL_BREACH_TRIGGER, "has a trigger"},
	    {SQL_BREACH_VIRTUAL, "is virtual"},
	    {SQL_BREACH_AUTOINCREMENT, "has AUTOINCREMENT"},
	    {SQL_BREACH_NO_KEY, "has no primary key"},
	    {SQL_BREACH_NULL_KEY, "has a primary key that may be NULL"},
	    {SQL_BREACH_GENERATED, "has a generated column"},
	    {SQL_BREACH_ACTION, "has a foreign key action"},
	    {SQL_BREACH_CONFLICT, "has an ON CONFLICT clause"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rules); i++)
		TRY(check_rule(op, db, rules[i].statement, rules[i].breach));
	return RC_OK;
}

/* ---- query plans ---- */

enum rc
db_plan(struct op *op, struct db *db, size_t statement, struct buf *out)
{
	CLEANUP(db_finalize) sqlite3_stmt *handle = NULL;
	const char *name;
	char *text;

	assert(statement < db->n_statements);
	name = db->statements[statement].text->name;
	TRY(op_format(op, &text, "EXPLAIN QUERY PLAN %s",
	    db->statements[statement].text->text));
	TRY(db_prepare_once(op, db, text, &handle));
	for (;;) {
		bool row;

		TRY(db_step(op, db, handle, name, &row));
		if (!row)
			return RC_OK;
		TRY(buf_add_format(
		    op, out, "%s\n", sqlite3_column_text(handle, 3)));
	}
}
