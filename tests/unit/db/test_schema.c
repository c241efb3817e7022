/* test_schema.c - migrations, the state hash (L12), L5's rules for a schema,
 * query plans. */
#include "db_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broken_sql.h"
#include "crypto/hash.h"
#include "db/db_internal.h"

/* ---- migrations and preparing ---- */

static void
every_statement_prepares_after_the_migrations(void **state)
{
	struct db_test *test = *state;

	ASSERT_OK(&test->op, db_prepare_all(&test->op, test->db));
	ASSERT_OK(&test->op, db_prepare_all(&test->op, test->db));
}

static void
a_statement_that_does_not_compile_is_named(void **state)
{
	struct db_test *test = *state;
	CLEANUP(db_close_ptr) struct db *db = NULL;

	db_close(test->db);
	test->db = NULL;
	ASSERT_OK(&test->op,
	    db_open(&test->op, test->path, DB_WRITER, &broken_sql, &db));
	assert_int_equal(db_prepare_all(&test->op, db), RC_DAMAGED);
	assert_non_null(strstr(test->op.error, "does_not_compile"));
	op_clear_error(&test->op);
	ASSERT_RC(&test->op, RC_DAMAGED,
	    db_run(&test->op, db, SQL_DOES_NOT_COMPILE, ""));
}

static void
text_of_two_statements_is_refused(void **state)
{
	struct db_test *test = *state;
	CLEANUP(db_close_ptr) struct db *db = NULL;
	static const struct db_statement_text texts[] = {
	    {"two", "SELECT 1; SELECT 2"},
	    {"none", "-- nothing"},
	    {"one", "SELECT 1; \n"},
	};
	static const struct db_sql sql = {texts, ARRAY_LEN(texts)};

	db_close(test->db);
	test->db = NULL;
	ASSERT_OK(
	    &test->op, db_open(&test->op, test->path, DB_READER, &sql, &db));
	ASSERT_RC(&test->op, RC_DAMAGED, db_run(&test->op, db, 0, ""));
	ASSERT_RC(&test->op, RC_DAMAGED, db_run(&test->op, db, 1, ""));
	ASSERT_OK(&test->op, db_run(&test->op, db, 2, ""));
}

static void
a_migration_needs_a_transaction_and_is_undone_with_it(void **state)
{
	struct db_test *test = *state;
	struct op *op = &test->op;

	ASSERT_RC(
	    op, RC_CONFLICT, db_migrate(op, test->db, &test_migrations[1]));
	ASSERT_OK(op, db_begin(op, test->db));
	ASSERT_OK(op, db_migrate(op, test->db, &test_migrations[1]));
	db_test_exec(test->db, "SELECT colour FROM node");
	ASSERT_OK(op, db_rollback(op, test->db));
	assert_int_not_equal(
	    db_test_try(test->db, "SELECT colour FROM node"), SQLITE_OK);
	assert_int_equal(ARRAY_LEN(test_migrations), 2);
	assert_int_equal(test_migrations[1].version, 2);
}

static void
statements_go_on_after_a_migration(void **state)
{
	struct db_test *test = *state;
	struct op *op = &test->op;
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	ASSERT_OK(op, db_prepare_all(op, test->db));
	ASSERT_OK(op, db_begin(op, test->db));
	ASSERT_OK(op, db_migrate(op, test->db, &test_migrations[1]));
	ASSERT_OK(op, db_run(op, test->db, SQL_NODE_ADD, "iibi", INT64_C(1),
			  INT64_C(1), span_str("a"), INT64_C(1)));
	ASSERT_OK(
	    op, db_get(op, test->db, SQL_NODE_GET, &rows, "i", INT64_C(1)));
	assert_int_equal(db_int(rows, 0), 1);
	db_rows_end_ptr(&rows);
	ASSERT_OK(op, db_commit(op, test->db));
}

static void
a_migration_that_fails_names_its_version_and_one_cannot_commit(void **state)
{
	struct db_test *test = *state;
	static const struct db_migration bad = {
	    7, "CREATE TABLE good (id INTEGER); CREATE NONSENSE;"};
	static const struct db_migration stray = {8, "COMMIT; BEGIN;"};

	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	assert_int_equal(db_migrate(&test->op, test->db, &bad), RC_DAMAGED);
	assert_non_null(strstr(test->op.error, "migration 7"));
	op_clear_error(&test->op);
	ASSERT_RC(
	    &test->op, RC_CONFLICT, db_migrate(&test->op, test->db, &stray));
	ASSERT_OK(&test->op, db_rollback(&test->op, test->db));
	assert_int_equal(
	    db_test_int(test->db, "SELECT count(*) FROM "
				  "sqlite_schema WHERE name = 'good'"),
	    0);
}

