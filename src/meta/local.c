/* local.c - rows of the database's own place in the log, and acks. */
#include "meta/local.h"

#include "meta/rows.h"
#include "tenant_sql.h"

/* local_log.changes: whose they are. */
enum { USERS = 1, CHANGES = 2 };

void
local_log_name(const struct local_log *log, struct log_name *ret_name)
{
	ret_name->number = log->number;
	ret_name->generation = log->generation;
	memcpy(ret_name->hash8, log->hash, sizeof(ret_name->hash8));
}

enum rc
local_log_add(struct op *op, struct meta *meta, const struct local_log *log)
{
	int64_t changes = log->users ? USERS : log->changes ? CHANGES : 0;

	return db_run(op, meta->db, SQL_LOCAL_LOG_ADD, "iiibii",
	    (int64_t)log->number, (int64_t)log->generation.counter,
	    (int64_t)log->generation.attempt,
	    span_of(log->hash, OBJECT_HASH_SIZE), (int64_t)log->body_offset,
	    changes);
}

/* Number, generation and hash, which logs and asides have alike. */
static enum rc
read_log(struct op *op, const struct db_rows *rows, struct local_log *log)
{
	*log = (struct local_log){
	    .number = (uint64_t)db_int(rows, 0),
	    .generation = {(uint64_t)db_int(rows, 1),
		(uint64_t)db_int(rows, 2)},
	};
	return rows_fixed(op, rows, 3, log->hash, sizeof(log->hash));
}

static enum rc
read_whole_log(struct op *op, const struct db_rows *rows, struct local_log *log)
{
	TRY(read_log(op, rows, log));
	log->body_offset = (uint64_t)db_int(rows, 4);
	log->changes = db_int(rows, 5) != 0;
	log->users = db_int(rows, 5) == USERS;
	return RC_OK;
}

enum rc
local_log_get(struct op *op, struct meta *meta, uint64_t number,
    struct local_log *ret_log)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	struct local_log log;

	TRY(db_get(
	    op, meta->db, SQL_LOCAL_LOG_GET, &rows, "i", (int64_t)number));
	TRY(read_whole_log(op, rows, &log));
	*ret_log = log;
	return RC_OK;
}

enum rc
local_log_users(
    struct op *op, struct meta *meta, uint64_t above, bool *ret_users)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(
	    op, meta->db, SQL_LOCAL_LOG_USERS, &rows, "i", (int64_t)above));
	*ret_users = db_int(rows, 0) != 0;
	return RC_OK;
}

enum rc
local_log_head(struct op *op, struct meta *meta, struct local_log *ret_log)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	struct local_log log;

	TRY(db_get(op, meta->db, SQL_LOCAL_LOG_HEAD, &rows, ""));
	TRY(read_whole_log(op, rows, &log));
	*ret_log = log;
	return RC_OK;
}

enum rc
local_log_list(struct op *op, struct meta *meta, uint64_t from, size_t limit,
    local_log_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	struct local_log log;
	bool row;

	TRY(db_query(op, meta->db, SQL_LOCAL_LOG_LIST, &rows, "ii",
	    (int64_t)from, (int64_t)limit));
	for (;;) {
		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		TRY(read_whole_log(op, rows, &log));
		TRY(each(arg, op, &log));
	}
}

enum rc
local_log_forget(struct op *op, struct meta *meta, uint64_t number)
{
	return db_run(op, meta->db, SQL_LOCAL_LOG_FORGET, "i", (int64_t)number);
}

enum rc
local_data_add(struct op *op, struct meta *meta, const struct local_data *data)
{
	return db_run(op, meta->db, SQL_LOCAL_DATA_ADD, "bbii",
	    span_of(data->id, OBJECT_ID_SIZE),
	    span_of(data->hash, OBJECT_HASH_SIZE), (int64_t)data->size,
	    (int64_t)data->number);
}

static enum rc
read_data(struct op *op, const struct db_rows *rows, struct local_data *data)
{
	TRY(rows_fixed(op, rows, 0, data->id, sizeof(data->id)));
	TRY(rows_fixed(op, rows, 1, data->hash, sizeof(data->hash)));
	data->size = (uint64_t)db_int(rows, 2);
	data->number = (uint64_t)db_int(rows, 3);
	return RC_OK;
}

enum rc
local_data_get(struct op *op, struct meta *meta,
    const uint8_t id[OBJECT_ID_SIZE], struct local_data *ret_data)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	struct local_data data;

	TRY(db_get(op, meta->db, SQL_LOCAL_DATA_GET, &rows, "b",
	    span_of(id, OBJECT_ID_SIZE)));
	TRY(read_data(op, rows, &data));
	*ret_data = data;
	return RC_OK;
}

enum rc
local_data_remove(
    struct op *op, struct meta *meta, const uint8_t id[OBJECT_ID_SIZE])
{
	return ROWS_ONE(
	    op, meta, SQL_LOCAL_DATA_REMOVE, "b", span_of(id, OBJECT_ID_SIZE));
}

enum rc
local_data_list(struct op *op, struct meta *meta, const uint8_t *after,
    size_t limit, local_data_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	struct local_data data;
	bool row;

	TRY(db_query(op, meta->db, SQL_LOCAL_DATA_LIST, &rows, "bi",
	    span_of(after, after != NULL ? OBJECT_ID_SIZE : 0),
	    (int64_t)limit));
	for (;;) {
		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		TRY(read_data(op, rows, &data));
		TRY(each(arg, op, &data));
	}
}

