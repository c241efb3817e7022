/* space.h - rows that say which folders under NODE_ROOT are spaces, and whose.
 */
#ifndef DOZO_META_SPACE_H
#define DOZO_META_SPACE_H

#include "meta/meta.h"

enum space_kind { SPACE_PERSONAL = 0, SPACE_COMPANY = 1, SPACE_TEAM = 2 };

struct space {
	int64_t node;
	enum space_kind kind;
	int64_t member; /* whose personal space; 0: nobody's */
};

enum rc space_insert(
    struct op *op, struct meta *meta, const struct space *space) MUST_CHECK;

/* RC_NOT_FOUND. */
enum rc space_get(struct op *op, struct meta *meta, int64_t node,
    struct space *ret_space) MUST_CHECK;

/* A member's own, in the order of nodes; each must not list again. */
typedef enum rc space_each(void *arg, struct op *op, const struct space *space);
enum rc space_of_member(struct op *op, struct meta *meta, int64_t member,
    space_each *each, void *arg) MUST_CHECK;

/* Up to limit spaces of a kind, in the order of nodes, after one. */
enum rc space_of_kind(struct op *op, struct meta *meta, enum space_kind kind,
    int64_t after, size_t limit, space_each *each, void *arg) MUST_CHECK;

#endif
