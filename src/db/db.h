/*
 * db.h - a tenant's SQLite database, which is only an index over the log
 * (LOG.md L10): named statements, transactions under the committer's control,
 * sessions and their strict replay. The only folder that knows sqlite3.
 */
#ifndef DOZO_DB_DB_H
#define DOZO_DB_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/op.h"
#include "base/span.h"

enum { DB_HASH_SIZE = 32 };

/*
 * One connection; one thread at a time. Statements are named by their number in
 * the table that tools/sql2c makes of the .sql files (struct db_sql).
 */
struct db;

struct db_statement_text {
	const char *name; /* "node_find" */
	const char *text;
};

struct db_sql {
	const struct db_statement_text *statements;
	size_t n_statements;
};

/* A migration: frozen SQL (LOG.md L9). version counts from 1. */
struct db_migration {
	uint32_t version;
	const char *text;
};

/* Once for the process, before any connection: MEMSTATUS 0, multi-thread mode.
 */
enum rc db_library_init(struct op *op) MUST_CHECK;

enum db_mode {
	DB_READER, /* query_only */
	DB_WRITER, /* the committer's: the only one that writes and checkpoints
		    */
};

/*
 * Opens path (made if absent, DB_WRITER only) with WAL, synchronous=OFF,
 * wal_autocheckpoint=0, NO_CKPT_ON_CLOSE, secure_delete, foreign_keys off, mmap
 * off, temporary data in memory, trusted_schema off, a busy time-out of 0 (but
 * for db_begin). sql is borrowed for ever. RC_NOT_FOUND (reader; writer: no
 * such folder), RC_DAMAGED, RC_IO.
 */
enum rc db_open(struct op *op, const char *path, enum db_mode mode,
    const struct db_sql *sql, struct db **ret_db) MUST_CHECK;

/* Finalises everything; rolls back what is open; sessions have ended before.
 * Accepts NULL. */
void db_close(struct db *db);
void db_close_ptr(struct db **db); /* for CLEANUP */

/* Deletes a closed database with its -wal and -shm (L10: it is only a cache).
 * RC_IO. */
enum rc db_remove(struct op *op, const char *path) MUST_CHECK;

/* Bytes of the database's -wal; 0 where there is none. */
uint64_t db_wal_size(const char *path);

/* After a checkpoint and db_close: the database's file is on disk. RC_IO. */
enum rc db_sync(struct op *op, const char *path) MUST_CHECK;

/* ---- statements ---- */

struct db_rows;

/*
 * Binds arguments by types: i int64_t, b struct span (zero size with NULL data:
 * an empty blob), t const char *, n nothing (NULL), and runs it to the end.
 * RC_EXISTS where a UNIQUE or PRIMARY KEY constraint fails, RC_INVALID where
 * another one does or the types do not fit, RC_CONFLICT outside a transaction,
 * RC_NO_SPACE, RC_IO, RC_DAMAGED (also: does not compile). The text stands in
 * op; bytes are not copied.
 */
enum rc db_run(struct op *op, struct db *db, size_t statement,
    const char *types, ...) MUST_CHECK;

/* As db_run; *ret_changed is the number of rows changed. */
enum rc db_run_changed(struct op *op, struct db *db, size_t statement,
    int64_t *ret_changed, const char *types, ...) MUST_CHECK;

/*
 * Starts a query; needs db_rows_end (CLEANUP(db_rows_end_ptr)). A statement is
 * in use once at a time: RC_BUSY (a bug) if its rows are not ended.
 */
enum rc db_query(struct op *op, struct db *db, size_t statement,
    struct db_rows **ret_rows, const char *types, ...) MUST_CHECK;
void db_rows_end(struct db_rows *rows);
void db_rows_end_ptr(struct db_rows **rows); /* sets it to NULL */

/* The next row; *ret_row false after the last. */
enum rc db_next(struct op *op, struct db_rows *rows, bool *ret_row) MUST_CHECK;

/* Starts a query and steps to its only row; RC_NOT_FOUND, without a text, where
 * there is none. */
enum rc db_get(struct op *op, struct db *db, size_t statement,
    struct db_rows **ret_rows, const char *types, ...) MUST_CHECK;

/* Columns of the present row; spans and texts live until the next step. */
int64_t db_int(const struct db_rows *rows, int column);
struct span db_blob(const struct db_rows *rows, int column);
const char *db_text(const struct db_rows *rows, int column);
bool db_is_null(const struct db_rows *rows, int column);

/* ---- transactions (DB_WRITER) ---- */

enum rc db_begin(struct op *op, struct db *db) MUST_CHECK; /* BEGIN IMMEDIATE */
enum rc db_savepoint(struct op *op, struct db *db) MUST_CHECK; /* one level */
enum rc db_release(struct op *op, struct db *db) MUST_CHECK;
enum rc
db_undo(struct op *op, struct db *db) MUST_CHECK; /* ROLLBACK TO, RELEASE */
enum rc db_rollback(
    struct op *op, struct db *db) MUST_CHECK; /* RC_OK where none is open */

