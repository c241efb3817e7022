/* test_apply.c - strict replay: every conflict, every misfit and every damaged
 * byte is refused (L5). */
#include "db_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/db_internal.h"

/* The changeset of sql on a writer whose transaction is then rolled back. */
static void
changes_of(struct op *op, struct db *db, const char *sql, struct buf *out)
{
	struct db_session *session = NULL;
	bool empty;

	buf_init(out, 1 << 20);
	ASSERT_OK(op, db_begin(op, db));
	ASSERT_OK(op, db_session_begin(op, db, &session));
	db_test_exec(db, sql);
	ASSERT_OK(op, db_session_take(op, session, out, &empty));
	assert_false(empty);
	db_session_end(session);
	ASSERT_OK(op, db_rollback(op, db));
}

static enum rc
apply_and_roll_back(struct op *op, struct db *db, struct span changes)
{
	enum rc rc;

	ASSERT_OK(op, db_begin(op, db));
	rc = db_apply(op, db, changes);
	assert_true(rc == RC_OK || op->error[0] != '\0');
	if (rc == RC_OK)
		assert_true(db_in_transaction(db));
	/* Not ASSERT_OK, which would clear the error that the caller wants. */
	assert_int_equal(db_rollback(op, db), RC_OK);
	return rc;
}

static void
both(struct db_test *test, const char *sql)
{
	db_test_commit(&test->op, test->db, sql);
	db_test_commit(&test->op, test->other, sql);
}

/* sql recorded on db is refused by other, with text in the error. */
static void
refused(struct db_test *test, const char *sql, const char *text)
{
	CLEANUP(buf_release) struct buf changes = {0};
	enum rc rc;

	changes_of(&test->op, test->db, sql, &changes);
	rc = apply_and_roll_back(&test->op, test->other, buf_span(&changes));
	if (rc != RC_DAMAGED || strstr(test->op.error, text) == NULL)
		fail_msg("%s: %s: %s, not \"%s\"", sql, rc_name(rc),
		    test->op.error, text);
	op_clear_error(&test->op);
}

/* ---- conflicts ---- */

static void
a_row_with_other_values_is_refused(void **state)
{
	struct db_test *test = *state;

	both(test, "INSERT INTO node VALUES (1, 0, 'a', 1, 'x')");
	db_test_commit(&test->op, test->other, "UPDATE node SET size = 2");
	refused(test, "UPDATE node SET size = 3", "other values");
	refused(test, "DELETE FROM node", "other values");
}

static void
a_row_that_is_not_there_is_refused(void **state)
{
	struct db_test *test = *state;

	db_test_commit(
	    &test->op, test->db, "INSERT INTO node VALUES (1, 0, 'a', 1, 'x')");
	refused(test, "UPDATE node SET size = 3", "no such row");
	refused(test, "DELETE FROM node", "no such row");
}

static void
a_row_that_exists_is_refused(void **state)
{
	struct db_test *test = *state;

	db_test_commit(&test->op, test->other,
	    "INSERT INTO node VALUES (1, 0, 'a', 1, 'x');"
	    "INSERT INTO pair VALUES ('b', 1, 'x')");
	refused(test, "INSERT INTO node VALUES (1, 0, 'a', 1, 'x')",
	    "the row exists");
	refused(
	    test, "INSERT INTO pair VALUES ('b', 1, 'x')", "the row exists");
}

static void
a_broken_constraint_is_refused(void **state)
{
	struct db_test *test = *state;

	both(test, "INSERT INTO node VALUES (2, 0, 'b', 1, 'x')");
	db_test_commit(&test->op, test->other,
	    "INSERT INTO node VALUES (1, 0, 'a', 1, 'x')");
	refused(test, "INSERT INTO node VALUES (5, 0, 'a', 1, 'x')",
	    "a constraint");
	refused(
	    test, "UPDATE node SET name = 'a' WHERE id = 2", "a constraint");
}

static void
a_null_where_the_schema_has_none_is_refused(void **state)
{
	struct db_test *test = *state;
	const char *sql =
	    "DROP TABLE etag; CREATE TABLE etag (node INTEGER NOT "
	    "NULL, kind TEXT NOT NULL, tag BLOB, "
	    "PRIMARY KEY (node, kind)) WITHOUT ROWID";

	db_test_commit(&test->op, test->db, sql);
	refused(test, "INSERT INTO etag VALUES (1, 'x', NULL)", "a constraint");
}

