/* node.c - rows of the tree. */
#include "meta/node.h"

#include <endian.h>
#include <string.h>

#include "crypto/hash.h"
#include "meta/rows.h"
#include "tenant_sql.h"

void
node_key(const struct meta_keys *keys, int64_t parent, struct span fold,
    uint8_t out[META_NAME_KEY_SIZE])
{
	struct siv_ad prefix;
	struct span pieces[2];
	uint8_t key[SHA256_SIZE];

	siv_ad_init(&prefix);
	siv_ad_add_u64(&prefix, keys->tenant);
	siv_ad_add(&prefix, span_str("node"));
	siv_ad_add_u64(&prefix, (uint64_t)parent);
	siv_ad_add_u64(&prefix, fold.size);
	pieces[0] = span_of(prefix.bytes, prefix.size);
	pieces[1] = fold;
	hmac_sha256(secret_span(keys->name), pieces, 2, key);
	memcpy(out, key, META_NAME_KEY_SIZE);
}

void
node_fixed_key(int64_t id, uint8_t out[META_NAME_KEY_SIZE])
{
	uint64_t big = htobe64((uint64_t)id);

	memset(out, 0, META_NAME_KEY_SIZE);
	memcpy(out + META_NAME_KEY_SIZE - sizeof(big), &big, sizeof(big));
}

/* All columns but the name. */
static enum rc
read_row(struct op *op, const struct db_rows *rows, struct node *node)
{
	struct span key = db_blob(rows, 11);

	if (key.size != META_NAME_KEY_SIZE)
		FAIL(op, RC_DAMAGED, "node.name_key has a wrong size");
	memcpy(node->key, key.data, META_NAME_KEY_SIZE);
	node->id = db_int(rows, 0);
	node->parent = db_int(rows, 1);
	node->kind = db_int(rows, 3) == NODE_FOLDER ? NODE_FOLDER : NODE_FILE;
	node->content = db_int(rows, 4);
	node->size = (uint64_t)db_int(rows, 5);
	node->mtime = db_int(rows, 6);
	node->created_at = db_int(rows, 7);
	node->changed_at = db_int(rows, 8);
	node->changed_by = db_int(rows, 9);
	node->tag = db_int(rows, 10);
	return RC_OK;
}

static enum rc
take_row(struct op *op, struct meta *meta, const struct db_rows *rows,
    struct node *ret_node)
{
	struct node node;

	TRY(read_row(op, rows, &node));
	TRY(meta_open(
	    op, meta, "node", "name", node.id, db_blob(rows, 2), &node.name));
	*ret_node = node;
	return RC_OK;
}

enum rc
node_get(struct op *op, struct meta *meta, int64_t id, struct node *ret_node)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_NODE_GET, &rows, "i", id));
	return take_row(op, meta, rows, ret_node);
}

enum rc
node_find(struct op *op, struct meta *meta, int64_t parent,
    const uint8_t key[META_NAME_KEY_SIZE], struct node *ret_node)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_NODE_FIND, &rows, "ib", parent,
	    span_of(key, META_NAME_KEY_SIZE)));
	return take_row(op, meta, rows, ret_node);
}

enum rc
node_parent(struct op *op, struct meta *meta, int64_t id, int64_t *ret_parent)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_NODE_PARENT, &rows, "i", id));
	*ret_parent = db_int(rows, 0);
	return RC_OK;
}

enum rc
node_list(struct op *op, struct meta *meta, int64_t parent,
    const uint8_t *after, size_t limit, node_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	uint8_t name[NODE_NAME_SIZE + 1];
	struct node node;
	bool row;

	TRY(db_query(op, meta->db, SQL_NODE_LIST, &rows, "ibi", parent,
	    span_of(after, after != NULL ? META_NAME_KEY_SIZE : 0),
	    (int64_t)limit));
	for (;;) {
		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		TRY(read_row(op, rows, &node));
		TRY(meta_open_into(op, meta, "node", "name", node.id,
		    db_blob(rows, 2), name, NODE_NAME_SIZE, &node.name));
		name[node.name.size] = '\0';
		TRY(each(arg, op, &node));
	}
}

enum rc
node_names(struct op *op, struct meta *meta, int64_t after, size_t limit,
    node_name_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	uint8_t name[NODE_NAME_SIZE + 1];
	struct span plain;
	bool row;

	TRY(db_query(
	    op, meta->db, SQL_NODE_NAMES, &rows, "ii", after, (int64_t)limit));
	for (;;) {
		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		TRY(meta_open_into(op, meta, "node", "name", db_int(rows, 0),
		    db_blob(rows, 1), name, sizeof(name), &plain));
		TRY(each(arg, op, db_int(rows, 0), plain));
	}
}

void
node_after(uint8_t last[META_NAME_KEY_SIZE], const struct node *node)
{
	if (memcmp(node->key, last, META_NAME_KEY_SIZE) > 0)
		memcpy(last, node->key, META_NAME_KEY_SIZE);
}

enum rc
node_insert(struct op *op, struct meta *meta, const struct node *node)
{
	struct span sealed;

	TRY(meta_seal(op, meta, "node", "name", node->id, node->name, &sealed));
	return db_run(op, meta->db, SQL_NODE_INSERT, "iibbiiiiiiii", node->id,
	    node->parent, span_of(node->key, META_NAME_KEY_SIZE), sealed,
	    (int64_t)node->kind, node->content, (int64_t)node->size,
	    node->mtime, node->created_at, node->changed_at, node->changed_by,
	    node->tag);
}

enum rc
node_set_content(struct op *op, struct meta *meta, const struct node *node)
{
	return ROWS_ONE(op, meta, SQL_NODE_SET_CONTENT, "iiiiiii", node->id,
	    node->content, (int64_t)node->size, node->mtime, node->changed_at,
	    node->changed_by, node->tag);
}

enum rc
node_set_mtime(struct op *op, struct meta *meta, const struct node *node)
{
	return ROWS_ONE(op, meta, SQL_NODE_SET_MTIME, "iiiii", node->id,
	    node->mtime, node->changed_at, node->changed_by, node->tag);
}

enum rc
node_set_place(struct op *op, struct meta *meta, int64_t id, int64_t parent,
    const uint8_t key[META_NAME_KEY_SIZE])
{
	return ROWS_ONE(op, meta, SQL_NODE_SET_PLACE, "iib", id, parent,
	    span_of(key, META_NAME_KEY_SIZE));
}

enum rc
node_set_name(struct op *op, struct meta *meta, int64_t id, struct span name)
{
	struct span sealed;

	TRY(meta_seal(op, meta, "node", "name", id, name, &sealed));
	return ROWS_ONE(op, meta, SQL_NODE_SET_NAME, "ib", id, sealed);
}

enum rc
node_delete(struct op *op, struct meta *meta, int64_t id)
{
	TRY(ROWS_ONE(op, meta, SQL_NODE_DELETE, "i", id));
	return db_run(op, meta->db, SQL_FOLDER_TAG_DELETE, "i", id);
}

enum rc
folder_tag_set(struct op *op, struct meta *meta, int64_t id, int64_t tag)
{
	return db_run(op, meta->db, SQL_FOLDER_TAG_SET, "ii", id, tag);
}