/* ---- the state hash ---- */

static const char some_rows[] =
    "INSERT INTO node VALUES (1, 0, 'a', 1, 'x'), (2, 0, 'b', 2, NULL);"
    "INSERT INTO etag VALUES (1, 'k', x'00'), (2, 'k', x'');"
    "INSERT INTO pair VALUES ('b', 1, 1), ('a', 2, 'two'), ('a', 1, 3.5);";

/* Both databases hold some_rows; then sql on one of them makes the hashes
 * differ. */
static void
differs_after(struct db_test *test, const char *sql)
{
	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	db_test_exec(test->db, sql);
	db_test_assert_differ(&test->op, test->db, test->other);
	ASSERT_OK(&test->op, db_rollback(&test->op, test->db));
	db_test_assert_equal(&test->op, test->db, test->other);
}

static void
any_single_change_of_a_cell_changes_the_hash(void **state)
{
	struct db_test *test = *state;
	static const char *const changes[] = {
	    "UPDATE node SET id = 3 WHERE id = 2",
	    "UPDATE node SET parent = 1 WHERE id = 1",
	    "UPDATE node SET name = 'A' WHERE id = 1",
	    "UPDATE node SET size = 2 WHERE id = 1",
	    "UPDATE node SET note = '' WHERE id = 2",
	    "UPDATE node SET note = 'xx' WHERE id = 1",
	    "UPDATE etag SET node = 3 WHERE node = 2",
	    "UPDATE etag SET kind = 'l' WHERE node = 2",
	    "UPDATE etag SET tag = x'0000' WHERE node = 1",
	    "UPDATE pair SET value = 4.5 WHERE a = 1 AND b = 'a'",
	    "DELETE FROM node WHERE id = 2",
	    "INSERT INTO etag VALUES (9, '', x'')",
	};
	size_t i;

	db_test_commit(&test->op, test->db, some_rows);
	db_test_commit(&test->op, test->other, some_rows);
	for (i = 0; i < ARRAY_LEN(changes); i++)
		differs_after(test, changes[i]);
}

static void
another_type_of_the_same_value_changes_the_hash(void **state)
{
	struct db_test *test = *state;
	static const char *const values[] = {
	    "0",
	    "0.0",
	    "'0'",
	    "x'30'",
	    "''",
	    "x''",
	    "NULL",
	    "1",
	    "1.0",
	    "'1'",
	    "x'0000000000000001'",
	    "x'3ff0000000000000'",
	};
	size_t i;
	size_t k;

	for (i = 0; i < ARRAY_LEN(values); i++) {
		for (k = 0; k < ARRAY_LEN(values); k++) {
			char one[128];
			char two[128];

			(void)snprintf(one, sizeof(one),
			    "DELETE FROM pair; INSERT INTO pair VALUES ('b', "
			    "1, %s)",
			    values[i]);
			(void)snprintf(two, sizeof(two),
			    "DELETE FROM pair; INSERT INTO pair VALUES ('b', "
			    "1, %s)",
			    values[k]);
			db_test_commit(&test->op, test->db, one);
			db_test_commit(&test->op, test->other, two);
			if (i == k)
				db_test_assert_equal(
				    &test->op, test->db, test->other);
			else
				db_test_assert_differ(
				    &test->op, test->db, test->other);
		}
	}
}

static void
what_moves_over_a_border_changes_the_hash(void **state)
{
	struct db_test *test = *state;
	struct op *op = &test->op;

	/* Bytes from one value to the next. */
	db_test_commit(op, test->db, "INSERT INTO etag VALUES (1, 'ab', 'c')");
	db_test_commit(
	    op, test->other, "INSERT INTO etag VALUES (1, 'a', 'bc')");
	db_test_assert_differ(op, test->db, test->other);
	/* A row from one table to another of the same columns. */
	db_test_commit(op, test->db,
	    "DELETE FROM etag; CREATE TABLE x1 (id INTEGER PRIMARY KEY NOT "
	    "NULL);"
	    "CREATE TABLE x2 (id INTEGER PRIMARY KEY NOT NULL);"
	    "INSERT INTO x1 VALUES (5)");
	db_test_commit(op, test->other,
	    "DELETE FROM etag; CREATE TABLE x1 (id INTEGER PRIMARY KEY NOT "
	    "NULL);"
	    "CREATE TABLE x2 (id INTEGER PRIMARY KEY NOT NULL);"
	    "INSERT INTO x2 VALUES (5)");
	db_test_assert_differ(op, test->db, test->other);
}

