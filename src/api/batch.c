/* batch.c - POST /nodes/{id}/batch: many small files at once, each a part of a
 * multipart content. */
#include "core/batch.h"

#include <strings.h>

#include "api/outcome.h"
#include "base/clock.h"
#include "door/digest.h"
#include "http/multipart.h"

struct upload_many {
	struct outcome outcome;
	struct api *api;
	int64_t folder;
	enum tree_taken taken;
	struct multipart multipart;
	struct batch batch;
	struct batch_file *file; /* the part that comes in */
	struct digests digests; /* that it has to have */
	uint64_t received;
	struct sha256 hash; /* of the whole body */
};

/* ---- parts ---- */

/* This file alone is refused; the others go on. */
static enum rc
refuse(struct op *op, struct batch_file *file, enum rc rc)
{
	char *detail;

	if (rc != RC_INVALID && rc != RC_LIMIT)
		return rc;
	TRY(op_format(op, &detail, "%s", op->error));
	op_clear_error(op);
	file->rc = RC_INVALID;
	file->why = TREE_WHY_OTHER;
	file->detail = detail;
	return RC_OK;
}

static enum rc
part_begin(void *arg, struct op *op)
{
	struct upload_many *many = arg;

	TRY(batch_begin_file(op, &many->batch, &many->file));
	many->file->put.to.parent = many->folder;
	many->file->put.to.taken = many->taken;
	many->digests = (struct digests){0};
	return RC_OK;
}

static enum rc
take_name(struct op *op, const char *disposition, struct batch_file *file)
{
	struct span name;
	enum rc rc = multipart_file_name(op, disposition, &name);

	if (rc == RC_NOT_FOUND)
		return RC_OK;
	TRY(rc);
	return tree_name_init(op, name, &file->put.to.name);
}

static enum rc
take_header(struct op *op, struct upload_many *many, const char *name,
    const char *value)
{
	struct batch_file *file = many->file;

	if (strcasecmp(name, "Content-Disposition") == 0)
		return take_name(op, value, file);
	if (strcasecmp(name, "Content-Digest") == 0 ||
	    strcasecmp(name, "Repr-Digest") == 0)
		return digest_add_field(op, value, &many->digests);
	if (strcasecmp(name, "Content-Transfer-Encoding") == 0 &&
	    strcasecmp(value, "binary") != 0 && strcasecmp(value, "8bit") != 0)
		FAIL(
		    op, RC_INVALID, "the bytes of a part are sent as they are");
	if (strcasecmp(name, "Dozo-Mtime") != 0)
		return RC_OK;
	file->put.has_mtime = clock_parse(value, &file->put.mtime);
	if (!file->put.has_mtime)
		FAIL(op, RC_INVALID,
		    "Dozo-Mtime is a time, as 2026-11-23T17:50:52Z");
	return RC_OK;
}

static enum rc
part_header(void *arg, struct op *op, const char *name, const char *value)
{
	struct upload_many *many = arg;
	enum rc rc = RC_OK;

	if (many->file->rc == RC_OK)
		rc = take_header(op, many, name, value);
	return rc == RC_OK ? RC_OK : refuse(op, many->file, rc);
}

static enum rc
part_head_end(void *arg, struct op *op)
{
	struct upload_many *many = arg;
	struct batch_file *file = many->file;

	if (file->rc != RC_OK || file->put.to.name.text.data != NULL)
		return RC_OK;
	return refuse(op, file,
	    op_fail(op, RC_INVALID,
		"a part says its name: Content-Disposition: attachment; "
		"filename*=UTF-8''..."));
}

static enum rc
part_data(void *arg, struct op *op, struct span bytes)
{
	struct upload_many *many = arg;

	return many->file->rc == RC_OK ? batch_write(op, &many->batch, bytes)
				       : RC_OK;
}

static enum rc
part_end(void *arg, struct op *op)
{
	struct upload_many *many = arg;
	struct put_content *content = &many->file->put.content;
	enum rc rc;

	if (many->file->rc != RC_OK)
		return RC_OK;
	TRY(batch_end_file(op, &many->batch));
	rc = digest_check(op, &many->digests, content->sha256, content->sha1);
	return rc == RC_OK ? RC_OK : refuse(op, many->file, rc);
}

static const struct multipart_handler parts = {
    .begin = part_begin,
    .header = part_header,
    .head_end = part_head_end,
    .data = part_data,
    .end = part_end,
};

/* ---- the answer ---- */

static enum rc
write_node(struct op *op, struct tx *tx, struct outcome *outcome,
    const struct batch_file *file)
{
	const struct tree_result *tree = &file->result.tree;
	struct node_etag etag;

	TRY(api_add_number(
	    op, &outcome->body, "status", tree->created ? 201 : 200));
	TRY(api_add_null(op, &outcome->body, "problem"));
	TRY(api_add_key(op, &outcome->body, "node"));
	return outcome_add_node(op, tx, outcome, tree->etag.node, &etag);
}

