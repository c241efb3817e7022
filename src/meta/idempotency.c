/* idempotency.c - rows of requests that were answered. */
#include "meta/idempotency.h"

#include "crypto/hash.h"
#include "meta/rows.h"
#include "tenant_sql.h"

void
idempotency_key(const struct meta *meta, int64_t member, struct span text,
    uint8_t out[IDEMPOTENCY_KEY_SIZE])
{
	uint8_t hashes[2 * 32];

	/* Two members' keys never meet, whatever the texts are. */
	meta_lookup_key(meta, "idempotency-member",
	    span_of(&member, sizeof(member)), hashes);
	meta_lookup_key(meta, "idempotency-text", text, hashes + 32);
	meta_lookup_key(
	    meta, "idempotency-key", span_of(hashes, sizeof(hashes)), out);
}

void
idempotency_request(const struct meta *meta, struct span text,
    uint8_t out[IDEMPOTENCY_KEY_SIZE])
{
	meta_lookup_key(meta, "idempotency-request", text, out);
}

/* The associated data has an integer where other rows have their id. */
static int64_t
row_id(const uint8_t key[IDEMPOTENCY_KEY_SIZE])
{
	int64_t id;

	memcpy(&id, key, sizeof(id));
	return id;
}

enum rc
idempotency_get(struct op *op, struct meta *meta,
    const uint8_t key[IDEMPOTENCY_KEY_SIZE], int64_t now,
    struct idempotency *ret_row)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	struct idempotency row = {0};

	TRY(db_get(op, meta->db, SQL_IDEMPOTENCY_GET, &rows, "b",
	    span_of(key, IDEMPOTENCY_KEY_SIZE)));
	row.expires_at = db_int(rows, 2);
	if (row.expires_at <= now)
		return RC_NOT_FOUND;
	memcpy(row.key, key, sizeof(row.key));
	TRY(rows_fixed(op, rows, 0, row.request, sizeof(row.request)));
	TRY(meta_open(op, meta, "idempotency", "result", row_id(key),
	    db_blob(rows, 1), &row.result));
	*ret_row = row;
	return RC_OK;
}

enum rc
idempotency_put(struct op *op, struct meta *meta, const struct idempotency *row)
{
	struct span key = span_of(row->key, sizeof(row->key));
	struct span sealed;

	TRY(meta_seal(op, meta, "idempotency", "result", row_id(row->key),
	    row->result, &sealed));
	TRY(db_run(op, meta->db, SQL_IDEMPOTENCY_DELETE, "b", key));
	return db_run(op, meta->db, SQL_IDEMPOTENCY_INSERT, "bbbi", key,
	    span_of(row->request, sizeof(row->request)), sealed,
	    row->expires_at);
}

enum rc
idempotency_due(struct op *op, struct meta *meta, int64_t now, bool *ret_due)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_IDEMPOTENCY_DUE, &rows, "i", now));
	*ret_due = db_int(rows, 0) != 0;
	return RC_OK;
}

enum rc
idempotency_expire(
    struct op *op, struct meta *meta, int64_t now, size_t limit, int64_t *ret_n)
{
	return db_run_changed(op, meta->db, SQL_IDEMPOTENCY_EXPIRE, ret_n, "ii",
	    now, (int64_t)limit);
}
