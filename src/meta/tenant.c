/* tenant.c - rows of the provider's database. */
#include "meta/tenant.h"

#include "meta/rows.h"
#include "provider_sql.h"

void
tenant_row_key(const struct meta *meta, struct span fold, uint8_t out[32])
{
	meta_lookup_key(meta, "tenant", fold, out);
}

enum rc
tenant_row_insert(struct op *op, struct meta *meta,
    const struct tenant_row *tenant, const uint8_t key[32])
{
	struct span name;

	TRY(meta_seal(op, meta, "tenant", "name", (int64_t)tenant->id,
	    tenant->name, &name));
	return db_run(op, meta->db, SQL_TENANT_INSERT, "ibbiii",
	    (int64_t)tenant->id, span_of(key, 32), name, (int64_t)tenant->lang,
	    (int64_t)tenant->state, tenant->created_at);
}

static enum rc
read_row(struct op *op, struct meta *meta, const struct db_rows *rows,
    struct tenant_row *ret_tenant)
{
	struct tenant_row tenant = {
	    .id = (uint64_t)db_int(rows, 0),
	    .lang = db_int(rows, 2) == LANG_EN ? LANG_EN : LANG_JA,
	    .state = (enum tenant_row_state)db_int(rows, 3),
	    .created_at = db_int(rows, 4),
	};

	TRY(meta_open(op, meta, "tenant", "name", (int64_t)tenant.id,
	    db_blob(rows, 1), &tenant.name));
	*ret_tenant = tenant;
	return RC_OK;
}

enum rc
tenant_row_get(struct op *op, struct meta *meta, uint64_t id,
    struct tenant_row *ret_tenant)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_TENANT_GET, &rows, "i", (int64_t)id));
	return read_row(op, meta, rows, ret_tenant);
}

enum rc
tenant_row_find(struct op *op, struct meta *meta, const uint8_t key[32],
    struct tenant_row *ret_tenant)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(
	    op, meta->db, SQL_TENANT_FIND, &rows, "b", span_of(key, 32)));
	return read_row(op, meta, rows, ret_tenant);
}

enum rc
tenant_row_set_state(
    struct op *op, struct meta *meta, uint64_t id, enum tenant_row_state state)
{
	return ROWS_ONE(
	    op, meta, SQL_TENANT_SET_STATE, "ii", (int64_t)id, (int64_t)state);
}

static enum rc
each_row(struct op *op, struct meta *meta, struct db_rows *rows,
    tenant_row_each *each, void *arg)
{
	bool row;

	for (;;) {
		struct tenant_row tenant;

		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		TRY(read_row(op, meta, rows, &tenant));
		TRY(each(arg, op, &tenant));
	}
}

enum rc
tenant_row_list(struct op *op, struct meta *meta, uint64_t after, size_t limit,
    tenant_row_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_query(op, meta->db, SQL_TENANT_LIST, &rows, "ii", (int64_t)after,
	    (int64_t)limit));
	return each_row(op, meta, rows, each, arg);
}

enum rc
tenant_row_list_state(struct op *op, struct meta *meta,
    enum tenant_row_state state, tenant_row_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_query(
	    op, meta->db, SQL_TENANT_LIST_STATE, &rows, "i", (int64_t)state));
	return each_row(op, meta, rows, each, arg);
}

enum rc
register_fact_put(struct op *op, struct meta *meta, uint64_t version,
    struct span body, int64_t made_at)
{
	return db_run(op, meta->db, SQL_REGISTER_FACT_PUT, "ibi",
	    (int64_t)version, body, made_at);
}

enum rc
register_fact_newest(struct op *op, struct meta *meta, uint64_t *ret_version,
    struct span *ret_body)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	struct span body;
	uint8_t *copy;

	TRY(db_get(op, meta->db, SQL_REGISTER_FACT_NEWEST, &rows, ""));
	body = db_blob(rows, 1);
	TRY(op_alloc(op, body.size + 1, &copy));
	if (body.size > 0)
		memcpy(copy, body.data, body.size);
	*ret_version = (uint64_t)db_int(rows, 0);
	*ret_body = span_of(copy, body.size);
	return RC_OK;
}

enum rc
site_row_put(struct op *op, struct meta *meta, const struct site_row *site)
{
	return db_run(op, meta->db, SQL_SITE_PUT, "bttt",
	    span_of(site->id, OBJECT_ID_SIZE), site->name, site->place,
	    site->country);
}

enum rc
site_row_remove(
    struct op *op, struct meta *meta, const uint8_t id[OBJECT_ID_SIZE])
{
	return db_run(
	    op, meta->db, SQL_SITE_REMOVE, "b", span_of(id, OBJECT_ID_SIZE));
}

enum rc
site_row_list(struct op *op, struct meta *meta, site_row_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	bool row;

	TRY(db_query(op, meta->db, SQL_SITE_LIST, &rows, ""));
	for (;;) {
		struct site_row site;

		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		TRY(rows_fixed(op, rows, 0, site.id, sizeof(site.id)));
		site.name = db_text(rows, 1);
		site.place = db_text(rows, 2);
		site.country = db_text(rows, 3);
		TRY(each(arg, op, &site));
	}
}
