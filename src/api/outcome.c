/* outcome.c - answers of changes, kept under the keys of their requests. */
#include "api/outcome.h"

#include "base/clock.h"
#include "door/answered.h"
#include "door/id.h"

enum { BODY_LIMIT = 4 << 20 };

const char *const outcome_if_exists[] = {"fail", "version", "rename", NULL};

/* ---- the key ---- */

static enum rc
row_read(struct op *op, struct outcome *o, const struct idempotency *row)
{
	struct answered answer;

	TRY(answered_read(op, row->result, &answer));
	o->found = true;
	memcpy(o->found_request, row->request, sizeof(o->found_request));
	o->status = answer.status;
	o->number = answer.number;
	o->etag = answer.etag;
	buf_clear(&o->body);
	return buf_add(op, &o->body, answer.body);
}

static enum rc
find_row(struct api *api, struct meta *meta, void *arg)
{
	int64_t now = api_now(api);
	struct op *op = api->req->op;
	struct outcome *o = arg;
	struct idempotency row;
	const char *text = http_header(api->req, "Idempotency-Key");
	enum rc rc;

	idempotency_key(meta, op->actor.member, span_str(text), o->key);
	rc = idempotency_get(op, meta, o->key, now, &row);
	if (rc == RC_NOT_FOUND)
		return RC_OK;
	TRY(rc);
	return row_read(op, o, &row);
}

enum rc
outcome_open(struct api *api, struct outcome *outcome)
{
	const char *key;

	outcome->api = api;
	buf_init(&outcome->body, BODY_LIMIT);
	TRY(answered_key(api->req, &key));
	outcome->keyed = key != NULL;
	if (key == NULL)
		return RC_OK;
	return api_read(api, find_row, outcome);
}

static enum rc
hash_request(struct api *api, struct meta *meta, void *arg)
{
	CLEANUP(buf_release) struct buf text = {.limit = 64 << 10};
	const struct http_request *req = api->req;
	struct outcome *o = arg;
	const char *parts[4];
	size_t i;

	parts[0] = http_method_name(req->method);
	parts[1] = http_raw_target(req);
	TRY(http_header_all(req, "If-Match", &parts[2]));
	TRY(http_header_all(req, "If-None-Match", &parts[3]));
	for (i = 0; i < ARRAY_LEN(parts); i++) {
		const char *part = parts[i] != NULL ? parts[i] : "";

		TRY(buf_add(req->op, &text, span_of(part, strlen(part) + 1)));
	}
	TRY(buf_add(req->op, &text, span_of(o->request, SHA256_SIZE)));
	idempotency_request(meta, buf_span(&text), o->request);
	return RC_OK;
}

/* ---- inside the change ---- */

static enum rc
hook_before(
    struct op *op, struct tx *tx, struct change_hook *hook, bool *ret_skip)
{
	struct outcome *o = container_of(hook, struct outcome, hook);
	struct idempotency row;
	enum rc rc;

	o->found = false;
	if (!o->keyed)
		return RC_OK;
	rc = idempotency_get(op, tx->meta, o->key, tx->now, &row);
	if (rc == RC_NOT_FOUND)
		return RC_OK;
	TRY(rc);
	*ret_skip = true;
	return row_read(op, o, &row);
}

/* The node as the change left it; a folder that it touched has the ETag of the
 * number that it becomes. */
enum rc
outcome_add_node(struct op *op, struct tx *tx, struct outcome *outcome,
    int64_t id, struct node_etag *ret_etag)
{
	struct place place;
	struct node node;

	TRY(access_node(op, tx->meta, &op->actor, id, ACCESS_READ, &place));
	TRY(node_get(op, tx->meta, id, &node));
	if (tx_folder_touched(tx, node.id))
		node.tag = (int64_t)tx->number;
	*ret_etag = node_etag(&node);
	return node_write_found(
	    outcome->api, tx->meta, &node, &place, true, &outcome->body);
}

