/* transaction.c - transactions, one level of savepoints, checkpoints; no commit
 * but db_commit's. */
#include <assert.h>

#include "db/db_internal.h"
#include "db_own_sql.h"

bool
db_in_transaction(const struct db *db)
{
	return sqlite3_get_autocommit(db->handle) == 0;
}

static enum rc
need_transaction(struct op *op, const struct db *db)
{
	assert(db->mode == DB_WRITER);
	/* D2: without one, SAVEPOINT would open it and RELEASE commit it. */
	if (!db_in_transaction(db))
		FAIL(op, RC_CONFLICT, "no transaction is open");
	return RC_OK;
}

enum { BEGIN_WAIT_MS = 1000 };

/*
 * A reader that finds the -wal's index amid a change takes the write lock for a
 * moment, to read it undisturbed: a beginning waits for that. Nothing else may
 * wait here, a checkpoint for readers least of all.
 */
static enum rc
begin_patiently(struct op *op, struct db *db)
{
	enum rc rc;

	(void)sqlite3_busy_timeout(db->handle, BEGIN_WAIT_MS);
	rc = db_own_run(op, db, SQL_BEGIN);
	(void)sqlite3_busy_timeout(db->handle, 0);
	return rc;
}

enum rc
db_begin(struct op *op, struct db *db)
{
	assert(db->mode == DB_WRITER);
	if (db_in_transaction(db))
		FAIL(op, RC_CONFLICT, "a transaction is open already");
	TRY(begin_patiently(op, db));
	db->in_savepoint = false;
	return RC_OK;
}

enum rc
db_rollback(struct op *op, struct db *db)
{
	assert(db->mode == DB_WRITER);
	db_tables_forget(db);
	if (!db_in_transaction(db))
		return RC_OK;
	return db_own_run(op, db, SQL_ROLLBACK);
}

/*
 * After a vetoed RELEASE SQLite has undone everything and still says that a
 * transaction is open: without this db_in_transaction would tell an untruth.
 */
static enum rc
fail_and_roll_back(struct op *op, struct db *db, enum rc rc)
{
	enum rc undone = db_rollback(op, db);

	(void)undone; /* the first failure is the one to tell */
	return rc;
}

enum rc
db_savepoint(struct op *op, struct db *db)
{
	TRY(need_transaction(op, db));
	if (db->in_savepoint)
		FAIL(op, RC_CONFLICT, "a savepoint is open already");
	TRY(db_own_run(op, db, SQL_SAVEPOINT));
	db->in_savepoint = true;
	return RC_OK;
}

enum rc
db_release(struct op *op, struct db *db)
{
	enum rc rc;

	TRY(need_transaction(op, db));
	rc = db_own_run(op, db, SQL_RELEASE);
	if (rc != RC_OK)
		return fail_and_roll_back(op, db, rc);
	db->in_savepoint = false;
	return RC_OK;
}

enum rc
db_undo(struct op *op, struct db *db)
{
	TRY(need_transaction(op, db));
	db_tables_forget(db);
	TRY(db_own_run(op, db, SQL_UNDO));
	return db_release(op, db);
}

enum rc
db_commit(struct op *op, struct db *db)
{
	enum rc rc;

	TRY(need_transaction(op, db));
	db->commit_allowed = true;
	rc = db_own_run(op, db, SQL_COMMIT);
	db->commit_allowed = false;
	return rc == RC_OK ? RC_OK : fail_and_roll_back(op, db, rc);
}

enum rc
db_read_begin(struct op *op, struct db *db)
{
	if (db_in_transaction(db))
		FAIL(op, RC_CONFLICT, "a transaction is open already");
	return db_own_run(op, db, SQL_READ_BEGIN);
}

void
db_read_end(struct db *db)
{
	struct op op;
	enum rc rc;

	if (!db_in_transaction(db))
		return;
	op_init(&op);
	/* A transaction that only read has nothing that could fail to be
	 * undone. */
	rc = db_own_run(&op, db, SQL_ROLLBACK);
	(void)rc;
	op_release(&op);
}

enum rc
db_checkpoint(struct op *op, struct db *db)
{
	int code;

	assert(db->mode == DB_WRITER);
	code = sqlite3_wal_checkpoint_v2(
	    db->handle, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (code != SQLITE_OK)
		return db_fail(op, db, code, "checkpoint");
	return RC_OK;
}