static void
the_order_of_insertion_does_not_change_the_hash(void **state)
{
	struct db_test *test = *state;

	db_test_commit(&test->op, test->db, some_rows);
	db_test_commit(&test->op, test->other,
	    "INSERT INTO pair VALUES ('a', 1, 3.5);"
	    "INSERT INTO node VALUES (2, 0, 'b', 2, NULL);"
	    "INSERT INTO node VALUES (7, 0, 'c', 2, NULL);"
	    "INSERT INTO pair VALUES ('a', 2, 'no');"
	    "INSERT INTO etag VALUES (2, 'k', x'');"
	    "INSERT INTO node VALUES (1, 0, 'a', 1, 'x');"
	    "INSERT INTO etag VALUES (1, 'k', x'00');"
	    "INSERT INTO pair VALUES ('b', 1, 1);"
	    "DELETE FROM node WHERE id = 7;"
	    "UPDATE pair SET value = 'two' WHERE a = 2;");
	db_test_assert_equal(&test->op, test->db, test->other);
}

static void
local_tables_do_not_change_the_hash(void **state)
{
	struct db_test *test = *state;

	db_test_commit(
	    &test->op, test->db, "INSERT INTO local_head VALUES (1, 7)");
	db_test_commit(&test->op, test->db, "ANALYZE");
	db_test_assert_equal(&test->op, test->db, test->other);
}

/* The format is part of every snapshot: this very value must never change. */
static void
the_hash_is_the_one_that_its_description_gives(void **state)
{
	struct db_test *test = *state;
	CLEANUP(db_close_ptr) struct db *db = NULL;
	static const char bytes[] =
	    "T\x03\0\0\0\0\0\0\0\x01t\x01\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0\x04"
	    "R\x01\0\0\0\0\0\0\0\x08\xff\xff\xff\xff\xff\xff\xff\xfe"
	    "\x03\0\0\0\0\0\0\0\x02hi\x04\0\0\0\0\0\0\0\x01\xff"
	    "\x05\0\0\0\0\0\0\0\0"
	    "R\x01\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0\x01"
	    "\x02\0\0\0\0\0\0\0\x08\x3f\xf8\0\0\0\0\0\0"
	    "\x05\0\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\0"
	    /* The key is (a, b), the columns are (b, a). */
	    "T\x03\0\0\0\0\0\0\0\x01u\x01\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0\x02"
	    "R\x03\0\0\0\0\0\0\0\x01y\x01\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0\x01"
	    "R\x03\0\0\0\0\0\0\0\x01x\x01\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0\x02";
	uint8_t expected[SHA256_SIZE];
	uint8_t hash[DB_HASH_SIZE];

	sha256_of(span_of(bytes, sizeof(bytes) - 1), expected);
	db_close(test->db);
	test->db = NULL;
	assert_int_equal(unlink(test->path), 0);
	db = db_test_make(&test->op, test->path, 0);
	db_test_commit(&test->op, db,
	    "CREATE TABLE t (id INTEGER PRIMARY KEY NOT NULL, a, b, c);"
	    "INSERT INTO t VALUES (1, 1.5, NULL, NULL), (-2, 'hi', x'ff', "
	    "NULL);"
	    "CREATE TABLE u (b TEXT NOT NULL, a INTEGER NOT NULL, "
	    "PRIMARY KEY (a, b));"
	    "INSERT INTO u VALUES ('x', 2), ('y', 1)");
	ASSERT_OK(&test->op, db_state_hash(&test->op, db, hash));
	assert_memory_equal(hash, expected, sizeof(hash));
}

static void
long_values_are_hashed_to_their_end(void **state)
{
	struct db_test *test = *state;
	char sql[128];
	int size;

	for (size = 4000; size < 4200; size += 7) {
		(void)snprintf(sql, sizeof(sql),
		    "DELETE FROM pair; INSERT INTO pair VALUES"
		    "('b', 1, CAST(zeroblob(%d) || 'a' AS BLOB))",
		    size);
		db_test_commit(&test->op, test->db, sql);
		db_test_commit(&test->op, test->other, sql);
		db_test_assert_equal(&test->op, test->db, test->other);
		sql[strlen(sql) - 12] = 'b';
		db_test_commit(&test->op, test->other, sql);
		db_test_assert_differ(&test->op, test->db, test->other);
	}
}

