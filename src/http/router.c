/* router.c - methods and path prefixes. */
#include "http/router.h"

#include <string.h>

static const char *const names[HTTP_METHODS] = {
    [HTTP_GET] = "GET",
    [HTTP_HEAD] = "HEAD",
    [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",
    [HTTP_PATCH] = "PATCH",
    [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS",
    [HTTP_PROPFIND] = "PROPFIND",
    [HTTP_PROPPATCH] = "PROPPATCH",
    [HTTP_MKCOL] = "MKCOL",
    [HTTP_COPY] = "COPY",
    [HTTP_MOVE] = "MOVE",
    [HTTP_LOCK] = "LOCK",
    [HTTP_UNLOCK] = "UNLOCK",
    [HTTP_REPORT] = "REPORT",
    [HTTP_SEARCH] = "SEARCH",
};

bool
http_method_parse(struct span name, enum http_method *ret_method)
{
	size_t i;

	for (i = 0; i < HTTP_METHODS; i++) {
		if (span_equal(name, span_str(names[i]))) {
			*ret_method = (enum http_method)i;
			return true;
		}
	}
	return false;
}

const char *
http_method_name(enum http_method method)
{
	return names[method];
}

enum rc
http_methods_text(struct op *op, unsigned methods, struct buf *buf)
{
	size_t i;

	for (i = 0; i < HTTP_METHODS; i++) {
		if ((methods & HTTP_ALLOW(i)) == 0)
			continue;
		if (buf->size > 0)
			TRY(buf_add_str(op, buf, ", "));
		TRY(buf_add_str(op, buf, names[i]));
	}
	return RC_OK;
}

/* Whether the prefix's segments are the target's first ones; *ret_n is how
 * many. */
static bool
prefix_fits(const char *prefix, const struct target *target, size_t *ret_n)
{
	size_t n = 0;

	while (*prefix == '/') {
		size_t size = strcspn(prefix + 1, "/");

		if (size == 0)
			break;
		if (n == target->n_segments ||
		    !span_equal(target->segments[n], span_of(prefix + 1, size)))
			return false;
		n++;
		prefix += 1 + size;
	}
	*ret_n = n;
	return true;
}

const struct http_route *
router_find(const struct http_route *routes, size_t n,
    const struct target *target, size_t *ret_segments)
{
	const struct http_route *best = NULL;
	size_t i, took, most = 0;

	for (i = 0; i < n; i++) {
		if (!prefix_fits(routes[i].prefix, target, &took))
			continue;
		if (best != NULL && took <= most)
			continue;
		best = &routes[i];
		most = took;
	}
	*ret_segments = most;
	return best;
}
