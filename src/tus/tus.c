/* tus.c - the door's handler: version, sign-in, which method on which address;
 * contents. */
#include "tus/tus.h"

#include "door/id.h"
#include "door/session.h"
#include "tus/request.h"

#define VERSION "1.0.0"

/* ---- OPTIONS, for anybody: it tells nothing of this service ---- */

static enum rc
options(struct http_request *req)
{
	static const char *const fields[][2] = {
	    {"Tus-Version", VERSION},
	    {"Tus-Max-Size", "9223372036854775807"},
	    {"Tus-Extension",
		"creation,creation-with-upload,creation-defer-length,"
		"termination,checksum,expiration"},
	    {"Tus-Checksum-Algorithm", "sha1,sha256"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(fields); i++)
		TRY(http_set_header(req, fields[i][0], fields[i][1]));
	http_respond(req, 204);
	return RC_OK;
}

/* ---- which method ---- */

/* Clients behind proxies that let no PATCH through say it in a POST. */
static enum rc
method_of(struct http_request *req, enum http_method *ret_method)
{
	const char *instead = http_header(req, "X-HTTP-Method-Override");

	*ret_method = req->method;
	if (instead == NULL || req->method != HTTP_POST)
		return RC_OK;
	if (!http_method_parse(span_str(instead), ret_method) ||
	    (*ret_method != HTTP_PATCH && *ret_method != HTTP_DELETE))
		FAIL(req->op, RC_INVALID,
		    "X-HTTP-Method-Override can be PATCH or DELETE");
	return RC_OK;
}

static const struct tus_method *
method_find(enum http_method method, bool on_upload)
{
	switch (method) {
	case HTTP_POST:
		return on_upload ? NULL : &tus_create;
	case HTTP_HEAD:
		return on_upload ? &tus_head : NULL;
	case HTTP_PATCH:
		return on_upload ? &tus_patch : NULL;
	case HTTP_DELETE:
		return on_upload ? &tus_delete : NULL;
	default:
		return NULL;
	}
}

static enum rc
wrong_version(struct http_request *req)
{
	TRY(http_set_header(req, "Tus-Version", VERSION));
	http_problem(req, 412, "tus-version", "Another version of tus is meant",
	    "tus のバージョンが違います",
	    http_language(req) == HTTP_JA
		? "Tus-Resumable: 1.0.0 を付けて送信してください。"
		: "Send Tus-Resumable: 1.0.0.");
	return RC_OK;
}

static bool
is_version(struct http_request *req)
{
	const char *version = http_header(req, "Tus-Resumable");

	return version != NULL && strcmp(version, VERSION) == 0;
}

/* The address: the door itself, or an upload. */
static enum rc
address_of(struct tus *tus, bool *ret_is_upload)
{
	const struct http_request *req = tus->req;
	const struct span *names = req->target.segments + req->prefix_segments;
	size_t n = req->target.n_segments - req->prefix_segments;

	if (n > 1 || (n == 1 && !door_id_parse(names[0], &tus->id)))
		FAIL(req->op, RC_NOT_FOUND, "no such upload");
	*ret_is_upload = n == 1;
	return RC_OK;
}

/* ---- the handler ---- */

static enum rc
signed_in(struct tus *tus, enum http_method method)
{
	struct http_request *req = tus->req;
	bool is_upload = false;

	TRY(address_of(tus, &is_upload));
	tus->method = method_find(method, is_upload);
	if (tus->method == NULL)
		return door_not_allowed(req, NULL);
	if (tus->method->changes && tus->door->service->config.read_only)
		return door_read_only(req);
	if (req->has_content && !tus->method->content) {
		http_problem(req, 415, "content", "A content is not expected",
		    "この要求に本文は指定できません", NULL);
		return RC_OK;
	}
	return tus->method->begin != NULL ? tus->method->begin(tus) : RC_OK;
}

static enum rc
begin_all(struct http_request *req)
{
	enum http_method method;
	struct tus *tus;

	TRY(op_alloc(req->op, sizeof(*tus), &tus));
	tus->req = req;
	tus->door = req->route->door;
	req->user = tus;
	TRY(method_of(req, &method));
	if (method == HTTP_OPTIONS)
		return options(req);
	if (!is_version(req))
		return wrong_version(req);
	TRY(door_sign_in_browser(req, tus->door, &tus->tenant));
	return signed_in(tus, method);
}

/* Every answer tells the version, also where headers were dropped for it. */
static enum rc
answered(struct http_request *req, enum rc rc)
{
	if (rc != RC_OK && !http_responded(req))
		http_fail(req, rc);
	if (http_responded(req))
		TRY(http_set_header(req, "Tus-Resumable", VERSION));
	return rc;
}

static enum rc
begin(struct http_request *req)
{
	return answered(req, begin_all(req));
}

static enum rc
body(struct http_request *req, struct span bytes)
{
	struct tus *tus = req->user;
	enum rc rc = resumable_write(req->op, tus->upload, bytes);

	checksum_update(&tus->checksum, bytes);
	tus->failed = rc != RC_OK;
	return answered(req, rc);
}

static enum rc
end(struct http_request *req)
{
	struct tus *tus = req->user;

	return answered(req, tus->method->end(tus));
}

/* One that nobody can know the address of. */
static void
give_up(struct tus *tus)
{
	enum rc rc;

	op_clear_error(tus->req->op);
	rc = resumable_drop(tus->req->op, tus->tenant, tus->id);
	if (rc != RC_OK) /* its term will end it */
		op_clear_error(tus->req->op);
}

static void
release(struct http_request *req)
{
	struct tus *tus = req->user;

	if (tus == NULL)
		return;
	/* Broken off: what came counts. */
	if (tus->upload != NULL && !tus->ended && !tus->failed &&
	    !tus->new &&http_aborted(req))
		resumable_break(tus->upload);
	resumable_free(tus->upload);
	if (tus->new && !tus->ended)
		give_up(tus);
	tenant_put(tus->tenant);
}

static const struct http_handler handler = {
    .begin = begin, .body = body, .end = end, .release = release};

void
tus_routes(struct door *door, struct http_route *out, size_t *ret_n)
{
	static const char *const prefixes[TUS_ROUTES] = {
	    "/uploads", "/api/v1/uploads"};
	size_t i;

	for (i = 0; i < TUS_ROUTES; i++)
		out[i] = (struct http_route){
		    .prefix = prefixes[i],
		    .methods = HTTP_ALLOW(HTTP_OPTIONS) |
			       HTTP_ALLOW(HTTP_POST) | HTTP_ALLOW(HTTP_HEAD) |
			       HTTP_ALLOW(HTTP_PATCH) | HTTP_ALLOW(HTTP_DELETE),
		    .slow = true,
		    .handler = &handler,
		    .door = door,
		};
	*ret_n = TUS_ROUTES;
}
