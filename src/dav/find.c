/* find.c - from a request's path to nodes, and headers that several methods
 * have. */
#include "base/clock.h"
#include "base/str.h"
#include "core/path.h"
#include "dav/if_header.h"
#include "dav/request.h"

/* Seconds that an int64_t of nanoseconds holds. */
enum { MTIME_DIGITS = 10 };
#define MTIME_MAX INT64_C(9223372036)

enum rc
dav_read(struct dav *dav,
    enum rc (*work)(struct dav *dav, struct meta *meta, void *arg), void *arg)
{
	struct reader *reader;
	enum rc rc;

	dav->paths_state = path_cache_state(&dav->tenant->paths);
	TRY(tenant_reader(dav->req->op, dav->tenant, &reader));
	rc = db_read_begin(dav->req->op, reader->db);
	if (rc == RC_OK)
		rc = work(dav, &reader->meta, arg);
	db_read_end(reader->db);
	tenant_reader_put(dav->tenant, reader);
	return rc;
}

enum rc
dav_find(struct dav *dav, struct meta *meta, enum access_right right,
    struct node *ret_node)
{
	struct op *op = dav->req->op;
	struct place place;
	struct node node;

	TRY(path_find_kept(op, &dav->tenant->paths, dav->paths_state, meta,
	    dav->names, dav->n_names, &node));
	if (node.kind == NODE_FILE && dav->req->target.trailing_slash)
		FAIL(op, RC_NOT_FOUND, "a file's path ends without a slash");
	if (node.id == NODE_ROOT)
		return tree_stat(op, meta, NODE_ROOT, ret_node);
	TRY(access_node(op, meta, &op->actor, node.id, right, &place));
	*ret_node = node;
	return RC_OK;
}

enum rc
dav_target(struct dav *dav, struct meta *meta, const struct span *names,
    size_t n_names, struct tree_target *ret_target)
{
	struct op *op = dav->req->op;
	struct tree_target target = {0};
	struct place place;
	enum rc rc;

	if (n_names < 2) {
		rc = op_fail(op, RC_DENIED, "only spaces stand at the root");
		return door_refused(dav->req, rc, TREE_WHY_SPACE);
	}
	TRY(tree_name_init(op, names[n_names - 1], &target.name));
	rc = path_find_parent_kept(op, &dav->tenant->paths, dav->paths_state,
	    meta, names, n_names, &target.parent);
	if (rc == RC_OK)
		rc = access_node(
		    op, meta, &op->actor, target.parent, ACCESS_WRITE, &place);
	if (rc == RC_NOT_FOUND)
		return door_refused(dav->req, rc, TREE_WHY_PARENT);
	TRY(rc);
	*ret_target = target;
	return RC_OK;
}

enum rc
dav_depth(struct dav *dav, enum dav_depth *ret_depth)
{
	const char *text = http_header(dav->req, "Depth");

	if (text == NULL || strcasecmp(text, "infinity") == 0)
		*ret_depth = DAV_DEPTH_INFINITY;
	else if (strcmp(text, "0") == 0)
		*ret_depth = DAV_DEPTH_0;
	else if (strcmp(text, "1") == 0)
		*ret_depth = DAV_DEPTH_1;
	else
		FAIL(dav->req->op, RC_INVALID, "Depth is 0, 1 or infinity");
	return RC_OK;
}

bool
dav_mtime_parse(const char *text, int64_t *ret_mtime)
{
	bool negative = *text == '-';
	int64_t seconds = 0;
	size_t n;

	text += negative;
	n = strspn(text, "0123456789");
	if (n == 0 || n > MTIME_DIGITS)
		return false;
	for (; n > 0; n--)
		seconds = seconds * 10 + (*text++ - '0');
	if (*text == '.')
		text += 1 + strspn(text + 1, "0123456789");
	if (*text != '\0' || seconds >= MTIME_MAX)
		return false;
	*ret_mtime = (negative ? -seconds : seconds) * CLOCK_S;
	return true;
}

enum rc
dav_mtime(struct dav *dav, bool *ret_given, int64_t *ret_mtime)
{
	const char *text = http_header(dav->req, "X-OC-Mtime");

	*ret_given = text != NULL;
	if (text != NULL && !dav_mtime_parse(text, ret_mtime))
		FAIL(dav->req->op, RC_INVALID,
		    "X-OC-Mtime is in seconds since 1970");
	return RC_OK;
}

enum rc
dav_uri(struct dav *dav, struct span uri, enum dav_owner *ret_owner,
    const struct span **ret_names, size_t *ret_n_names)
{
	struct http_request *req = dav->req;
	size_t i, prefix = req->prefix_segments;
	struct target target;

	TRY(target_parse(req->op, uri, &target));
	if (target.form == TARGET_ASTERISK || target.has_query)
		FAIL(req->op, RC_INVALID, "a header names no path");
	*ret_owner = DAV_OTHER_HOST;
	if (target.form == TARGET_ABSOLUTE &&
	    !http_is_own_authority(req, target.authority))
		return RC_OK;
	*ret_owner = DAV_OTHER_PATH;
	if (target.n_segments < prefix)
		return RC_OK;
	for (i = 0; i < prefix; i++)
		if (!span_equal(target.segments[i], req->target.segments[i]))
			return RC_OK;
	*ret_owner = DAV_OURS;
	*ret_names = target.segments + prefix;
	*ret_n_names = target.n_segments - prefix;
	return RC_OK;
}

/* A resource tag of the If header. */
static enum rc
if_resource(void *arg, struct op *op, struct span uri, struct if_list *list)
{
	enum dav_owner owner;

	(void)op;
	TRY(dav_uri(arg, uri, &owner, &list->names, &list->n_names));
	list->elsewhere = owner != DAV_OURS;
	return RC_OK;
}

enum rc
dav_precondition(struct dav *dav, struct precondition *ret_precondition)
{
	struct http_request *req = dav->req;
	const char *text = http_header(req, "If");
	const struct if_reader reader = {
	    .resource = if_resource,
	    .arg = dav,
	    .names = dav->names,
	    .n_names = dav->n_names,
	};
	size_t at = 0;

	TRY(door_precondition(req, ret_precondition));
	if (text == NULL)
		return RC_OK;
	(void)http_header_next(req, "If", &at);
	if (http_header_next(req, "If", &at) != NULL)
		FAIL(req->op, RC_INVALID, "there are two If headers");
	return if_header_parse(
	    req->op, text, &reader, &ret_precondition->lists);
}

enum rc
dav_check_if(struct dav *dav, struct meta *meta, const struct if_lists *lists)
{
	int64_t now = service_clock_now(&dav->door->service->clock);
	const struct tree_result result = {.why = TREE_WHY_PRECONDITION};
	enum rc rc;

	if (lists == NULL)
		return RC_OK;
	rc = if_lists_check(dav->req->op, meta, NULL, now, lists);
	return rc == RC_OK ? RC_OK : dav_refused_in(dav, meta, rc, &result);
}

enum rc
dav_result(struct dav *dav, const struct tree_result *result, bool etag)
{
	char id[DOOR_FILE_ID_SIZE], tag[DOOR_ETAG_SIZE];

	door_file_id(dav->tenant, result->etag.node, id);
	door_etag(&result->etag, tag);
	TRY(http_set_header(dav->req, "OC-FileId", id));
	TRY(http_set_header(dav->req, "OC-ETag", tag));
	if (etag)
		TRY(http_set_header(dav->req, "ETag", tag));
	return door_receipt(dav->req, dav->door, &result->receipt);
}
