/* session.c - records the row changes of the replicated tables. */
#include "db/db_internal.h"

#include "base/mem.h"

struct db_session {
	struct db *db;
	sqlite3_session *handle;
};

static int
table_wanted(void *arg, const char *table)
{
	(void)arg;
	return db_table_replicated(table) ? 1 : 0;
}

enum rc
db_session_begin(struct op *op, struct db *db, struct db_session **ret_session)
{
	CLEANUP(db_session_end_ptr) struct db_session *session = NULL;
	int code;

	session = mem_alloc(sizeof(*session));
	if (session == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	session->db = db;
	db->n_sessions++;
	code = sqlite3session_create(db->handle, "main", &session->handle);
	if (code != SQLITE_OK)
		return db_fail(op, db, code, "session");
	sqlite3session_table_filter(session->handle, table_wanted, NULL);
	code = sqlite3session_attach(session->handle, NULL);
	if (code != SQLITE_OK)
		return db_fail(op, db, code, "session");
	*ret_session = session;
	session = NULL;
	return RC_OK;
}

enum rc
db_session_take(
    struct op *op, struct db_session *session, struct buf *out, bool *ret_empty)
{
	void *bytes = NULL;
	int size = 0;
	int code;
	enum rc rc;

	/* The changeset is made of the rows' present state: it must still be
	 * there. */
	if (!db_in_transaction(session->db))
		FAIL(op, RC_CONFLICT, "no transaction is open");
	code = sqlite3session_changeset(session->handle, &size, &bytes);
	if (code != SQLITE_OK) {
		sqlite3_free(bytes);
		return db_fail(op, session->db, code, "changeset");
	}
	rc = buf_add(op, out, span_of(bytes, (size_t)size));
	sqlite3_free(bytes);
	if (rc == RC_OK)
		*ret_empty = size == 0;
	return rc;
}

void
db_session_end(struct db_session *session)
{
	if (session == NULL)
		return;
	if (session->handle != NULL)
		sqlite3session_delete(session->handle);
	session->db->n_sessions--;
	mem_free(session);
}

void
db_session_end_ptr(struct db_session **session)
{
	db_session_end(*session);
	*session = NULL;
}
