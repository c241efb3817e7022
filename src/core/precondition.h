/* precondition.h - If-Match, If-None-Match and If, without HTTP: lists of ETags
 * and of lock tokens, parsed by a door. */
#ifndef DOZO_CORE_PRECONDITION_H
#define DOZO_CORE_PRECONDITION_H

#include "core/change.h"
#include "meta/lock.h"
#include "meta/node.h"

/* A strong ETag: which node, and which state of it. */
struct node_etag {
	int64_t node;
	int64_t tag;
};

/* A condition of the If header (RFC 4918 10.4). */
struct if_condition {
	bool negated;
	enum if_kind {
		IF_NOTHING, /* a token or a tag that is none of ours: never so
			     */
		IF_TOKEN,
		IF_ETAG,
	} kind;
	uint8_t token[LOCK_TOKEN_SIZE];
	struct node_etag etag;
};

/* All of these hold for what a path leads to. */
struct if_list {
	bool elsewhere; /* the path is none of ours: there is nothing */
	const struct span *names;
	size_t n_names;
	size_t n;
	const struct if_condition *conditions;
};

/* One of these holds. */
struct if_lists {
	size_t n;
	const struct if_list *lists;
	bool all; /* shows every token of the actor, whatever the lists say */
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
	/*
	 * NULL: no If header. Its tokens that are not negated are also what the
	 * actor shows to get past locks (locks.h).
	 */
	const struct if_lists *lists;
};

/* No condition. */
extern const struct precondition precondition_none;

struct node_etag node_etag(const struct node *node);

/*
 * Whether one of the lists holds, for op->actor: a token of somebody else's
 * lock does not. tx: of the change that this is asked in, or NULL. RC_CONFLICT.
 */
enum rc if_lists_check(struct op *op, struct meta *meta, const struct tx *tx,
    int64_t now, const struct if_lists *lists) MUST_CHECK;

/* Whether the lists show the token of this lock, and it is the actor's. */
bool if_lists_show(const struct if_lists *lists, const struct actor *actor,
    const struct lock *lock);

/*
 * Checks all of it, the ETags against a node (NULL: there is none) inside a
 * change: a folder that an earlier change of the group touched matches no ETag
 * any more. RC_CONFLICT.
 */
enum rc precondition_check(struct op *op, const struct tx *tx,
    const struct precondition *precondition,
    const struct node *node) MUST_CHECK;

#endif
