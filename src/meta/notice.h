/* notice.h - rows of what a tenant's administrators are to see, and up to where
 * each of them has acknowledged it. */
#ifndef DOZO_META_NOTICE_H
#define DOZO_META_NOTICE_H

#include "meta/meta.h"

struct notice {
	int64_t id;
	int64_t kind; /* core/notice.h: enum notice_kind */
	int64_t made_at; /* wall time */
	struct span subject; /* open; NUL behind both */
	struct span text;
};

/* Seals subject and text. */
enum rc notice_insert(
    struct op *op, struct meta *meta, const struct notice *notice) MUST_CHECK;

/* Up to limit notices with ids over after, oldest first, opened in the op's
 * arena. */
typedef enum rc
notice_each(void *arg, struct op *op, const struct notice *notice);
enum rc notice_list(struct op *op, struct meta *meta, int64_t after,
    size_t limit, notice_each *each, void *arg) MUST_CHECK;

/* The last notice that a member has acknowledged, with all before it; 0: none.
 */
enum rc notice_seen(struct op *op, struct meta *meta, int64_t member,
    int64_t *ret_up_to) MUST_CHECK;
enum rc notice_set_seen(
    struct op *op, struct meta *meta, int64_t member, int64_t up_to) MUST_CHECK;

#endif
