/* content.c - GET and HEAD of a file's bytes, for every door that has files. */
#include "door/content.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"
#include "door/digest.h"
#include "http/date.h"
#include "http/etag.h"
#include "http/range.h"

enum { DISPOSITION_LIMIT = 4096, PART_LIMIT = 320, BOUNDARY_BYTES = 16 };

/* No page made of what somebody stored may act in this server's name. */
#define FILE_POLICY "default-src 'none'; sandbox"

#define MULTIPART_TYPE "multipart/byteranges; boundary="

enum rc
door_content_read(struct http_request *req, struct tenant *tenant,
    struct meta *meta, int64_t content, struct door_content *ret_content)
{
	TRY(content_get(req->op, meta, content, &ret_content->content));
	if (req->method != HTTP_GET || ret_content->content.size == 0 ||
	    http_header(req, "Range") != NULL)
		return RC_OK;
	return download_open_at(req->op, tenant, meta, &ret_content->content, 0,
	    &ret_content->download);
}

enum rc
door_content_read_file(struct http_request *req, struct tenant *tenant,
    struct meta *meta, const struct node *file,
    struct door_content *ret_content)
{
	struct node_etag etag = node_etag(file);

	door_etag(&etag, ret_content->etag);
	ret_content->mtime = file->mtime;
	ret_content->name = file->name;
	return door_content_read(req, tenant, meta, file->content, ret_content);
}