static enum rc
hook_after(struct op *op, struct tx *tx, struct change_hook *hook)
{
	struct outcome *o = container_of(hook, struct outcome, hook);
	struct idempotency row = {
	    .expires_at = tx->now + CLOCK_DAY,
	};
	struct answered answer;

	buf_clear(&o->body);
	o->number = o->result.unchanged ? 0 : tx->number;
	o->status = o->result.created && !o->patches ? 201 : 200;
	TRY(o->write != NULL
		? o->write(op, tx, o)
		: outcome_add_node(op, tx, o, o->result.etag.node, &o->etag));
	if (!o->keyed)
		return RC_OK;
	memcpy(row.key, o->key, sizeof(row.key));
	memcpy(row.request, o->request, sizeof(row.request));
	answer = (struct answered){
	    .status = o->status,
	    .number = o->number,
	    .etag = o->etag,
	    .body = buf_span(&o->body),
	};
	TRY(answered_write(op, &answer, &row.result));
	return idempotency_put(op, tx->meta, &row);
}

/* ---- answering ---- */

/* The body with the sites in it. */
static enum rc
expand(struct outcome *o, struct site_set sites, struct buf *json)
{
	struct op *op = o->api->req->op;
	size_t i, start = 0;

	for (i = 0; i < o->body.size; i++) {
		if (o->body.data[i] != NODE_SITES_LATER)
			continue;
		TRY(buf_add(
		    op, json, span_of(o->body.data + start, i - start)));
		TRY(api_add_sites(op, json, o->api->door, sites));
		start = i + 1;
	}
	TRY(buf_add(
	    op, json, span_of(o->body.data + start, o->body.size - start)));
	return buf_add_str(op, json, "\n");
}

static enum rc
set_location(struct outcome *o)
{
	char id[DOOR_ID_SIZE];
	char *location;

	if (o->status != 201)
		return RC_OK;
	door_id(o->etag.node, id);
	TRY(op_format(o->api->req->op, &location, "/api/v1/nodes/%s", id));
	return http_set_header(o->api->req, "Location", location);
}

static enum rc
answer(struct outcome *o, const struct receipt *receipt)
{
	CLEANUP(buf_release) struct buf json = {.limit = 2 * BODY_LIMIT};
	struct http_request *req = o->api->req;
	char etag[DOOR_ETAG_SIZE];

	if (o->etag.node != 0) {
		door_etag(&o->etag, etag);
		TRY(http_set_header(req, "ETag", etag));
	}
	TRY(set_location(o));
	if (o->number != 0)
		TRY(door_receipt(req, o->api->door, receipt));
	TRY(expand(o, receipt->sites, &json));
	api_answer(o->api, o->status, &json);
	return RC_OK;
}

/* The answer that was given before; who has it on disk is told anew. */
static enum rc
answer_again(struct outcome *o)
{
	struct tenant *tenant = o->api->tenant;
	struct receipt receipt = {.number = o->number};

	if (!hash_equal(o->found_request, o->request, sizeof(o->request))) {
		answered_other(o->api->req);
		return RC_OK;
	}
	receipt.sites = lanes_holding(
	    &tenant->lanes, o->number != 0 ? o->number : tenant_number(tenant));
	return answer(o, &receipt);
}

enum rc
outcome_begin(
    struct outcome *outcome, const uint8_t body[SHA256_SIZE], bool *ret_go)
{
	struct outcome *o = outcome;

	*ret_go = true;
	o->hook = (struct change_hook){hook_before, hook_after};
	o->api->req->op->hook = &o->hook;
	if (!o->keyed)
		return RC_OK;
	memcpy(o->request, body, SHA256_SIZE);
	TRY(api_read(o->api, hash_request, o));
	*ret_go = !o->found;
	return o->found ? answer_again(o) : RC_OK;
}

