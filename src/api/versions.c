/* versions.c - the contents that a file has had: list, bytes, swap, save as. */
#include "api/cursor.h"
#include "api/outcome.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "core/acks.h"
#include "core/file_version.h"
#include "core/site_info.h"
#include "door/content.h"
#include "door/id.h"
#include "meta/content.h"

enum {
	PAGE_MAX = 1000,
	PAGE_USUAL = 100,
	LIST_LIMIT = 16 << 20, /* PAGE_MAX items with all their sites */
};

/* The id of what the file has now, which is no version yet. */
#define CURRENT "current"

/* As whoever asks for a version that never was. */
static enum rc
no_version(struct api *api)
{
	op_clear_error(api->req->op);
	FAIL(api->req->op, RC_NOT_FOUND, "no such version");
}

/* The version that the path names, which op->actor may read now. */
static enum rc
version_find(struct api *api, struct meta *meta, const struct node *node,
    struct version *ret_version)
{
	int64_t id;
	enum rc rc;

	if (!door_id_parse(api->params[1], &id) || node->kind != NODE_FILE)
		return no_version(api);
	rc = file_version_find(
	    api->req->op, meta, node->id, id, api_now(api), ret_version);
	return rc == RC_NOT_FOUND ? no_version(api) : rc;
}

/* ---- GET /nodes/{id}/versions ---- */

struct list {
	struct api *api;
	struct meta *meta;
	uint64_t limit;
	struct span cursor;
	struct node node;
	struct site_info sites[SITES_MAX];
	int64_t wall_minus_service;
	size_t n; /* written */
	int64_t last; /* version that was written last; INT64_MAX: none */
	bool more;
	struct buf json;
};

/* A version, or (id 0) what the file has now. */
struct item {
	int64_t id;
	int64_t content;
	uint64_t size;
	int64_t made_at;
	int64_t made_by;
	int64_t replaced_at;
	int64_t kept_until;
};

static enum rc
add_site(struct list *list, const struct receipt *receipt, size_t i)
{
	const struct sites *sites = list->api->door->service->config.sites;
	int64_t time = receipt->service_time;
	struct op *op = list->api->req->op;
	struct buf *json = &list->json;

	TRY(buf_add_str(op, json, "{"));
	TRY(api_add_text(
	    op, json, "name", span_str(sites->slots[i].site->name)));
	TRY(api_add_text(op, json, "place", span_str(list->sites[i].place)));
	TRY(time == 0 ? api_add_null(op, json, "acknowledged_at")
		      : api_add_time(op, json, "acknowledged_at",
			    time + list->wall_minus_service));
	return buf_add_str(op, json, "}");
}

/* What its receipt said; where nobody knows any more, those that hold it. */
static enum rc
sites_of(struct list *list, const struct content *content,
    struct receipt *ret_receipt)
{
	struct tenant *tenant = list->api->tenant;
	struct op *op = list->api->req->op;
	enum rc rc = acks_receipt(op, tenant, list->meta, content, ret_receipt);

	if (rc != RC_NOT_FOUND)
		return rc;
	op_clear_error(op);
	*ret_receipt = (struct receipt){
	    .sites = lanes_holding(&tenant->lanes, content->made)};
	return RC_OK;
}

static enum rc
add_sites(struct list *list, const struct content *content)
{
	struct op *op = list->api->req->op;
	struct receipt receipt;
	bool first = true;
	size_t i;

	TRY(sites_of(list, content, &receipt));
	TRY(api_add_key(op, &list->json, "sites"));
	TRY(buf_add_str(op, &list->json, "["));
	for (i = 0; i < SITES_MAX; i++) {
		if (!site_set_has(receipt.sites, i))
			continue;
		if (!first)
			TRY(buf_add_str(op, &list->json, ","));
		TRY(add_site(list, &receipt, i));
		first = false;
	}
	return buf_add_str(op, &list->json, "]");
}

static enum rc
add_terms(struct list *list, const struct item *item)
{
	struct op *op = list->api->req->op;
	struct buf *json = &list->json;

	if (item->id == 0)
		return buf_add_str(
		    op, json, ",\"replaced_at\":null,\"kept_until\":null");
	TRY(api_add_time(op, json, "replaced_at", item->replaced_at));
	return api_add_time(op, json, "kept_until",
	    item->kept_until + list->wall_minus_service);
}

