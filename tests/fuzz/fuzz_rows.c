/* fuzz_rows.c - loads any bytes as a snapshot's rows (db/load.c). */
#include <stdint.h>

#include "fuzz_db.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct db_load *load;
	struct db *db;
	struct op *op = fuzz_db_begin(&db);
	enum rc rc = db_load_new(op, db, &load);

	if (rc == RC_OK) {
		rc = db_load_rows(op, load, span_of(data, size));
		db_load_free(load);
	}
	fuzz_db_end(rc);
	return 0;
}
