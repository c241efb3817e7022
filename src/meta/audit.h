/* audit.h - rows of the audit log: who did what to which node, and when; the
 * rest is sealed. */
#ifndef DOZO_META_AUDIT_H
#define DOZO_META_AUDIT_H

#include "meta/meta.h"

struct audit_row {
	int64_t id;
	int64_t wall;
	int64_t member; /* 0: the service or the host's commands */
	int64_t action; /* core/audit.h: enum audit_action */
	int64_t node; /* 0: none; in the provider's log the tenant */
	struct span body; /* open */
};

/* Seals the body. */
enum rc audit_row_insert(
    struct op *op, struct meta *meta, const struct audit_row *row) MUST_CHECK;

/* Deletes of the limit oldest rows those that were written before wall. */
enum rc audit_row_trim(
    struct op *op, struct meta *meta, int64_t wall, size_t limit) MUST_CHECK;

/* Up to limit rows with ids under before (INT64_MAX: all), newest first, bodies
 * opened in the op's arena. */
typedef enum rc
audit_each(void *arg, struct op *op, const struct audit_row *row);
enum rc audit_row_list(struct op *op, struct meta *meta, int64_t before,
    size_t limit, audit_each *each, void *arg) MUST_CHECK;

#endif
