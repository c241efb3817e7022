/* security.c - GET /api/v1/security, without log-in, from memory. */
#include "api/security.h"

#include <jansson.h>

#include "base/clock.h"
#include "evidence/evidence.h"

enum { ANSWER_MAX = 64 << 10 };

static json_t *
item_make(struct door *door, size_t i, enum lang lang)
{
	struct evidence_result result;
	char at[CLOCK_TEXT_SIZE], command[EVIDENCE_COMMAND_SIZE];

	evidence_get(door->evidence, i, lang, &result);
	evidence_command(i, command);
	clock_text(at, result.checked_at);
	return json_pack("{s:s, s:s, s:s?, s:s, s:s}", "clause",
	    clauses[i].number, "light", evidence_word(result.light),
	    "checked_at", result.checked_at != 0 ? at : NULL, "checked",
	    result.checked, "command", command);
}

static int
bytes_add(const char *bytes, size_t size, void *arg)
{
	CLEANUP(op_release) struct op op;
	enum rc rc;

	op_init(&op);
	rc = buf_add(&op, arg, span_of(bytes, size));
	return rc == RC_OK ? 0 : -1;
}

static enum rc
items_make(struct http_request *req, enum lang lang, struct buf *buf)
{
	CLEANUP(json_decrefp) json_t *root = NULL;
	json_t *items = json_array();
	size_t i;

	for (i = 0; i < CLAUSES; i++)
		(void)json_array_append_new(
		    items, item_make(req->route->door, i, lang));
	root = json_pack("{s:o}", "items", items);
	if (json_array_size(items) != CLAUSES ||
	    json_dump_callback(root, bytes_add, buf, JSON_COMPACT) != 0)
		FAIL(req->op, RC_NO_MEMORY, "out of memory");
	return buf_add_str(req->op, buf, "\n");
}

static enum rc
security(struct http_request *req)
{
	CLEANUP(buf_release) struct buf json = {.limit = ANSWER_MAX};
	bool ja = http_language(req) == HTTP_JA;

	if (req->target.n_segments > req->prefix_segments)
		FAIL(req->op, RC_NOT_FOUND, "there is nothing here");
	TRY(items_make(req, ja ? LANG_JA : LANG_EN, &json));
	TRY(http_set_header(req, "Cache-Control", "no-store"));
	TRY(http_set_header(req, "Vary", "Accept-Language"));
	TRY(http_set_header(req, "Content-Language", ja ? "ja" : "en"));
	if (req->method == HTTP_HEAD)
		http_respond_size(req, 200, "application/json", json.size);
	else
		http_respond_memory(req, 200, "application/json", &json);
	return RC_OK;
}

static const struct http_handler handler = {.end = security};

void
security_route(struct door *door, struct http_route *out)
{
	*out = (struct http_route){
	    .prefix = "/api/v1/security",
	    .methods = HTTP_ALLOW(HTTP_GET) | HTTP_ALLOW(HTTP_HEAD),
	    .handler = &handler,
	    .door = door,
	};
}