/*
 * Of these, what comes out of order (no transaction, a second savepoint) is
 * RC_CONFLICT. A release that fails has rolled the whole transaction back.
 */

/*
 * COMMIT. A commit hook vetoes every commit (also the stray one of a RELEASE,
 * L6) that this function has not allowed. RC_IO, RC_NO_SPACE: rolled back.
 */
enum rc db_commit(struct op *op, struct db *db) MUST_CHECK;

/* Whether a transaction is open. L6: false inside a group means that all of it
 * is gone. */
bool db_in_transaction(const struct db *db);

/* Rows changed on this connection so far, rolled-back ones included: only
 * differences tell anything. */
int64_t db_total_changes(const struct db *db);

/* A read transaction: one state for several queries (DB_READER). */
enum rc db_read_begin(struct op *op, struct db *db) MUST_CHECK;
void db_read_end(struct db *db);

/* wal_checkpoint(TRUNCATE); RC_BUSY while a reader stands in the way. */
enum rc db_checkpoint(struct op *op, struct db *db) MUST_CHECK;

/* ---- sessions and replay (L5) ---- */

struct db_session;

/* Records the row changes of every table whose name does not begin with
 * "local_". */
enum rc db_session_begin(
    struct op *op, struct db *db, struct db_session **ret_session) MUST_CHECK;

/* Appends the changeset to out; *ret_empty where nothing changed. */
enum rc db_session_take(struct op *op, struct db_session *session,
    struct buf *out, bool *ret_empty) MUST_CHECK;
void db_session_end(struct db_session *session); /* accepts NULL */
void db_session_end_ptr(struct db_session **session);

/*
 * Applies a changeset inside the open transaction. RC_DAMAGED on every
 * conflict, unknown table, other column count, or where fewer rows were applied
 * than the changeset holds; the caller then discards the database.
 */
enum rc
db_apply(struct op *op, struct db *db, struct span changeset) MUST_CHECK;

/* ---- schema ---- */

/* Runs one migration's SQL inside the open transaction. RC_DAMAGED: roll back.
 */
enum rc db_migrate(struct op *op, struct db *db,
    const struct db_migration *migration) MUST_CHECK;

/* Prepares every statement (once; after migrations). RC_DAMAGED names the one
 * that does not compile. */
enum rc db_prepare_all(struct op *op, struct db *db) MUST_CHECK;

/*
 * All replicated rows as a run of bytes (docs/FORMAT.md 10.6), in one read
 * transaction or the one that is open: in table name order, rows in primary key
 * order, each value with its type and length. rows is called with whole tables'
 * heads and whole rows, DB_DUMP_PIECE bytes or a row more each time, the last
 * time with less; its failure ends the dump. *ret_hash: the state hash.
 */
enum { DB_DUMP_PIECE = 768 << 10, DB_DUMP_LIMIT = 64 << 20 };
struct db_sink {
	enum rc (*rows)(struct db_sink *sink, struct op *op, struct span rows);
};
enum rc db_dump(struct op *op, struct db *db, struct db_sink *sink,
    uint8_t ret_hash[DB_HASH_SIZE]) MUST_CHECK;

/*
 * Puts what db_dump gave into a database of the same schema, whose replicated
 * tables are emptied first; inside the open transaction, which may be committed
 * and begun again between two calls. RC_DAMAGED: the caller discards the
 * database. Free with db_load_free before db_close.
 */
struct db_load;
enum rc
db_load_new(struct op *op, struct db *db, struct db_load **ret_load) MUST_CHECK;
enum rc
db_load_rows(struct op *op, struct db_load *load, struct span rows) MUST_CHECK;
void db_load_free(struct db_load *load); /* accepts NULL */
void db_load_free_ptr(struct db_load **load); /* for CLEANUP */

/*
 * The state hash (L12): SHA-256 over all replicated tables in name order, rows
 * in primary key order, each value with its type and length. One read
 * transaction.
 */
enum rc db_state_hash(
    struct op *op, struct db *db, uint8_t ret_hash[DB_HASH_SIZE]) MUST_CHECK;

/*
 * L5's rules for a schema: every replicated table has an explicit NOT NULL
 * primary key; no generated columns, triggers, foreign key actions, virtual
 * tables, autoincrement. RC_INVALID names the breach. For a test.
 */
enum rc db_check_schema(struct op *op, struct db *db) MUST_CHECK;

/*
 * For a test: the query plan of a statement, one line an entry, into out; a
 * full scan reads "SCAN table".
 */
enum rc db_plan(
    struct op *op, struct db *db, size_t statement, struct buf *out) MUST_CHECK;

#endif
