/* trash.h - what was deleted: listing it and taking it out again. purge.h ends
 * it. */
#ifndef DOZO_CORE_TRASH_H
#define DOZO_CORE_TRASH_H

#include "core/tree.h"
#include "meta/trash.h"

/* Something in the trash; valid until each returns. */
typedef enum rc trash_item_each(void *arg, struct op *op,
    const struct trash *trash, const struct node *node);

/*
 * Calls each for what lies in the trash of the spaces where op->actor may do
 * this with it: ACCESS_RESTORE, or ACCESS_PURGE, which passes over spaces where
 * the actor may not. (The host's commands: of all spaces, until an
 * administrator has signed in.) A space after the other, oldest nodes first;
 * now is service time: what is past its term is not there. RC_DENIED.
 */
enum rc trash_items(struct op *op, struct meta *meta, enum access_right right,
    int64_t now, trash_item_each *each, void *arg) MUST_CHECK;

/*
 * Where something of trash_items was, as the path of its folder from the space
 * down: "/Company/plans/". A folder on the way that was deleted too counts
 * where it was; before one that is gone for good stands "…". In the op's arena,
 * NUL behind it.
 */
enum rc trash_folder(struct op *op, struct meta *meta,
    const struct trash *trash, struct span *ret_path) MUST_CHECK;

/* Where a list of trash_items goes on. */
struct trash_after {
	int64_t space; /* 0: at its beginning */
	int64_t node;
};

/* As trash_items, behind a place. What each returns other than RC_OK ends the
 * list. */
enum rc trash_items_after(struct op *op, struct meta *meta,
    enum access_right right, int64_t now, const struct trash_after *after,
    trash_item_each *each, void *arg) MUST_CHECK;

/*
 * Puts a node back to where a target says: parent 0: the folder where it was;
 * no name.text: its own name. A name that was said and is taken is RC_EXISTS.
 * Else as trash_restore.
 */
enum rc trash_restore_to(struct op *op, struct tenant *tenant, int64_t node,
    const struct tree_target *to, struct tree_result *result,
    struct span *ret_name) MUST_CHECK;

/*
 * Puts a node back into the folder where it was, or, where that is gone, into
 * the top of its space. A name that is taken by now gets " (2)", " (3)" ...
 * before its extension. *ret_name: the name that it has now. RC_NOT_FOUND.
 */
enum rc trash_restore(struct op *op, struct tenant *tenant, int64_t node,
    struct tree_result *result, struct span *ret_name) MUST_CHECK;

#endif
