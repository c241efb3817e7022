/* get.c - GET and HEAD: a file's bytes, or one range of them. */
#include "dav/get.h"

#include <stdio.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/download.h"
#include "door/digest.h"
#include "http/date.h"
#include "http/etag.h"
#include "http/range.h"

enum { DISPOSITION_LIMIT = 4096 };

/* No page made of what somebody stored may act in this server's name. */
#define FILE_POLICY "default-src 'none'; sandbox"

struct file {
	struct node node;
	struct content content;
	struct download *download; /* from the start, where that is likely to
				      be asked for */
};

static void
file_release(struct file *file)
{
	download_free(file->download);
}

static enum rc
find_file(struct dav *dav, struct meta *meta, void *arg)
{
	struct op *op = dav->req->op;
	struct file *file = arg;

	TRY(dav_find(dav, meta, ACCESS_READ, &file->node));
	if (file->node.kind == NODE_FOLDER)
		return RC_OK;
	TRY(content_get(op, meta, file->node.content, &file->content));
	if (dav->req->method != HTTP_GET || file->content.size == 0 ||
	    http_header(dav->req, "Range") != NULL)
		return RC_OK;
	return download_open_at(
	    op, dav->tenant, meta, &file->content, 0, &file->download);
}

/* ---- headers ---- */

static enum rc
set_disposition(struct http_request *req, struct span name)
{
	CLEANUP(buf_release) struct buf text = {.limit = DISPOSITION_LIMIT};

	TRY(buf_add_str(req->op, &text, "attachment; filename*=UTF-8''"));
	TRY(door_escape_path(req->op, &text, name));
	TRY(buf_add(req->op, &text, span_of("", 1)));
	return http_set_header(
	    req, "Content-Disposition", (const char *)text.data);
}

static enum rc
set_state(struct http_request *req, const struct node *node)
{
	char etag[DOOR_ETAG_SIZE], date[DATE_SIZE];
	struct node_etag tag = node_etag(node);

	door_etag(&tag, etag);
	TRY(http_set_header(req, "ETag", etag));
	if (node->id == NODE_ROOT)
		return RC_OK;
	date_format(date, node->mtime / CLOCK_S);
	return http_set_header(req, "Last-Modified", date);
}

static enum rc
set_digests(struct http_request *req, const struct content *content)
{
	char text[DIGEST_CHECKSUM_SIZE];

	if (!content->finished)
		return RC_OK;
	digest_field(content->sha256, text);
	TRY(http_set_header(req, "Repr-Digest", text));
	digest_checksum(
	    content->has_sha1 ? content->sha1 : NULL, content->sha256, text);
	return http_set_header(req, "OC-Checksum", text);
}

static enum rc
set_headers(struct dav *dav, const struct file *file)
{
	struct http_request *req = dav->req;
	char id[DOOR_FILE_ID_SIZE];

	door_file_id(dav->tenant, file->node.id, id);
	TRY(set_state(req, &file->node));
	TRY(set_digests(req, &file->content));
	TRY(set_disposition(req, file->node.name));
	TRY(http_set_header(req, "OC-FileId", id));
	TRY(http_set_header(req, "Accept-Ranges", "bytes"));
	TRY(http_set_header(req, "X-Content-Type-Options", "nosniff"));
	TRY(http_set_header(req, "Content-Security-Policy", FILE_POLICY));
	return http_set_header(req, "Cache-Control", "private, no-cache");
}

/* ---- the bytes ---- */

struct piece {
	struct download *download;
	uint64_t at;
	uint64_t end;
};

static enum rc
piece_read(struct op *op, void *arg, uint8_t *out, size_t size, size_t *ret_n)
{
	struct piece *piece = arg;

	if (size > piece->end - piece->at)
		size = (size_t)(piece->end - piece->at);
	*ret_n = 0;
	if (size > 0)
		TRY(download_read(
		    op, piece->download, piece->at, out, size, ret_n));
	piece->at += *ret_n;
	return RC_OK;
}

static void
piece_free(void *arg)
{
	struct piece *piece = arg;

	download_free(piece->download);
	mem_free(piece);
}

static enum rc
answer_bytes(
    struct dav *dav, struct file *file, int status, const struct range *range)
{
	struct http_request *req = dav->req;
	const char *type = door_media_type(file->node.name);
	uint64_t size = range_size(range);
	struct http_source source = {.read = piece_read, .release = piece_free};
	struct piece *piece;

	if (file->download == NULL)
		TRY(download_open(
		    req->op, dav->tenant, file->node.content, &file->download));
	piece = mem_alloc(sizeof(*piece));
	if (piece == NULL)
		FAIL(req->op, RC_NO_MEMORY, "out of memory");
	piece->download = file->download;
	file->download = NULL;
	piece->at = range->first;
	piece->end = range->last + 1;
	source.arg = piece;
	http_respond_source(req, status, type, size, &source);
	return RC_OK;
}

