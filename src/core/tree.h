/*
 * tree.h - files and folders: what members do with them. Each mutation is one
 * change with its audit row; a folder's copy is several, hidden until the last.
 */
#ifndef DOZO_CORE_TREE_H
#define DOZO_CORE_TREE_H

#include "core/access.h"
#include "core/change.h"
#include "core/precondition.h"
#include "meta/node.h"

enum {
	TREE_DEPTH_MAX =
	    500, /* folders from the space down, where new ones are made */
	TREE_TOUCH_MAX = 1000, /* folders above a change that get a new ETag */
	TREE_JOIN_MAX =
	    500, /* versions that join a file moved over theirs (L8) */
	TREE_STEP_ROWS = 900, /* rows of one step of a folder's copy (L8) */
};

/* A name for a new or renamed node, made ready outside the committer. */
struct tree_name {
	struct span text; /* as it is kept: NFC */
	struct span fold;
	bool windows; /* Windows can hold it */
};

/* RC_INVALID with a text for the user. Results lie in the op's arena. */
enum rc tree_name_init(
    struct op *op, struct span name, struct tree_name *ret_name) MUST_CHECK;

/* Why a change was refused, where the rc alone does not tell a door. */
enum tree_why {
	TREE_WHY_OTHER,
	TREE_WHY_PRECONDITION, /* If-Match, If-None-Match */
	TREE_WHY_EXISTS, /* the name is taken */
	TREE_WHY_PARENT, /* the folder to put it in is gone, or is a file */
	TREE_WHY_ITSELF, /* a folder into itself */
	TREE_WHY_SPACE, /* the root or a space */
	TREE_WHY_KIND, /* a folder where a file is needed */
	TREE_WHY_DEPTH,
	TREE_WHY_NAME, /* refused by the tenant's policy */
	TREE_WHY_LOCKED, /* by a lock that the actor has not, or has not shown;
			    result->lock */
	TREE_WHY_CONFLICTING, /* a lock does not go with another one;
				 result->lock */
	TREE_WHY_TOKEN, /* there is no lock of this token */
	TREE_WHY_PROPERTIES, /* too many of them, or too large ones */
};

/* The lock that is in the way. */
struct lock_block {
	int64_t node; /* that it is on */
	bool below; /* somewhere below what was to be changed */
};

/* Written where a call gives RC_OK; why also otherwise. */
struct tree_result {
	struct node_etag etag; /* of the node made, changed or moved */
	bool created; /* the name was free before */
	bool unchanged; /* it was so already: no new state, no receipt */
	struct receipt receipt;
	enum tree_why why;
	struct lock_block lock;
};

/* Where the name is taken. */
enum tree_taken {
	TREE_TAKEN_USUAL, /* what the call does by itself */
	TREE_TAKEN_FAIL, /* RC_EXISTS with TREE_WHY_EXISTS */
	TREE_TAKEN_VERSION, /* a file becomes a file's new state; else as above
			     */
	TREE_TAKEN_RENAME, /* "report (2).txt" */
};

/* Where something is to be: under a folder, by name. */
struct tree_target {
	int64_t parent;
	struct tree_name name;
	enum tree_taken taken;
};

/*
 * All calls below: op is who asks (op->actor), the tenant's committer runs it,
 * the result is durable when they return. Locks hold against everybody, by
 * every door; whoever holds one shows its token in the precondition's lists.
 * Besides what change_commit gives: RC_NOT_FOUND, RC_DENIED, RC_INVALID,
 * RC_EXISTS, RC_CONFLICT; result->why.
 */

/* A new folder; RC_EXISTS. */
enum rc tree_mkdir(struct op *op, struct tenant *tenant,
    const struct tree_target *target, const struct precondition *precondition,
    struct tree_result *result) MUST_CHECK;

/* To the trash, with everything below it: one row. The locks there end. */
enum rc tree_delete(struct op *op, struct tenant *tenant, int64_t node,
    const struct precondition *precondition,
    struct tree_result *result) MUST_CHECK;

struct tree_move {
	int64_t node;
	struct tree_target to; /* parent 0: the folder where it is then; no
				  name.text: the name that it has then; taken is
				  not looked at */
	bool overwrite; /* else RC_CONFLICT with TREE_WHY_EXISTS where the name
			   is taken */
	bool has_mtime;
	int64_t mtime;
	struct precondition source; /* of the node */
	struct precondition target; /* of what has the name */
};

/*
 * Renames, moves or both: one row. Over a file a file keeps its id, and what it
 * replaces becomes its newest version (L26); every other thing replaced goes to
 * the trash. Locks there do not move along: they end. A name that differs in
 * case only is a rename. etag is the node's own, which a move leaves as it was.
 */
enum rc tree_move(struct op *op, struct tenant *tenant,
    const struct tree_move *move, struct tree_result *result) MUST_CHECK;

struct tree_copy {
	int64_t node;
	struct tree_target to;
	bool overwrite; /* as in struct tree_move */
	bool shallow; /* a folder without what is in it */
	struct precondition source;
	struct precondition target;
};

/*
 * A file's copy shares its content; over a file it is that file's new state, as
 * if put. A folder's copy is made in hidden steps and appears at once; what has
 * the name goes to the trash then.
 */
enum rc tree_copy(struct op *op, struct tenant *tenant,
    const struct tree_copy *copy, struct tree_result *result) MUST_CHECK;

enum rc tree_set_mtime(struct op *op, struct tenant *tenant, int64_t node,
    int64_t mtime, const struct precondition *precondition,
    struct tree_result *result) MUST_CHECK;

/* ---- reading: a reader's or the writer's meta ---- */

/* A node and its state; NODE_ROOT gives the virtual root of op->actor's spaces.
 * RC_NOT_FOUND. */
enum rc tree_stat(struct op *op, struct meta *meta, int64_t node,
    struct node *ret_node) MUST_CHECK;

/*
 * An early word on what a change would refuse a new node of this kind for, so
 * that no content is taken in vain.
 */
enum rc
tree_target_look(struct op *op, struct meta *meta, const struct tree_target *to,
    enum node_kind kind, enum tree_why *why) MUST_CHECK;

/*
 * Up to limit children after a key (NULL: from the first), as node_list; of
 * NODE_ROOT op->actor's spaces, all at once. RC_INVALID for a file.
 */
enum rc tree_list(struct op *op, struct meta *meta, int64_t folder,
    const uint8_t *after, size_t limit, node_each *each, void *arg) MUST_CHECK;

#endif
