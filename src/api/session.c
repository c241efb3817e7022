/* session.c - browsers sign in, see who is signed in, list and end sessions. */
#include "core/session.h"
#include "api/outcome.h"
#include "base/mem.h"
#include "core/service.h"
#include "door/id.h"
#include "door/session.h"
#include "meta/member.h"

enum { SESSION_LIMIT = 8192, LIST_LIMIT = 64 << 10 };

/* Service time as people read it now. */
static int64_t
wall_of(const struct api *api, int64_t time)
{
	return clock_wall() + time - api_now(api);
}

/* ---- one session as JSON ---- */

struct told {
	struct session_found found;
	struct span token;
	struct service_tenant_info tenant;
	struct buf json;
};

static void
told_release(struct told *told)
{
	buf_release(&told->json);
}

static enum rc
write_told(struct api *api, struct meta *meta, void *arg)
{
	CLEANUP(member_row_wipe) struct member_row row = {0};
	struct op *op = api->req->op;
	struct told *told = arg;
	char csrf[DOOR_CSRF_SIZE], *user;

	TRY(member_row_get(op, meta, told->found.member, &row));
	door_csrf(told->token, csrf);
	TRY(op_format(op, &user, "%.*s@%s", (int)row.name.size,
	    (const char *)row.name.data, told->tenant.name));
	TRY(buf_add_str(op, &told->json, "{"));
	TRY(api_add_id(op, &told->json, "id", told->found.id));
	TRY(api_add_text(op, &told->json, "user", span_str(user)));
	TRY(api_add_text(op, &told->json, "role",
	    span_str(told->found.administrator ? "administrator" : "member")));
	TRY(api_add_text(op, &told->json, "csrf", span_str(csrf)));
	TRY(api_add_time(op, &told->json, "expires_at",
	    wall_of(api, told->found.expires_at)));
	return buf_add_str(op, &told->json, "}\n");
}

static enum rc
answer_told(struct api *api, int status, struct told *told)
{
	told->json.limit = SESSION_LIMIT;
	TRY(service_tenant_get(
	    api->req->op, api->door->service, api->tenant->id, &told->tenant));
	TRY(api_read(api, write_told, told));
	api_answer(api, status, &told->json);
	return RC_OK;
}

/* ---- GET /session ---- */

/* The token that the request came with; no data where it came otherwise. */
static struct span
own_token(struct api *api)
{
	struct span cookie, token = span_of(NULL, 0);
	uint64_t tenant;

	if (api->req->op->actor.session != 0 &&
	    door_cookie_find(http_header(api->req, "Cookie"), &cookie))
		(void)door_token_parse(cookie, &tenant, &token);
	return token;
}

static enum rc
no_session(struct api *api)
{
	FAIL(api->req->op, RC_NOT_FOUND, "no such session");
}

static enum rc
check_own(struct api *api, struct meta *meta, void *arg)
{
	struct told *told = arg;

	return session_check(
	    api->req->op, meta, told->token, api_now(api), &told->found);
}

static enum rc
get_end(struct api *api)
{
	CLEANUP(told_release) struct told told = {.token = own_token(api)};

	if (told.token.data == NULL)
		return no_session(api);
	TRY(api_read(api, check_own, &told));
	return answer_told(api, 200, &told);
}

/* ---- POST /session ---- */

enum { USER, PASSWORD, LINK, FIELDS };
static const struct body_field fields[FIELDS] = {
    [USER] = {.name = "user", .type = BODY_TEXT},
    [PASSWORD] = {.name = "password", .type = BODY_TEXT},
    [LINK] = {.name = "link", .type = BODY_TEXT},
};

static enum rc
begin_by_link(struct api *api, struct span link, struct span label,
    char token[PASSWORD_TOKEN_SIZE], struct session_found *found)
{
	struct op *op = api->req->op;
	struct span secret;
	uint64_t id;
	enum rc rc = RC_DENIED;

	if (door_token_parse(link, &id, &secret))
		rc = service_tenant(op, api->door->service, id, &api->tenant);
	if (rc == RC_OK)
		rc = session_by_link(
		    op, api->tenant, secret, label, token, found);
	if (rc != RC_DENIED && rc != RC_NOT_FOUND)
		return rc;
	op_clear_error(op);
	http_problem(api->req, 401, "link-used",
	    "This address has been used, or is too old",
	    "このリンクは使用済みか、有効期限が切れています",
	    http_language(api->req) == HTTP_JA
		? "ユーザー名とパスワードでサインインしてください。"
		: "Sign in with your user name and password.");
	return RC_DENIED;
}

