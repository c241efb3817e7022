/* app_password.c - rows of app passwords. */
#include "meta/app_password.h"

#include "meta/rows.h"
#include "tenant_sql.h"

enum rc
app_password_insert(struct op *op, struct meta *meta,
    const struct app_password *password, const uint8_t hash[SHA256_SIZE])
{
	struct span label;

	TRY(meta_seal(op, meta, "app_password", "label", password->id,
	    password->label, &label));
	return db_run(op, meta->db, SQL_APP_PASSWORD_INSERT, "iibbi",
	    password->id, password->member, span_of(hash, SHA256_SIZE), label,
	    password->created_at);
}

static enum rc
read_row(struct op *op, struct meta *meta, const struct db_rows *rows,
    struct app_password *ret_password)
{
	struct app_password password = {
	    .id = db_int(rows, 0),
	    .member = db_int(rows, 1),
	    .created_at = db_int(rows, 3),
	    .last_used = db_int(rows, 4),
	};

	TRY(meta_open(op, meta, "app_password", "label", password.id,
	    db_blob(rows, 2), &password.label));
	*ret_password = password;
	return RC_OK;
}

enum rc
app_password_get(struct op *op, struct meta *meta, int64_t id,
    struct app_password *ret_password)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_APP_PASSWORD_GET, &rows, "i", id));
	return read_row(op, meta, rows, ret_password);
}

enum rc
app_password_find(struct op *op, struct meta *meta,
    const uint8_t hash[SHA256_SIZE], struct app_password *ret_password)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_APP_PASSWORD_FIND, &rows, "b",
	    span_of(hash, SHA256_SIZE)));
	return read_row(op, meta, rows, ret_password);
}

enum rc
app_password_list(struct op *op, struct meta *meta, int64_t member,
    app_password_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	bool row;

	TRY(db_query(op, meta->db, SQL_APP_PASSWORD_LIST, &rows, "i", member));
	for (;;) {
		struct app_password password;

		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		TRY(read_row(op, meta, rows, &password));
		TRY(each(arg, op, &password));
	}
}

enum rc
app_password_set_used(struct op *op, struct meta *meta, int64_t id, int64_t day)
{
	return ROWS_ONE(op, meta, SQL_APP_PASSWORD_SET_USED, "ii", id, day);
}

enum rc
app_password_delete(struct op *op, struct meta *meta, int64_t id)
{
	return ROWS_ONE(op, meta, SQL_APP_PASSWORD_DELETE, "i", id);
}
