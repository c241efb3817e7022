/* api.c - the door's handler: signs in, finds the route and runs its call. */
#include "api/request.h"

#include <strings.h>

#include "api/listing.h"
#include "base/mem.h"
#include "door/session.h"

enum { ALLOW_LIMIT = 256, LISTINGS_BYTES = 32 << 20 };

/* ---- the route ---- */

/* Whether a path's segments are the pattern's; fills in what {names} stand for.
 */
static bool
pattern_fits(const char *pattern, const struct span *segments, size_t n,
    struct span params[API_PARAMS_MAX])
{
	size_t at = 0, n_params = 0;

	while (*pattern == '/') {
		size_t size = strcspn(++pattern, "/");

		if (at == n)
			return false;
		if (*pattern == '{')
			params[n_params++] = segments[at];
		else if (!span_equal(segments[at], span_of(pattern, size)))
			return false;
		at++;
		pattern += size;
	}
	return at == n;
}

/* The row for the request, NULL where there is none; *ret_methods: those that
 * the path has. */
static const struct api_route *
route_find(struct api *api, unsigned *ret_methods)
{
	const struct http_request *req = api->req;
	const struct span *segments =
	    req->target.segments + req->prefix_segments;
	size_t n = req->target.n_segments - req->prefix_segments;
	const struct api_route *found = NULL;
	enum http_method method =
	    req->method == HTTP_HEAD ? HTTP_GET : req->method;
	struct span params[API_PARAMS_MAX];
	size_t i;

	*ret_methods = 0;
	for (i = 0; i < n_api_table && !req->target.trailing_slash; i++) {
		if (!pattern_fits(api_table[i].pattern, segments, n, params))
			continue;
		*ret_methods |= HTTP_ALLOW(api_table[i].method);
		if (api_table[i].method != method)
			continue;
		found = &api_table[i];
		memcpy(api->params, params, sizeof(params));
	}
	if (*ret_methods & HTTP_ALLOW(HTTP_GET))
		*ret_methods |= HTTP_ALLOW(HTTP_HEAD);
	return found;
}

static enum rc
not_allowed(struct api *api, unsigned methods)
{
	CLEANUP(buf_release) struct buf allow = {.limit = ALLOW_LIMIT};
	struct http_request *req = api->req;

	TRY(http_methods_text(req->op, methods, &allow));
	TRY(buf_add(req->op, &allow, span_of("", 1)));
	TRY(http_set_header(req, "Allow", (const char *)allow.data));
	http_problem(req, 405, "not-allowed", "Not possible here",
	    "ここでは実行できません", NULL);
	return RC_OK;
}

/* ---- what is refused before the call ---- */

static bool
is_json(const char *type)
{
	static const char json[] = "application/json";
	size_t size = strlen(json);

	return type != NULL && strncasecmp(type, json, size) == 0 &&
	       (type[size] == '\0' || type[size] == ';' || type[size] == ' ');
}

enum rc
api_json_expect(struct api *api)
{
	struct http_request *req = api->req;

	if (is_json(http_header(req, "Content-Type")))
		return RC_OK;
	http_problem(req, 415, "content",
	    "The content has another type than is expected here",
	    "本文の形式が違います",
	    http_language(req) == HTTP_JA
		? "Content-Type: application/json で送信してください。"
		: "Send it with Content-Type: application/json.");
	return RC_INVALID;
}

enum rc
api_json_add(struct api *api, struct span bytes)
{
	if (bytes.size > API_BODY_MAX - api->json.size)
		FAIL(api->req->op, RC_LIMIT,
		    "a body of JSON has %d bytes at the most", API_BODY_MAX);
	return buf_add(api->req->op, &api->json, bytes);
}

/* The place of a name in a list that ends with NULL; its end where it is not
 * there. */
static size_t
name_find(const char *const *names, struct span name)
{
	size_t i = 0;

	while (names != NULL && names[i] != NULL &&
	       !span_equal(name, span_str(names[i])))
		i++;
	return i;
}

