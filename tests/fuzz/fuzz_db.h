/* fuzz_db.h - a database with a few rows for bytes to be put on. */
#ifndef DOZO_FUZZ_DB_H
#define DOZO_FUZZ_DB_H

#include "db/db.h"

/* Makes the database at the first call, and begins. */
struct op *fuzz_db_begin(struct db **ret_db);

/* What the bytes came to: they were taken, or are damaged, and the transaction
 * is still open. Takes all of it back. */
void fuzz_db_end(enum rc rc);

#endif
