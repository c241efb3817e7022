/* test_db.c - opening, statements, transactions, the commit hook, checkpoints.
 */
#include "db_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/thread.h"
#include "db/db_internal.h"

static struct span
name(const char *text)
{
	return span_str(text);
}

static enum rc
add_node(struct db_test *test, int64_t id, const char *text)
{
	return db_run(&test->op, test->db, SQL_NODE_ADD, "iibi", id, INT64_C(1),
	    name(text), INT64_C(7));
}

static int64_t
count_nodes(struct db_test *test)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	ASSERT_OK(
	    &test->op, db_get(&test->op, test->db, SQL_NODE_COUNT, &rows, ""));
	return db_int(rows, 0);
}

/* ---- opening ---- */

static void
a_writer_opens_with_the_settings_of_l10(void **state)
{
	struct db_test *test = *state;
	struct db *db = test->db;
	int value;

	assert_int_equal(db_test_int(db, "PRAGMA synchronous"), 0);
	assert_int_equal(db_test_int(db, "PRAGMA wal_autocheckpoint"), 0);
	assert_int_equal(db_test_int(db, "PRAGMA secure_delete"), 1);
	assert_int_equal(db_test_int(db, "PRAGMA foreign_keys"), 0);
	assert_int_equal(db_test_int(db, "PRAGMA trusted_schema"), 0);
	assert_int_equal(db_test_int(db, "PRAGMA busy_timeout"), 0);
	assert_int_equal(db_test_int(db, "PRAGMA query_only"), 0);
	assert_int_equal(db_test_int(db, "PRAGMA temp_store"), 2);
	assert_int_equal(
	    db_test_int(db, "SELECT count(*) FROM pragma_journal_mode "
			    "WHERE journal_mode = 'wal'"),
	    1);
	assert_int_equal(sqlite3_db_config(db->handle,
			     SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, -1, &value),
	    SQLITE_OK);
	assert_int_equal(value, 1);
}

static void
a_reader_of_nothing_finds_nothing_and_makes_nothing(void **state)
{
	struct db_test *test = *state;
	struct db *db = NULL;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/none.db", test->folder);
	ASSERT_RC(&test->op, RC_NOT_FOUND,
	    db_open(&test->op, path, DB_READER, &test_sql, &db));
	assert_null(db);
	assert_int_equal(access(path, F_OK), -1);
}

static void
a_folder_that_is_not_there_is_not_found(void **state)
{
	struct db_test *test = *state;
	struct db *db = NULL;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/no/such.db", test->folder);
	ASSERT_RC(&test->op, RC_NOT_FOUND,
	    db_open(&test->op, path, DB_WRITER, &test_sql, &db));
	assert_null(db);
}

static void
a_file_of_something_else_is_damaged(void **state)
{
	struct db_test *test = *state;
	enum db_mode mode;
	char path[512];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/odd.db", test->folder);
	file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < 5000; i++)
		(void)fputs("not SQLite ", file);
	assert_int_equal(fclose(file), 0);
	for (mode = DB_READER; mode <= DB_WRITER; mode++) {
		struct db *db = NULL;

		ASSERT_RC(&test->op, RC_DAMAGED,
		    db_open(&test->op, path, mode, &test_sql, &db));
		assert_null(db);
	}
}

static void
a_folder_in_place_of_the_file_is_an_io_error(void **state)
{
	struct db_test *test = *state;
	struct db *db = NULL;

	ASSERT_RC(&test->op, RC_IO,
	    db_open(&test->op, test->folder, DB_WRITER, &test_sql, &db));
	assert_null(db);
}

static void
what_was_committed_is_there_after_closing_without_a_checkpoint(void **state)
{
	struct db_test *test = *state;
	char wal[512];
	struct stat st;

	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op, add_node(test, 1, "kept"));
	ASSERT_OK(&test->op, db_commit(&test->op, test->db));
	db_close(test->db);
	test->db = NULL;
	(void)snprintf(wal, sizeof(wal), "%s-wal", test->path);
	assert_int_equal(stat(wal, &st), 0);
	assert_true(st.st_size > 0);
	ASSERT_OK(&test->op,
	    db_open(&test->op, test->path, DB_WRITER, &test_sql, &test->db));
	assert_int_equal(count_nodes(test), 1);
}

