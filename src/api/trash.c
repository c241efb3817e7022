/* trash.c - what was deleted: list, restore, end it for good. */
#include "core/trash.h"

#include "api/cursor.h"
#include "api/outcome.h"
#include "base/clock.h"
#include "core/purge.h"
#include "core/scratch.h"
#include "door/id.h"

enum { PAGE_MAX = 1000, PAGE_USUAL = 100, LIST_LIMIT = 64 << 20 };

/* ---- GET /trash ---- */

struct item {
	struct trash trash;
	struct node node; /* its name is the request's */
};

struct list {
	struct api *api;
	struct meta *meta;
	uint64_t limit;
	struct span cursor;
	size_t n;
	struct item *items; /* one more than limit */
	int64_t wall_minus_service;
	struct buf json;
};

static enum rc
collect(void *arg, struct op *op, const struct trash *trash,
    const struct node *node)
{
	struct list *list = arg;
	struct item *item;
	char *name;

	if (list->n > list->limit)
		return RC_LIMIT; /* that will do */
	item = &list->items[list->n++];
	item->trash = *trash;
	item->node = *node;
	TRY(op_alloc(op, node->name.size + 1, &name));
	memcpy(name, node->name.data, node->name.size);
	item->node.name = span_of(name, node->name.size);
	return RC_OK;
}

static enum rc
add_item(struct op *op, struct list *list, const struct item *item)
{
	bool file = item->node.kind == NODE_FILE;
	struct buf *json = &list->json;
	struct span folder;

	TRY(trash_folder(op, list->meta, &item->trash, &folder));
	TRY(buf_add_str(op, json, "{"));
	TRY(api_add_id(op, json, "id", item->node.id));
	TRY(api_add_text(op, json, "name", item->node.name));
	TRY(api_add_text(op, json, "type", span_str(file ? "file" : "folder")));
	TRY(file ? api_add_number(op, json, "size", item->node.size)
		 : api_add_null(op, json, "size"));
	TRY(api_add_time(op, json, "mtime", item->node.mtime));
	TRY(api_add_text(op, json, "folder", folder));
	TRY(api_add_time(op, json, "deleted_at", item->trash.deleted_at));
	TRY(api_add_member(op, list->meta, json, "by", item->trash.deleted_by));
	TRY(api_add_time(op, json, "kept_until",
	    item->trash.kept_until + list->wall_minus_service));
	return buf_add_str(op, json, "}");
}

/* Paths leave much in an op's memory: each item has its own. */
static enum rc
add_items(struct op *op, struct list *list)
{
	size_t i, n = list->n < list->limit ? list->n : (size_t)list->limit;

	for (i = 0; i < n; i++) {
		struct op scratch;
		enum rc rc;

		TRY(buf_add_str(op, &list->json, i > 0 ? ",\n" : "\n"));
		scratch_init(&scratch, op);
		rc = scratch_end(
		    op, &scratch, add_item(&scratch, list, &list->items[i]));
		op_release(&scratch);
		TRY(rc);
	}
	return RC_OK;
}

static enum rc
add_next(struct op *op, struct list *list)
{
	char next[CURSOR_SIZE];
	const struct item *last;
	uint64_t numbers[2];

	if (list->n <= list->limit)
		return buf_add_str(op, &list->json, "\n],\"next\":null}\n");
	last = &list->items[list->limit - 1];
	numbers[0] = (uint64_t)last->trash.space;
	numbers[1] = (uint64_t)last->trash.node;
	cursor_write(list->meta, op->actor.member, "trash", numbers, 2, next);
	return buf_add_format(op, &list->json, "\n],\"next\":\"%s\"}\n", next);
}

