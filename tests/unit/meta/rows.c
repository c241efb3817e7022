/* rows.c - a database for the tests of meta/. */
#include "rows.h"

#include <stdio.h>

#include "base/mem.h"

struct rows *
rows_new(const struct db_sql *sql, const struct db_migration *migration)
{
	static bool library;
	struct rows *r = mem_alloc(sizeof(*r));
	char path[512];

	assert_non_null(r);
	op_init(&r->op);
	if (!library)
		ASSERT_OK(&r->op, db_library_init(&r->op));
	library = true;
	r->sandbox = test_sandbox();
	(void)snprintf(path, sizeof(path), "%s/rows.db", r->sandbox);
	ASSERT_OK(&r->op, db_open(&r->op, path, DB_WRITER, sql, &r->db));
	ASSERT_OK(&r->op, db_begin(&r->op, r->db));
	ASSERT_OK(&r->op, db_migrate(&r->op, r->db, migration));
	ASSERT_OK(&r->op, keyring_new(&r->op, 42, false, &r->ring));
	ASSERT_OK(&r->op, meta_keys_init(&r->op, &r->keys, r->ring));
	ASSERT_OK(&r->op, meta_init(&r->op, &r->meta, r->db, &r->keys));
	return r;
}

void
rows_free(struct rows *r)
{
	meta_release(&r->meta);
	meta_keys_release(&r->keys);
	keyring_free(r->ring);
	db_close(r->db);
	test_sandbox_remove(r->sandbox);
	op_release(&r->op);
	mem_free(r);
}
