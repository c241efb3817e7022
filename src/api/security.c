/* security.c - GET /api/v1/security: the living security document, without
 * log-in, from memory. */
#include "api/request.h"
#include "evidence/evidence.h"

enum { ANSWER_MAX = 64 << 10 };

static enum rc
item_add(struct api *api, size_t i, enum lang lang, struct buf *json)
{
	struct op *op = api->req->op;
	struct evidence_result result;
	char command[EVIDENCE_COMMAND_SIZE];

	evidence_get(api->door->evidence, i, lang, &result);
	evidence_command(i, command);
	TRY(buf_add_str(op, json, i == 0 ? "{" : ",{"));
	TRY(api_add_text(op, json, "clause", span_str(clauses[i].number)));
	TRY(api_add_text(
	    op, json, "light", span_str(evidence_word(result.light))));
	TRY(result.checked_at != 0
		? api_add_time(op, json, "checked_at", result.checked_at)
		: api_add_null(op, json, "checked_at"));
	TRY(api_add_text(op, json, "checked", span_str(result.checked)));
	TRY(api_add_text(op, json, "command", span_str(command)));
	return buf_add_str(op, json, "}");
}

static enum rc
security_end(struct api *api)
{
	CLEANUP(buf_release) struct buf json = {.limit = ANSWER_MAX};
	struct http_request *req = api->req;
	bool ja = http_language(req) == HTTP_JA;
	size_t i;

	TRY(buf_add_str(req->op, &json, "{\"items\":["));
	for (i = 0; i < CLAUSES; i++)
		TRY(item_add(api, i, ja ? LANG_JA : LANG_EN, &json));
	TRY(buf_add_str(req->op, &json, "]}\n"));
	TRY(http_set_header(req, "Vary", "Accept-Language"));
	TRY(http_set_header(req, "Content-Language", ja ? "ja" : "en"));
	api_answer(api, 200, &json);
	return RC_OK;
}

const struct api_call call_security = {.open = true, .end = security_end};
