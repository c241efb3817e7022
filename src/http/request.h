/*
 * request.h - a request as a door sees it, and the ways to answer it.
 * Everything here is for the thread on which the handler's function runs just
 * now, unless it says otherwise; pointers into a request live until its release
 * has returned.
 */
#ifndef DOZO_HTTP_REQUEST_H
#define DOZO_HTTP_REQUEST_H

#include "base/buf.h"
#include "http/address.h"
#include "http/router.h"
#include "http/target.h"

#define HTTP_SIZE_UNKNOWN UINT64_MAX

struct http_request {
	struct op *op; /* its own; actor.address is the client's address */
	enum http_method method;
	struct target target;
	size_t prefix_segments; /* of the target, that the route took */
	const struct http_route *route;
	struct address client; /* after trusted proxies */
	bool has_content; /* a content follows (chunked, or not empty) */
	uint64_t content_length; /* HTTP_SIZE_UNKNOWN: chunked */
	bool expects_continue; /* nothing of it is sent before begin has
				  returned */
	bool goes_on; /* the client means to use the connection again */
	bool conditional; /* set by the door: RC_CONFLICT then means 412, not
			     409 */
	void *user; /* the handler's own */
};

enum http_language { HTTP_EN, HTTP_JA };

/* The target as it was sent. */
const char *http_raw_target(const struct http_request *req);

/* The first value of a header, or NULL; names are compared without case. */
const char *http_header(const struct http_request *req, const char *name);

/*
 * Goes through all occurrences: *at is 0 before the first call. NULL at the
 * end.
 */
const char *
http_header_next(const struct http_request *req, const char *name, size_t *at);

/* All values of a list header joined by ", ", in the op's arena; *ret_value
 * NULL: none. */
enum rc http_header_all(const struct http_request *req, const char *name,
    const char **ret_value) MUST_CHECK;

/* By Accept-Language; English where it does not say. */
enum http_language http_language(const struct http_request *req);

/* "https://host[:port]" without a slash at its end: public_url, or Host.
 * RC_INVALID: neither. */
enum rc
http_base_url(const struct http_request *req, const char **ret_url) MUST_CHECK;

/* Whether authority (of a Destination, an Origin) is this service's own one. */
bool
http_is_own_authority(const struct http_request *req, struct span authority);

/* Whether the client went away before its answer was complete. */
bool http_aborted(const struct http_request *req);

/* Adds a header to the answer. RC_INVALID for names and values that may not be
 * sent. */
enum rc http_set_header(
    struct http_request *req, const char *name, const char *value) MUST_CHECK;

/* Answers. Until the answer is sent a later one takes an earlier one's place;
 * headers stay. */

/* Without content. */
void http_respond(struct http_request *req, int status);

/* Without content, but with the Content-Length that a GET would have: for HEAD
 * and 304. */
void http_respond_size(
    struct http_request *req, int status, const char *type, uint64_t size);

/* With bytes from memory; takes them out of buf. type may be NULL. */
void http_respond_memory(
    struct http_request *req, int status, const char *type, struct buf *buf);

/* A content that is read while it is sent. */
struct http_source {
	/*
	 * Fills up to size bytes; *ret_n is 0 at the end. Runs in the bytes
	 * pool (the first piece where the handler ran). A failure ends the
	 * connection, unless nothing was sent yet: then it is answered by
	 * http_fail.
	 */
	enum rc (*read)(
	    struct op *op, void *arg, uint8_t *out, size_t size, size_t *ret_n);
	void (*release)(void *arg); /* exactly once; may be NULL */
	void *arg;
};

/* size is exact, or HTTP_SIZE_UNKNOWN: chunked. source is copied. type may be
 * NULL. */
void http_respond_source(struct http_request *req, int status, const char *type,
    uint64_t size, const struct http_source *source);

/* Whether an answer stands. */
bool http_responded(const struct http_request *req);

/*
 * Answers with a problem document (RFC 9457) of type "/problems/<type>".
 * title_ja is taken where the client prefers Japanese. detail says what to do
 * next; NULL: none. Never fails (without memory it is the status alone).
 */
void http_problem(struct http_request *req, int status, const char *type,
    const char *title_en, const char *title_ja, const char *detail);

/* Appends the document alone: of http_problem, of http_fail. */
enum rc http_problem_document(const struct http_request *req, struct buf *json,
    int status, const char *type, const char *title_en, const char *title_ja,
    const char *detail) MUST_CHECK;
enum rc http_fail_document(const struct http_request *req, struct buf *json,
    enum rc rc, const char *detail) MUST_CHECK;

/* Answers with the problem that rc stands for; headers set before are dropped.
 */
void http_fail(struct http_request *req, enum rc rc);

/* The status that http_fail would answer with. */
int http_fail_status(const struct http_request *req, enum rc rc);

/* In begin or end: the answer comes later, by http_complete from any thread,
 * once. */
void http_defer(struct http_request *req);

/*
 * Ends what http_defer began. An answer must stand (set by this thread), or rc
 * is not RC_OK and is answered. The request must not be touched afterwards.
 */
void http_complete(struct http_request *req, enum rc rc);

#endif
