/*
 * target.h - the request target, parsed once (H7): its path as decoded
 * segments, so that nothing later decodes, splits or normalises again.
 */
#ifndef DOZO_HTTP_TARGET_H
#define DOZO_HTTP_TARGET_H

#include "base/op.h"
#include "base/span.h"

enum { TARGET_SIZE_MAX = 8192, TARGET_SEGMENTS_MAX = 255 };

enum target_form {
	TARGET_ORIGIN, /* /a/b?c */
	TARGET_ABSOLUTE, /* https://host/a/b?c */
	TARGET_ASTERISK, /* * */
};

struct target {
	enum target_form form;
	bool https; /* absolute form: its scheme is https, not http */
	struct span
	    authority; /* absolute form: host[:port] as sent; else empty */
	const struct span
	    *segments; /* decoded; a NUL follows each, in the op's arena */
	size_t n_segments;
	bool trailing_slash; /* also true for "/" */
	bool has_query;
	struct span query; /* raw, without its '?' */
};

/*
 * Parses a request target, or a Destination header (an absolute URI or an
 * absolute path; the caller compares the authority). RC_INVALID for whatever
 * could be read in two ways: NUL and other control characters, %2f, %5c and a
 * backslash, "." and ".." in every spelling, empty segments, bad escapes, bad
 * UTF-8, user names in the authority, a fragment. RC_LIMIT over
 * TARGET_SIZE_MAX bytes or TARGET_SEGMENTS_MAX segments. What it returns lives
 * in the op's arena.
 */
enum rc target_parse(
    struct op *op, struct span raw, struct target *ret_target) MUST_CHECK;

/*
 * The first query parameter of that name, decoded ('+' is a blank), with a NUL
 * after it, in the op's arena. RC_NOT_FOUND where there is none (no error
 * text), RC_INVALID where its value is not clean UTF-8.
 */
enum rc target_param(struct op *op, const struct target *target,
    const char *name, struct span *ret_value) MUST_CHECK;

/* The name of the n-th query parameter, as sent; false behind the last. */
bool
target_param_name(const struct target *target, size_t n, struct span *ret_name);

#endif