enum rc
outcome_begin_json(struct api *api, struct outcome *outcome, bool *ret_go)
{
	uint8_t digest[SHA256_SIZE];
	struct sha256 hash;

	TRY(outcome_open(api, outcome));
	sha256_init(&hash);
	if (api->json.size > 0)
		sha256_update(&hash, buf_span(&api->json));
	sha256_digest(&hash, digest);
	return outcome_begin(outcome, digest, ret_go);
}

enum rc
outcome_end(struct outcome *outcome, enum rc rc)
{
	struct outcome *o = outcome;
	struct tenant *tenant = o->api->tenant;
	struct receipt receipt = o->result.receipt;

	o->api->req->op->hook = NULL;
	if (rc != RC_OK)
		return door_refused_json(o->api->req, rc, o->result.why);
	if (o->found)
		return answer_again(o);
	if (o->number == 0)
		receipt.sites =
		    lanes_holding(&tenant->lanes, tenant_number(tenant));
	return answer(o, &receipt);
}

void
outcome_release(struct outcome *outcome)
{
	if (outcome->api != NULL)
		outcome->api->req->op->hook = NULL;
	buf_release(&outcome->body);
}

/* ---- bodies ---- */

enum rc
outcome_fields(struct api *api, const struct body_field *fields, size_t n,
    struct body_value *ret_values)
{
	struct http_request *req = api->req;
	struct body_fault fault;
	char *detail;
	enum rc rc;

	rc = body_parse(
	    req->op, buf_span(&api->json), fields, n, ret_values, &fault);
	if (rc != RC_INVALID)
		return rc;
	if (http_language(req) == HTTP_JA)
		TRY(op_format(req->op, &detail,
		    fault.field[0] != '\0' ? "「%s」: %s。" : "本文: %s%s。",
		    fault.field, fault.ja));
	else
		TRY(op_format(req->op, &detail,
		    fault.field[0] != '\0' ? "\"%s\" %s" : "the body %s%s",
		    fault.field, fault.en));
	http_problem(req, 400, "body", "The body is not what is expected here",
	    "本文の内容が正しくありません", detail);
	return rc;
}

enum rc
outcome_call(struct api *api, const struct body_field *fields, size_t n,
    bool patches, outcome_run *run)
{
	CLEANUP(outcome_release) struct outcome outcome = {.patches = patches};
	struct body_value values[BODY_FIELDS_MAX];
	bool go;

	TRY(outcome_fields(api, fields, n, values));
	TRY(outcome_begin_json(api, &outcome, &go));
	if (!go)
		return RC_OK;
	return outcome_end(&outcome, run(api, values, &outcome.result));
}

enum rc
outcome_parent(struct api *api, struct span id, int64_t *ret_parent,
    struct tree_result *result)
{
	if (door_id_parse(id, ret_parent))
		return RC_OK;
	result->why = TREE_WHY_PARENT;
	FAIL(api->req->op, RC_NOT_FOUND, "no such folder");
}

enum { TARGET_PARENT, TARGET_NAME, TARGET_IF_EXISTS };
const struct body_field outcome_target_fields[OUTCOME_TARGET_FIELDS] = {
    [TARGET_PARENT] = {.name = "parent", .type = BODY_TEXT, .required = true},
    [TARGET_NAME] = {.name = "name", .type = BODY_TEXT, .required = true},
    [TARGET_IF_EXISTS] = {.name = "if_exists",
	.type = BODY_CHOICE,
	.choices = outcome_if_exists},
};

enum rc
outcome_target(struct api *api, const struct body_value *values,
    struct tree_target *ret_to, struct tree_result *result)
{
	ret_to->taken = outcome_taken(values[TARGET_IF_EXISTS].choice);
	TRY(outcome_parent(
	    api, values[TARGET_PARENT].text, &ret_to->parent, result));
	return tree_name_init(
	    api->req->op, values[TARGET_NAME].text, &ret_to->name);
}
