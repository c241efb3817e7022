/* property.c - rows of dead properties. */
#include "meta/property.h"

#include "crypto/hash.h"
#include "meta/rows.h"
#include "tenant_sql.h"

/* namespace NUL name NUL xml */
static enum rc
body_join(struct op *op, const struct property_row *row, struct span *ret_body)
{
	struct span parts[] = {row->namespace, span_of("", 1), row->name,
	    span_of("", 1), row->xml};
	size_t i, size = 0;
	uint8_t *body;

	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		size += parts[i].size;
	TRY(op_alloc(op, size, &body));
	*ret_body = span_of(body, size);
	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (parts[i].size > 0)
			memcpy(body, parts[i].data, parts[i].size);
		body += parts[i].size;
	}
	return RC_OK;
}

/* Takes a text and its NUL off the front. */
static enum rc
take_text(struct op *op, struct span *rest, struct span *ret_text)
{
	const uint8_t *end = memchr(rest->data, 0, rest->size);

	if (end == NULL)
		FAIL(op, RC_DAMAGED, "property.body is cut short");
	*ret_text = span_of(rest->data, (size_t)(end - rest->data));
	*rest = span_of(end + 1, rest->size - ret_text->size - 1);
	return RC_OK;
}

static enum rc
take_row(struct op *op, struct meta *meta, int64_t node,
    const struct db_rows *rows, struct property_row *ret_row)
{
	struct property_row row = {.id = db_int(rows, 0), .node = node};
	struct span rest;

	TRY(meta_open(
	    op, meta, "property", "body", row.id, db_blob(rows, 1), &rest));
	TRY(take_text(op, &rest, &row.namespace));
	TRY(take_text(op, &rest, &row.name));
	row.xml = rest;
	*ret_row = row;
	return RC_OK;
}

enum rc
property_any(struct op *op, struct meta *meta, bool *ret_any)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_PROPERTY_ANY, &rows, ""));
	*ret_any = db_int(rows, 0) != 0;
	return RC_OK;
}

enum rc
property_list(struct op *op, struct meta *meta, int64_t node,
    property_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	bool row;

	TRY(db_query(op, meta->db, SQL_PROPERTY_LIST, &rows, "i", node));
	for (;;) {
		struct property_row property;

		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		TRY(take_row(op, meta, node, rows, &property));
		TRY(each(arg, op, &property));
	}
}

static enum rc
name_key(struct op *op, const struct meta *meta, int64_t node,
    struct span namespace, struct span name, uint8_t out[META_NAME_KEY_SIZE])
{
	const struct property_row row = {.namespace = namespace,
	    .name = name,
	    .xml = span_of(&node, sizeof(node))};
	uint8_t key[SHA256_SIZE];
	struct span text;

	TRY(body_join(op, &row, &text));
	meta_lookup_key(meta, "property", text, key);
	memcpy(out, key, META_NAME_KEY_SIZE);
	return RC_OK;
}

enum rc
property_find(struct op *op, struct meta *meta, int64_t node,
    struct span namespace, struct span name, struct property_row *ret_row)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	uint8_t key[META_NAME_KEY_SIZE];

	TRY(name_key(op, meta, node, namespace, name, key));
	TRY(db_get(op, meta->db, SQL_PROPERTY_FIND, &rows, "ib", node,
	    span_of(key, sizeof(key))));
	return take_row(op, meta, node, rows, ret_row);
}

enum rc
property_sum(struct op *op, struct meta *meta, int64_t node, size_t *ret_n,
    size_t *ret_size)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_PROPERTY_SUM, &rows, "i", node));
	*ret_n = (size_t)db_int(rows, 0);
	*ret_size = (size_t)db_int(rows, 1);
	return RC_OK;
}

static enum rc
seal(struct op *op, struct meta *meta, const struct property_row *row,
    struct span *ret_sealed)
{
	struct span body;

	TRY(body_join(op, row, &body));
	return meta_seal(
	    op, meta, "property", "body", row->id, body, ret_sealed);
}

enum rc
property_insert(
    struct op *op, struct meta *meta, const struct property_row *row)
{
	uint8_t key[META_NAME_KEY_SIZE];
	struct span sealed;

	TRY(name_key(op, meta, row->node, row->namespace, row->name, key));
	TRY(seal(op, meta, row, &sealed));
	return db_run(op, meta->db, SQL_PROPERTY_INSERT, "iibb", row->id,
	    row->node, span_of(key, sizeof(key)), sealed);
}

enum rc
property_set(struct op *op, struct meta *meta, const struct property_row *row)
{
	struct span sealed;

	TRY(seal(op, meta, row, &sealed));
	return ROWS_ONE(op, meta, SQL_PROPERTY_SET, "ib", row->id, sealed);
}

enum rc
property_delete(struct op *op, struct meta *meta, int64_t id)
{
	return ROWS_ONE(op, meta, SQL_PROPERTY_DELETE, "i", id);
}

enum rc
property_delete_some(
    struct op *op, struct meta *meta, int64_t node, size_t limit, size_t *ret_n)
{
	int64_t n = 0;

	TRY(db_run_changed(op, meta->db, SQL_PROPERTY_DELETE_SOME, &n, "ii",
	    node, (int64_t)limit));
	*ret_n = (size_t)n;
	return RC_OK;
}
