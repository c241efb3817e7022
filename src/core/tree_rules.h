/* tree_rules.h - what the changes of the tree share; private to core/'s tree
 * files. */
#ifndef DOZO_CORE_TREE_RULES_H
#define DOZO_CORE_TREE_RULES_H

#include "core/audit.h"
#include "core/locks.h"
#include "core/tree.h"

/* Notes why and returns rc with a text, as FAIL. */
#define REFUSE(op, why_place, why, rc, ...) \
	do { \
		*(why_place) = (why); \
		FAIL(op, rc, __VA_ARGS__); \
	} while (0)

/* A folder that something is to be put in, and what has the name there. */
struct target {
	struct place place; /* of the folder */
	struct tree_name name; /* that a new node gets; fold: as asked for */
	uint8_t key[META_NAME_KEY_SIZE];
	bool taken;
	struct node holder; /* where taken */
};

/* Opens a target for writing; only a name that is free is checked for policy
 * and depth. */
enum rc target_open(struct op *op, struct tx *tx, const struct actor *actor,
    const struct tree_target *to, enum tree_why *why,
    struct target *ret_target) MUST_CHECK;

/*
 * What is to be done where the name is taken, now that it is known what the new
 * node is: refuses, or finds another name, which is free.
 */
enum rc
target_settle(struct op *op, struct tx *tx, const struct tree_target *to,
    enum node_kind kind, enum tree_why *why, struct target *target) MUST_CHECK;

/* A node that is to be changed: it, and where its folder stands. RC_DENIED for
 * a space. */
struct source {
	struct node node;
	struct place place; /* of its folder */
};
enum rc source_open(struct op *op, struct tx *tx, const struct actor *actor,
    int64_t node, enum tree_why *why, struct source *ret_source) MUST_CHECK;

/* locks_allow for a node (NODE_NONE with LOCKS_ENTRY) in a folder, noting why.
 */
enum rc locks_hold(struct op *op, struct tx *tx,
    const struct precondition *precondition, int64_t node,
    const struct place *folder, enum locks_reach reach,
    struct tree_result *result) MUST_CHECK;

/* The same for a target, whose holder stays (reach LOCKS_STATE) or gives way
 * (LOCKS_WHOLE); a new entry where there is none. */
enum rc locks_hold_target(struct op *op, struct tx *tx,
    const struct precondition *precondition, const struct target *target,
    enum locks_reach reach, struct tree_result *result) MUST_CHECK;

/* precondition_check, noting why. */
enum rc precondition_hold(struct op *op, const struct tx *tx,
    const struct precondition *precondition, const struct node *node,
    enum tree_why *why) MUST_CHECK;

/* Every folder of the place gets a new ETag. */
enum rc
place_touch(struct op *op, struct tx *tx, const struct place *place) MUST_CHECK;

/* Moves a node's row to the trash; its folder is to be touched. In a session of
 * its own. */
enum rc node_trash(struct op *op, struct tx *tx, const struct op *asker,
    const struct node *node, const struct place *place) MUST_CHECK;

/*
 * A file's content is about to be replaced: keeps it as a version of node to
 * (0-byte contents are dropped). *ret_version: the row's id, or 0.
 */
enum rc content_keep(struct op *op, struct tx *tx, const struct node *file,
    int64_t to, int64_t *ret_version) MUST_CHECK;

/* A node's date becomes another: a new state. Its folder is to be touched. */
enum rc node_set_dates(struct op *op, struct tx *tx, const struct op *asker,
    int64_t mtime, struct node *node) MUST_CHECK;

/* A row for a new node under a target, its content and times as given in node.
 */
enum rc node_make(struct op *op, struct tx *tx, const struct target *target,
    const struct tree_target *to, struct node *node) MUST_CHECK;

/* Commits a change and fills what all results have alike. */
enum rc tree_commit(struct op *op, struct tenant *tenant, struct change *change,
    struct tree_result *result) MUST_CHECK;

#endif
