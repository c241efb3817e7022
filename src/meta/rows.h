/* rows.h - what row functions share; private to this folder. */
#ifndef DOZO_META_ROWS_H
#define DOZO_META_ROWS_H

#include "meta/meta.h"

/* Runs a statement that must change a row; RC_NOT_FOUND where there is none. */
#define ROWS_ONE(op, meta, statement, types, ...) \
	({ \
		int64_t rows_changed_ = 0; \
		enum rc rows_rc_ = db_run_changed((op), (meta)->db, \
		    (statement), &rows_changed_, types, __VA_ARGS__); \
		rows_rc_ == RC_OK &&rows_changed_ == 0 ? RC_NOT_FOUND \
						       : rows_rc_; \
	})

/* A blob column of a fixed size. */
static inline enum rc
rows_fixed(struct op *op, const struct db_rows *rows, int column, uint8_t *out,
    size_t size)
{
	struct span blob = db_blob(rows, column);

	if (blob.size != size)
		FAIL(op, RC_DAMAGED, "a column has %zu bytes, not %zu",
		    blob.size, size);
	memcpy(out, blob.data, size);
	return RC_OK;
}

#endif
