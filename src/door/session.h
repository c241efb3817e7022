/*
 * session.h - browsers that are signed in: the cookie, and the token that shows
 * that a change was meant by the page and not by another site's (CSRF).
 */
#ifndef DOZO_DOOR_SESSION_H
#define DOZO_DOOR_SESSION_H

#include "core/session.h"
#include "door/door.h"

enum {
	/* The tenant's id in hex, '.', the token, NUL. */
	DOOR_TOKEN_SIZE = 16 + 1 + 43 + 1,
	DOOR_CSRF_SIZE = 33, /* 32 hex digits, NUL */
};

/* The header that a change by cookie needs, with what door_csrf made. */
#define DOOR_CSRF_HEADER "Dozo-Csrf"

/* A token of a session or a link with the tenant in front, as browsers hold it.
 */
void
door_token_text(uint64_t tenant, const char *token, char out[DOOR_TOKEN_SIZE]);
/* False for what door_token_text never writes. *ret_token points into text. */
bool door_token_parse(
    struct span text, uint64_t *ret_tenant, struct span *ret_token);

/* The value of dozo's cookie in a Cookie header (NULL: none); points into it.
 */
bool door_cookie_find(const char *cookies, struct span *ret_value);

/* Of a session's token; the token cannot be told from it. */
void door_csrf(struct span token, char out[DOOR_CSRF_SIZE]);

/*
 * As door_sign_in where the request has an Authorization header. Otherwise by
 * the session's cookie: a change needs DOOR_CSRF_HEADER too (403). For doors
 * that browsers' scripts speak to; never for /dav/.
 */
enum rc door_sign_in_browser(struct http_request *req, struct door *door,
    struct tenant **ret_tenant) MUST_CHECK;

/* Sets the cookie for max_age seconds; token "" and 0 take it away. */
enum rc door_set_cookie(
    struct http_request *req, const char *token, int64_t max_age) MUST_CHECK;

#endif