static enum rc
read_list(struct api *api, struct meta *meta, void *arg)
{
	struct op *op = api->req->op;
	struct trash_after after = {0};
	uint64_t numbers[2] = {0, 0};
	struct list *list = arg;
	enum rc rc;

	list->meta = meta;
	if (list->cursor.data != NULL)
		TRY(cursor_read(op, meta, op->actor.member, "trash",
		    list->cursor, numbers, 2));
	after.space = (int64_t)numbers[0];
	after.node = (int64_t)numbers[1];
	rc = trash_items_after(
	    op, meta, ACCESS_RESTORE, api_now(api), &after, collect, list);
	if (rc != RC_LIMIT || list->n <= list->limit)
		TRY(rc);
	TRY(buf_add_str(op, &list->json, "{\"items\":["));
	TRY(add_items(op, list));
	return add_next(op, list);
}

static void
list_release(struct list *list)
{
	buf_release(&list->json);
}

static enum rc
list_end(struct api *api)
{
	CLEANUP(list_release) struct list list = {.json.limit = LIST_LIMIT};

	list.api = api;
	list.wall_minus_service = clock_wall() - api_now(api);
	TRY(api_param_number(
	    api, "limit", 1, PAGE_MAX, PAGE_USUAL, &list.limit));
	TRY(api_param(api, "cursor", &list.cursor));
	TRY(op_alloc(api->req->op,
	    ((size_t)list.limit + 1) * sizeof(*list.items), &list.items));
	TRY(api_read(api, read_list, &list));
	api_answer(api, 200, &list.json);
	return RC_OK;
}

/* ---- POST /trash/{id}/restore ---- */

enum { PARENT, NAME, FIELDS };
static const struct body_field fields[FIELDS] = {
    [PARENT] = {.name = "parent", .type = BODY_TEXT},
    [NAME] = {.name = "name", .type = BODY_TEXT},
};

static enum rc
run_restore(struct api *api, const struct body_value *values,
    struct tree_result *result)
{
	struct tree_target to = {0};
	struct op *op = api->req->op;
	struct span name;
	int64_t id;
	enum rc rc;

	if (!door_id_parse(api->params[0], &id))
		return api_no_node(api);
	if (values[PARENT].given)
		TRY(outcome_parent(
		    api, values[PARENT].text, &to.parent, result));
	if (values[NAME].given)
		TRY(tree_name_init(op, values[NAME].text, &to.name));
	rc = trash_restore_to(op, api->tenant, id, &to, result, &name);
	return rc == RC_NOT_FOUND && result->why != TREE_WHY_PARENT
		   ? api_no_node(api)
		   : rc;
}

static enum rc
restore_end(struct api *api)
{
	return outcome_call(api, fields, FIELDS, false, run_restore);
}

/* ---- DELETE ---- */

static enum rc
purge_end(struct api *api)
{
	struct tree_result result = {0};
	int64_t id;
	enum rc rc;

	if (!door_id_parse(api->params[0], &id))
		return api_no_node(api);
	rc = trash_purge(api->req->op, api->tenant, id, &result);
	if (rc == RC_NOT_FOUND)
		return api_no_node(api);
	TRY(rc);
	TRY(door_receipt(api->req, api->door, &result.receipt));
	http_respond(api->req, 204);
	return RC_OK;
}

static enum rc
purge_all(struct api *api, uint64_t *ret_n)
{
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(api->req->op, api->tenant, &reader));
	rc = trash_purge_all(
	    api->req->op, api->tenant, &reader->meta, api_now(api), ret_n);
	tenant_reader_put(api->tenant, reader);
	return rc;
}

static enum rc
empty_end(struct api *api)
{
	CLEANUP(buf_release) struct buf json = {.limit = 64};
	uint64_t n = 0;

	TRY(purge_all(api, &n));
	TRY(buf_add_format(
	    api->req->op, &json, "{\"purged\":%llu}\n", (unsigned long long)n));
	api_answer(api, 200, &json);
	return RC_OK;
}

static const char *const list_query[] = {"limit", "cursor", NULL};

const struct api_call call_trash = {.query = list_query, .end = list_end};
const struct api_call call_restore = {
    .changes = true, .json = true, .end = restore_end};
const struct api_call call_purge = {.changes = true, .end = purge_end};
const struct api_call call_empty = {.changes = true, .end = empty_end};