static void
nothing_is_committed_by_a_refused_replay(void **state)
{
	struct db_test *test = *state;
	CLEANUP(buf_release) struct buf changes = {0};

	changes_of(&test->op, test->db,
	    "INSERT INTO node VALUES (1, 0, 'a', 1, 'x'), (2, 0, 'b', 1, 'x')",
	    &changes);
	db_test_commit(&test->op, test->other,
	    "INSERT INTO node VALUES (2, 9, 'z', 1, 'x')");
	ASSERT_RC(&test->op, RC_DAMAGED,
	    apply_and_roll_back(&test->op, test->other, buf_span(&changes)));
	assert_int_equal(
	    db_test_int(test->other, "SELECT count(*) FROM node"), 1);
}

static void
replay_outside_a_transaction_is_refused(void **state)
{
	struct db_test *test = *state;
	CLEANUP(buf_release) struct buf changes = {0};

	changes_of(&test->op, test->db,
	    "INSERT INTO node VALUES (1, 0, 'a', 1, 'x')", &changes);
	ASSERT_RC(&test->op, RC_CONFLICT,
	    db_apply(&test->op, test->other, buf_span(&changes)));
	assert_int_equal(
	    db_test_int(test->other, "SELECT count(*) FROM node"), 0);
}

static void
an_empty_changeset_changes_nothing(void **state)
{
	struct db_test *test = *state;

	ASSERT_OK(&test->op,
	    apply_and_roll_back(&test->op, test->other, span_of(NULL, 0)));
}

/* ---- misfits with the schema ---- */

static void
an_unknown_table_is_refused(void **state)
{
	struct db_test *test = *state;

	db_test_commit(&test->op, test->db,
	    "CREATE TABLE strange (id INTEGER PRIMARY KEY NOT NULL)");
	refused(test, "INSERT INTO strange VALUES (1)", "has not");
	/* Nor does it help that other rows of the changeset fit. */
	refused(test,
	    "INSERT INTO strange VALUES (1);"
	    "INSERT INTO node VALUES (1, 0, 'a', 1, 'x')",
	    "has not");
}

static void
another_column_count_is_refused_in_both_directions(void **state)
{
	struct db_test *test = *state;
	struct db *swap;

	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(
	    &test->op, db_migrate(&test->op, test->db, &test_migrations[1]));
	ASSERT_OK(&test->op, db_commit(&test->op, test->db));
	refused(test, "INSERT INTO node VALUES (1, 0, 'a', 1, 'x', 'red')",
	    "columns in node");
	/* Fewer columns than the schema has: SQLite would take these. */
	swap = test->db;
	test->db = test->other;
	test->other = swap;
	refused(test, "INSERT INTO node VALUES (1, 0, 'a', 1, 'x')",
	    "columns in node");
}

static void
another_primary_key_is_refused(void **state)
{
	struct db_test *test = *state;

	db_test_commit(&test->op, test->db,
	    "DROP TABLE pair; CREATE TABLE pair (b TEXT NOT NULL PRIMARY KEY,"
	    "a INTEGER NOT NULL, value)");
	refused(test, "INSERT INTO pair VALUES ('b', 1, 'x')",
	    "another primary key");
}

/* Turns the only table name of a changeset into another of the same length. */
static void
rename_table(struct buf *changes, const char *from, const char *to)
{
	size_t size = strlen(from);
	uint8_t *place = memmem(changes->data, changes->size, from, size);

	assert_non_null(place);
	assert_int_equal(strlen(to), size);
	memcpy(place, to, size);
}

static void
a_changeset_of_a_local_table_is_refused(void **state)
{
	struct db_test *test = *state;
	const char *sql = "CREATE TABLE remote_one (id INTEGER PRIMARY KEY NOT "
			  "NULL, number INTEGER NOT NULL)";
	CLEANUP(buf_release) struct buf changes = {0};

	both(test, sql);
	changes_of(&test->op, test->db, "INSERT INTO remote_one VALUES (1, 5)",
	    &changes);
	ASSERT_OK(&test->op,
	    apply_and_roll_back(&test->op, test->other, buf_span(&changes)));
	rename_table(&changes, "remote_one", "local_head");
	ASSERT_RC(&test->op, RC_DAMAGED,
	    apply_and_roll_back(&test->op, test->other, buf_span(&changes)));
}

