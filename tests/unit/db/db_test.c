/* db_test.c - a database of the test's schema, raw SQL. */
#include "db_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "db/db_internal.h"

static bool initialised;

struct db *
db_test_make(struct op *op, const char *path, size_t n_migrations)
{
	struct db *db = NULL;
	size_t i;

	ASSERT_OK(op, db_open(op, path, DB_WRITER, &test_sql, &db));
	ASSERT_OK(op, db_begin(op, db));
	for (i = 0; i < n_migrations; i++)
		ASSERT_OK(op, db_migrate(op, db, &test_migrations[i]));
	ASSERT_OK(op, db_commit(op, db));
	return db;
}

static char *
path_in(const char *folder, const char *name)
{
	char path[512];
	char *copy;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	copy = strdup(path);
	assert_non_null(copy);
	return copy;
}

int
db_test_setup(void **state)
{
	struct db_test *test = calloc(1, sizeof(*test));

	assert_non_null(test);
	op_init(&test->op);
	if (!initialised)
		ASSERT_OK(&test->op, db_library_init(&test->op));
	initialised = true;
	test->folder = test_sandbox();
	test->path = path_in(test->folder, "one.db");
	test->other_path = path_in(test->folder, "other.db");
	test->db = db_test_make(&test->op, test->path, 1);
	test->other = db_test_make(&test->op, test->other_path, 1);
	*state = test;
	return 0;
}

int
db_test_teardown(void **state)
{
	struct db_test *test = *state;

	db_close(test->db);
	db_close(test->other);
	test_sandbox_remove(test->folder);
	free(test->path);
	free(test->other_path);
	op_release(&test->op);
	free(test);
	return 0;
}

int
db_test_try(struct db *db, const char *sql)
{
	return sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
}

void
db_test_exec(struct db *db, const char *sql)
{
	if (db_test_try(db, sql) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db->handle));
}

void
db_test_commit(struct op *op, struct db *db, const char *sql)
{
	ASSERT_OK(op, db_begin(op, db));
	db_test_exec(db, sql);
	ASSERT_OK(op, db_commit(op, db));
}

int64_t
db_test_int(struct db *db, const char *sql)
{
	sqlite3_stmt *handle = NULL;
	int64_t value;

	assert_int_equal(
	    sqlite3_prepare_v2(db->handle, sql, -1, &handle, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(handle), SQLITE_ROW);
	value = sqlite3_column_int64(handle, 0);
	(void)sqlite3_finalize(handle);
	return value;
}

static bool
same_hash(struct op *op, struct db *a, struct db *b)
{
	uint8_t hash_a[DB_HASH_SIZE];
	uint8_t hash_b[DB_HASH_SIZE];

	ASSERT_OK(op, db_state_hash(op, a, hash_a));
	ASSERT_OK(op, db_state_hash(op, b, hash_b));
	return memcmp(hash_a, hash_b, sizeof(hash_a)) == 0;
}

void
db_test_assert_equal(struct op *op, struct db *a, struct db *b)
{
	assert_true(same_hash(op, a, b));
}

void
db_test_assert_differ(struct op *op, struct db *a, struct db *b)
{
	assert_false(same_hash(op, a, b));
}
