/* trash.h - rows of what was deleted: where it was, when it goes for good. */
#ifndef DOZO_META_TRASH_H
#define DOZO_META_TRASH_H

#include "meta/meta.h"

struct trash {
	int64_t node; /* its parent is NODE_TRASH */
	int64_t parent; /* where it was; may be gone */
	int64_t space;
	int64_t deleted_at; /* wall time */
	int64_t deleted_by;
	int64_t kept_until; /* service time */
};

enum rc trash_insert(
    struct op *op, struct meta *meta, const struct trash *trash) MUST_CHECK;

/* RC_NOT_FOUND. */
enum rc trash_get(struct op *op, struct meta *meta, int64_t node,
    struct trash *ret_trash) MUST_CHECK;

/* Up to limit rows of a space, in the order of node ids, after one. */
typedef enum rc trash_each(void *arg, struct op *op, const struct trash *trash);
enum rc trash_list(struct op *op, struct meta *meta, int64_t space,
    int64_t after, size_t limit, trash_each *each, void *arg) MUST_CHECK;

/* The first row whose term has ended at a service time; RC_NOT_FOUND. */
enum rc trash_due(struct op *op, struct meta *meta, int64_t now,
    struct trash *ret_trash) MUST_CHECK;

/* RC_NOT_FOUND. */
enum rc trash_delete(struct op *op, struct meta *meta, int64_t node) MUST_CHECK;

#endif
