/* condition.c - ETags of nodes as text, and conditions of requests. */
#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"
#include "door/door.h"
#include "http/etag.h"

enum { TAGS_MAX = 64 };

void
door_etag(const struct node_etag *etag, char out[DOOR_ETAG_SIZE])
{
	(void)snprintf(out, DOOR_ETAG_SIZE, "\"%llx-%llx\"",
	    (unsigned long long)etag->node, (unsigned long long)etag->tag);
}

void
door_file_id(
    const struct tenant *tenant, int64_t node, char out[DOOR_FILE_ID_SIZE])
{
	(void)snprintf(out, DOOR_FILE_ID_SIZE, "%08lldoc%010llx",
	    (long long)node,
	    (unsigned long long)(tenant->id & UINT64_C(0xffffffffff)));
}

int64_t
door_seconds(int64_t time)
{
	return time / CLOCK_S - (time % CLOCK_S < 0);
}

bool
door_etag_parse(const struct etag *etag, struct node_etag *ret_etag)
{
	char copy[DOOR_ETAG_SIZE], again[DOOR_ETAG_SIZE];
	unsigned long long node, tag;
	struct node_etag parsed;

	if (etag->weak || etag->text.size >= sizeof(copy))
		return false;
	memcpy(copy, etag->text.data, etag->text.size);
	copy[etag->text.size] = '\0';
	/* Overflow and blanks are seen by writing it again. */
	if (sscanf(copy, "\"%16llx-%16llx\"", &node, &tag) != 2)
		return false;
	parsed = (struct node_etag){(int64_t)node, (int64_t)tag};
	door_etag(&parsed, again);
	if (strcmp(copy, again) != 0)
		return false;
	*ret_etag = parsed;
	return true;
}

/* A list, or "*"; *ret_given is false where the header is not there. */
static enum rc
list_parse(struct http_request *req, const char *name, bool *ret_given,
    bool *ret_any, size_t *ret_n, const struct node_etag **ret_list)
{
	struct node_etag *list;
	const char *text;
	struct etag etag;
	struct span rest;
	size_t n = 0, seen = 0;
	enum rc rc;

	TRY(http_header_all(req, name, &text));
	*ret_given = text != NULL;
	if (text == NULL)
		return RC_OK;
	*ret_any = strcmp(text, "*") == 0;
	if (*ret_any)
		return RC_OK;
	TRY(op_alloc(req->op, TAGS_MAX * sizeof(*list), &list));
	rest = span_str(text);
	while ((rc = etag_take(req->op, &rest, &etag)) == RC_OK) {
		if (++seen > TAGS_MAX)
			FAIL(req->op, RC_LIMIT, "%s names more than %d tags",
			    name, TAGS_MAX);
		if (door_etag_parse(&etag, &list[n]))
			n++;
	}
	if (rc != RC_NOT_FOUND)
		return rc;
	*ret_n = n;
	*ret_list = list;
	return RC_OK;
}

enum rc
door_precondition(
    struct http_request *req, struct precondition *ret_precondition)
{
	struct precondition p = {0};

	TRY(list_parse(req, "If-Match", &p.if_match, &p.if_match_any,
	    &p.n_match, &p.match));
	TRY(list_parse(req, "If-None-Match", &p.if_none_match,
	    &p.if_none_match_any, &p.n_none_match, &p.none_match));
	*ret_precondition = p;
	return RC_OK;
}

static enum rc
answer_verdict(struct http_request *req, enum etag_verdict verdict,
    const char *current, bool *ret_go)
{
	*ret_go = verdict == ETAG_GO_ON;
	if (verdict == ETAG_NOT_MODIFIED) {
		TRY(http_set_header(req, "ETag", current));
		TRY(http_set_header(req, "Cache-Control", DOOR_CACHE));
		http_respond(req, 304);
	} else if (verdict == ETAG_FAILED) {
		http_problem(req, 412, "precondition-failed",
		    "It is not the state that the request names",
		    "リクエストが示す状態と異なります", NULL);
	}
	return RC_OK;
}

/* current: NULL where nothing is there; dated: its date tells its states apart.
 */
static enum rc
evaluate(struct http_request *req, const char *current, int64_t modified,
    bool dated, bool *ret_go)
{
	struct etag_conditions conditions = {
	    .if_modified_since =
		dated ? http_header(req, "If-Modified-Since") : NULL,
	    .if_unmodified_since = http_header(req, "If-Unmodified-Since"),
	    .reads = req->method == HTTP_GET || req->method == HTTP_HEAD,
	};
	enum etag_verdict verdict;

	TRY(http_header_all(req, "If-Match", &conditions.if_match));
	TRY(http_header_all(req, "If-None-Match", &conditions.if_none_match));
	TRY(etag_evaluate(req->op, &conditions, current, modified, &verdict));
	return answer_verdict(req, verdict, current, ret_go);
}

enum rc
door_conditions_state(
    struct http_request *req, const char *etag, int64_t modified, bool *ret_go)
{
	return evaluate(req, etag, modified, true, ret_go);
}

enum rc
door_conditions(struct http_request *req, const struct node *node, bool *ret_go)
{
	char current[DOOR_ETAG_SIZE];
	struct node_etag etag;

	if (node == NULL)
		return evaluate(req, NULL, 0, true, ret_go);
	etag = node_etag(node);
	door_etag(&etag, current);
	return evaluate(req, current, door_seconds(node->mtime),
	    node->kind == NODE_FILE, ret_go);
}