static enum rc
add_item(struct list *list, const struct item *item)
{
	struct op *op = list->api->req->op;
	struct buf *json = &list->json;
	char hex[2 * SHA256_SIZE + 1];
	struct content content;

	TRY(content_get(op, list->meta, item->content, &content));
	str_hex(hex, span_of(content.sha256, SHA256_SIZE));
	TRY(buf_add_str(op, json, list->n++ > 0 ? ",\n{" : "\n{"));
	TRY(item->id == 0 ? api_add_text(op, json, "id", span_str(CURRENT))
			  : api_add_id(op, json, "id", item->id));
	TRY(api_add_number(op, json, "size", item->size));
	TRY(api_add_text(op, json, "sha256", span_str(hex)));
	TRY(api_add_time(op, json, "made_at", item->made_at));
	TRY(api_add_member(op, list->meta, json, "by", item->made_by));
	TRY(add_terms(list, item));
	TRY(add_sites(list, &content));
	TRY(buf_add_format(
	    op, json, ",\"current\":%s}", item->id == 0 ? "true" : "false"));
	return RC_OK;
}

/* Rows are copied: the statement that lists them must end before others run. */
struct rows {
	size_t n;
	struct version *rows;
};

static enum rc
collect(void *arg, struct op *op, const struct version *version)
{
	struct rows *rows = arg;

	(void)op;
	rows->rows[rows->n++] = *version;
	return RC_OK;
}

static enum rc
add_versions(struct list *list, int64_t before)
{
	struct op *op = list->api->req->op;
	size_t i, room = (size_t)list->limit - list->n;
	struct rows rows = {0};

	TRY(op_alloc(op, (room + 1) * sizeof(*rows.rows), &rows.rows));
	TRY(file_versions(op, list->meta, list->node.id, api_now(list->api),
	    before, room + 1, collect, &rows));
	list->more = rows.n > room;
	for (i = 0; i < rows.n && i < room; i++) {
		const struct version *row = &rows.rows[i];
		const struct item item = {
		    .id = row->id,
		    .content = row->content,
		    .size = row->size,
		    .made_at = row->made_at,
		    .made_by = row->made_by,
		    .replaced_at = row->replaced_at,
		    .kept_until = row->kept_until,
		};

		TRY(add_item(list, &item));
		list->last = row->id;
	}
	return RC_OK;
}

static enum rc
add_current(struct list *list)
{
	const struct item item = {
	    .content = list->node.content,
	    .size = list->node.size,
	    .made_at = list->node.changed_at,
	    .made_by = list->node.changed_by,
	};

	return add_item(list, &item);
}

static enum rc
add_next(struct list *list)
{
	uint64_t numbers[] = {(uint64_t)list->node.id, (uint64_t)list->last};
	struct op *op = list->api->req->op;
	char next[CURSOR_SIZE];

	if (!list->more)
		return buf_add_str(op, &list->json, "\n],\"next\":null}\n");
	cursor_write(
	    list->meta, op->actor.member, "versions", numbers, 2, next);
	return buf_add_format(op, &list->json, "\n],\"next\":\"%s\"}\n", next);
}

static enum rc
read_list(struct api *api, struct meta *meta, void *arg)
{
	struct op *op = api->req->op;
	uint64_t numbers[2] = {0, INT64_MAX};
	struct list *list = arg;
	struct place place;

	list->meta = meta;
	TRY(api_find(
	    api, meta, api->params[0], ACCESS_READ, &list->node, &place));
	if (list->node.kind != NODE_FILE)
		FAIL(op, RC_INVALID, "a folder has no versions");
	if (list->cursor.data != NULL) {
		TRY(cursor_read(op, meta, op->actor.member, "versions",
		    list->cursor, numbers, 2));
		if (numbers[0] != (uint64_t)list->node.id)
			FAIL(op, RC_INVALID, "the cursor is another file's");
	}
	TRY(buf_add_str(op, &list->json, "{\"items\":["));
	if (list->cursor.data == NULL)
		TRY(add_current(list));
	TRY(add_versions(list, (int64_t)numbers[1]));
	return add_next(list);
}