static enum rc
answer_whole(struct dav *dav, struct file *file)
{
	uint64_t size = file->content.size;
	struct range all = {0, size - 1};

	if (dav->req->method == HTTP_HEAD || size == 0) {
		http_respond_size(
		    dav->req, 200, door_media_type(file->node.name), size);
		return RC_OK;
	}
	return answer_bytes(dav, file, 200, &all);
}

/* The one range that is to be sent; RANGE_NONE also for several. */
static enum range_kind
range_wanted(struct dav *dav, const struct file *file, struct range *ret_range)
{
	struct node_etag tag = node_etag(&file->node);
	const char *text = http_header(dav->req, "Range");
	const char *if_range = http_header(dav->req, "If-Range");
	char current[DOOR_ETAG_SIZE];
	struct range_set set;
	enum range_kind kind;

	if (text == NULL || dav->req->method != HTTP_GET)
		return RANGE_NONE;
	door_etag(&tag, current);
	if (if_range != NULL &&
	    !etag_if_range(if_range, current, file->node.mtime / CLOCK_S))
		return RANGE_NONE;
	kind = range_parse(text, file->content.size, &set);
	if (kind == RANGE_SOME && set.n > 1)
		return RANGE_NONE;
	if (kind == RANGE_SOME)
		*ret_range = set.ranges[0];
	return kind;
}

static enum rc
answer_file(struct dav *dav, struct file *file)
{
	struct http_request *req = dav->req;
	char text[RANGE_TEXT_SIZE];
	struct range range;

	switch (range_wanted(dav, file, &range)) {
	case RANGE_UNSATISFIABLE:
		range_text(text, NULL, file->content.size);
		TRY(http_set_header(req, "Content-Range", text));
		http_problem(req, 416, "range", "No such range",
		    "指定された範囲はありません", NULL);
		return RC_OK;
	case RANGE_SOME:
		TRY(set_headers(dav, file));
		range_text(text, &range, file->content.size);
		TRY(http_set_header(req, "Content-Range", text));
		return answer_bytes(dav, file, 206, &range);
	case RANGE_NONE:
		break;
	}
	TRY(set_headers(dav, file));
	return answer_whole(dav, file);
}

static enum rc
answer_folder(struct dav *dav, const struct node *node)
{
	TRY(set_state(dav->req, node));
	TRY(http_set_header(dav->req, "X-Content-Type-Options", "nosniff"));
	TRY(http_set_header(dav->req, "Cache-Control", "private, no-cache"));
	if (dav->req->method == HTTP_HEAD) {
		http_respond(dav->req, 200);
		return RC_OK;
	}
	return listing_answer(dav);
}

static enum rc
get_end(struct dav *dav)
{
	CLEANUP(file_release) struct file file = {0};
	bool go;

	TRY(dav_read(dav, find_file, &file));
	if (file.node.kind == NODE_FOLDER)
		return answer_folder(dav, &file.node);
	TRY(door_conditions(dav->req, &file.node, &go));
	return go ? answer_file(dav, &file) : RC_OK;
}

const struct dav_method dav_get = {.end = get_end};

/* ---- PATCH with X-Recalculate-Hash ---- */

/*
 * Sync clients have a server that keeps only what it was sent calculate a
 * checksum; here it stands already. There is no other PATCH.
 */
static enum rc
recalculate_end(struct dav *dav)
{
	const char *hash = http_header(dav->req, "X-Recalculate-Hash");
	char text[DIGEST_CHECKSUM_SIZE];
	struct file file = {0};
	bool sha1;

	if (hash == NULL)
		return door_not_allowed(
		    dav->req, "PATCH needs X-Recalculate-Hash");
	sha1 = strcasecmp(hash, "sha1") == 0;
	if (!sha1 && strcasecmp(hash, "sha256") != 0)
		FAIL(dav->req->op, RC_INVALID,
		    "X-Recalculate-Hash is sha1 or sha256");
	TRY(dav_read(dav, find_file, &file));
	if (file.node.kind == NODE_FOLDER)
		return door_not_allowed(dav->req, "a folder has no checksum");
	if (sha1 && !file.content.has_sha1)
		FAIL(dav->req->op, RC_INVALID,
		    "this file has no SHA-1, but a SHA-256");
	digest_checksum(
	    sha1 ? file.content.sha1 : NULL, file.content.sha256, text);
	TRY(http_set_header(dav->req, "OC-Checksum", text));
	TRY(set_state(dav->req, &file.node));
	http_respond(dav->req, 204);
	return RC_OK;
}

const struct dav_method dav_recalculate = {.end = recalculate_end};
