/* refused.c - what a refusal looks like in WebDAV: where a lock is in the way,
 * XML that says which one. */
#include "core/path.h"
#include "dav/property.h"

enum { BODY_LIMIT = 256 << 10 };

enum rc
dav_add_path(struct dav *dav, struct meta *meta, int64_t node, struct buf *out)
{
	const struct target *target = &dav->req->target;
	struct op *op = dav->req->op;
	const struct span *names;
	struct place place;
	struct node row;
	size_t i;

	TRY(access_node(op, meta, &op->actor, node, ACCESS_READ, &place));
	TRY(path_names(op, meta, &place, &names));
	for (i = 0; i < dav->req->prefix_segments; i++) {
		TRY(buf_add_str(op, out, "/"));
		TRY(door_escape_path(op, out, target->segments[i]));
	}
	for (i = 0; i < place.n; i++) {
		TRY(buf_add_str(op, out, "/"));
		TRY(door_escape_path(op, out, names[i]));
	}
	TRY(node_get(op, meta, node, &row));
	return row.kind == NODE_FOLDER ? buf_add_str(op, out, "/") : RC_OK;
}

struct refusal {
	const struct tree_result *result;
	struct buf path; /* of what is locked */
	struct buf body;
};

static enum rc
add_error(struct op *op, struct refusal *r)
{
	const char *name = r->result->why == TREE_WHY_LOCKED
			       ? "lock-token-submitted"
			       : "no-conflicting-lock";

	TRY(buf_add_format(op, &r->body, "<d:%s><d:href>", name));
	TRY(buf_add(op, &r->body, buf_span(&r->path)));
	return buf_add_format(op, &r->body, "</d:href></d:%s>", name);
}

/* The lock is on what was asked for, or above it. */
static enum rc
add_single(struct op *op, struct refusal *r)
{
	TRY(buf_add_str(
	    op, &r->body, PROPERTY_XML_HEAD "<d:error xmlns:d=\"DAV:\">"));
	TRY(add_error(op, r));
	return buf_add_str(op, &r->body, "</d:error>\n");
}

/* It is below: that is what failed. A LOCK is refused for the sake of it. */
static enum rc
add_several(struct dav *dav, struct refusal *r)
{
	const struct target *target = &dav->req->target;
	struct op *op = dav->req->op;
	size_t i;

	TRY(buf_add_str(op, &r->body,
	    PROPERTY_XML_HEAD "<d:multistatus xmlns:d=\"DAV:\">"
			      "<d:response><d:href>"));
	TRY(buf_add(op, &r->body, buf_span(&r->path)));
	TRY(buf_add_str(op, &r->body,
	    "</d:href><d:status>HTTP/1.1 423 Locked</d:status><d:error>"));
	TRY(add_error(op, r));
	TRY(buf_add_str(op, &r->body, "</d:error></d:response>"));
	if (r->result->why == TREE_WHY_CONFLICTING) {
		TRY(buf_add_str(op, &r->body, "<d:response><d:href>"));
		for (i = 0; i < target->n_segments; i++) {
			TRY(buf_add_str(op, &r->body, "/"));
			TRY(door_escape_path(
			    op, &r->body, target->segments[i]));
		}
		TRY(buf_add_str(op, &r->body,
		    "/</d:href><d:status>HTTP/1.1 424 Failed Dependency"
		    "</d:status></d:response>"));
	}
	return buf_add_str(op, &r->body, "</d:multistatus>\n");
}

static void
refusal_release(struct refusal *r)
{
	buf_release(&r->path);
	buf_release(&r->body);
}

enum rc
dav_refused_in(struct dav *dav, struct meta *meta, enum rc rc,
    const struct tree_result *result)
{
	CLEANUP(refusal_release)
	struct refusal r = {.result = result,
	    .path = {.limit = BODY_LIMIT},
	    .body = {.limit = BODY_LIMIT}};
	bool below = result->lock.below;

	if (result->lock.node == NODE_NONE)
		return door_refused(dav->req, rc, result->why);
	TRY(dav_add_path(dav, meta, result->lock.node, &r.path));
	TRY(below ? add_several(dav, &r) : add_single(dav->req->op, &r));
	http_respond_memory(
	    dav->req, below ? 207 : 423, PROPERTY_XML_TYPE, &r.body);
	return rc;
}

struct late {
	enum rc rc;
	const struct tree_result *result;
};

static enum rc
refuse_late(struct dav *dav, struct meta *meta, void *arg)
{
	const struct late *late = arg;

	return dav_refused_in(dav, meta, late->rc, late->result);
}

enum rc
dav_refused(struct dav *dav, enum rc rc, const struct tree_result *result)
{
	struct late late = {rc, result};

	/* Only a lock has to be looked up. */
	if (result->lock.node == NODE_NONE)
		return door_refused(dav->req, rc, result->why);
	return dav_read(dav, refuse_late, &late);
}
