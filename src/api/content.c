/* content.c - GET /nodes/{id}/content: a file's bytes. */
#include "door/content.h"
#include "api/request.h"

struct file {
	struct node node;
	struct door_content content;
};

static enum rc
read_file(struct api *api, struct meta *meta, void *arg)
{
	struct file *file = arg;
	struct place place;

	TRY(api_find(
	    api, meta, api->params[0], ACCESS_READ, &file->node, &place));
	if (file->node.kind != NODE_FILE)
		FAIL(api->req->op, RC_INVALID, "a folder has no content");
	return door_content_read_file(
	    api->req, api->tenant, meta, &file->node, &file->content);
}

static void
file_release(struct file *file)
{
	door_content_release(&file->content);
}

static enum rc
content_end(struct api *api)
{
	CLEANUP(file_release) struct file file = {0};

	TRY(api_read(api, read_file, &file));
	return door_content_answer(api->req, api->tenant, &file.content);
}

const struct api_call call_content = {.end = content_end};
