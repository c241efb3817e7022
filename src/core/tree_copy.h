/* tree_copy.h - between the copy of one node and that of a folder with all
 * below it; private to core/. */
#ifndef DOZO_CORE_TREE_COPY_H
#define DOZO_CORE_TREE_COPY_H

#include "core/tree_rules.h"

/* The folder's copy, in hidden steps, then shown. Checks everything again at
 * the end. */
enum rc tree_copy_folder(struct op *op, struct tenant *tenant,
    const struct tree_copy *copy, struct tree_result *result) MUST_CHECK;

/* The node to copy, if the actor may read it. */
enum rc
tree_copy_source(struct op *op, struct tx *tx, const struct actor *actor,
    int64_t id, enum tree_why *why, struct node *ret_node) MUST_CHECK;

/* What forbids the copy. */
enum rc tree_copy_check(struct op *op, const struct tx *tx,
    const struct tree_copy *copy, const struct node *source,
    const struct target *target, enum tree_why *why) MUST_CHECK;

/* What has the name goes to the trash. In a session of its own. */
enum rc tree_copy_clear(struct op *op, struct tx *tx, const struct op *asker,
    const struct node *source, const struct target *target,
    enum tree_why *why) MUST_CHECK;

#endif
