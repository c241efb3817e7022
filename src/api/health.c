/* health.c - GET /api/v1/health, without log-in, from memory. */
#include "api/api.h"

static const char *
word_of(enum service_health health)
{
	switch (health) {
	case HEALTH_OK:
		return "ok";
	case HEALTH_DEGRADED:
		return "degraded";
	case HEALTH_READ_ONLY:
		return "read-only";
	}
	return "degraded";
}

static enum rc
health(struct http_request *req)
{
	CLEANUP(buf_release) struct buf json = {.limit = 64};
	const struct door *door = req->route->door;

	if (req->target.n_segments > req->prefix_segments)
		FAIL(req->op, RC_NOT_FOUND, "there is nothing here");
	TRY(buf_add_format(req->op, &json, "{\"status\":\"%s\"}\n",
	    word_of(service_health(door->service))));
	TRY(http_set_header(req, "Cache-Control", "no-store"));
	if (req->method == HTTP_HEAD)
		http_respond_size(req, 200, "application/json", json.size);
	else
		http_respond_memory(req, 200, "application/json", &json);
	return RC_OK;
}

static const struct http_handler handler = {.end = health};

void
api_routes(struct door *door, struct http_route *out, size_t *ret_n)
{
	out[0] = (struct http_route){
	    .prefix = "/api/v1/health",
	    .methods = HTTP_ALLOW(HTTP_GET) | HTTP_ALLOW(HTTP_HEAD),
	    .handler = &handler,
	    .door = door,
	};
	*ret_n = API_ROUTES;
}
