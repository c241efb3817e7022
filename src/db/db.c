/* db.c - opening and closing a database, and what SQLite's result codes mean
 * here. */
#include "db/db_internal.h"

#include <assert.h>
#include <errno.h>

#include "base/mem.h"

enum rc
db_library_init(struct op *op)
{
	/* One connection is used by one thread at a time: no mutex in SQLite.
	 */
	if (sqlite3_config(SQLITE_CONFIG_MULTITHREAD) != SQLITE_OK ||
	    /* Its counters are one global mutex that every allocation takes. */
	    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK ||
	    sqlite3_initialize() != SQLITE_OK)
		FAIL(op, RC_IO, "SQLite cannot be initialised");
	return RC_OK;
}

static enum rc
rc_of_constraint(int extended)
{
	switch (extended) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return RC_EXISTS;
	case SQLITE_CONSTRAINT_COMMITHOOK:
		return RC_CONFLICT;
	default:
		return RC_INVALID;
	}
}

static enum rc
rc_of_code(int extended)
{
	static const struct {
		int code;
		enum rc rc;
	} map[] = {
	    {SQLITE_ABORT, RC_CONFLICT}, /* rolled back under a running query */
	    {SQLITE_BUSY, RC_BUSY},
	    {SQLITE_LOCKED, RC_BUSY},
	    {SQLITE_NOMEM, RC_NO_MEMORY},
	    {SQLITE_FULL, RC_NO_SPACE},
	    {SQLITE_TOOBIG, RC_LIMIT},
	    {SQLITE_CORRUPT, RC_DAMAGED},
	    {SQLITE_NOTADB, RC_DAMAGED},
	    /* The statement and the schema do not fit each other. */
	    {SQLITE_ERROR, RC_DAMAGED},
	    {SQLITE_SCHEMA, RC_DAMAGED},
	    {SQLITE_MISMATCH, RC_INVALID},
	};
	size_t i;

	if (extended == SQLITE_IOERR_NOMEM)
		return RC_NO_MEMORY;
	if ((extended & 0xff) == SQLITE_CONSTRAINT)
		return rc_of_constraint(extended);
	for (i = 0; i < ARRAY_LEN(map); i++) {
		if (map[i].code == (extended & 0xff))
			return map[i].rc;
	}
	return RC_IO;
}

enum rc
db_fail(struct op *op, struct db *db, int code, const char *what)
{
	/* Some failures roll the transaction back, a migration with it. */
	db_tables_forget(db);
	FAIL(op, rc_of_code(code), "%s: %s", what, sqlite3_errmsg(db->handle));
}

static enum rc
open_handle(struct op *op, struct db *db, const char *path)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
		    SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
	int code;

	if (db->mode == DB_WRITER)
		flags |= SQLITE_OPEN_CREATE;
	code = sqlite3_open_v2(path, &db->handle, flags, NULL);
	if (db->handle == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	if (code == SQLITE_CANTOPEN &&
	    sqlite3_system_errno(db->handle) == ENOENT)
		FAIL(op, RC_NOT_FOUND, "there is no database");
	if (code != SQLITE_OK)
		return db_fail(op, db, code, "opening a database");
	return RC_OK;
}

static enum rc
set_options(struct op *op, struct db *db)
{
	static const struct {
		int option;
		int value;
	} options[] = {
	    {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
	    {SQLITE_DBCONFIG_ENABLE_FKEY, 0},
	    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
	    {SQLITE_DBCONFIG_DEFENSIVE, 1},
	    {SQLITE_DBCONFIG_DQS_DML, 0}, /* "x" is a column or an error */
	    {SQLITE_DBCONFIG_DQS_DDL, 0},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(options); i++) {
		int code = sqlite3_db_config(
		    db->handle, options[i].option, options[i].value, NULL);

		if (code != SQLITE_OK)
			return db_fail(op, db, code, "setting up a database");
	}
	(void)sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 0);
	return RC_OK;
}

static enum rc
set_pragmas(struct op *op, struct db *db)
{
	/*
	 * temp_store: what SQLite spills (savepoints, sorters) stays in memory,
	 * so that no row is left behind in a temporary file. Reading the
	 * journal mode makes SQLite read the file's header.
	 */
	static const char common[] = "PRAGMA secure_delete = ON;"
				     "PRAGMA synchronous = OFF;"
				     "PRAGMA wal_autocheckpoint = 0;"
				     "PRAGMA mmap_size = 0;"
				     "PRAGMA temp_store = MEMORY;"
				     "PRAGMA busy_timeout = 0;"
				     "SELECT count(*) FROM sqlite_schema;";
	int code = sqlite3_exec(db->handle, common, NULL, NULL, NULL);

	if (code == SQLITE_OK && db->mode == DB_READER)
		code = sqlite3_exec(
		    db->handle, "PRAGMA query_only = ON;", NULL, NULL, NULL);
	if (code != SQLITE_OK)
		return db_fail(op, db, code, "setting up a database");
	return RC_OK;
}

static enum rc
set_wal(struct op *op, struct db *db)
{
	CLEANUP(db_finalize) sqlite3_stmt *handle = NULL;
	const char *mode;
	bool row;

	TRY(db_prepare_once(op, db, "PRAGMA journal_mode = WAL", &handle));
	TRY(db_step(op, db, handle, "journal_mode", &row));
	mode = row ? (const char *)sqlite3_column_text(handle, 0) : NULL;
	if (mode == NULL || sqlite3_stricmp(mode, "wal") != 0)
		FAIL(
		    op, RC_IO, "this file system has no shared memory for WAL");
	return RC_OK;
}

static int
veto_commit(void *arg)
{
	const struct db *db = arg;

	return db->commit_allowed ? 0 : 1;
}

enum rc
db_open(struct op *op, const char *path, enum db_mode mode,
    const struct db_sql *sql, struct db **ret_db)
{
	CLEANUP(db_close_ptr) struct db *db = mem_alloc(sizeof(*db));

	if (db == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	db->mode = mode;
	TRY(db_statements_init(op, db, sql));
	TRY(open_handle(op, db, path));
	TRY(set_options(op, db));
	TRY(set_pragmas(op, db));
	if (mode == DB_WRITER)
		TRY(set_wal(op, db));
	(void)sqlite3_commit_hook(db->handle, veto_commit, db);
	*ret_db = db;
	db = NULL;
	return RC_OK;
}

void
db_close(struct db *db)
{
	int code;

	if (db == NULL)
		return;
	assert(db->n_sessions == 0);
	db_statements_release(db);
	db_tables_release(db);
	code = sqlite3_close(db->handle);
	assert(code == SQLITE_OK);
	(void)code;
	mem_free(db);
}

void
db_close_ptr(struct db **db)
{
	db_close(*db);
	*db = NULL;
}