static void
a_reader_gives_the_hash_of_its_state(void **state)
{
	struct db_test *test = *state;
	CLEANUP(db_close_ptr) struct db *reader = NULL;
	uint8_t before[DB_HASH_SIZE];
	uint8_t after[DB_HASH_SIZE];
	struct op *op = &test->op;

	ASSERT_OK(op, db_open(op, test->path, DB_READER, &test_sql, &reader));
	ASSERT_OK(op, db_read_begin(op, reader));
	ASSERT_OK(op, db_state_hash(op, reader, before));
	db_test_commit(op, test->db, some_rows);
	ASSERT_OK(op, db_state_hash(op, reader, after));
	assert_memory_equal(before, after, sizeof(before));
	assert_true(db_in_transaction(reader));
	db_read_end(reader);
	ASSERT_OK(op, db_state_hash(op, reader, after));
	assert_memory_not_equal(before, after, sizeof(before));
	assert_false(db_in_transaction(reader));
}

struct interruption {
	struct db_test *test;
	int steps_left;
};

/* Called by SQLite while the reader works: the writer commits in between. */
static int
commit_in_between(void *arg)
{
	struct interruption *interruption = arg;

	if (interruption->steps_left-- == 0)
		db_test_commit(&interruption->test->op, interruption->test->db,
		    "UPDATE etag SET tag = x'99'; UPDATE node SET size = 99;"
		    "UPDATE pair SET value = 99");
	return 0;
}

static void
a_hash_is_of_one_state_whatever_is_committed_meanwhile(void **state)
{
	struct db_test *test = *state;
	CLEANUP(db_close_ptr) struct db *reader = NULL;
	struct op *op = &test->op;
	bool committed = true;
	int steps;

	db_test_commit(op, test->db, some_rows);
	ASSERT_OK(op, db_open(op, test->path, DB_READER, &test_sql, &reader));
	/* At every fifth step of SQLite's, up to the hash's last. */
	for (steps = 1; committed; steps += 5) {
		struct interruption interruption = {test, steps};
		uint8_t before[DB_HASH_SIZE];
		uint8_t between[DB_HASH_SIZE];
		uint8_t after[DB_HASH_SIZE];

		ASSERT_OK(op, db_state_hash(op, reader, before));
		sqlite3_progress_handler(
		    reader->handle, 1, commit_in_between, &interruption);
		ASSERT_OK(op, db_state_hash(op, reader, between));
		sqlite3_progress_handler(reader->handle, 0, NULL, NULL);
		ASSERT_OK(op, db_state_hash(op, reader, after));
		committed = memcmp(before, after, sizeof(after)) != 0;
		assert_true(memcmp(between, before, sizeof(before)) == 0 ||
			    memcmp(between, after, sizeof(after)) == 0);
		db_test_commit(op, test->db,
		    "DELETE FROM node; DELETE FROM etag; DELETE FROM pair");
		db_test_commit(op, test->db, some_rows);
	}
	assert_true(steps > 500);
}

static void
odd_names_of_tables_and_columns_are_hashed(void **state)
{
	struct db_test *test = *state;
	const char *sql =
	    "CREATE TABLE \"a\"\"b; c\" (\"x\"\"y\" INTEGER NOT NULL,"
	    "\"select\" TEXT NOT NULL, PRIMARY KEY (\"select\","
	    "\"x\"\"y\"));"
	    "INSERT INTO \"a\"\"b; c\" VALUES (1, 'b'), (2, 'a')";

	db_test_commit(&test->op, test->db, sql);
	db_test_commit(&test->op, test->other, sql);
	db_test_assert_equal(&test->op, test->db, test->other);
	differs_after(test, "UPDATE \"a\"\"b; c\" SET \"x\"\"y\" = 3 WHERE "
			    "\"select\" = 'b'");
}

/* ---- the rules for a schema ---- */

static void
breaks(struct db_test *test, const char *sql, const char *table,
    const char *breach)
{
	enum rc rc;

	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	db_test_exec(test->db, sql);
	rc = db_check_schema(&test->op, test->db);
	if (rc != RC_INVALID || strstr(test->op.error, breach) == NULL ||
	    strstr(test->op.error, table) == NULL)
		fail_msg("%s: %s: \"%s\", not \"%s\"", sql, rc_name(rc),
		    test->op.error, breach);
	op_clear_error(&test->op);
	ASSERT_OK(&test->op, db_rollback(&test->op, test->db));
	ASSERT_OK(&test->op, db_check_schema(&test->op, test->db));
}

