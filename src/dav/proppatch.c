/*
 * proppatch.c - PROPPATCH: the date of a file or folder, which clients set
 * afterwards, its checksums where they are the ones it has, and dead
 * properties. All of it or nothing.
 */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/properties.h"
#include "dav/property.h"
#include "dav/proppatch_body.h"
#include "door/digest.h"
#include "http/date.h"

#define OC_NS "http://owncloud.org/ns"
#define MS_NS "urn:schemas-microsoft-com:"

enum verdict { DONE, FORBIDDEN, CONFLICT, DEPENDENT, FULL, VERDICTS };

static const char *const verdict_status[VERDICTS] = {
    [DONE] = "200 OK",
    [FORBIDDEN] = "403 Forbidden",
    [CONFLICT] = "409 Conflict",
    [DEPENDENT] = "424 Failed Dependency",
    [FULL] = "507 Insufficient Storage",
};

struct proppatch {
	struct folder folder;
	struct proppatch_body body; /* in the op's arena, as the verdicts */
	enum verdict *verdicts;
	struct properties_patch patch;
	struct properties_update *updates; /* in the op's arena */
};

/* ---- what is wanted ---- */

/* Seconds since 1970, or an HTTP date. */
static enum verdict
set_date(struct proppatch *p, const char *value)
{
	int64_t seconds, mtime;

	if (date_parse(value, &seconds))
		mtime = seconds * CLOCK_S;
	else if (!dav_mtime_parse(value, &mtime))
		return CONFLICT;
	p->patch.has_mtime = true;
	p->patch.mtime = mtime;
	return DONE;
}

/* Checksums are the content's: whoever sets them may say only what they are. */
static enum verdict
set_checksums(struct op *op, const struct proppatch *p, const char *value)
{
	const struct row *row = &p->folder.rows.rows[0];
	struct digests digests = {0};

	if (row->has_digests &&
	    digest_add_checksum(op, value, &digests) == RC_OK &&
	    digests.n > 0 &&
	    digest_check(op, &digests, row->sha256, row->sha1) == RC_OK)
		return DONE;
	op_clear_error(op);
	return CONFLICT;
}