void
door_content_release(struct door_content *content)
{
	download_free(content->download);
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
set_digest(struct http_request *req, const struct content *content)
{
	const char *wanted;
	char text[DIGEST_TEXT_SIZE];

	TRY(http_header_all(req, "Want-Repr-Digest", &wanted));
	if (!content->finished || !digest_wanted(wanted))
		return RC_OK;
	digest_field(content->sha256, text);
	return http_set_header(req, "Repr-Digest", text);
}

static enum rc
set_headers(struct http_request *req, const struct door_content *content)
{
	char date[DATE_SIZE];

	date_format(date, door_seconds(content->mtime));
	TRY(http_set_header(req, "ETag", content->etag));
	TRY(http_set_header(req, "Last-Modified", date));
	TRY(http_set_header(req, "Accept-Ranges", "bytes"));
	TRY(http_set_header(req, "Cache-Control", DOOR_CACHE));
	TRY(http_set_header(req, "X-Content-Type-Options", "nosniff"));
	TRY(http_set_header(req, "Content-Security-Policy", FILE_POLICY));
	TRY(set_digest(req, &content->content));
	return set_disposition(req, content->name);
}

/* ---- the bytes ---- */

/*
 * Ranges with a text before each and one at the end: those of a multipart, or
 * empty ones around a single range.
 */
struct body {
	struct download *download;
	struct range_set set;
	struct buf texts;
	size_t text_end[RANGE_MAX + 1];
	size_t text_at;
	size_t part;
	uint64_t at; /* in the content */
};

static enum rc
body_read(struct op *op, void *arg, uint8_t *out, size_t size, size_t *ret_n)
{
	struct body *body = arg;

	*ret_n = 0;
	for (;; body->part++) {
		size_t text = body->text_end[body->part] - body->text_at;
		const struct range *range = &body->set.ranges[body->part];

		if (text > 0) {
			*ret_n = text < size ? text : size;
			memcpy(out, body->texts.data + body->text_at, *ret_n);
			body->text_at += *ret_n;
			return RC_OK;
		}
		if (body->part == body->set.n)
			return RC_OK;
		if (body->at < range->first)
			body->at = range->first;
		if (body->at <= range->last)
			break;
		/* The next one may lie before this one. */
		body->at = 0;
	}
	if (size > body->set.ranges[body->part].last + 1 - body->at)
		size =
		    (size_t)(body->set.ranges[body->part].last + 1 - body->at);
	TRY(download_read(op, body->download, body->at, out, size, ret_n));
	body->at += *ret_n;
	return RC_OK;
}

static void
body_free(void *arg)
{
	struct body *body = arg;

	download_free(body->download);
	buf_release(&body->texts);
	mem_free(body);
}

/* Takes the content's download. */
static enum rc
body_new(struct http_request *req, struct tenant *tenant,
    struct door_content *content, const struct range_set *set,
    struct body **ret_body)
{
	struct body *body;

	if (content->download == NULL)
		TRY(download_open(
		    req->op, tenant, content->content.id, &content->download));
	body = mem_alloc(sizeof(*body));
	if (body == NULL)
		FAIL(req->op, RC_NO_MEMORY, "out of memory");
	body->download = content->download;
	content->download = NULL;
	body->set = *set;
	buf_init(&body->texts, (RANGE_MAX + 1) * PART_LIMIT);
	*ret_body = body;
	return RC_OK;
}

static void
respond(struct http_request *req, int status, const char *type, uint64_t size,
    struct body *body)
{
	const struct http_source source = {
	    .read = body_read, .release = body_free, .arg = body};

	http_respond_source(req, status, type, size, &source);
}

static enum rc
answer_range(struct http_request *req, struct tenant *tenant,
    struct door_content *content, int status, const struct range *range)
{
	const struct range_set set = {.n = 1, .ranges = {*range}};
	struct body *body;

	TRY(body_new(req, tenant, content, &set, &body));
	respond(req, status, door_media_type(content->name), range_size(range),
	    body);
	return RC_OK;
}

/* *ret_size: of the whole answer. */
static enum rc
body_texts(struct op *op, struct body *body, const char *boundary,
    const struct door_content *content, uint64_t *ret_size)
{
	char range[RANGE_TEXT_SIZE];
	uint64_t size = 0;
	size_t i;

	for (i = 0; i < body->set.n; i++) {
		range_text(range, &body->set.ranges[i], content->content.size);
		TRY(buf_add_format(op, &body->texts,
		    "%s--%s\r\nContent-Type: %s\r\nContent-Range: %s\r\n\r\n",
		    i > 0 ? "\r\n" : "", boundary,
		    door_media_type(content->name), range));
		body->text_end[i] = body->texts.size;
		size += range_size(&body->set.ranges[i]);
	}
	TRY(buf_add_format(op, &body->texts, "\r\n--%s--\r\n", boundary));
	body->text_end[i] = body->texts.size;
	*ret_size = size + body->texts.size;
	return RC_OK;
}

static enum rc
answer_ranges(struct http_request *req, struct tenant *tenant,
    struct door_content *content, const struct range_set *set)
{
	char type[sizeof(MULTIPART_TYPE) + 2 * BOUNDARY_BYTES] = MULTIPART_TYPE;
	char *boundary = type + sizeof(MULTIPART_TYPE) - 1;
	uint8_t random[BOUNDARY_BYTES];
	struct body *body;
	uint64_t size;
	enum rc rc;

	rand_id(random, sizeof(random));
	str_hex(boundary, span_of(random, sizeof(random)));
	TRY(body_new(req, tenant, content, set, &body));
	rc = body_texts(req->op, body, boundary, content, &size);
	if (rc == RC_OK)
		respond(req, 206, type, size, body);
	else
		body_free(body);
	return rc;
}

static enum rc
answer_whole(struct http_request *req, struct tenant *tenant,
    struct door_content *content)
{
	uint64_t size = content->content.size;
	const struct range all = {0, size - 1};

	if (req->method == HTTP_HEAD || size == 0) {
		http_respond_size(
		    req, 200, door_media_type(content->name), size);
		return RC_OK;
	}
	return answer_range(req, tenant, content, 200, &all);
}

/* ---- which of them ---- */

static enum range_kind
ranges_wanted(const struct http_request *req,
    const struct door_content *content, struct range_set *ret_set)
{
	const char *text = http_header(req, "Range");
	const char *if_range = http_header(req, "If-Range");
	uint64_t total = 0;
	enum range_kind kind;
	size_t i;

	if (text == NULL || req->method != HTTP_GET)
		return RANGE_NONE;
	if (if_range != NULL && !etag_if_range(if_range, content->etag,
				    door_seconds(content->mtime)))
		return RANGE_NONE;
	kind = range_parse(text, content->content.size, ret_set);
	if (kind != RANGE_SOME || ret_set->n == 1)
		return kind;
	/* Nobody gets more for one request than the content. */
	for (i = 0; i < ret_set->n; i++)
		if (__builtin_add_overflow(
			total, range_size(&ret_set->ranges[i]), &total))
			return RANGE_NONE;
	return total <= content->content.size ? kind : RANGE_NONE;
}

static enum rc
answer_wanted(struct http_request *req, struct tenant *tenant,
    struct door_content *content)
{
	char text[RANGE_TEXT_SIZE];
	struct range_set set;

	switch (ranges_wanted(req, content, &set)) {
	case RANGE_UNSATISFIABLE:
		range_text(text, NULL, content->content.size);
		TRY(http_set_header(req, "Content-Range", text));
		http_problem(req, 416, "range", "No such range",
		    "指定された範囲はありません", NULL);
		return RC_OK;
	case RANGE_SOME:
		TRY(set_headers(req, content));
		if (set.n > 1)
			return answer_ranges(req, tenant, content, &set);
		range_text(text, &set.ranges[0], content->content.size);
		TRY(http_set_header(req, "Content-Range", text));
		return answer_range(req, tenant, content, 206, &set.ranges[0]);
	case RANGE_NONE:
		break;
	}
	TRY(set_headers(req, content));
	return answer_whole(req, tenant, content);
}

enum rc
door_content_answer(struct http_request *req, struct tenant *tenant,
    struct door_content *content)
{
	bool go;

	TRY(door_conditions_state(
	    req, content->etag, door_seconds(content->mtime), &go));
	return go ? answer_wanted(req, tenant, content) : RC_OK;
}

/* ---- coming in ---- */

enum rc
door_content_expect(struct http_request *req, struct digests *digests)
{
	const char *coding = http_header(req, "Content-Encoding");
	const char *text;

	/* A part must never be taken for the whole. */
	if (http_header(req, "Content-Range") != NULL)
		FAIL(req->op, RC_INVALID, "a part of a file cannot be put");
	if (coding != NULL && strcasecmp(coding, "identity") != 0)
		FAIL(req->op, RC_INVALID, "Content-Encoding %s is not known",
		    coding);
	TRY(http_header_all(req, "Content-Digest", &text));
	TRY(digest_add_field(req->op, text, digests));
	TRY(http_header_all(req, "Repr-Digest", &text));
	return digest_add_field(req->op, text, digests);
}
