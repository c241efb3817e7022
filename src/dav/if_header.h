/* if_header.h - the If header of RFC 4918 10.4 as text. */
#ifndef DOZO_DAV_IF_HEADER_H
#define DOZO_DAV_IF_HEADER_H

#include "core/precondition.h"

enum { IF_LISTS_MAX = 64, IF_CONDITIONS_MAX = 64 };

/* Which path a resource tag is about, and a tag's text as a state. */
struct if_reader {
	/* Fills in elsewhere, or names, of a list. RC_INVALID, RC_LIMIT. */
	enum rc (*resource)(
	    void *arg, struct op *op, struct span uri, struct if_list *list);
	void *arg;
	/* The request's own path, for lists without a tag. */
	const struct span *names;
	size_t n_names;
};

/*
 * Results live in the op's arena. RC_INVALID where it is malformed, RC_LIMIT
 * where it has too many lists or conditions.
 */
enum rc
if_header_parse(struct op *op, const char *text, const struct if_reader *reader,
    const struct if_lists **ret_lists) MUST_CHECK;

#endif