/* Names by which clients set the date. */
static bool
is_date(const struct proppatch_property *property)
{
	static const struct {
		const char *namespace;
		const char *name;
	} dates[] = {
	    {"DAV:", "lastmodified"},
	    {"DAV:", "getlastmodified"},
	    {MS_NS, "Win32LastModifiedTime"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(dates); i++)
		if (strcmp(property->namespace, dates[i].namespace) == 0 &&
		    strcmp(property->name, dates[i].name) == 0)
			return true;
	return false;
}

static enum verdict
judge(struct op *op, struct proppatch *p,
    const struct proppatch_property *property)
{
	bool date = is_date(property);

	if (date && !property->remove)
		return set_date(p, property->value);
	if (strcmp(property->namespace, OC_NS) == 0 &&
	    strcmp(property->name, "checksums") == 0 && !property->remove)
		return set_checksums(op, p, property->value);
	if (date || strcmp(property->namespace, "DAV:") == 0 ||
	    property_bit(property->namespace, property->name) != 0)
		return FORBIDDEN;
	p->updates[p->patch.n++] = (struct properties_update){
	    .remove = property->remove,
	    .namespace = span_str(property->namespace),
	    .name = span_str(property->name),
	    .xml = property->xml,
	};
	return DONE;
}

/* All of it, or nothing. */
static enum rc
judge_all(struct op *op, struct proppatch *p, bool *ret_go)
{
	size_t i;

	TRY(op_alloc(op, p->body.n * sizeof(*p->verdicts), &p->verdicts));
	TRY(op_alloc(op, p->body.n * sizeof(*p->updates), &p->updates));
	p->patch.updates = p->updates;
	*ret_go = true;
	for (i = 0; i < p->body.n; i++) {
		p->verdicts[i] = judge(op, p, &p->body.properties[i]);
		*ret_go &= p->verdicts[i] == DONE;
	}
	for (i = 0; i < p->body.n && !*ret_go; i++)
		if (p->verdicts[i] == DONE)
			p->verdicts[i] = DEPENDENT;
	return RC_OK;
}

/* ---- the answer ---- */

static enum rc
write_verdict(struct op *op, struct proppatch *p, enum verdict verdict)
{
	struct buf *out = &p->folder.out;
	size_t i, n = 0;

	for (i = 0; i < p->body.n; i++) {
		if (p->verdicts[i] != verdict)
			continue;
		if (n++ == 0)
			TRY(buf_add_str(op, out, "<d:propstat><d:prop>"));
		TRY(property_add_empty(op, out, p->body.properties[i].namespace,
		    p->body.properties[i].name));
	}
	if (n == 0)
		return RC_OK;
	return buf_add_format(op, out,
	    "</d:prop><d:status>HTTP/1.1 %s</d:status>%s</d:propstat>",
	    verdict_status[verdict],
	    verdict == FORBIDDEN
		? "<d:error><d:cannot-modify-protected-property/></d:error>"
		: "");
}

static enum rc
write_answer(
    struct op *op, struct folder *folder, const struct row *row, bool self)
{
	struct proppatch *p = container_of(folder, struct proppatch, folder);
	enum verdict verdict;

	if (row == NULL)
		return buf_add_str(
		    op, &folder->out, "</d:response></d:multistatus>\n");
	TRY(buf_add_str(op, &folder->out,
	    PROPERTY_XML_HEAD
	    "<d:multistatus xmlns:d=\"DAV:\"><d:response><d:href>"));
	TRY(folder_add_path(op, folder, row, self, &folder->out));
	TRY(buf_add_str(op, &folder->out, "</d:href>"));
	for (verdict = DONE; verdict < VERDICTS; verdict++)
		TRY(write_verdict(op, p, verdict));
	return RC_OK;
}

static void
answer_free(struct folder *folder)
{
	mem_free(container_of(folder, struct proppatch, folder));
}

/* ---- the method ---- */

static enum rc
begin(struct dav *dav)
{
	struct proppatch_parser *parser;

	TRY(proppatch_parser_new(dav->req->op, &parser));
	dav->own = parser;
	return RC_OK;
}

static enum rc
body(struct dav *dav, struct span bytes)
{
	return proppatch_parser_feed(dav->req->op, dav->own, bytes);
}

/*
 * Office sends the properties of Windows without the token of its lock: so
 * little may be changed by any program of whoever holds the lock.
 */
static bool
is_windows_only(const struct proppatch_body *body)
{
	size_t i;

	for (i = 0; i < body->n; i++)
		if (strcmp(body->properties[i].namespace, MS_NS) != 0)
			return false;
	return true;
}

static enum rc
commit(struct dav *dav, struct proppatch *p)
{
	struct tree_result result;
	enum rc rc;
	size_t i;

	p->patch.own_locks = is_windows_only(&p->body);
	rc = properties_change(
	    dav->req->op, dav->tenant, p->folder.node.id, &p->patch, &result);
	if (rc == RC_LIMIT && result.why == TREE_WHY_PROPERTIES) {
		op_clear_error(dav->req->op);
		for (i = 0; i < p->body.n; i++)
			p->verdicts[i] = FULL;
		return RC_OK;
	}
	if (rc != RC_OK)
		return dav_refused(dav, rc, &result);
	return dav_result(dav, &result, false);
}

/* *ret_go: the multistatus is to be sent; else another answer stands. */
static enum rc
change(struct dav *dav, struct proppatch *p, bool *ret_go)
{
	bool go, all;

	*ret_go = false;
	TRY(dav_precondition(dav, &p->patch.precondition));
	TRY(folder_read(dav, &p->folder));
	TRY(door_conditions(dav->req, &p->folder.node, &go));
	if (!go)
		return RC_OK;
	TRY(judge_all(dav->req->op, p, &all));
	if (all)
		TRY(commit(dav, p));
	*ret_go = true;
	return RC_OK;
}

static enum rc
end(struct dav *dav)
{
	struct proppatch *p = mem_alloc(sizeof(*p));
	bool go = false;
	enum rc rc;

	if (p == NULL)
		FAIL(dav->req->op, RC_NO_MEMORY, "out of memory");
	p->folder.write = write_answer;
	p->folder.free = answer_free;
	p->folder.with = ROWS_DIGESTS;
	rc = proppatch_parser_end(dav->req->op, dav->own, &p->body);
	if (rc == RC_OK)
		rc = change(dav, p, &go);
	if (rc != RC_OK || !go) {
		folder_free(&p->folder);
		return rc;
	}
	return folder_answer(&p->folder, 207, PROPERTY_XML_TYPE);
}

static void
release(struct dav *dav)
{
	proppatch_parser_free(dav->own);
}

const struct dav_method dav_proppatch = {
    .changes = true,
    .begin = begin,
    .body = body,
    .end = end,
    .release = release,
};