static void
closing_rolls_back_what_is_open(void **state)
{
	struct db_test *test = *state;

	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op, add_node(test, 1, "gone"));
	db_close(test->db);
	test->db = NULL;
	ASSERT_OK(&test->op,
	    db_open(&test->op, test->path, DB_WRITER, &test_sql, &test->db));
	assert_int_equal(count_nodes(test), 0);
	db_close(NULL);
}

static enum rc
open_under_torture(void *arg)
{
	struct db_test *test = arg;
	CLEANUP(db_close_ptr) struct db *db = NULL;
	CLEANUP(db_session_end_ptr) struct db_session *session = NULL;
	CLEANUP(buf_release) struct buf changes = {0};
	uint8_t hash[DB_HASH_SIZE];
	bool empty;

	buf_init(&changes, 1 << 16);
	op_clear_error(&test->op);
	TRY(db_open(&test->op, test->other_path, DB_WRITER, &test_sql, &db));
	TRY(db_begin(&test->op, db));
	TRY(db_session_begin(&test->op, db, &session));
	TRY(db_run(&test->op, db, SQL_NODE_ADD, "iibi", INT64_C(9), INT64_C(9),
	    name("x"), INT64_C(9)));
	TRY(db_session_take(&test->op, session, &changes, &empty));
	db_session_end_ptr(&session);
	TRY(db_rollback(&test->op, db));
	TRY(db_begin(&test->op, db));
	TRY(db_apply(&test->op, db, buf_span(&changes)));
	TRY(db_rollback(&test->op, db));
	return db_state_hash(&test->op, db, hash);
}

static void
each_allocation_may_fail(void **state)
{
	struct db_test *test = *state;

	db_close(test->other);
	test->other = NULL;
	test_torture_alloc(open_under_torture, test, 200);
}

/* ---- statements ---- */

static void
values_come_back_as_they_went_in(void **state)
{
	struct db_test *test = *state;
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	const uint8_t bytes[] = {0, 1, 0, 255};

	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op,
	    db_run(&test->op, test->db, SQL_NODE_ADD, "iibi", INT64_MIN,
		INT64_MAX, span_of(bytes, sizeof(bytes)), INT64_C(-1)));
	ASSERT_OK(&test->op, db_run(&test->op, test->db, SQL_NODE_NOTE, "it",
				 INT64_MIN, "text"));
	ASSERT_OK(&test->op,
	    db_get(&test->op, test->db, SQL_NODE_GET, &rows, "i", INT64_MIN));
	assert_true(db_int(rows, 0) == INT64_MIN);
	assert_true(db_int(rows, 1) == INT64_MAX);
	assert_true(
	    span_equal(db_blob(rows, 2), span_of(bytes, sizeof(bytes))));
	assert_int_equal(db_int(rows, 3), -1);
	assert_string_equal(db_text(rows, 4), "text");
	assert_false(db_is_null(rows, 4));
	db_rows_end_ptr(&rows);
	assert_null(rows);
	ASSERT_OK(&test->op,
	    db_run(&test->op, test->db, SQL_NODE_NOTE, "in", INT64_MIN));
	ASSERT_OK(&test->op,
	    db_get(&test->op, test->db, SQL_NODE_GET, &rows, "i", INT64_MIN));
	assert_true(db_is_null(rows, 4));
	assert_null(db_text(rows, 4));
}

