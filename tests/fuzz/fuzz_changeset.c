/* fuzz_changeset.c - replays any bytes as a changeset onto a few rows
 * (db/apply.c, db/changeset.c). */
#include <stdint.h>

#include "fuzz_db.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct db *db;
	struct op *op = fuzz_db_begin(&db);

	fuzz_db_end(db_apply(op, db, span_of(data, size)));
	return 0;
}
