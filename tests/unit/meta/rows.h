/* rows.h - a database with one of the two schemas, inside an open transaction.
 */
#ifndef DOZO_TESTS_META_ROWS_H
#define DOZO_TESTS_META_ROWS_H

#include "lib/test.h"
#include "meta/meta.h"

struct rows {
	char *sandbox;
	struct op op;
	struct keyring *ring;
	struct meta_keys keys;
	struct db *db;
	struct meta meta;
};

struct rows *
rows_new(const struct db_sql *sql, const struct db_migration *migration);
void rows_free(struct rows *r);

/* The two tables: their headers cannot stand in one file. */
extern const struct db_sql *const tenant_statements;
extern const struct db_sql *const provider_statements;
extern const struct db_migration *const tenant_first;
extern const struct db_migration *const provider_first;

#endif
