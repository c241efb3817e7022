/* content.c - contents of POST and PATCH: what is declared, and how they end.
 */
#include "base/str.h"
#include "tus/request.h"

enum rc
tus_number(struct http_request *req, const char *name, bool *ret_given,
    uint64_t *ret_number)
{
	const char *text = http_header(req, name);

	*ret_given = text != NULL;
	if (text != NULL && !str_to_u64(text, 0, INT64_MAX, ret_number))
		FAIL(req->op, RC_INVALID, "%s is no number of bytes", name);
	return RC_OK;
}

bool
tus_is_part(struct http_request *req)
{
	const char *type = http_header(req, "Content-Type");

	if (type != NULL &&
	    strcmp(type, "application/offset+octet-stream") == 0)
		return true;
	http_problem(req, 415, "content",
	    "The content has another type than is expected here",
	    "本文の形式が違います",
	    http_language(req) == HTTP_JA
		? "Content-Type: application/offset+octet-stream "
		  "で送信してください。"
		: "Send it with Content-Type: "
		  "application/offset+octet-stream.");
	return false;
}

enum rc
tus_open(struct tus *tus, const struct resumable_from *from)
{
	struct resumable_from all = *from;

	all.whole = tus->checksum.wanted;
	return resumable_open(
	    tus->req->op, tus->tenant, tus->id, &all, &tus->upload);
}

enum rc
tus_end(struct tus *tus, int status)
{
	struct http_request *req = tus->req;
	struct resumable_result result;
	enum rc rc;

	if (!checksum_holds(&tus->checksum)) {
		tus->failed = true;
		tus_wrong_checksum(req, NULL);
		return RC_INVALID;
	}
	rc = resumable_end(req->op, tus->upload, &tus->precondition, &result);
	tus->failed = rc != RC_OK;
	if (rc != RC_OK)
		return tus_refused(tus, rc, &result);
	tus->ended = true;
	TRY(tus_tell_result(req, &result));
	http_respond(req, status);
	return RC_OK;
}
