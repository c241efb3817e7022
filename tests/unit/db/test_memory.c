/* test_memory.c - SQLite's own allocations fail, too: nothing is committed by
 * halves, nothing leaks. */
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

/* Before the library's initialisation: SQLite allocates through fault.h from
 * then on. */
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
	struct buf changes; /* what a group wrote */
	struct db *opened;
	uint8_t hash[DB_HASH_SIZE];
};

enum { RUNS_MAX = 2000 };

/*
 * Runs body with the first, second, ... allocation failing, until none does;
 * after each run check is told whether it passed. SQLite may do without a
 * failed one.
 */
static void
torture(struct torture *torture, enum rc (*body)(struct torture *),
    void (*check)(struct torture *, bool passed))
{
	struct op *op = &torture->test->op;
	int failures = 0;
	bool hit = true;
	long n;

	for (n = 1; hit && n < RUNS_MAX; n++) {
		enum rc rc;

		op_clear_error(op);
		fault_alloc_arm(n, false);
		rc = body(torture);
		hit = fault_alloc_hit();
		fault_alloc_arm(0, false);
		if (rc != RC_OK && rc != RC_NO_MEMORY)
			fail_msg("allocation %ld: %s (%s)", n, rc_name(rc),
			    op_error(op, rc));
		assert_true(hit || rc == RC_OK);
		failures += rc != RC_OK;
		op_clear_error(op);
		check(torture, rc == RC_OK);
	}
	assert_false(hit);
	assert_true(failures > 3);
}

/* ---- a group, as the committer writes it ---- */

static enum rc
write_group(struct torture *torture)
{
	struct db *db = torture->test->db;
	struct op *op = &torture->test->op;
	CLEANUP(db_session_end_ptr) struct db_session *session = NULL;
	bool empty;

	TRY(db_begin(op, db));
	TRY(db_session_begin(op, db, &session));
	TRY(db_savepoint(op, db));
	TRY(db_run(op, db, SQL_NODE_ADD, "iibi", INT64_C(5), INT64_C(1),
	    span_str("name"), INT64_C(1)));
	TRY(db_run(op, db, SQL_PAIR_PUT, "itt", INT64_C(1), "b", "value"));
	TRY(db_release(op, db));
	TRY(db_session_take(op, session, &torture->changes, &empty));
	db_session_end_ptr(&session);
	return db_commit(op, db);
}

static void
check_group(struct torture *torture, bool passed)
{
	struct db_test *test = torture->test;
	struct op *op = &test->op;

	ASSERT_OK(op, db_rollback(op, test->db));
	assert_int_equal(
	    db_test_int(test->db, "SELECT count(*) FROM node"), passed ? 1 : 0);
	assert_int_equal(
	    db_test_int(test->db, "SELECT count(*) FROM pair"), passed ? 1 : 0);
	if (passed) {
		/* What was taken in a run with a failure is whole, too. */
		ASSERT_OK(op, db_begin(op, test->other));
		ASSERT_OK(
		    op, db_apply(op, test->other, buf_span(&torture->changes)));
		db_test_assert_equal(op, test->db, test->other);
		ASSERT_OK(op, db_rollback(op, test->other));
		db_test_commit(
		    op, test->db, "DELETE FROM node; DELETE FROM pair");
	}
	buf_clear(&torture->changes);
}

static void
a_group_is_written_whole_or_not_at_all(void **state)
{
	struct torture run = {.test = *state};

	buf_init(&run.changes, 1 << 16);
	torture(&run, write_group, check_group);
	buf_release(&run.changes);
}

/* ---- replay ---- */

static enum rc
replay_group(struct torture *torture)
{
	struct db *other = torture->test->other;
	struct op *op = &torture->test->op;

	db_tables_forget(other);
	TRY(db_begin(op, other));
	TRY(db_apply(op, other, buf_span(&torture->changes)));
	return db_commit(op, other);
}

static void
check_replay(struct torture *torture, bool passed)
{
	struct db_test *test = torture->test;
	struct op *op = &test->op;

	ASSERT_OK(op, db_rollback(op, test->other));
	if (!passed) {
		assert_int_equal(
		    db_test_int(test->other, "SELECT count(*) FROM node"), 0);
		return;
	}
	db_test_assert_equal(op, test->db, test->other);
	db_test_commit(op, test->other, "DELETE FROM node; DELETE FROM pair");
}

static void
a_changeset_is_replayed_whole_or_not_at_all(void **state)
{
	struct torture run = {.test = *state};

	buf_init(&run.changes, 1 << 16);
	ASSERT_OK(&run.test->op, write_group(&run));
	torture(&run, replay_group, check_replay);
	buf_release(&run.changes);
}

/* ---- the state hash ---- */

static enum rc
hash_state(struct torture *torture)
{
	return db_state_hash(
	    &torture->test->op, torture->test->db, torture->hash);
}

static void
check_hash(struct torture *torture, bool passed)
{
	uint8_t hash[DB_HASH_SIZE];
	struct op *op = &torture->test->op;

	assert_false(db_in_transaction(torture->test->db));
	ASSERT_OK(op, db_state_hash(op, torture->test->db, hash));
	if (passed)
		assert_memory_equal(hash, torture->hash, sizeof(hash));
}

static void
a_state_hash_is_right_or_none(void **state)
{
	struct torture run = {.test = *state};

	buf_init(&run.changes, 1 << 16);
	ASSERT_OK(&run.test->op, write_group(&run));
	torture(&run, hash_state, check_hash);
	buf_release(&run.changes);
}

/* ---- opening ---- */

static enum rc
open_again(struct torture *torture)
{
	struct db_test *test = torture->test;

	return db_open(
	    &test->op, test->path, DB_WRITER, &test_sql, &torture->opened);
}

/* Each of the settings was made: SQLite itself takes a PRAGMA that fails for
 * done. */
static void
check_opened(struct torture *torture, bool passed)
{
	struct db *db = torture->opened;

	assert_true(passed == (db != NULL));
	if (db != NULL) {
		assert_int_equal(db_test_int(db, "PRAGMA secure_delete"), 1);
		assert_int_equal(db_test_int(db, "PRAGMA synchronous"), 0);
		assert_int_equal(
		    db_test_int(db, "PRAGMA wal_autocheckpoint"), 0);
		assert_int_equal(db_test_int(db, "PRAGMA temp_store"), 2);
	}
	db_close(db);
	torture->opened = NULL;
}

static void
a_database_is_opened_with_all_its_settings_or_not_at_all(void **state)
{
	struct torture run = {.test = *state};

	torture(&run, open_again, check_opened);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, db_test_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_group_is_written_whole_or_not_at_all),
	    T(a_changeset_is_replayed_whole_or_not_at_all),
	    T(a_state_hash_is_right_or_none),
	    T(a_database_is_opened_with_all_its_settings_or_not_at_all),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
