/* answer.c - what answers of this door have in common. */
#include <stdio.h>

#include "base/clock.h"
#include "door/id.h"
#include "http/date.h"
#include "tus/request.h"

static enum rc
tell_number(struct http_request *req, const char *name, uint64_t number)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	return http_set_header(req, name, text);
}

enum rc
tus_tell(struct http_request *req, const struct resumable_state *state)
{
	char id[DOOR_ID_SIZE], date[DATE_SIZE];

	TRY(tell_number(req, "Upload-Offset", state->offset));
	if (state->done) {
		door_id(state->node, id);
		TRY(http_set_header(req, "Dozo-Node", id));
	} else {
		date_format(date, state->expires_at / CLOCK_S);
		TRY(http_set_header(req, "Upload-Expires", date));
	}
	return door_receipt(req, req->route->door, &state->receipt);
}

enum rc
tus_tell_result(struct http_request *req, const struct resumable_result *result)
{
	char etag[DOOR_ETAG_SIZE];

	if (result->state.done) {
		door_etag(&result->put.tree.etag, etag);
		TRY(http_set_header(req, "ETag", etag));
	}
	return tus_tell(req, &result->state);
}

enum rc
tus_address(struct tus *tus)
{
	char id[DOOR_ID_SIZE];
	char *location;

	door_id(tus->id, id);
	TRY(op_format(
	    tus->req->op, &location, "%s/%s", tus->req->route->prefix, id));
	return http_set_header(tus->req, "Location", location);
}

static void
refuse(struct http_request *req, int status, const char *type,
    const char *title_en, const char *title_ja)
{
	const char *detail = req->op->error[0] != '\0' ? req->op->error : NULL;

	http_problem(req, status, type, title_en, title_ja, detail);
}

void
tus_wrong_checksum(struct http_request *req, const char *detail)
{
	http_problem(req, 460, "checksum-mismatch",
	    "The content is not what its checksum says",
	    "内容がチェックサムと一致しません", detail);
}

/*
 * 404 is an upload's own, and clients try 409 again: what is wrong with the
 * file's place is something else here.
 */
enum rc
tus_refused(struct tus *tus, enum rc rc, const struct resumable_result *result)
{
	struct http_request *req = tus->req;
	enum tree_why why =
	    result != NULL ? result->put.tree.why : TREE_WHY_OTHER;

	if (rc == RC_INVALID && result != NULL && result->other_digest)
		tus_wrong_checksum(req, req->op->error);
	else if (why == TREE_WHY_PARENT)
		refuse(req, 422, "no-parent", "The folder does not exist",
		    "フォルダーがありません");
	else if (why == TREE_WHY_EXISTS || why == TREE_WHY_KIND)
		refuse(
		    req, 412, "exists", "It exists already", "既に存在します");
	else if (why != TREE_WHY_OTHER)
		return door_refused(req, rc, why);
	else if (rc == RC_BUSY)
		refuse(req, 423, "being-written",
		    "Another request is writing to this upload",
		    "別のリクエストがこのアップロードに書き込み中です");
	else if (rc == RC_CONFLICT)
		refuse(req, 409, "offset", "The upload stands elsewhere",
		    "アップロードの現在位置と異なります");
	return rc;
}
