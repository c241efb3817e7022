/* version.h - rows of contents that a file had, each with the end of its term
 * (L19, L26). */
#ifndef DOZO_META_VERSION_H
#define DOZO_META_VERSION_H

#include "meta/meta.h"

struct version {
	int64_t id;
	int64_t node;
	int64_t content;
	uint64_t size;
	int64_t mtime;
	int64_t made_at; /* when the file got this content */
	int64_t made_by;
	int64_t replaced_at; /* wall time */
	int64_t kept_until; /* service time */
};

enum rc version_insert(
    struct op *op, struct meta *meta, const struct version *version) MUST_CHECK;

/* RC_NOT_FOUND. */
enum rc version_get(struct op *op, struct meta *meta, int64_t id,
    struct version *ret_version) MUST_CHECK;

/* Up to limit versions of a node with ids under before (INT64_MAX: all), newest
 * first. */
typedef enum rc
version_each(void *arg, struct op *op, const struct version *version);
enum rc version_list(struct op *op, struct meta *meta, int64_t node,
    int64_t before, size_t limit, version_each *each, void *arg) MUST_CHECK;

/* Up to limit versions whose term has ended at a service time, the earliest
 * first. */
enum rc version_due(struct op *op, struct meta *meta, int64_t now, size_t limit,
    version_each *each, void *arg) MUST_CHECK;

/* How many a node has, at most limit. */
enum rc version_count(struct op *op, struct meta *meta, int64_t node,
    int64_t limit, int64_t *ret_count) MUST_CHECK;

/* All versions of one node become another's, with their deadlines. */
enum rc version_join(
    struct op *op, struct meta *meta, int64_t from, int64_t to) MUST_CHECK;

/* RC_NOT_FOUND. */
enum rc version_delete(struct op *op, struct meta *meta, int64_t id) MUST_CHECK;

#endif
