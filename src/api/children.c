/* children.c - GET /nodes/{id}/children: a page of a folder, in an order. */
#include "api/cursor.h"
#include "api/listing.h"
#include "api/node.h"
#include "base/mem.h"
#include "core/path.h"

enum {
	PAGE_MAX = 10000,
	PAGE_USUAL = 100,
	SMALL_ANSWER = 64 << 10,
	OUT_LIMIT = 1 << 20,
};

static const char *const sorts[] = {"name", "size", "mtime", NULL};
static const char *const orders[] = {"asc", "desc", NULL};

struct page {
	size_t sort; /* enum listing_sort */
	size_t descending;
	uint64_t limit;
	struct span cursor; /* as sent, no data: the first page */

	struct node node; /* the folder, in the listing's state */
	struct span path;
	struct listings *listings;
	struct listing *listing;
	size_t first, end; /* entries */
	struct node_detail *details; /* of the files, from first on */
	char next[CURSOR_SIZE]; /* "": this is the last page */

	const struct door *door;
	struct buf out;
	size_t sent;
	size_t at;
	bool ended;
};

/* ---- cursors: the folder's state, the order, a place ---- */

enum { FOLDER, TAG, SORT, DESCENDING, PLACE, NUMBERS };

static void
write_next(const struct meta *meta, int64_t member, struct page *page)
{
	const uint64_t numbers[NUMBERS] = {
	    [FOLDER] = (uint64_t)page->node.id,
	    [TAG] = (uint64_t)page->node.tag,
	    [SORT] = page->sort,
	    [DESCENDING] = page->descending,
	    [PLACE] = page->end,
	};

	cursor_write(meta, member, "children", numbers, NUMBERS, page->next);
}

/* The page that a cursor names. */
static enum rc
read_cursor(struct api *api, const struct meta *meta, struct page *page)
{
	struct op *op = api->req->op;
	uint64_t numbers[NUMBERS];

	TRY(cursor_read(op, meta, op->actor.member, "children", page->cursor,
	    numbers, NUMBERS));
	if (numbers[FOLDER] != (uint64_t)page->node.id ||
	    numbers[SORT] != page->sort ||
	    numbers[DESCENDING] != page->descending)
		FAIL(op, RC_INVALID,
		    "the cursor is another folder's, or of another order");
	page->node.tag = (int64_t)numbers[TAG];
	page->first = (size_t)numbers[PLACE];
	return RC_OK;
}

/* ---- reading ---- */

static enum rc
changed(struct api *api)
{
	http_problem(api->req, 409, "list-changed",
	    "The folder has changed since the first page",
	    "最初のページを取得した後にフォルダーが変更されました",
	    http_language(api->req) == HTTP_JA
		? "cursor を付けずに、最初から取得し直してください。"
		: "Begin again without a cursor.");
	return RC_CONFLICT;
}

/* The listing that the cursor names, or that of the present state. */
static enum rc
page_listing(struct api *api, struct meta *meta, struct page *page)
{
	struct op *op = api->req->op;
	int64_t now = page->node.tag;
	struct listing_key key = {
	    .tenant = api->tenant->id,
	    .folder = page->node.id,
	    .sort = (enum listing_sort)page->sort,
	};

	if (page->node.id == NODE_ROOT)
		key.member = op->actor.member;
	if (page->cursor.data != NULL)
		TRY(read_cursor(api, meta, page));
	key.tag = page->node.tag;
	page->listing = listings_find(page->listings, &key);
	if (page->listing != NULL)
		return RC_OK;
	if (key.tag != now)
		return changed(api);
	return listings_make(op, page->listings, meta, &key, &page->listing);
}

static enum rc
page_details(struct api *api, struct meta *meta, const struct place *place,
    struct page *page)
{
	size_t i, n = page->end - page->first;

	if (n == 0)
		return RC_OK;
	page->details = mem_alloc_array(n, sizeof(*page->details));
	if (page->details == NULL)
		FAIL(api->req->op, RC_NO_MEMORY, "out of memory");
	for (i = 0; i < n; i++) {
		const struct listing_entry *entry = listing_at(
		    page->listing, page->descending != 0, page->first + i);
		enum rc rc = node_detail_get(api->req->op, meta, api->tenant,
		    api_now(api), entry->id, entry->content, place,
		    &page->details[i]);

		/* An older state, of which something is gone for good. */
		if (rc == RC_NOT_FOUND)
			return changed(api);
		TRY(rc);
	}
	return RC_OK;
}