/* Records of the schema before and after the second migration. */
static void
make_five_and_six(struct db_test *test, struct buf *five, struct buf *six)
{
	struct op *op = &test->op;

	changes_of(
	    op, test->db, "INSERT INTO node VALUES (1, 0, 'a', 1, 'x')", five);
	db_test_commit(op, test->db, "ALTER TABLE node ADD COLUMN colour TEXT");
	changes_of(op, test->db,
	    "INSERT INTO node VALUES (2, 0, 'b', 1, 'x', 'red')", six);
}

static void
the_schema_is_read_again_after_a_migration_and_its_undoing(void **state)
{
	struct db_test *test = *state;
	CLEANUP(buf_release) struct buf five = {0};
	CLEANUP(buf_release) struct buf six = {0};
	struct op *op = &test->op;

	make_five_and_six(test, &five, &six);
	ASSERT_OK(op, db_begin(op, test->other));
	ASSERT_RC(op, RC_DAMAGED, db_apply(op, test->other, buf_span(&six)));
	ASSERT_OK(op, db_savepoint(op, test->other));
	ASSERT_OK(op, db_migrate(op, test->other, &test_migrations[1]));
	ASSERT_OK(op, db_apply(op, test->other, buf_span(&six)));
	ASSERT_OK(op, db_undo(op, test->other));
	ASSERT_OK(op, db_apply(op, test->other, buf_span(&five)));
	ASSERT_OK(op, db_rollback(op, test->other));
	/* By a rollback. */
	ASSERT_OK(op, db_begin(op, test->other));
	ASSERT_OK(op, db_migrate(op, test->other, &test_migrations[1]));
	ASSERT_OK(op, db_apply(op, test->other, buf_span(&six)));
	ASSERT_OK(op, db_rollback(op, test->other));
	ASSERT_OK(op, apply_and_roll_back(op, test->other, buf_span(&five)));
}

static void
the_schema_is_read_again_after_sqlite_rolled_back_by_itself(void **state)
{
	struct db_test *test = *state;
	static const uint8_t large[400000];
	CLEANUP(buf_release) struct buf five = {0};
	CLEANUP(buf_release) struct buf six = {0};
	struct op *op = &test->op;

	make_five_and_six(test, &five, &six);
	ASSERT_OK(op, db_begin(op, test->other));
	ASSERT_OK(op, db_migrate(op, test->other, &test_migrations[1]));
	ASSERT_OK(op, db_apply(op, test->other, buf_span(&six)));
	(void)db_test_int(test->other, "PRAGMA max_page_count = 40");
	ASSERT_RC(op, RC_NO_SPACE,
	    db_run(op, test->other, SQL_NODE_ADD, "iibi", INT64_C(9),
		INT64_C(9), span_of(large, sizeof(large)), INT64_C(9)));
	assert_false(db_in_transaction(test->other));
	ASSERT_OK(op, apply_and_roll_back(op, test->other, buf_span(&five)));
}

/*
 * SQLite tells nothing of a row that a trigger or an ON CONFLICT clause of the
 * schema swallows: only the count does.
 */
static void
a_row_that_is_swallowed_is_refused(void **state)
{
	struct db_test *test = *state;

	db_test_commit(&test->op, test->other,
	    "CREATE TRIGGER swallow BEFORE INSERT ON node BEGIN "
	    "SELECT RAISE(IGNORE); END");
	refused(
	    test, "INSERT INTO node VALUES (1, 0, 'a', 1, 'x')", "0 of 1 rows");
}

/* ---- damaged bytes ---- */

static const char mixed_changes[] =
    "INSERT INTO node VALUES (11, 0, 'new', 1, 'x');"
    "INSERT INTO node VALUES (12, 0, zeroblob(200), 1, NULL);"
    "UPDATE node SET size = 9, note = NULL WHERE id = 1;"
    "DELETE FROM node WHERE id = 2;"
    "INSERT INTO pair VALUES ('b', 1, 1.5);"
    "UPDATE pair SET value = x'00' WHERE a = 7";

static void
make_mixed(struct db_test *test, struct buf *changes)
{
	both(test,
	    "INSERT INTO node VALUES (1, 0, 'a', 1, 'x'),"
	    "(2, 0, 'b', 1, 'x'); INSERT INTO pair VALUES ('b', 7, 'y')");
	changes_of(&test->op, test->db, mixed_changes, changes);
}

