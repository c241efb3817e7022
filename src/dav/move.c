/* move.c - MOVE and COPY. */
#include "dav/request.h"

struct transfer {
	const struct span *to_names;
	size_t n_to_names;
	bool overwrite;
	enum dav_depth depth;
	struct node node;
	struct tree_target to;
	struct precondition precondition;
	bool has_mtime;
	int64_t mtime;
};

static enum rc
elsewhere(struct dav *dav, int status)
{
	http_problem(dav->req, status, "elsewhere",
	    "Destination is not below this server's /dav/",
	    "Destination がこのサーバーの /dav/ の外を指しています", NULL);
	return RC_DENIED;
}

/* The names below /dav of the Destination header. */
static enum rc
destination(struct dav *dav, struct transfer *t)
{
	const char *text = http_header(dav->req, "Destination");
	enum dav_owner owner;

	if (text == NULL)
		FAIL(dav->req->op, RC_INVALID, "Destination is missing");
	TRY(dav_uri(dav, span_str(text), &owner, &t->to_names, &t->n_to_names));
	if (owner == DAV_OURS)
		return RC_OK;
	return elsewhere(dav, owner == DAV_OTHER_HOST ? 502 : 403);
}

static enum rc
overwrite(struct dav *dav, bool *ret_overwrite)
{
	const char *text = http_header(dav->req, "Overwrite");

	*ret_overwrite = text == NULL || strcasecmp(text, "T") == 0;
	if (!*ret_overwrite && strcasecmp(text, "F") != 0)
		FAIL(dav->req->op, RC_INVALID, "Overwrite is T or F");
	return RC_OK;
}

static enum rc
headers(struct dav *dav, struct transfer *t)
{
	TRY(destination(dav, t));
	TRY(overwrite(dav, &t->overwrite));
	TRY(dav_depth(dav, &t->depth));
	TRY(dav_mtime(dav, &t->has_mtime, &t->mtime));
	return dav_precondition(dav, &t->precondition);
}

static enum rc
find(struct dav *dav, struct meta *meta, void *arg)
{
	struct transfer *t = arg;
	bool moves = dav->req->method == HTTP_MOVE;
	enum access_right right = moves ? ACCESS_WRITE : ACCESS_READ;

	TRY(dav_find(dav, meta, right, &t->node));
	return dav_target(dav, meta, t->to_names, t->n_to_names, &t->to);
}

static enum rc
check(struct dav *dav, const struct transfer *t)
{
	struct op *op = dav->req->op;
	bool moves = dav->req->method == HTTP_MOVE;
	enum rc rc;

	if (t->node.kind == NODE_FOLDER && t->depth != DAV_DEPTH_INFINITY &&
	    (moves || t->depth == DAV_DEPTH_1))
		FAIL(op, RC_INVALID, "Depth %s",
		    moves ? "is infinity for MOVE"
			  : "is 0 or infinity for COPY");
	/* MOVE to another spelling of the same name is a rename. */
	if (t->node.parent == t->to.parent &&
	    span_equal(t->node.name, t->to.name.text)) {
		rc = op_fail(op, RC_DENIED, "Destination is the source");
		return door_refused(dav->req, rc, TREE_WHY_ITSELF);
	}
	return RC_OK;
}

static enum rc
run_move(struct dav *dav, const struct transfer *t, struct tree_result *result)
{
	struct tree_move move = {
	    .node = t->node.id,
	    .to = t->to,
	    .overwrite = t->overwrite,
	    .has_mtime = t->has_mtime,
	    .mtime = t->mtime,
	    .source = t->precondition,
	};

	return tree_move(dav->req->op, dav->tenant, &move, result);
}

static enum rc
run_copy(struct dav *dav, const struct transfer *t, struct tree_result *result)
{
	struct tree_copy copy = {
	    .node = t->node.id,
	    .to = t->to,
	    .overwrite = t->overwrite,
	    .shallow = t->depth == DAV_DEPTH_0,
	    .source = t->precondition,
	};

	return tree_copy(dav->req->op, dav->tenant, &copy, result);
}

static enum rc
finish(
    struct dav *dav, const struct transfer *t, const struct tree_result *result)
{
	TRY(dav_result(dav, result, false));
	if (t->has_mtime && dav->req->method == HTTP_MOVE)
		TRY(http_set_header(dav->req, "X-OC-Mtime", "accepted"));
	http_respond(dav->req, result->created ? 201 : 204);
	return RC_OK;
}

static enum rc
move_end(struct dav *dav)
{
	struct transfer t = {0};
	struct tree_result result = {0};
	bool go;
	enum rc rc;

	TRY(headers(dav, &t));
	TRY(dav_read(dav, find, &t));
	TRY(check(dav, &t));
	TRY(door_conditions(dav->req, &t.node, &go));
	if (!go)
		return RC_OK;
	if (dav->req->method == HTTP_MOVE)
		rc = run_move(dav, &t, &result);
	else
		rc = run_copy(dav, &t, &result);
	if (rc != RC_OK)
		return dav_refused(dav, rc, &result);
	return finish(dav, &t, &result);
}

const struct dav_method dav_move = {.changes = true, .end = move_end};