static void
each_breach_of_the_schemas_rules_is_named(void **state)
{
	struct db_test *test = *state;

	ASSERT_OK(&test->op, db_check_schema(&test->op, test->db));
	breaks(test, "CREATE TABLE bad (a INTEGER NOT NULL)", "bad",
	    "no primary key");
	breaks(test, "CREATE TABLE bad (a INTEGER PRIMARY KEY)", "bad",
	    "may be NULL");
	breaks(test,
	    "CREATE TABLE bad (a TEXT NOT NULL, b TEXT, PRIMARY KEY (a, b))",
	    "bad", "may be NULL");
	breaks(test,
	    "CREATE TABLE bad (a INTEGER PRIMARY KEY NOT NULL, b AS (a + 1))",
	    "bad", "generated");
	breaks(test,
	    "CREATE TABLE bad (a INTEGER PRIMARY KEY NOT NULL,"
	    "b INTEGER AS (a + 1) STORED)",
	    "bad", "generated");
	breaks(test,
	    "CREATE TRIGGER late AFTER INSERT ON pair BEGIN "
	    "DELETE FROM node; END",
	    "pair", "trigger");
	breaks(test,
	    "CREATE TABLE bad (a INTEGER PRIMARY KEY NOT NULL,"
	    "b INTEGER REFERENCES node (id) ON DELETE CASCADE)",
	    "bad", "foreign key action");
	breaks(test,
	    "CREATE TABLE bad (a INTEGER PRIMARY KEY NOT NULL,"
	    "b INTEGER REFERENCES node (id) ON UPDATE SET NULL)",
	    "bad", "foreign key action");
	breaks(test, "CREATE VIRTUAL TABLE bad USING fts5(text)", "bad",
	    "virtual");
	breaks(test,
	    "CREATE TABLE bad (a INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL)",
	    "bad", "AUTOINCREMENT");
	breaks(test,
	    "CREATE TABLE bad (a INTEGER PRIMARY KEY NOT NULL,"
	    "b TEXT UNIQUE ON CONFLICT REPLACE)",
	    "bad", "ON CONFLICT");
}

static void
what_the_rules_allow_is_allowed(void **state)
{
	struct db_test *test = *state;

	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	db_test_exec(test->db,
	    "CREATE TABLE child (a INTEGER PRIMARY KEY NOT NULL,"
	    "b INTEGER REFERENCES node (id));"
	    "CREATE TABLE local_free (x);"
	    "CREATE INDEX by_b ON child (b) WHERE b > 0;"
	    "CREATE TABLE wide (a TEXT NOT NULL, b BLOB NOT NULL,"
	    "PRIMARY KEY (b, a)) WITHOUT ROWID");
	ASSERT_OK(&test->op, db_check_schema(&test->op, test->db));
	ASSERT_OK(&test->op, db_rollback(&test->op, test->db));
}

/* ---- query plans ---- */

static void
a_plan_tells_a_scan_from_a_search(void **state)
{
	struct db_test *test = *state;
	CLEANUP(buf_release) struct buf plan = {0};

	buf_init(&plan, 1 << 12);
	ASSERT_OK(
	    &test->op, db_plan(&test->op, test->db, SQL_NODE_BY_SIZE, &plan));
	assert_string_equal(test->op.error, "");
	assert_true(span_equal(buf_span(&plan), span_str("SCAN node\n")));
	buf_clear(&plan);
	ASSERT_OK(
	    &test->op, db_plan(&test->op, test->db, SQL_NODE_FIND, &plan));
	assert_non_null(memmem(plan.data, plan.size, "SEARCH node", 11));
	assert_null(memmem(plan.data, plan.size, "SCAN", 4));
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, db_test_setup, db_test_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(every_statement_prepares_after_the_migrations),
	    T(a_statement_that_does_not_compile_is_named),
	    T(text_of_two_statements_is_refused),
	    T(a_migration_needs_a_transaction_and_is_undone_with_it),
	    T(statements_go_on_after_a_migration),
	    T(a_migration_that_fails_names_its_version_and_one_cannot_commit),
	    T(any_single_change_of_a_cell_changes_the_hash),
	    T(another_type_of_the_same_value_changes_the_hash),
	    T(what_moves_over_a_border_changes_the_hash),
	    T(the_order_of_insertion_does_not_change_the_hash),
	    T(local_tables_do_not_change_the_hash),
	    T(the_hash_is_the_one_that_its_description_gives),
	    T(long_values_are_hashed_to_their_end),
	    T(a_reader_gives_the_hash_of_its_state),
	    T(a_hash_is_of_one_state_whatever_is_committed_meanwhile),
	    T(odd_names_of_tables_and_columns_are_hashed),
	    T(each_breach_of_the_schemas_rules_is_named),
	    T(what_the_rules_allow_is_allowed),
	    T(a_plan_tells_a_scan_from_a_search),
	};

	return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
