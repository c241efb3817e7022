/* tenant_table.c - the tenant's statements and schema. */
#include "rows.h"
#include "tenant_sql.h"

const struct db_sql *const tenant_statements = &tenant_sql;
const struct db_migration *const tenant_first = &tenant_migrations[0];