static void
an_empty_blob_is_not_null(void **state)
{
	struct db_test *test = *state;
	const struct span spans[] = {{NULL, 0}, span_of("", 0)};
	size_t i;

	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	for (i = 0; i < ARRAY_LEN(spans); i++) {
		CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

		ASSERT_OK(&test->op, db_run(&test->op, test->db, SQL_PAIR_PUT,
					 "itb", INT64_C(1), "b", spans[i]));
		ASSERT_OK(&test->op, db_get(&test->op, test->db, SQL_PAIR_GET,
					 &rows, "it", INT64_C(1), "b"));
		assert_false(db_is_null(rows, 0));
		assert_int_equal(db_blob(rows, 0).size, 0);
		assert_string_equal(db_text(rows, 1), "blob");
	}
}

static void
a_taken_key_exists_and_leaves_the_rest_of_the_transaction(void **state)
{
	struct db_test *test = *state;

	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op, add_node(test, 1, "a"));
	ASSERT_RC(&test->op, RC_EXISTS, add_node(test, 1, "b"));
	ASSERT_RC(&test->op, RC_EXISTS, add_node(test, 2, "a"));
	ASSERT_OK(&test->op, add_node(test, 2, "b"));
	ASSERT_RC(&test->op, RC_INVALID,
	    db_run(&test->op, test->db, SQL_NODE_SIZE, "in", INT64_C(1)));
	ASSERT_OK(&test->op, db_commit(&test->op, test->db));
	assert_int_equal(count_nodes(test), 2);
}

static void
rows_come_one_by_one_and_end_once(void **state)
{
	struct db_test *test = *state;
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	int64_t id;
	bool row;

	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op, add_node(test, 1, "a"));
	ASSERT_OK(&test->op, add_node(test, 2, "b"));
	ASSERT_OK(&test->op, db_query(&test->op, test->db, SQL_NODE_LIST, &rows,
				 "i", INT64_C(1)));
	for (id = 1; id <= 2; id++) {
		ASSERT_OK(&test->op, db_next(&test->op, rows, &row));
		assert_true(row);
		assert_int_equal(db_int(rows, 0), id);
	}
	/* SQLite itself would start again after the end. */
	ASSERT_OK(&test->op, db_next(&test->op, rows, &row));
	assert_false(row);
	ASSERT_OK(&test->op, db_next(&test->op, rows, &row));
	assert_false(row);
}

static void
a_statement_in_use_is_busy_until_its_rows_end(void **state)
{
	struct db_test *test = *state;
	struct db_rows *rows = NULL;
	struct db_rows *again = NULL;

	ASSERT_OK(&test->op, db_query(&test->op, test->db, SQL_NODE_LIST, &rows,
				 "i", INT64_C(1)));
	ASSERT_RC(&test->op, RC_BUSY,
	    db_query(
		&test->op, test->db, SQL_NODE_LIST, &again, "i", INT64_C(2)));
	assert_null(again);
	db_rows_end(rows);
	ASSERT_OK(&test->op, db_query(&test->op, test->db, SQL_NODE_LIST,
				 &again, "i", INT64_C(2)));
	db_rows_end(again);
}

static void
get_finds_nothing_without_a_text_and_leaves_the_statement_free(void **state)
{
	struct db_test *test = *state;
	struct db_rows *rows = NULL;
	int i;

	for (i = 0; i < 2; i++) {
		assert_int_equal(db_get(&test->op, test->db, SQL_NODE_GET,
				     &rows, "i", INT64_C(5)),
		    RC_NOT_FOUND);
		assert_null(rows);
		assert_string_equal(test->op.error, "");
	}
}

static void
run_changed_counts_rows(void **state)
{
	struct db_test *test = *state;
	int64_t changed = -1;

	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op, add_node(test, 1, "a"));
	ASSERT_OK(&test->op, add_node(test, 2, "b"));
	ASSERT_OK(
	    &test->op, db_run_changed(&test->op, test->db, SQL_NODE_DROP_BELOW,
			   &changed, "i", INT64_C(1)));
	assert_int_equal(changed, 2);
	ASSERT_OK(
	    &test->op, db_run_changed(&test->op, test->db, SQL_NODE_DROP_BELOW,
			   &changed, "i", INT64_C(1)));
	assert_int_equal(changed, 0);
	ASSERT_OK(&test->op,
	    db_run_changed(&test->op, test->db, SQL_NODE_COUNT, &changed, ""));
	assert_int_equal(changed, 0);
}

