/* create.c - POST: a new upload, perhaps with its first bytes. */
#include "door/id.h"
#include "tus/again.h"
#include "tus/metadata.h"
#include "tus/request.h"

/* Upload-Length, or the promise to tell it later. */
static enum rc
length(struct http_request *req, struct resumable_new *new)
{
	const char *later = http_header(req, "Upload-Defer-Length");

	TRY(tus_number(req, "Upload-Length", &new->has_size, &new->size));
	if (later != NULL && strcmp(later, "1") != 0)
		FAIL(req->op, RC_INVALID, "Upload-Defer-Length can only be 1");
	if (new->has_size == (later != NULL))
		FAIL(req->op, RC_INVALID,
		    "either Upload-Length or Upload-Defer-Length is needed");
	if (new->has_size && req->has_content &&
	    req->content_length != HTTP_SIZE_UNKNOWN &&
	    req->content_length > new->size)
		FAIL(req->op, RC_LIMIT, "more than the upload's length");
	return RC_OK;
}

/* Where it is to go. */
static enum rc
place(
    struct tus *tus, const struct metadata *metadata, struct resumable_new *new)
{
	struct resumable_result none = {0};
	struct op *op = tus->req->op;
	enum rc rc;

	if (metadata->parent.data == NULL || metadata->name.data == NULL)
		FAIL(op, RC_INVALID, "Upload-Metadata needs parent and name");
	TRY(tree_name_init(op, metadata->name, &new->to.name));
	if (door_id_parse(metadata->parent, &new->to.parent))
		return RC_OK;
	none.put.tree.why = TREE_WHY_PARENT;
	rc = op_fail(op, RC_NOT_FOUND, "no such file or folder");
	return tus_refused(tus, rc, &none);
}

static enum rc
headers(struct tus *tus, struct resumable_new *new)
{
	struct http_request *req = tus->req;
	struct metadata metadata;
	const char *text;

	if (http_header(req, "Upload-Concat") != NULL)
		FAIL(req->op, RC_INVALID, "uploads are not put together here");
	TRY(length(req, new));
	TRY(http_header_all(req, "Upload-Metadata", &text));
	TRY(metadata_parse(req->op, text, &metadata));
	TRY(place(tus, &metadata, new));
	new->to.taken = metadata.taken;
	new->has_digest = metadata.has_sha256;
	memcpy(new->digest, metadata.sha256, sizeof(new->digest));
	new->has_mtime = metadata.has_mtime;
	new->mtime = metadata.mtime;
	new->metadata = metadata.all;
	TRY(checksum_parse(
	    req->op, http_header(req, "Upload-Checksum"), &tus->checksum));
	TRY(door_precondition(req, &tus->precondition));
	new->precondition = tus->precondition;
	return RC_OK;
}

/* The row; what it had to be refused for stands as the answer. */
static enum rc
make(struct tus *tus, const struct resumable_new *new, struct again *again,
    struct resumable_result *result)
{
	enum rc rc = again_open(tus, again, &result->state.id);

	if (rc == RC_OK && !again->found)
		rc = resumable_make(tus->req->op, tus->tenant, new, result);
	again_close(tus);
	return rc == RC_OK ? rc : rc_of(tus_refused(tus, rc, result), rc);
}

static enum rc
create_begin(struct tus *tus)
{
	const struct resumable_from from = {0};
	struct http_request *req = tus->req;
	struct resumable_new new = {0};
	struct resumable_result result = {0};
	struct again again = {0};

	if (req->has_content && !tus_is_part(req))
		return RC_OK;
	TRY(headers(tus, &new));
	TRY(make(tus, &new, &again, &result));
	if (again.found)
		return again_answer(tus, &again);
	tus->id = result.state.id;
	tus->new = !again.keyed;
	if (req->has_content && !result.state.done)
		return tus_open(tus, &from);
	tus->ended = true;
	TRY(tus_address(tus));
	TRY(tus_tell_result(req, &result));
	http_respond(req, 201);
	return RC_OK;
}

static enum rc
create_end(struct tus *tus)
{
	TRY(tus_end(tus, 201));
	return tus_address(tus);
}

const struct tus_method tus_create = {
    .changes = true,
    .content = true,
    .begin = create_begin,
    .end = create_end,
};
