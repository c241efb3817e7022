/* schema.h - which schema a log has: the tenant's or the provider's, with all
 * its migrations (LOG.md L9). */
#ifndef DOZO_CORE_SCHEMA_H
#define DOZO_CORE_SCHEMA_H

#include "base/op.h"
#include "base/span.h"
#include "db/db.h"

enum { SCHEMA_RECORD_SIZE = 36 };

struct schema {
	const struct db_sql *sql;
	const struct db_migration *migrations;
	size_t n_migrations;
};

/* The provider's for TENANT_PROVIDER, the tenants' for all others. */
const struct schema *schema_of(uint64_t tenant);

/* The migration record of migrations[i]: u32 version, SHA-256 of the SQL. */
void schema_record(
    const struct schema *schema, size_t i, uint8_t out[SCHEMA_RECORD_SIZE]);

/*
 * The migration that a record names. RC_REFUSED for a version that this program
 * does not know (a newer schema), RC_DAMAGED where the SQL is another.
 */
enum rc schema_migration(struct op *op, const struct schema *schema,
    struct span record, const struct db_migration **ret_migration) MUST_CHECK;

#endif
