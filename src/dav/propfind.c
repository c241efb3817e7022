/* propfind.c - PROPFIND: a multistatus, one response for the resource and each
 * entry. */
#include "base/mem.h"
#include "core/reserve.h"
#include "dav/property.h"
#include "dav/propfind_body.h"
#include "meta/property.h"

struct propfind {
	struct folder folder;
	struct precondition precondition; /* only its lists are looked at */
	bool by_name; /* what is not there is named, too */
	bool names_only;
	uint32_t wanted;
	bool dead; /* entries may have dead properties that are wanted */
	/* Asked for by name, and not live; in the op's arena. */
	size_t n_names;
	struct propfind_name *names;
	bool *found; /* of them, on the present entry */
};

/* ---- the answer ---- */

static enum rc
write_element(struct op *op, struct propfind *p,
    const struct property *property, const struct row *row, bool empty)
{
	struct buf *out = &p->folder.out;

	TRY(buf_add_str(op, out, "<"));
	TRY(buf_add_str(op, out, property->name));
	if (empty)
		return buf_add_str(op, out, "/>");
	TRY(buf_add_str(op, out, ">"));
	TRY(property->write(op, &p->folder, row));
	TRY(buf_add_str(op, out, "</"));
	TRY(buf_add_str(op, out, property->name));
	return buf_add_str(op, out, ">");
}

/* ---- dead properties ---- */

static enum rc
write_dead(void *arg, struct op *op, const struct property_row *row)
{
	struct propfind *p = arg;
	struct buf *out = &p->folder.out;
	size_t i;

	if (p->names_only)
		return property_add_empty(op, out,
		    (const char *)row->namespace.data,
		    (const char *)row->name.data);
	for (i = 0; i < p->n_names && p->by_name; i++)
		if (span_equal(row->name, span_str(p->names[i].name)) &&
		    span_equal(row->namespace, span_str(p->names[i].namespace)))
			break;
	if (p->by_name && i == p->n_names)
		return RC_OK;
	if (p->by_name)
		p->found[i] = true;
	return buf_add(op, out, row->xml);
}

/*
 * They are read when the entry is written: a listing's would be too much to
 * keep (W2). What they leave in an op's memory is not to stay.
 */
static enum rc
add_dead(struct op *op, struct propfind *p, const struct row *row)
{
	CLEANUP(op_release) struct op scratch = {0};
	struct tenant *tenant = p->folder.dav->tenant;
	struct reader *reader;
	enum rc rc;

	if (p->n_names > 0)
		memset(p->found, 0, p->n_names * sizeof(*p->found));
	if (!p->dead)
		return RC_OK;
	op_init(&scratch);
	TRY(tenant_reader(op, tenant, &reader));
	rc = property_list(&scratch, &reader->meta, row->id, write_dead, p);
	tenant_reader_put(tenant, reader);
	return rc == RC_OK ? RC_OK
			   : op_fail(op, rc, "%s", op_error(&scratch, rc));
}

static bool
all_found(const struct propfind *p)
{
	size_t i;

	for (i = 0; i < p->n_names; i++)
		if (!p->found[i])
			return false;
	return true;
}

/* ---- live ones ---- */

/* *ret_missing: those that are asked for and not there. */
static enum rc
write_found(struct op *op, struct propfind *p, const struct row *row,
    uint32_t *ret_missing)
{
	struct buf *out = &p->folder.out;
	uint32_t missing = 0;
	size_t i;

	TRY(buf_add_str(op, out, "<d:propstat><d:prop>"));
	for (i = 0; i < n_properties; i++) {
		uint32_t bit = (uint32_t)1 << i;

		if ((p->wanted & bit) == 0)
			continue;
		if (properties[i].has(row))
			TRY(write_element(
			    op, p, &properties[i], row, p->names_only));
		else
			missing |= bit;
	}
	TRY(add_dead(op, p, row));
	*ret_missing = missing;
	return buf_add_str(op, out,
	    "</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>");
}

static enum rc
write_missing(
    struct op *op, struct propfind *p, const struct row *row, uint32_t missing)
{
	struct buf *out = &p->folder.out;
	size_t i;

	TRY(buf_add_str(op, out, "<d:propstat><d:prop>"));
	for (i = 0; i < n_properties; i++)
		if ((missing & (uint32_t)1 << i) != 0)
			TRY(write_element(op, p, &properties[i], row, true));
	for (i = 0; i < p->n_names; i++)
		if (!p->found[i])
			TRY(property_add_empty(
			    op, out, p->names[i].namespace, p->names[i].name));
	return buf_add_str(op, out,
	    "</d:prop><d:status>HTTP/1.1 404 Not Found</d:status>"
	    "</d:propstat>");
}

static enum rc
write_response(
    struct op *op, struct folder *folder, const struct row *row, bool self)
{
	struct propfind *p = container_of(folder, struct propfind, folder);
	struct buf *out = &folder->out;
	uint32_t missing;

	if (row == NULL)
		return buf_add_str(op, out, "</d:multistatus>\n");
	if (self)
		TRY(buf_add_str(op, out,
		    PROPERTY_XML_HEAD
		    "<d:multistatus xmlns:d=\"DAV:\" "
		    "xmlns:oc=\"http://owncloud.org/ns\" "
		    "xmlns:ms=\"urn:schemas-microsoft-com:\">"));
	TRY(buf_add_str(op, out, "<d:response><d:href>"));
	TRY(folder_add_path(op, folder, row, self, out));
	TRY(buf_add_str(op, out, "</d:href>"));
	TRY(write_found(op, p, row, &missing));
	if (p->by_name && (missing != 0 || !all_found(p)))
		TRY(write_missing(op, p, row, missing));
	return buf_add_str(op, out, "</d:response>");
}