static void
wrong_arguments_are_refused_with_the_statements_name(void **state)
{
	struct db_test *test = *state;
	enum rc rc;

	rc = db_run(
	    &test->op, test->db, SQL_NODE_DROP, "ii", INT64_C(1), INT64_C(2));
	assert_int_equal(rc, RC_INVALID);
	assert_non_null(strstr(test->op.error, "node_drop"));
	op_clear_error(&test->op);
	ASSERT_RC(&test->op, RC_INVALID,
	    db_run(&test->op, test->db, SQL_NODE_DROP, ""));
	ASSERT_RC(&test->op, RC_INVALID,
	    db_run(&test->op, test->db, SQL_NODE_DROP, "x", INT64_C(1)));
	/* The statement is free for use all the same. */
	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op,
	    db_run(&test->op, test->db, SQL_NODE_DROP, "i", INT64_C(1)));
}

static void
a_reader_cannot_write(void **state)
{
	struct db_test *test = *state;
	CLEANUP(db_close_ptr) struct db *reader = NULL;

	ASSERT_OK(&test->op,
	    db_open(&test->op, test->path, DB_READER, &test_sql, &reader));
	ASSERT_RC(&test->op, RC_IO,
	    db_run(&test->op, reader, SQL_NODE_DROP, "i", INT64_C(1)));
}

/* ---- transactions ---- */

static void
an_undone_savepoint_leaves_what_was_before(void **state)
{
	struct db_test *test = *state;

	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op, db_savepoint(&test->op, test->db));
	ASSERT_OK(&test->op, add_node(test, 1, "kept"));
	ASSERT_OK(&test->op, db_release(&test->op, test->db));
	ASSERT_OK(&test->op, db_savepoint(&test->op, test->db));
	ASSERT_OK(&test->op, add_node(test, 2, "undone"));
	ASSERT_OK(&test->op, db_undo(&test->op, test->db));
	assert_true(db_in_transaction(test->db));
	ASSERT_OK(&test->op, db_commit(&test->op, test->db));
	assert_false(db_in_transaction(test->db));
	assert_int_equal(count_nodes(test), 1);
}

static void
rollback_undoes_all_and_may_come_twice(void **state)
{
	struct db_test *test = *state;

	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op, db_savepoint(&test->op, test->db));
	ASSERT_OK(&test->op, add_node(test, 1, "gone"));
	ASSERT_OK(&test->op, db_rollback(&test->op, test->db));
	ASSERT_OK(&test->op, db_rollback(&test->op, test->db));
	assert_int_equal(count_nodes(test), 0);
	/* The savepoint went with it. */
	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op, db_savepoint(&test->op, test->db));
	ASSERT_OK(&test->op, db_rollback(&test->op, test->db));
}

static void
calls_out_of_order_conflict_and_change_nothing(void **state)
{
	struct db_test *test = *state;

	ASSERT_RC(&test->op, RC_CONFLICT, db_savepoint(&test->op, test->db));
	ASSERT_RC(&test->op, RC_CONFLICT, db_release(&test->op, test->db));
	ASSERT_RC(&test->op, RC_CONFLICT, db_undo(&test->op, test->db));
	ASSERT_RC(&test->op, RC_CONFLICT, db_commit(&test->op, test->db));
	assert_false(db_in_transaction(test->db));
	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_RC(&test->op, RC_CONFLICT, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op, db_savepoint(&test->op, test->db));
	ASSERT_RC(&test->op, RC_CONFLICT, db_savepoint(&test->op, test->db));
	ASSERT_OK(&test->op, db_release(&test->op, test->db));
	ASSERT_OK(&test->op, db_rollback(&test->op, test->db));
}