static enum rc
app_password(struct api *api)
{
	http_problem(api->req, 401, "app-password",
	    "An app password does not sign in a browser",
	    "アプリパスワードではブラウザーにサインインできません",
	    http_language(api->req) == HTTP_JA
		? "ご自分のパスワードでサインインしてください。"
		: "Sign in with your own password.");
	return RC_DENIED;
}

static enum rc
begin_session(struct api *api, const struct body_value *values,
    char token[PASSWORD_TOKEN_SIZE], struct session_found *found)
{
	const char *agent = http_header(api->req, "User-Agent");
	struct span label = span_str(agent != NULL ? agent : "");

	if (values[LINK].given)
		return begin_by_link(
		    api, values[LINK].text, label, token, found);
	TRY(door_sign_in_as(api->req, api->door, values[USER].text,
	    values[PASSWORD].text, &api->tenant));
	if (api->req->op->actor.app_password != 0)
		return app_password(api);
	return session_begin(api->req->op, api->tenant, label, token, found);
}

static enum rc
begin_end(struct api *api)
{
	CLEANUP(told_release) struct told told = {0};
	struct body_value values[FIELDS];
	char token[PASSWORD_TOKEN_SIZE], cookie[DOOR_TOKEN_SIZE];
	int64_t left;
	enum rc rc;

	TRY(outcome_fields(api, fields, FIELDS, values));
	if (values[LINK].given == values[USER].given ||
	    values[USER].given != values[PASSWORD].given)
		FAIL(api->req->op, RC_INVALID,
		    "\"user\" and \"password\" are needed, or \"link\"");
	TRY(begin_session(api, values, token, &told.found));
	told.token = span_str(token);
	door_token_text(api->tenant->id, token, cookie);
	left = told.found.expires_at - api_now(api);
	rc = door_set_cookie(api->req, cookie, left / CLOCK_S);
	if (rc == RC_OK)
		rc = answer_told(api, 201, &told);
	mem_wipe(token, sizeof(token));
	mem_wipe(cookie, sizeof(cookie));
	return rc;
}

/* ---- ending ---- */

static enum rc
end_end(struct api *api)
{
	struct op *op = api->req->op;

	if (op->actor.session == 0)
		return no_session(api);
	TRY(session_end(op, api->tenant, op->actor.session));
	TRY(door_set_cookie(api->req, "", 0));
	http_respond(api->req, 204);
	return RC_OK;
}

static enum rc
end_one(struct api *api)
{
	int64_t id;

	if (!door_id_parse(api->params[0], &id))
		return no_session(api);
	TRY(session_end(api->req->op, api->tenant, id));
	http_respond(api->req, 204);
	return RC_OK;
}

/* ---- GET /sessions ---- */

struct list {
	struct api *api;
	struct buf json;
	size_t n;
};

static enum rc
list_one(void *arg, struct op *op, const struct session *session)
{
	struct list *list = arg;
	bool own = session->id == op->actor.session;

	TRY(buf_add_str(op, &list->json, list->n++ == 0 ? "{" : ",{"));
	TRY(api_add_id(op, &list->json, "id", session->id));
	TRY(api_add_text(op, &list->json, "browser", session->label));
	TRY(api_add_time(op, &list->json, "begun_at",
	    wall_of(list->api, session->created_at)));
	TRY(api_add_time(
	    op, &list->json, "used_at", wall_of(list->api, session->used_at)));
	TRY(api_add_key(op, &list->json, "current"));
	return buf_add_str(op, &list->json, own ? "true}" : "false}");
}

static enum rc
write_list(struct api *api, struct meta *meta, void *arg)
{
	return session_each_of(api->req->op, meta, api->req->op->actor.member,
	    api_now(api), list_one, arg);
}

static enum rc
list_end(struct api *api)
{
	struct list list = {.api = api, .json.limit = LIST_LIMIT};
	struct op *op = api->req->op;
	enum rc rc;

	rc = buf_add_str(op, &list.json, "{\"items\":[");
	if (rc == RC_OK)
		rc = api_read(api, write_list, &list);
	if (rc == RC_OK)
		rc = buf_add_str(op, &list.json, "]}\n");
	if (rc == RC_OK)
		api_answer(api, 200, &list.json);
	buf_release(&list.json);
	return rc;
}

const struct api_call call_session = {.end = get_end};
const struct api_call call_session_begin = {
    .open = true, .changes = true, .json = true, .end = begin_end};
const struct api_call call_session_end = {.changes = true, .end = end_end};
const struct api_call call_sessions = {.end = list_end};
const struct api_call call_sessions_end = {.changes = true, .end = end_one};
