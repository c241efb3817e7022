/* db_test.h - what the tests of db/ share: a database of the test's schema, raw
 * SQL. */
#ifndef DOZO_TESTS_UNIT_DB_DB_TEST_H
#define DOZO_TESTS_UNIT_DB_DB_TEST_H

#include "lib/test.h"

#include "db/db.h"
#include "test_sql.h"

struct db_test {
	struct op op;
	char *folder;
	char *path; /* of db */
	char *other_path;
	struct db *db; /* a writer with the test's schema */
	struct db *other; /* a second one, equal */
};

/* For cmocka: *state is a struct db_test. */
int db_test_setup(void **state);
int db_test_teardown(void **state);

/* Runs SQL on the connection beside all of db.h; fails the test if it fails. */
void db_test_exec(struct db *db, const char *sql);

/* As db_test_exec, in a transaction that is committed. */
void db_test_commit(struct op *op, struct db *db, const char *sql);

/* The result of SQLite itself. */
int db_test_try(struct db *db, const char *sql);

/* One integer of a query. */
int64_t db_test_int(struct db *db, const char *sql);

/* Makes a new writer at path with the first n migrations, committed. */
struct db *db_test_make(struct op *op, const char *path, size_t n_migrations);

/* Fails unless both databases have the same state hash (or another one). */
void db_test_assert_equal(struct op *op, struct db *a, struct db *b);
void db_test_assert_differ(struct op *op, struct db *a, struct db *b);

#endif