static enum rc
places_read(struct api *api, struct list *list)
{
	const struct sites *sites = api->door->service->config.sites;
	size_t i;

	for (i = 0; i < sites->n; i++)
		TRY(site_info_get(api->req->op, api->door->service,
		    sites->slots[i].site->id, &list->sites[i]));
	return RC_OK;
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
	list.last = INT64_MAX;
	list.wall_minus_service = clock_wall() - api_now(api);
	TRY(api_param_number(
	    api, "limit", 1, PAGE_MAX, PAGE_USUAL, &list.limit));
	TRY(api_param(api, "cursor", &list.cursor));
	TRY(places_read(api, &list));
	TRY(api_read(api, read_list, &list));
	TRY(node_set_etag(api->req, &list.node));
	api_answer(api, 200, &list.json);
	return RC_OK;
}

/* ---- GET /nodes/{id}/versions/{version}/content ---- */

struct former {
	struct node node;
	struct version version;
	struct door_content content;
};

static enum rc
read_former(struct api *api, struct meta *meta, void *arg)
{
	struct former *former = arg;
	struct node_etag tag;
	struct place place;

	TRY(api_find(
	    api, meta, api->params[0], ACCESS_READ, &former->node, &place));
	if (former->node.kind == NODE_FILE &&
	    span_equal(api->params[1], span_str(CURRENT)))
		return door_content_read_file(api->req, api->tenant, meta,
		    &former->node, &former->content);
	TRY(version_find(api, meta, &former->node, &former->version));
	TRY(door_content_read(api->req, api->tenant, meta,
	    former->version.content, &former->content));
	tag = (struct node_etag){former->version.id, former->version.content};
	door_etag(&tag, former->content.etag);
	former->content.mtime = former->version.mtime;
	former->content.name = former->node.name;
	return RC_OK;
}

static void
former_release(struct former *former)
{
	door_content_release(&former->content);
}

static enum rc
former_end(struct api *api)
{
	CLEANUP(former_release) struct former former = {0};

	TRY(api_read(api, read_former, &former));
	return door_content_answer(api->req, api->tenant, &former.content);
}

/* ---- POST .../swap ---- */

/* Which version of which file is meant. */
struct named {
	enum access_right right; /* that is needed */
	int64_t node;
	int64_t version;
};

static enum rc
find_named(struct api *api, struct meta *meta, void *arg)
{
	struct named *named = arg;
	struct version version;
	struct place place;
	struct node node;

	TRY(api_find(api, meta, api->params[0], named->right, &node, &place));
	TRY(version_find(api, meta, &node, &version));
	named->node = node.id;
	named->version = version.id;
	return RC_OK;
}

static enum rc
run_swap(struct api *api, struct tree_result *result)
{
	struct named named = {.right = ACCESS_WRITE};
	struct file_swap swap = {0};
	enum rc rc;

	TRY(api_read(api, find_named, &named));
	swap.node = named.node;
	swap.version = named.version;
	TRY(door_precondition(api->req, &swap.precondition));
	if (!swap.precondition.if_match) {
		api_precondition_required(api);
		return RC_CONFLICT;
	}
	rc = file_version_swap(api->req->op, api->tenant, &swap, result);
	return rc == RC_NOT_FOUND ? no_version(api) : rc;
}

static enum rc
swap_end(struct api *api)
{
	CLEANUP(outcome_release) struct outcome outcome = {0};
	bool go;

	TRY(outcome_begin_json(api, &outcome, &go));
	if (!go)
		return RC_OK;
	return outcome_end(&outcome, run_swap(api, &outcome.result));
}

/* ---- POST .../save-as ---- */

static enum rc
run_save_as(struct api *api, const struct body_value *values,
    struct tree_result *result)
{
	struct named named = {.right = ACCESS_READ};
	struct file_save_as save = {0};
	enum rc rc;

	TRY(api_read(api, find_named, &named));
	save.node = named.node;
	save.version = named.version;
	TRY(outcome_target(api, values, &save.to, result));
	rc = file_version_save_as(api->req->op, api->tenant, &save, result);
	return rc == RC_NOT_FOUND && result->why != TREE_WHY_PARENT
		   ? no_version(api)
		   : rc;
}

static enum rc
save_as_end(struct api *api)
{
	return outcome_call(api, outcome_target_fields, OUTCOME_TARGET_FIELDS,
	    false, run_save_as);
}

static const char *const list_query[] = {"limit", "cursor", NULL};

const struct api_call call_versions = {.query = list_query, .end = list_end};
const struct api_call call_version_content = {.end = former_end};
const struct api_call call_swap = {.changes = true, .end = swap_end};
const struct api_call call_save_as = {
    .changes = true, .json = true, .end = save_as_end};
