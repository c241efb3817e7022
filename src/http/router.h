/* router.h - methods, and which door answers for which paths. */
#ifndef DOZO_HTTP_ROUTER_H
#define DOZO_HTTP_ROUTER_H

#include "base/buf.h"
#include "base/op.h"
#include "base/span.h"
#include "http/target.h"

struct http_request;

/* What is not here is answered 501; methods are case-sensitive. */
enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_PATCH,
	HTTP_DELETE,
	HTTP_OPTIONS,
	HTTP_PROPFIND,
	HTTP_PROPPATCH,
	HTTP_MKCOL,
	HTTP_COPY,
	HTTP_MOVE,
	HTTP_LOCK,
	HTTP_UNLOCK,
	HTTP_REPORT,
	HTTP_SEARCH,
	HTTP_METHODS /* their number */
};

#define HTTP_ALLOW(method) (1U << (method))
enum { HTTP_ALLOW_ALL = (1U << HTTP_METHODS) - 1 };

/* False where the name is none of the above. */
bool http_method_parse(struct span name, enum http_method *ret_method);
const char *http_method_name(enum http_method method);

/* "GET, HEAD" for an Allow header; buf's text has no NUL. RC_LIMIT,
 * RC_NO_MEMORY. */
enum rc
http_methods_text(struct op *op, unsigned methods, struct buf *buf) MUST_CHECK;

/*
 * How a door answers. All but at_once run on worker threads, one at a time for
 * one request, and may wait for disks. begin and end run in the short pool (or
 * the bytes pool where the route says so), body and sources in the bytes pool.
 *
 * begin sees the head. It may answer (http_respond*); else the body is
 * accepted. body gets the content in order, up to 128 KiB a call, every byte
 * that arrived even where the client went away. It may answer, to refuse the
 * rest. NULL: a content that is not empty is refused (413) before begin. end
 * must answer, or call http_defer and have http_complete called later. release
 * is called exactly once for each begin, after all else, whatever happened, and
 * perhaps by the thread of http_complete; http_aborted tells whether the client
 * went away. May be NULL. at_once runs before begin, on an event thread, for
 * requests without content: it may answer from memory and must never wait, not
 * even for a lock that is held over I/O. Without an answer, begin follows. May
 * be NULL.
 *
 * A result other than RC_OK is answered by http_fail, unless an answer stands.
 */
struct http_handler {
	void (*at_once)(struct http_request *req);
	enum rc (*begin)(struct http_request *req);
	enum rc (*body)(struct http_request *req, struct span bytes);
	enum rc (*end)(struct http_request *req);
	void (*release)(struct http_request *req);
};

struct http_route {
	const char *prefix; /* "/dav": itself and all below it, by whole
			       segments; "/" for the rest */
	unsigned methods; /* HTTP_ALLOW() of each */
	bool slow; /* begin and end belong in the bytes pool */
	const struct http_handler *handler;
	void *door; /* for the handler */
};

/* The route with the longest prefix, and how many segments it took; NULL. */
const struct http_route *router_find(const struct http_route *routes, size_t n,
    const struct target *target, size_t *ret_segments);

#endif
