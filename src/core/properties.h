/*
 * properties.h - what clients keep with files and folders: dead properties
 * (RFC 4918 4), and dates, which are set with them in one change. They go where
 * the node goes, are copied with it, and end with it.
 */
#ifndef DOZO_CORE_PROPERTIES_H
#define DOZO_CORE_PROPERTIES_H

#include "core/tree.h"
#include "meta/property.h"

enum {
	PROPERTIES_MAX = 100, /* of one node (L8) */
	PROPERTIES_SIZE = 32 << 10, /* bytes that they take together */
};

struct properties_update {
	bool remove; /* what is not there is removed already */
	struct span namespace;
	struct span name;
	struct span xml; /* as struct property_row has it */
};

struct properties_patch {
	size_t n;
	const struct properties_update *updates; /* in this order */
	bool has_mtime;
	int64_t mtime;
	/* The actor's own locks need not be shown. */
	bool own_locks;
	struct precondition precondition;
};

/*
 * All of it or nothing. As the calls of tree.h; RC_LIMIT with
 * TREE_WHY_PROPERTIES where the node would have too many, or too large ones.
 * A date is a new state; a property gives the folders above a new ETag only.
 */
enum rc properties_change(struct op *op, struct tenant *tenant, int64_t node,
    const struct properties_patch *patch,
    struct tree_result *result) MUST_CHECK;

/* Inside a change: the properties of one node, for another that has none.
 * *ret_n: rows made, *ret_size: their bytes. */
enum rc properties_copy(struct op *op, struct tx *tx, int64_t from, int64_t to,
    size_t *ret_n, size_t *ret_size) MUST_CHECK;

/* Inside a change: all of a node's. */
enum rc properties_clear(struct op *op, struct tx *tx, int64_t node) MUST_CHECK;

#endif
