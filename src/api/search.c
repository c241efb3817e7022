/* search.c - GET /search: by a piece of the name. */
#include "core/search.h"

#include "api/cursor.h"
#include "api/node.h"

enum { PAGE_MAX = 1000, PAGE_USUAL = 100, JSON_LIMIT = 64 << 20 };

struct finding {
	struct api *api;
	struct meta *meta;
	uint64_t limit;
	struct span cursor;
	struct search search;
	size_t n;
	struct buf json;
};

static enum rc
add_found(void *arg, struct op *op, const struct node *node,
    const struct place *place)
{
	struct finding *f = arg;

	TRY(buf_add_str(op, &f->json, f->n++ > 0 ? ",\n" : "\n"));
	return node_write_found(f->api, f->meta, node, place, false, &f->json);
}

static enum rc
find(struct api *api, struct meta *meta, void *arg)
{
	struct op *op = api->req->op;
	struct finding *f = arg;
	char next[CURSOR_SIZE];
	uint64_t last = 0;

	f->meta = meta;
	if (f->cursor.data != NULL)
		TRY(cursor_read(
		    op, meta, op->actor.member, "search", f->cursor, &last, 1));
	f->search.after = (int64_t)last;
	TRY(buf_add_str(op, &f->json, "{\"items\":["));
	TRY(search_names(op, meta, &f->search, add_found, f));
	if (!f->search.more)
		return buf_add_str(op, &f->json, "\n],\"next\":null}\n");
	last = (uint64_t)f->search.last;
	cursor_write(meta, op->actor.member, "search", &last, 1, next);
	return buf_add_format(op, &f->json, "\n],\"next\":\"%s\"}\n", next);
}

static void
finding_release(struct finding *f)
{
	buf_release(&f->json);
}

static enum rc
search_end(struct api *api)
{
	CLEANUP(finding_release) struct finding f = {.json.limit = JSON_LIMIT};

	f.api = api;
	TRY(api_param(api, "q", &f.search.text));
	if (f.search.text.size == 0)
		FAIL(api->req->op, RC_INVALID,
		    "the parameter \"q\" says what to look for");
	TRY(api_param_number(api, "limit", 1, PAGE_MAX, PAGE_USUAL, &f.limit));
	f.search.limit = (size_t)f.limit;
	TRY(api_param(api, "cursor", &f.cursor));
	TRY(api_read(api, find, &f));
	api_answer(api, 200, &f.json);
	return RC_OK;
}

static const char *const search_query[] = {"q", "limit", "cursor", NULL};

const struct api_call call_search = {.query = search_query, .end = search_end};
