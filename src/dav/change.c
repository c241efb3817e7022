/* change.c - MKCOL and DELETE. */
#include "core/path.h"
#include "dav/request.h"

/* ---- MKCOL ---- */

static enum rc
find_target(struct dav *dav, struct meta *meta, void *arg)
{
	return dav_target(dav, meta, dav->names, dav->n_names, arg);
}

/* Whether something has the path already: 405, also for a space and the root.
 */
static enum rc
find_taken(struct dav *dav, struct meta *meta, void *arg)
{
	bool *taken = arg;
	struct node node;
	enum rc rc;

	rc = path_find_kept(dav->req->op, &dav->tenant->paths, dav->paths_state,
	    meta, dav->names, dav->n_names, &node);
	*taken = rc == RC_OK;
	if (rc == RC_NOT_FOUND) {
		op_clear_error(dav->req->op);
		rc = RC_OK;
	}
	return rc;
}

static enum rc
mkcol_refused(struct dav *dav, const struct tree_result *result, enum rc rc)
{
	if (result->why != TREE_WHY_EXISTS)
		return dav_refused(dav, rc, result);
	TRY(door_not_allowed(
	    dav->req, "there is a file or folder of this name"));
	return rc;
}

static enum rc
mkcol_end(struct dav *dav)
{
	struct precondition precondition;
	struct tree_target target;
	struct tree_result result = {0};
	bool taken;
	enum rc rc;

	TRY(dav_precondition(dav, &precondition));
	TRY(dav_read(dav, find_taken, &taken));
	if (taken)
		return door_not_allowed(
		    dav->req, "there is a file or folder of this name");
	TRY(dav_read(dav, find_target, &target));
	rc = tree_mkdir(
	    dav->req->op, dav->tenant, &target, &precondition, &result);
	if (rc != RC_OK)
		return mkcol_refused(dav, &result, rc);
	TRY(dav_result(dav, &result, false));
	http_respond(dav->req, 201);
	return RC_OK;
}

/* ---- DELETE ---- */

static enum rc
find_node(struct dav *dav, struct meta *meta, void *arg)
{
	return dav_find(dav, meta, ACCESS_WRITE, arg);
}

static enum rc
delete_end(struct dav *dav)
{
	struct precondition precondition;
	struct tree_result result = {0};
	enum dav_depth depth;
	struct node node;
	bool go;
	enum rc rc;

	TRY(dav_depth(dav, &depth));
	TRY(dav_precondition(dav, &precondition));
	TRY(dav_read(dav, find_node, &node));
	if (node.kind == NODE_FOLDER && depth != DAV_DEPTH_INFINITY)
		FAIL(dav->req->op, RC_INVALID,
		    "a folder is deleted with Depth infinity only");
	TRY(door_conditions(dav->req, &node, &go));
	if (!go)
		return RC_OK;
	rc = tree_delete(
	    dav->req->op, dav->tenant, node.id, &precondition, &result);
	if (rc != RC_OK)
		return dav_refused(dav, rc, &result);
	TRY(door_receipt(dav->req, dav->door, &result.receipt));
	http_respond(dav->req, 204);
	return RC_OK;
}

const struct dav_method dav_mkcol = {.changes = true, .end = mkcol_end};
const struct dav_method dav_delete = {.changes = true, .end = delete_end};
