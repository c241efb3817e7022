/* listing.c - a folder as a page of links, without script, for a browser that
 * strays here. */
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dav/folder.h"
#include "dav/get.h"

#define PAGE_POLICY \
	"default-src 'none'; style-src 'self'; base-uri 'none'; " \
	"form-action 'none'; frame-ancestors 'none'"

enum { DATE_SIZE = 10, MINUTE_SIZE = 5 };

struct page {
	struct folder folder;
	bool ja;
};

static enum rc
write_up(struct op *op, struct folder *folder)
{
	size_t size = folder->path.size - 1;

	if (folder->node.id == NODE_ROOT)
		return RC_OK;
	while (size > 0 && folder->path.data[size - 1] != '/')
		size--;
	TRY(buf_add_str(op, &folder->out, "<tr><td><a href=\""));
	TRY(buf_add(op, &folder->out, span_of(folder->path.data, size)));
	return buf_add_str(
	    op, &folder->out, "\">../</a></td><td></td><td></td></tr>\n");
}

static enum rc
write_head(struct op *op, struct page *page, const struct row *row)
{
	struct folder *folder = &page->folder;
	struct span name = rows_name(&folder->rows, row);

	if (name.size == 0)
		name = span_str("dozo");
	TRY(buf_add_format(op, &folder->out,
	    "<!doctype html>\n<html lang=\"%s\"><head>"
	    "<meta charset=\"utf-8\">"
	    "<meta name=\"viewport\" content=\"width=device-width\">"
	    "<link rel=\"stylesheet\" href=\"/style.css\"><title>",
	    page->ja ? "ja" : "en"));
	TRY(door_escape_text(op, &folder->out, name));
	TRY(buf_add_str(op, &folder->out, "</title></head><body><main><h1>"));
	TRY(door_escape_text(op, &folder->out, name));
	TRY(buf_add_format(op, &folder->out,
	    "</h1>\n<table><thead><tr><th>%s</th><th>%s</th><th>%s</th></tr>"
	    "</thead><tbody>\n",
	    page->ja ? "名前" : "Name", page->ja ? "サイズ" : "Size",
	    page->ja ? "更新日時(UTC)" : "Modified (UTC)"));
	return write_up(op, folder);
}

static enum rc
write_entry(struct op *op, struct folder *folder, const struct row *row)
{
	char date[CLOCK_TEXT_SIZE];

	TRY(buf_add_str(op, &folder->out, "<tr><td><a href=\""));
	TRY(folder_add_path(op, folder, row, false, &folder->out));
	TRY(buf_add_str(op, &folder->out, "\">"));
	TRY(door_escape_text(op, &folder->out, rows_name(&folder->rows, row)));
	TRY(buf_add_str(op, &folder->out,
	    row->folder ? "/</a></td><td>" : "</a></td><td>"));
	if (!row->folder)
		TRY(buf_add_format(
		    op, &folder->out, "%llu", (unsigned long long)row->size));
	clock_text(date, row->mtime);
	return buf_add_format(op, &folder->out,
	    "</td><td>%.*s %.*s</td></tr>\n", DATE_SIZE, date, MINUTE_SIZE,
	    date + DATE_SIZE + 1);
}

static enum rc
page_write(
    struct op *op, struct folder *folder, const struct row *row, bool self)
{
	struct page *page = container_of(folder, struct page, folder);

	if (row == NULL)
		return buf_add_format(op, &folder->out,
		    "</tbody></table><p class=\"note\">"
		    "<a href=\"/about/security\">%s</a></p>"
		    "</main></body></html>\n",
		    page->ja ? "情報セキュリティに関する文書"
			     : "Information security");
	return self ? write_head(op, page, row) : write_entry(op, folder, row);
}

static void
page_free(struct folder *folder)
{
	mem_free(container_of(folder, struct page, folder));
}

enum rc
listing_answer(struct dav *dav)
{
	struct page *page;
	enum rc rc;

	TRY(http_set_header(dav->req, "Content-Security-Policy", PAGE_POLICY));
	page = mem_alloc(sizeof(*page));
	if (page == NULL)
		FAIL(dav->req->op, RC_NO_MEMORY, "out of memory");
	page->ja = http_language(dav->req) == HTTP_JA;
	page->folder.write = page_write;
	page->folder.free = page_free;
	page->folder.entries = true;
	page->folder.sorted = true;
	rc = folder_read(dav, &page->folder);
	if (rc != RC_OK) {
		folder_free(&page->folder);
		return rc;
	}
	return folder_answer(&page->folder, 200, "text/html; charset=utf-8");
}
