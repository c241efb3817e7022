/* lock.h - rows of locks: on which node, whose, until when. What a lock keeps
 * others from is core/lock.h's. */
#ifndef DOZO_META_LOCK_H
#define DOZO_META_LOCK_H

#include "meta/meta.h"

enum { LOCK_TOKEN_SIZE = 16, LOCK_OWNER_MAX = 4096 };

struct lock {
	int64_t id;
	int64_t node;
	int64_t member;
	bool shared;
	bool deep; /* all below a folder, too */
	uint8_t token[LOCK_TOKEN_SIZE];
	struct span owner; /* XML as it stands inside an element; may be empty
			    */
	int64_t expires_at; /* service time: from this moment on there is none
			     */
};

/* RC_LIMIT where owner is over LOCK_OWNER_MAX. */
enum rc lock_insert(
    struct op *op, struct meta *meta, const struct lock *lock) MUST_CHECK;

/* RC_NOT_FOUND, RC_DAMAGED. The owner lies in the op's arena. */
enum rc lock_get(struct op *op, struct meta *meta, int64_t id,
    struct lock *ret_lock) MUST_CHECK;

/* Those on a node itself, ended ones too, in the order of ids; owners lie in
 * the op's arena. */
typedef enum rc lock_each(void *arg, struct op *op, const struct lock *lock);
enum rc lock_of_node(struct op *op, struct meta *meta, int64_t node,
    lock_each *each, void *arg) MUST_CHECK;

/* Whether the tenant has any row at all. */
enum rc lock_any(struct op *op, struct meta *meta, bool *ret_any) MUST_CHECK;

struct lock_place {
	int64_t id;
	int64_t node;
};

/* Up to limit of all that have not ended, in the order of ids, after one. */
enum rc lock_live(struct op *op, struct meta *meta, int64_t after, int64_t now,
    size_t limit, struct lock_place *ret_places, size_t *ret_n) MUST_CHECK;

/* How many that have not ended a member has. */
enum rc lock_count(struct op *op, struct meta *meta, int64_t member,
    int64_t now, int64_t *ret_count) MUST_CHECK;

/* The first that has ended; RC_NOT_FOUND. */
enum rc lock_due(
    struct op *op, struct meta *meta, int64_t now, int64_t *ret_id) MUST_CHECK;

/* RC_NOT_FOUND. */
enum rc lock_set_expires_at(struct op *op, struct meta *meta, int64_t id,
    int64_t expires_at) MUST_CHECK;
enum rc lock_delete(struct op *op, struct meta *meta, int64_t id) MUST_CHECK;

#endif
