/* lock.c - LOCK and UNLOCK. */
#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"
#include "core/path.h"
#include "dav/lock_body.h"
#include "dav/property.h"
#include "dav/token.h"

enum { BODY_LIMIT = 256 << 10, SECONDS_DEFAULT = 3600 };

struct locking {
	struct lock_body body;
	enum dav_depth depth;
	int64_t term;
	struct precondition precondition;
	bool there;
	struct node node; /* where it is there */
	struct tree_target to; /* else */
};

/* ---- headers ---- */

/* The first one of the list that we know; what is wanted for ever gets the most
 * that there is. */
static int64_t
term_wanted(const struct http_request *req)
{
	const char *text = http_header(req, "Timeout");
	uint64_t seconds = 0;

	while (text != NULL && *text != '\0') {
		text += strspn(text, " \t,");
		if (strncasecmp(text, "Infinite", 8) == 0)
			return LOCKS_TERM_MAX;
		if (strncasecmp(text, "Second-", 7) == 0) {
			for (text += 7; *text >= '0' && *text <= '9'; text++)
				if (seconds < UINT32_MAX)
					seconds = 10 * seconds +
						  (uint64_t)(*text - '0');
			break;
		}
		text += strcspn(text, ",");
	}
	if (seconds == 0)
		seconds = SECONDS_DEFAULT;
	return (int64_t)seconds * CLOCK_S;
}

static enum rc
headers(struct dav *dav, struct locking *l)
{
	TRY(dav_depth(dav, &l->depth));
	if (l->depth == DAV_DEPTH_1)
		FAIL(dav->req->op, RC_INVALID,
		    "Depth is 0 or infinity for LOCK");
	l->term = term_wanted(dav->req);
	return dav_precondition(dav, &l->precondition);
}

/* ---- answers ---- */

enum rc
dav_add_lock(struct op *op, struct dav *dav, const struct lock *lock,
    struct span root, struct buf *out)
{
	int64_t left =
	    lock->expires_at - service_clock_now(&dav->door->service->clock);
	char token[TOKEN_TEXT_SIZE];

	token_text(lock->token, token);
	TRY(buf_add_format(op, out,
	    "<d:activelock><d:locktype><d:write/></d:locktype>"
	    "<d:lockscope><d:%s/></d:lockscope><d:depth>%s</d:depth>",
	    lock->shared ? "shared" : "exclusive",
	    lock->deep ? "infinity" : "0"));
	if (lock->owner.size > 0) {
		TRY(buf_add_str(op, out, "<d:owner>"));
		TRY(buf_add(op, out, lock->owner));
		TRY(buf_add_str(op, out, "</d:owner>"));
	}
	TRY(buf_add_format(op, out, "<d:timeout>Second-%lld</d:timeout>",
	    (long long)((left + CLOCK_S - 1) / CLOCK_S)));
	if (lock->member == op->actor.member)
		TRY(buf_add_format(op, out,
		    "<d:locktoken><d:href>%s</d:href></d:locktoken>", token));
	TRY(buf_add_str(op, out, "<d:lockroot><d:href>"));
	TRY(buf_add(op, out, root));
	return buf_add_str(op, out, "</d:href></d:lockroot></d:activelock>");
}

struct answer {
	const struct lock *lock;
	struct buf path;
	struct buf body;
};

static void
answer_release(struct answer *answer)
{
	buf_release(&answer->path);
	buf_release(&answer->body);
}

static enum rc
find_root(struct dav *dav, struct meta *meta, void *arg)
{
	struct answer *answer = arg;

	return dav_add_path(dav, meta, answer->lock->node, &answer->path);
}

static enum rc
answer_lock(struct dav *dav, const struct lock *lock, int status)
{
	CLEANUP(answer_release)
	struct answer answer = {.lock = lock,
	    .path = {.limit = BODY_LIMIT},
	    .body = {.limit = BODY_LIMIT}};
	struct op *op = dav->req->op;

	TRY(dav_read(dav, find_root, &answer));
	TRY(buf_add_str(op, &answer.body,
	    PROPERTY_XML_HEAD "<d:prop xmlns:d=\"DAV:\"><d:lockdiscovery>"));
	TRY(dav_add_lock(op, dav, lock, buf_span(&answer.path), &answer.body));
	TRY(buf_add_str(op, &answer.body, "</d:lockdiscovery></d:prop>\n"));
	http_respond_memory(dav->req, status, PROPERTY_XML_TYPE, &answer.body);
	return RC_OK;
}

/* ---- LOCK ---- */

