/* fuzz_db.c - a few rows, as the corpus of changesets and of rows knows them:
 * to change the schema makes the seeds stale. */
#include "fuzz_db.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct db_migration schema = {1,
    "CREATE TABLE node (id INTEGER PRIMARY KEY NOT NULL,"
    " parent INTEGER NOT NULL, name BLOB NOT NULL, note TEXT,"
    " UNIQUE (parent, name));"
    "CREATE TABLE pair (b TEXT NOT NULL, a INTEGER NOT NULL, value,"
    " PRIMARY KEY (a, b)) WITHOUT ROWID;"
    "CREATE TABLE local_head (id INTEGER PRIMARY KEY NOT NULL);"
    "INSERT INTO node VALUES (1, 0, 'a', 'x'), (2, 0, 'b', NULL);"
    "INSERT INTO pair VALUES ('b', 1, 1.5), ('c', 1, x'00');"};
static const struct db_sql no_statements = {NULL, 0};

static struct op op;
static struct db *db;
static char folder[] = "/tmp/dozo-fuzz-XXXXXX";

static void
must(enum rc rc)
{
	if (rc == RC_OK)
		return;
	(void)fprintf(stderr, "%s\n", op_error(&op, rc));
	abort();
}

static void
clean_up(void)
{
	static const char *const files[] = {"/db", "/db-wal", "/db-shm"};
	char path[PATH_MAX];
	size_t i;

	db_close(db);
	for (i = 0; i < ARRAY_LEN(files); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", folder, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
}

static void
set_up(void)
{
	char path[PATH_MAX];

	op_init(&op);
	must(db_library_init(&op));
	if (mkdtemp(folder) == NULL)
		abort();
	(void)snprintf(path, sizeof(path), "%s/db", folder);
	must(db_open(&op, path, DB_WRITER, &no_statements, &db));
	must(db_begin(&op, db));
	must(db_migrate(&op, db, &schema));
	must(db_commit(&op, db));
	(void)atexit(clean_up);
}

struct op *
fuzz_db_begin(struct db **ret_db)
{
	if (db == NULL)
		set_up();
	must(db_begin(&op, db));
	*ret_db = db;
	return &op;
}

void
fuzz_db_end(enum rc rc)
{
	if (rc != RC_OK && rc != RC_DAMAGED)
		must(rc);
	if (!db_in_transaction(db))
		abort();
	op_clear_error(&op);
	must(db_rollback(&op, db));
}