static enum rc
read_page(struct api *api, struct meta *meta, void *arg)
{
	struct op *op = api->req->op;
	struct page *page = arg;
	struct place place;

	TRY(api_find(
	    api, meta, api->params[0], ACCESS_READ, &page->node, &place));
	if (page->node.kind != NODE_FOLDER)
		FAIL(op, RC_INVALID, "it is a file, not a folder");
	TRY(path_text(op, meta, &place, &page->path));
	TRY(page_listing(api, meta, page));
	if (page->first > page->listing->n)
		page->first = page->listing->n;
	page->end = page->listing->n;
	if (page->end - page->first > page->limit) {
		page->end = page->first + (size_t)page->limit;
		write_next(meta, op->actor.member, page);
	}
	page->at = page->first;
	return page_details(api, meta, &place, page);
}

/* ---- writing: while the client takes it ---- */

static enum rc
write_entry(struct op *op, struct page *page)
{
	const struct listing_entry *entry =
	    listing_at(page->listing, page->descending != 0, page->at);
	const struct node node = {
	    .id = entry->id,
	    .parent = page->node.id,
	    .name = listing_name(page->listing, entry),
	    .kind = entry->content != 0 ? NODE_FILE : NODE_FOLDER,
	    .size = entry->size,
	    .mtime = entry->mtime,
	    .tag = entry->tag,
	};

	TRY(buf_add_str(op, &page->out, page->at > page->first ? ",\n" : "\n"));
	return node_write(op, &page->out, page->door, &node, page->path,
	    &page->details[page->at++ - page->first]);
}

static enum rc
write_end(struct op *op, struct page *page)
{
	page->ended = true;
	TRY(buf_add_str(op, &page->out, "\n],\"next\":"));
	if (page->next[0] == '\0')
		return buf_add_str(op, &page->out, "null}\n");
	return buf_add_format(op, &page->out, "\"%s\"}\n", page->next);
}

/* Until size bytes are there, or all. */
static enum rc
fill(struct op *op, struct page *page, size_t size)
{
	struct buf *out = &page->out;

	if (page->sent > 0) {
		out->size -= page->sent;
		memmove(out->data, out->data + page->sent, out->size);
		page->sent = 0;
	}
	while (out->size < size && !page->ended)
		TRY(page->at < page->end ? write_entry(op, page)
					 : write_end(op, page));
	return RC_OK;
}

static enum rc
source_read(struct op *op, void *arg, uint8_t *out, size_t size, size_t *ret_n)
{
	struct page *page = arg;

	TRY(fill(op, page, size));
	page->sent = page->out.size < size ? page->out.size : size;
	if (page->sent > 0)
		memcpy(out, page->out.data, page->sent);
	*ret_n = page->sent;
	return RC_OK;
}

static void
page_free(void *arg)
{
	struct page *page = arg;

	listing_put(page->listings, page->listing);
	mem_free(page->details);
	buf_release(&page->out);
	mem_free(page);
}

static enum rc
answer(struct api *api, struct page **page)
{
	struct http_source source = {
	    .read = source_read, .release = page_free, .arg = *page};
	struct http_request *req = api->req;

	TRY(buf_add_str(req->op, &(*page)->out, "{\"items\":["));
	TRY(fill(req->op, *page, SMALL_ANSWER));
	TRY(node_set_etag(req, &(*page)->node));
	if ((*page)->ended) {
		api_answer(api, 200, &(*page)->out);
		return RC_OK;
	}
	TRY(http_set_header(req, "Cache-Control", "private, no-cache"));
	if (req->method == HTTP_HEAD) {
		http_respond_size(
		    req, 200, "application/json", HTTP_SIZE_UNKNOWN);
		return RC_OK;
	}
	http_respond_source(
	    req, 200, "application/json", HTTP_SIZE_UNKNOWN, &source);
	*page = NULL;
	return RC_OK;
}

static void
page_release(struct page **page)
{
	if (*page != NULL)
		page_free(*page);
}

static enum rc
children_end(struct api *api)
{
	CLEANUP(page_release) struct page *page = mem_alloc(sizeof(*page));
	bool go;

	if (page == NULL)
		FAIL(api->req->op, RC_NO_MEMORY, "out of memory");
	page->listings = api->api_door->listings;
	page->door = api->door;
	buf_init(&page->out, OUT_LIMIT);
	TRY(api_param_choice(api, "sort", sorts, &page->sort));
	TRY(api_param_choice(api, "order", orders, &page->descending));
	TRY(api_param_number(
	    api, "limit", 1, PAGE_MAX, PAGE_USUAL, &page->limit));
	TRY(api_param(api, "cursor", &page->cursor));
	TRY(api_read(api, read_page, page));
	TRY(door_conditions(api->req, &page->node, &go));
	return go ? answer(api, &page) : RC_OK;
}

static const char *const children_query[] = {
    "limit", "cursor", "sort", "order", NULL};

const struct api_call call_children = {
    .query = children_query, .end = children_end};
