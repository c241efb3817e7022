/* etag.h - entity tags of RFC 9110: If-Match, If-None-Match, If-Range, and
 * their order. */
#ifndef DOZO_HTTP_ETAG_H
#define DOZO_HTTP_ETAG_H

#include "base/op.h"
#include "base/span.h"

struct etag {
	struct span text; /* with its quotes, without W/ */
	bool weak;
};

/*
 * Takes the next tag of a list off the front of *list and the comma after it.
 * RC_NOT_FOUND at the end (no error text), RC_INVALID.
 */
enum rc
etag_take(struct op *op, struct span *list, struct etag *ret_etag) MUST_CHECK;

/*
 * Whether a list ("*", or tags) names current, the quoted tag that the resource
 * has now, or NULL where it does not exist. strong: weak tags never match
 * (If-Match). RC_INVALID where the list is malformed.
 */
enum rc etag_list_match(struct op *op, const char *list, const char *current,
    bool strong, bool *ret_match) MUST_CHECK;

enum etag_verdict {
	ETAG_GO_ON,
	ETAG_NOT_MODIFIED, /* 304 */
	ETAG_FAILED, /* 412 */
};

/* A request's conditions; each header is NULL where it was not sent. */
struct etag_conditions {
	const char *if_match;
	const char *if_none_match;
	const char *if_modified_since;
	const char *if_unmodified_since;
	bool reads; /* GET or HEAD */
};

/*
 * Evaluates them in the order of RFC 9110 13.2.2 against what the resource is
 * now: current as above, modified in seconds since 1970 (any value where it
 * does not exist). RC_INVALID for malformed lists; malformed dates count as
 * absent.
 */
enum rc etag_evaluate(struct op *op, const struct etag_conditions *conditions,
    const char *current, int64_t modified,
    enum etag_verdict *ret_verdict) MUST_CHECK;

/* Whether an If-Range value names exactly this state, so that a range may be
 * sent. */
bool etag_if_range(const char *value, const char *current, int64_t modified);

#endif
