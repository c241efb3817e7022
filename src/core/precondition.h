/* precondition.h - If-Match and If-None-Match, without HTTP: lists of ETags,
 * parsed by a door. */
#ifndef DOZO_CORE_PRECONDITION_H
#define DOZO_CORE_PRECONDITION_H

#include "core/change.h"
#include "meta/node.h"

/* A strong ETag: which node, and which state of it. */
struct node_etag {
	int64_t node;
	int64_t tag;
};

/* All zero: none. What a door cannot parse as one of ours it leaves out of the
 * list. */
struct precondition {
	bool if_match; /* was given; its list may be empty, then nothing matches
			*/
	bool if_match_any; /* "*" */
	bool if_none_match;
	bool if_none_match_any;
	size_t n_match, n_none_match;
	const struct node_etag *match;
	const struct node_etag *none_match;
};

struct node_etag node_etag(const struct node *node);

/*
 * Checks against a node (NULL: there is none) inside a change: a folder that an
 * earlier change of the group touched matches no ETag any more. RC_CONFLICT.
 */
enum rc precondition_check(struct op *op, const struct tx *tx,
    const struct precondition *precondition,
    const struct node *node) MUST_CHECK;

#endif
