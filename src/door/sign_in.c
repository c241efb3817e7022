/* sign_in.c - Basic credentials become a tenant and a member. */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/member.h"
#include "crypto/password.h"
#include "door/door.h"

enum { TENANT_NAME_SIZE = 33 };

/* Where a first sign-in could not be written down, it is tried again soon. */
#define REMEMBER_UNNOTED (10 * CLOCK_S)

struct sign_in {
	struct http_request *req;
	struct door *door;
	struct tenant *tenant; /* held, once it is known who it is */
};

/* "login@tenant" apart, at the last '@'; false where that cannot be. */
static bool
user_split(
    struct span user, struct span *ret_login, char tenant[TENANT_NAME_SIZE])
{
	const uint8_t *at = memrchr(user.data, '@', user.size);
	size_t login, size;

	if (at == NULL)
		return false;
	login = (size_t)(at - user.data);
	size = user.size - login - 1;
	if (login == 0 || size == 0 || size >= TENANT_NAME_SIZE)
		return false;
	memcpy(tenant, at + 1, size);
	tenant[size] = '\0';
	*ret_login = span_of(user.data, login);
	return true;
}

/* As slow as a wrong password, so that tenants cannot be listed by their
 * absence. */
static enum rc
nobody(struct op *op, struct span password)
{
	op_clear_error(op);
	password_verify_dummy(password);
	FAIL(op, RC_DENIED, "wrong name or password");
}

/* Rows about a sign-in. A service that cannot write now lets people read all
 * the same. */
static enum rc
note(struct op *op, struct tenant *tenant, const struct member_sign_in *found,
    int64_t today, int64_t *keep)
{
	enum rc rc = member_note_sign_in(op, tenant, found, today);

	if (rc == RC_OK || rc == RC_DENIED || rc == RC_NO_MEMORY)
		return rc;
	log_warn(op, "sign-in-not-noted", "rc=%s why=\"%s\"", rc_name(rc),
	    op_error(op, rc));
	op_clear_error(op);
	*keep = REMEMBER_UNNOTED;
	return RC_OK;
}

static enum rc
look_up(struct op *op, struct tenant *tenant, struct span login,
    struct span password, int64_t today, struct member_sign_in *ret_found)
{
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, tenant, &reader));
	rc = member_sign_in(
	    op, &reader->meta, login, password, today, ret_found);
	tenant_reader_put(tenant, reader);
	return rc;
}

static void
become(struct op *op, const struct auth_subject *subject)
{
	op->actor.tenant = subject->tenant;
	op->actor.member = subject->member;
	op->actor.app_password = subject->app_password;
	op->actor.administrator = subject->administrator;
}

static enum rc
verify_in(struct op *op, struct tenant *tenant, struct span login,
    struct span password, struct auth_subject *ret_subject, int64_t *keep)
{
	int64_t today = clock_wall() / CLOCK_DAY;
	struct member_sign_in found;
	struct auth_subject subject = {
	    .tenant = tenant->id,
	    /* Before reading: what changes meanwhile makes it void. */
	    .epoch = atomic_load(&tenant->member_epoch),
	};

	TRY(look_up(op, tenant, login, password, today, &found));
	subject.member = found.member;
	subject.app_password = found.app_password;
	subject.administrator = found.administrator;
	become(op, &subject);
	if (found.to_note)
		TRY(note(op, tenant, &found, today, keep));
	*ret_subject = subject;
	return RC_OK;
}

static enum rc
verify(struct op *op, void *arg, const struct auth_basic *basic,
    struct auth_subject *ret_subject, int64_t *ret_keep)
{
	struct sign_in *s = arg;
	CLEANUP(tenant_put_ptr) struct tenant *tenant = NULL;
	char name[TENANT_NAME_SIZE];
	struct span login;
	enum rc rc;

	*ret_keep = DOOR_REMEMBER;
	if (!user_split(basic->user, &login, name))
		return nobody(op, basic->password);
	rc = service_tenant_named(op, s->door->service, name, &tenant);
	if (rc == RC_NOT_FOUND)
		return nobody(op, basic->password);
	TRY(rc);
	TRY(verify_in(
	    op, tenant, login, basic->password, ret_subject, ret_keep));
	s->tenant = tenant;
	tenant = NULL;
	return RC_OK;
}

