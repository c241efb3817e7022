/* session.c - rows of browsers that are signed in. */
#include "meta/session.h"

#include "meta/rows.h"
#include "tenant_sql.h"

enum rc
session_insert(struct op *op, struct meta *meta, const struct session *session,
    const uint8_t hash[SHA256_SIZE])
{
	struct span label;

	TRY(meta_seal(
	    op, meta, "session", "label", session->id, session->label, &label));
	return db_run(op, meta->db, SQL_SESSION_INSERT, "iiibbiii", session->id,
	    session->member, (int64_t)session->kind, span_of(hash, SHA256_SIZE),
	    label, session->created_at, session->used_at, session->expires_at);
}

static enum rc
read_row(struct op *op, struct meta *meta, const struct db_rows *rows,
    struct session *ret_session)
{
	struct session session = {
	    .id = db_int(rows, 0),
	    .member = db_int(rows, 1),
	    .kind = (enum session_kind)db_int(rows, 2),
	    .created_at = db_int(rows, 4),
	    .used_at = db_int(rows, 5),
	    .expires_at = db_int(rows, 6),
	};

	TRY(meta_open(op, meta, "session", "label", session.id,
	    db_blob(rows, 3), &session.label));
	*ret_session = session;
	return RC_OK;
}

enum rc
session_get(
    struct op *op, struct meta *meta, int64_t id, struct session *ret_session)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_SESSION_GET, &rows, "i", id));
	return read_row(op, meta, rows, ret_session);
}

enum rc
session_find(struct op *op, struct meta *meta, const uint8_t hash[SHA256_SIZE],
    struct session *ret_session)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_SESSION_FIND, &rows, "b",
	    span_of(hash, SHA256_SIZE)));
	return read_row(op, meta, rows, ret_session);
}

enum rc
session_list(struct op *op, struct meta *meta, int64_t member,
    session_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	bool row;

	TRY(db_query(op, meta->db, SQL_SESSION_LIST, &rows, "i", member));
	for (;;) {
		struct session session;

		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		TRY(read_row(op, meta, rows, &session));
		TRY(each(arg, op, &session));
	}
}

enum rc
session_set_used(struct op *op, struct meta *meta, int64_t id, int64_t used_at)
{
	return ROWS_ONE(op, meta, SQL_SESSION_SET_USED, "ii", id, used_at);
}

enum rc
session_delete(struct op *op, struct meta *meta, int64_t id)
{
	return ROWS_ONE(op, meta, SQL_SESSION_DELETE, "i", id);
}

enum rc
session_delete_member(struct op *op, struct meta *meta, int64_t member)
{
	return db_run(op, meta->db, SQL_SESSION_DELETE_MEMBER, "i", member);
}

enum rc
session_delete_ended(struct op *op, struct meta *meta, int64_t member,
    int64_t now, int64_t idle, size_t keep)
{
	return db_run(op, meta->db, SQL_SESSION_DELETE_ENDED, "iiii", member,
	    now, idle, (int64_t)keep);
}
