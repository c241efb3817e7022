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
tus_refused(struct tus *tus, enum rc rc, enum tree_why why)
{
	struct http_request *req = tus->req;

	if (why == TREE_WHY_PARENT)
		refuse(req, 422, "no-parent", "The folder does not exist",
		    "フォルダーがありません");
	else if (why == TREE_WHY_EXISTS || why == TREE_WHY_KIND)
		refuse(
		    req, 412, "exists", "It exists already", "既に存在します");
	else if (why != TREE_WHY_OTHER)
		return door_refused(req, rc, why);
	else if (rc == RC_BUSY)
		refuse(req, 423, "locked",
		    "Another request is writing to this upload",
		    "別のリクエストがこのアップロードに書き込み中です");
	else if (rc == RC_CONFLICT)
		refuse(req, 409, "offset", "The upload stands elsewhere",
		    "アップロードの現在位置と異なります");
	return rc;
}
