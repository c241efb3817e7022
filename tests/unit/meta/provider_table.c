/* provider_table.c - the provider's statements and schema. */
#include "provider_sql.h"
#include "rows.h"

const struct db_sql *const provider_statements = &provider_sql;
const struct db_migration *const provider_first = &provider_migrations[0];
