/* apply.c - strict replay of a changeset: all of it or RC_DAMAGED (L5). */
#include "db/db_internal.h"

struct replay {
	struct op *op;
	enum rc rc; /* of the first conflict */
};

static const char *
conflict_name(int conflict)
{
	switch (conflict) {
	case SQLITE_CHANGESET_DATA:
		return "other values";
	case SQLITE_CHANGESET_NOTFOUND:
		return "no such row";
	case SQLITE_CHANGESET_CONFLICT:
		return "the row exists";
	case SQLITE_CHANGESET_CONSTRAINT:
		return "a constraint";
	default:
		return "a foreign key";
	}
}

static int
refuse_conflict(void *arg, int conflict, sqlite3_changeset_iter *change)
{
	struct replay *replay = arg;
	const char *table = "";
	int n_columns;
	int kind;

	if (conflict != SQLITE_CHANGESET_FOREIGN_KEY)
		(void)sqlite3changeset_op(
		    change, &table, &n_columns, &kind, NULL);
	replay->rc = op_fail(replay->op, RC_DAMAGED,
	    "replay: conflict in %s: %s", table, conflict_name(conflict));
	return SQLITE_CHANGESET_ABORT;
}

enum rc
db_apply(struct op *op, struct db *db, struct span changeset)
{
	struct replay replay = {.op = op};
	sqlite3_int64 before;
	sqlite3_int64 applied;
	int64_t changes;
	int code;

	if (!db_in_transaction(db))
		FAIL(op, RC_CONFLICT, "no transaction is open");
	if (changeset.size > INT32_MAX)
		FAIL(op, RC_DAMAGED, "the changeset is too large");
	TRY(db_tables(op, db));
	TRY(db_changeset_check(op, db, changeset, &changes));

	before = sqlite3_total_changes64(db->handle);
	/*
	 * No savepoint of SQLite's own: after a failure the caller discards
	 * the database. SQLite only reads the bytes.
	 */
	code = sqlite3changeset_apply_v2(db->handle, (int)changeset.size,
	    (void *)(uintptr_t)changeset.data, NULL, refuse_conflict, &replay,
	    NULL, NULL, SQLITE_CHANGESETAPPLY_NOSAVEPOINT);
	TRY(replay.rc);
	if (code == SQLITE_MISMATCH) /* no conflict to SQLite */
		FAIL(op, RC_DAMAGED, "replay: a rowid that is no integer");
	if (code != SQLITE_OK)
		return db_fail(op, db, code, "replay");
	applied = sqlite3_total_changes64(db->handle) - before;
	if (applied != changes)
		FAIL(op, RC_DAMAGED, "replay: %lld of %lld rows were changed",
		    (long long)applied, (long long)changes);
	return RC_OK;
}
