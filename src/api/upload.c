/* upload.c - PUT /nodes/{id}/content, and what POST /nodes/{id}/children shares
 * with it: contents on their way in. */
#include "api/upload.h"

#include "base/clock.h"

static enum rc
put_time(struct api *api, struct put *put)
{
	struct span text;

	TRY(api_param(api, "mtime", &text));
	put->file.has_mtime = text.data != NULL;
	if (text.data != NULL &&
	    !clock_parse((const char *)text.data, &put->file.mtime))
		FAIL(api->req->op, RC_INVALID,
		    "the parameter \"mtime\" is a time, as "
		    "2026-11-23T17:50:52Z");
	return RC_OK;
}

enum rc
put_begin(struct api *api, struct put *put,
    enum rc (*check)(struct api *api, struct meta *meta, void *put))
{
	api->own = put;
	put->api = api;
	TRY(outcome_open(api, &put->outcome));
	TRY(door_content_expect(api->req, &put->digests));
	TRY(put_time(api, put));
	TRY(door_precondition(api->req, &put->file.precondition));
	if (put->outcome.found) {
		sha256_init(&put->hash);
		return RC_OK;
	}
	TRY(api_read(api, check, put));
	/* SHA-1 too: sync clients ask for it (oc:checksums). */
	return upload_open(api->req->op, api->tenant, true, &put->upload);
}

enum rc
put_body(struct put *put, struct span bytes)
{
	if (put->upload != NULL)
		return upload_write(put->api->req->op, put->upload, bytes);
	sha256_update(&put->hash, bytes);
	return RC_OK;
}

static void
put_done(struct file_put_task *task, enum rc rc)
{
	struct put *put = container_of(task, struct put, task);

	put->outcome.result = put->result.tree;
	http_complete(put->api->req, outcome_end(&put->outcome, rc));
}

/* Inside the change: what it came to stands in put->result yet. */
static enum rc
put_write(struct op *op, struct tx *tx, struct outcome *outcome)
{
	struct put *put = container_of(outcome, struct put, outcome);
	const struct tree_result *tree = &put->result.tree;

	outcome->number = tree->unchanged ? 0 : tx->number;
	outcome->status = tree->created ? 201 : 200;
	return outcome_add_node(
	    op, tx, outcome, tree->etag.node, &outcome->etag);
}

static enum rc
check_digests(const struct put *put, uint8_t sha256[SHA256_SIZE])
{
	uint8_t sha1[SHA1_SIZE];

	if (put->upload == NULL) {
		sha256_digest(&put->hash, sha256);
		return RC_OK;
	}
	upload_sha256(put->upload, sha256);
	upload_sha1(put->upload, sha1);
	return digest_check(put->api->req->op, &put->digests, sha256, sha1);
}

enum rc
put_end(struct put *put)
{
	struct op *op = put->api->req->op;
	uint8_t sha256[SHA256_SIZE];
	bool go;

	TRY(check_digests(put, sha256));
	TRY(outcome_begin(&put->outcome, sha256, &go));
	if (!go)
		return RC_OK;
	TRY(upload_end(op, put->upload, &put->file.content));
	put->outcome.write = put_write;
	put->task = (struct file_put_task){
	    .done = put_done,
	    .put = &put->file,
	    .result = &put->result,
	};
	http_defer(put->api->req);
	file_put_submit(op, put->api->tenant, &put->task);
	return RC_OK;
}

void
put_release(struct put *put)
{
	upload_free(put->upload);
	outcome_release(&put->outcome);
}

/* ---- PUT /nodes/{id}/content ---- */

/* 428 without If-Match, unless a version is asked for. */
static enum rc
state_named(struct api *api, const struct put *put)
{
	struct span text;

	TRY(api_param(api, "if_exists", &text));
	if (text.data != NULL && !span_equal(text, span_str("version")))
		FAIL(api->req->op, RC_INVALID,
		    "the parameter \"if_exists\" is version here");
	if (text.data != NULL || put->file.precondition.if_match)
		return RC_OK;
	api_precondition_required(api);
	return RC_CONFLICT;
}

static enum rc
content_check(struct api *api, struct meta *meta, void *arg)
{
	struct put *put = arg;
	struct place place;
	struct node node;
	bool go;
	enum rc rc;

	TRY(api_find(api, meta, api->params[0], ACCESS_WRITE, &node, &place));
	if (node.kind != NODE_FILE) {
		rc = op_fail(
		    api->req->op, RC_CONFLICT, "it is a folder, not a file");
		return door_refused_json(api->req, rc, TREE_WHY_KIND);
	}
	put->file.node = node.id;
	TRY(state_named(api, put));
	TRY(door_conditions(api->req, &node, &go));
	return go ? RC_OK : RC_CONFLICT;
}

static enum rc
content_begin(struct api *api)
{
	struct put *put;

	TRY(op_alloc(api->req->op, sizeof(*put), &put));
	return put_begin(api, put, content_check);
}

static enum rc
content_body(struct api *api, struct span bytes)
{
	return put_body(api->own, bytes);
}

static enum rc
content_end(struct api *api)
{
	return put_end(api->own);
}

static void
content_release(struct api *api)
{
	put_release(api->own);
}

static const char *const content_query[] = {"if_exists", "mtime", NULL};

const struct api_call call_put_content = {
    .changes = true,
    .query = content_query,
    .begin = content_begin,
    .body = content_body,
    .end = content_end,
    .release = content_release,
};