static enum rc
find(struct dav *dav, struct meta *meta, void *arg)
{
	struct op *op = dav->req->op;
	struct locking *l = arg;
	enum rc rc;

	rc = path_find_kept(op, &dav->tenant->paths, dav->paths_state, meta,
	    dav->names, dav->n_names, &l->node);
	l->there = rc == RC_OK;
	if (rc != RC_NOT_FOUND)
		return rc;
	op_clear_error(op);
	return dav_target(dav, meta, dav->names, dav->n_names, &l->to);
}

/* Without a body: the lock whose token If shows goes on. */
static enum rc
refresh(struct dav *dav, const struct locking *l)
{
	struct tree_result result;
	struct lock lock;
	enum rc rc;

	if (l->precondition.lists == NULL)
		FAIL(dav->req->op, RC_INVALID,
		    "a refresh names its lock in the If header");
	if (!l->there)
		FAIL(dav->req->op, RC_NOT_FOUND, "no such file or folder");
	rc = locks_refresh(dav->req->op, dav->tenant, l->node.id, l->term,
	    &l->precondition, &lock, &result);
	if (rc != RC_OK)
		return dav_refused(dav, rc, &result);
	TRY(door_receipt(dav->req, dav->door, &result.receipt));
	return answer_lock(dav, &lock, 200);
}

static enum rc
take(struct dav *dav, const struct locking *l)
{
	struct locks_take take = {
	    .node = l->there ? l->node.id : NODE_NONE,
	    .to = l->to,
	    .shared = l->body.shared,
	    .deep = l->depth == DAV_DEPTH_INFINITY,
	    .term = l->term,
	    .owner = l->body.owner,
	    .precondition = l->precondition,
	};
	char token[TOKEN_TEXT_SIZE], header[TOKEN_TEXT_SIZE + 2];
	struct tree_result result;
	struct lock lock;
	enum rc rc;

	token_make(take.token);
	rc = locks_take(dav->req->op, dav->tenant, &take, &lock, &result);
	if (rc != RC_OK)
		return dav_refused(dav, rc, &result);
	token_text(lock.token, token);
	(void)snprintf(header, sizeof(header), "<%s>", token);
	TRY(http_set_header(dav->req, "Lock-Token", header));
	TRY(dav_result(dav, &result, result.created));
	return answer_lock(dav, &lock, result.created ? 201 : 200);
}

static enum rc
lock_begin(struct dav *dav)
{
	struct lock_parser *parser;

	TRY(lock_parser_new(dav->req->op, &parser));
	dav->own = parser;
	return RC_OK;
}

static enum rc
lock_body(struct dav *dav, struct span bytes)
{
	return lock_parser_feed(dav->req->op, dav->own, bytes);
}

static enum rc
lock_end(struct dav *dav)
{
	struct locking l = {.there = false};

	TRY(lock_parser_end(dav->req->op, dav->own, &l.body));
	TRY(headers(dav, &l));
	TRY(dav_read(dav, find, &l));
	if (dav->req->target.trailing_slash &&
	    (!l.there || l.node.kind == NODE_FILE))
		return door_not_allowed(
		    dav->req, "a file's path ends without a slash");
	return l.body.empty ? refresh(dav, &l) : take(dav, &l);
}

static void
lock_release(struct dav *dav)
{
	lock_parser_free(dav->own);
}

const struct dav_method dav_lock = {
    .changes = true,
    .begin = lock_begin,
    .body = lock_body,
    .end = lock_end,
    .release = lock_release,
};

/* ---- UNLOCK ---- */

static enum rc
find_node(struct dav *dav, struct meta *meta, void *arg)
{
	struct precondition precondition;

	TRY(dav_precondition(dav, &precondition));
	TRY(dav_check_if(dav, meta, precondition.lists));
	return dav_find(dav, meta, ACCESS_WRITE, arg);
}

static enum rc
unlock_end(struct dav *dav)
{
	const char *text = http_header(dav->req, "Lock-Token");
	struct tree_result result = {.why = TREE_WHY_TOKEN};
	uint8_t token[LOCK_TOKEN_SIZE];
	struct node node;
	bool ours;
	enum rc rc;

	if (text == NULL)
		FAIL(dav->req->op, RC_INVALID, "Lock-Token is missing");
	TRY(token_header(dav->req->op, text, &ours, token));
	TRY(dav_read(dav, find_node, &node));
	if (!ours)
		rc = op_fail(dav->req->op, RC_CONFLICT,
		    "it is none of this server's tokens");
	else
		rc = locks_release(
		    dav->req->op, dav->tenant, node.id, token, &result);
	if (rc != RC_OK)
		return dav_refused(dav, rc, &result);
	TRY(door_receipt(dav->req, dav->door, &result.receipt));
	http_respond(dav->req, 204);
	return RC_OK;
}

const struct dav_method dav_unlock = {.changes = true, .end = unlock_end};