static void
a_second_writer_is_busy(void **state)
{
	struct db_test *test = *state;
	CLEANUP(db_close_ptr) struct db *second = NULL;

	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op,
	    db_open(&test->op, test->path, DB_WRITER, &test_sql, &second));
	ASSERT_RC(&test->op, RC_BUSY, db_begin(&test->op, second));
	ASSERT_OK(&test->op, db_rollback(&test->op, test->db));
	ASSERT_OK(&test->op, db_begin(&test->op, second));
	ASSERT_OK(&test->op, db_rollback(&test->op, second));
}

struct held {
	struct db *db;
	struct mutex mutex;
	struct cond cond;
	bool begun;
};

/* As a reader does that repairs the -wal's index, only longer. */
static void
hold_for_a_moment(void *arg)
{
	struct held *held = arg;
	struct op op;

	op_init(&op);
	if (db_begin(&op, held->db) == RC_OK) {
		mutex_lock(&held->mutex);
		held->begun = true;
		cond_broadcast(&held->cond);
		(void)cond_wait_until(
		    &held->cond, &held->mutex, clock_mono() + 20 * CLOCK_MS);
		mutex_unlock(&held->mutex);
		if (db_rollback(&op, held->db) != RC_OK)
			abort();
	}
	op_release(&op);
}

static void
a_beginning_waits_for_a_lock_of_a_moment(void **state)
{
	struct db_test *test = *state;
	CLEANUP(db_close_ptr) struct db *second = NULL;
	struct held held = {.begun = false};
	struct thread thread;

	ASSERT_OK(&test->op,
	    db_open(&test->op, test->path, DB_WRITER, &test_sql, &second));
	held.db = second;
	mutex_init(&held.mutex);
	cond_init(&held.cond);
	ASSERT_OK(&test->op, thread_start(&test->op, &thread, "holder",
				 hold_for_a_moment, &held));
	mutex_lock(&held.mutex);
	while (!held.begun)
		cond_wait(&held.cond, &held.mutex);
	mutex_unlock(&held.mutex);
	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op, db_rollback(&test->op, test->db));
	thread_join(&thread);
	cond_release(&held.cond);
	mutex_release(&held.mutex);
}

static void
a_write_outside_a_transaction_is_vetoed(void **state)
{
	struct db_test *test = *state;

	ASSERT_RC(&test->op, RC_CONFLICT, add_node(test, 1, "stray"));
	assert_int_equal(count_nodes(test), 0);
}

static void
only_db_commit_commits(void **state)
{
	struct db_test *test = *state;

	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op, add_node(test, 1, "stray"));
	assert_int_equal(
	    db_test_try(test->db, "COMMIT"), SQLITE_CONSTRAINT_COMMITHOOK);
	assert_false(db_in_transaction(test->db));
	assert_int_equal(count_nodes(test), 0);
	/* The permission of one commit is not one for the next. */
	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op, add_node(test, 1, "a"));
	ASSERT_OK(&test->op, db_commit(&test->op, test->db));
	ASSERT_RC(&test->op, RC_CONFLICT, add_node(test, 2, "stray"));
	assert_int_equal(count_nodes(test), 1);
}

/* Adds rows until SQLite has no page left: SQLITE_FULL. */
static void
fill_up(struct db_test *test)
{
	uint8_t name_bytes[2000] = {0};
	enum rc rc = RC_OK;
	char limit[64];
	int64_t i;

	(void)snprintf(limit, sizeof(limit), "PRAGMA max_page_count = %d",
	    (int)db_test_int(test->db, "PRAGMA page_count") + 20);
	(void)db_test_int(test->db, limit);
	for (i = 1; i < 1000 && rc == RC_OK; i++) {
		memcpy(name_bytes, &i, sizeof(i));
		rc = db_run(&test->op, test->db, SQL_NODE_ADD, "iibi", i,
		    INT64_C(1), span_of(name_bytes, sizeof(name_bytes)),
		    INT64_C(0));
	}
	ASSERT_RC(&test->op, RC_NO_SPACE, rc);
}

