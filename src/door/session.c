/* session.c - a browser's session cookie becomes a tenant and a member. */
#include "door/session.h"

#include <stdio.h>

#include "base/log.h"
#include "base/str.h"
#include "crypto/hash.h"

#define COOKIE "__Host-dozo"

enum { TENANT_DIGITS = 16 };

/* ---- tokens as browsers hold them ---- */

void
door_token_text(uint64_t tenant, const char *token, char out[DOOR_TOKEN_SIZE])
{
	(void)snprintf(out, DOOR_TOKEN_SIZE, "%016llx.%s",
	    (unsigned long long)tenant, token);
}

static bool
hex_number(const uint8_t *digits, size_t n, uint64_t *ret_number)
{
	static const char hex[] = "0123456789abcdef";
	uint64_t number = 0;
	const char *at;
	size_t i;

	for (i = 0; i < n; i++) {
		at = memchr(hex, digits[i], sizeof(hex) - 1);
		if (at == NULL)
			return false;
		number = number << 4 | (uint64_t)(at - hex);
	}
	*ret_number = number;
	return true;
}

bool
door_token_parse(struct span text, uint64_t *ret_tenant, struct span *ret_token)
{
	if (text.size != DOOR_TOKEN_SIZE - 1 ||
	    text.data[TENANT_DIGITS] != '.' ||
	    !hex_number(text.data, TENANT_DIGITS, ret_tenant))
		return false;
	*ret_token = span_of(
	    text.data + TENANT_DIGITS + 1, text.size - TENANT_DIGITS - 1);
	return true;
}

bool
door_cookie_find(const char *cookies, struct span *ret_value)
{
	static const char name[] = COOKIE "=";
	size_t size;

	while (cookies != NULL && *cookies != '\0') {
		size = strcspn(cookies, ";");
		if (strncmp(cookies, name, strlen(name)) == 0) {
			*ret_value = span_of(
			    cookies + strlen(name), size - strlen(name));
			return true;
		}
		cookies += size;
		cookies += strspn(cookies, "; ");
	}
	return false;
}

void
door_csrf(struct span token, char out[DOOR_CSRF_SIZE])
{
	const struct span label = span_str("dozo csrf 1");
	uint8_t mac[SHA256_SIZE];

	hmac_sha256(token, &label, 1, mac);
	str_hex(out, span_of(mac, (DOOR_CSRF_SIZE - 1) / 2));
}

enum rc
door_set_cookie(struct http_request *req, const char *token, int64_t max_age)
{
	char *cookie;

	TRY(op_format(req->op, &cookie,
	    COOKIE "=%s; Path=/; Max-Age=%lld; Secure; HttpOnly; "
		   "SameSite=Strict",
	    token, (long long)max_age));
	return http_set_header(req, "Set-Cookie", cookie);
}

/* ---- signing in ---- */

static bool
changes(enum http_method method)
{
	return method != HTTP_GET && method != HTTP_HEAD &&
	       method != HTTP_OPTIONS;
}

static bool
is_meant(struct http_request *req, struct span token)
{
	const char *sent = http_header(req, DOOR_CSRF_HEADER);
	char wanted[DOOR_CSRF_SIZE];

	door_csrf(token, wanted);
	return sent != NULL && strlen(sent) == DOOR_CSRF_SIZE - 1 &&
	       hash_equal(sent, wanted, DOOR_CSRF_SIZE - 1);
}

static void
not_meant(struct http_request *req)
{
	log_info(req->op, "csrf", "address=%s", req->op->actor.address);
	http_problem(req, 403, "csrf",
	    "This request did not come from the page",
	    "画面からの操作と確認できませんでした",
	    http_language(req) == HTTP_JA
		? "ページを読み込み直して、もう一度お試しください。"
		: "Load the page again and repeat it.");
}

static enum rc
look_up(struct op *op, struct tenant *tenant, struct span token,
    struct session_found *ret)
{
	int64_t now = service_clock_now(&tenant->service->clock);
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, tenant, &reader));
	rc = db_read_begin(op, reader->db);
	if (rc == RC_OK)
		rc = session_check(op, &reader->meta, token, now, ret);
	db_read_end(reader->db);
	tenant_reader_put(tenant, reader);
	return rc;
}

/* A service that cannot write now lets people read all the same. */
static enum rc
note(struct op *op, struct tenant *tenant, int64_t session)
{
	enum rc rc;

	if (tenant->service->config.read_only)
		return RC_OK;
	rc = session_note(op, tenant, session);
	if (rc == RC_OK || rc == RC_DENIED || rc == RC_NO_MEMORY)
		return rc;
	log_warn(op, "session-not-noted", "rc=%s why=\"%s\"", rc_name(rc),
	    op_error(op, rc));
	op_clear_error(op);
	return RC_OK;
}

/* RC_DENIED, RC_NOT_FOUND: no session. */
static enum rc
by_cookie(struct http_request *req, struct door *door, struct span token,
    uint64_t tenant, struct tenant **ret_tenant)
{
	CLEANUP(tenant_put_ptr) struct tenant *opened = NULL;
	struct op *op = req->op;
	struct session_found found;

	TRY(service_tenant(op, door->service, tenant, &opened));
	TRY(look_up(op, opened, token, &found));
	op->actor.tenant = tenant;
	op->actor.member = found.member;
	op->actor.session = found.id;
	op->actor.administrator = found.administrator;
	if (found.to_note)
		TRY(note(op, opened, found.id));
	*ret_tenant = opened;
	opened = NULL;
	return RC_OK;
}

enum rc
door_sign_in_browser(
    struct http_request *req, struct door *door, struct tenant **ret_tenant)
{
	struct span cookie, token;
	uint64_t tenant;
	enum rc rc;

	if (http_header(req, "Authorization") != NULL ||
	    !door_cookie_find(http_header(req, "Cookie"), &cookie))
		return door_sign_in(req, door, ret_tenant);
	if (!door_token_parse(cookie, &tenant, &token))
		return door_challenge(req, RC_NOT_FOUND);
	if (changes(req->method) && !is_meant(req, token)) {
		not_meant(req);
		return RC_DENIED;
	}
	rc = by_cookie(req, door, token, tenant, ret_tenant);
	if (rc == RC_DENIED || rc == RC_NOT_FOUND)
		return door_challenge(req, RC_NOT_FOUND);
	return rc;
}
