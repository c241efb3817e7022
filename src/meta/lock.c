/* lock.c - rows of locks. */
#include "meta/lock.h"

#include "meta/rows.h"
#include "tenant_sql.h"

static enum rc
take_row(struct op *op, struct meta *meta, const struct db_rows *rows,
    struct lock *ret_lock)
{
	struct lock lock = {
	    .id = db_int(rows, 0),
	    .node = db_int(rows, 1),
	    .member = db_int(rows, 2),
	    .shared = db_int(rows, 3) != 0,
	    .deep = db_int(rows, 4) != 0,
	    .expires_at = db_int(rows, 7),
	};
	struct span token;

	TRY(meta_open_into(op, meta, "lock", "token", lock.id, db_blob(rows, 5),
	    lock.token, LOCK_TOKEN_SIZE, &token));
	if (token.size != LOCK_TOKEN_SIZE)
		FAIL(op, RC_DAMAGED, "lock.token has a wrong size");
	TRY(meta_open(
	    op, meta, "lock", "owner", lock.id, db_blob(rows, 6), &lock.owner));
	*ret_lock = lock;
	return RC_OK;
}

enum rc
lock_insert(struct op *op, struct meta *meta, const struct lock *lock)
{
	struct span token, owner;

	if (lock->owner.size > LOCK_OWNER_MAX)
		FAIL(op, RC_LIMIT, "the owner of a lock has at most %d bytes",
		    LOCK_OWNER_MAX);
	TRY(meta_seal(op, meta, "lock", "token", lock->id,
	    span_of(lock->token, LOCK_TOKEN_SIZE), &token));
	TRY(meta_seal(
	    op, meta, "lock", "owner", lock->id, lock->owner, &owner));
	return db_run(op, meta->db, SQL_LOCK_INSERT, "iiiiibbi", lock->id,
	    lock->node, lock->member, (int64_t)lock->shared,
	    (int64_t)lock->deep, token, owner, lock->expires_at);
}

enum rc
lock_get(struct op *op, struct meta *meta, int64_t id, struct lock *ret_lock)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_LOCK_GET, &rows, "i", id));
	return take_row(op, meta, rows, ret_lock);
}

enum rc
lock_of_node(
    struct op *op, struct meta *meta, int64_t node, lock_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	bool row;

	TRY(db_query(op, meta->db, SQL_LOCK_OF_NODE, &rows, "i", node));
	for (;;) {
		struct lock lock;

		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		TRY(take_row(op, meta, rows, &lock));
		TRY(each(arg, op, &lock));
	}
}

enum rc
lock_any(struct op *op, struct meta *meta, bool *ret_any)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_LOCK_ANY, &rows, ""));
	*ret_any = db_int(rows, 0) != 0;
	return RC_OK;
}

enum rc
lock_live(struct op *op, struct meta *meta, int64_t after, int64_t now,
    size_t limit, struct lock_place *ret_places, size_t *ret_n)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	size_t n = 0;
	bool row;

	TRY(db_query(op, meta->db, SQL_LOCK_LIVE, &rows, "iii", after, now,
	    (int64_t)limit));
	for (;;) {
		TRY(db_next(op, rows, &row));
		if (!row)
			break;
		ret_places[n++] =
		    (struct lock_place){db_int(rows, 0), db_int(rows, 1)};
	}
	*ret_n = n;
	return RC_OK;
}

enum rc
lock_count(struct op *op, struct meta *meta, int64_t member, int64_t now,
    int64_t *ret_count)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_LOCK_COUNT, &rows, "ii", member, now));
	*ret_count = db_int(rows, 0);
	return RC_OK;
}

enum rc
lock_due(struct op *op, struct meta *meta, int64_t now, int64_t *ret_id)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_LOCK_DUE, &rows, "i", now));
	*ret_id = db_int(rows, 0);
	return RC_OK;
}

enum rc
lock_set_expires_at(
    struct op *op, struct meta *meta, int64_t id, int64_t expires_at)
{
	return ROWS_ONE(
	    op, meta, SQL_LOCK_SET_EXPIRES_AT, "ii", id, expires_at);
}

enum rc
lock_delete(struct op *op, struct meta *meta, int64_t id)
{
	return ROWS_ONE(op, meta, SQL_LOCK_DELETE, "i", id);
}