/* L6: SQLITE_FULL undoes the whole group, and the next change is not a stray
 * one. */
static void
a_full_database_takes_the_group_with_it_and_commits_nothing(void **state)
{
	struct db_test *test = *state;

	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op, db_savepoint(&test->op, test->db));
	ASSERT_OK(&test->op, db_run(&test->op, test->db, SQL_PAIR_PUT, "itt",
				 INT64_C(1), "of this group", "x"));
	ASSERT_OK(&test->op, db_release(&test->op, test->db));
	ASSERT_OK(&test->op, db_savepoint(&test->op, test->db));
	fill_up(test);
	assert_false(db_in_transaction(test->db));
	/* What a committer that does not look would do next. */
	ASSERT_RC(&test->op, RC_CONFLICT, db_undo(&test->op, test->db));
	ASSERT_RC(&test->op, RC_CONFLICT, db_savepoint(&test->op, test->db));
	ASSERT_RC(&test->op, RC_CONFLICT,
	    db_run(&test->op, test->db, SQL_PAIR_PUT, "itt", INT64_C(2),
		"stray", "x"));
	ASSERT_RC(&test->op, RC_CONFLICT, db_commit(&test->op, test->db));
	assert_int_equal(count_nodes(test), 0);
	assert_int_equal(db_test_int(test->db, "SELECT count(*) FROM pair"), 0);
}

/*
 * The second barrier: SQLite's own SAVEPOINT .. RELEASE, past db_savepoint.
 * SQLite itself says after the veto that a transaction is still open.
 */
static void
the_stray_commit_of_a_release_is_vetoed(void **state)
{
	struct db_test *test = *state;

	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	fill_up(test);
	assert_false(db_in_transaction(test->db));
	db_test_exec(test->db, "SAVEPOINT change");
	db_test_exec(test->db, "INSERT INTO pair VALUES ('b', 1, 'stray')");
	ASSERT_RC(&test->op, RC_CONFLICT, db_release(&test->op, test->db));
	assert_false(db_in_transaction(test->db));
	assert_int_equal(db_test_int(test->db, "SELECT count(*) FROM pair"), 0);
}

static void
a_read_transaction_shows_one_state(void **state)
{
	struct db_test *test = *state;
	CLEANUP(db_close_ptr) struct db *reader = NULL;
	struct db_rows *rows = NULL;
	int64_t seen[3];
	int i;

	ASSERT_OK(&test->op,
	    db_open(&test->op, test->path, DB_READER, &test_sql, &reader));
	ASSERT_OK(&test->op, db_read_begin(&test->op, reader));
	for (i = 0; i < 3; i++) {
		ASSERT_OK(&test->op,
		    db_get(&test->op, reader, SQL_NODE_COUNT, &rows, ""));
		seen[i] = db_int(rows, 0);
		db_rows_end(rows);
		if (i == 1)
			db_read_end(reader);
		else
			db_test_commit(&test->op, test->db,
			    i == 0
				? "INSERT INTO node VALUES (1, 1, 'a', 1, NULL)"
				: "DELETE FROM node");
	}
	assert_int_equal(seen[0], 0);
	assert_int_equal(seen[1], 0);
	assert_int_equal(seen[2], 1);
	db_read_end(reader);
}

/* ---- checkpoints ---- */

static void
a_checkpoint_waits_for_readers(void **state)
{
	struct db_test *test = *state;
	CLEANUP(db_close_ptr) struct db *reader = NULL;
	struct db_rows *rows = NULL;

	ASSERT_OK(&test->op,
	    db_open(&test->op, test->path, DB_READER, &test_sql, &reader));
	ASSERT_OK(&test->op, db_read_begin(&test->op, reader));
	ASSERT_OK(
	    &test->op, db_get(&test->op, reader, SQL_NODE_COUNT, &rows, ""));
	db_rows_end(rows);
	db_test_commit(&test->op, test->db, "DELETE FROM node");
	ASSERT_RC(&test->op, RC_BUSY, db_checkpoint(&test->op, test->db));
	db_read_end(reader);
	ASSERT_OK(&test->op, db_checkpoint(&test->op, test->db));
}

