/* put.c - PUT: a content goes to the sites while it arrives, and becomes a file
 * at its end. */
#include "base/mem.h"
#include "base/str.h"
#include "core/file_put.h"
#include "core/path.h"
#include "core/upload.h"
#include "dav/request.h"
#include "door/content.h"
#include "meta/setting.h"

struct put {
	struct file_put file;
	struct digests digests;
	uint64_t expected; /* size that a header names, or HTTP_SIZE_UNKNOWN */
	struct upload *upload;

	/* On its way to the log. */
	struct dav *dav;
	struct file_put_task task;
	struct file_put_result result;
};

/* ---- begin: whatever can be refused is refused before the content ---- */

/* Finder and sync clients say the size of a content that comes in chunks. */
static enum rc
expected_size(struct dav *dav, uint64_t *ret_size)
{
	static const char *const names[] = {
	    "X-Expected-Entity-Length", "OC-Total-Length"};
	size_t i;

	*ret_size = HTTP_SIZE_UNKNOWN;
	for (i = 0; i < ARRAY_LEN(names); i++) {
		const char *text = http_header(dav->req, names[i]);

		if (text == NULL)
			continue;
		if (!str_to_u64(text, 0, INT64_MAX, ret_size))
			FAIL(dav->req->op, RC_INVALID, "%s is no size",
			    names[i]);
	}
	return RC_OK;
}

static enum rc
headers(struct dav *dav, struct put *put)
{
	struct http_request *req = dav->req;
	struct digests *digests = &put->digests;
	const char *text = http_header(req, "OC-Checksum");

	TRY(door_content_expect(req, digests));
	TRY(digest_add_checksum(req->op, text, digests));
	TRY(expected_size(dav, &put->expected));
	TRY(dav_mtime(dav, &put->file.has_mtime, &put->file.mtime));
	return dav_precondition(dav, &put->file.precondition);
}

/* A new name has to be one that the tenant's policy allows. */
static enum rc
check_new_name(struct dav *dav, struct meta *meta, const struct tree_name *name)
{
	int64_t windows = 0;
	enum rc rc;

	if (!name->windows)
		TRY(setting_get(
		    dav->req->op, meta, SETTING_WINDOWS_NAMES, &windows));
	if (windows == 0)
		return RC_OK;
	rc = op_fail(dav->req->op, RC_INVALID,
	    "Windows cannot hold a file of this name");
	return door_refused(dav->req, rc, TREE_WHY_NAME);
}

/* The early word on the If header and on locks; the committer has the last. */
static enum rc
check_locks(struct dav *dav, struct meta *meta, const struct put *put,
    const struct node *node)
{
	struct op *op = dav->req->op;
	const struct if_lists *lists = put->file.precondition.lists;
	int64_t now = service_clock_now(&dav->door->service->clock);
	struct tree_result result = {.why = TREE_WHY_LOCKED};
	struct place folder;
	enum rc rc;
	bool any;

	TRY(dav_check_if(dav, meta, lists));
	/* Mostly there is none, and the folders above need not be looked for.
	 */
	TRY(lock_any(op, meta, &any));
	if (!any)
		return RC_OK;
	TRY(access_node(
	    op, meta, &op->actor, put->file.to.parent, ACCESS_WRITE, &folder));
	rc = locks_allow(op, meta, now, &op->actor, lists,
	    node != NULL ? node->id : NODE_NONE, &folder,
	    node != NULL ? LOCKS_STATE : LOCKS_ENTRY, &result.lock);
	if (rc != RC_CONFLICT)
		return rc;
	return dav_refused_in(dav, meta, rc, &result);
}

static enum rc
check_place(struct dav *dav, struct meta *meta, void *arg)
{
	struct put *put = arg;
	struct node node;
	bool there, go;
	enum rc rc;

	TRY(dav_target(dav, meta, dav->names, dav->n_names, &put->file.to));
	rc = path_find_child(dav->req->op, meta, put->file.to.parent,
	    dav->names[dav->n_names - 1], &node);
	there = rc == RC_OK;
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	op_clear_error(dav->req->op);
	if (there && node.kind == NODE_FOLDER) {
		rc = op_fail(dav->req->op, RC_CONFLICT,
		    "there is a folder of this name");
		return door_refused(dav->req, rc, TREE_WHY_KIND);
	}
	if (!there)
		TRY(check_new_name(dav, meta, &put->file.to.name));
	TRY(door_conditions(dav->req, there ? &node : NULL, &go));
	if (!go)
		return RC_CONFLICT;
	return check_locks(dav, meta, put, there ? &node : NULL);
}

static enum rc
put_begin(struct dav *dav)
{
	struct put *put;

	if (dav->n_names > 1 && dav->req->target.trailing_slash)
		return door_not_allowed(
		    dav->req, "a file's path ends without a slash");
	TRY(op_alloc(dav->req->op, sizeof(*put), &put));
	dav->own = put;
	TRY(headers(dav, put));
	TRY(dav_read(dav, check_place, put));
	/* SHA-1 too: sync clients ask for it (oc:checksums). */
	return upload_open(dav->req->op, dav->tenant, true, &put->upload);
}

/* ---- the content ---- */

static enum rc
put_body(struct dav *dav, struct span bytes)
{
	struct put *put = dav->own;

	return upload_write(dav->req->op, put->upload, bytes);
}

static enum rc
check_content(struct dav *dav, const struct put *put)
{
	uint64_t size = upload_size(put->upload);
	uint8_t sha256[SHA256_SIZE], sha1[SHA1_SIZE];

	if (put->expected != HTTP_SIZE_UNKNOWN && put->expected != size)
		FAIL(dav->req->op, RC_INVALID,
		    "%llu bytes came instead of %llu: nothing was stored",
		    (unsigned long long)size,
		    (unsigned long long)put->expected);
	upload_sha256(put->upload, sha256);
	upload_sha1(put->upload, sha1);
	return digest_check(dav->req->op, &put->digests, sha256, sha1);
}

static enum rc
answer(struct dav *dav, const struct put *put)
{
	TRY(dav_result(dav, &put->result.tree, true));
	if (put->file.has_mtime)
		TRY(http_set_header(dav->req, "X-OC-Mtime", "accepted"));
	http_respond(dav->req, put->result.tree.created ? 201 : 204);
	return RC_OK;
}

static void
put_done(struct file_put_task *task, enum rc rc)
{
	struct put *put = container_of(task, struct put, task);
	struct dav *dav = put->dav;

	if (rc == RC_OK)
		rc = answer(dav, put);
	else
		rc = dav_refused(dav, rc, &put->result.tree);
	http_complete(dav->req, rc);
}

static enum rc
put_end(struct dav *dav)
{
	struct put *put = dav->own;

	TRY(check_content(dav, put));
	TRY(upload_end(dav->req->op, put->upload, &put->file.content));
	put->dav = dav;
	put->task = (struct file_put_task){
	    .done = put_done,
	    .put = &put->file,
	    .result = &put->result,
	};
	http_defer(dav->req);
	file_put_submit(dav->req->op, dav->tenant, &put->task);
	return RC_OK;
}

static void
put_release(struct dav *dav)
{
	struct put *put = dav->own;

	upload_free(put->upload);
}

const struct dav_method dav_put = {
    .changes = true,
    .begin = put_begin,
    .body = put_body,
    .end = put_end,
    .release = put_release,
};
