/* request.c - query parameters, finding nodes, and pieces of answers. */
#include "api/request.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "door/id.h"
#include "meta/member.h"

/* ---- ids ---- */

enum rc
api_no_node(struct api *api)
{
	op_clear_error(api->req->op);
	FAIL(api->req->op, RC_NOT_FOUND, "no such file or folder");
}

/* ---- query ---- */

enum rc
api_param(struct api *api, const char *name, struct span *ret_value)
{
	enum rc rc =
	    target_param(api->req->op, &api->req->target, name, ret_value);

	if (rc != RC_NOT_FOUND)
		return rc;
	*ret_value = span_of(NULL, 0);
	return RC_OK;
}

enum rc
api_param_number(struct api *api, const char *name, uint64_t min, uint64_t max,
    uint64_t usual, uint64_t *ret_value)
{
	struct span text;

	*ret_value = usual;
	TRY(api_param(api, name, &text));
	if (text.data == NULL)
		return RC_OK;
	if (!str_to_u64((const char *)text.data, min, max, ret_value))
		FAIL(api->req->op, RC_INVALID,
		    "the parameter \"%s\" is a number from %llu to %llu", name,
		    (unsigned long long)min, (unsigned long long)max);
	return RC_OK;
}

enum rc
api_param_choice(struct api *api, const char *name, const char *const *choices,
    size_t *ret_choice)
{
	CLEANUP(buf_release) struct buf all = {.limit = 256};
	struct op *op = api->req->op;
	struct span text;
	size_t i;

	*ret_choice = 0;
	TRY(api_param(api, name, &text));
	if (text.data == NULL)
		return RC_OK;
	for (i = 0; choices[i] != NULL; i++) {
		if (span_equal(text, span_str(choices[i]))) {
			*ret_choice = i;
			return RC_OK;
		}
		TRY(buf_add_format(
		    op, &all, "%s%s", i > 0 ? ", " : "", choices[i]));
	}
	FAIL(op, RC_INVALID, "the parameter \"%s\" is one of %.*s", name,
	    (int)all.size, (const char *)all.data);
}

int64_t
api_now(const struct api *api)
{
	return service_clock_now(&api->door->service->clock);
}

/* ---- finding ---- */

enum rc
api_read(struct api *api,
    enum rc (*work)(struct api *api, struct meta *meta, void *arg), void *arg)
{
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(api->req->op, api->tenant, &reader));
	rc = db_read_begin(api->req->op, reader->db);
	if (rc == RC_OK)
		rc = work(api, &reader->meta, arg);
	db_read_end(reader->db);
	tenant_reader_put(api->tenant, reader);
	return rc;
}

enum rc
api_find(struct api *api, struct meta *meta, struct span id,
    enum access_right right, struct node *ret_node, struct place *ret_place)
{
	struct op *op = api->req->op;
	int64_t node;
	enum rc rc;

	if (!door_id_parse(id, &node))
		return api_no_node(api);
	*ret_place = (struct place){0};
	if (node == NODE_ROOT && right == ACCESS_READ)
		return tree_stat(op, meta, NODE_ROOT, ret_node);
	rc = access_node(op, meta, &op->actor, node, right, ret_place);
	if (rc == RC_OK)
		rc = node_get(op, meta, node, ret_node);
	return rc == RC_NOT_FOUND ? api_no_node(api) : rc;
}

/* ---- answers ---- */

void
api_precondition_required(struct api *api)
{
	http_problem(api->req, 428, "precondition-required",
	    "The request has to say which state it means",
	    "どの状態を変更するのか指定が必要です",
	    http_language(api->req) == HTTP_JA
		? "ファイルの ETag を If-Match に付けて送信してください。"
		: "Send If-Match with the file's ETag.");
}

void
api_answer(struct api *api, int status, struct buf *json)
{
	/* A header too few is better than no answer. */
	(void)!http_set_header(api->req, "Cache-Control", "private, no-cache");
	http_respond_memory(api->req, status, "application/json", json);
}

enum rc
api_add_key(struct op *op, struct buf *json, const char *name)
{
	bool first = json->size == 0 || json->data[json->size - 1] == '{';

	return buf_add_format(op, json, "%s\"%s\":", first ? "" : ",", name);
}

enum rc
api_add_text(
    struct op *op, struct buf *json, const char *name, struct span text)
{
	TRY(api_add_key(op, json, name));
	return json_add_text(op, json, text);
}

enum rc
api_add_time(struct op *op, struct buf *json, const char *name, int64_t wall)
{
	char text[CLOCK_TEXT_SIZE];

	clock_text(text, wall);
	return api_add_text(op, json, name, span_str(text));
}

enum rc
api_add_number(
    struct op *op, struct buf *json, const char *name, uint64_t number)
{
	TRY(api_add_key(op, json, name));
	return buf_add_format(op, json, "%llu", (unsigned long long)number);
}

enum rc
api_add_null(struct op *op, struct buf *json, const char *name)
{
	TRY(api_add_key(op, json, name));
	return buf_add_str(op, json, "null");
}

enum rc
api_add_id(struct op *op, struct buf *json, const char *name, int64_t id)
{
	char text[DOOR_ID_SIZE];

	if (id == NODE_NONE)
		return api_add_null(op, json, name);
	door_id(id, text);
	return api_add_text(op, json, name, span_str(text));
}

enum rc
api_add_member(struct op *op, struct meta *meta, struct buf *json,
    const char *name, int64_t member)
{
	CLEANUP(member_row_wipe) struct member_row row = {0};
	enum rc rc = member_row_get(op, meta, member, &row);

	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		return api_add_null(op, json, name);
	}
	TRY(rc);
	return api_add_text(op, json, name, row.name);
}

enum rc
api_add_sites(struct op *op, struct buf *json, const struct door *door,
    struct site_set set)
{
	const struct sites *sites = door->service->config.sites;
	bool first = true;
	size_t i;

	TRY(buf_add_str(op, json, "["));
	for (i = 0; i < sites->n; i++) {
		if (!site_set_has(set, i))
			continue;
		if (!first)
			TRY(buf_add_str(op, json, ","));
		TRY(json_add_text(
		    op, json, span_str(sites->slots[i].site->name)));
		first = false;
	}
	return buf_add_str(op, json, "]");
}
