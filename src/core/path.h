/*
 * path.h - from path segments to nodes, beginning at the virtual root: the
 * spaces that a member sees, under their stored names.
 */
#ifndef DOZO_CORE_PATH_H
#define DOZO_CORE_PATH_H

#include "core/access.h"
#include "meta/node.h"

enum { PATH_SEGMENTS_MAX = 4096 };

/* Calls each for every space that op->actor may read: the own ones first, then
 * the company's. */
enum rc path_spaces(
    struct op *op, struct meta *meta, node_each *each, void *arg) MUST_CHECK;

/*
 * The node at a path of n decoded segments; none of them: the root, a folder
 * with id NODE_ROOT and tree_stat's ETag not filled in. RC_NOT_FOUND,
 * RC_DENIED; RC_INVALID for text that is no name; RC_LIMIT.
 */
enum rc path_find(struct op *op, struct meta *meta, const struct span *segments,
    size_t n, struct node *ret_node) MUST_CHECK;

/*
 * The folder of a path's last segment (n at least 1), which need not be there.
 * RC_NOT_FOUND where the folder is not there or is a file.
 */
enum rc path_find_parent(struct op *op, struct meta *meta,
    const struct span *segments, size_t n, int64_t *ret_parent) MUST_CHECK;

/*
 * The names that lead to a node, from its space on; one that access_node was
 * asked for. Results lie in the op's arena.
 */
enum rc path_names(struct op *op, struct meta *meta, const struct place *place,
    const struct span **ret_names) MUST_CHECK;

/* What has this name in a folder that path_find_parent gave. RC_NOT_FOUND. */
enum rc path_find_child(struct op *op, struct meta *meta, int64_t parent,
    struct span segment, struct node *ret_node) MUST_CHECK;

/*
 * The path of a node that access_node has found, as it stands below /dav:
 * "/Company/plans/a.pdf". In the op's arena, NUL behind it.
 */
enum rc path_text(struct op *op, struct meta *meta, const struct place *place,
    struct span *ret_path) MUST_CHECK;

#endif
