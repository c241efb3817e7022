/* get.c - GET and HEAD of files and folders. */
#include "dav/get.h"

#include <strings.h>

#include "door/content.h"
#include "door/digest.h"
#include "http/date.h"

struct file {
	struct precondition precondition; /* only its lists are looked at */
	struct node node;
	struct door_content content; /* where it is a file */
};

static void
file_release(struct file *file)
{
	door_content_release(&file->content);
}

static enum rc
find_file(struct dav *dav, struct meta *meta, void *arg)
{
	struct file *file = arg;

	TRY(dav_find(dav, meta, ACCESS_READ, &file->node));
	TRY(dav_check_if(dav, meta, file->precondition.lists));
	if (file->node.kind == NODE_FOLDER)
		return RC_OK;
	return door_content_read_file(
	    dav->req, dav->tenant, meta, &file->node, &file->content);
}

/* What sync clients want to know of a file. */
static enum rc
set_sync_headers(struct dav *dav, const struct file *file)
{
	const struct content *content = &file->content.content;
	char id[DOOR_FILE_ID_SIZE], text[DIGEST_CHECKSUM_SIZE];

	door_file_id(dav->tenant, file->node.id, id);
	TRY(http_set_header(dav->req, "OC-FileId", id));
	if (!content->finished)
		return RC_OK;
	digest_checksum(
	    content->has_sha1 ? content->sha1 : NULL, content->sha256, text);
	return http_set_header(dav->req, "OC-Checksum", text);
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
	date_format(date, door_seconds(node->mtime));
	return http_set_header(req, "Last-Modified", date);
}

static enum rc
answer_folder(struct dav *dav, const struct node *node)
{
	bool go;

	TRY(door_conditions(dav->req, node, &go));
	if (!go)
		return RC_OK;
	TRY(set_state(dav->req, node));
	TRY(http_set_header(dav->req, "X-Content-Type-Options", "nosniff"));
	TRY(http_set_header(dav->req, "Cache-Control", DOOR_CACHE));
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

	TRY(dav_precondition(dav, &file.precondition));
	TRY(dav_read(dav, find_file, &file));
	if (file.node.kind == NODE_FOLDER)
		return answer_folder(dav, &file.node);
	TRY(set_sync_headers(dav, &file));
	return door_content_answer(dav->req, dav->tenant, &file.content);
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
	CLEANUP(file_release) struct file file = {0};
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
	if (sha1 && !file.content.content.has_sha1)
		FAIL(dav->req->op, RC_INVALID,
		    "this file has no SHA-1, but a SHA-256");
	digest_checksum(sha1 ? file.content.content.sha1 : NULL,
	    file.content.content.sha256, text);
	TRY(http_set_header(dav->req, "OC-Checksum", text));
	TRY(set_state(dav->req, &file.node));
	http_respond(dav->req, 204);
	return RC_OK;
}

const struct dav_method dav_recalculate = {.end = recalculate_end};
