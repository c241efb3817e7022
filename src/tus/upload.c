/* upload.c - HEAD, PATCH and DELETE of one upload. */
#include <stdio.h>

#include "tus/request.h"

/* ---- HEAD ---- */

static enum rc
tell_length(struct http_request *req, const struct resumable_state *state)
{
	char text[24];

	if (!state->has_size)
		return http_set_header(req, "Upload-Defer-Length", "1");
	(void)snprintf(
	    text, sizeof(text), "%llu", (unsigned long long)state->size);
	return http_set_header(req, "Upload-Length", text);
}

static enum rc
tell_metadata(struct http_request *req, const struct resumable_state *state)
{
	char *text;

	if (state->metadata.size == 0)
		return RC_OK;
	TRY(op_format(req->op, &text, "%.*s", (int)state->metadata.size,
	    (const char *)state->metadata.data));
	return http_set_header(req, "Upload-Metadata", text);
}

static enum rc
head_end(struct tus *tus)
{
	struct http_request *req = tus->req;
	struct resumable_state state;

	TRY(resumable_get(req->op, tus->tenant, tus->id, &state));
	TRY(tus_tell(req, &state));
	TRY(tell_length(req, &state));
	TRY(tell_metadata(req, &state));
	TRY(http_set_header(req, "Cache-Control", "no-store"));
	http_respond_size(req, 200, NULL, 0);
	return RC_OK;
}

const struct tus_method tus_head = {.end = head_end};

/* ---- PATCH ---- */

static enum rc
patch_headers(struct tus *tus, struct resumable_from *from)
{
	struct http_request *req = tus->req;
	bool given;

	TRY(tus_number(req, "Upload-Offset", &given, &from->offset));
	if (!given)
		FAIL(req->op, RC_INVALID, "Upload-Offset is needed");
	TRY(tus_number(req, "Upload-Length", &from->has_size, &from->size));
	TRY(checksum_parse(
	    req->op, http_header(req, "Upload-Checksum"), &tus->checksum));
	return door_precondition(req, &tus->precondition);
}

/* Its file is there: whoever missed the answer gets it again, as far as it is
 * known. */
static enum rc
patch_done(struct tus *tus, const struct resumable_state *state)
{
	if (tus->req->has_content)
		FAIL(tus->req->op, RC_LIMIT, "more than the upload's length");
	TRY(tus_tell(tus->req, state));
	http_respond(tus->req, 204);
	return RC_OK;
}

/* More than can be right is refused before it comes. */
static enum rc
check_length(struct http_request *req, const struct resumable_state *state,
    const struct resumable_from *from)
{
	uint64_t size = state->has_size ? state->size : from->size;

	if ((state->has_size || from->has_size) && req->has_content &&
	    req->content_length != HTTP_SIZE_UNKNOWN && size >= from->offset &&
	    req->content_length > size - from->offset)
		FAIL(req->op, RC_LIMIT, "more than the upload's length");
	return RC_OK;
}

static enum rc
patch_begin(struct tus *tus)
{
	struct http_request *req = tus->req;
	struct resumable_from from = {0};
	struct resumable_state state;

	if (!tus_is_part(req))
		return RC_OK;
	TRY(patch_headers(tus, &from));
	TRY(resumable_get(req->op, tus->tenant, tus->id, &state));
	if (state.done && from.offset == state.offset)
		return patch_done(tus, &state);
	TRY(check_length(req, &state, &from));
	return tus_refused(tus, tus_open(tus, &from), NULL);
}

static enum rc
patch_end(struct tus *tus)
{
	return tus_end(tus, 204);
}

const struct tus_method tus_patch = {
    .changes = true,
    .content = true,
    .begin = patch_begin,
    .end = patch_end,
};

/* ---- DELETE ---- */

static enum rc
delete_end(struct tus *tus)
{
	TRY(resumable_drop(tus->req->op, tus->tenant, tus->id));
	http_respond(tus->req, 204);
	return RC_OK;
}

const struct tus_method tus_delete = {.changes = true, .end = delete_end};
