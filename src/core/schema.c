/* schema.c - the schemas and their migrations. */
#include "core/schema.h"

#include <string.h>

#include "core/tenant.h"
#include "crypto/hash.h"

/* Made by tools/sql2c. Their headers name shared statements alike and cannot be
 * included together. */
enum { TENANT_MIGRATIONS = 1, PROVIDER_MIGRATIONS = 1 };
extern const struct db_sql tenant_sql;
extern const struct db_migration tenant_migrations[TENANT_MIGRATIONS];
extern const struct db_sql provider_sql;
extern const struct db_migration provider_migrations[PROVIDER_MIGRATIONS];

const struct schema *
schema_of(uint64_t tenant)
{
	static const struct schema provider = {
	    &provider_sql, provider_migrations, PROVIDER_MIGRATIONS};
	static const struct schema others = {
	    &tenant_sql, tenant_migrations, TENANT_MIGRATIONS};

	return tenant == TENANT_PROVIDER ? &provider : &others;
}

void
schema_record(
    const struct schema *schema, size_t i, uint8_t out[SCHEMA_RECORD_SIZE])
{
	uint32_t version = schema->migrations[i].version;

	out[0] = (uint8_t)version;
	out[1] = (uint8_t)(version >> 8);
	out[2] = (uint8_t)(version >> 16);
	out[3] = (uint8_t)(version >> 24);
	sha256_of(span_str(schema->migrations[i].text), out + 4);
}

enum rc
schema_migration(struct op *op, const struct schema *schema, struct span record,
    const struct db_migration **ret_migration)
{
	uint8_t own[SCHEMA_RECORD_SIZE];
	size_t i;

	if (record.size != SCHEMA_RECORD_SIZE)
		FAIL(op, RC_DAMAGED, "a migration record has %zu bytes",
		    record.size);
	for (i = 0; i < schema->n_migrations; i++) {
		schema_record(schema, i, own);
		if (memcmp(own, record.data, 4) != 0)
			continue;
		if (memcmp(own, record.data, sizeof(own)) != 0)
			FAIL(op, RC_DAMAGED,
			    "migration %u is not the one of this program",
			    schema->migrations[i].version);
		*ret_migration = &schema->migrations[i];
		return RC_OK;
	}
	FAIL(op, RC_REFUSED,
	    "the log has a schema that is newer than this program");
}