static void
propfind_free(struct folder *folder)
{
	struct propfind *p = container_of(folder, struct propfind, folder);

	mem_free(p);
}

/* ---- what is asked for ---- */

static enum rc
choose(struct op *op, struct propfind *p, const struct propfind_body *body)
{
	size_t i;

	if (body->kind == PROPFIND_ALLPROP)
		p->wanted = property_listed();
	if (body->kind == PROPFIND_PROPNAME)
		p->wanted = ((uint32_t)1 << n_properties) - 1;
	p->names_only = body->kind == PROPFIND_PROPNAME;
	p->by_name = body->kind == PROPFIND_PROP;
	TRY(op_alloc(op, body->n_names * sizeof(*p->names) + 1, &p->names));
	TRY(op_alloc(op, body->n_names * sizeof(*p->found) + 1, &p->found));
	for (i = 0; i < body->n_names; i++) {
		const struct propfind_name *name = &body->names[i];
		uint32_t bit = property_bit(name->namespace, name->name);

		p->wanted |= bit;
		if (bit == 0 && p->by_name)
			p->names[p->n_names++] = *name;
	}
	p->folder.with = property_needs(p->wanted);
	return RC_OK;
}

static enum rc
look_for_dead(struct dav *dav, struct meta *meta, void *arg)
{
	struct propfind *p = arg;

	TRY(dav_check_if(dav, meta, p->precondition.lists));
	if (p->by_name && p->n_names == 0)
		return RC_OK;
	return property_any(dav->req->op, meta, &p->dead);
}

/* Where no disk can tell there are no such properties. */
static enum rc
look_at_quota(struct dav *dav, struct propfind *p)
{
	static const char *const names[] = {
	    "quota-available-bytes", "quota-used-bytes"};
	struct propfind_name *more;
	size_t i;

	if ((p->wanted & property_quota()) == 0 ||
	    reserve_left(dav->door->service, &p->folder.quota_available,
		&p->folder.quota_used))
		return RC_OK;
	TRY(op_alloc(dav->req->op, (p->n_names + 2) * sizeof(*more), &more));
	TRY(op_alloc(dav->req->op, p->n_names + 2, &p->found));
	memcpy(more, p->names, p->n_names * sizeof(*more));
	p->names = more;
	for (i = 0; i < ARRAY_LEN(names); i++)
		if ((p->wanted & property_bit("DAV:", names[i])) != 0)
			more[p->n_names++] =
			    (struct propfind_name){"DAV:", names[i]};
	p->wanted &= ~property_quota();
	return RC_OK;
}

static enum rc
finite_depth(struct dav *dav)
{
	CLEANUP(buf_release) struct buf error = {.limit = 256};

	TRY(buf_add_str(dav->req->op, &error,
	    PROPERTY_XML_HEAD "<d:error xmlns:d=\"DAV:\">"
			      "<d:propfind-finite-depth/></d:error>\n"));
	http_respond_memory(dav->req, 403, PROPERTY_XML_TYPE, &error);
	return RC_OK;
}

static enum rc
make(struct dav *dav, const struct propfind_body *body, struct propfind *p)
{
	enum dav_depth depth;

	TRY(dav_depth(dav, &depth));
	TRY(choose(dav->req->op, p, body));
	TRY(look_at_quota(dav, p));
	TRY(dav_precondition(dav, &p->precondition));
	TRY(dav_read(dav, look_for_dead, p));
	p->folder.entries = depth == DAV_DEPTH_1;
	return folder_read(dav, &p->folder);
}

static enum rc
answer(struct dav *dav, const struct propfind_body *body)
{
	struct propfind *p = mem_alloc(sizeof(*p));
	enum dav_depth depth = DAV_DEPTH_0;
	enum rc rc;

	if (p == NULL)
		FAIL(dav->req->op, RC_NO_MEMORY, "out of memory");
	p->folder.write = write_response;
	p->folder.free = propfind_free;
	rc = make(dav, body, p);
	if (rc == RC_OK)
		rc = dav_depth(dav, &depth);
	if (rc != RC_OK) {
		folder_free(&p->folder);
		return rc;
	}
	if (depth == DAV_DEPTH_INFINITY && p->folder.node.kind == NODE_FOLDER) {
		folder_free(&p->folder);
		return finite_depth(dav);
	}
	return folder_answer(&p->folder, 207, PROPERTY_XML_TYPE);
}

/* ---- the method ---- */

static enum rc
propfind_begin(struct dav *dav)
{
	struct http_request *req = dav->req;
	struct body_parser *parser;

	if (req->content_length != HTTP_SIZE_UNKNOWN &&
	    req->content_length > XML_SIZE_MAX)
		FAIL(req->op, RC_LIMIT, "the XML has at most %d bytes",
		    XML_SIZE_MAX);
	TRY(body_parser_new(req->op, &parser));
	dav->own = parser;
	return RC_OK;
}

static enum rc
propfind_body(struct dav *dav, struct span bytes)
{
	return body_parser_feed(dav->req->op, dav->own, bytes);
}

static enum rc
propfind_end(struct dav *dav)
{
	struct propfind_body body = {0};

	TRY(body_parser_end(dav->req->op, dav->own, &body));
	return answer(dav, &body);
}

static void
propfind_release(struct dav *dav)
{
	body_parser_free(dav->own);
}

const struct dav_method dav_propfind = {
    .begin = propfind_begin,
    .body = propfind_body,
    .end = propfind_end,
    .release = propfind_release,
};
