/* property.h - rows of dead properties: what clients keep with a file or a
 * folder, sealed like its name (L18). */
#ifndef DOZO_META_PROPERTY_H
#define DOZO_META_PROPERTY_H

#include "meta/meta.h"

struct property_row {
	int64_t id;
	int64_t node;
	struct span namespace; /* may be empty; a NUL follows */
	struct span name; /* local; a NUL follows */
	struct span xml; /* the whole element, meaning the same anywhere */
};

/* Whether the tenant has any row at all. */
enum rc
property_any(struct op *op, struct meta *meta, bool *ret_any) MUST_CHECK;

/* Those of a node; texts lie in the op's arena. RC_DAMAGED. */
typedef enum rc
property_each(void *arg, struct op *op, const struct property_row *row);
enum rc property_list(struct op *op, struct meta *meta, int64_t node,
    property_each *each, void *arg) MUST_CHECK;

/* The id and body of one by its names. RC_NOT_FOUND. */
enum rc property_find(struct op *op, struct meta *meta, int64_t node,
    struct span namespace, struct span name,
    struct property_row *ret_row) MUST_CHECK;

/* How many rows a node has, and their sealed bytes together. */
enum rc property_sum(struct op *op, struct meta *meta, int64_t node,
    size_t *ret_n, size_t *ret_size) MUST_CHECK;

enum rc property_insert(struct op *op, struct meta *meta,
    const struct property_row *row) MUST_CHECK;

/* Writes xml anew, of the row's id, namespace and name. RC_NOT_FOUND. */
enum rc property_set(struct op *op, struct meta *meta,
    const struct property_row *row) MUST_CHECK;

/* RC_NOT_FOUND. */
enum rc
property_delete(struct op *op, struct meta *meta, int64_t id) MUST_CHECK;

/* Up to limit of a node; *ret_n were deleted. */
enum rc property_delete_some(struct op *op, struct meta *meta, int64_t node,
    size_t limit, size_t *ret_n) MUST_CHECK;

#endif