/* A misspelt parameter must not be taken for one that was left out. */
static enum rc
query_check(struct api *api)
{
	const char *const *known = api->call->query;
	unsigned seen = 0;
	struct span name;
	size_t n, i;

	for (n = 0; target_param_name(&api->req->target, n, &name); n++) {
		i = name_find(known, name);
		if (known == NULL || known[i] == NULL)
			FAIL(api->req->op, RC_INVALID,
			    "there is no parameter \"%.*s\" here",
			    name.size > 40 ? 40 : (int)name.size,
			    (const char *)name.data);
		if (seen & (1U << i))
			FAIL(api->req->op, RC_INVALID,
			    "the parameter \"%s\" is there twice", known[i]);
		seen |= 1U << i;
	}
	return RC_OK;
}

/* RC_OK with an answer that stands, or the call may begin. */
static enum rc
admit(struct api *api)
{
	const struct api_call *call = api->call;
	struct http_request *req = api->req;

	if (!call->open)
		TRY(door_sign_in_browser(req, api->door, &api->tenant));
	if (call->changes && api->door->service->config.read_only)
		return door_read_only(req);
	if (req->has_content && call->body == NULL && !call->json) {
		http_problem(req, 415, "content", "A content is not expected",
		    "この要求に本文は指定できません", NULL);
		return RC_OK;
	}
	if (call->json)
		TRY(api_json_expect(api));
	return query_check(api);
}

/* ---- the handler ---- */

static enum rc
begin(struct http_request *req)
{
	const struct api_route *route;
	unsigned methods;
	struct api *api;

	TRY(op_alloc(req->op, sizeof(*api), &api));
	api->req = req;
	api->api_door = req->route->door;
	api->door = api->api_door->door;
	buf_init(&api->json, API_BODY_MAX);
	route = route_find(api, &methods);
	if (route == NULL && methods != 0)
		return not_allowed(api, methods);
	if (route == NULL)
		FAIL(req->op, RC_NOT_FOUND, "there is nothing here");
	api->call = route->call;
	req->user = api;
	TRY(admit(api));
	if (http_responded(req) || api->call->begin == NULL)
		return RC_OK;
	return api->call->begin(api);
}

static enum rc
body(struct http_request *req, struct span bytes)
{
	struct api *api = req->user;

	return api->call->json ? api_json_add(api, bytes)
			       : api->call->body(api, bytes);
}

static enum rc
end(struct http_request *req)
{
	struct api *api = req->user;

	return api->call->end(api);
}

static void
release(struct http_request *req)
{
	struct api *api = req->user;

	if (api == NULL)
		return;
	if (api->own != NULL && api->call->release != NULL)
		api->call->release(api);
	buf_release(&api->json);
	tenant_put(api->tenant);
}

static const struct http_handler handler = {
    .begin = begin, .body = body, .end = end, .release = release};

enum rc
api_open(struct op *op, struct door *door, struct api_door **ret_api)
{
	struct api_door *api = mem_alloc(sizeof(*api));
	enum rc rc;

	if (api == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	api->door = door;
	rc = listings_new(op, LISTINGS_BYTES, &api->listings);
	if (rc != RC_OK) {
		mem_free(api);
		return rc;
	}
	*ret_api = api;
	return RC_OK;
}

void
api_close(struct api_door *api)
{
	if (api == NULL)
		return;
	listings_free(api->listings);
	mem_free(api);
}

void
api_routes(struct api_door *api, struct http_route *out, size_t *ret_n)
{
	size_t i;

	out[0] = (struct http_route){
	    .prefix = "/api/v1", .handler = &handler, .door = api};
	for (i = 0; i < HTTP_METHODS; i++)
		out[0].methods |= HTTP_ALLOW(i);
	*ret_n = API_ROUTES;
}