enum rc
local_aside_add(struct op *op, struct meta *meta, const struct local_log *aside)
{
	return db_run(op, meta->db, SQL_LOCAL_ASIDE_ADD, "iiib",
	    (int64_t)aside->number, (int64_t)aside->generation.counter,
	    (int64_t)aside->generation.attempt,
	    span_of(aside->hash, OBJECT_HASH_SIZE));
}

enum rc
local_aside_list(struct op *op, struct meta *meta, uint64_t from,
    local_log_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	struct local_log log;
	bool row;

	TRY(db_query(
	    op, meta->db, SQL_LOCAL_ASIDE_LIST, &rows, "i", (int64_t)from));
	for (;;) {
		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		TRY(read_log(op, rows, &log));
		TRY(each(arg, op, &log));
	}
}

enum rc
local_aside_forget(struct op *op, struct meta *meta, uint64_t number)
{
	return db_run(
	    op, meta->db, SQL_LOCAL_ASIDE_FORGET, "i", (int64_t)number);
}

enum rc
local_state_get(
    struct op *op, struct meta *meta, const char *key, struct span *ret_value)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	struct span value;
	uint8_t *copy;

	TRY(db_get(op, meta->db, SQL_LOCAL_STATE_GET, &rows, "t", key));
	value = db_blob(rows, 0);
	TRY(op_alloc(op, value.size + 1, &copy));
	if (value.size > 0)
		memcpy(copy, value.data, value.size);
	*ret_value = span_of(copy, value.size);
	return RC_OK;
}

enum rc
local_state_set(
    struct op *op, struct meta *meta, const char *key, struct span value)
{
	return db_run(op, meta->db, SQL_LOCAL_STATE_SET, "tb", key, value);
}

enum rc
ack_add(struct op *op, struct meta *meta, uint64_t number,
    const uint8_t site[OBJECT_ID_SIZE], int64_t time)
{
	return db_run(op, meta->db, SQL_ACK_ADD, "bii",
	    span_of(site, OBJECT_ID_SIZE), (int64_t)number, time);
}

enum rc
ack_remove(struct op *op, struct meta *meta, uint64_t number,
    const uint8_t site[OBJECT_ID_SIZE])
{
	return ROWS_ONE(op, meta, SQL_ACK_REMOVE, "bi",
	    span_of(site, OBJECT_ID_SIZE), (int64_t)number);
}

/* The one number that a statement finds for a site; 0: none. */
static enum rc
ack_find(struct op *op, struct meta *meta, size_t statement,
    const uint8_t site[OBJECT_ID_SIZE], uint64_t *ret_number)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	enum rc rc = db_get(
	    op, meta->db, statement, &rows, "b", span_of(site, OBJECT_ID_SIZE));

	*ret_number = 0;
	if (rc == RC_NOT_FOUND)
		return RC_OK;
	TRY(rc);
	*ret_number = (uint64_t)db_int(rows, 0);
	return RC_OK;
}

/* The next site that has any; RC_NOT_FOUND behind the last. */
static enum rc
site_next(struct op *op, struct meta *meta, struct span after,
    uint8_t ret_site[OBJECT_ID_SIZE])
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_ACK_SITE, &rows, "b", after));
	return rows_fixed(op, rows, 0, ret_site, OBJECT_ID_SIZE);
}

static enum rc
site_has(struct op *op, struct meta *meta, uint64_t number,
    const uint8_t site[OBJECT_ID_SIZE], int64_t *ret_time)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_ACK_GET, &rows, "bi",
	    span_of(site, OBJECT_ID_SIZE), (int64_t)number));
	*ret_time = db_int(rows, 0);
	return RC_OK;
}

enum rc
ack_first(struct op *op, struct meta *meta, const uint8_t site[OBJECT_ID_SIZE],
    uint64_t *ret_number)
{
	return ack_find(op, meta, SQL_ACK_FIRST, site, ret_number);
}

enum rc
ack_last(struct op *op, struct meta *meta, const uint8_t site[OBJECT_ID_SIZE],
    uint64_t *ret_number)
{
	return ack_find(op, meta, SQL_ACK_LAST, site, ret_number);
}

enum rc
ack_drop(struct op *op, struct meta *meta, const uint8_t site[OBJECT_ID_SIZE],
    uint64_t first, uint64_t last)
{
	return db_run(op, meta->db, SQL_ACK_DROP, "bii",
	    span_of(site, OBJECT_ID_SIZE), (int64_t)first, (int64_t)last);
}

enum rc
ack_list(struct op *op, struct meta *meta, uint64_t number, ack_each *each,
    void *arg)
{
	uint8_t site[OBJECT_ID_SIZE];
	struct span after = span_of(NULL, 0);
	int64_t time;
	enum rc rc;

	while ((rc = site_next(op, meta, after, site)) == RC_OK) {
		after = span_of(site, sizeof(site));
		rc = site_has(op, meta, number, site, &time);
		if (rc == RC_OK)
			rc = each(arg, op, site, time);
		if (rc != RC_NOT_FOUND)
			TRY(rc);
		op_clear_error(op);
	}
	op_clear_error(op);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}