static enum rc
write_problem(
    struct op *op, struct outcome *outcome, const struct batch_file *file)
{
	struct http_request *req = outcome->api->req;

	TRY(api_add_number(op, &outcome->body, "status",
	    (uint64_t)door_refused_status(req, file->rc, file->why)));
	TRY(api_add_null(op, &outcome->body, "node"));
	TRY(api_add_key(op, &outcome->body, "problem"));
	return door_refused_document(
	    req, file->rc, file->why, file->detail, &outcome->body);
}

/* Inside the change: a result for each part. */
static enum rc
batch_write_results(struct op *op, struct tx *tx, struct outcome *outcome)
{
	struct upload_many *many =
	    container_of(outcome, struct upload_many, outcome);
	struct buf *json = &outcome->body;
	size_t i;

	outcome->status = 200;
	TRY(buf_add_str(op, json, "{\"items\":["));
	for (i = 0; i < many->batch.n; i++) {
		const struct batch_file *file = &many->batch.files[i];
		struct span name = file->put.to.name.text;

		TRY(buf_add_str(op, json, i > 0 ? ",\n{" : "\n{"));
		TRY(name.data != NULL ? api_add_text(op, json, "name", name)
				      : api_add_null(op, json, "name"));
		TRY(file->rc == RC_OK ? write_node(op, tx, outcome, file)
				      : write_problem(op, outcome, file));
		TRY(buf_add_str(op, json, "}"));
	}
	return buf_add_str(op, json, "\n]}");
}

/* ---- the call ---- */

static enum rc
find_folder(struct api *api, struct meta *meta, void *arg)
{
	struct upload_many *many = arg;
	struct place place;
	struct node node;

	TRY(api_find(api, meta, api->params[0], ACCESS_WRITE, &node, &place));
	if (node.kind != NODE_FOLDER)
		FAIL(api->req->op, RC_INVALID, "it is a file, not a folder");
	many->folder = node.id;
	return RC_OK;
}

static enum rc
expect_parts(struct api *api, struct upload_many *many)
{
	const char *type = http_header(api->req, "Content-Type");
	struct op *op = api->req->op;
	enum rc rc;

	rc = multipart_init(
	    op, &many->multipart, type != NULL ? type : "", &parts, many);
	if (rc == RC_INVALID)
		http_problem(api->req, 415, "content",
		    "The content has another type than is expected here",
		    "本文の形式が違います",
		    http_language(api->req) == HTTP_JA
			? "Content-Type: multipart/mixed; boundary=... "
			  "で送信してください。"
			: "Send it with Content-Type: multipart/mixed; "
			  "boundary=...");
	return rc;
}

static enum rc
too_large(struct api *api)
{
	FAIL(api->req->op, RC_LIMIT, "a batch has %d bytes at the most",
	    BATCH_SIZE_MAX);
}

static enum rc
batch_begin(struct api *api)
{
	struct upload_many *many;
	size_t choice;

	TRY(op_alloc(api->req->op, sizeof(*many), &many));
	api->own = many;
	many->api = api;
	sha256_init(&many->hash);
	TRY(api_param_choice(api, "if_exists", outcome_if_exists, &choice));
	many->taken = outcome_taken(choice);
	TRY(outcome_open(api, &many->outcome));
	if (api->req->content_length != HTTP_SIZE_UNKNOWN &&
	    api->req->content_length > BATCH_SIZE_MAX)
		return too_large(api);
	TRY(expect_parts(api, many));
	if (many->outcome.found)
		return RC_OK;
	TRY(api_read(api, find_folder, many));
	return batch_init(api->req->op, &many->batch, api->tenant);
}

static enum rc
batch_body(struct api *api, struct span bytes)
{
	struct upload_many *many = api->own;

	if (bytes.size > BATCH_SIZE_MAX - many->received)
		return too_large(api);
	many->received += bytes.size;
	sha256_update(&many->hash, bytes);
	if (many->outcome.found)
		return RC_OK;
	return multipart_feed(api->req->op, &many->multipart, bytes);
}

static enum rc
batch_end(struct api *api)
{
	struct upload_many *many = api->own;
	uint8_t digest[SHA256_SIZE];
	bool go;

	sha256_digest(&many->hash, digest);
	TRY(outcome_begin(&many->outcome, digest, &go));
	if (!go)
		return RC_OK;
	TRY(multipart_end(api->req->op, &many->multipart));
	if (many->batch.n == 0)
		FAIL(api->req->op, RC_INVALID, "a batch has one part at least");
	many->outcome.write = batch_write_results;
	return outcome_end(&many->outcome,
	    batch_commit(api->req->op, &many->batch, &many->outcome.result));
}

static void
batch_done(struct api *api)
{
	struct upload_many *many = api->own;

	multipart_release(&many->multipart);
	batch_release(&many->batch);
	outcome_release(&many->outcome);
}

static const char *const batch_query[] = {"if_exists", NULL};

const struct api_call call_batch = {
    .changes = true,
    .query = batch_query,
    .begin = batch_begin,
    .body = batch_body,
    .end = batch_end,
    .release = batch_done,
};