static enum rc
holds(struct op *op, void *arg, const struct auth_subject *subject,
    bool *ret_holds)
{
	struct sign_in *s = arg;
	CLEANUP(tenant_put_ptr) struct tenant *tenant = NULL;

	TRY(service_tenant(op, s->door->service, subject->tenant, &tenant));
	*ret_holds = atomic_load(&tenant->member_epoch) == subject->epoch;
	if (!*ret_holds)
		return RC_OK;
	s->tenant = tenant;
	tenant = NULL;
	return RC_OK;
}

/* ---- answers ---- */

/* A page's script asks for the password itself: for Basic the browser would put
 * a window of its own before it. */
static bool
is_script(struct http_request *req)
{
	const char *mode = http_header(req, "Sec-Fetch-Mode");

	return mode != NULL && strcmp(mode, "navigate") != 0;
}

/* Whether the name or the password is wrong is not told. */
enum rc
door_challenge(struct http_request *req, enum rc rc)
{
	bool wrong = rc == RC_DENIED;

	op_clear_error(req->op);
	TRY(http_set_header(req, "WWW-Authenticate",
	    is_script(req) ? "Session realm=\"dozo\""
			   : "Basic realm=\"dozo\", charset=\"UTF-8\""));
	http_problem(req, 401, wrong ? "wrong-password" : "sign-in",
	    wrong ? "Wrong user name or password" : "Sign in",
	    wrong ? "ユーザー名またはパスワードが違います"
		  : "サインインしてください",
	    http_language(req) == HTTP_JA
		? "ユーザー名は suzuki@acme のように「名前@会社」の形です。"
		  "わからないときは管理者にお尋ねください。"
		: "A user name has the form name@company, such as suzuki@acme. "
		  "Ask your administrator where you are not sure.");
	return rc;
}

static enum rc
hold_back(struct http_request *req, unsigned wait)
{
	char seconds[12];

	log_info(req->op, "sign-in-held-back", "address=%s wait_s=%u",
	    req->op->actor.address, wait);
	(void)snprintf(seconds, sizeof(seconds), "%u", wait);
	TRY(http_set_header(req, "Retry-After", seconds));
	http_problem(req, 429, "too-many-attempts",
	    "Too many attempts to sign in", "サインインの試行が多すぎます",
	    http_language(req) == HTTP_JA
		? "少し待ってから(Retry-After の秒数)、もう一度お試しください。"
		: "Wait for the seconds that Retry-After says, and try again.");
	return RC_BUSY;
}

static enum rc
sign_in(struct http_request *req, struct door *door,
    const struct auth_basic *basic, struct tenant **ret_tenant)
{
	struct sign_in s = {.req = req, .door = door};
	const struct auth_verifier verifier = {
	    .verify = verify, .holds = holds, .arg = &s};
	struct auth_subject subject;
	unsigned wait = 0;
	enum rc rc;

	rc = auth_check(req->op, door->auth, basic, req->op->actor.address,
	    &verifier, &subject, &wait);
	if (rc == RC_BUSY && wait > 0)
		return hold_back(req, wait);
	if (rc == RC_DENIED) {
		log_info(req->op, "sign-in-refused", "address=%s",
		    req->op->actor.address);
		return door_challenge(req, rc);
	}
	TRY(rc);
	become(req->op, &subject);
	*ret_tenant = s.tenant;
	return RC_OK;
}

enum rc
door_sign_in(
    struct http_request *req, struct door *door, struct tenant **ret_tenant)
{
	CLEANUP(auth_basic_wipe) struct auth_basic basic = {0};
	enum rc rc;

	rc = auth_basic_parse(
	    req->op, http_header(req, "Authorization"), &basic);
	if (rc == RC_NOT_FOUND || rc == RC_INVALID)
		return door_challenge(req, rc);
	TRY(rc);
	return sign_in(req, door, &basic, ret_tenant);
}

enum rc
door_sign_in_as(struct http_request *req, struct door *door, struct span user,
    struct span password, struct tenant **ret_tenant)
{
	const struct auth_basic basic = {.user = user, .password = password};

	return sign_in(req, door, &basic, ret_tenant);
}
