/* node.c - GET /nodes?path= and GET /nodes/{id}: one file or folder. */
#include "api/node.h"

#include "base/str.h"
#include "core/locks.h"
#include "core/path.h"
#include "meta/content.h"
#include "meta/member.h"

enum { NODE_LIMIT = 1 << 20, PATH_NAMES_MAX = 600 };

/* ---- as JSON ---- */

static enum rc
note_locker(void *arg, struct op *op, const struct lock *lock, size_t level)
{
	int64_t *member = arg;

	(void)op;
	if (*member == 0 && lock_covers(lock, level))
		*member = lock->member;
	return RC_OK;
}

static enum rc
locker_get(struct op *op, struct meta *meta, int64_t now, int64_t node,
    const struct place *folder, struct span *ret_name)
{
	CLEANUP(member_row_wipe) struct member_row row = {0};
	int64_t member = 0;
	enum rc rc;

	TRY(locks_see(op, meta, now, node, folder, note_locker, &member));
	if (member == 0)
		return RC_OK;
	rc = member_row_get(op, meta, member, &row);
	*ret_name = rc == RC_OK ? row.name : span_str("?");
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc
node_detail_get(struct op *op, struct meta *meta, struct tenant *tenant,
    int64_t now, int64_t node, int64_t content_id, const struct place *folder,
    struct node_detail *ret_detail)
{
	struct content content;

	*ret_detail = (struct node_detail){.sites_later = tenant == NULL};
	TRY(locker_get(op, meta, now, node, folder, &ret_detail->locked_by));
	if (content_id == 0)
		return RC_OK;
	TRY(content_get(op, meta, content_id, &content));
	memcpy(ret_detail->sha256, content.sha256, SHA256_SIZE);
	if (tenant != NULL)
		ret_detail->sites = lanes_holding(&tenant->lanes, content.made);
	return RC_OK;
}

static enum rc
add_path(struct op *op, struct buf *json, const struct node *node,
    struct span folder)
{
	CLEANUP(buf_release) struct buf path = {.limit = NODE_LIMIT};

	TRY(buf_add(op, &path, folder));
	TRY(buf_add_str(op, &path, "/"));
	TRY(buf_add(op, &path, node->name));
	return api_add_text(op, json, "path", buf_span(&path));
}

static enum rc
add_file(struct op *op, struct buf *json, const struct door *door,
    const struct node_detail *detail)
{
	char hex[2 * SHA256_SIZE + 1];

	str_hex(hex, span_of(detail->sha256, SHA256_SIZE));
	TRY(api_add_text(op, json, "sha256", span_str(hex)));
	TRY(api_add_key(op, json, "sites"));
	if (!detail->sites_later)
		return api_add_sites(op, json, door, detail->sites);
	return buf_add(op, json, span_of(&(uint8_t){NODE_SITES_LATER}, 1));
}

enum rc
node_write(struct op *op, struct buf *json, const struct door *door,
    const struct node *node, struct span folder,
    const struct node_detail *detail)
{
	bool file = node->kind == NODE_FILE;
	struct node_etag tag = node_etag(node);
	char etag[DOOR_ETAG_SIZE];

	door_etag(&tag, etag);
	TRY(buf_add_str(op, json, "{"));
	TRY(api_add_id(op, json, "id", node->id));
	TRY(api_add_id(op, json, "parent", node->parent));
	TRY(api_add_text(op, json, "name", node->name));
	TRY(api_add_text(op, json, "type", span_str(file ? "file" : "folder")));
	TRY(file ? api_add_number(op, json, "size", node->size)
		 : api_add_null(op, json, "size"));
	TRY(node->id == NODE_ROOT
		? api_add_null(op, json, "mtime")
		: api_add_time(op, json, "mtime", node->mtime));
	TRY(api_add_text(op, json, "etag", span_str(etag)));
	TRY(add_path(op, json, node, folder));
	if (file)
		TRY(add_file(op, json, door, detail));
	else
		TRY(buf_add_str(op, json, ",\"sha256\":null,\"sites\":null"));
	if (detail->locked_by.data != NULL)
		TRY(api_add_text(op, json, "locked_by", detail->locked_by));
	return buf_add_str(op, json, "}");
}

enum rc
node_write_found(struct api *api, struct meta *meta, const struct node *node,
    const struct place *place, bool sites_later, struct buf *json)
{
	struct place above = {
	    .n = place->n > 0 ? place->n - 1 : 0,
	    .nodes = place->n > 0 ? place->nodes + 1 : NULL,
	};
	struct op *op = api->req->op;
	struct node_detail detail = {0};
	struct span folder;

	TRY(path_text(op, meta, &above, &folder));
	TRY(node_detail_get(op, meta, sites_later ? NULL : api->tenant,
	    api_now(api), node->id, node->kind == NODE_FILE ? node->content : 0,
	    &above, &detail));
	return node_write(op, json, api->door, node, folder, &detail);
}

enum rc
node_set_etag(struct http_request *req, const struct node *node)
{
	struct node_etag tag = node_etag(node);
	char etag[DOOR_ETAG_SIZE];

	door_etag(&tag, etag);
	return http_set_header(req, "ETag", etag);
}

/* ---- the calls ---- */

struct one {
	struct span id; /* or: */
	size_t n_names;
	const struct span *names;
	struct node node;
	struct buf json;
};

static enum rc
find_by_path(
    struct api *api, struct meta *meta, struct one *one, struct place *place)
{
	struct op *op = api->req->op;
	enum rc rc;

	rc = path_find(op, meta, one->names, one->n_names, &one->node);
	if (rc == RC_OK && one->node.id == NODE_ROOT) {
		*place = (struct place){0};
		return tree_stat(op, meta, NODE_ROOT, &one->node);
	}
	if (rc == RC_OK)
		rc = access_node(
		    op, meta, &op->actor, one->node.id, ACCESS_READ, place);
	return rc == RC_NOT_FOUND ? api_no_node(api) : rc;
}

static enum rc
read_one(struct api *api, struct meta *meta, void *arg)
{
	struct one *one = arg;
	struct place place = {0};

	if (one->id.data != NULL)
		TRY(api_find(
		    api, meta, one->id, ACCESS_READ, &one->node, &place));
	else
		TRY(find_by_path(api, meta, one, &place));
	return node_write_found(
	    api, meta, &one->node, &place, false, &one->json);
}

static enum rc
answer_one(struct api *api, struct one *one)
{
	bool go;

	TRY(api_read(api, read_one, one));
	TRY(door_conditions(api->req, &one->node, &go));
	if (!go)
		return RC_OK;
	TRY(node_set_etag(api->req, &one->node));
	TRY(buf_add_str(api->req->op, &one->json, "\n"));
	api_answer(api, 200, &one->json);
	return RC_OK;
}

static void
one_release(struct one *one)
{
	buf_release(&one->json);
}

static enum rc
node_end(struct api *api)
{
	CLEANUP(one_release)
	struct one one = {.id = api->params[0], .json.limit = NODE_LIMIT};

	return answer_one(api, &one);
}

/* "/Company/plans/" as names; a slash at its end says nothing. */
static enum rc
path_split(struct api *api, struct span path, struct one *one)
{
	struct op *op = api->req->op;
	struct span *names;
	size_t i, start = 1;

	if (path.size == 0 || path.data[0] != '/')
		FAIL(op, RC_INVALID,
		    "the parameter \"path\" begins with a slash");
	TRY(op_alloc(op, PATH_NAMES_MAX * sizeof(*names), &names));
	one->names = names;
	for (i = 1; i <= path.size; i++) {
		if (i < path.size && path.data[i] != '/')
			continue;
		if (i == path.size && start == i)
			break;
		if (one->n_names == PATH_NAMES_MAX)
			FAIL(op, RC_LIMIT, "a path of more than %d names",
			    PATH_NAMES_MAX);
		names[one->n_names++] = span_of(path.data + start, i - start);
		start = i + 1;
	}
	return RC_OK;
}

static enum rc
by_path_end(struct api *api)
{
	CLEANUP(one_release) struct one one = {.json.limit = NODE_LIMIT};
	struct span path;

	TRY(api_param(api, "path", &path));
	if (path.data == NULL)
		FAIL(api->req->op, RC_INVALID,
		    "the parameter \"path\" is missing");
	TRY(path_split(api, path, &one));
	return answer_one(api, &one);
}

static const char *const path_query[] = {"path", NULL};

const struct api_call call_node = {.end = node_end};
const struct api_call call_node_by_path = {
    .query = path_query, .end = by_path_end};
