/* dav.c - the door's handler: signs in, and hands the request to its method. */
#include "dav/dav.h"

#include "dav/request.h"

static const struct dav_method *const methods[HTTP_METHODS] = {
    [HTTP_OPTIONS] = &dav_options,
    [HTTP_GET] = &dav_get,
    [HTTP_HEAD] = &dav_get,
    [HTTP_PUT] = &dav_put,
    [HTTP_PATCH] = &dav_recalculate,
    [HTTP_DELETE] = &dav_delete,
    [HTTP_PROPFIND] = &dav_propfind,
    [HTTP_PROPPATCH] = &dav_proppatch,
    [HTTP_MKCOL] = &dav_mkcol,
    [HTTP_COPY] = &dav_move,
    [HTTP_MOVE] = &dav_move,
    [HTTP_LOCK] = &dav_lock,
    [HTTP_UNLOCK] = &dav_unlock,
};

static enum rc
begin(struct http_request *req)
{
	struct dav *dav;

	TRY(op_alloc(req->op, sizeof(*dav), &dav));
	dav->req = req;
	dav->door = req->route->door;
	dav->method = methods[req->method];
	dav->names = req->target.segments + req->prefix_segments;
	dav->n_names = req->target.n_segments - req->prefix_segments;
	req->user = dav;
	TRY(door_sign_in(req, dav->door, &dav->tenant));
	if (dav->method->changes && dav->door->service->config.read_only)
		return door_read_only(req);
	if (req->has_content && dav->method->body == NULL) {
		http_problem(req, 415, "content", "A content is not expected",
		    "この要求に本文は指定できません", NULL);
		return RC_OK;
	}
	if (dav->method->begin == NULL)
		return RC_OK;
	return dav->method->begin(dav);
}

static enum rc
body(struct http_request *req, struct span bytes)
{
	struct dav *dav = req->user;

	return dav->method->body(dav, bytes);
}

static enum rc
end(struct http_request *req)
{
	struct dav *dav = req->user;

	return dav->method->end(dav);
}

static void
release(struct http_request *req)
{
	struct dav *dav = req->user;

	if (dav == NULL)
		return;
	if (dav->own != NULL && dav->method->release != NULL)
		dav->method->release(dav);
	tenant_put(dav->tenant);
}

static const struct http_handler handler = {
    .begin = begin, .body = body, .end = end, .release = release};

void
dav_routes(struct door *door, struct http_route *out, size_t *ret_n)
{
	size_t i;

	out[0] = (struct http_route){
	    .prefix = "/dav", .handler = &handler, .door = door};
	for (i = 0; i < HTTP_METHODS; i++)
		if (methods[i] != NULL)
			out[0].methods |= HTTP_ALLOW(i);
	*ret_n = DAV_ROUTES;
}

static enum rc
options_end(struct dav *dav)
{
	CLEANUP(buf_release) struct buf allow = {.limit = 256};
	struct http_request *req = dav->req;

	TRY(http_methods_text(req->op, req->route->methods, &allow));
	TRY(buf_add(req->op, &allow, span_of("", 1)));
	TRY(http_set_header(req, "Allow", (const char *)allow.data));
	TRY(http_set_header(req, "DAV", "1, 2"));
	TRY(http_set_header(req, "MS-Author-Via", "DAV"));
	TRY(http_set_header(req, "Accept-Ranges", "bytes"));
	http_respond_size(req, 200, NULL, 0);
	return RC_OK;
}

const struct dav_method dav_options = {.end = options_end};