static void
each_cut_changeset_is_refused_or_is_a_whole_shorter_one(void **state)
{
	struct db_test *test = *state;
	CLEANUP(buf_release) struct buf changes = {0};
	int whole = 0;
	size_t size;

	make_mixed(test, &changes);
	for (size = 0; size <= changes.size; size++) {
		/* A copy of that very size, so that ASan sees a read beyond. */
		uint8_t *copy = malloc(size > 0 ? size : 1);
		enum rc rc;

		assert_non_null(copy);
		memcpy(copy, changes.data, size);
		rc = apply_and_roll_back(
		    &test->op, test->other, span_of(copy, size));
		assert_true(rc == RC_OK || rc == RC_DAMAGED);
		op_clear_error(&test->op);
		whole += rc == RC_OK;
		free(copy);
	}
	/* Nothing, after either table's header, after each of the six rows. */
	assert_int_equal(whole, 9);
}

/* Every bit of every byte; what still applies has changed a value, nothing
 * else. */
static void
each_flipped_bit_is_refused_or_only_another_value(void **state)
{
	struct db_test *test = *state;
	CLEANUP(buf_release) struct buf changes = {0};
	int refusals = 0;
	size_t i;

	make_mixed(test, &changes);
	for (i = 0; i < changes.size * 8; i++) {
		enum rc rc;

		changes.data[i / 8] ^= (uint8_t)(1U << i % 8);
		rc = apply_and_roll_back(
		    &test->op, test->other, buf_span(&changes));
		assert_true(rc == RC_OK || rc == RC_DAMAGED);
		op_clear_error(&test->op);
		refusals += rc == RC_DAMAGED;
		changes.data[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	assert_true(refusals > 300);
	ASSERT_OK(&test->op,
	    apply_and_roll_back(&test->op, test->other, buf_span(&changes)));
}

/* 'T' 5 columns, key in the first, "node", then what each case says. */
#define NODE "T\x05\x01\x00\x00\x00\x00node\x00"
#define INT "\x01\x00\x00\x00\x00\x00\x00\x00\x01"
/* 1.5 */
#define FLOAT "\x02\x3f\xf8\x00\x00\x00\x00\x00\x00"
#define OF(bytes) \
	{ \
		(const uint8_t *)(bytes), sizeof(bytes) - 1 \
	}

static const struct span malformed[] = {
    /* a patchset */
    OF("P\x05\x01\x00\x00\x00\x00node\x00\x12\x00" INT INT "\x04\x01"
       "a" INT "\x05"),
    /* a row before any table */
    OF("\x12\x00" INT INT "\x04\x01"
       "a" INT "\x05"),
    /* a kind that is none */
    OF(NODE "\x13\x00" INT INT "\x04\x01"
	    "a" INT "\x05"),
    /* an indirect flag that is none */
    OF(NODE "\x12\x02" INT INT "\x04\x01"
	    "a" INT "\x05"),
    /* an INSERT that lacks a value */
    OF(NODE "\x12\x00" INT "\x00\x04\x01"
	    "a" INT "\x05"),
    /* an INSERT with a NULL key */
    OF(NODE "\x12\x00\x05" INT "\x04\x01"
	    "a" INT "\x05"),
    /* a DELETE that lacks an old value */
    OF(NODE "\x09\x00" INT "\x00\x00\x00\x00"),
    /* a value type that is none */
    OF(NODE "\x12\x00" INT INT "\x06\x01"
	    "a" INT "\x05"),
    /* an UPDATE of nothing */
    OF(NODE "\x17\x00" INT "\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
    /* an UPDATE with a new value but no old one */
    OF(NODE "\x17\x00" INT "\x00\x00\x00\x00\x00\x00\x00" INT "\x00"),
    /* an UPDATE with an old value but no new one */
    OF(NODE "\x17\x00" INT "\x00\x00" INT "\x00\x00\x00\x00\x00\x00"),
    /* an UPDATE without its key */
    OF(NODE "\x17\x00\x00\x00\x00" INT "\x00\x00\x00\x00" INT "\x00"),
    /* an UPDATE with a NULL key */
    OF(NODE "\x17\x00\x05\x00\x00" INT "\x00\x00\x00\x00" INT "\x00"),
    /* an UPDATE of its key */
    OF(NODE "\x17\x00" INT "\x00\x00" INT "\x00" INT "\x00\x00" INT "\x00"),
    /* a size beyond the end, one beyond 31 bits, one without an end */
    OF(NODE "\x12\x00" INT INT "\x04\x40"
	    "a" INT "\x05"),
    OF(NODE "\x12\x00" INT INT "\x04\x8f\xff\xff\xff\x7f"
	    "a"),
    OF(NODE "\x12\x00" INT INT "\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	    "\xff\xff\xff"),
    /* a table without an end of its name, without columns, with too
       many */
    OF("T\x05\x01\x00\x00\x00\x00nod"),
    OF("T\x00node\x00"),
    OF("T\x87\xff\xff\xff\x7f"),
    OF("T"),
    /* sizes with a leading zero: SQLite stops at nine bytes, a plain reader not
     */
    OF(NODE "\x12\x00" INT INT "\x04\x80\x01"
	    "a" INT "\x05"),
    OF(NODE "\x12\x00" INT INT "\x04\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"
	    "a" INT "\x05"),
};

static void
malformed_changesets_are_damaged(void **state)
{
	struct db_test *test = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(malformed); i++) {
		int64_t changes;

		ASSERT_OK(&test->op, db_tables(&test->op, test->other));
		if (db_changeset_check(&test->op, test->other, malformed[i],
			&changes) != RC_DAMAGED)
			fail_msg("case %zu is not refused", i);
		op_clear_error(&test->op);
		ASSERT_RC(&test->op, RC_DAMAGED,
		    apply_and_roll_back(&test->op, test->other, malformed[i]));
	}
}

/* Nothing is wrong with its form, and SQLite knows no conflict of this kind. */
static void
a_rowid_that_is_no_integer_is_refused(void **state)
{
	static const struct span cases[] = {
	    OF(NODE "\x12\x00" FLOAT INT "\x04\x01"
		    "a" INT "\x05"),
	    OF(NODE "\x12\x00"
		    "\x03\x01"
		    "x" INT "\x04\x01"
		    "a" INT "\x05"),
	};
	struct db_test *test = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++)
		ASSERT_RC(&test->op, RC_DAMAGED,
		    apply_and_roll_back(&test->op, test->other, cases[i]));
}

/* The control of the cases above: they differ from these in one thing each. */
static void
wellformed_changesets_of_the_same_make_apply(void **state)
{
	struct db_test *test = *state;
	static const struct span cases[] = {
	    OF(NODE "\x12\x00" INT INT "\x04\x01"
		    "a" INT "\x05"),
	    OF(NODE "\x12\x01" INT INT "\x04\x01"
		    "a" INT "\x05"),
	    OF(NODE "\x17\x00" INT "\x00\x00" INT "\x00\x00\x00\x00" INT
		    "\x00"),
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		ASSERT_OK(&test->op,
		    apply_and_roll_back(&test->op, test->other, cases[i]));
		if (i == 1)
			db_test_commit(&test->op, test->other,
			    "INSERT INTO node VALUES (1, 1, 'a', 1, NULL)");
	}
}

static void
the_check_counts_what_a_session_wrote(void **state)
{
	struct db_test *test = *state;
	CLEANUP(buf_release) struct buf changes = {0};
	int64_t n = 0;

	make_mixed(test, &changes);
	ASSERT_OK(&test->op, db_tables(&test->op, test->db));
	ASSERT_OK(&test->op,
	    db_changeset_check(&test->op, test->db, buf_span(&changes), &n));
	assert_int_equal(n, 6);
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, db_test_setup, db_test_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_row_with_other_values_is_refused),
	    T(a_row_that_is_not_there_is_refused),
	    T(a_row_that_exists_is_refused),
	    T(a_broken_constraint_is_refused),
	    T(a_null_where_the_schema_has_none_is_refused),
	    T(nothing_is_committed_by_a_refused_replay),
	    T(replay_outside_a_transaction_is_refused),
	    T(an_empty_changeset_changes_nothing),
	    T(an_unknown_table_is_refused),
	    T(another_column_count_is_refused_in_both_directions),
	    T(another_primary_key_is_refused),
	    T(a_changeset_of_a_local_table_is_refused),
	    T(the_schema_is_read_again_after_a_migration_and_its_undoing),
	    T(the_schema_is_read_again_after_sqlite_rolled_back_by_itself),
	    T(a_row_that_is_swallowed_is_refused),
	    T(each_cut_changeset_is_refused_or_is_a_whole_shorter_one),
	    T(each_flipped_bit_is_refused_or_only_another_value),
	    T(malformed_changesets_are_damaged),
	    T(a_rowid_that_is_no_integer_is_refused),
	    T(wellformed_changesets_of_the_same_make_apply),
	    T(the_check_counts_what_a_session_wrote),
	};

	return cmocka_run_group_tests_name("apply", tests, NULL, NULL);
}