static bool
file_has(const char *path, const char *suffix, const char *needle)
{
	CLEANUP(io_close) int fd = -1;
	CLEANUP(buf_release) struct buf bytes = {0};
	CLEANUP(op_release) struct op op;
	char full[512];
	uint64_t size;
	uint8_t *room;

	op_init(&op);
	buf_init(&bytes, 1 << 26);
	(void)snprintf(full, sizeof(full), "%s%s", path, suffix);
	ASSERT_OK(&op, io_open_read(&op, AT_FDCWD, full, &fd));
	ASSERT_OK(&op, io_size(&op, fd, &size));
	if (size == 0)
		return false;
	ASSERT_OK(&op, buf_grow(&op, &bytes, size, &room));
	ASSERT_OK(&op, io_read_at(&op, fd, 0, room, size));
	return memmem(bytes.data, bytes.size, needle, strlen(needle)) != NULL;
}

static void
a_deleted_blob_is_nowhere_after_a_checkpoint(void **state)
{
	struct db_test *test = *state;
	static const char needle[] = "a-sealed-name-that-is-to-vanish";

	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op, add_node(test, 1, needle));
	ASSERT_OK(&test->op, add_node(test, 2, "stays"));
	ASSERT_OK(&test->op, db_commit(&test->op, test->db));
	assert_true(file_has(test->path, "-wal", needle));
	ASSERT_OK(&test->op, db_checkpoint(&test->op, test->db));
	assert_true(file_has(test->path, "", needle));
	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op,
	    db_run(&test->op, test->db, SQL_NODE_DROP, "i", INT64_C(1)));
	ASSERT_OK(&test->op, db_commit(&test->op, test->db));
	ASSERT_OK(&test->op, db_checkpoint(&test->op, test->db));
	/* On its leaf page, in the index, in the write-ahead log. */
	assert_false(file_has(test->path, "", needle));
	assert_false(file_has(test->path, "-wal", needle));
	assert_true(file_has(test->path, "", "stays"));
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, db_test_setup, db_test_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_writer_opens_with_the_settings_of_l10),
	    T(a_reader_of_nothing_finds_nothing_and_makes_nothing),
	    T(a_folder_that_is_not_there_is_not_found),
	    T(a_file_of_something_else_is_damaged),
	    T(a_folder_in_place_of_the_file_is_an_io_error),
	    T(what_was_committed_is_there_after_closing_without_a_checkpoint),
	    T(closing_rolls_back_what_is_open),
	    T(each_allocation_may_fail),
	    T(values_come_back_as_they_went_in),
	    T(an_empty_blob_is_not_null),
	    T(a_taken_key_exists_and_leaves_the_rest_of_the_transaction),
	    T(rows_come_one_by_one_and_end_once),
	    T(a_statement_in_use_is_busy_until_its_rows_end),
	    T(get_finds_nothing_without_a_text_and_leaves_the_statement_free),
	    T(run_changed_counts_rows),
	    T(wrong_arguments_are_refused_with_the_statements_name),
	    T(a_reader_cannot_write),
	    T(an_undone_savepoint_leaves_what_was_before),
	    T(rollback_undoes_all_and_may_come_twice),
	    T(calls_out_of_order_conflict_and_change_nothing),
	    T(a_second_writer_is_busy),
	    T(a_beginning_waits_for_a_lock_of_a_moment),
	    T(a_write_outside_a_transaction_is_vetoed),
	    T(only_db_commit_commits),
	    T(a_full_database_takes_the_group_with_it_and_commits_nothing),
	    T(the_stray_commit_of_a_release_is_vetoed),
	    T(a_read_transaction_shows_one_state),
	    T(a_checkpoint_waits_for_readers),
	    T(a_deleted_blob_is_nowhere_after_a_checkpoint),
	};

	return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
