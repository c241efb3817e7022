/* db_internal.h - what the files of db/ share; the only place that includes
 * sqlite3.h. */
#ifndef DOZO_DB_DB_INTERNAL_H
#define DOZO_DB_DB_INTERNAL_H

#include <sqlite3.h>
#include <stdarg.h>

#include "db/db.h"

/* A statement of a connection and, while it runs, its rows. */
struct db_rows {
	struct db *db;
	const struct db_statement_text *text;
	sqlite3_stmt *handle; /* prepared at first use */
	bool running;
	bool done; /* stepped past its last row: a step more would start it anew
		    */
};

/* What replay must know of a replicated table. */
struct db_table {
	char *name;
	size_t n_columns;
	uint8_t *key; /* a column's place in the primary key, from 1, or 0 */
};

struct db {
	sqlite3 *handle;
	enum db_mode mode;
	struct db_rows *statements; /* of sql, by number */
	struct db_rows *own; /* of own.sql, by number */
	size_t n_statements;
	bool commit_allowed;
	bool in_savepoint; /* means nothing outside a transaction */
	int n_sessions;
	struct db_table *tables;
	size_t n_tables;
	bool tables_read; /* since the last change of the schema */
};

/* The rc of a result of SQLite's; with the text "WHAT: SQLite's message". Never
 * RC_OK. */
enum rc
db_fail(struct op *op, struct db *db, int code, const char *what) MUST_CHECK;

/* As db_run, db_query and db_get, with a statement of own.sql. */
enum rc db_own_run(struct op *op, struct db *db, size_t statement) MUST_CHECK;
enum rc db_own_query(struct op *op, struct db *db, size_t statement,
    struct db_rows **ret_rows, const char *types, ...) MUST_CHECK;

/* Finalises every statement. */
void db_statements_release(struct db *db);

/* Makes both tables of statements; nothing is prepared yet. */
enum rc db_statements_init(
    struct op *op, struct db *db, const struct db_sql *sql) MUST_CHECK;

/*
 * A statement that is used once: prepared from text, of one statement. Needs
 * db_finalize.
 */
enum rc db_prepare_once(struct op *op, struct db *db, const char *text,
    sqlite3_stmt **ret_handle) MUST_CHECK;
void db_finalize(sqlite3_stmt **handle); /* for CLEANUP */

/* Steps; *ret_row tells whether there is a row. */
enum rc db_step(struct op *op, struct db *db, sqlite3_stmt *handle,
    const char *what, bool *ret_row) MUST_CHECK;

/* Whether a session records it: the rule of sessions, replay and state hash. */
bool db_table_replicated(const char *name);

/* The tables as they are now, read if need be; valid until the next call.
 */
enum rc db_tables(struct op *op, struct db *db) MUST_CHECK;

/* They are to be read again; frees nothing, so who goes over them may fail. */
void db_tables_forget(struct db *db);
void db_tables_release(struct db *db);

/* NULL where there is no such replicated table. After db_tables. */
const struct db_table *db_table_find(const struct db *db, const char *name);

/*
 * Checks a changeset to the last byte before SQLite sees it: form, tables,
 * column counts, keys, and that each value that the kind of change needs is
 * there. RC_DAMAGED. *ret_changes is the number of rows that it changes.
 */
enum rc db_changeset_check(struct op *op, const struct db *db,
    struct span changeset, int64_t *ret_changes) MUST_CHECK;

#endif
